//! The sets on which densities live, and which of them lie inside which.

mod check;
mod stand_in;

use std::fmt;

use crate::operand::Operand;

pub use Support::*;

/// The set of values that a site or a parameter can take.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Support {
    /// All real numbers.
    Real,
    /// `(0, ∞)`.
    Positive,
    /// `(0, 1)`.
    UnitInterval,
    /// `(low, high)`; both infinite where the bounds are tensors, known only at run time.
    Interval(f64, f64),
    /// `(low, ∞)`.
    GreaterThan(f64),
    /// `(-∞, high)`.
    LessThan(f64),
    /// Vectors of real numbers; one event dimension.
    RealVector,
    /// Vectors of positive numbers with sum 1; one event dimension.
    Simplex,
    /// Vectors whose elements increase; one event dimension.
    Ordered,
    /// Vectors of positive numbers that increase; one event dimension.
    PositiveOrdered,
    /// Vectors of length 1; one event dimension.
    Sphere,
    /// Vectors with sum 0; one event dimension.
    ZeroSum,
    /// Angles in `(−π, π]`.
    Circular,
    /// Lower triangular matrices with a positive diagonal; two event dimensions.
    LowerCholesky,
    /// Lower triangular matrices with a positive diagonal and rows of length 1; two event dimensions.
    CorrelationCholesky,
    /// Symmetric positive definite matrices with a diagonal of ones; two event dimensions.
    Correlation,
    /// Symmetric positive definite matrices; two event dimensions.
    PositiveDefinite,
    /// 0 or 1.
    Boolean,
    /// 0, 1, 2, …
    NonNegativeInteger,
    /// The integers `low..=high`.
    IntegerInterval(i64, i64),
    /// A single point, known only at run time (`Delta`).
    Point,
}

impl Support {
    /// The counts up to a total, and all counts where it is not one number for all.
    pub(crate) fn up_to<const D: usize>(total: &Operand<D>) -> Self {
        match total {
            Operand::Number(n) => Support::IntegerInterval(0, *n as i64),
            _ => Support::NonNegativeInteger,
        }
    }

    /// Whether its bijector is an exponential or logistic function of every coordinate.
    pub(crate) fn is_saturating(&self) -> bool {
        use Support::{CorrelationCholesky, GreaterThan, Interval, LessThan, Positive, PositiveOrdered, Simplex, UnitInterval};
        matches!(
            self,
            Positive | UnitInterval | Interval(..) | GreaterThan(_) | LessThan(_) | Simplex | PositiveOrdered | CorrelationCholesky
        ) || *self == Support::Correlation
    }

    /// Whether every value of `self` is a value of `outer`.
    ///
    /// Open and closed ends are not told apart: the difference has no mass. A vector of reals counts as real numbers.
    pub fn is_inside(&self, outer: &Support) -> bool {
        if self.is_discrete() != outer.is_discrete() {
            return false;
        }
        match (self, outer) {
            // The bounds are tensors: only their values could tell, and they are not read back.
            (Interval(low, high), _) if low.is_infinite() && high.is_infinite() => true,
            (Point, _) => true,
            (_, Point) => false,
            (Simplex, Real) => true,
            _ if self.is_structured() || outer.is_structured() => {
                self == outer
                    || match outer {
                        RealVector => self.event_rank() == 1,
                        Ordered => matches!(self, PositiveOrdered),
                        LowerCholesky => matches!(self, CorrelationCholesky),
                        PositiveDefinite => matches!(self, Correlation),
                        _ => false,
                    }
            }
            _ => {
                let ((low, high), (outer_low, outer_high)) = (self.bounds(), outer.bounds());
                low >= outer_low && high <= outer_high
            }
        }
    }

    /// Whether the values are integers.
    pub fn is_discrete(&self) -> bool {
        matches!(self, Boolean | NonNegativeInteger | IntegerInterval(..))
    }

    /// Whether the elements of one value depend on each other, so that no interval describes the set.
    pub fn is_structured(&self) -> bool {
        matches!(
            self,
            Simplex | Ordered | PositiveOrdered | Sphere | ZeroSum | LowerCholesky | CorrelationCholesky | Correlation | PositiveDefinite
        )
    }

    /// The number of event dimensions a value has at least.
    pub fn event_rank(&self) -> usize {
        match self {
            RealVector | Simplex | Ordered | PositiveOrdered | Sphere | ZeroSum => 1,
            LowerCholesky | CorrelationCholesky | Correlation | PositiveDefinite => 2,
            _ => 0,
        }
    }

    /// The smallest interval that holds every element.
    pub fn bounds(&self) -> (f64, f64) {
        match *self {
            Real | RealVector | Point | Ordered | ZeroSum | LowerCholesky | PositiveDefinite => (f64::NEG_INFINITY, f64::INFINITY),
            Positive | NonNegativeInteger | PositiveOrdered => (0.0, f64::INFINITY),
            Sphere | CorrelationCholesky | Correlation => (-1.0, 1.0),
            Circular => (-std::f64::consts::PI, std::f64::consts::PI),
            UnitInterval | Simplex | Boolean => (0.0, 1.0),
            Interval(low, high) => (low, high),
            GreaterThan(low) => (low, f64::INFINITY),
            LessThan(high) => (f64::NEG_INFINITY, high),
            IntegerInterval(low, high) => (low as f64, high as f64),
        }
    }

    /// Whether `x` is a legal element: inside the bounds, an integer where the support is discrete, not NaN.
    pub fn contains(&self, x: f64) -> bool {
        let (low, high) = match self {
            // These bounds follow from lengths, which are rounded.
            Sphere | CorrelationCholesky | Correlation => (-f64::MAX, f64::MAX),
            _ => self.bounds(),
        };
        x >= low && x <= high && (!self.is_discrete() || x == x.trunc())
    }
}

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Real => write!(f, "the real numbers"),
            Positive => write!(f, "(0, inf)"),
            UnitInterval => write!(f, "(0, 1)"),
            Interval(low, high) => write!(f, "({low}, {high})"),
            GreaterThan(low) => write!(f, "({low}, inf)"),
            LessThan(high) => write!(f, "(-inf, {high})"),
            RealVector => write!(f, "the real vectors"),
            Simplex => write!(f, "the simplex"),
            Ordered => write!(f, "the ordered vectors"),
            PositiveOrdered => write!(f, "the ordered vectors of positive numbers"),
            Sphere => write!(f, "the vectors of length 1"),
            ZeroSum => write!(f, "the vectors with sum 0"),
            Circular => write!(f, "(-pi, pi]"),
            LowerCholesky => write!(f, "the lower triangular matrices with a positive diagonal"),
            CorrelationCholesky => write!(f, "the Cholesky factors of correlation matrices"),
            Correlation => write!(f, "the correlation matrices"),
            PositiveDefinite => write!(f, "the positive definite matrices"),
            Boolean => write!(f, "{{0, 1}}"),
            NonNegativeInteger => write!(f, "{{0, 1, 2, ...}}"),
            IntegerInterval(i64::MIN, i64::MAX) => write!(f, "the integers"),
            IntegerInterval(low, i64::MAX) => write!(f, "{{{low}, {}, {}, ...}}", low.saturating_add(1), low.saturating_add(2)),
            IntegerInterval(low, high) => write!(f, "{{{low}, ..., {high}}}"),
            Point => write!(f, "a single point"),
        }
    }
}

/// Supports as types, for the comparison that the macros make at compile time.
///
/// [`Unknown`](tag::Unknown) stands where a support is only known at run time; it fits everywhere and the first step decides.
pub mod tag {
    macro_rules! tags {
        ($($(#[$doc:meta])* $tag:ident,)*) => { $($(#[$doc])* #[derive(Clone, Copy, Debug)] pub struct $tag;)* };
    }
    tags! {
        /// All real numbers.
        Real,
        /// `(0, ∞)`.
        Positive,
        /// `(0, 1)`.
        UnitInterval,
        /// Real vectors.
        RealVector,
        /// The simplex.
        Simplex,
        /// Ordered vectors.
        Ordered,
        /// Ordered vectors of positive numbers.
        PositiveOrdered,
        /// Vectors of length 1.
        Sphere,
        /// Vectors with sum 0.
        ZeroSum,
        /// Angles.
        Circular,
        /// Lower triangular matrices with a positive diagonal.
        LowerCholesky,
        /// Cholesky factors of correlation matrices.
        CorrelationCholesky,
        /// Correlation matrices.
        Correlation,
        /// Positive definite matrices.
        PositiveDefinite,
        /// 0 or 1.
        Boolean,
        /// 0, 1, 2, …
        NonNegativeInteger,
        /// A single point (`Delta`).
        Point,
        /// Known at run time only.
        Unknown,
        /// Sites of a submodel, paired at the first step.
        Submodel,
    }

    /// `Self`, the support of a guide's site, lies inside `Model`, the support of the model's site.
    #[diagnostic::on_unimplemented(
        message = "the guide's support `{Self}` is not inside the model's support `{Model}`",
        label = "this distribution has support `{Self}`",
        note = "choose a distribution on `{Model}`, or transform this one with a bijector; a `Delta` prior (support `Point`) needs `.soften(eps)` in the model before a continuous guide can fit it"
    )]
    pub trait Within<Model> {}

    macro_rules! within {
        ($($guide:ident => $($model:ident)*;)*) => { $($(impl Within<$model> for $guide {})*)* };
    }
    within! {
        Real => Real RealVector Unknown Submodel;
        Positive => Positive Real RealVector Unknown Submodel;
        UnitInterval => UnitInterval Positive Real RealVector Unknown Submodel;
        Circular => Circular Real RealVector Unknown Submodel;
        RealVector => RealVector Real Unknown Submodel;
        Simplex => Simplex RealVector Unknown Submodel;
        Ordered => Ordered RealVector Unknown Submodel;
        PositiveOrdered => PositiveOrdered Ordered RealVector Unknown Submodel;
        Sphere => Sphere RealVector Unknown Submodel;
        ZeroSum => ZeroSum RealVector Unknown Submodel;
        LowerCholesky => LowerCholesky Unknown Submodel;
        CorrelationCholesky => CorrelationCholesky LowerCholesky Unknown Submodel;
        Correlation => Correlation PositiveDefinite Unknown Submodel;
        PositiveDefinite => PositiveDefinite Unknown Submodel;
        Boolean => Boolean NonNegativeInteger Unknown Submodel;
        NonNegativeInteger => NonNegativeInteger Unknown Submodel;
        Point => Real Positive UnitInterval RealVector Simplex Ordered PositiveOrdered Sphere ZeroSum Circular LowerCholesky CorrelationCholesky Correlation PositiveDefinite Boolean NonNegativeInteger Point Unknown Submodel;
        Unknown => Real Positive UnitInterval RealVector Simplex Ordered PositiveOrdered Sphere ZeroSum Circular LowerCholesky CorrelationCholesky Correlation PositiveDefinite Boolean NonNegativeInteger Point Unknown Submodel;
        Submodel => Real Positive UnitInterval RealVector Simplex Ordered PositiveOrdered Sphere ZeroSum Circular LowerCholesky CorrelationCholesky Correlation PositiveDefinite Boolean NonNegativeInteger Point Unknown Submodel;
    }

    #[doc(hidden)]
    pub fn within<Guide: Within<Model>, Model>(_: Guide, _: Model) {}
}
