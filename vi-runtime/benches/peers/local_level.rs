//! A local level model, centred: the path `x` of 500 levels is the latent, `x₁ ~ N(0, 5)`, `xₜ ~ N(xₜ₋₁, σ_level)`.

use vi_runtime::prelude::*;

/// `first` is true at the first level and false elsewhere; the path's own prior counts there only, the steps between
/// the levels have the rest.
#[model]
pub fn local_level(y: Tensor<1>, first: Tensor<1, Bool>) {
    let length = y.dims()[0];
    let sigma_level = sample!("sigma_level", HalfNormal::new(1.0));
    let sigma_obs = sample!("sigma_obs", HalfNormal::new(1.0));
    let x = sample!("x", Normal::new(0.0, 5.0).expand([length]).masked(first));
    let steps = x.clone().narrow(0, 1, length - 1) - x.clone().narrow(0, 0, length - 1);
    observe!("step", Normal::new(0.0, sigma_level).expand([length - 1]), steps);
    plate!("time", length, {
        observe!("y", Normal::new(x, sigma_obs), y);
    });
}
