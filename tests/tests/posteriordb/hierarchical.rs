//! Hierarchies and a mixture.

use vi_runtime::prelude::*;

use super::data::{Data, ints, vector};

#[model]
pub fn schools_centred(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let theta = sample!("theta", Normal::new(mu, tau));
        observe!("y", Normal::new(theta, sigma), y);
    });
}

pub fn eight_schools_centered(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(schools_centred(data.vector("sigma")?, data.vector("y")?))
}

#[model]
pub fn schools_non_centred(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let theta_trans = sample!("theta_trans", Normal::new(0.0, 1.0));
        let theta = deterministic!("theta", mu + tau * theta_trans);
        observe!("y", Normal::new(theta, sigma), y);
    });
}

pub fn eight_schools_noncentered(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(schools_non_centred(data.vector("sigma")?, data.vector("y")?))
}

/// The houses: their counties from 0, two predictors, the logarithm of radon.
fn houses(data: &Data) -> Result<(Tensor<1, Int>, [Tensor<1>; 2], Tensor<1>)> {
    let county = data.numbers("county_idx")?.into_iter().map(|county| county - 1.0).collect();
    Ok((ints(county)?, [data.vector("log_uppm")?, data.vector("floor_measure")?], data.vector("log_radon")?))
}

const COUNTIES: usize = 85;

#[model]
pub fn radon_of_counties(county: Tensor<1, Int>, x: [Tensor<1>; 2], y: Tensor<1>) {
    let sigma_alpha = sample!("sigma_alpha", HalfNormal::new(1.0));
    let sigma_y = sample!("sigma_y", HalfNormal::new(1.0));
    let mu_alpha = sample!("mu_alpha", Normal::new(0.0, 10.0));
    let beta = sample!("beta", Normal::new(0.0, 10.0).expand([2]));
    let alpha = plate!("county", COUNTIES, { sample!("alpha", Normal::new(mu_alpha, sigma_alpha)) });
    let [uranium, floor] = x;
    let mean = alpha.select(0, county) + beta.clone().narrow(0, 0, 1) * uranium + beta.narrow(0, 1, 1) * floor;
    plate!("house", y.dims()[0], { observe!("y", Normal::new(mean, sigma_y), y) });
}

pub fn radon_centered(data: &Data) -> Result<impl Program + Clone + use<>> {
    let (county, x, y) = houses(data)?;
    Ok(radon_of_counties(county, x, y))
}

#[model]
pub fn radon_of_offsets(county: Tensor<1, Int>, x: [Tensor<1>; 2], y: Tensor<1>) {
    let sigma_alpha = sample!("sigma_alpha", HalfNormal::new(1.0));
    let sigma_y = sample!("sigma_y", HalfNormal::new(1.0));
    let mu_alpha = sample!("mu_alpha", Normal::new(0.0, 10.0));
    let beta = sample!("beta", Normal::new(0.0, 10.0).expand([2]));
    let alpha_raw = plate!("county", COUNTIES, { sample!("alpha_raw", Normal::new(0.0, 1.0)) });
    let alpha = deterministic!("alpha", mu_alpha + sigma_alpha * alpha_raw);
    let [uranium, floor] = x;
    let mean = alpha.select(0, county) + beta.clone().narrow(0, 0, 1) * uranium + beta.narrow(0, 1, 1) * floor;
    plate!("house", y.dims()[0], { observe!("y", Normal::new(mean, sigma_y), y) });
}

pub fn radon_noncentered(data: &Data) -> Result<impl Program + Clone + use<>> {
    let (county, x, y) = houses(data)?;
    Ok(radon_of_offsets(county, x, y))
}

/// The prior of the ordered means is that of numbers without an order, not normalised again.
#[model]
pub fn two_normals(y: Tensor<1>, zeros: Tensor<1>) {
    let mu = sample!("mu", ImproperUniform::new(Support::Ordered, [2]));
    observe!("means", Normal::new(zeros, 2.0), mu.clone());
    let sigma = sample!("sigma", HalfNormal::new(2.0).expand([2]));
    let theta = sample!("theta", Beta::new(5.0, 5.0));
    let weights: Tensor<1> = Tensor::cat(vec![theta.clone(), -theta + 1.0], 0);
    let components = Normal::new(mu.unsqueeze::<2>(), sigma.unsqueeze::<2>());
    plate!("n", y.dims()[0], { observe!("y", MixtureSameFamily::new(weights, components), y) });
}

pub fn low_dim_gauss_mix(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(two_normals(data.vector("y")?, vector(vec![0.0; 2])?))
}
