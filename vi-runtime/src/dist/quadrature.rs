//! Gauss–Legendre quadrature of integrands that have no closed form, with the points along a dimension of their own.

use std::f64::consts::PI;
use std::sync::LazyLock;

use burn::tensor::{Tensor, TensorData};

/// Points and weights for the interval `(0, 1)`.
#[derive(Debug)]
pub(crate) struct Rule {
    points: Vec<f64>,
    weights: Vec<f64>,
}

/// Exact for polynomials of degree 63: an integrand that falls monotonically to `e⁻⁴⁰` like an exponential or a Gaussian comes
/// out to 1e-15.
pub(crate) static GAUSS_32: LazyLock<Rule> = LazyLock::new(|| Rule::new(32));
/// The same for a Gaussian with its peak inside the interval.
pub(crate) static GAUSS_48: LazyLock<Rule> = LazyLock::new(|| Rule::new(48));

impl Rule {
    /// The roots of the Legendre polynomial of degree `count`, by Newton's method from `cos(π (i + ¾)/(count + ½))`.
    fn new(count: usize) -> Self {
        let n = count as f64;
        let (points, weights) = (0..count)
            .map(|i| {
                let mut x = (PI * (i as f64 + 0.75) / (n + 0.5)).cos();
                let mut slope = 1.0;
                for _ in 0..6 {
                    let (value, before) = legendre(count, x);
                    slope = n * (before - x * value) / (1.0 - x * x);
                    x -= value / slope;
                }
                // From (−1, 1) to (0, 1).
                (0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope))
            })
            .unzip();
        Rule { points, weights }
    }

    /// `∫₀ᴸ f(d) dd` for each element `L` of `length`.
    ///
    /// # Shapes
    /// `length: [..]` with `n` elements; `f` gets the points as `[n, points]`, and what [`column`] makes of a tensor like
    /// `length` broadcasts against them.
    pub(crate) fn integral<const D: usize>(&self, length: Tensor<D>, f: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Tensor<D> {
        let dims = length.dims();
        let length = column(length);
        let row = |values: &[f64]| -> Tensor<2> {
            let data = TensorData::new(values.to_vec(), [1, values.len()]);
            Tensor::from_data(data, (&length.device().inner(), length.dtype()))
        };
        let values = f(length.clone() * row(&self.points));
        ((values * row(&self.weights)).sum_dim(1) * length).reshape(dims)
    }

    /// `∫₀ᴸ f(d) dd` on the host.
    pub(crate) fn integral_scalar(&self, length: f64, f: impl Fn(f64) -> f64) -> f64 {
        length * self.points.iter().zip(&self.weights).map(|(point, weight)| weight * f(length * point)).sum::<f64>()
    }
}

/// All elements below one another.
pub(crate) fn column<const D: usize>(x: Tensor<D>) -> Tensor<2> {
    let count = x.dims().iter().product();
    x.reshape([count, 1])
}

/// The Legendre polynomials of degree `n` and `n − 1` at `x` (DLMF 18.9.1).
fn legendre(n: usize, x: f64) -> (f64, f64) {
    (1..n).fold((x, 1.0), |(value, before), k| {
        let k = k as f64;
        (((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_exactly() {
        for (rule, degrees) in [(&*GAUSS_32, 64), (&*GAUSS_48, 96)] {
            for degree in 0..degrees {
                let found = rule.integral_scalar(1.0, |x| x.powi(degree));
                // Nodes are within an ulp of their places, which a power multiplies.
                let allowed = f64::EPSILON * (16.0 + f64::from(degree));
                assert!((found * f64::from(degree + 1) - 1.0).abs() < allowed, "{degree}: {found}");
            }
        }
    }
}
