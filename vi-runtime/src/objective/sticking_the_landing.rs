//! The evidence lower bound with pathwise gradients that vanish at the optimum.

use super::{Estimate, Needs, Objective, Particles};

/// The pathwise estimator without the score of the guide, whose mean is 0: `∇ (log p(x, z_φ(ε)) − log q_φ̄(z_φ(ε)))`, `φ̄` held
/// constant (Roeder, Wu and Duvenaud 2017). The default.
///
/// Where the guide is the posterior each draw has the gradient 0. A site whose score has another mean than 0, because its support
/// depends on parameters, keeps it; so does one behind a transform with parameters
/// ([`Distribution::score_vanishes`](crate::dist::Distribution::score_vanishes)). Every latent site of the guide must be
/// reparameterised.
#[derive(Clone, Copy, Debug, Default)]
pub struct StickingTheLanding;

impl Objective for StickingTheLanding {
    fn name(&self) -> String {
        "ELBO, sticking the landing".into()
    }

    fn needs(&self) -> Needs {
        Needs { held: true, ..Needs::default() }
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let joint = particles.log_joint();
        let bound = (joint.clone() - particles.log_guide()).mean();
        Estimate { bound, loss: (particles.log_guide_held() - joint).mean() }
    }
}
