//! Which operation makes one of many.

use super::{Real, Vector};

/// How two partial results become one.
pub(crate) trait Fold: 'static {
    /// The result for no elements.
    const EMPTY: f64;
    /// Whether rounding errors are kept.
    const SUM: bool;
    fn join<V: Vector>(a: V, b: V) -> V;
    fn join_elements<R: Real>(a: R, b: R) -> R;
}

/// `Σ x`
pub(crate) struct Sum;
/// `Π x`
pub(crate) struct Product;
/// The largest, NaN where there is one.
pub(crate) struct Largest;
/// The smallest, NaN where there is one.
pub(crate) struct Smallest;

impl Fold for Sum {
    const EMPTY: f64 = 0.0;
    const SUM: bool = true;

    #[inline(always)]
    fn join<V: Vector>(a: V, b: V) -> V {
        a + b
    }

    #[inline(always)]
    fn join_elements<R: Real>(a: R, b: R) -> R {
        a + b
    }
}

impl Fold for Product {
    const EMPTY: f64 = 1.0;
    const SUM: bool = false;

    #[inline(always)]
    fn join<V: Vector>(a: V, b: V) -> V {
        a * b
    }

    #[inline(always)]
    fn join_elements<R: Real>(a: R, b: R) -> R {
        a * b
    }
}

macro_rules! extreme {
    ($name:ident, $empty:expr, $vectors:ident, $elements:tt) => {
        impl Fold for $name {
            const EMPTY: f64 = $empty;
            const SUM: bool = false;

            #[inline(always)]
            fn join<V: Vector>(a: V, b: V) -> V {
                // The comparison gives `b` where either is NaN.
                V::select(a.is_nan(), a, a.$vectors(b))
            }

            #[inline(always)]
            #[allow(clippy::eq_op, reason = "not so for NaN")]
            fn join_elements<R: Real>(a: R, b: R) -> R {
                if a $elements b || a != a { a } else { b }
            }
        }
    };
}

extreme!(Largest, f64::NEG_INFINITY, greater, >);
extreme!(Smallest, f64::INFINITY, lesser, <);
