//! The evidence lower bound with divergences in closed form.

use burn::tensor::Tensor;

use super::{Estimate, LatentTerms, Needs, Objective, Particles};

/// `E log p(x | z) − Σᵢ KL(qᵢ ‖ pᵢ)`: the divergence of a site from its prior is computed, not estimated, where that is exact.
///
/// It is where both distributions are families with a closed form ([`KlTo`](crate::dist::KlTo)), count alike, and where neither
/// depends on the draw of the site itself, which the graph of the recorded run shows. Other sites are estimated as by
/// [`StickingTheLanding`](super::StickingTheLanding); so are all sites of programs that cannot be recorded. Every latent site of the
/// guide must be reparameterised.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnalyticKl;

impl Objective for AnalyticKl {
    fn name(&self) -> String {
        "ELBO, divergences in closed form".into()
    }

    fn needs(&self) -> Needs {
        Needs { held: true, exact: true, ..Needs::default() }
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let rest = particles.reconstruction.clone() - particles.guide_factors.clone();
        let less = |guide: fn(&LatentTerms) -> Option<Tensor<2>>| {
            let divergence = |latent: &LatentTerms| match (latent.kl.clone(), guide(latent), latent.prior.clone()) {
                (Some(kl), _, _) => Some(kl),
                (None, Some(guide), Some(prior)) => Some(guide - prior),
                (None, Some(guide), None) => Some(guide),
                (None, None, prior) => prior.map(Tensor::neg),
            };
            particles.latents.iter().filter_map(divergence).fold(rest.clone(), |sum, divergence| sum - divergence).mean()
        };
        let bound = less(|latent| latent.guide.clone());
        let loss = less(|latent| latent.held.clone().or_else(|| latent.guide.clone())).neg();
        Estimate { bound, loss }
    }
}
