//! Counts with more zeros.

use burn::tensor::{Int, Tensor};

use super::density::{minus_infinity, spread};
use super::form::Form;
use super::gate::{Gate, log_add, plogp};
use super::{Cdf, Constraint, Distribution, Entropy, Moments, ShapeConflict, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special;
use crate::support::Support;

/// Zero with probability `gate`, else a count of the base distribution, which may be zero as well; support: that of the base,
/// and 0.
///
/// `log p(x) = ln(1 − g) + log p_base(x)` for `x ≠ 0`, `log p(0) = ln(g + (1 − g) p_base(0))`, `g` = gate, or `g = 1/(1 + e⁻ᵃ)`
/// with `a` = gate_logits
///
/// Source: Lambert (1992), "Zero-Inflated Poisson Regression, with an Application to Defects in Manufacturing".
///
/// # Shapes
/// `gate` or `gate_logits`, a number or a tensor, broadcasts against the base, whose events are scalars; the value: `[batch]`.
///
/// ```
/// use vi_runtime::prelude::*;
///
/// let counts = ZeroInflated::new(0.3, Poisson::new([4.0, 2.0]));
/// assert_eq!((counts.name(), counts.shape()), ("ZeroInflated(Poisson)".to_owned(), [2]));
/// ```
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where gate and base do not broadcast,
/// [`Error::Parameter`](crate::Error::Parameter) where `gate` is outside `[0, 1]`, `gate_logits` is NaN or `∞`, or a parameter of
/// the base is not legal.
#[derive(Clone, Debug)]
pub struct ZeroInflated<const D: usize, T> {
    gate: Gate<D>,
    base: T,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize, T: Distribution<D, Kind = Int>> ZeroInflated<D, T> {
    /// With the probability of the additional zero: a number, a tensor or a reference.
    pub fn new(gate: impl Into<Operand<D>>, base: T) -> Self {
        Self::of(Form::Probs, gate.into(), base)
    }

    /// With the log-odds of the additional zero.
    pub fn logits(gate_logits: impl Into<Operand<D>>, base: T) -> Self {
        Self::of(Form::Logits, gate_logits.into(), base)
    }

    fn of(form: Form, gate: Operand<D>, base: T) -> Self {
        let (gate, base, conflict) = Gate::over(form, gate, base);
        ZeroInflated { gate, base, conflict }
    }
}

impl<const D: usize, T: Distribution<D, Kind = Int>> Distribution<D> for ZeroInflated<D, T> {
    type Kind = Int;

    of_base! { shape score_vanishes begin grow own_conflict }

    fn name(&self) -> String {
        format!("ZeroInflated({})", self.base.name())
    }

    fn support(&self) -> Support {
        match self.base.support() {
            Support::IntegerInterval(low, high) => Support::IntegerInterval(low.min(0), high.max(0)),
            support => support,
        }
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let counted = self.base.log_prob(value);
        let (open, shut) = self.gate.logarithms(&counted);
        let base = counted.clone() + shut;
        let dims = base.dims();
        let zero = spread(value.clone().equal_elem(0), dims);
        let outside = spread(counted.equal_elem(f64::NEG_INFINITY), dims).bool_and(zero.clone().bool_not());
        let log_prob = base.clone().mask_where(zero, log_add(spread(open, dims), base));
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let drawn = self.base.draw(noise)?;
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

impl<const D: usize, T: Moments<D> + Distribution<D, Kind = Int>> Moments<D> for ZeroInflated<D, T> {
    /// `(1 − g) E_base x`
    fn mean(&self) -> Tensor<D> {
        let mean = self.base.mean();
        let (_, shut) = self.gate.probabilities(&mean);
        mean * shut
    }

    /// `(1 − g) (var_base x + g (E_base x)²)`
    fn variance(&self) -> Tensor<D> {
        let mean = self.base.mean();
        let (open, shut) = self.gate.probabilities(&mean);
        (self.base.variance() + mean.square() * open) * shut
    }
}

impl<const D: usize, T: Cdf<D> + Distribution<D, Kind = Int>> Cdf<D> for ZeroInflated<D, T> {
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let base = self.base.cdf(value);
        let (open, shut) = self.gate.probabilities(&base);
        let base = base * shut;
        let dims = base.dims();
        base + spread(open, dims).mask_fill(spread(value.clone().lower_elem(0), dims), 0.0)
    }

    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let base = self.base.survival(value);
        let (open, shut) = self.gate.probabilities(&base);
        let base = base * shut;
        let dims = base.dims();
        base + spread(open, dims).mask_fill(spread(value.clone().greater_equal_elem(0), dims), 0.0)
    }
}

impl<const D: usize, T: Entropy<D> + Distribution<D, Kind = Int>> Entropy<D> for ZeroInflated<D, T> {
    /// `−P ln P + (1 − g) (H + p₀ ln p₀ − (1 − p₀) ln(1 − g))`, `P = g + (1 − g) p₀`, `H` the entropy of the base, `p₀` its mass at 0
    fn entropy(&self) -> Tensor<D> {
        let base = self.base.entropy();
        let zeros = Tensor::zeros([1; D], &base.device().inner());
        let log_zero = spread(self.base.log_prob(&zeros), base.dims());
        let (_, shut) = self.gate.probabilities(&base);
        let (_, log_shut) = self.gate.logarithms(&base);
        let positive = special::expm1(log_zero.clone()).neg();
        let others = shut * (base + plogp(log_zero)) - positive * plogp(log_shut);
        others - plogp(spread(self.log_prob(&zeros), self.shape()))
    }
}
