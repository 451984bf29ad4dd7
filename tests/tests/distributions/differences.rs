//! Gradients of `log_prob` against central differences in double precision.

use burn::tensor::{DType, Int, Tensor, TensorData};
use vi_runtime::dist::*;

use super::{burn, has_f64, leaf, numbers, tensor, test_device};

/// Compares the gradient of the sum of `f` in every element of every input.
pub(super) fn check(name: &str, inputs: &[&[f64]], f: impl Fn(&[Tensor<1>]) -> Tensor<1>) {
    if !has_f64() {
        return;
    }
    let leaves: Vec<Tensor<1>> = inputs.iter().map(|x| leaf(x, [x.len()], DType::F64)).collect();
    let gradients = f(&leaves).sum().backward();
    for (k, input) in inputs.iter().enumerate() {
        let gradient = leaves[k].grad(&gradients).map_or(vec![0.0; input.len()], numbers);
        for i in 0..input.len() {
            let step = 1e-5 * input[i].abs().max(1e-2);
            let at = |x: f64| {
                let moved: Vec<Tensor<1>> = inputs
                    .iter()
                    .enumerate()
                    .map(|(j, values)| {
                        let mut values = values.to_vec();
                        if j == k {
                            values[i] = x;
                        }
                        let count = values.len();
                        tensor(&values, [count], DType::F64)
                    })
                    .collect();
                numbers(f(&moved).sum())[0]
            };
            let difference = (at(input[i] + step) - at(input[i] - step)) / (2.0 * step);
            let error = (gradient[i] - difference).abs() / difference.abs().max(1.0);
            assert!(error < 1e-7, "{name}: input {k}, element {i}: {} against {difference}", gradient[i]);
        }
    }
}

#[test]
fn continuous_families() {
    let (x, loc, scale) = (&[0.3, -1.2, 4.0][..], &[0.1, 0.5, -2.0][..], &[0.7, 1.3, 2.5][..]);
    let (positive, unit) = (&[0.3, 1.2, 4.0][..], &[0.05, 0.5, 0.93][..]);
    check("Normal", &[x, loc, scale], |t| Normal::new(&t[1], &t[2]).log_prob(&t[0]));
    check("LogNormal", &[positive, loc, scale], |t| LogNormal::new(&t[1], &t[2]).log_prob(&t[0]));
    check("HalfNormal", &[positive, scale], |t| HalfNormal::new(&t[1]).log_prob(&t[0]));
    check("HalfCauchy", &[positive, scale], |t| HalfCauchy::new(&t[1]).log_prob(&t[0]));
    check("Cauchy", &[x, loc, scale], |t| Cauchy::new(&t[1], &t[2]).log_prob(&t[0]));
    check("StudentT", &[x, &[0.8, 3.0, 40.0], loc, scale], |t| StudentT::new(&t[1], &t[2], &t[3]).log_prob(&t[0]));
    check("Uniform", &[unit, &[-0.1, -0.5, 0.1], &[1.0, 1.5, 2.0]], |t| Uniform::new(&t[1], &t[2]).log_prob(&t[0]));
    check("Exponential", &[positive, scale], |t| Exponential::new(&t[1]).log_prob(&t[0]));
    check("Gamma", &[positive, &[0.2, 1.5, 30.0], scale], |t| Gamma::new(&t[1], &t[2]).log_prob(&t[0]));
    check("Beta", &[unit, &[0.2, 1.5, 30.0], scale], |t| Beta::new(&t[1], &t[2]).log_prob(&t[0]));
    check("Dirichlet", &[&[0.2, 0.3, 0.5], &[0.2, 1.5, 30.0]], |t| Dirichlet::new(&t[1]).log_prob(&t[0]));
    check("Dirichlet of one number", &[&[0.2, 0.3, 0.5], &[0.7]], |t| Dirichlet::new(&t[1]).expand([3]).log_prob(&t[0]));
    check("MultivariateNormal", &[&[0.2, 0.3], &[1.0, -0.5], &[0.8, 0.0, 0.4, 1.5]], |t| {
        MultivariateNormal::new(&t[1], t[2].clone().reshape([2, 2]).tril(0)).log_prob(&t[0])
    });
}

#[test]
fn a_parameter_that_broadcasts_gets_the_sum_of_its_gradients() {
    let x = &[0.3, 1.2, 4.0][..];
    check("Gamma", &[x, &[1.5], &[2.5]], |t| Gamma::new(&t[1], &t[2]).log_prob(&t[0]));
    check("Beta", &[&[0.3, 0.2], &[1.5], &[2.5]], |t| Beta::new(&t[1], &t[2]).log_prob(&t[0]));
    check("LogNormal", &[x, &[1.5], &[2.5]], |t| LogNormal::new(&t[1], &t[2]).log_prob(&t[0]));
    check("StudentT", &[x, &[1.5], &[2.5], &[1.0]], |t| StudentT::new(&t[1], &t[2], &t[3]).log_prob(&t[0]));
    check("Uniform", &[&[0.3], &[-1.5, -2.0], &[2.5]], |t| Uniform::new(&t[1], &t[2]).log_prob(&t[0]));
    check("Poisson", &[&[1.5]], |t| Poisson::new(&t[0]).log_prob(&counts(&[0, 2, 5])));
    check("Binomial", &[&[0.3]], |t| Binomial::new(5.0, &t[0]).log_prob(&counts(&[0, 2, 5])));
    check("Bernoulli", &[&[0.3]], |t| Bernoulli::new(&t[0]).log_prob(&counts(&[0, 1, 1])));
    check("Categorical", &[&[0.3, 0.5, 0.2]], |t| Categorical::new(&t[0]).log_prob(&counts(&[0, 1, 1])));
}

fn counts(x: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(x.to_vec(), [x.len()]), &test_device())
}

#[test]
fn discrete_families() {
    let (probs, logits) = (&[0.1, 0.5, 0.95][..], &[-2.0, 0.0, 3.0][..]);
    check("Bernoulli", &[probs], |t| Bernoulli::new(&t[0]).log_prob(&counts(&[0, 1, 1])));
    check("Bernoulli logits", &[logits], |t| Bernoulli::logits(&t[0]).log_prob(&counts(&[0, 1, 0])));
    check("Binomial", &[probs], |t| Binomial::new([5.0, 9.0, 3.0], &t[0]).log_prob(&counts(&[0, 2, 3])));
    check("Binomial logits", &[logits], |t| Binomial::logits(9.0, &t[0]).log_prob(&counts(&[0, 2, 9])));
    check("Poisson", &[&[0.2, 3.0, 50.0]], |t| Poisson::new(&t[0]).log_prob(&counts(&[0, 7, 55])));
    check("Categorical logits", &[&[0.2, 3.0, -1.0, 0.0]], |t| {
        Categorical::logits(t[0].clone().reshape([2, 2])).log_prob(&counts(&[0, 1]))
    });
    // own rows [2] under values [2, 2]
    check("Categorical rows", &[&[0.2, 0.8, 0.7, 0.3]], |t| {
        let x: Tensor<2, Int> = counts(&[0, 1, 1, 0]).reshape([2, 2]);
        Categorical::new(t[0].clone().reshape([1, 2, 2])).log_prob(&x).reshape([4])
    });
}
