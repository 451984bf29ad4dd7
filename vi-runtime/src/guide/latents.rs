//! What an automatic guide must know of the model: its latent sites and where to start.

use std::rc::Rc;

use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::error::{Error, Result};
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::{Program, Run, Site, SiteKind};
use crate::support::Support;
use vi_graph::Key;

/// One latent site of the model.
#[derive(Clone, Debug)]
pub(crate) struct LatentSite {
    pub(crate) name: String,
    pub(crate) support: Support,
    /// Median of draws from the prior in unconstrained space.
    pub(crate) start: AnyTensor,
}

impl LatentSite {
    /// Adds all that a run depends on; where it starts matters only until its parameters exist.
    pub(crate) fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(&self.name);
        key.write_str(&self.support.to_string());
        key.write_tensor(&self.start);
    }
}

/// How many draws from the prior the start is the median of.
const DRAWS: u64 = 15;

/// Runs the model a few times on draws from its prior.
///
/// # Errors
/// A discrete site, a point, or a site inside a subsampled plate: an automatic guide has no density for them.
pub(crate) fn discover<M: Program>(model: &M, placement: &Placement, key: Key, guide: &str) -> Result<Rc<[LatentSite]>> {
    let run = |i: u64| Run::new(key.site("automatic guide").fold_in(i), placement.clone()).density(false).begin(true).called("the model");
    let mut traces = Vec::new();
    for i in 0..DRAWS {
        traces.push(run(i).validate(i == 0).trace(model)?.1);
    }
    let sites = traces[0].sites().filter(|site| site.kind == SiteKind::Latent);
    sites
        .map(|site| {
            let support = legal(site, guide)?;
            let values: Vec<&AnyTensor> = traces.iter().filter_map(|trace| trace.get(&site.name)?.value.as_ref()).collect();
            let mut unconstrained = Vec::new();
            for value in values {
                let value = each_rank!(value.rank(), D => AnyTensor::from(biject_to::<D>(&support)?.inverse(value.typed(&site.name)?)));
                unconstrained.push((value.to_f64()?, value.shape()));
            }
            let shape = unconstrained[0].1.clone();
            let same = unconstrained.iter().filter(|(_, other)| *other == shape);
            let columns: Vec<&Vec<f64>> = same.map(|(values, _)| values).collect();
            let start = (0..shape.iter().product()).map(|i| median(columns.iter().map(|column| column[i]).collect())).collect();
            let start = AnyTensor::from_f64(start, &shape, &placement.device, placement.dtype);
            Ok(LatentSite { name: site.name.clone(), support, start })
        })
        .collect()
}

fn legal(site: &Site, guide: &str) -> Result<Support> {
    let Some(distribution) = &site.distribution else { return Ok(Support::Real) };
    let support = distribution.support();
    let problem = if support.is_discrete() {
        "it is discrete; sum it out by hand in the model (a `factor!` of the log-sum-exp), or write a guide"
    } else if support == Support::Point {
        "its prior is a Delta; soften it with `.soften(eps)`, or record it with `deterministic!`"
    } else if site.plates.iter().any(|plate| plate.len < plate.size) {
        "it stands in a subsampled plate, so each step sees other units; write an amortised guide with `module!`"
    } else {
        return Ok(support);
    };
    Err(Error::Unsupported { what: format!("{guide} for site `{}` ({})", site.name, distribution.name()), problem: problem.to_owned() })
}

/// The middle of the finite numbers; 0 where there is none.
fn median(values: Vec<f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}
