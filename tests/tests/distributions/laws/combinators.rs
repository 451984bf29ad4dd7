//! What is made of other distributions.

use std::rc::Rc;

use burn::tensor::Tensor;
use vi_runtime::bijector::{Exp, Sigmoid};
use vi_runtime::dist::*;

use super::Drawn::*;
use super::{REAL, SCALE, SHAPE, burn};

/// A row of one number for each component.
fn row(numbers: &Tensor<1>) -> Tensor<2> {
    numbers.clone().unsqueeze()
}

laws! {
    truncated_logistic: [loc: Within(-20.0, 20.0), scale: SCALE, low: Within(-3.0, 0.0), high: Within(0.1, 4.0)], float,
        ends |p| [p[2][0], p[3][0]], |p| Logistic::new(&p[0], &p[1]).truncated(&p[2], &p[3]);
    truncated_normal_by_its_tails: [loc: Within(-20.0, 20.0), scale: SCALE, low: Within(-3.0, 0.0), high: Within(0.1, 4.0)], float,
        ends |p| [p[2][0], p[3][0]], |p| Normal::new(&p[0], &p[1]).truncated(&p[2], &p[3]);
    truncated_normal_above_a_bound: [loc: Within(-20.0, 20.0), scale: SCALE, low: REAL], float,
        ends |p| [p[2][0], p[0][0].max(p[2][0] + 1.0), f64::INFINITY], |p| Normal::new(&p[0], &p[1]).truncated(&p[2], f64::INFINITY);
    truncated_exponential: [rate: SCALE, low: Within(0.5, 1.0), high: Within(1.5, 4.0)], float, ends |p| [p[1][0], p[2][0]], |p| {
        Exponential::new(&p[0]).truncated(&p[1], &p[2])
    };
    folded_logistic: [loc: REAL, scale: SCALE], float, |p| Logistic::new(&p[0], &p[1]).folded();
    exponential_of_a_logistic: [loc: REAL, scale: Within(0.2, 1.0)], float, |p| Logistic::new(&p[0], &p[1]).transformed(Rc::new(Exp));
    sigmoid_of_a_normal: [loc: REAL, scale: Within(0.2, 2.0)], float, |p| Normal::new(&p[0], &p[1]).transformed(Rc::new(Sigmoid));
    mixture_of_logistics: [logits: Row(2, -2.0, 2.0), loc: Row(2, -3.0, 3.0), scale: Row(2, 0.3, 3.0)], float,
        ends |p| [f64::NEG_INFINITY, p[1][0].min(p[1][1]), p[1][0].max(p[1][1]), f64::INFINITY], |p| {
        MixtureSameFamily::logits(&p[0], Logistic::new(row(&p[1]), row(&p[2])))
    };
    mixture_of_two_families: [loc: Within(-3.0, -1.0), scale: SCALE, loc: Within(1.0, 3.0), scale: SCALE], float,
        ends |p| [f64::NEG_INFINITY, p[0][0], p[2][0], f64::INFINITY], |p| {
        MixtureGeneral::new([0.3, 0.7], (Normal::new(&p[0], &p[1]), Logistic::new(&p[2], &p[3]))).reparameterised()
    };
    mixture_of_poissons: [probs: Simplex(2), rate: Row(2, 0.2, 30.0)], int, |p| MixtureSameFamily::new(&p[0], Poisson::new(row(&p[1])));
    truncated_poisson: [rate: SHAPE], int, ends |_p| [2.0, 9.0], |p| Poisson::new(&p[0]).truncated(2.0, 9.0);
}
