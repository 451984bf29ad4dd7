//! Mixtures of components that belong to different families.

use std::fmt;

use burn::tensor::{Int, Tensor};

use super::density::{log_or_nothing, spread};
use super::form::Form;
use super::rows::broadcast;
use super::{Cdf, Constraint, Distribution, MixtureWeights, Moments, ShapeConflict};
use crate::any_tensor::ValueKind;
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special::logsumexp;
use crate::support::Support;

/// A mixture of distributions of different types, the component summed out; support: the widest of theirs.
///
/// `log p(x) = ln Σₖ exp(ln wₖ + log pₖ(x))`, with `wₖ = probs[k]`, or `wₖ = exp(logits[k])/Σⱼ exp(logits[j])`
///
/// Source: McLachlan and Peel (2000), Finite Mixture Models, chapter 1.
///
/// It has no entropy: the logarithm of a sum of densities has no expectation in closed form.
///
/// The components are a tuple of two to eight. Probabilities are used as given: they must sum to 1. A draw chooses a
/// component first, so no gradient flows through it; see [`MixtureSameFamily`](super::MixtureSameFamily).
///
/// # Shapes
/// The components broadcast to one shape `[batch, event]`, which is that of the value; `probs`, `logits`: `[batch, K]`, of
/// which leading dimensions may be left out.
///
/// ```
/// use vi_runtime::prelude::*;
///
/// let outliers = MixtureGeneral::new([0.9, 0.1], (Normal::new(0.0, 1.0), Cauchy::new(0.0, 5.0)));
/// assert_eq!((outliers.shape(), outliers.support()), ([1], Support::Real));
/// ```
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where the number of weights is not that of the components or shapes do
/// not broadcast, [`Error::Parameter`](crate::Error::Parameter) where `probs` are not probabilities that sum to 1, `logits`
/// are NaN or `∞`, or a parameter of a component is not legal.
#[derive(Clone, Debug)]
pub struct MixtureGeneral<const D: usize, T> {
    form: Form,
    /// One `[batch, 1..]` a component
    weights: Vec<Operand<D>>,
    components: T,
    shape: [usize; D],
    conflict: Option<ShapeConflict>,
}

/// Tuples of distributions over values of one kind.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the components of a mixture",
    label = "expected a tuple of two to eight distributions of one rank, all of floats or all of integers"
)]
pub trait MixtureComponents<const D: usize>: Clone + fmt::Debug + 'static {
    /// Of the values.
    type Kind: ValueKind;

    /// [`Distribution::name`] of each.
    fn names(&self) -> Vec<String>;

    /// [`Distribution::shape`] of each.
    fn shapes(&self) -> Vec<[usize; D]>;

    /// [`Distribution::event_rank`] of each.
    fn event_ranks(&self) -> Vec<usize>;

    /// [`Distribution::support`] of each.
    fn supports(&self) -> Vec<Support>;

    /// [`Distribution::log_prob`] of each.
    fn log_probs(&self, value: &Tensor<D, Self::Kind>) -> Vec<Tensor<D>>;

    /// [`Distribution::draw`] of each.
    ///
    /// # Errors
    /// Those of the noise source.
    fn draws(&self, noise: &mut Noise<'_>) -> Result<Vec<Tensor<D, Self::Kind>>>;

    /// [`Distribution::begin`] of the first that has one.
    ///
    /// # Errors
    /// Those of the components.
    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, Self::Kind>>>;

    /// See [`Distribution::place`].
    #[must_use]
    fn place(self, to: &Placement) -> Self;

    /// See [`Distribution::grow`].
    #[must_use]
    fn grow(self, shape: [usize; D]) -> Self;

    /// [`Distribution::conflict`] of the first that has one.
    fn conflict(&self) -> Option<ShapeConflict>;

    /// [`Distribution::parameters`] of each.
    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint));
}

/// Components that all have [`Moments`].
pub trait MomentsOfEach<const D: usize>: MixtureComponents<D> {
    /// Mean and variance of each.
    fn moments(&self) -> Vec<(Tensor<D>, Tensor<D>)>;
}

/// Components that all have a [`Cdf`].
pub trait CdfOfEach<const D: usize>: MixtureComponents<D> {
    /// [`Cdf::cdf`] of each.
    fn cdf(&self, value: &Tensor<D, Self::Kind>) -> Vec<Tensor<D>>;
    /// [`Cdf::survival`] of each.
    fn survival(&self, value: &Tensor<D, Self::Kind>) -> Vec<Tensor<D>>;
    /// [`Cdf::log_cdf`] of each.
    fn log_cdf(&self, value: &Tensor<D, Self::Kind>) -> Vec<Tensor<D>>;
    /// [`Cdf::log_survival`] of each.
    fn log_survival(&self, value: &Tensor<D, Self::Kind>) -> Vec<Tensor<D>>;
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*;)*) => { $(
        #[allow(non_snake_case, reason = "a variable for each type")]
        impl<const D: usize, $first: Distribution<D>, $($rest: Distribution<D, Kind = $first::Kind>),*> MixtureComponents<D>
            for ($first, $($rest),*)
        {
            type Kind = $first::Kind;
            tuples!(@ names() -> String, name(), $first $($rest)*);
            tuples!(@ shapes() -> [usize; D], shape(), $first $($rest)*);
            tuples!(@ event_ranks() -> usize, event_rank(), $first $($rest)*);
            tuples!(@ supports() -> Support, support(), $first $($rest)*);
            tuples!(@ log_probs(value: &Tensor<D, Self::Kind>) -> Tensor<D>, log_prob(value), $first $($rest)*);
            fn draws(&self, noise: &mut Noise<'_>) -> Result<Vec<Tensor<D, Self::Kind>>> {
                let ($first, $($rest),*) = self;
                Ok(vec![$first.draw(noise)?, $($rest.draw(noise)?),*])
            }
            fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, Self::Kind>>> {
                let ($first, $($rest),*) = self;
                let mut begin = $first.begin(at)?;
                $(
                    if begin.is_none() {
                        begin = $rest.begin(at)?;
                    }
                )*
                Ok(begin)
            }
            fn place(self, to: &Placement) -> Self {
                let ($first, $($rest),*) = self;
                ($first.place(to), $($rest.place(to)),*)
            }
            fn grow(self, shape: [usize; D]) -> Self {
                let ($first, $($rest),*) = self;
                ($first.grow(shape), $($rest.grow(shape)),*)
            }
            fn conflict(&self) -> Option<ShapeConflict> {
                let ($first, $($rest),*) = self;
                $first.conflict()$(.or_else(|| $rest.conflict()))*
            }
            fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
                let ($first, $($rest),*) = self;
                $first.parameters(visit);
                $($rest.parameters(visit);)*
            }
        }

        #[allow(non_snake_case, reason = "a variable for each type")]
        impl<const D: usize, $first: Moments<D>, $($rest: Moments<D, Kind = $first::Kind>),*> MomentsOfEach<D> for ($first, $($rest),*) {
            fn moments(&self) -> Vec<(Tensor<D>, Tensor<D>)> {
                let ($first, $($rest),*) = self;
                vec![($first.mean(), $first.variance()), $(($rest.mean(), $rest.variance())),*]
            }
        }

        #[allow(non_snake_case, reason = "a variable for each type")]
        impl<const D: usize, $first: Cdf<D>, $($rest: Cdf<D, Kind = $first::Kind>),*> CdfOfEach<D> for ($first, $($rest),*) {
            tuples!(@ cdf(value: &Tensor<D, Self::Kind>) -> Tensor<D>, cdf(value), $first $($rest)*);
            tuples!(@ survival(value: &Tensor<D, Self::Kind>) -> Tensor<D>, survival(value), $first $($rest)*);
            tuples!(@ log_cdf(value: &Tensor<D, Self::Kind>) -> Tensor<D>, log_cdf(value), $first $($rest)*);
            tuples!(@ log_survival(value: &Tensor<D, Self::Kind>) -> Tensor<D>, log_survival(value), $first $($rest)*);
        }
    )* };
    (@ $all:ident($($x:ident: $ty:ty)?) -> $out:ty, $each:ident $args:tt, $($name:ident)*) => {
        fn $all(&self $(, $x: $ty)?) -> Vec<$out> {
            let ($($name),*) = self;
            vec![$($name.$each $args),*]
        }
    };
}
tuples! { A B; A B C; A B C E; A B C E F; A B C E F G; A B C E F G H; A B C E F G H I; }

impl<const D: usize, T: MixtureComponents<D>> MixtureGeneral<D, T> {
    /// With the probability of each component.
    pub fn new<W: MixtureWeights>(probs: W, components: T) -> Self {
        Self::of(Form::Probs, probs, components)
    }

    /// With unnormalised log-probabilities of the components.
    pub fn logits<W: MixtureWeights>(logits: W, components: T) -> Self {
        Self::of(Form::Logits, logits, components)
    }

    fn of<W: MixtureWeights>(form: Form, weights: W, components: T) -> Self {
        let (mut shape, mut conflict) = ([1; D], None);
        let (shapes, event_ranks) = (components.shapes(), components.event_ranks());
        let (count, event_rank) = (shapes.len(), event_ranks.into_iter().max().unwrap_or(0).min(D));
        for of_one in shapes {
            match broadcast(("the components before", shape), ("a component", of_one)) {
                Ok(dims) => shape = dims,
                Err(misfit) => conflict = conflict.or(Some(misfit)),
            }
        }
        let misfit = |weights: Vec<usize>| ShapeConflict { left: (form.name(), weights), right: ("the components", vec![count]) };
        let weights = match weights.of_each(event_rank) {
            Ok(weights) if weights.len() == count => weights,
            Ok(weights) => {
                conflict = conflict.or_else(|| Some(misfit(vec![weights.len()])));
                vec![Operand::Number(1.0 / count as f64); count]
            }
            Err(dims) => {
                conflict = conflict.or_else(|| Some(misfit(dims)));
                vec![Operand::Number(1.0 / count as f64); count]
            }
        };
        let mut room = shape;
        room[D - event_rank..].fill(1);
        for weight in &weights {
            match broadcast(("the components", room), (form.name(), weight.dims())) {
                Ok(dims) => room = dims,
                Err(misfit) => conflict = conflict.or(Some(misfit)),
            }
        }
        shape[..D - event_rank].copy_from_slice(&room[..D - event_rank]);
        let components = if conflict.is_none() { components.grow(shape) } else { components };
        MixtureGeneral { form, weights, components, shape, conflict }
    }

    /// `[K, n]`: the elements of each tensor, spread to the shape of all, in one row; and that shape.
    fn rows(each: Vec<Tensor<D>>) -> (Tensor<2>, [usize; D]) {
        let mut dims = [1; D];
        for tensor in &each {
            dims = broadcast(("", dims), ("", tensor.dims())).unwrap_or(dims);
        }
        let count = dims.iter().product();
        (Tensor::cat(each.into_iter().map(|tensor| spread(tensor, dims).reshape([1, count])).collect(), 0), dims)
    }

    /// Logarithms of the weights, which sum to 1, beside `like`.
    fn log_weights(&self, like: &Tensor<D>) -> Vec<Tensor<D>> {
        let weights: Vec<Tensor<D>> = self.weights.iter().map(|weight| super::density::beside(weight, like)).collect();
        match self.form {
            Form::Probs => weights.into_iter().map(log_or_nothing).collect(),
            Form::Logits => {
                let (rows, dims) = Self::rows(weights.clone());
                let total: Tensor<D> = logsumexp(rows, 0).reshape(dims);
                weights.into_iter().map(|weight| weight - total.clone()).collect()
            }
        }
    }

    /// `ln Σₖ wₖ fₖ` from `ln fₖ`.
    fn log_weighted(&self, each: Vec<Tensor<D>>) -> Tensor<D> {
        let Some(like) = each.first().cloned() else { return Tensor::full([1; D], f64::NAN, &crate::device::default()) };
        let joint = each.into_iter().zip(self.log_weights(&like)).map(|(each, weight)| each + weight).collect();
        let (rows, dims) = Self::rows(joint);
        logsumexp(rows, 0).reshape(dims)
    }

    /// `Σₖ wₖ fₖ`
    fn weighted(&self, each: Vec<Tensor<D>>) -> Tensor<D> {
        let Some(like) = each.first().cloned() else { return Tensor::full([1; D], f64::NAN, &crate::device::default()) };
        let terms = each.into_iter().zip(self.log_weights(&like)).map(|(each, weight)| each * weight.exp());
        terms.reduce(|sum, term| sum + term).unwrap_or(like)
    }
}

impl<const D: usize, T: MixtureComponents<D>> Distribution<D> for MixtureGeneral<D, T> {
    type Kind = T::Kind;

    fn name(&self) -> String {
        format!("MixtureGeneral({})", self.components.names().join(", "))
    }

    fn shape(&self) -> [usize; D] {
        self.shape
    }

    fn event_rank(&self) -> usize {
        self.components.event_ranks().into_iter().max().unwrap_or(0)
    }

    /// The support that holds the others, or all reals of its kind.
    fn support(&self) -> Support {
        let supports = self.components.supports();
        let widest = supports.iter().find(|widest| supports.iter().all(|support| support.is_inside(widest)));
        widest.copied().unwrap_or_else(|| match (supports.first().is_some_and(Support::is_discrete), self.event_rank()) {
            (true, _) if supports.iter().all(|support| support.bounds().0 >= 0.0) => Support::NonNegativeInteger,
            (true, _) => Support::IntegerInterval(i64::MIN, i64::MAX),
            (false, 0) => Support::Real,
            (false, _) => Support::RealVector,
        })
    }

    fn log_prob(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_weighted(self.components.log_probs(value))
    }

    fn score_vanishes(&self) -> bool {
        let at_run_time = |support: &Support| matches!(support, Support::Interval(low, high) if low.is_infinite() && high.is_infinite());
        !self.components.supports().iter().any(|support| at_run_time(support) || *support == Support::Point)
    }

    /// A component by the largest of `ln w + Gumbel noise`, then one draw of every component, of which that one is taken.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, T::Kind>> {
        let mut rows = self.shape;
        rows[D - self.event_rank().min(D)..].fill(1);
        let mut scores = Vec::new();
        for _ in &self.weights {
            scores.push(crate::special::log1p(noise.uniform(rows)?.neg()).neg().log().neg());
        }
        if let Some(like) = scores.first().cloned() {
            let weights = self.log_weights(&like);
            scores = scores.into_iter().zip(weights).map(|(gumbel, weight)| gumbel + weight.without_autodiff()).collect();
        }
        let (scores, dims) = Self::rows(scores);
        let chosen: Tensor<D, Int> = spread(scores.argmax(0).reshape(dims), self.shape);
        let taken = self
            .components
            .draws(noise)?
            .into_iter()
            .enumerate()
            .reduce(|(_, taken), (k, draw)| (k, taken.mask_where(chosen.clone().equal_elem(k as i64), draw)));
        taken
            .map(|(_, taken)| taken)
            .ok_or_else(|| crate::Error::Unsupported { what: "drawing from MixtureGeneral".into(), problem: "it has no components".into() })
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, T::Kind>>> {
        self.components.begin(at)
    }

    fn place(mut self, to: &Placement) -> Self {
        self.weights = self.weights.into_iter().map(|weight| weight.place(to)).collect();
        self.components = self.components.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.components = self.components.grow(shape);
        self.shape = shape;
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.components.conflict().or_else(|| self.conflict.clone())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        let numbers: Option<Vec<f64>> =
            self.weights.iter().map(|weight| if let Operand::Number(x) = weight { Some(*x) } else { None }).collect();
        let constraint = match self.form {
            Form::Probs => Constraint::Simplex,
            Form::Logits => Constraint::Logit,
        };
        // A check adds up the last dimension: the components are laid along it.
        let any = match numbers {
            Some(numbers) => AnyOperand::Host(numbers),
            None => {
                let like = self.weights.iter().find_map(|weight| if let Operand::Tensor(x) = weight { Some(x.clone()) } else { None });
                let Some(like) = like else { return };
                let (rows, _) = Self::rows(self.weights.iter().map(|weight| super::density::beside(weight, &like)).collect());
                AnyOperand::Tensor(rows.swap_dims(0, 1).into())
            }
        };
        visit(self.form.name(), any, constraint);
        self.components.parameters(visit);
    }
}

impl<const D: usize, T: MomentsOfEach<D>> Moments<D> for MixtureGeneral<D, T> {
    /// `Σₖ wₖ mₖ`
    fn mean(&self) -> Tensor<D> {
        self.weighted(self.components.moments().into_iter().map(|(mean, _)| mean).collect())
    }

    /// `Σₖ wₖ (vₖ + (mₖ − m)²)`
    fn variance(&self) -> Tensor<D> {
        let mean = self.mean();
        self.weighted(self.components.moments().into_iter().map(|(m, v)| v + (m - mean.clone()).square()).collect())
    }
}

impl<const D: usize, T: CdfOfEach<D>> Cdf<D> for MixtureGeneral<D, T> {
    /// `Σₖ wₖ Fₖ(x)`
    fn cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.weighted(self.components.cdf(value))
    }

    fn survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.weighted(self.components.survival(value))
    }

    fn log_cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_weighted(self.components.log_cdf(value))
    }

    fn log_survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_weighted(self.components.log_survival(value))
    }
}
