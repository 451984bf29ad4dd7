//! Counts with several parameters, or of a law that the uniform and gamma numbers do not reach.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Zeta};

use super::{LARGEST_COUNT, binomial_draw, refused};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::noise::Counts;

/// One draw an element of the last parameter, or one vector for multinomial counts.
///
/// # Errors
/// [`Error::Unsupported`] where a parameter is outside its range or the shapes do not fit; [`Error::Read`] where the device
/// cannot be read.
pub(crate) fn counts(rng: &mut ChaCha8Rng, family: Counts, parameters: &[AnyTensor]) -> Result<AnyTensor> {
    let misfit = || Error::Unsupported {
        what: format!("drawing from {family:?}"),
        problem: format!("parameters of the shapes {:?}", parameters.iter().map(AnyTensor::shape).collect::<Vec<_>>()),
    };
    let like = parameters.last().ok_or_else(misfit)?;
    let numbers = parameters.iter().map(AnyTensor::to_f64).collect::<Result<Vec<_>>>()?;
    let draws: Vec<i64> = match (family, &numbers[..]) {
        (Counts::Zipf, [power]) => power.iter().map(|&power| zipf_draw(rng, power)).collect::<Result<_>>()?,
        (Counts::Multinomial, [totals, probs]) if probs.len().is_multiple_of(totals.len().max(1)) => {
            let mut draws = Vec::with_capacity(probs.len());
            for (&n, probs) in totals.iter().zip(probs.chunks((probs.len() / totals.len().max(1)).max(1))) {
                multinomial_draw(rng, n, probs, &mut draws)?;
            }
            draws
        }
        (Counts::Hypergeometric, [population, successes, draws]) if population.len() == draws.len() && successes.len() == draws.len() => {
            let mut table: Option<HypergeometricTable> = None;
            let triples =
                population.iter().zip(successes).zip(draws).map(|((&population, &successes), &draws)| [population, successes, draws]);
            triples
                .map(|parameters| {
                    let known = table.take().filter(|table| table.parameters == parameters);
                    let known = known.map_or_else(|| HypergeometricTable::new(parameters), Ok)?;
                    Ok(table.insert(known).draw(rng))
                })
                .collect::<Result<_>>()?
        }
        _ => return Err(misfit()),
    };
    Ok(AnyTensor::from_i64(draws, &like.shape(), &like.device()))
}

/// A power near 1 makes ranks of any size; the largest that every device holds stands for those above it.
fn zipf_draw(rng: &mut ChaCha8Rng, power: f64) -> Result<i64> {
    let zeta = Zeta::new(power).map_err(|_| refused("Zipf", "the power", "a number above 1", power))?;
    Ok(zeta.sample(rng).min(f64::from(i32::MAX)) as i64)
}

/// Each count given those before it is binomial.
fn multinomial_draw(rng: &mut ChaCha8Rng, n: f64, probs: &[f64], draws: &mut Vec<i64>) -> Result<()> {
    // Sums from behind: what is left over is the sum of what is still to come, not 1 less what was.
    let mut rest: Vec<f64> = probs
        .iter()
        .rev()
        .scan(0.0, |sum, &p| {
            *sum += p;
            Some(*sum)
        })
        .collect();
    rest.reverse();
    if let Some(&bad) = rest.first().filter(|total| !(**total > 0.0 && total.is_finite())) {
        return Err(refused("Multinomial", "the sum of the probabilities", "a positive number", bad));
    }
    let mut left = n;
    for (k, (&p, &rest)) in probs.iter().zip(&rest).enumerate() {
        let count = match p {
            _ if k + 1 == probs.len() => left as i64,
            _ if rest == 0.0 => 0,
            p => binomial_draw(rng, left, (p / rest).min(1.0))?,
        };
        left -= count as f64;
        draws.push(count);
    }
    Ok(())
}

/// The distribution function of one hypergeometric distribution, up to a factor, where its mass is not negligible.
///
/// Built outwards from the mode by the ratio of neighbouring masses, so that neither large populations nor extreme shares
/// overflow. Its size is about 18 standard deviations.
struct HypergeometricTable {
    parameters: [f64; 3],
    lowest: f64,
    cumulative: Vec<f64>,
}

impl HypergeometricTable {
    fn new(parameters: [f64; 3]) -> Result<Self> {
        let [population, successes, draws] = parameters;
        for (name, x) in [("the population", population), ("the number of successes", successes), ("the number of draws", draws)] {
            let most = if name == "the population" { LARGEST_COUNT } else { population };
            if !((0.0..=most).contains(&x) && x == x.trunc()) {
                return Err(refused("Hypergeometric", name, "an integer from 0 to the population, at most 2^53", x));
            }
        }
        /// Masses below this share of the largest do not change the sum in double precision.
        const NEGLIGIBLE: f64 = 1e-19;
        let failures = population - successes;
        let (least, most) = ((draws - failures).max(0.0), draws.min(successes));
        let mode = (((draws + 1.0) / (population + 2.0)) * (successes + 1.0)).floor().clamp(least, most);
        // p(x + 1)/p(x)
        let ratio = |x: f64| (successes - x) / (x + 1.0) * ((draws - x) / (failures - draws + x + 1.0));
        let mut masses = Vec::new();
        let (mut lowest, mut mass) = (mode, 1.0);
        while lowest > least && mass > NEGLIGIBLE {
            lowest -= 1.0;
            mass /= ratio(lowest);
            masses.push(mass);
        }
        masses.reverse();
        let (mut highest, mut mass) = (mode, 1.0);
        masses.push(mass);
        while highest < most && mass > NEGLIGIBLE {
            mass *= ratio(highest);
            highest += 1.0;
            masses.push(mass);
        }
        let cumulative = masses
            .into_iter()
            .scan(0.0, |sum, mass| {
                *sum += mass;
                Some(*sum)
            })
            .collect();
        Ok(HypergeometricTable { parameters, lowest, cumulative })
    }

    fn draw(&self, rng: &mut ChaCha8Rng) -> i64 {
        let total = self.cumulative.last().copied().unwrap_or(1.0);
        let u = rng.random::<f64>() * total;
        let place = self.cumulative.partition_point(|&sum| sum <= u).min(self.cumulative.len() - 1);
        self.lowest as i64 + place as i64
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests;
