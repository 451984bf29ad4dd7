//! What a fit of an automatic guide knows besides its draws: quantiles, and the density of given values.

use std::collections::BTreeMap;

use super::{Fit, quantile};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::error::{Error, Result, list};
use crate::guide::{AutoProgram, Auxiliary, Gaussian, LatentSite};
use crate::program::handler::Substitute;
use crate::program::{DrawsSource, ParamScope, Program, Run, SiteKind};
use crate::special::scalar::ndtri;

/// How many draws quantiles without a formula are made of.
const DRAWS: usize = 10_000;

impl<M: Program, P: Program> Fit<M, P> {
    /// Draws from the guide with `log q` of each, in nats and summed in double precision: what importance weights are made of.
    ///
    /// # Errors
    /// [`Error::Config`] for 0 draws; those of a run of the guide.
    pub fn scored_draws(&self, draws: usize) -> Result<(DrawsSource, Vec<f64>)> {
        if draws == 0 {
            return Err(Error::Config { setting: "draws".into(), problem: "0; ask for at least one".into() });
        }
        let (key, scope) = (self.key("scored draws"), ParamScope::plain(self.params()?));
        let mut source = DrawsSource::default();
        let mut densities = Vec::with_capacity(draws);
        for draw in 0..draws {
            let run = Run::new(key.fold_in(draw as u64), self.prepared.placement.clone()).plate_key(key).params(scope.clone());
            let (_, trace) = run.of_guide().trace(&self.prepared.guide)?;
            source.push(trace.sites().filter(|site| site.kind == SiteKind::Latent));
            densities.push(trace.log_prob_in_double()?);
        }
        Ok((source, densities))
    }
}

impl<M: Program, P: AutoProgram> Fit<M, P> {
    /// Quantiles of each element of each latent site, by site: `[quantile, …]`, the site's dimensions last.
    ///
    /// Exact where the guide is normal in unconstrained space and the site's support maps element by element; else those of
    /// 10 000 draws (interpolated between order statistics), whose standard error is `√(p (1 − p)/10 000)` of probability.
    ///
    /// # Errors
    /// [`Error::Config`] for a probability outside `(0, 1)`; those of a run of model or guide.
    pub fn quantiles(&self, probabilities: &[f64]) -> Result<BTreeMap<String, AnyTensor>> {
        if let Some(bad) = probabilities.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
            return Err(Error::Config { setting: "quantiles".into(), problem: format!("{bad} is not between 0 and 1") });
        }
        if probabilities.is_empty() {
            return Err(Error::Config { setting: "quantiles".into(), problem: "no probability is given".into() });
        }
        let gaussian = self.gaussian()?;
        let mut sampled = None;
        let sites = self.prepared.guide.layout().sites().iter();
        let found = sites.map(|site| {
            let exact = match &gaussian {
                Some(gaussian) => self.exact(site, gaussian, probabilities)?,
                None => None,
            };
            let values = match exact {
                Some(values) => values,
                None => {
                    if sampled.is_none() {
                        sampled = Some(self.draws(DRAWS)?);
                    }
                    match &sampled {
                        Some(draws) => sample_quantiles(&draws.get(&site.name)?.to_f64()?.0, site.shape.iter().product(), probabilities),
                        None => Vec::new(),
                    }
                }
            };
            let placement = &self.prepared.placement;
            let shape = [&[probabilities.len()], site.shape.as_slice()].concat();
            Ok((site.name.clone(), AnyTensor::from_f64(values, &shape, &placement.device, placement.dtype)))
        });
        found.collect()
    }

    /// The median of each element of each latent site, by site; see [`quantiles`](Self::quantiles).
    ///
    /// # Errors
    /// Those of a run of model or guide.
    pub fn median(&self) -> Result<BTreeMap<String, AnyTensor>> {
        let sites = self.prepared.guide.layout().sites();
        let mut medians = self.quantiles(&[0.5])?;
        for site in sites {
            if let Some(median) = medians.get_mut(&site.name) {
                *median = median.reshaped(&site.shape);
            }
        }
        Ok(medians)
    }

    /// Mean and covariance of the unconstrained vector of all latent sites, where the guide is normal there.
    ///
    /// # Errors
    /// Where the parameters cannot be read.
    pub fn gaussian(&self) -> Result<Option<Gaussian>> {
        self.prepared.guide.gaussian(&self.params()?.borrow())
    }

    fn exact(&self, site: &LatentSite, gaussian: &Gaussian, probabilities: &[f64]) -> Result<Option<Vec<f64>>> {
        if site.support.is_structured() {
            return Ok(None);
        }
        let sd = gaussian.sd();
        let elements = site.offset..site.offset + site.len();
        let placement = &self.prepared.placement;
        let mut all = Vec::new();
        for p in probabilities {
            let values = each_rank!(site.unconstrained.len(), D => {
                let bijector = biject_to::<D>(&site.support)?;
                let Some(decreasing) = bijector.is_decreasing() else { return Ok(None) };
                let normal = if decreasing { -ndtri(*p) } else { ndtri(*p) };
                let z = elements.clone().map(|i| gaussian.loc[i] + sd[i] * normal).collect();
                let z = AnyTensor::from_f64(z, &site.unconstrained, &placement.device, placement.dtype);
                AnyTensor::from(bijector.forward(z.typed(&site.name)?)).to_f64()?
            });
            all.extend(values);
        }
        Ok(Some(all))
    }

    /// `log q` at given constrained values of all latent sites, in nats, summed in double precision.
    ///
    /// # Errors
    /// [`Error::Unknown`] where a name is no latent site or a latent site has no value; [`Error::Shape`];
    /// [`Error::Unsupported`] where a site stands in a subsampled plate.
    pub fn log_density<N: Into<String>, T: Into<AnyTensor>>(&self, values: impl IntoIterator<Item = (N, T)>) -> Result<f64> {
        let placement = &self.prepared.placement;
        let mut given: BTreeMap<String, AnyTensor> =
            values.into_iter().map(|(name, value)| (name.into(), value.into().matching(placement))).collect();
        let layout = self.prepared.guide.layout().clone().refuse_local("the density of given values")?;
        let sites = layout.sites();
        if let Some(name) = given.keys().find(|name| sites.iter().all(|site| site.name != **name)) {
            let available = list(sites.iter().map(|site| &site.name));
            return Err(Error::Unknown { what: "latent site", name: name.clone(), available });
        }
        let mut unconstrained = Vec::new();
        for site in sites {
            let Some(value) = given.get(&site.name) else {
                return Err(Error::Unknown { what: "given value", name: site.name.clone(), available: list(given.keys()) });
            };
            if value.shape() != site.shape {
                return Err(Error::Shape {
                    site: site.name.clone(),
                    left_what: "the given value".into(),
                    left: value.shape(),
                    right_what: "the guide's draw".into(),
                    right: site.shape.clone(),
                    hint: String::new(),
                });
            }
            unconstrained.extend(site.unconstrain(value.to_f64()?, placement)?);
        }
        for Auxiliary { site, values, latents } in self.prepared.guide.auxiliary(&unconstrained) {
            latents.iter().for_each(|latent| drop(given.remove(latent)));
            let shape = [values.len()];
            given.insert(site, AnyTensor::from_f64(values, &shape, &placement.device, placement.dtype));
        }
        let scope = ParamScope::plain(self.params()?);
        let run = Run::new(self.key("density"), placement.clone()).params(scope).of_guide();
        let (_, trace) = run.trace_with(&self.prepared.guide, vec![Box::new(Substitute::new(given))])?;
        trace.log_prob_in_double()
    }
}

/// Quantile by quantile, the elements of each in a row.
fn sample_quantiles(draws: &[f64], elements: usize, probabilities: &[f64]) -> Vec<f64> {
    let columns: Vec<Vec<f64>> = (0..elements)
        .map(|element| {
            let mut column: Vec<f64> = draws.iter().skip(element).step_by(elements).copied().collect();
            column.sort_by(f64::total_cmp);
            column
        })
        .collect();
    probabilities.iter().flat_map(|p| columns.iter().map(|column| quantile(column, *p)).collect::<Vec<_>>()).collect()
}
