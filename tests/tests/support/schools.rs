//! Eight schools, as in the example: non-centred and centred, with a guide by hand.

use tests::vector;
use vi_runtime::prelude::*;

#[model]
pub fn non_centred(sigma: Tensor<1>, y: Tensor<1>) -> Tensor<1> {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    let z = plate!("school", 8, { sample!("z", Normal::new(0.0, 1.0)) });
    let theta = deterministic!("theta", mu + tau * z);
    plate!("school", 8, { observe!("y", Normal::new(&theta, sigma), y) });
    theta
}

#[model]
pub fn centred(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let theta = sample!("theta", Normal::new(mu, tau));
        observe!("y", Normal::new(theta, sigma), y);
    });
}

#[guide(model = non_centred)]
pub fn mean_field(sigma: Tensor<1>, y: Tensor<1>) {
    let mu_loc = param!("mu.loc", [0.0]);
    let mu_scale = param!("mu.scale", [1.0], support::Positive);
    sample!("mu", Normal::new(mu_loc, mu_scale));
    let tau_loc = param!("tau.loc", [0.0]);
    let tau_scale = param!("tau.scale", [0.5], support::Positive);
    sample!("tau", LogNormal::new(tau_loc, tau_scale));
    let z_loc = param!("z.loc", [0.0; 8]);
    let z_scale = param!("z.scale", [1.0; 8], support::Positive);
    plate!("school", 8, { sample!("z", Normal::new(z_loc, z_scale)) });
}

pub fn schools() -> Result<(Tensor<1>, Tensor<1>)> {
    Ok((vector([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])?, vector([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])?))
}
