//! The asymmetric Laplace distribution.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, on_the_reals};
use super::standard::log_one_minus_exp;
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Exponential tails of rates `asymmetry/scale` above `loc` and `1/(asymmetry scale)` below; support: the real numbers.
    ///
    /// `log p(x) = −ln scale − ln(κ + 1/κ) − |z| κ^(sign z)`, `z = (x − loc)/scale`, `κ` = asymmetry
    ///
    /// Source: Kotz, Kozubowski and Podgórski (2001), The Laplace Distribution and Generalizations, chapter 3, where
    /// `σ = √2 scale`.
    ///
    /// # Shapes
    /// `loc`, `scale`, `asymmetry` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` or `asymmetry` is not positive or a parameter is
    /// not finite.
    AsymmetricLaplace { loc: L, scale: S, asymmetry: K }
}

impl<const D: usize> AsymmetricLaplace<D> {
    /// `|z| κ^(sign z)`, and whether the value lies above `loc`.
    fn depth(&self, value: &Tensor<D>) -> (Tensor<D>, Tensor<D, Bool>) {
        let z = (Operand::Tensor(value.clone()) - self.loc.clone()) / self.scale.clone();
        let up = (z.clone() * self.asymmetry.clone()).into_tensor();
        let down = (-z / self.asymmetry.clone()).into_tensor();
        let above = up.clone().greater_elem(0.0);
        (down.mask_where(above.clone(), up), above)
    }

    /// Minus the logarithm of the mass below `loc`, `κ²/(1 + κ²)`, and above it, `1/(1 + κ²)`, beside `like`.
    fn sides(&self, like: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        (beside(&log_sum(self.asymmetry.clone().recip()), like), beside(&log_sum(self.asymmetry.clone()), like))
    }

    /// Logarithms of the mass beyond the value on its own side of `loc`, and of the rest.
    fn tail(&self, value: &Tensor<D>) -> (Tensor<D>, Tensor<D>, Tensor<D, Bool>) {
        let (depth, above) = self.depth(value);
        let (lower, upper) = self.sides(&depth);
        let side = (lower + depth.zeros_like()).mask_where(above.clone(), upper + depth.zeros_like());
        let beyond = (depth + side).neg();
        (beyond.clone(), log_one_minus_exp(beyond.neg()), above)
    }
}

/// `ln(1 + κ²)`, from the smaller of `κ²` and `1/κ²`: the other may be beyond the floats.
fn log_sum<const D: usize>(asymmetry: Operand<D>) -> Operand<D> {
    let number = |k: f64| if k > 1.0 { k.powi(-2).ln_1p() + 2.0 * k.ln() } else { (k * k).ln_1p() };
    asymmetry.map(number, |k| {
        let large = k.clone().greater_elem(1.0);
        let big = k.clone().mask_fill(large.clone().bool_not(), 1.0);
        let small = special::log1p(k.mask_fill(large.clone(), 1.0).square());
        small.mask_where(large, special::log1p(big.clone().recip().square()) + big.log().mul_scalar(2.0))
    })
}

impl<const D: usize> Distribution<D> for AsymmetricLaplace<D> {
    type Kind = Float;

    family_methods! { AsymmetricLaplace { loc: Real, scale: Positive, asymmetry: Positive } }

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        // ln(κ + 1/κ) = ln(1 + κ²) − ln κ
        let constant = self.asymmetry.clone().ln() - log_sum(self.asymmetry.clone()) - self.scale.clone().ln();
        on_the_reals(value, |x| constant - Operand::Tensor(self.depth(&x).0))
    }

    /// The difference of two exponential variables with the rates of the two tails.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let up = Operand::Tensor(noise.uniform(self.shape())?.log().neg()) / self.asymmetry.clone();
        let down = Operand::Tensor(noise.uniform(self.shape())?.log().neg()) * self.asymmetry.clone();
        Ok(((up - down) * self.scale.clone() + self.loc.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for AsymmetricLaplace<D> {
    /// `loc + scale (1/κ − κ)`
    fn mean(&self) -> Tensor<D> {
        let k = self.asymmetry.clone();
        self.batch.fill((k.clone().recip() - k) * self.scale.clone() + self.loc.clone())
    }

    /// `scale² (1/κ² + κ²)`
    fn variance(&self) -> Tensor<D> {
        let k = self.asymmetry.clone().square();
        self.batch.fill((k.clone().recip() + k) * self.scale.clone().square())
    }
}

impl<const D: usize> Entropy<D> for AsymmetricLaplace<D> {
    /// `1 + ln scale + ln(κ + 1/κ)`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(log_sum(self.asymmetry.clone()) - self.asymmetry.clone().ln() + self.scale.clone().ln() + 1.0)
    }
}

impl<const D: usize> Cdf<D> for AsymmetricLaplace<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let (beyond, _, above) = self.tail(value);
        beyond.clone().exp().mask_where(above, special::expm1(beyond).neg())
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let (beyond, _, above) = self.tail(value);
        special::expm1(beyond.clone()).neg().mask_where(above, beyond.exp())
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let (beyond, rest, above) = self.tail(value);
        beyond.mask_where(above, rest)
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let (beyond, rest, above) = self.tail(value);
        rest.mask_where(above, beyond)
    }
}

impl<const D: usize> AsymmetricLaplace<D> {
    /// `κ ln(p (1 + κ²)/κ²)` below `loc`, `−ln((1 − p)(1 + κ²))/κ` above, both times `scale`, by the logarithms of `p` and `1 − p`.
    fn quantile(&self, log: Tensor<D>, log_rest: Tensor<D>) -> Tensor<D> {
        let (lower, upper) = self.sides(&log);
        let lower = Operand::Tensor(log + lower) * self.asymmetry.clone();
        let upper = Operand::Tensor((log_rest + upper).neg()) / self.asymmetry.clone();
        let (lower, upper) = (lower.into_tensor(), upper.into_tensor());
        let above = upper.clone().greater_elem(0.0);
        // Above 1 the logarithm of the rest is NaN: it must not choose the lower side.
        let none = upper.clone().is_nan();
        let z = lower.mask_where(above, upper).mask_fill(none, f64::NAN);
        (Operand::Tensor(z) * self.scale.clone() + self.loc.clone()).into_tensor()
    }
}

impl<const D: usize> InverseCdf<D> for AsymmetricLaplace<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        self.quantile(p.clone().log(), special::log1p(p.clone().neg()))
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        self.quantile(special::log1p(q.clone().neg()), q.clone().log())
    }
}
