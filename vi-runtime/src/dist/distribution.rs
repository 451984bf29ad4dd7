//! What a distribution is.

use std::fmt;
use std::rc::Rc;

use burn::tensor::{FloatDType, Tensor};

use crate::any_tensor::ValueKind;
use crate::bijector::Bijector;
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::program::DynDistribution;
use crate::support::Support;

/// A probability distribution over tensors of rank `D`.
///
/// # Shapes
/// [`shape`](Self::shape) is batch dimensions first, then [`event_rank`](Self::event_rank) event dimensions; a draw has
/// exactly this shape. A scalar has shape `[1]`. [`log_prob`](Self::log_prob) has the batch dimensions of value and
/// distribution broadcast, and keeps each event dimension with size 1, so that its rank is `D` as well.
///
/// # Implementing one
/// Use tensor operations only in `log_prob`: reading a value back would stop the program from being compiled and would
/// stall a GPU. Ask [`Noise`] for randomness in `draw`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a distribution",
    label = "expected a distribution, such as `Normal::new(0.0, 1.0)`"
)]
pub trait Distribution<const D: usize>: Clone + fmt::Debug + 'static {
    /// `Float`, or `Int` for a discrete distribution.
    type Kind: ValueKind;

    /// The name that messages and tables show.
    fn name(&self) -> String;

    /// Batch dimensions, then event dimensions.
    fn shape(&self) -> [usize; D];

    /// How many trailing dimensions form one draw; they are not independent.
    fn event_rank(&self) -> usize {
        0
    }

    /// The set of possible values.
    fn support(&self) -> Support;

    /// Natural logarithm of the density or mass at `value`: batch dimensions, then ones.
    ///
    /// Minus infinity outside the support, infinite values among it, with a gradient of zero in the value and in the parameters.
    fn log_prob(&self, value: &Tensor<D, Self::Kind>) -> Tensor<D>;

    /// One draw of shape [`shape`](Self::shape).
    ///
    /// # Errors
    /// Those of the noise source.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Self::Kind>>;

    /// One draw with its log density, where that is cheaper or more accurate than [`log_prob`](Self::log_prob) of the draw.
    ///
    /// # Errors
    /// Those of the noise source.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Self::Kind>> {
        Ok(ScoredDraw { value: self.draw(noise)?, log_prob: None, base: None })
    }

    /// [`log_prob`](Self::log_prob) of a draw whose point before a fixed transform is known; see [`ScoredDraw::base`].
    fn log_prob_from(&self, _base: &Tensor<D>, value: &Tensor<D, Self::Kind>) -> Tensor<D> {
        self.log_prob(value)
    }

    /// Whether the score, the derivative of the log density in the parameters at a fixed value, has mean 0.
    ///
    /// Then it may be left out of a gradient (Roeder, Wu and Duvenaud 2017). It has not where the support depends on the
    /// parameters. A transform with parameters is not left out either: its inverse may be costly or inexact. A wrapper says what
    /// its base says.
    fn score_vanishes(&self) -> bool {
        match self.support() {
            Support::Point => false,
            // The bounds are tensors.
            Support::Interval(low, high) => low.is_finite() || high.is_finite(),
            _ => true,
        }
    }

    /// Whether value and density are functions of other draws alone, so that there is no score: a point that a guide computes from
    /// what it has drawn.
    fn follows_draws(&self) -> bool {
        false
    }

    /// Location and scale, where the family is closed under shifts and stretches of the real line: the handler `reparam`
    /// rewrites them.
    fn loc_scale(&mut self) -> Option<(&mut Operand<D>, &mut Operand<D>)> {
        None
    }

    /// The distribution before a transform, and the transform, where this is a transformed one.
    fn before_transform(&self) -> Option<(Box<dyn DynDistribution>, Rc<dyn Bijector<D>>)> {
        None
    }

    /// A value that stands for a draw where an automatic guide looks for its start; only a distribution that cannot be drawn
    /// has one.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) where no bijector leads to the support.
    fn begin(&self, _at: &Placement) -> Result<Option<Tensor<D, Self::Kind>>> {
        Ok(None)
    }

    /// Whether gradients flow through [`draw`](Self::draw) to the parameters.
    fn is_reparameterised(&self) -> bool {
        false
    }

    /// Numbers from the host become tensors there; called before anything else at a site.
    #[must_use]
    fn place(self, to: &Placement) -> Self;

    /// The same distribution with batch dimensions of size 1 grown to those of `shape`.
    #[must_use]
    fn grow(self, shape: [usize; D]) -> Self;

    /// Two parameters whose shapes do not broadcast, if there are any.
    fn conflict(&self) -> Option<ShapeConflict> {
        None
    }

    /// Shows each parameter with its constraint to `visit`.
    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint));
}

/// A draw, and what was known of it where it was made.
#[derive(Clone, Debug)]
pub struct ScoredDraw<const D: usize, K: ValueKind> {
    /// The draw.
    pub value: Tensor<D, K>,
    /// Its log density, where that is cheaper or more accurate than [`Distribution::log_prob`] of the value.
    pub log_prob: Option<Tensor<D>>,
    /// The point that a transform without parameters made the value from: its inverse need not be taken.
    pub base: Option<Tensor<D>>,
}

impl<const D: usize, K: ValueKind> ScoredDraw<D, K> {
    /// A draw with its log density.
    pub fn scored(value: Tensor<D, K>, log_prob: Tensor<D>) -> Self {
        ScoredDraw { value, log_prob: Some(log_prob), base: None }
    }
}

/// What a parameter must satisfy, element by element unless said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Constraint {
    /// Not NaN, not infinite.
    Real,
    /// `> 0` and finite.
    Positive,
    /// `>= 0` and finite.
    NonNegative,
    /// In `[0, 1]`.
    UnitInterval,
    /// In `(0, 1)`.
    OpenUnitInterval,
    /// 0, 1, 2, …
    NonNegativeInteger,
    /// …, −1, 0, 1, …
    Integer,
    /// `> 1` and finite.
    GreaterThanOne,
    /// Not NaN; minus infinity is allowed (log-probabilities).
    Logit,
    /// Rows (last dimension) of non-negative numbers with sum 1 (to 1e-4).
    Simplex,
    /// Lower triangular in the last two dimensions with a positive diagonal.
    LowerCholesky,
    /// Symmetric in the last two dimensions (to 1e-4 of the diagonal) and positive definite.
    PositiveDefinite,
}

impl Constraint {
    /// Whether one number satisfies the element-wise part.
    pub fn holds(self, x: f64) -> bool {
        match self {
            Constraint::Real | Constraint::LowerCholesky | Constraint::PositiveDefinite => x.is_finite(),
            Constraint::Positive => x > 0.0 && x.is_finite(),
            Constraint::NonNegative => x >= 0.0 && x.is_finite(),
            Constraint::UnitInterval | Constraint::Simplex => (0.0..=1.0).contains(&x),
            Constraint::OpenUnitInterval => x > 0.0 && x < 1.0,
            Constraint::NonNegativeInteger => x >= 0.0 && x == x.trunc() && x.is_finite(),
            Constraint::Integer => x == x.trunc() && x.is_finite(),
            Constraint::GreaterThanOne => x > 1.0 && x.is_finite(),
            Constraint::Logit => !x.is_nan() && x < f64::INFINITY,
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Constraint::Real => "finite",
            Constraint::Positive => "positive",
            Constraint::NonNegative => "non-negative",
            Constraint::UnitInterval => "in [0, 1]",
            Constraint::OpenUnitInterval => "strictly between 0 and 1",
            Constraint::NonNegativeInteger => "a non-negative integer",
            Constraint::Integer => "an integer",
            Constraint::GreaterThanOne => "greater than 1",
            Constraint::Logit => "a number below infinity",
            Constraint::Simplex => "probabilities that sum to 1 along the last dimension",
            Constraint::LowerCholesky => "lower triangular with a positive diagonal",
            Constraint::PositiveDefinite => "symmetric and positive definite",
        })
    }
}

/// Two parameters that do not broadcast.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeConflict {
    /// Name and shape of one.
    pub left: (&'static str, Vec<usize>),
    /// Name and shape of the other.
    pub right: (&'static str, Vec<usize>),
}

/// Shape and precision that the parameters of an element-wise distribution share.
#[derive(Clone, Debug)]
pub struct Batch<const D: usize> {
    dims: [usize; D],
    placement: Option<Placement>,
    conflict: Option<Box<ShapeConflict>>,
}

impl<const D: usize> Batch<D> {
    /// Broadcasts the parameters; remembers the first pair that does not fit.
    pub fn of<const N: usize>(parameters: [(&'static str, &Operand<D>); N]) -> Self {
        let mut batch = Batch { dims: [1; D], placement: None, conflict: None };
        let mut source: [&'static str; D] = [""; D];
        for (name, operand) in parameters {
            let dims = operand.dims();
            if let Operand::Tensor(tensor) = operand {
                batch.placement = Some(Placement { device: tensor.device().inner(), dtype: tensor.dtype().into() });
            }
            for i in 0..D {
                if dims[i] == batch.dims[i] || dims[i] == 1 {
                    continue;
                }
                if batch.dims[i] == 1 {
                    batch.dims[i] = dims[i];
                    source[i] = name;
                } else if batch.conflict.is_none() {
                    batch.conflict = Some(Box::new(ShapeConflict { left: (source[i], batch.dims.to_vec()), right: (name, dims.to_vec()) }));
                }
            }
        }
        batch
    }

    /// Where no parameter that counts here is a tensor: at the place of another one.
    #[must_use]
    pub(super) fn near<const R: usize>(mut self, other: &Operand<R>) -> Self {
        if let (None, Operand::Tensor(tensor)) = (&self.placement, other) {
            self.placement = Some(Placement { device: tensor.device().inner(), dtype: tensor.dtype().into() });
        }
        self
    }

    /// The common shape.
    pub fn dims(&self) -> [usize; D] {
        self.dims
    }

    /// The same with the dimensions of size 1 grown.
    #[must_use]
    pub fn grow(mut self, dims: [usize; D]) -> Self {
        self.dims = dims;
        self
    }

    /// Broadcast to `dims`; a size that is neither 1 nor equal is remembered as a conflict.
    #[must_use]
    pub fn expand(mut self, dims: [usize; D]) -> Self {
        if self.conflict.is_none() && (0..D).any(|i| self.dims[i] != 1 && self.dims[i] != dims[i]) {
            self.conflict =
                Some(Box::new(ShapeConflict { left: ("the distribution", self.dims.to_vec()), right: ("expand", dims.to_vec()) }));
        }
        self.dims = dims;
        self
    }

    /// The batch of two distributions together: dimensions of size 1 grow, and a placement of either is kept.
    #[must_use]
    pub fn join(&self, other: &Self) -> Self {
        let dims = std::array::from_fn(|i| if self.dims[i] == 1 { other.dims[i] } else { self.dims[i] });
        let placement = self.placement.clone().or_else(|| other.placement.clone());
        let conflict = self.conflict.clone().or_else(|| other.conflict.clone());
        Batch { dims, placement, conflict }
    }

    /// Remembers device and precision of the run.
    #[must_use]
    pub fn place(mut self, to: &Placement) -> Self {
        self.placement = Some(to.clone());
        self
    }

    /// Where the parameters are; numbers alone: the default device in single precision.
    pub(crate) fn placement(&self) -> Placement {
        self.placement.clone().unwrap_or_default()
    }

    /// The first pair of parameters that does not broadcast.
    pub fn conflict(&self) -> Option<ShapeConflict> {
        self.conflict.as_deref().cloned()
    }

    /// A discrete value in the precision of the parameters.
    pub fn float(&self, value: &Tensor<D, burn::tensor::Int>) -> Tensor<D> {
        value.clone().cast(self.placement.as_ref().map_or(FloatDType::F32, |placement| placement.dtype))
    }

    /// What was computed from the parameters as a tensor of the common shape: where the parameters are, numbers alone
    /// on the default device in single precision.
    pub fn fill(&self, of_parameters: Operand<D>) -> Tensor<D> {
        let tensor = match &self.placement {
            Some(placement) => of_parameters.tensor(placement),
            None => of_parameters.tensor(&Placement::default()),
        };
        super::density::spread(tensor, self.dims)
    }
}
