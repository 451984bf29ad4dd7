//! The flat density on a set.

use burn::tensor::{Float, Tensor};

use super::density::minus_infinity;
use super::independent::sum_event;
use super::{Constraint, Distribution, ShapeConflict};
use crate::bijector::biject_to;
use crate::error::{Error, Result};
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;

/// Density 1 at every point of a set, which need not integrate to 1 or to anything: a prior that says nothing but where.
///
/// `log p(x) = 0` on the support
///
/// Source: Gelman et al. (2013), Bayesian Data Analysis, section 2.8.
///
/// It is no probability distribution: mean, variance, entropy and distribution function do not exist.
///
/// It cannot be drawn; an automatic guide starts where 0 lies in unconstrained space. Where the elements of a
/// value depend on each other (a simplex, an ordered vector, a Cholesky factor) only the bounds of the elements are checked.
///
/// # Shapes
/// `shape`: batch dimensions, then those of a value of the support, one for a vector and two for a matrix.
///
/// # Errors
/// At the site: [`Error::Unsupported`] where a value is to be drawn; [`Error::Shape`] where `shape` has
/// fewer dimensions than a value of the support.
#[derive(Clone, Debug)]
pub struct ImproperUniform<const D: usize> {
    support: Support,
    shape: [usize; D],
}

impl<const D: usize> ImproperUniform<D> {
    /// Flat on `support`.
    pub fn new(support: Support, shape: [usize; D]) -> Self {
        ImproperUniform { support, shape }
    }

    /// The same density over independent copies that fill `shape`; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> ImproperUniform<E> {
        ImproperUniform { support: self.support, shape }
    }
}

/// The image of 0 in unconstrained space.
pub(super) fn begin_on<const D: usize>(support: &Support, shape: [usize; D], at: &Placement) -> Result<Tensor<D>> {
    let bijector = biject_to::<D>(support)?;
    let shape = bijector.unconstrained_shape(&shape);
    let zero = Operand::Host(vec![0.0; shape.iter().product()], std::array::from_fn(|i| shape[i])).tensor(at);
    Ok(bijector.forward(zero))
}

impl<const D: usize> Distribution<D> for ImproperUniform<D> {
    type Kind = Float;

    fn name(&self) -> String {
        "ImproperUniform".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.shape
    }

    fn event_rank(&self) -> usize {
        self.support.event_rank().min(D)
    }

    fn support(&self) -> Support {
        self.support
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (low, high) = self.support.bounds();
        let held = value.clone().without_autodiff();
        let outside = held.clone().lower_elem(low).bool_or(held.clone().greater_elem(high)).bool_or(held.is_inf());
        // The product ties the density to the value, so that a parameter that reaches only this site has a gradient: 0.
        let inside = value.clone().mask_fill(outside.clone(), 0.0).mul_scalar(0.0);
        let outside = (D - self.event_rank()..D).fold(outside, |outside, dim| outside.any_dim(dim));
        minus_infinity(sum_event(inside, 0, self.event_rank()), outside)
    }

    fn draw(&self, _: &mut Noise<'_>) -> Result<Tensor<D>> {
        Err(Error::Unsupported {
            what: "drawing from ImproperUniform".into(),
            problem: "its density does not integrate to 1; draw from a proper prior, or give the site a value".into(),
        })
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D>>> {
        begin_on(&self.support, self.shape, at).map(Some)
    }

    fn place(self, _: &Placement) -> Self {
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.shape = shape;
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        let wanted = self.support.event_rank();
        (wanted > D).then(|| ShapeConflict { left: ("shape", self.shape.to_vec()), right: ("the event", vec![1; wanted]) })
    }

    fn parameters(&self, _: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {}
}
