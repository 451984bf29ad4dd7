//! Counts whose zeros are apart.

use burn::tensor::{Int, Tensor};

use super::density::{limits, minus_infinity, spread, where_true};
use super::form::Form;
use super::gate::{Gate, plogp};
use super::{Cdf, Constraint, Distribution, Entropy, Moments, ShapeConflict, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special;

/// Counts that can be drawn under the condition that they are not zero.
pub trait DrawPositive<const D: usize>: Distribution<D, Kind = Int> {
    /// One draw of the distribution given that it is above 0, exact also where that is improbable.
    ///
    /// # Errors
    /// Those of the noise source.
    fn draw_positive(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>>;
}

/// Zero with probability `gate`, else a count of the base distribution that is not zero; support: that of the base, and 0.
///
/// `log p(0) = ln g`, `log p(x) = ln(1 − g) + log p_base(x) − ln(1 − p_base(0))` for `x > 0`, `g` = gate, or `g = 1/(1 + e⁻ᵃ)`
/// with `a` = gate_logits
///
/// Source: Mullahy (1986), "Specification and Testing of Some Modified Count Data Models".
///
/// Unlike in [`ZeroInflated`](super::ZeroInflated) every zero comes from the gate, so that there may also be fewer zeros than
/// the base has.
///
/// # Shapes
/// `gate` or `gate_logits`, a number or a tensor, broadcasts against the base, whose events are scalars; the value: `[batch]`.
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where gate and base do not broadcast,
/// [`Error::Parameter`](crate::Error::Parameter) where `gate` is outside `[0, 1]`, `gate_logits` is NaN or `∞`, or a parameter of
/// the base is not legal.
#[derive(Clone, Debug)]
pub struct Hurdle<const D: usize, T> {
    gate: Gate<D>,
    base: T,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize, T: DrawPositive<D>> Hurdle<D, T> {
    /// With the probability of zero: a number, a tensor or a reference.
    pub fn new(gate: impl Into<Operand<D>>, base: T) -> Self {
        Self::of(Form::Probs, gate.into(), base)
    }

    /// With the log-odds of zero.
    pub fn logits(gate_logits: impl Into<Operand<D>>, base: T) -> Self {
        Self::of(Form::Logits, gate_logits.into(), base)
    }

    fn of(form: Form, gate: Operand<D>, base: T) -> Self {
        let (gate, base, conflict) = Gate::over(form, gate, base);
        Hurdle { gate, base, conflict }
    }

    /// `ln(1 − p_base(0))`, finite.
    fn log_positive(&self, zeros: &Tensor<D, Int>) -> Tensor<D> {
        let none = self.base.log_prob(zeros).neg();
        let (tiny, _, _) = limits(none.dtype());
        special::log1mexp(none.clamp_min(tiny))
    }
}

impl<const D: usize, T: DrawPositive<D>> Distribution<D> for Hurdle<D, T> {
    type Kind = Int;

    of_base! { shape support score_vanishes begin grow own_conflict }

    fn name(&self) -> String {
        format!("Hurdle({})", self.base.name())
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let counted = self.base.log_prob(value);
        let (open, shut) = self.gate.logarithms(&counted);
        let positive = counted.clone() + shut - self.log_positive(&value.zeros_like());
        let dims = positive.dims();
        let zero = spread(value.clone().equal_elem(0), dims);
        let outside = spread(counted.equal_elem(f64::NEG_INFINITY), dims).bool_and(zero.clone().bool_not());
        minus_infinity(positive.mask_where(zero, spread(open, dims)), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let drawn = self.base.draw_positive(noise)?;
        Ok(drawn.mask_fill(self.gate.opens(self.shape(), noise)?, 0))
    }

    fn place(mut self, to: &Placement) -> Self {
        self.gate = self.gate.place(to);
        self.base = self.base.place(to);
        self
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.gate.visit(visit);
        self.base.parameters(visit);
    }
}

impl<const D: usize, T: Moments<D> + DrawPositive<D>> Hurdle<D, T> {
    /// `(1 − g)/(1 − p_base(0))`, and the mean of the base.
    fn weight(&self) -> (Tensor<D>, Tensor<D>) {
        let mean = self.base.mean();
        let (_, shut) = self.gate.probabilities(&mean);
        let zeros = Tensor::zeros(mean.dims(), &mean.device().inner());
        (shut / self.log_positive(&zeros).exp(), mean)
    }
}

impl<const D: usize, T: Moments<D> + DrawPositive<D>> Moments<D> for Hurdle<D, T> {
    /// `w E_base x`, `w = (1 − g)/(1 − p_base(0))`
    fn mean(&self) -> Tensor<D> {
        let (weight, mean) = self.weight();
        weight * mean
    }

    /// `w (var_base x + (1 − w) (E_base x)²)`
    fn variance(&self) -> Tensor<D> {
        let (weight, mean) = self.weight();
        weight.clone() * (self.base.variance() + (weight.neg() + 1.0) * mean.square())
    }
}

impl<const D: usize, T: Cdf<D> + DrawPositive<D>> Hurdle<D, T> {
    /// `(1 − g) f/P_base(x > 0)` for `f` of the base at the value, or at 0 where that is larger; and `g`.
    fn of_positive(&self, value: &Tensor<D, Int>, f: impl Fn(&T, &Tensor<D, Int>) -> Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let counts = value.clone().clamp_min(0);
        let found = f(&self.base, &counts);
        let (open, shut) = self.gate.probabilities(&found);
        (found / self.base.survival(&counts.zeros_like()) * shut, open)
    }
}

impl<const D: usize, T: Cdf<D> + DrawPositive<D>> Cdf<D> for Hurdle<D, T> {
    /// `g + (1 − g) P_base(0 < x ≤ value)/P_base(x > 0)` from 0 on, by the complement where zeros are more than half of the base.
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let up_to = |base: &T, counts: &Tensor<D, Int>| {
            let zeros = counts.zeros_like();
            let beyond = base.survival(&zeros);
            let few = beyond.clone() - base.survival(counts);
            let many = base.cdf(counts) - base.cdf(&zeros);
            few.mask_where(spread(beyond.greater_elem(0.5), many.dims()), many)
        };
        let (positive, open) = self.of_positive(value, up_to);
        where_true(positive + open, value.clone().lower_elem(0), 0.0)
    }

    /// `(1 − g) P_base(x > value)/P_base(x > 0)` from 0 on
    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (positive, _) = self.of_positive(value, T::survival);
        where_true(positive, value.clone().lower_elem(0), 1.0)
    }

    fn log_survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let counts = value.clone().clamp_min(0);
        let left = self.base.log_survival(&counts) - self.base.log_survival(&counts.zeros_like());
        let (_, shut) = self.gate.logarithms(&left);
        where_true(left + shut, value.clone().lower_elem(0), 0.0)
    }
}

impl<const D: usize, T: Entropy<D> + DrawPositive<D>> Entropy<D> for Hurdle<D, T> {
    /// `−g ln g − (1 − g) ln(1 − g) + (1 − g) ((H + p₀ ln p₀)/(1 − p₀) + ln(1 − p₀))`, `H` the entropy of the base, `p₀` its mass at 0
    fn entropy(&self) -> Tensor<D> {
        let base = self.base.entropy();
        let log_zero = spread(self.base.log_prob(&Tensor::zeros([1; D], &base.device().inner())), base.dims());
        let (tiny, _, _) = limits(base.dtype());
        let log_positive = special::log1mexp(log_zero.clone().neg().clamp_min(tiny));
        let others = (base + plogp(log_zero)) / log_positive.clone().exp() + log_positive;
        self.gate.entropy(&others) + self.gate.probabilities(&others).1 * others
    }
}
