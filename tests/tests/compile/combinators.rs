//! Distributions made of others, and divergences in closed form.

use std::rc::Rc;

use tests::vector;
use vi_runtime::bijector;
use vi_runtime::dist::*;
use vi_runtime::prelude::*;

use super::ints;
use crate::agree;

/// A matrix with the parameters as its one row.
fn row(parameters: &Tensor<1>) -> Tensor<2> {
    parameters.clone().unsqueeze()
}

observes! {
    truncated_observed: Tensor<1> = vector([0.4, 1.2]) => |x, p, u| Logistic::new(u.clone(), p.clone()).truncated(-1.0, 2.0);
    truncated_between_parameters: Tensor<1> = vector([0.9, 1.2]) => |x, p, u| Logistic::new(0.5, 2.0).truncated(u.clone(), p.clone() + 1.0);
    truncated_above_observed: Tensor<1> = vector([30.4, 31.2]) => |x, p, u| {
        Logistic::new(u.clone(), p.clone()).truncated(30.0, f64::INFINITY)
    };
    truncated_below_observed: Tensor<1> = vector([0.4, 0.2]) => |x, p, u| {
        Exponential::new(u.clone()).truncated(f64::NEG_INFINITY, p.clone())
    };
    truncated_transformed_observed: Tensor<1> = vector([0.4, 1.2]) => |x, p, u| {
        Logistic::new(u.clone(), p.clone()).transformed(Rc::new(bijector::Exp)).truncated(0.1, 2.0)
    };
    truncated_counts_observed: Tensor<1, Int> = ints([1, 3]) => |x, p, u| {
        Geometric::new(u.clone() * (p.clone() / (p.clone() + 1.0))).truncated(1.0, 4.0)
    };
    censored_counts_observed: Tensor<1, Int> = ints([4, 3]) => |x, p, u| {
        Geometric::new(u.clone() * (p.clone() / (p.clone() + 1.0))).censored(f64::NEG_INFINITY, 4.0)
    };
    censored_observed: Tensor<1> = vector([-1.0, 2.0]) => |x, p, u| Logistic::new(u.clone(), p.clone()).censored(-1.0, 2.0);
    censored_inside_observed: Tensor<1> = vector([0.4, 1.2]) => |x, p, u| Gumbel::new(u.clone(), p.clone()).censored(-1.0, 2.0);
    folded_observed: Tensor<1> = vector([0.4, 1.2]) => |x, p, u| Normal::new(u.clone(), p.clone()).folded();
    mixture_general_observed: Tensor<1> = vector([0.4, 1.2]) => |x, p, u| {
        MixtureGeneral::logits(u.clone(), (Normal::new(u.clone(), p.clone()), Cauchy::new(0.0, p.clone())))
    };
    mixture_general_of_counts_observed: Tensor<1, Int> = ints([0, 3]) => |x, p, u| {
        MixtureGeneral::new([0.4, 0.6], (Poisson::new(p.clone()), Binomial::new(5.0, u.clone())))
    };
    expanded_observed: Tensor<2> = vector([0.4, 1.2, 0.3, 0.9, 1.1, -0.2]).map(|x| x.reshape([3, 2])) => |x, p, u| {
        Logistic::new(u.clone(), p.clone()).truncated(-1.0, 2.0).expand([3, 2])
    };
    expanded_column_observed: Tensor<3> = vector([0.4, 1.2, 0.3, 0.9, 1.1, 0.2, 0.7, 0.8]).map(|x| x.reshape([2, 2, 2])) => |x, p, u| {
        let column = Logistic::new(u.clone().reshape([2, 1]), p.clone().reshape([2, 1]));
        column.transformed(Rc::new(bijector::Exp)).expand([2, 2, 2])
    };
    reparameterised_observed: Tensor<1> = vector([0.4, 1.2]) => |x, p, u| {
        MixtureSameFamily::logits(u.clone(), Logistic::new(row(&u), row(&p)).expand([2, 2])).reparameterised()
    };
}

draws! {
    truncated_drawn: Logistic::new([0.1, 0.2], 2.0) => |p, u| Logistic::new(u.clone(), p.clone()).truncated(-1.0, 2.0);
    truncated_above_drawn: Logistic::new([3.0, 3.0], 2.0) => |p, u| Logistic::new(u.clone(), p.clone()).truncated(3.0, f64::INFINITY);
    truncated_between_parameters_drawn: Logistic::new([0.1, 0.2], 2.0) => |p, u| {
        Exponential::new(0.5).truncated(u.clone(), p.clone() + 1.0)
    };
    truncated_gamma_drawn: Gamma::new([1.1, 2.2], 2.0) => |p, u| Gamma::new(p.clone(), u.clone()).truncated(0.5, 4.0);
    folded_drawn: HalfNormal::new([1.1, 0.2]) => |p, u| Normal::new(u.clone(), p.clone()).folded();
    reparameterised_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| {
        let components = Logistic::new(row(&u), row(&p)).expand([2, 2]);
        MixtureSameFamily::logits(u.clone(), components).reparameterised()
    };
    reparameterised_general_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| {
        MixtureGeneral::logits(u.clone(), (Logistic::new(u.clone(), p.clone()), Cauchy::new(0.0, p.clone()))).reparameterised()
    };
}

/// Copies that follow each other, and copies beside each other.
#[model]
fn copies(y: Tensor<1>) {
    let rows = sample!("rows", Logistic::new(0.0, 2.0).truncated(-1.0, 2.0).expand([3, 2]));
    let columns = sample!("columns", LogNormal::new(0.0, 2.0).expand([3, 2, 2]));
    observe!("y", Normal::new((rows.square().sum() + columns.log().sum()).expand([2]), 1.5), y);
}

#[guide(model = copies)]
fn drawn_copies() {
    let p = param!("p", [0.7, 1.6], support::Positive);
    let u = param!("u", [0.3, 0.6], support::UnitInterval);
    sample!("rows", Logistic::new(u.clone(), p.clone()).truncated(-1.0, 2.0).expand([3, 2]));
    let column = Logistic::new(u.reshape([2, 1]), p.reshape([2, 1]));
    sample!("columns", column.transformed(Rc::new(bijector::Exp)).expand([3, 2, 2]));
}

#[test]
fn expanded_drawn() -> Result<()> {
    agree("expanded_drawn", &copies(vector([0.4, -1.2])?), &drawn_copies())
}

/// Divergences between distributions of two parameters each, of which the second are near and far.
#[model]
fn divergences(x: Tensor<1>) {
    let p = param!("p", [0.7, 1.6], support::Positive);
    let u = param!("u", [0.3, 0.6], support::UnitInterval);
    let (q, v) = (p.clone() * x.clone(), u.clone() * x);
    factor!("normal", Normal::new(u.clone(), p.clone()).kl_to(&Normal::new(v.clone(), q.clone())));
    factor!("cauchy", Cauchy::new(u.clone(), p.clone()).kl_to(&Cauchy::new(v.clone(), q.clone())));
    factor!("laplace", Laplace::new(u.clone(), p.clone()).kl_to(&Laplace::new(v.clone(), q.clone())));
    factor!("gumbel", Gumbel::new(u.clone(), p.clone()).kl_to(&Gumbel::new(v.clone(), q.clone())));
    factor!("gumbel.normal", Gumbel::new(u.clone(), p.clone()).kl_to(&Normal::new(v.clone(), q.clone())));
    factor!("normal.gumbel", Normal::new(u.clone(), p.clone()).kl_to(&Gumbel::new(v.clone(), q.clone())));
    factor!("normal.laplace", Normal::new(u.clone(), p.clone()).kl_to(&Laplace::new(v.clone(), q.clone())));
    factor!("uniform.laplace", Uniform::new(u.clone(), p.clone()).kl_to(&Laplace::new(v.clone(), q.clone())));
    factor!("geometric", Geometric::new(u.clone()).kl_to(&Geometric::new(v.clone() * 0.5)));
    factor!("gamma", Gamma::new(u.clone(), p.clone()).kl_to(&Gamma::new(v.clone(), q.clone())));
    factor!("gamma.exponential", Gamma::new(u.clone(), p.clone()).kl_to(&Exponential::new(q.clone())));
    factor!("beta", Beta::new(u.clone(), p.clone()).kl_to(&Beta::new(v.clone(), q.clone())));
    factor!("weibull", Weibull::new(u.clone(), p.clone()).kl_to(&Weibull::new(v.clone(), q.clone())));
    factor!("weibull.gamma", Weibull::new(u.clone(), p.clone()).kl_to(&Gamma::new(v.clone(), q.clone())));
    factor!("inverse_gamma", InverseGamma::new(u.clone(), p.clone()).kl_to(&InverseGamma::new(v.clone(), q.clone())));
    factor!("uniform.beta", Uniform::new(u.clone() * 0.5, u.clone()).kl_to(&Beta::new(v.clone(), q.clone())));
    factor!("uniform", Uniform::new(u.clone(), p.clone()).kl_to(&Uniform::new(-0.1, p.clone() + 0.2)));
    factor!("poisson", Poisson::new(p.clone()).kl_to(&Poisson::new(q.clone())));
    factor!("bernoulli", Bernoulli::logits(p.clone()).kl_to(&Bernoulli::logits(q.clone())));
    factor!("bernoulli.probs", Bernoulli::new(u.clone()).kl_to(&Bernoulli::logits(q.clone())));
    factor!("binomial", Binomial::new(5.0, u.clone()).kl_to(&Binomial::new(5.0, v.clone())));
    factor!("categorical", Categorical::logits(p.clone()).kl_to(&Categorical::logits(q.clone())));
    factor!("dirichlet", Dirichlet::new(p.clone()).kl_to(&Dirichlet::new(q.clone())));
    let tril = [[1.5, 0.0], [0.3, 0.8]];
    factor!("multivariate", MultivariateNormal::new(u.clone(), tril).kl_to(&MultivariateNormal::new(v.clone(), [[1.4, 0.0], [0.1, 1.8]])));
    factor!("independent", Normal::new(u.clone(), p.clone()).independent(1).kl_to(&Normal::new(v.clone(), q.clone()).independent(1)));
    factor!("delta", Delta::new(u).kl_to(&Normal::new(v, q)));
}

#[guide(model = divergences)]
fn nothing() {}

#[test]
fn divergences_in_closed_form() -> Result<()> {
    agree("far", &divergences(vector([0.4, 1.6])?), &nothing())?;
    agree("near", &divergences(vector([1.001, 0.9])?), &nothing())
}

/// A model that has an interval-censored observation as a factor.
#[model]
fn between(low: Tensor<1>, high: Tensor<1>) {
    let p = param!("p", [0.7, 1.6], support::Positive);
    factor!("y", Logistic::new(0.3, p).log_mass(&low, &high));
}

#[guide(model = between)]
fn none() {}

#[test]
fn masses_of_intervals() -> Result<()> {
    agree("between", &between(vector([-1.0, 20.0])?, vector([1.0, 30.0])?), &none())
}
