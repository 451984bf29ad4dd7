//! Host samplers for what cannot be written as a fixed transform of normal or uniform noise.
//!
//! The parameters are read back to the host, so these draws happen outside any captured graph.

mod counts;

use burn::tensor::{DType, Float, FloatDType};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Distribution as _, Poisson};
use vi_graph::gamma::{gamma_log_derivative, log_gamma_draw};

use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::{Error, Result};
use crate::operand::Placement;

pub(crate) use counts::counts;

/// `ln g` for `g ~ Gamma(concentration, 1)`, one draw an element, differentiable in the concentration.
///
/// On the same device in the same type as the concentration, and tracked where it is tracked: the draw is
/// `ln g + (a − detach(a)) · d ln g/da` with the two factors that do not hold `a` as constants, see
/// [`gamma_log_derivative`]. NaN where the concentration is not positive and finite.
///
/// # Errors
/// [`Error::Read`] where the device cannot be read.
pub(crate) fn log_gamma(rng: &mut ChaCha8Rng, concentration: AnyTensor, _to: &Placement) -> Result<AnyTensor> {
    let concentrations = concentration.to_f64()?;
    let draws: Vec<f64> = concentrations.iter().map(|&a| log_gamma_draw(rng, a)).collect();
    let device = concentration.device();
    let shape = concentration.shape();
    each_rank!(concentration.rank(), D => {
        let a = concentration.typed::<D, Float>("the concentration of a gamma draw")?;
        let dtype = FloatDType::from(a.dtype());
        let constant = |values: Vec<f64>| AnyTensor::from_f64(values, &shape, &device, dtype).typed::<D, Float>("gamma noise");
        if !a.is_autodiff() {
            return Ok(constant(draws)?.into());
        }
        // Finite, so that the product with a − a = 0 stays 0.
        let largest = if a.dtype() == DType::F64 { f64::MAX } else { f64::from(f32::MAX) };
        let derivatives = concentrations.iter().zip(&draws).map(|(&a, &ln_g)| gamma_log_derivative(a, ln_g).clamp(-largest, largest));
        let derivatives = constant(derivatives.collect())?;
        let change = a.clone() - a.detach();
        Ok((change * derivatives + constant(draws)?).into())
    })
}

/// Poisson counts, one an element of `rate`; 0 where the rate is 0.
///
/// # Errors
/// [`Error::Unsupported`] where a rate is negative, NaN or above 2⁵³; [`Error::Read`] where the device cannot be read.
pub(crate) fn poisson(rng: &mut ChaCha8Rng, rate: AnyTensor, _to: &Placement) -> Result<AnyTensor> {
    let counts = rate.to_f64()?.into_iter().map(|rate| poisson_draw(rng, rate)).collect::<Result<_>>()?;
    Ok(AnyTensor::from_i64(counts, &rate.shape(), &rate.device()))
}

fn poisson_draw(rng: &mut ChaCha8Rng, rate: f64) -> Result<i64> {
    if rate == 0.0 {
        return Ok(0);
    }
    let refuse = || refused("Poisson", "the rate", "a number from 0 to 2^53", rate);
    if !(rate > 0.0 && rate <= LARGEST_COUNT) {
        return Err(refuse());
    }
    let poisson = Poisson::new(rate).map_err(|_| refuse())?;
    Ok(poisson.sample(rng) as i64)
}

/// Binomial counts, one an element of `total_count` and `probs`, which have one shape.
///
/// # Errors
/// [`Error::Unsupported`] where a count is not an integer from 0 to 2⁵³, a probability is outside `[0, 1]` or NaN, or the
/// shapes differ; [`Error::Read`] where the device cannot be read.
pub(crate) fn binomial(rng: &mut ChaCha8Rng, total_count: AnyTensor, probs: AnyTensor, _to: &Placement) -> Result<AnyTensor> {
    let shape = probs.shape();
    if total_count.shape() != shape {
        return Err(Error::Unsupported {
            what: "drawing from Binomial".into(),
            problem: format!("total_count has shape {:?}, but probs has shape {shape:?}", total_count.shape()),
        });
    }
    let pairs = total_count.to_f64()?.into_iter().zip(probs.to_f64()?);
    let counts = pairs.map(|(n, p)| binomial_draw(rng, n, p)).collect::<Result<_>>()?;
    Ok(AnyTensor::from_i64(counts, &shape, &probs.device()))
}

fn binomial_draw(rng: &mut ChaCha8Rng, n: f64, p: f64) -> Result<i64> {
    if !((0.0..=LARGEST_COUNT).contains(&n) && n == n.trunc()) {
        return Err(refused("Binomial", "the total count", "an integer from 0 to 2^53", n));
    }
    let refuse = || refused("Binomial", "the probability", "a number from 0 to 1", p);
    if !(0.0..=1.0).contains(&p) {
        return Err(refuse());
    }
    let binomial = Binomial::new(n as u64, p).map_err(|_| refuse())?;
    Ok(binomial.sample(rng) as i64)
}

/// The largest count up to which `f64` holds every integer, 2⁵³.
const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

fn refused(distribution: &str, parameter: &str, wanted: &str, found: f64) -> Error {
    Error::Unsupported { what: format!("drawing from {distribution}"), problem: format!("{parameter} must be {wanted}, but is {found}") }
}

#[cfg(all(test, feature = "flex"))]
mod tests;
