//! The sites that a fit has summed out: draws, most probable values and probabilities given the guide's draws of the others.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Fit;
use crate::any_tensor::AnyTensor;
use crate::compile::{Decoded, Decoder, Refusal};
use crate::error::{Error, Result, list};
use crate::noise::{HostNoise, NoiseSource};
use crate::objective::enumerated::{JointValues, joint_values};
use crate::objective::pairing::Pair;
use crate::predictive::Draw;
use crate::program::arg::Fingerprint;
use crate::program::handler::{Handler, Substitute, condition};
use crate::program::{DrawsSource, Latents, Observations, ParamScope, Program, Run, SiteKind, Trace};
use vi_graph::Key;

/// How the enumerated sites of a model are given values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// Drawn from their joint posterior given all other sites.
    Sample,
    /// The most probable joint value given all other sites, for a chain of states that of Viterbi's algorithm; one of them where
    /// several are equally probable.
    Map,
}

impl<M: Program, P: Program> Fit<M, P> {
    /// The draws of [`posterior`](Fit::posterior) with values for the sites that the model enumerates.
    ///
    /// Given a draw of the guide the posterior of these sites is known exactly, whatever the guide; its factorisation is that of the
    /// model (variable elimination forwards, choices backwards). A site that the guide enumerates is drawn from the guide. A unit
    /// that is masked has all values with equal probability. Deterministic sites are computed from the values.
    ///
    /// ```
    /// use vi_runtime::prelude::*;
    ///
    /// #[model]
    /// fn coin(y: f64) {
    ///     let p = sample!("p", Beta::new(2.0, 2.0));
    ///     let k = sample!("k", Bernoulli::new(&p), strategy = Enumerate);
    ///     observe!("y", Normal::new(k.float(), 0.5), y);
    /// }
    ///
    /// # fn main() -> Result<()> {
    /// let fit = Svi::new(&coin(0.9), AutoNormal::new()).steps(200).run()?;
    /// let draws = fit.infer_discrete(Decode::Sample, 100)?;
    /// let k: Tensor<2, Int> = draws.k.int()?; // [draw, 1]
    /// # assert_eq!(k.dims(), [100, 1]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the model enumerates no site; [`Error::Config`] for 0 draws; those of a run of model or guide, and of
    /// a sum that is too large.
    pub fn infer_discrete(&self, decode: Decode, draws: usize) -> Result<M::Latents> {
        M::Latents::collect(&mut self.discrete_draws(decode, draws)?)
    }

    /// As [`infer_discrete`](Self::infer_discrete), by site name.
    ///
    /// # Errors
    /// As [`infer_discrete`](Self::infer_discrete).
    pub fn discrete_draws(&self, decode: Decode, draws: usize) -> Result<DrawsSource> {
        let wanted = match decode {
            Decode::Sample => Decoded::Draw,
            Decode::Map => Decoded::Mode,
        };
        let mut source = DrawsSource::default();
        self.decode(wanted, draws, |run, guide, found, is_first| {
            let found: BTreeMap<String, AnyTensor> = found.into_iter().collect();
            let handlers: Vec<Box<dyn Handler>> = vec![Box::new(Pair { guide, thorough: is_first }), Box::new(Substitute::new(found))];
            let run = run.density(false).observations(Observations::SimulateMissing);
            let (_, trace) = Run { key: run.key.site("model"), ..run }.trace_with(&self.prepared.model, handlers)?;
            source.push(trace.sites().filter(|site| Draw::Posterior.keeps(site.kind)));
            Ok(())
        })?;
        Ok(source)
    }

    /// The probability of each value of each enumerated site given the guide's draws of the other sites: responsibilities of a mixture,
    /// smoothed probabilities of a chain.
    ///
    /// A field for each enumerated site, `[draw, .., value]` with the site's dimensions between, `[draw, member, .., value]` for a family;
    /// the values are those of the support in ascending order. The mean over the draws is the probability under the fit. The draws are
    /// those of [`posterior`](Fit::posterior).
    ///
    /// # Errors
    /// As [`infer_discrete`](Self::infer_discrete).
    pub fn marginals(&self, draws: usize) -> Result<M::Latents> {
        M::Latents::collect(&mut self.marginal_draws(draws)?)
    }

    /// As [`marginals`](Self::marginals), by site name.
    ///
    /// # Errors
    /// As [`infer_discrete`](Self::infer_discrete).
    pub fn marginal_draws(&self, draws: usize) -> Result<DrawsSource> {
        let mut source = DrawsSource::default();
        self.decode(Decoded::Marginals, draws, |_, _, found, _| {
            source.push_values(found.iter().map(|(name, table)| (name.as_str(), table.clone())));
            Ok(())
        })?;
        Ok(source)
    }

    /// Shows `each` the run of the model, the guide's trace and what was asked of each enumerated site, draw by draw.
    fn decode(
        &self,
        wanted: Decoded,
        draws: usize,
        mut each: impl FnMut(Run, Rc<Trace>, Vec<(String, AnyTensor)>, bool) -> Result<()>,
    ) -> Result<()> {
        if draws == 0 {
            return Err(Error::Config { setting: "draws".into(), problem: "0; ask for at least one".into() });
        }
        // The key, and so the guide's draws, of `posterior`.
        let key = self.key("posterior");
        let scope = ParamScope::plain(self.params()?);
        let mut decoding = Decoding { key: None, decoder: None };
        for draw in 0..draws {
            let run = Run::new(key.fold_in(draw as u64), self.prepared.placement.clone()).plate_key(key).params(scope.clone());
            let (_, guide) = run.clone().density(false).of_guide().trace(&self.prepared.guide)?;
            let run = run.called("the model");
            let found = self.decoded(&mut decoding, &run, key, &guide, wanted)?;
            if found.is_empty() {
                return Err(Error::Unsupported {
                    what: "values of enumerated sites".into(),
                    problem: "the model enumerates none; mark one with `sample!(.., strategy = Enumerate)`, or by `handler::enumerate`"
                        .into(),
                });
            }
            each(run, Rc::new(guide), found, draw == 0)?;
        }
        Ok(())
    }

    fn decoded(&self, decoding: &mut Decoding, run: &Run, plates: Key, guide: &Trace, wanted: Decoded) -> Result<Vec<(String, AnyTensor)>> {
        let prepared = &self.prepared;
        let given = guide.sites().filter(|site| site.kind == SiteKind::Latent);
        let given = given.filter_map(|site| Some((site.name.clone(), site.value.clone()?)));
        let model = condition(prepared.model.map_tensors(&mut |tensor| tensor), given);
        let params = self.params()?;
        let mut shape = Fingerprint::default();
        model.fingerprint(&mut shape);
        if decoding.key.as_ref() != Some(&shape) {
            // A handler that may do something else in each run is run each time.
            let recorded = shape.unknown().is_none();
            let new = || Decoder::new(&model, &prepared.placement, &params, (prepared.limit, wanted));
            decoding.decoder = recorded.then(new);
            decoding.key = Some(shape);
        }
        let refusal = match &decoding.decoder {
            Some(Ok(decoder)) => return decoder.run(&model, &prepared.placement, &params, (run.key, plates)),
            Some(Err(refusal)) => Some(refusal),
            None => None,
        };
        match (joint_values(&model, run, prepared.limit), refusal) {
            (Err(Error::Enumeration { sites, cost, .. }), Some(refusal)) => Err(Error::Unsupported {
                what: format!("values of the enumerated sites {sites}"),
                problem: format!("{refusal}; without taking the sum apart it is {cost}"),
            }),
            (joint, _) => at_once(&joint?, run, wanted),
        }
    }
}

/// The graph that decodes, for arguments and draws of one shape; the refusal where there is none, nothing where it was not tried.
struct Decoding {
    key: Option<Fingerprint>,
    decoder: Option<Result<Decoder, Refusal>>,
}

/// What was asked for, from the density of every joint value.
fn at_once(joint: &JointValues, run: &Run, wanted: Decoded) -> Result<Vec<(String, AnyTensor)>> {
    let JointValues { sites, values, log_joint } = joint;
    let most = log_joint.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() || log_joint.iter().any(|log_joint| log_joint.is_nan()) {
        return Err(Error::Unsupported {
            what: format!("values of the enumerated sites {}", list(sites.iter().map(|site| &site.name))),
            problem: format!("the log joint density is {most} at the most probable of them, or NaN at one"),
        });
    }
    let weights: Vec<f64> = log_joint.iter().map(|log_joint| (log_joint - most).exp()).collect();
    let total: f64 = weights.iter().sum();
    let chosen = match wanted {
        Decoded::Marginals => None,
        Decoded::Mode => log_joint.iter().position(|log_joint| *log_joint == most),
        Decoded::Draw => {
            let uniform = HostNoise::new(run.key.site("enumerated sites"), run.placement.clone()).uniform(&[1])?.to_f64()?;
            let mut rest = uniform.first().copied().unwrap_or_default() * total;
            let passed = weights.iter().position(|weight| {
                rest -= weight;
                rest < 0.0
            });
            passed.or_else(|| weights.iter().rposition(|weight| *weight > 0.0))
        }
    };
    let mut first = 0;
    let found = sites.iter().map(|site| {
        let range = first..first + site.elements();
        first = range.end;
        let value = match chosen {
            Some(chosen) => AnyTensor::from_i64(values[chosen][range].to_vec(), &site.shape, &run.placement.device),
            None => {
                let mut tables = vec![0.0; site.elements() * site.values];
                for (joint, weight) in values.iter().zip(&weights) {
                    for (element, value) in joint[range.clone()].iter().enumerate() {
                        tables[element * site.values + (value - site.first) as usize] += weight / total;
                    }
                }
                AnyTensor::from_f64(tables, &[&site.shape[..], &[site.values]].concat(), &run.placement.device, run.placement.dtype)
            }
        };
        (site.name.clone(), value)
    });
    Ok(found.collect())
}
