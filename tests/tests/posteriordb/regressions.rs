//! Linear regressions.

use vi_runtime::prelude::*;

use super::data::{Data, design};

/// `x · beta` for each row of `x`.
fn predictor(x: Tensor<2>, beta: &Tensor<1>) -> Tensor<1> {
    x.matmul(beta.clone().unsqueeze_dim(1)).squeeze_dim(1)
}

/// All priors flat.
#[model]
pub fn flat(x: Tensor<2>, y: Tensor<1>) {
    let beta = sample!("beta", ImproperUniform::new(Support::RealVector, [x.dims()[1]]));
    let sigma = sample!("sigma", ImproperUniform::new(Support::Positive, [1]));
    observe!("y", Normal::new(predictor(x, &beta), sigma), y);
}

pub fn earn_height(data: &Data) -> Result<impl Program + Clone + use<>> {
    let height = data.numbers("height")?;
    Ok(flat(design([vec![1.0; height.len()], height])?, data.vector("earn")?))
}

/// Of the logarithms of earnings on standardised height, sex and their product.
pub fn logearn_interaction_z(data: &Data) -> Result<impl Program + Clone + use<>> {
    let (height, male) = (data.numbers("height")?, data.numbers("male")?);
    let n = height.len() as f64;
    let mean = height.iter().sum::<f64>() / n;
    let sd = (height.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let z: Vec<f64> = height.iter().map(|x| (x - mean) / sd).collect();
    let product = z.iter().zip(&male).map(|(z, male)| z * male).collect();
    Ok(flat(design([vec![1.0; z.len()], z, male, product])?, data.vector("earn")?.log()))
}

pub fn logmesquite(data: &Data) -> Result<impl Program + Clone + use<>> {
    let log = |key: &str| Ok(data.numbers(key)?.into_iter().map(f64::ln).collect::<Vec<_>>());
    let group = data.numbers("group")?;
    let logs = ["diam1", "diam2", "canopy_height", "total_height", "density"];
    let [a, b, c, d, e] = logs.map(log);
    Ok(flat(design([vec![1.0; group.len()], a?, b?, c?, d?, e?, group])?, data.vector("weight")?.log()))
}

#[model]
pub fn half_cauchy_noise(x: Tensor<2>, y: Tensor<1>) {
    let beta = sample!("beta", ImproperUniform::new(Support::RealVector, [x.dims()[1]]));
    let sigma = sample!("sigma", HalfCauchy::new(2.5));
    observe!("y", Normal::new(predictor(x, &beta), sigma), y);
}

pub fn kidscore_momiq(data: &Data) -> Result<impl Program + Clone + use<>> {
    let iq = data.numbers("mom_iq")?;
    Ok(half_cauchy_noise(design([vec![1.0; iq.len()], iq])?, data.vector("kid_score")?))
}

#[model]
pub fn normal_priors(x: Tensor<2>, y: Tensor<1>) {
    let beta = sample!("beta", Normal::new(0.0, 10.0).expand([x.dims()[1]]));
    let sigma = sample!("sigma", HalfNormal::new(10.0));
    observe!("y", Normal::new(predictor(x, &beta), sigma), y);
}

pub fn blr(data: &Data) -> Result<impl Program + Clone + use<>> {
    Ok(normal_priors(data.matrix("X")?, data.vector("y")?))
}

/// `priors`: means and standard deviations of intercept and slope.
#[model]
pub fn trend(x: Tensor<1>, y: Tensor<1>, priors: [f64; 4]) {
    let alpha = sample!("alpha", Normal::new(priors[0], priors[1]));
    let beta = sample!("beta", Normal::new(priors[2], priors[3]));
    let sigma = sample!("sigma", ImproperUniform::new(Support::Positive, [1]));
    observe!("y", Normal::new(alpha + beta * x, sigma), y);
}

pub fn kilpisjarvi(data: &Data) -> Result<impl Program + Clone + use<>> {
    let [a, b, c, d] = ["pmualpha", "psalpha", "pmubeta", "psbeta"].map(|key| data.number(key));
    Ok(trend(data.vector("x")?, data.vector("y")?, [a?, b?, c?, d?]))
}

/// `x` is centred, `means` are what was subtracted.
#[model]
#[allow(non_snake_case, reason = "the reference calls it so")]
pub fn diamond_prices(x: Tensor<2>, means: Tensor<1>, y: Tensor<1>) {
    let b = sample!("b", Normal::new(0.0, 1.0).expand([x.dims()[1]]));
    let intercept = sample!("Intercept", StudentT::new(3.0, 8.0, 10.0));
    let sigma = sample!("sigma", HalfStudentT::new(3.0, 10.0));
    deterministic!("b_Intercept", intercept.clone() - (means * b.clone()).sum());
    observe!("y", Normal::new(predictor(x, &b) + intercept, sigma), y);
}

pub fn diamonds(data: &Data) -> Result<impl Program + Clone + use<>> {
    let x = data.matrix("X")?;
    let x = x.clone().narrow(1, 1, x.dims()[1] - 1);
    let means = x.clone().mean_dim(0);
    Ok(diamond_prices(x - means.clone(), means.squeeze_dim(0), data.vector("Y")?))
}
