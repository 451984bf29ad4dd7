//! Values that take the place of others: what a density is given where a value does not count, or is not in the support.

use burn::tensor::kind::Basic;
use burn::tensor::{Bool, Tensor, TensorData};

use super::Support::{self, *};
use crate::linalg;

impl Support {
    /// A value well inside, all of its elements finite, row by row.
    ///
    /// # Shapes
    /// `event`: the last dimensions of the tensor, as many as [`event_rank`](Self::event_rank).
    pub fn stand_in(&self, event: &[usize]) -> Vec<f64> {
        let (count, last) = (event.iter().product::<usize>(), event.last().copied().unwrap_or(1));
        match *self {
            Simplex => vec![(last as f64).recip(); count],
            Sphere => vec![(last as f64).sqrt().recip(); count],
            Ordered => (0..count).map(|i| i as f64).collect(),
            PositiveOrdered => (1..=count).map(|i| i as f64).collect(),
            LowerCholesky | CorrelationCholesky | Correlation | PositiveDefinite => {
                (0..count).map(|i| if i % (last + 1) == 0 { 1.0 } else { 0.0 }).collect()
            }
            _ => vec![self.interior(); count],
        }
    }

    /// A finite number well inside an interval; for elements that depend on each other see [`stand_in`](Self::stand_in).
    pub fn interior(&self) -> f64 {
        let middle = match *self {
            Positive => 1.0,
            UnitInterval => 0.5,
            Interval(low, high) => low + (high - low) / 2.0,
            GreaterThan(low) => low + 1.0,
            LessThan(high) => high - 1.0,
            IntegerInterval(low, _) => low as f64,
            _ => 0.0,
        };
        if middle.is_finite() { middle } else { 0.0 }
    }

    /// `value` with the stand-in where `drop` is true.
    ///
    /// # Shapes
    /// `drop` broadcasts against `value` and has size 1 in the dimensions of an event, or is one flag an element.
    pub(crate) fn replace<const D: usize, K: Basic>(&self, value: Tensor<D, K>, drop: Tensor<D, Bool>) -> Tensor<D, K> {
        let dims = value.dims();
        let drop = if drop.dims() == dims { drop } else { drop.expand::<D, _>(dims) };
        let batch = D - self.event_rank().min(D);
        let stand_in = self.stand_in(&dims[batch..]);
        match stand_in.first() {
            Some(first) if stand_in.iter().any(|x| x != first) => {
                let mut event = dims;
                event[..batch].fill(1);
                let stand_in = Tensor::<D, K>::from_data(TensorData::new(stand_in, event), (&value.device().inner(), value.dtype()));
                value.mask_where(drop, stand_in.expand::<D, _>(dims))
            }
            Some(first) => value.mask_fill(drop, *first),
            None => value,
        }
    }

    /// Where `value` is not inside: at an end of an interval or beyond, out of order, not positive on a diagonal, not positive
    /// definite. What a rounded value can miss, a sum or a length, is not looked at; nothing where no value is outside.
    ///
    /// # Shapes
    /// The event dimensions stay with size 1.
    pub(crate) fn outside<const D: usize>(&self, value: &Tensor<D>) -> Option<Tensor<D, Bool>> {
        let size = value.dims()[D - 1];
        match self {
            Ordered => {
                let unordered = (size > 1)
                    .then(|| value.clone().narrow(D - 1, 1, size - 1).lower_equal(value.clone().narrow(D - 1, 0, size - 1)).any_dim(D - 1));
                return unordered;
            }
            PositiveOrdered => {
                let negative = value.clone().narrow(D - 1, 0, 1).lower_equal_elem(0.0);
                return Some(match Ordered.outside(value) {
                    Some(unordered) => unordered.bool_or(negative),
                    None => negative,
                });
            }
            LowerCholesky | CorrelationCholesky => return Some(not_positive(value, |matrices| matrices)),
            Correlation | PositiveDefinite => return Some(not_positive(value, linalg::cholesky)),
            Sphere => return None,
            _ => {}
        }
        let (low, high) = self.bounds();
        let below = low.is_finite().then(|| value.clone().lower_equal_elem(low));
        let above = high.is_finite().then(|| value.clone().greater_equal_elem(high));
        let outside = match (below, above) {
            (Some(below), Some(above)) => Some(below.bool_or(above)),
            (one, other) => one.or(other),
        };
        outside.map(|outside| (D - self.event_rank()..D).fold(outside, |outside, dim| outside.any_dim(dim)))
    }
}

/// Which matrices do not have a positive diagonal in their factor; NaN is not positive.
fn not_positive<const D: usize>(value: &Tensor<D>, factor: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Tensor<D, Bool> {
    let mut dims = value.dims();
    let matrices = value.clone().without_autodiff().reshape([dims[..D - 2].iter().product(), dims[D - 2], dims[D - 1]]);
    (dims[D - 2], dims[D - 1]) = (1, 1);
    linalg::diagonal(factor(matrices)).greater_elem(0.0).bool_not().any_dim(1).reshape(dims)
}
