//! The evidence lower bound with pathwise gradients.

use super::{Estimate, Objective, Particles};

/// The plain estimator: `∇ (log p(x, z_φ(ε)) − log q_φ(z_φ(ε)))`, the score of the guide included (Kingma and Welling 2014,
/// Rezende et al. 2014).
///
/// Every latent site of the guide must be reparameterised.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pathwise;

impl Objective for Pathwise {
    fn name(&self) -> String {
        "pathwise ELBO".into()
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let bound = particles.log_weights().mean();
        Estimate { loss: bound.clone().neg(), bound }
    }
}
