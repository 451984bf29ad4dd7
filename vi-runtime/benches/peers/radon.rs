//! Radon in 85 counties: varying intercept and slope, non-centred (Gelman and Hill 2007); 175 latents, 919 houses.

use vi_runtime::prelude::*;

/// How many latent numbers there are: five of the whole state and two of each county.
pub const LATENTS: usize = 5 + 2 * COUNTIES;
const COUNTIES: usize = 85;

#[model]
pub fn radon(county: Tensor<1, Int>, floor: Tensor<1>, y: Tensor<1>) {
    let mu_a = sample!("mu_a", Normal::new(0.0, 5.0));
    let sd_a = sample!("sd_a", HalfNormal::new(1.0));
    let mu_b = sample!("mu_b", Normal::new(0.0, 5.0));
    let sd_b = sample!("sd_b", HalfNormal::new(1.0));
    let (za, zb) = plate!("county", COUNTIES, { (sample!("za", Normal::new(0.0, 1.0)), sample!("zb", Normal::new(0.0, 1.0))) });
    let (a, b) = (mu_a + sd_a * za, mu_b + sd_b * zb);
    let sigma = sample!("sigma", HalfNormal::new(1.0));
    plate!("house", y.dims()[0], {
        let mean = a.select(0, county.clone()) + b.select(0, county) * floor;
        observe!("y", Normal::new(mean, sigma), y);
    });
}

/// One normal over all latents in unconstrained space.
///
/// The vector is an auxiliary site; each latent is a point mass at its part of the vector, whose density carries the
/// Jacobian of `exp` where the latent is positive: `log q(eᵘ) = log q(u) − u`. `identity` has [`LATENTS`] rows.
#[guide(model = radon, auxiliary = ["u"])]
pub fn full_rank(identity: Tensor<2>) {
    let loc = param!("loc", [0.0; LATENTS]);
    let scale_tril = param!("scale_tril", identity * 0.1, support::LowerCholesky);
    let u = sample!("u", MultivariateNormal::new(loc, scale_tril));
    let at = |first: usize, count: usize| u.clone().narrow(0, first, count);
    let real = |first: usize| Delta::new(at(first, 1));
    let positive = |first: usize| Delta::new(at(first, 1).exp()).log_density(-at(first, 1));
    sample!("mu_a", real(0));
    sample!("sd_a", positive(1));
    sample!("mu_b", real(2));
    sample!("sd_b", positive(3));
    sample!("sigma", positive(4));
    plate!("county", COUNTIES, {
        sample!("za", Delta::new(at(5, COUNTIES)));
        sample!("zb", Delta::new(at(5 + COUNTIES, COUNTIES)));
    });
}
