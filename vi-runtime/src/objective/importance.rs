//! What bounds of several samples have in common.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use crate::error::{Error, Result};
use crate::special::{detach, logsumexp};

/// `ln (1/K Σ wₖ)` of each row of log weights, `[particles, 1]`.
pub(super) fn log_mean(log_weights: Tensor<2>) -> Tensor<2> {
    let samples = log_weights.dims()[1] as f64;
    logsumexp(log_weights, 1) - samples.ln()
}

/// `wₖ / Σ w` in each row, without gradient.
pub(super) fn normalised(log_weights: Tensor<2>) -> Tensor<2> {
    detach(softmax(log_weights, 1))
}

/// # Errors
/// [`Error::Config`] where there are fewer samples than `least`.
pub(super) fn check_samples(objective: &str, samples: usize, least: usize) -> Result<()> {
    if samples >= least {
        return Ok(());
    }
    Err(Error::Config { setting: format!("samples of {objective}"), problem: format!("{samples}; at least {least} are needed") })
}
