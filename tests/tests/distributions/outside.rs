//! Values outside the support: density minus infinity, no gradient, never NaN; and masked values, NaN among them.

use std::rc::Rc;

use burn::tensor::{Bool, DType, Float, Int, Tensor, TensorData};
use vi_runtime::bijector::{Exp, Sigmoid};
use vi_runtime::dist::*;

use super::{burn, leaf, numbers, tensor, test_device};

const F32: DType = DType::F32;

/// Every element of `x` is outside; parameters are leaves of one element (or vectors of the event).
fn refused(name: &str, x: &[f64], params: &[&[f64]], log_prob: impl Fn(&[Tensor<1>], Tensor<1>) -> Tensor<1>) {
    let leaves: Vec<Tensor<1>> = params.iter().map(|p| leaf(p, [p.len()], F32)).collect();
    let x_leaf = leaf(x, [x.len()], F32);
    let log_prob = log_prob(&leaves, x_leaf.clone());
    assert!(numbers(log_prob.clone()).iter().all(|&lp| lp == f64::NEG_INFINITY), "{name} at {x:?}: {log_prob}");
    let gradients = log_prob.sum().backward();
    for leaf in leaves.iter().chain([&x_leaf]) {
        if let Some(gradient) = leaf.grad(&gradients) {
            assert!(numbers(gradient.clone()).iter().all(|&g| g == 0.0), "{name} at {x:?}: gradient {gradient}");
        }
    }
}

#[test]
fn continuous_families_refuse_values_outside() {
    refused("LogNormal", &[-1.0, 0.0, -1e30], &[&[0.3], &[2.0]], |p, x| LogNormal::new(&p[0], &p[1]).log_prob(&x));
    refused("HalfNormal", &[-1.0, -1e-30], &[&[2.0]], |p, x| HalfNormal::new(&p[0]).log_prob(&x));
    refused("HalfCauchy", &[-1.0, -1e10], &[&[2.0]], |p, x| HalfCauchy::new(&p[0]).log_prob(&x));
    refused("Exponential", &[-1.0, -1e10], &[&[2.0]], |p, x| Exponential::new(&p[0]).log_prob(&x));
    refused("Uniform", &[-1.5, 3.1, f64::INFINITY], &[&[-1.0], &[3.0]], |p, x| Uniform::new(&p[0], &p[1]).log_prob(&x));
    refused("Uniform of numbers", &[-1.5, 3.1], &[], |_, x| Uniform::new(-1.0, 3.0).log_prob(&x));
    refused("Gamma", &[-1.0, 0.0, f64::INFINITY], &[&[0.5], &[2.0]], |p, x| Gamma::new(&p[0], &p[1]).log_prob(&x));
    refused("Beta", &[1.5, 1.0, 0.0, -0.5], &[&[0.5], &[2.0]], |p, x| Beta::new(&p[0], &p[1]).log_prob(&x));
    refused("Dirichlet", &[1.5, -0.5, 0.0], &[&[0.5, 2.0, 1.0]], |p, x| Dirichlet::new(&p[0]).log_prob(&x));
    refused("RelaxedOneHotCategorical", &[1.5, -0.5, 0.0], &[&[0.7], &[0.5, 2.0, 1.0]], |p, x| {
        RelaxedOneHotCategorical::logits(&p[0], &p[1]).log_prob(&x)
    });
    refused("RelaxedOneHotCategorical, rounded", &[0.5, 0.5, 0.0], &[&[0.7], &[0.5, 2.0, 1.0]], |p, x| {
        RelaxedOneHotCategoricalStraightThrough::logits(&p[0], &p[1]).log_prob(&x)
    });
    refused("RelaxedBernoulli, rounded", &[0.5, -1.0, f64::INFINITY], &[&[0.7], &[0.5]], |p, x| {
        RelaxedBernoulliStraightThrough::logits(&p[0], &p[1]).log_prob(&x)
    });
    refused("Delta", &[0.5, 0.7], &[&[0.6], &[1.0]], |p, x| Delta::new(&p[0]).log_density(&p[1]).log_prob(&x));
    refused("Exp(Normal)", &[-1.0, 0.0], &[&[0.5], &[2.0]], |p, x| {
        TransformedDistribution::new(Normal::new(&p[0], &p[1]), Rc::new(Exp)).log_prob(&x)
    });
    refused("Sigmoid(Normal)", &[-1.0, 0.0, 1.0, 7.0], &[&[0.5], &[2.0]], |p, x| {
        Normal::new(&p[0], &p[1]).transformed(Rc::new(Sigmoid)).log_prob(&x)
    });
}

#[test]
fn discrete_families_refuse_values_outside() {
    let int = |x: Tensor<1>| x.int();
    refused("Bernoulli", &[-1.0, 2.0], &[&[0.3]], |p, x| Bernoulli::new(&p[0]).log_prob(&int(x)));
    refused("Bernoulli logits", &[-1.0, 2.0], &[&[0.3]], |p, x| Bernoulli::logits(&p[0]).log_prob(&int(x)));
    refused("Categorical", &[-1.0, 3.0, 1e6], &[&[0.3, 0.3, 0.4]], |p, x| Categorical::new(&p[0]).log_prob(&int(x)));
    refused("Categorical logits", &[-1.0, 3.0], &[&[0.3, 0.3, 0.4]], |p, x| Categorical::logits(&p[0]).log_prob(&int(x)));
    refused("Binomial", &[-1.0, 11.0], &[&[10.0], &[0.3]], |p, x| Binomial::new(&p[0], &p[1]).log_prob(&int(x)));
    refused("Binomial logits", &[-1.0, 11.0], &[&[10.0], &[0.3]], |p, x| Binomial::logits(&p[0], &p[1]).log_prob(&int(x)));
    refused("Poisson", &[-1.0, -7.0], &[&[3.0]], |p, x| Poisson::new(&p[0]).log_prob(&int(x)));
}

fn int(x: [i64; 2]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::from(x), &test_device())
}

#[test]
fn certain_outcomes_have_log_prob_zero_and_impossible_ones_minus_infinity() {
    let certain = |log_prob: Tensor<1>| {
        let [certain, impossible] = numbers(log_prob)[..] else { panic!("two outcomes") };
        assert!(certain.abs() < 1e-6 && impossible == f64::NEG_INFINITY, "{certain} {impossible}");
    };
    certain(Bernoulli::new(tensor(&[0.0], [1], F32)).log_prob(&int([0, 1])));
    certain(Bernoulli::new(0.0).log_prob(&int([0, 1])));
    certain(Bernoulli::logits(tensor(&[f64::NEG_INFINITY], [1], F32)).log_prob(&int([0, 1])));
    certain(Poisson::new(tensor(&[0.0], [1], F32)).log_prob(&int([0, 1])));
    certain(Poisson::new(0.0).log_prob(&int([0, 1])));
    certain(Binomial::new(5.0, 0.0).log_prob(&int([0, 5])));
    certain(Binomial::new(5.0, tensor(&[1.0], [1], F32)).log_prob(&int([5, 0])));
    certain(Categorical::new([1.0, 0.0]).log_prob(&int([0, 1])));
}

#[test]
fn an_impossible_outcome_at_the_edge_leaves_no_nan_in_the_gradient_of_the_possible_one() {
    let rate = leaf(&[0.0], [1], F32);
    let gradients = Poisson::new(&rate).log_prob(&int([0, 0])).sum().backward();
    assert_eq!(numbers(rate.grad(&gradients).unwrap()), [-2.0]);
    let probs = leaf(&[0.0], [1], F32);
    let gradients = Binomial::new(5.0, &probs).log_prob(&int([0, 0])).sum().backward();
    assert_eq!(numbers(probs.grad(&gradients).unwrap()), [-10.0]);
}

fn mask<const N: usize>(mask: [bool; N]) -> Tensor<1, Bool> {
    Tensor::from_data(TensorData::from(mask), &test_device())
}

/// The masked entry holds NaN: density 0 there, and the gradients are those of the other entry alone.
fn masks_nan<T: Distribution<1, Kind = Float>>(build: impl Fn(&Tensor<1>) -> T, inside: f64) {
    let name = build(&leaf(&[1.5], [1], F32)).name();
    let run = |x: &[f64], keep: Option<Tensor<1, Bool>>| {
        let parameter = leaf(&[1.5], [1], F32);
        let x_leaf = leaf(x, [x.len()], F32);
        let base = build(&parameter);
        let log_prob = match keep {
            Some(keep) => base.masked(keep).log_prob(&x_leaf),
            None => base.log_prob(&x_leaf),
        };
        let gradients = log_prob.clone().sum().backward();
        (numbers(log_prob), numbers(parameter.grad(&gradients).unwrap()), numbers(x_leaf.grad(&gradients).unwrap()))
    };
    let (alone, parameter, x) = run(&[inside], None);
    let masked = run(&[inside, f64::NAN], Some(mask([true, false])));
    assert_eq!(masked.0, [alone[0], 0.0], "{name}");
    assert_eq!(masked.1, parameter, "{name}");
    assert_eq!(masked.2, [x[0], 0.0], "{name}");
}

#[test]
fn a_masked_nan_reaches_neither_density_nor_gradient() {
    masks_nan(|p| Normal::new(p, 1.0), 0.3);
    masks_nan(|p| LogNormal::new(p, 1.0), 0.3);
    masks_nan(|p| HalfNormal::new(p), 0.3);
    masks_nan(|p| HalfCauchy::new(p), 0.3);
    masks_nan(|p| Cauchy::new(p, 2.0), 0.3);
    masks_nan(|p| StudentT::new(p, 0.0, 2.0), 0.3);
    masks_nan(|p| Uniform::new(-1.0, p), 0.3);
    masks_nan(|p| Exponential::new(p), 0.3);
    masks_nan(|p| Gamma::new(p, 1.0), 0.3);
    masks_nan(|p| Beta::new(p, 1.0), 0.3);
    masks_nan(|p| Normal::new(p, 1.0).transformed(Rc::new(Exp)), 0.3);
}

#[test]
fn a_masked_event_counts_as_a_whole() {
    let a = leaf(&[2.0, 3.0, 4.0], [1, 3], F32);
    let x = tensor(&[0.2, 0.3, 0.5, f64::NAN, f64::NAN, f64::NAN], [2, 3], F32);
    let keep: Tensor<2, Bool> = Tensor::from_data(TensorData::from([[true], [false]]), &test_device());
    let masked = Dirichlet::new(&a).masked(keep);
    assert_eq!(masked.shape(), [2, 3]);
    assert!(masked.conflict().is_none());
    let log_prob = masked.log_prob(&x);
    let alone = numbers(Dirichlet::new(&a).log_prob(&tensor(&[0.2, 0.3, 0.5], [1, 3], F32)));
    assert_eq!(numbers(log_prob.clone()), [alone[0], 0.0]);
    let gradients = log_prob.sum().backward();
    assert!(numbers(a.grad(&gradients).unwrap()).iter().all(|g| g.is_finite()));
    let wide: Tensor<2, Bool> = Tensor::from_data(TensorData::from([[true, true, false]]), &test_device());
    assert!(Dirichlet::new(&a).masked(wide).conflict().is_some());
}

#[test]
fn masked_counts_do_not_count() {
    let rate = leaf(&[3.0], [1], F32);
    let log_prob = Poisson::new(&rate).masked(mask([true, false])).log_prob(&int([2, -5]));
    let gradients = log_prob.clone().sum().backward();
    assert_eq!(numbers(log_prob)[1], 0.0);
    assert!((numbers(rate.grad(&gradients).unwrap())[0] - (2.0 / 3.0 - 1.0)).abs() < 1e-6);
}

#[path = "outside/univariate.rs"]
mod univariate;
