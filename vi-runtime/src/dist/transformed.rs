//! The distribution of a transformed variable.

use std::rc::Rc;

use burn::tensor::{Bool, Float, Tensor};

use super::density::{minus_infinity, spread};
use super::independent::sum_event;
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, ScoredDraw, of_base};
use crate::bijector::Bijector;
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{Operand, Placement};
use crate::program::{DynDistribution, erase};
use crate::support::Support;

/// The distribution of `y = f(x)` for `x` from `base` and a bijector `f`.
///
/// `log p(y) = log p_base(f⁻¹(y)) − ln |det ∂f/∂x|`, minus infinity outside the image of `f`; support: the image of the
/// base's
///
/// Source: Casella and Berger (2002), Statistical Inference, section 4.6; Papamakarios et al. (2021), "Normalizing Flows for
/// Probabilistic Modeling and Inference", section 2.1.
///
/// # Shapes
/// Those of `base` with the event dimensions as the bijector changes them; the event has the larger of the two event ranks.
///
/// # Errors
/// Those of the base.
#[derive(Clone, Debug)]
pub struct TransformedDistribution<const D: usize, T> {
    pub(super) base: T,
    pub(super) bijector: Rc<dyn Bijector<D>>,
}

impl<const D: usize, T: Distribution<D, Kind = Float>> TransformedDistribution<D, T> {
    /// `base`, each draw passed through `bijector`.
    pub fn new(base: T, bijector: Rc<dyn Bijector<D>>) -> Self {
        TransformedDistribution { base, bijector }
    }

    /// `y` as the bijector reaches it, and where it lies below or above all that it reaches.
    fn reached(&self, y: &Tensor<D>) -> (Tensor<D>, Option<Tensor<D, Bool>>, Option<Tensor<D, Bool>>) {
        let codomain = self.bijector.codomain();
        let (low, high) = codomain.bounds();
        let below = low.is_finite().then(|| y.clone().lower_equal_elem(low));
        let above = high.is_finite().then(|| y.clone().greater_equal_elem(high));
        let outside = [&below, &above].into_iter().flatten().cloned().reduce(Tensor::bool_or);
        let y = match outside {
            Some(outside) => y.clone().mask_fill(outside, codomain.interior()),
            None => y.clone(),
        };
        (y, below, above)
    }

    fn score(&self, x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D> {
        self.less(self.base.log_prob(x), self.bijector.log_abs_det_jacobian(x, y))
    }

    fn less(&self, base: Tensor<D>, jacobian: Tensor<D>) -> Tensor<D> {
        let event_rank = self.event_rank();
        let base = sum_event(base, self.base.event_rank(), event_rank);
        base - sum_event(jacobian, self.bijector.event_rank(), event_rank)
    }
}

impl<const D: usize, T: Distribution<D, Kind = Float>> Distribution<D> for TransformedDistribution<D, T> {
    type Kind = Float;

    of_base! { is_reparameterised place conflict parameters }

    fn name(&self) -> String {
        format!("Transformed({})", self.base.name())
    }

    fn shape(&self) -> [usize; D] {
        let shape = self.bijector.constrained_shape(&self.base.shape());
        std::array::from_fn(|i| shape[i])
    }

    fn event_rank(&self) -> usize {
        self.base.event_rank().max(self.bijector.event_rank())
    }

    fn support(&self) -> Support {
        self.bijector.image(&self.base.support())
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let codomain = self.bijector.codomain();
        let Some(outside) = codomain.outside(value) else {
            let x = self.bijector.inverse(value.clone());
            return self.score(&x, value);
        };
        let value = codomain.replace(value.clone(), outside.clone());
        let log_prob = self.score(&self.bijector.inverse(value.clone()), &value);
        let outside = (D - self.event_rank()..D - codomain.event_rank()).fold(outside, |outside, dim| outside.any_dim(dim));
        let dims = log_prob.dims();
        minus_infinity(log_prob, spread(outside, dims))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.bijector.forward(self.base.draw(noise)?))
    }

    /// Without the inverse, which loses digits where the bijector is flat.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let x = self.base.draw(noise)?;
        let (y, jacobian) = self.bijector.forward_and_jacobian(x.clone());
        let log_prob = self.less(self.base.log_prob(&x), jacobian);
        Ok(ScoredDraw { value: y, log_prob: Some(log_prob), base: self.bijector.is_fixed().then_some(x) })
    }

    fn log_prob_from(&self, base: &Tensor<D>, value: &Tensor<D>) -> Tensor<D> {
        self.score(base, value)
    }

    fn score_vanishes(&self) -> bool {
        self.bijector.is_fixed() && self.base.score_vanishes()
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D>>> {
        Ok(self.base.begin(at)?.map(|begin| self.bijector.forward(begin)))
    }

    fn before_transform(&self) -> Option<(Box<dyn DynDistribution>, Rc<dyn Bijector<D>>)> {
        Some((erase(self.base.clone()), Rc::clone(&self.bijector)))
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        let shape = self.bijector.unconstrained_shape(&shape);
        self.base = self.base.grow(std::array::from_fn(|i| shape[i]));
        self
    }
}

impl<const D: usize, T: Moments<D, Kind = Float>> Moments<D> for TransformedDistribution<D, T> {
    /// `f(E x)` for a straight line `f`, NaN for every other.
    fn mean(&self) -> Tensor<D> {
        let mean = self.bijector.forward(self.base.mean());
        if self.bijector.slope().is_some() { mean } else { mean * f64::NAN }
    }

    /// `slope² var x` for a straight line, NaN for every other map.
    fn variance(&self) -> Tensor<D> {
        let variance = self.base.variance();
        match self.bijector.slope() {
            Some(slope) => (Operand::Tensor(variance) * slope.square()).into_tensor(),
            None => self.bijector.forward(variance) * f64::NAN,
        }
    }
}

impl<const D: usize, T: Moments<D, Kind = Float> + Entropy<D>> Entropy<D> for TransformedDistribution<D, T> {
    /// That of the base plus `E ln |det ∂f/∂x|`, where that is a linear function of `x`, as for a straight line or an
    /// exponential; NaN for every other map.
    fn entropy(&self) -> Tensor<D> {
        let mean = self.base.mean();
        let stretch = self.bijector.log_abs_det_jacobian(&mean, &self.bijector.forward(mean.clone()));
        let entropy = self.less(self.base.entropy(), stretch.neg());
        if self.bijector.has_linear_log_jacobian() { entropy } else { entropy * f64::NAN }
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float>> TransformedDistribution<D, T> {
    /// `increasing` of the point before the transform, or `decreasing` where the transform turns the order round; `below`
    /// and `above` beyond all that it reaches. NaN where it does not map element by element.
    fn through(
        &self,
        value: &Tensor<D>,
        (below, above): (f64, f64),
        increasing: impl Fn(&T, &Tensor<D>) -> Tensor<D>,
        decreasing: impl Fn(&T, &Tensor<D>) -> Tensor<D>,
    ) -> Tensor<D> {
        let (y, under, over) = self.reached(value);
        let x = self.bijector.inverse(y);
        let inside = self.ordered(|| increasing(&self.base, &x), || decreasing(&self.base, &x));
        if self.event_rank() > 0 {
            return inside * f64::NAN;
        }
        let dims = inside.dims();
        [(under, below), (over, above)].into_iter().fold(inside, |inside, (beyond, value)| match beyond {
            Some(beyond) => inside.mask_fill(spread(beyond, dims), value),
            None => inside,
        })
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float>> Cdf<D> for TransformedDistribution<D, T> {
    /// `F(f⁻¹(y))`, or `1 − F(f⁻¹(y))` for a decreasing `f`; NaN where `f` does not map element by element.
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.through(value, (0.0, 1.0), T::cdf, T::survival)
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.through(value, (1.0, 0.0), T::survival, T::cdf)
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.through(value, (f64::NEG_INFINITY, 0.0), T::log_cdf, T::log_survival)
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.through(value, (0.0, f64::NEG_INFINITY), T::log_survival, T::log_cdf)
    }
}

impl<const D: usize, T: InverseCdf<D, Kind = Float>> InverseCdf<D> for TransformedDistribution<D, T> {
    /// `f(F⁻¹(p))`, or `f(F⁻¹(1 − p))` for a decreasing `f`; NaN where `f` does not map element by element.
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        self.element_wise(self.ordered(|| self.base.icdf(p), || self.base.inverse_survival(p)))
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        self.element_wise(self.ordered(|| self.base.inverse_survival(q), || self.base.icdf(q)))
    }
}

impl<const D: usize, T: Distribution<D, Kind = Float>> TransformedDistribution<D, T> {
    /// The one that fits the transform; where only its values tell, the one that fits the order of the images of 0 and 1.
    fn ordered(&self, increasing: impl FnOnce() -> Tensor<D>, decreasing: impl FnOnce() -> Tensor<D>) -> Tensor<D> {
        match self.bijector.is_decreasing() {
            Some(true) => decreasing(),
            Some(false) => increasing(),
            None => {
                let increasing = increasing();
                let zero = increasing.zeros_like().without_autodiff();
                let turned = self.bijector.forward(zero.clone()).greater(self.bijector.forward(zero.add_scalar(1.0)));
                increasing.mask_where(turned, decreasing())
            }
        }
    }

    fn element_wise(&self, x: Tensor<D>) -> Tensor<D> {
        if self.event_rank() > 0 {
            return x * f64::NAN;
        }
        self.bijector.forward(x)
    }
}
