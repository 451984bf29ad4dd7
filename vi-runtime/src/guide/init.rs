//! Where automatic guides start.

use std::collections::BTreeMap;

use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::layout::LatentSite;
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::error::{Error, Result, list};
use crate::operand::Placement;
use crate::program::handler::Substitute;
use crate::program::{Program, Run, Trace};

/// Where an automatic guide places its centre before the first step.
///
/// A random start ([`sample`](Init::Sample), [`uniform`](Init::Uniform)) is drawn again, up to 100 times, until the log joint
/// of the model is finite there.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// 0 in unconstrained space: a legal value, whatever the prior.
    Feasible,
    /// The median of 15 draws from the prior, taken element by element in unconstrained space.
    Median,
    /// The mean of 1 000 draws from the prior, and [`Median`](Init::Median) for a site whose support does not hold it. A prior
    /// without a mean has one of no meaning here.
    Mean,
    /// One draw from the prior.
    Sample,
    /// Uniform on `(−radius, radius)` in unconstrained space; Stan and NumPyro take 2.
    Uniform(f64),
    /// The centre and the spread of the best normal approximation that ways to the mode give (Pathfinder, and Laplace's at the best
    /// mode), improved by natural gradients where it has at most 128 elements: the guide's parameters then live in these coordinates, as with a [`Start`](super::Start).
    ///
    /// A mixture begins at several modes. At the median begin: a guide that takes no [`Start`](super::Start); a site of a plate with
    /// units; and a model for which none is found, because its log density cannot be compiled, or it has parameters of its own, or more than
    /// 1 024 elements.
    #[default]
    Pathfinder,
    /// Constrained values by site, row-major; sites that are not named start at their median.
    Values(BTreeMap<String, Vec<f64>>),
}

impl Init {
    /// [`Init::Values`] from pairs of site and row-major elements.
    pub fn values<N: Into<String>, V: Into<Vec<f64>>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        Init::Values(values.into_iter().map(|(name, values)| (name.into(), values.into())).collect())
    }
}

/// How many draws the median and the mean are made of.
const MEDIAN_DRAWS: u64 = 15;
const MEAN_DRAWS: u64 = 1_000;
/// How often a random start is drawn.
const ATTEMPTS: u64 = 100;

/// Runs the model on draws from its prior.
pub(super) struct Prior<'a, M> {
    pub(super) model: &'a M,
    pub(super) placement: &'a Placement,
    pub(super) key: Key,
}

impl<M: Program> Prior<'_, M> {
    fn run(&self, draw: u64) -> Run {
        Run::new(self.key.site("automatic guide").fold_in(draw), self.placement.clone()).begin(true).called("the model")
    }

    /// Draw number `draw`; that of number 0 is validated.
    pub(super) fn draw(&self, draw: u64) -> Result<Trace> {
        Ok(self.run(draw).density(false).validate(draw == 0).trace(self.model)?.1)
    }

    /// Sets where each site starts.
    ///
    /// # Errors
    /// [`Error::Unknown`] and [`Error::Shape`] for given values, [`Error::Config`] for a radius that is not positive and
    /// where no random start has a finite log joint.
    pub(super) fn start(&self, sites: &mut [LatentSite], init: &Init) -> Result<()> {
        match init {
            Init::Feasible => Ok(()),
            Init::Median | Init::Pathfinder => self.median(sites),
            Init::Mean => {
                self.median(sites)?;
                self.mean(sites)
            }
            Init::Sample => self.until_finite(sites, |attempt, sites| {
                let trace = self.draw(1 + attempt)?;
                sites.iter_mut().try_for_each(|site| {
                    if let Some(values) = site.read(&trace)? {
                        site.start = site.unconstrain(values, self.placement)?;
                    }
                    Ok(())
                })
            }),
            Init::Uniform(radius) if !(*radius > 0.0 && radius.is_finite()) => Err(Error::Config {
                setting: "init".into(),
                problem: format!("the radius of a uniform start is {radius}; it must be positive"),
            }),
            Init::Uniform(radius) => self.until_finite(sites, |attempt, sites| {
                for site in sites {
                    fill_f64(NoiseKind::Uniform, self.key.site(&site.name).fold_in(attempt), &mut site.start);
                    site.start.iter_mut().for_each(|u| *u = (2.0 * *u - 1.0) * radius);
                }
                Ok(())
            }),
            Init::Values(values) => {
                self.median(sites)?;
                self.given(sites, values)
            }
        }
    }

    /// Element by element over the units of a subsampled plate: a draw does not hold all of them.
    fn columns(&self, site: &LatentSite, traces: &[Trace], constrained: bool) -> Result<Vec<Vec<f64>>> {
        let mut rows = Vec::new();
        for trace in traces {
            if let Some(values) = site.read(trace)? {
                rows.push(if constrained { values } else { site.unconstrain(values, self.placement)? });
            }
        }
        let size = rows.first().map_or(0, Vec::len);
        rows.retain(|row| row.len() == size);
        Ok((0..size).map(|i| rows.iter().map(|row| row[i]).collect()).collect())
    }

    fn traces(&self, draws: u64) -> Result<Vec<Trace>> {
        (0..draws).map(|draw| self.draw(draw)).collect()
    }

    fn median(&self, sites: &mut [LatentSite]) -> Result<()> {
        let traces = self.traces(MEDIAN_DRAWS)?;
        for site in sites {
            site.start = self.columns(site, &traces, false)?.into_iter().map(median).collect();
        }
        Ok(())
    }

    fn mean(&self, sites: &mut [LatentSite]) -> Result<()> {
        let traces = self.traces(MEAN_DRAWS)?;
        for site in sites {
            let columns = self.columns(site, &traces, true)?;
            let mean: Vec<f64> = columns.into_iter().map(|column| column.iter().sum::<f64>() / column.len() as f64).collect();
            let legal = mean.iter().all(|x| x.is_finite() && site.support.holds_inside(*x));
            if legal && site.support.fault(&mean, &site.shape, |_| true).is_none() {
                site.start = site.unconstrain(mean, self.placement)?;
            }
        }
        Ok(())
    }

    fn given(&self, sites: &mut [LatentSite], values: &BTreeMap<String, Vec<f64>>) -> Result<()> {
        let names = || list(sites.iter().map(|site| &site.name));
        if let Some(name) = values.keys().find(|name| sites.iter().all(|site| site.name != **name)) {
            return Err(Error::Unknown { what: "latent site", name: name.clone(), available: names() });
        }
        for site in sites {
            let Some(given) = values.get(&site.name) else { continue };
            let len = site.shape.iter().product::<usize>();
            if given.len() != len {
                return Err(Error::Shape {
                    site: site.name.clone(),
                    left_what: "the initial value".into(),
                    left: vec![given.len()],
                    right_what: "the model's site".into(),
                    right: site.shape.clone(),
                    hint: "; it is given row by row".into(),
                });
            }
            let bad = given.iter().find(|x| !x.is_finite() || !site.support.holds_inside(**x)).map(f64::to_string);
            if let Some(found) = bad.or_else(|| site.support.fault(given, &site.shape, |_| true)) {
                let (distribution, support) = ("the initial value".into(), site.support.to_string());
                return Err(Error::Value { site: site.name.clone(), distribution, support, found });
            }
            site.start = site.unconstrain(given.clone(), self.placement)?;
        }
        Ok(())
    }

    fn until_finite(&self, sites: &mut [LatentSite], mut propose: impl FnMut(u64, &mut [LatentSite]) -> Result<()>) -> Result<()> {
        for attempt in 0..ATTEMPTS {
            propose(attempt, sites)?;
            if self.log_joint(sites)?.is_finite() {
                return Ok(());
            }
        }
        let problem =
            format!("the log joint of the model is not finite at any of {ATTEMPTS} random starts; give values, or `Init::Median`");
        Err(Error::Config { setting: "init".into(), problem })
    }

    /// A run with every site where it starts.
    pub(super) fn at(&self, sites: &[LatentSite]) -> Result<Trace> {
        let mut values = BTreeMap::new();
        for site in sites {
            let start = AnyTensor::from_f64(site.start.clone(), &site.unconstrained, &self.placement.device, self.placement.dtype);
            let value = each_rank!(start.rank(), D => biject_to::<D>(&site.support)?.forward(start.typed(&site.name)?).into());
            values.insert(site.name.clone(), value);
        }
        Ok(self.run(0).trace_with(self.model, vec![Box::new(Substitute::new(values))])?.1)
    }

    fn log_joint(&self, sites: &[LatentSite]) -> Result<f64> {
        self.at(sites)?.log_prob_in_double()
    }
}

/// The middle of the finite numbers; 0 where there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.retain(|x| x.is_finite());
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}
