//! Divergences that pass through what wraps a distribution.

use std::rc::Rc;

use burn::tensor::{Float, Tensor};

use crate::dist::density::spread;
use crate::dist::independent::sum_event;
use crate::dist::{Delta, Distribution, Independent, KlTo, Masked, TransformedDistribution};

impl<const D: usize, P: KlTo<D, Q>, Q: Distribution<D>> KlTo<D, Independent<Q>> for Independent<P> {
    /// The sum over the dimensions of the event; NaN where the two read different dimensions as one event.
    fn kl_to(&self, q: &Independent<Q>) -> Tensor<D> {
        let each = self.base.kl_to(&q.base);
        if Distribution::<D>::event_rank(self) != Distribution::<D>::event_rank(q) {
            return each * f64::NAN;
        }
        sum_event(each, self.base.event_rank(), self.event_rank)
    }
}

impl<const D: usize, P: KlTo<D, Q>, Q: Distribution<D>> KlTo<D, Masked<D, Q>> for Masked<D, P> {
    /// 0 where either mask is false: there neither density counts.
    fn kl_to(&self, q: &Masked<D, Q>) -> Tensor<D> {
        let each = self.base.kl_to(&q.base);
        let dims = each.dims();
        let counts = spread(self.mask.clone(), dims).bool_and(spread(q.mask.clone(), dims));
        each.mask_fill(counts.bool_not(), 0.0)
    }
}

impl<const D: usize, P, Q> KlTo<D, TransformedDistribution<D, Q>> for TransformedDistribution<D, P>
where
    P: KlTo<D, Q> + Distribution<D, Kind = Float>,
    Q: Distribution<D, Kind = Float>,
{
    /// That of the bases where both hold the same `Rc` of a bijector, which leaves it as it is; NaN otherwise.
    fn kl_to(&self, q: &TransformedDistribution<D, Q>) -> Tensor<D> {
        let each = self.base.kl_to(&q.base);
        if !Rc::ptr_eq(&self.bijector, &q.bijector) {
            return each * f64::NAN;
        }
        sum_event(each, self.base.event_rank(), self.event_rank())
    }
}

impl<const D: usize, Q: Distribution<D, Kind = Float>> KlTo<D, Q> for Delta<D> {
    /// `log_density − log q(value)`: what it is for a narrow density about the point, less that density's entropy.
    fn kl_to(&self, q: &Q) -> Tensor<D> {
        q.log_prob(&self.batch.fill(self.value.clone())).neg() + self.batch.fill(self.log_density.clone())
    }
}
