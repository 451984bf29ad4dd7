//! Another order of the elements.

use burn::tensor::Tensor;

use super::triangle::pick;
use super::{Bijector, no_volume};
use crate::Arg;
use crate::error::{Error, Result};
use crate::support::Support;

/// `yₖ = x` at `order[k]`, along the last dimension.
#[derive(Clone, Debug, Arg)]
pub struct Permute {
    order: Vec<usize>,
    back: Vec<usize>,
}

impl Permute {
    /// With the source of each element.
    ///
    /// # Errors
    /// [`Error::Config`] where `order` does not hold each of `0..order.len()` once.
    pub fn new(order: impl Into<Vec<usize>>) -> Result<Self> {
        let order = order.into();
        let mut back = vec![usize::MAX; order.len()];
        for (to, &from) in order.iter().enumerate() {
            match back.get_mut(from) {
                Some(free) if *free == usize::MAX => *free = to,
                _ => {
                    let problem = format!("{from} at {to} is out of range or a repetition");
                    return Err(Error::Config { setting: format!("the permutation {order:?}"), problem });
                }
            }
        }
        Ok(Permute { order, back })
    }

    /// Every element where it was.
    pub fn identity(size: usize) -> Self {
        let order: Vec<usize> = (0..size).collect();
        Permute { back: order.clone(), order }
    }

    /// Whether nothing moves.
    pub fn is_identity(&self) -> bool {
        self.order.iter().enumerate().all(|(to, &from)| to == from)
    }

    /// The last element first.
    pub fn reverse(size: usize) -> Self {
        let order: Vec<usize> = (0..size).rev().collect();
        Permute { back: order.clone(), order }
    }
}

impl<const D: usize> Bijector<D> for Permute {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        pick(x, &self.order)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        pick(y, &self.back)
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        no_volume(x)
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn domain(&self) -> Support {
        Support::RealVector
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::RealVector
    }

    fn image(&self, of: &Support) -> Support {
        match of {
            Support::Ordered => Support::RealVector,
            Support::PositiveOrdered => Support::Positive,
            of => *of,
        }
    }
}
