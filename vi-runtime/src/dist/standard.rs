//! Families that are an increasing function of one standard variable: their distribution functions and draws follow from
//! those of the variable.
//!
//! Such a family has two methods: `standardise`, from a value to the standard variable, and `stretch`, its inverse.

use burn::tensor::Tensor;

use super::Side;
use super::density::{limits, logistic as sigmoid, minus_infinity, softplus};
use crate::error::Result;
use crate::noise::Noise;
use crate::special;

/// Implements the distribution functions of a family by its standard variable.
///
/// `up to` names the upper end of the support where `stretch` of an infinite variable would round it to a finite number; in
/// `also` are further methods of `Cdf`.
macro_rules! standardised {
    ($name:ident: $standard:ident $(, up to $upper:expr)? $(, also { $($more:tt)* })?) => {
        impl<const D: usize> $crate::dist::Cdf<D> for $name<D> {
            fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
                $crate::dist::standard::$standard::cdf(self.standardise(value))
            }

            fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
                $crate::dist::standard::$standard::survival(self.standardise(value))
            }

            fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
                $crate::dist::standard::$standard::log_cdf(self.standardise(value))
            }

            fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
                $crate::dist::standard::$standard::log_survival(self.standardise(value))
            }

            $($($more)*)?
        }

        impl<const D: usize> $crate::dist::InverseCdf<D> for $name<D> {
            fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
                let value = self.stretch($crate::dist::standard::$standard::icdf(p.clone()));
                $(
                    let certain = $crate::dist::density::spread(p.clone().equal_elem(1.0), value.dims());
                    let value = value.mask_fill(certain, $upper);
                )?
                value
            }

            fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
                let value = self.stretch($crate::dist::standard::$standard::inverse_survival(q.clone()));
                $(
                    let never = $crate::dist::density::spread(q.clone().equal_elem(0.0), value.dims());
                    let value = value.mask_fill(never, $upper);
                )?
                value
            }
        }
    };
}
pub(super) use standardised;

/// The methods `standardise` and `stretch` of a family with the fields `loc` and `scale`.
macro_rules! shift_and_stretch {
    () => {
        fn standardise(&self, value: &burn::tensor::Tensor<D>) -> burn::tensor::Tensor<D> {
            (($crate::operand::Operand::Tensor(value.clone()) - self.loc.clone()) / self.scale.clone()).into_tensor()
        }

        fn stretch(&self, standard: burn::tensor::Tensor<D>) -> burn::tensor::Tensor<D> {
            ($crate::operand::Operand::Tensor(standard) * self.scale.clone() + self.loc.clone()).into_tensor()
        }
    };
}
pub(super) use shift_and_stretch;

/// `ln(1 − e⁻ʰ)` for `h ≥ 0`; minus infinity without a gradient at 0.
pub(super) fn log_one_minus_exp<const D: usize>(h: Tensor<D>) -> Tensor<D> {
    let none = h.clone().lower_equal_elem(0.0);
    minus_infinity(special::log1mexp(h.mask_fill(none.clone(), 1.0)), none)
}

/// The variable of a symmetric distribution, growing towards this side.
pub(super) fn outwards<const D: usize>(side: Side, z: Tensor<D>) -> Tensor<D> {
    match side {
        Side::Above => z,
        Side::Below => z.neg(),
    }
}

/// Exponential with rate 1; `h` below 0 counts as 0.
pub(super) mod exponential {
    use super::*;

    /// `1 − e⁻ʰ`
    pub(in crate::dist) fn cdf<const D: usize>(h: Tensor<D>) -> Tensor<D> {
        special::expm1(h.clamp_min(0.0).neg()).neg()
    }

    pub(in crate::dist) fn survival<const D: usize>(h: Tensor<D>) -> Tensor<D> {
        h.clamp_min(0.0).neg().exp()
    }

    pub(in crate::dist) fn log_cdf<const D: usize>(h: Tensor<D>) -> Tensor<D> {
        log_one_minus_exp(h.clamp_min(0.0))
    }

    pub(in crate::dist) fn log_survival<const D: usize>(h: Tensor<D>) -> Tensor<D> {
        h.clamp_min(0.0).neg()
    }

    /// `−ln(1 − p)`
    pub(in crate::dist) fn icdf<const D: usize>(p: Tensor<D>) -> Tensor<D> {
        let negative = p.clone().lower_elem(0.0);
        special::log1p(p.neg()).neg().mask_fill(negative, f64::NAN)
    }

    /// `−ln q`
    pub(in crate::dist) fn inverse_survival<const D: usize>(q: Tensor<D>) -> Tensor<D> {
        let outside = q.clone().greater_elem(1.0);
        q.log().neg().mask_fill(outside, f64::NAN)
    }

    /// `−ln u` rather than `−ln(1 − u)`: floats resolve small `u` finely, and it makes the tail.
    pub(in crate::dist) fn draw<const D: usize>(noise: &mut Noise<'_>, shape: [usize; D]) -> Result<Tensor<D>> {
        Ok(noise.uniform(shape)?.log().neg())
    }
}

/// Minus the logarithm of an exponential variable.
pub(super) mod gumbel {
    use super::*;

    /// `e⁻ʸ`, cut off only where it would be infinite.
    fn hazard<const D: usize>(y: Tensor<D>) -> Tensor<D> {
        let (_, largest, _) = limits(y.dtype());
        y.clamp_min(-largest.ln()).neg().exp()
    }

    /// `exp(−e⁻ʸ)`
    pub(in crate::dist) fn cdf<const D: usize>(y: Tensor<D>) -> Tensor<D> {
        hazard(y).neg().exp()
    }

    pub(in crate::dist) fn survival<const D: usize>(y: Tensor<D>) -> Tensor<D> {
        special::expm1(hazard(y).neg()).neg()
    }

    pub(in crate::dist) fn log_cdf<const D: usize>(y: Tensor<D>) -> Tensor<D> {
        hazard(y).neg()
    }

    /// `ln(1 − exp(−e⁻ʸ))`, which is `−y` to the last bit where `e⁻ʸ` is below half an ulp.
    pub(in crate::dist) fn log_survival<const D: usize>(y: Tensor<D>) -> Tensor<D> {
        const LINEAR: f64 = 40.0;
        let linear = y.clone().greater_elem(LINEAR);
        let near = hazard(y.clone().mask_fill(linear.clone(), LINEAR));
        log_one_minus_exp(near).mask_where(linear, y.neg())
    }

    /// `−ln(−ln p)`
    pub(in crate::dist) fn icdf<const D: usize>(p: Tensor<D>) -> Tensor<D> {
        p.log().neg().log().neg()
    }

    /// `−ln(−ln(1 − q))`
    pub(in crate::dist) fn inverse_survival<const D: usize>(q: Tensor<D>) -> Tensor<D> {
        special::log1p(q.neg()).neg().log().neg()
    }

    /// `−ln(−ln(1 − u))`: floats resolve small `u` finely, and it makes the heavier tail.
    pub(crate) fn draw<const D: usize>(noise: &mut Noise<'_>, shape: [usize; D]) -> Result<Tensor<D>> {
        Ok(special::log1p(noise.uniform(shape)?.neg()).neg().log().neg())
    }
}

/// The log-odds of a uniform variable.
pub(super) mod logistic {
    use super::*;

    /// `1/(1 + e⁻ˡ)`
    pub(in crate::dist) fn cdf<const D: usize>(l: Tensor<D>) -> Tensor<D> {
        // Finite numbers below the range of the exponential give the smallest float, minus infinity nothing.
        let none = l.clone().equal_elem(f64::NEG_INFINITY);
        sigmoid(l).mask_fill(none, 0.0)
    }

    pub(in crate::dist) fn survival<const D: usize>(l: Tensor<D>) -> Tensor<D> {
        cdf(l.neg())
    }

    pub(in crate::dist) fn log_cdf<const D: usize>(l: Tensor<D>) -> Tensor<D> {
        softplus(l.neg()).neg()
    }

    pub(in crate::dist) fn log_survival<const D: usize>(l: Tensor<D>) -> Tensor<D> {
        softplus(l).neg()
    }

    /// `ln p − ln(1 − p)`
    pub(in crate::dist) fn icdf<const D: usize>(p: Tensor<D>) -> Tensor<D> {
        p.clone().log() - special::log1p(p.neg())
    }

    /// `ln(1 − q) − ln q`
    pub(in crate::dist) fn inverse_survival<const D: usize>(q: Tensor<D>) -> Tensor<D> {
        icdf(q).neg()
    }

    /// `ln P(x > l) − ln P(x > l + step)` for `step ≥ 0` and `l ≥ 0`, as which other `l` count: `step + ln(1 + s (e^−step − 1))`,
    /// `s = P(x > l)`.
    pub(in crate::dist) fn fall<const D: usize>(l: Tensor<D>, step: Tensor<D>) -> Tensor<D> {
        step.clone() + special::log1p(survival(l.clamp_min(0.0)) * special::expm1(step.neg()))
    }

    /// The `step` of which `fall` is the fall: `fall + ln(1 − s e^−fall) − ln(1 − s)`.
    pub(in crate::dist) fn step<const D: usize>(l: Tensor<D>, fall: Tensor<D>) -> Tensor<D> {
        let s = survival(l.clamp_min(0.0)).neg();
        fall.clone() + special::log1p(s.clone() * fall.neg().exp()) - special::log1p(s)
    }

    pub(in crate::dist) fn draw<const D: usize>(noise: &mut Noise<'_>, shape: [usize; D]) -> Result<Tensor<D>> {
        Ok(icdf(noise.uniform(shape)?))
    }
}

/// Normal with mean 0 and variance 1.
pub(super) mod normal {
    use super::*;

    /// `Φ(z)`
    pub(in crate::dist) fn cdf<const D: usize>(z: Tensor<D>) -> Tensor<D> {
        special::ndtr(z)
    }

    pub(in crate::dist) fn survival<const D: usize>(z: Tensor<D>) -> Tensor<D> {
        special::ndtr(z.neg())
    }

    pub(in crate::dist) fn log_cdf<const D: usize>(z: Tensor<D>) -> Tensor<D> {
        special::log_ndtr(z)
    }

    pub(in crate::dist) fn log_survival<const D: usize>(z: Tensor<D>) -> Tensor<D> {
        special::log_ndtr(z.neg())
    }

    pub(in crate::dist) fn icdf<const D: usize>(p: Tensor<D>) -> Tensor<D> {
        special::ndtri(p)
    }

    pub(in crate::dist) fn inverse_survival<const D: usize>(q: Tensor<D>) -> Tensor<D> {
        special::ndtri(q).neg()
    }
}
