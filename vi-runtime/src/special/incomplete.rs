//! The incomplete gamma and beta functions and their derivatives, written with a backend's own operations in single precision.
//!
//! The tail is integrated as in [`scalar`](super::scalar), by the Gauss–Legendre rule with 40 nodes along a dimension of its own,
//! and for small parameters by a series of a fixed number of terms; masks choose. Nothing is read back.

mod beta;
mod gamma;

pub(super) use beta::{beta_density, beta_inc, beta_inc_in_a, beta_inc_in_b};
use burn::backend::Backend;
use burn::backend::TensorMetadata;
use burn::tensor::{Shape, TensorData};
pub(super) use gamma::{gamma_density, gamma_p, gamma_p_in_shape, gamma_q};
use vi_graph::special::coefficients::{DIGAMMA_ASYMPTOTIC, GAUSS_LEGENDRE, STIRLING, TRIGAMMA_ASYMPTOTIC};

use super::value::Value;

/// Where the integrand no longer counts: `e^{−20}` is below 3e-9.
const CUT: f64 = 20.0;

/// From here on Stirling's series with 7 terms is exact to 2e-8.
const LARGE: f64 = 3.0;

impl<B: Backend> Value<B> {
    /// One row of nodes for each element: `[n, 1]`.
    fn as_column(&self) -> Self {
        let n = self.0.shape().num_elements();
        Value(B::float_reshape(self.0.clone(), Shape::from([n, 1])))
    }

    /// Summed over the nodes, in the shape of `like`.
    fn collected(&self, like: &Self) -> Self {
        Value(B::float_reshape(B::float_sum_dim(self.0.clone(), 1), like.0.shape()))
    }

    /// The nodes and weights on `[0, end]`, `end` being a column.
    fn nodes(&self) -> (Self, Self) {
        let pairs =
            GAUSS_LEGENDRE.iter().flat_map(|&(node, weight)| [(0.5 * (1.0 - node), 0.5 * weight), (0.5 * (1.0 + node), 0.5 * weight)]);
        let (nodes, weights): (Vec<f64>, Vec<f64>) = pairs.unzip();
        let dtype = self.0.dtype();
        let row = |values: Vec<f64>| {
            let data = TensorData::new(values, [1, 2 * GAUSS_LEGENDRE.len()]).convert_dtype(dtype);
            Value::<B>(B::float_from_data(data, &self.0.device()))
        };
        (self * row(nodes), self * row(weights))
    }

    /// `self − ln(1 + self)`.
    fn log1p_defect(&self) -> Self {
        const SERIES: [f64; 8] = [2.0 / 3.0, 2.0 / 5.0, 2.0 / 7.0, 2.0 / 9.0, 2.0 / 11.0, 2.0 / 13.0, 2.0 / 15.0, 2.0 / 17.0];
        let far = self.less(-0.5).or(&self.less(0.75).not());
        let near = self.fill(&far, 0.0);
        let s = &near / (&near + 2.0);
        let square = &s * &s;
        let near = near * &s - s * &square * square.polynomial(&SERIES);
        far.choose(&(self - self.ln_1p()), &near)
    }

    /// `e^self − 1 − self`.
    fn expm1_defect(&self) -> Self {
        const SERIES: [f64; 8] = [0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0, 1.0 / 362_880.0];
        let far = self.less(-1.0).or(&self.less(1.0).not());
        let near = self.fill(&far, 0.0);
        let near = &near * &near * near.polynomial(&SERIES);
        far.choose(&(self.exp() - 1.0 - self), &near)
    }

    /// `ψ(self) − ψ(self + b)` for positive numbers: the recurrence up to 6 or more, then the difference of the asymptotic series.
    fn digamma_difference(&self, b: &Self) -> Self {
        let mut a = self.clone();
        let mut steps = self.filled(0.0);
        for _ in 0..6 {
            steps = steps - b / (&a + b) / &a;
            a = a + 1.0;
        }
        let tail = |x: &Self| {
            let z = x.recip();
            let square = &z * &z;
            &square * square.polynomial(&DIGAMMA_ASYMPTOTIC[..5])
        };
        let (sum, ratio) = (&a + b, b / &a);
        let series = tail(&sum) - tail(&a) - (b / &sum) / &a * 0.5 - ratio.ln_1p();
        // Where the difference of the series would be rounding only: the midpoint rule, relative error (b/a)²/12.
        let z = (&a + b * 0.5).recip();
        let square = &z * &z;
        let slope = &z * ((&z * square.polynomial(&TRIGAMMA_ASYMPTOTIC[..5]) + 0.5) * &z + 1.0);
        ratio.less(1e-3).choose(&(steps.clone() - b * slope), &(steps + series))
    }

    /// `ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π)` for `x ≥ 3`.
    fn stirling_remainder(&self) -> Self {
        let z = self.recip();
        let square = &z * &z;
        z * square.polynomial(&STIRLING[..7])
    }
}

/// An upper bound for the `u` with `slope u + curvature (u − 1 + e^{−u}) = CUT`, from `u − 1 + e^{−u} ≥ u²/(2 + u)`.
fn bound<B: Backend>(slope: &Value<B>, curvature: &Value<B>) -> Value<B> {
    let sum = slope + curvature;
    let linear = slope * 2.0 - CUT;
    let root = (&linear * &linear + &sum * (8.0 * CUT)).sqrt();
    // (root − linear)/(2 sum), the other way round where that cancels.
    let negative = linear.less(0.0);
    let direct = (&root - &linear) / (sum * 2.0);
    let inverse = (&root + &linear).fill(&negative, 1.0).recip() * (4.0 * CUT);
    negative.choose(&direct, &inverse)
}
