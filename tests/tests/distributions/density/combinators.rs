//! What is made of a distribution by truncating, censoring, folding and mixing.

use std::rc::Rc;

use burn::tensor::{Bool, Tensor};
use vi_runtime::bijector::{Affine, Bijector, Compose, Exp, Invert};
use vi_runtime::dist::*;

use super::{burn, float, int};

/// A mask that leaves nothing out.
fn whole(like: &Tensor<1>) -> Tensor<1, Bool> {
    like.clone().equal(like.clone())
}

families! {
    truncated: "TruncatedLogistic", ["loc", "scale", "low", "high"], float, has [cdf, icdf], |p| Logistic::new(&p[0], &p[1]).truncated(&p[2], &p[3]);
    truncated_above: "TruncatedLaplaceAbove", ["loc", "scale", "low"], float, has [moments, cdf, icdf], |p| {
        Laplace::new(&p[0], &p[1]).truncated(&p[2], f64::INFINITY)
    };
    truncated_normal: "TruncatedNormal", ["loc", "scale", "low", "high"], float, has [moments, cdf, icdf], |p| Normal::new(&p[0], &p[1]).truncated(&p[2], &p[3]);
    truncated_exponential: "TruncatedExponential", ["rate", "low", "high"], float, has [moments, cdf, icdf], |p| Exponential::new(&p[0]).truncated(&p[1], &p[2]);
    censored: "CensoredLogistic", ["loc", "scale", "low", "high"], float, has [cdf, atoms], |p| Logistic::new(&p[0], &p[1]).censored(&p[2], &p[3]);
    censored_normal: "CensoredNormal", ["loc", "scale", "low", "high"], float, has [moments, cdf, atoms], |p| Normal::new(&p[0], &p[1]).censored(&p[2], &p[3]);
    folded: "FoldedLogistic", ["loc", "scale"], float, has [cdf, icdf], |p| Logistic::new(&p[0], &p[1]).folded();
    folded_normal: "FoldedNormal", ["loc", "scale"], float, has [moments, cdf, icdf], |p| Normal::new(&p[0], &p[1]).folded();
    transformed_line: "Normal", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| {
        Normal::new(0.0, 1.0).transformed(Rc::new(Affine::new(&p[0], &p[1])))
    };
    transformed_exponential: "LogNormal", ["loc", "scale"], float, has [entropy, cdf, icdf], |p| {
        let line: Rc<dyn Bijector<1>> = Rc::new(Affine::new(&p[0], &p[1]));
        Normal::new(0.0, 1.0).transformed(Rc::new(Compose(vec![line, Rc::new(Exp)])))
    };
    transformed_down: "Gumbel", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| {
        let down: Rc<dyn Bijector<1>> = Rc::new(Affine::new(0.0, p[1].clone().neg().recip()));
        Gumbel::new(0.0, 1.0).transformed(Rc::new(Affine::new(0.0, -1.0))).transformed(Rc::new(Compose(vec![Rc::new(Invert(down)), Rc::new(Affine::new(&p[0], 1.0))])))
    };
    expanded: "Gamma", ["concentration", "rate"], float, has [moments, entropy, cdf, icdf], |p| {
        Gamma::new(&p[0], &p[1]).masked(whole(&p[0])).expand(p[0].dims())
    };
    mixture_of_normals: "MixtureNormal", ["weights", "locs", "scales"], float, has [moments, cdf, icdf], |p| {
        MixtureSameFamily::new(&p[0], Normal::new(p[1].clone().unsqueeze::<2>(), p[2].clone().unsqueeze::<2>()))
    };
    mixture_of_poissons: "MixturePoisson", ["weights", "rates"], int, has [moments, cdf, icdf], |p| {
        MixtureSameFamily::new(&p[0], Poisson::new(p[1].clone().unsqueeze::<2>()))
    };
    mixture_general: "MixtureGeneral", ["probs", "loc", "scale", "df"], float, has [moments, cdf, icdf], |p| {
        let (normal, cauchy) = (Normal::new(&p[1], &p[2]), Cauchy::new(&p[1], &p[2]));
        MixtureGeneral::new(&p[0], (normal, cauchy, StudentT::new(&p[3], &p[1], &p[2])))
    };
}
