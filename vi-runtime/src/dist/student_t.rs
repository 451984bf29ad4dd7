//! Student's t distribution.

use burn::tensor::{Float, Tensor};

use super::density::{beside, full, limits, log1p_square, on_the_reals, spread};
use super::quotients::polynomial;
use super::student_tail::student_tail;
use super::{Cdf, Distribution, Entropy, Moments, family, family_methods, loc_scale_method};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Student's t with `df` degrees of freedom, shifted by `loc` and stretched by `scale`; support: the real numbers.
    ///
    /// `log p(x) = ln Γ((df + 1)/2) − ln Γ(df/2) − ½ ln(π df) − ln scale − ½ (df + 1) ln(1 + z²/df)`, `z = (x − loc)/scale`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 28.
    ///
    /// # Shapes
    /// `df`, `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `df` or `scale` is not positive or a parameter is not finite.
    StudentT { df: F, loc: L, scale: S }
}

impl<const D: usize> Distribution<D> for StudentT<D> {
    type Kind = Float;

    family_methods! { StudentT { df: Positive, loc: Real, scale: Positive } }

    loc_scale_method! {}

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let df = self.df.clone();
        // ln Γ(df/2 + ½) − ln Γ(df/2) = ½ ln π − ln B(½, df/2)
        let log_beta = (df.clone() * 0.5).map(|a| special::scalar::log_beta(0.5, a), |a| special::log_beta(a.full_like(0.5), a));
        let constant = log_beta + df.clone().ln() * 0.5 + self.scale.clone().ln();
        on_the_reals(value, |x| {
            let apart = (Operand::Tensor(x) - self.loc.clone()).into_tensor();
            let tail = Operand::Tensor(log1p_square(apart, self.scale.clone() * df.clone().sqrt()));
            -(tail * ((df + 1.0) * 0.5)) - constant
        })
    }

    /// A normal draw over the square root of an independent `χ²(df)/df`, which is `Gamma(df/2, df/2)`.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let shape = self.shape();
        let z = Operand::Tensor(noise.normal(shape)?);
        let half_df = Operand::Tensor(full(&self.df, shape, noise)) * 0.5;
        let log_gamma = Operand::Tensor(noise.log_gamma(half_df.clone().into_tensor())?);
        let stretch = ((half_df.ln() - log_gamma) * 0.5).exp();
        Ok((z * stretch * self.scale.clone() + self.loc.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for StudentT<D> {
    /// `loc`, NaN for `df ≤ 1`.
    fn mean(&self) -> Tensor<D> {
        let none = self.batch.fill(self.df.clone()).lower_equal_elem(1.0);
        self.batch.fill(self.loc.clone()).mask_fill(none, f64::NAN)
    }

    /// `scale² df/(df − 2)`; infinite for `1 < df ≤ 2`, NaN below.
    fn variance(&self) -> Tensor<D> {
        let df = self.batch.fill(self.df.clone());
        let (infinite, none) = (df.clone().lower_equal_elem(2.0), df.clone().lower_equal_elem(1.0));
        let df = df.mask_fill(infinite.clone(), 3.0);
        let variance = df.clone() / df.sub_scalar(2.0) * self.batch.fill(self.scale.clone().square());
        variance.mask_fill(infinite, f64::INFINITY).mask_fill(none, f64::NAN)
    }
}

impl<const D: usize> Entropy<D> for StudentT<D> {
    /// `½ (df + 1) (ψ((df + 1)/2) − ψ(df/2)) + ½ ln df + ln B(df/2, ½) + ln scale`
    fn entropy(&self) -> Tensor<D> {
        let df = self.batch.fill(self.df.clone());
        let half = df.clone().mul_scalar(0.5);
        let log_beta = special::log_beta(half.clone(), half.full_like(0.5));
        let spread = digamma_step(half) * df.clone().add_scalar(1.0).mul_scalar(0.5);
        spread + df.log().mul_scalar(0.5) + log_beta + self.batch.fill(self.scale.clone()).log()
    }
}

/// `ψ(x + ½) − ψ(x)`: from 10 on by its series in `1/x` (from DLMF 5.11.2), where the two cancel.
fn digamma_step<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    const SERIES_FROM: f64 = 10.0;
    // After 1/(2x): the coefficients of x⁻², x⁻⁴, …
    const SERIES: [f64; 7] = [1.0 / 8.0, -1.0 / 64.0, 1.0 / 128.0, -17.0 / 2_048.0, 31.0 / 2_048.0, -691.0 / 16_384.0, 5_461.0 / 32_768.0];
    let small = x.clone().lower_elem(SERIES_FROM);
    let few = x.clone().clamp_max(SERIES_FROM);
    let direct = special::digamma(few.clone().add_scalar(0.5)) - special::digamma(few);
    let z = x.clamp_min(SERIES_FROM).recip();
    let square = z.clone().square();
    let series = polynomial(&SERIES, square.clone()) * square + z.mul_scalar(0.5);
    series.mask_where(small, direct)
}

impl<const D: usize> StudentT<D> {
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        ((Operand::Tensor(value.clone()) - self.loc.clone()) / self.scale.clone()).into_tensor()
    }

    /// `P(t ≤ z)`: the lower tail by [`student_tail`], and about the middle `½ ± ½ I_w(½, df/2)` with `w = z²/(df + z²)`.
    fn lower(&self, z: Tensor<D>) -> Tensor<D> {
        let df = beside(&self.df, &z);
        let dims = (df.clone() + z.clone()).dims();
        let (df, z) = (spread(df, dims), spread(z, dims));
        let far = z.clone().abs().greater_elem(1.0);
        // The distribution function has a slope at 0, where that of I_w is infinite and that of w is 0: a number whose square
        // is the smallest stands for it.
        let (tiny, ..) = limits(z.dtype());
        let near = z.clone().mask_fill(far.clone(), 0.5);
        let bump = near.zeros_like().mask_fill(near.clone().abs().lower_elem(tiny.sqrt()), tiny.sqrt());
        let near = near + bump;
        let square = near.clone().square();
        let middle = special::beta_inc(df.full_like(0.5), df.clone() * 0.5, square.clone() / (square + df.clone()));
        let middle = (middle.clone().mask_where(near.lower_elem(0.0), middle.neg()) + 1.0) * 0.5;
        let tail = student_tail(z.clone().mask_fill(far.clone().bool_not(), 2.0).abs(), df, &self.df);
        let tail = tail.clone().mask_where(z.greater_elem(0.0), tail.neg() + 1.0);
        middle.mask_where(far, tail)
    }
}

impl<const D: usize> Cdf<D> for StudentT<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.lower(self.standardise(value))
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.lower(self.standardise(value).neg())
    }
}
