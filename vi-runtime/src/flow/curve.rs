//! Increasing functions of one number, whose parameters a network gives.

use burn::tensor::Tensor;

use super::spline;
use crate::Arg;
use crate::error::{Error, Result};

/// How a flow maps one element, given the parameters that the other elements determine.
#[derive(Clone, Copy, Debug, PartialEq, Arg)]
pub enum Curve {
    /// `y = x exp(s) + t`, with `s` held in `(−4, 4)` by `4 tanh(·/4)` so that a wild step cannot overflow.
    Affine,
    /// A rational-quadratic spline on `(−bound, bound)` and the identity outside (Durkan et al. 2019).
    Spline {
        /// The number of pieces.
        bins: usize,
        /// Half the width of the interval.
        bound: f64,
    },
}

/// Bound of the logarithm of an affine curve's slope.
const LIMIT: f64 = 4.0;

impl Curve {
    /// # Errors
    /// [`Error::Config`] for a spline without pieces, with more than its least piece width allows, or on no interval.
    pub(super) fn check(self) -> Result<()> {
        match self {
            Curve::Spline { bins, bound } if bins == 0 || bins > spline::MOST_BINS || !(bound > 0.0 && bound.is_finite()) => {
                let problem = format!("{bins} pieces on (-{bound}, {bound}); 1 to {} on a finite interval are possible", spline::MOST_BINS);
                Err(Error::Config { setting: "spline of a flow".to_owned(), problem })
            }
            _ => Ok(()),
        }
    }

    /// How many parameters it has; with all of them 0 it is the identity.
    pub(super) fn parameters(self) -> usize {
        match self {
            Curve::Affine => 2,
            Curve::Spline { bins, .. } => 3 * bins - 1,
        }
    }

    /// `y` and `ln ∂y/∂x`.
    ///
    /// # Shapes
    /// `x: [rows, n]`, `parameters: [rows, n, self.parameters()]`.
    pub(super) fn forward(self, x: Tensor<2>, parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
        match self {
            Curve::Affine => {
                let (log_slope, shift) = affine(parameters);
                (x * log_slope.clone().exp() + shift, log_slope)
            }
            Curve::Spline { bins, bound } => spline::Spline::new(parameters, bins, bound).forward(x),
        }
    }

    /// `x` for given `y`.
    pub(super) fn inverse(self, y: Tensor<2>, parameters: Tensor<3>) -> Tensor<2> {
        match self {
            Curve::Affine => {
                let (log_slope, shift) = affine(parameters);
                (y - shift) * log_slope.neg().exp()
            }
            Curve::Spline { bins, bound } => spline::Spline::new(parameters, bins, bound).inverse(y),
        }
    }
}

fn affine(parameters: Tensor<3>) -> (Tensor<2>, Tensor<2>) {
    let slope = parameters.clone().narrow(2, 0, 1).squeeze_dim::<2>(2);
    let shift = parameters.narrow(2, 1, 1).squeeze_dim::<2>(2);
    (slope.mul_scalar(LIMIT.recip()).tanh().mul_scalar(LIMIT), shift)
}
