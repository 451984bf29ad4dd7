//! What an objective is shown of some draws of the guide.

use burn::tensor::Tensor;

use super::TermKind;

/// Log densities at draws of the guide, in nats; each is `[particles, samples]`.
#[derive(Clone, Debug)]
pub struct Particles {
    /// `log p(x | z)` with factors.
    pub reconstruction: Tensor<2>,
    /// The latent sites of model and guide.
    pub latents: Vec<LatentTerms>,
    /// Factors of the guide.
    pub guide_factors: Tensor<2>,
    /// The log joint as a function of the draws alone, then of the parameters alone, where that was asked for.
    pub split: Option<(Tensor<2>, Tensor<2>)>,
    /// Sites without a pathwise gradient.
    pub scores: Vec<ScoreTerms>,
    /// What the divergence counts in the loss, shape `[1]`.
    pub kl_weight: Option<Tensor<1>>,
}

/// One latent site.
#[derive(Clone, Debug)]
pub struct LatentTerms {
    /// Its name.
    pub site: String,
    /// `log p`; absent for an auxiliary site.
    pub prior: Option<Tensor<2>>,
    /// `log q`.
    pub guide: Option<Tensor<2>>,
    /// `log q` as a function of the draw alone, where that was asked for.
    pub held: Option<Tensor<2>>,
    /// `KL(q ‖ p)` in closed form, where that was asked for and may stand for `log q − log p`.
    pub kl: Option<Tensor<2>>,
}

/// One site without a pathwise gradient.
#[derive(Clone, Debug)]
pub struct ScoreTerms {
    /// Its name.
    pub site: String,
    /// `log q` of each element, `[particles, samples, elements]`.
    pub log_prob: Tensor<3>,
    /// All terms of the log weight that depend on the element, without gradient, `[particles, samples, elements]`.
    pub cost: Tensor<3>,
    /// A parameter for each element, where that was asked for.
    pub baseline: Option<Tensor<3>>,
}

impl Particles {
    /// Sorts what one step computed: each of `parts` is `[particles · samples, elements]`.
    pub(crate) fn new(parts: Vec<(TermKind, Tensor<2>)>, particles: usize, samples: usize, kl_weight: Option<Tensor<1>>) -> Option<Self> {
        let (device, dtype) = parts.first().map(|(_, part)| (part.device(), part.dtype()))?;
        let zeros = || Tensor::<2>::zeros([particles, samples], (&device, dtype));
        let (mut reconstruction, mut guide_factors, mut of_draws, mut of_parameters) = (None, None, None, None);
        let mut latents: Vec<LatentTerms> = Vec::new();
        let mut scores: Vec<ScoreTerms> = Vec::new();
        let mut baselines: Vec<(String, Tensor<3>)> = Vec::new();
        for (kind, part) in parts {
            let elements = part.dims()[1];
            let flat = |part: Tensor<2>| part.reshape([particles, samples]);
            match kind {
                TermKind::Reconstruction => reconstruction = Some(flat(part)),
                TermKind::GuideFactors => guide_factors = Some(flat(part)),
                TermKind::JointOfDraws => of_draws = Some(flat(part)),
                TermKind::JointOfParameters => of_parameters = Some(flat(part)),
                TermKind::Prior(site) => latent(&mut latents, site).prior = Some(flat(part)),
                TermKind::Guide(site) => latent(&mut latents, site).guide = Some(flat(part)),
                TermKind::Held(site) => latent(&mut latents, site).held = Some(flat(part)),
                TermKind::Kl(site) => latent(&mut latents, site).kl = Some(flat(part)),
                TermKind::Baseline(site) => baselines.push((site, part.reshape([particles, samples, elements]))),
                TermKind::Score(site) => {
                    let log_prob: Tensor<3> = part.reshape([particles, samples, elements]);
                    let baseline = baselines.iter().find(|(known, _)| *known == site).map(|(_, baseline)| baseline.clone());
                    scores.push(ScoreTerms { site, cost: log_prob.zeros_like(), log_prob, baseline });
                }
                TermKind::Cost(site) => {
                    if let Some(known) = scores.iter_mut().find(|known| known.site == site) {
                        known.cost = part.reshape([particles, samples, elements]);
                    }
                }
            }
        }
        let split = match (of_draws, of_parameters) {
            (None, None) => None,
            (draws, parameters) => Some((draws.unwrap_or_else(zeros), parameters.unwrap_or_else(zeros))),
        };
        Some(Particles {
            reconstruction: reconstruction.unwrap_or_else(zeros),
            latents,
            guide_factors: guide_factors.unwrap_or_else(zeros),
            split,
            scores,
            kl_weight,
        })
    }

    /// `log p(x, z)`.
    pub fn log_joint(&self) -> Tensor<2> {
        self.latents.iter().filter_map(|latent| latent.prior.clone()).fold(self.reconstruction.clone(), |sum, term| sum + term)
    }

    /// `log q(z)` through draws and parameters.
    pub fn log_guide(&self) -> Tensor<2> {
        self.latents.iter().filter_map(|latent| latent.guide.clone()).fold(self.guide_factors.clone(), |sum, term| sum + term)
    }

    /// `log q(z)` whose gradient leaves out the score, which has mean 0, wherever that is allowed.
    pub fn log_guide_held(&self) -> Tensor<2> {
        let held = |latent: &LatentTerms| latent.held.clone().or_else(|| latent.guide.clone());
        self.latents.iter().filter_map(held).fold(self.guide_factors.clone(), |sum, term| sum + term)
    }

    /// `log p(x, z) − log q(z)`.
    pub fn log_weights(&self) -> Tensor<2> {
        self.log_joint() - self.log_guide()
    }
}

fn latent(latents: &mut Vec<LatentTerms>, site: String) -> &mut LatentTerms {
    let index = latents.iter().position(|known| known.site == site).unwrap_or_else(|| {
        latents.push(LatentTerms { site, prior: None, guide: None, held: None, kl: None });
        latents.len() - 1
    });
    &mut latents[index]
}
