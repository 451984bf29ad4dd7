//! The closed forms for distributions whose types are known at run time only.

use std::any::Any;

use burn::tensor::Tensor;

use super::super::{
    Bernoulli, Beta, Binomial, Categorical, Cauchy, ContinuousBernoulli, Dirichlet, Exponential, Gamma, Geometric, Gumbel, HalfNormal,
    InverseGamma, KlTo, Kumaraswamy, Laplace, LogNormal, Logistic, LowRankMultivariateNormal, MultivariateNormal, Normal,
    OneHotCategorical, Pareto, Poisson, Uniform, Weibull,
};

/// The first pair of types that `p` and `q` are.
macro_rules! first_of {
    ($p:ident, $q:ident, $($from:ident => $($to:ident)+;)*) => {
        $(if let Some(p) = $p.downcast_ref::<$from<D>>() {
            $(if let Some(q) = $q.downcast_ref::<$to<D>>() {
                return Some(p.kl_to(q));
            })+
            return None;
        })*
    };
}

/// `KL(p ‖ q)` where both are families with a closed form; combinators have none here.
pub(crate) fn closed_form<const D: usize>(p: &dyn Any, q: &dyn Any) -> Option<Tensor<D>> {
    first_of! { p, q,
        Normal => Normal Laplace Gumbel;
        LogNormal => LogNormal Gamma Exponential Normal;
        HalfNormal => HalfNormal Exponential Normal;
        Gamma => Gamma Exponential Gumbel Normal;
        Exponential => Exponential Gamma Gumbel Normal;
        Beta => Beta Uniform Exponential Gamma Normal;
        Kumaraswamy => Beta;
        ContinuousBernoulli => ContinuousBernoulli Uniform Exponential Normal;
        Dirichlet => Dirichlet;
        Logistic => Normal;
        Laplace => Laplace Normal;
        Gumbel => Gumbel Normal;
        Cauchy => Cauchy;
        InverseGamma => InverseGamma;
        Weibull => Weibull Gamma Exponential;
        Pareto => Pareto Exponential Gamma Normal;
        Uniform => Uniform Beta ContinuousBernoulli Exponential Gamma Gumbel Laplace Normal Pareto;
        Bernoulli => Bernoulli Poisson;
        Binomial => Binomial;
        Geometric => Geometric;
        Poisson => Poisson;
        Categorical => Categorical;
        OneHotCategorical => OneHotCategorical;
        MultivariateNormal => MultivariateNormal LowRankMultivariateNormal;
        LowRankMultivariateNormal => LowRankMultivariateNormal MultivariateNormal;
    }
    None
}
