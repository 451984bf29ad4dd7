//! The half-t distribution.

use std::f64::consts::LN_2;

use burn::tensor::{Float, Tensor};

use super::density::{beside, minus_infinity, or_infinite, spread};
use super::student_tail::student_tail;
use super::{Cdf, Distribution, Entropy, Moments, StudentT, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special::{self, detach};
use crate::support::Support;

family! {
    /// The absolute value of a Student's t variable with `df` degrees of freedom about 0, stretched by `scale`; support: `[0, ∞)`.
    ///
    /// `log p(x) = ln 2 + log t(x; df, 0, scale)`, see [`StudentT`]
    ///
    /// Source: Psarakis and Panaretos (1990), "The Folded t Distribution"; Gelman (2006), "Prior Distributions for Variance
    /// Parameters in Hierarchical Models".
    ///
    /// # Shapes
    /// `df`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    HalfStudentT { df: F, scale: S }
}

impl<const D: usize> HalfStudentT<D> {
    fn unfolded(&self) -> StudentT<D> {
        StudentT { df: self.df.clone(), loc: Operand::Number(0.0), scale: self.scale.clone(), batch: self.batch.clone() }
    }

    /// `ln B(df/2, ½)`
    fn log_beta(&self) -> Operand<D> {
        let half = self.df.clone() * 0.5;
        half.map(|a| special::scalar::log_beta(0.5, a), |a| special::log_beta(a.full_like(0.5), a))
    }
}

impl<const D: usize> Distribution<D> for HalfStudentT<D> {
    type Kind = Float;

    family_methods! { HalfStudentT { df: Positive, scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = or_infinite(value, value.clone().lower_elem(0.0));
        let value = value.clone().mask_fill(outside.clone(), 0.0);
        minus_infinity(self.unfolded().log_prob(&value).add_scalar(LN_2), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.unfolded().draw(noise)?.abs())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for HalfStudentT<D> {
    /// `2 scale √df / ((df − 1) B(df/2, ½))`; infinite for `df ≤ 1`.
    fn mean(&self) -> Tensor<D> {
        let df = self.batch.fill(self.df.clone());
        let infinite = df.clone().lower_equal_elem(1.0);
        let over = Operand::Tensor(df.clone().sub_scalar(1.0).mask_fill(infinite.clone(), 1.0));
        let mean = (df.log().mul_scalar(0.5) - self.batch.fill(self.log_beta())).exp().mul_scalar(2.0);
        self.batch.fill(Operand::Tensor(mean) / over * self.scale.clone()).mask_fill(infinite, f64::INFINITY)
    }

    /// `scale² df/(df − 2) − mean²`; infinite for `df ≤ 2`, NaN for `df ≤ 1`.
    fn variance(&self) -> Tensor<D> {
        let df = self.batch.fill(self.df.clone());
        let (undefined, infinite) = (df.clone().lower_equal_elem(1.0), df.clone().lower_equal_elem(2.0));
        let over = df.clone().sub_scalar(2.0).mask_fill(infinite.clone(), 1.0);
        let square = (Operand::Tensor(df / over) * self.scale.clone().square()).into_tensor();
        let mean = self.mean().mask_fill(undefined.clone(), 0.0);
        (square - mean.square()).mask_fill(infinite, f64::INFINITY).mask_fill(undefined, f64::NAN)
    }
}

impl<const D: usize> Entropy<D> for HalfStudentT<D> {
    /// That of [`StudentT`] less `ln 2`.
    fn entropy(&self) -> Tensor<D> {
        self.unfolded().entropy().sub_scalar(LN_2)
    }
}

impl<const D: usize> HalfStudentT<D> {
    /// The masses below and above the value: `I_w(½, ½ df)` at `w = z²/(df + z²)`, `z = x/scale`, where both `z` and `z²/df` are below
    /// 1, elsewhere twice the [`student_tail`], and the other what is left.
    ///
    /// Of the first the slope in `z` is the density, and that in `df` through the argument `−z/(2 df)` of it: as products of slopes
    /// they would be `∞ · 0` at 0.
    fn masses(&self, value: &Tensor<D>) -> [Tensor<D>; 2] {
        let infinite = value.clone().equal_elem(f64::INFINITY);
        let x = value.clone().mask_fill(infinite.clone(), 1.0).clamp_min(0.0);
        let z = (Operand::Tensor(x.clone()) / self.scale.clone()).into_tensor();
        let df = beside(&self.df, &z);
        let dims = (z.clone().without_autodiff() + df.clone().without_autodiff()).dims();
        let (z, df) = (spread(z, dims), spread(df, dims));
        let (held, held_df) = (detach(z.clone()), detach(df.clone()));
        let near = held.clone().lower_elem(1.0).bool_and(held.clone().lower(held_df.clone().sqrt()));
        let inner = held.clone().mask_fill(near.clone().bool_not(), 0.5);
        let share = (held_df.clone() / inner.square()).add_scalar(1.0).recip();
        let half = df.clone().mul_scalar(0.5);
        let below = special::beta_inc(half.full_like(0.5), half, share);
        let density = (Operand::Tensor(self.log_prob(&detach(x))) + self.scale.clone().ln()).detach().exp().into_tensor();
        let stretch = (df.clone() - held_df.clone()) * held.clone() / held_df.mul_scalar(2.0);
        let below = below + (z.clone() - held - stretch) * density;
        // Near 0 its logarithm would be infinite.
        let outer = z.mask_fill(near.clone(), 1.0);
        let above = student_tail(outer, df, &self.df).mul_scalar(2.0);
        let rest = |mass: Tensor<D>| mass.neg().add_scalar(1.0);
        let whole = |mass: Tensor<D>, at: f64| mass.mask_fill(spread(infinite.clone(), dims), at);
        [whole(rest(above.clone()).mask_where(near.clone(), below.clone()), 1.0), whole(above.mask_where(near, rest(below)), 0.0)]
    }
}

impl<const D: usize> Cdf<D> for HalfStudentT<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let [below, _] = self.masses(value);
        below
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let [_, above] = self.masses(value);
        above
    }
}
