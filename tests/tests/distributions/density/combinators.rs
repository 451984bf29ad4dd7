//! What is made of a distribution by truncating, censoring, folding and mixing.

use burn::tensor::Tensor;
use vi_runtime::dist::*;

use super::{burn, float, int};

families! {
    truncated: "TruncatedLogistic", ["loc", "scale", "low", "high"], float, |p| Logistic::new(&p[0], &p[1]).truncated(&p[2], &p[3]);
    truncated_above: "TruncatedLaplaceAbove", ["loc", "scale", "low"], float, has [cdf, icdf], |p| {
        Laplace::new(&p[0], &p[1]).truncated(&p[2], f64::INFINITY)
    };
    truncated_exponential: "TruncatedExponential", ["rate", "low", "high"], float, |p| Exponential::new(&p[0]).truncated(&p[1], &p[2]);
    censored: "CensoredLogistic", ["loc", "scale", "low", "high"], float, |p| Logistic::new(&p[0], &p[1]).censored(&p[2], &p[3]);
    folded: "FoldedLogistic", ["loc", "scale"], float, has [cdf], |p| Logistic::new(&p[0], &p[1]).folded();
    mixture_of_normals: "MixtureNormal", ["weights", "locs", "scales"], float, has [moments, cdf], |p| {
        MixtureSameFamily::new(&p[0], Normal::new(p[1].clone().unsqueeze::<2>(), p[2].clone().unsqueeze::<2>()))
    };
    mixture_of_poissons: "MixturePoisson", ["weights", "rates"], int, has [moments, cdf], |p| {
        MixtureSameFamily::new(&p[0], Poisson::new(p[1].clone().unsqueeze::<2>()))
    };
    mixture_general: "MixtureGeneral", ["probs", "loc", "scale", "df"], float, has [moments, cdf], |p| {
        let (normal, cauchy) = (Normal::new(&p[1], &p[2]), Cauchy::new(&p[1], &p[2]));
        MixtureGeneral::new(&p[0], (normal, cauchy, StudentT::new(&p[3], &p[1], &p[2])))
    };
}
