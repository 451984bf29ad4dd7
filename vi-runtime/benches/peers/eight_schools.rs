//! Eight schools, non-centred (Rubin 1981): 10 latents, 8 observations.

use vi_runtime::prelude::*;

#[model]
pub fn eight_schools(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("y", Normal::new(mu + tau * z, sigma), y);
    });
}
