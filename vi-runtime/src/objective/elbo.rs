//! The evidence lower bound with pathwise gradients.
//!
//! `ELBO = E_q[log p(x, z) − log q(z)] = E_q[log p(x | z)] − KL(q ‖ p(z)) = log p(x) − KL(q ‖ p(z | x))`.

use std::fmt;
use std::rc::Rc;

use burn::tensor::Tensor;

use super::pairing::{Pair, nothing_left};
use crate::error::{Error, Result};
use crate::program::{Program, Run, Site, SiteKind, Trace};

/// One particle's terms, each of shape `[1]`; absent where no site has such a density.
pub(crate) struct Terms {
    /// `log p(x | z)` and factors.
    pub(crate) reconstruction: Option<Tensor<1>>,
    /// `log p(z)`.
    pub(crate) prior: Option<Tensor<1>>,
    /// `log q(z)`.
    pub(crate) guide: Option<Tensor<1>>,
    /// The model's run, for a message about a number that is not finite.
    pub(crate) model_trace: Trace,
    /// The guide's run.
    pub(crate) guide_trace: Rc<Trace>,
}

impl Terms {
    /// `log p(x, z) − log q(z)`, shape `[1]`; absent where neither program has a density.
    pub(crate) fn elbo(&self) -> Option<Tensor<1>> {
        let joint = match (self.reconstruction.clone(), self.prior.clone()) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        match (joint, self.guide.clone()) {
            (Some(joint), Some(guide)) => Some(joint - guide),
            (Some(joint), None) => Some(joint),
            (None, guide) => guide.map(Tensor::neg),
        }
    }
}

/// Runs guide and model once on the same draws.
///
/// # Errors
/// Every disagreement of the two; a site without pathwise gradient where `gradient` is wanted.
pub(crate) fn particle<M: Program, G: Program>(model: &M, guide: &G, run: &Run, gradient: bool, thorough: bool) -> Result<Terms> {
    let (_, guide_trace) = run.clone().called("the guide").trace(guide)?;
    if gradient {
        guide_trace.latents().try_for_each(reparameterised)?;
    }
    let guide_trace = Rc::new(guide_trace);
    let pair = Pair { guide: Rc::clone(&guide_trace), thorough };
    let (_, model_trace) = run.clone().called("the model").trace_with(model, vec![Box::new(pair)])?;
    nothing_left(&guide_trace, &model_trace)?;
    Ok(Terms {
        reconstruction: model_trace.log_prob_where(|site| matches!(site.kind, SiteKind::Observed | SiteKind::Factor))?,
        prior: model_trace.log_prob_where(Site::is_latent)?,
        guide: guide_trace.log_prob_where(|_| true)?,
        model_trace,
        guide_trace,
    })
}

fn reparameterised(site: &Site) -> Result<()> {
    match &site.distribution {
        Some(distribution) if !distribution.is_reparameterised() => {
            let ways_out = if distribution.support().is_discrete() {
                "sum it out by hand in the model (mixtures: a `factor!` of the log-sum-exp), or replace it by a continuous relaxation"
            } else {
                "choose a reparameterised distribution for the guide, such as a transformed Normal, or make this one so: \
                 `.reparameterised()`, where it has a distribution function"
            };
            Err(Error::NotReparameterised { site: site.name.clone(), distribution: distribution.name(), ways_out: ways_out.to_owned() })
        }
        _ => Ok(()),
    }
}

/// An estimate of the evidence lower bound and of its two terms, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elbo {
    /// The estimate: the mean over the draws.
    pub value: f64,
    /// The standard error of that mean.
    pub standard_error: f64,
    /// `E_q[log p(x | z)]`, factors included.
    pub reconstruction: f64,
    /// `KL(q ‖ p(z))`, estimated from the same draws.
    pub kl: f64,
    /// How many draws were used.
    pub draws: usize,
}

impl Elbo {
    pub(crate) fn of(draws: &[(f64, f64)]) -> Self {
        let n = draws.len() as f64;
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| draws.iter().map(f).sum::<f64>() / n;
        let value = mean(&|(reconstruction, kl)| reconstruction - kl);
        let variance = draws.iter().map(|(r, k)| (r - k - value).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Elbo {
            value,
            standard_error: if draws.len() > 1 { (variance / n).sqrt() } else { f64::NAN },
            reconstruction: mean(&|(reconstruction, _)| *reconstruction),
            kl: mean(&|(_, kl)| *kl),
            draws: draws.len(),
        }
    }

    /// `log p(x) − ELBO = KL(q ‖ p(z | x))` where the log evidence is known.
    pub fn gap(&self, log_evidence: f64) -> f64 {
        log_evidence - self.value
    }
}

impl fmt::Display for Elbo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ELBO {:.4} ± {:.4} (estimated from {} draws) = reconstruction {:.4} − KL {:.4}",
            self.value, self.standard_error, self.draws, self.reconstruction, self.kl
        )
    }
}
