//! Why a step was not finite.

use crate::any_tensor::AnyTensor;
use crate::error::Error;
use crate::objective::evaluated;
use crate::program::{Program, Run, Site};

use super::Prepared;

/// Repeats a step that was not finite with every check on, and names the first place that is wrong.
pub(super) fn explain<M: Program, P: Program>(
    step: u64,
    prepared: &Prepared<M, P>,
    runs: impl Iterator<Item = Run>,
    names: &[&str],
    probe: &[f64],
) -> Error {
    for run in runs {
        match evaluated(&prepared.model, &prepared.guide, &run, true) {
            Err(error) => return error,
            Ok(terms) => {
                let guide = terms.guide_trace.sites().find_map(bad).map(|(site, value)| (site, value, "the guide's log density"));
                let model = || terms.model_trace.sites().find_map(bad).map(|(site, value)| (site, value, "the model's log density"));
                if let Some((site, value, what)) = guide.or_else(model) {
                    let hint = "the parameters before this step are kept; a smaller learning rate, a bounded support, or data on a smaller scale help";
                    return Error::NonFinite { step, site, what: what.to_owned(), value, hint: hint.to_owned() };
                }
            }
        }
    }
    let wrong = probe.iter().skip(1).position(|x| !x.is_finite());
    let (what, site) = match wrong.and_then(|i| names.get(i)) {
        Some(name) => ("the gradient of a parameter", (*name).to_owned()),
        None => ("the ELBO", "all sites together".to_owned()),
    };
    let value = probe.iter().copied().find(|x| !x.is_finite()).unwrap_or(f64::NAN);
    Error::NonFinite { step, site, what: what.to_owned(), value, hint: "the parameters before this step are kept".to_owned() }
}

fn bad(site: &Site) -> Option<(String, f64)> {
    let sum: f64 = AnyTensor::from(site.log_prob_sum().ok()??).to_f64().ok()?.iter().sum();
    (!sum.is_finite()).then(|| (site.name.clone(), sum))
}
