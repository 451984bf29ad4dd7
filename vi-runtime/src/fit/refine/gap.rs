//! How much a refinement gains.

use std::fmt;
use std::rc::Rc;

use vi_graph::Key;

use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::Result;
use crate::noise::{Counts, HostNoise, NoiseSource};
use crate::objective::summed;
use crate::operand::Placement;
use crate::program::{NoiseProvider, ParamScope, Program, Run};
use crate::svi::ENUMERATION_LIMIT;

/// The amortisation gap (Cremer, Li and Duvenaud 2018) as far as a refinement closes it: how much larger the ELBO of the refined guide is,
/// in nats for all data together.
///
/// Both guides see the same noise, and each noise is used with both signs, so that what a wrong mean adds to a normal guide cancels in
/// each pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AmortisationGap {
    /// `refined − amortised`.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The ELBO of the guide as it was fitted.
    pub amortised: f64,
    /// The ELBO of the refined guide.
    pub refined: f64,
}

impl fmt::Display for AmortisationGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AmortisationGap { value, standard_error, amortised, refined } = self;
        write!(f, "amortisation gap {value:.4} ± {standard_error:.4}: ELBO {amortised:.4} as fitted, {refined:.4} refined")
    }
}

impl AmortisationGap {
    pub(super) fn between<M: Program, P: Program, Q: Program>(
        model: &M,
        amortised: (&P, ParamScope),
        refined: (&Q, ParamScope),
        placement: &Placement,
        (pairs, key): (usize, Key),
    ) -> Result<Self> {
        let mut terms = Vec::with_capacity(pairs);
        for pair in 0..pairs {
            let (mut before, mut after) = (0.0, 0.0);
            for provider in [plain(), mirrored()] {
                let run = Run::new(key.fold_in(pair as u64), placement.clone()).noise(provider);
                before += 0.5 * elbo(model, amortised.0, &run.clone().params(amortised.1.clone()))?;
                after += 0.5 * elbo(model, refined.0, &run.params(refined.1.clone()))?;
            }
            terms.push((before, after));
        }
        let n = terms.len() as f64;
        let mean = |f: fn(&(f64, f64)) -> f64| terms.iter().map(f).sum::<f64>() / n;
        let value = mean(|(before, after)| after - before);
        let variance = terms.iter().map(|(before, after)| (after - before - value).powi(2)).sum::<f64>() / (n - 1.0);
        Ok(AmortisationGap {
            value,
            standard_error: (variance / n).sqrt(),
            amortised: mean(|(before, _)| *before),
            refined: mean(|(_, after)| *after),
        })
    }
}

fn elbo<M: Program, P: Program>(model: &M, guide: &P, run: &Run) -> Result<f64> {
    let Some(elbo) = summed(model, guide, run, ENUMERATION_LIMIT, false)?.elbo() else { return Ok(0.0) };
    Ok(AnyTensor::from(elbo).to_f64()?.iter().sum())
}

fn plain() -> NoiseProvider {
    Rc::new(|key, placement| Box::new(HostNoise::new(key, placement.clone())))
}

fn mirrored() -> NoiseProvider {
    Rc::new(|key, placement| Box::new(Mirrored(HostNoise::new(key, placement.clone()))))
}

/// The same noise with the other sign, where it is symmetric.
struct Mirrored(HostNoise);

impl NoiseSource for Mirrored {
    fn normal(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        let noise = self.0.normal(shape)?;
        each_rank!(noise.rank(), D => Ok(noise.typed::<D, burn::tensor::Float>("normal noise")?.neg().into()))
    }
    fn uniform(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        let noise = self.0.uniform(shape)?;
        each_rank!(noise.rank(), D => Ok(noise.typed::<D, burn::tensor::Float>("uniform noise")?.neg().add_scalar(1.0).into()))
    }
    fn log_gamma(&mut self, concentration: AnyTensor) -> Result<AnyTensor> {
        self.0.log_gamma(concentration)
    }
    fn poisson(&mut self, rate: AnyTensor) -> Result<AnyTensor> {
        self.0.poisson(rate)
    }
    fn binomial(&mut self, total_count: AnyTensor, probs: AnyTensor) -> Result<AnyTensor> {
        self.0.binomial(total_count, probs)
    }
    fn counts(&mut self, family: Counts, parameters: Vec<AnyTensor>) -> Result<AnyTensor> {
        self.0.counts(family, parameters)
    }
    fn placement(&self) -> &Placement {
        self.0.placement()
    }
}
