//! Models with known posteriors, and their data.

use serde_json::Value;
use tests::device;
use vi_runtime::prelude::*;

/// `y ~ N(X w, s)`, `w ~ N(0, t)`.
#[model]
pub fn linear_regression(x: Tensor<2>, y: Tensor<1>, t: f64, s: f64, n: usize) {
    let w = sample!("w", Normal::new(0.0, t).expand([n]));
    let mean = x.matmul(w.unsqueeze_dim::<2>(1)).squeeze_dim::<1>(1);
    observe!("y", Normal::new(mean, s), y);
}

/// Eight schools with effects about their mean, not standardised.
#[model]
pub fn eight_schools_centred(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let theta = sample!("theta", Normal::new(mu, tau));
        observe!("y", Normal::new(theta, sigma), y);
    });
}

/// Eight schools with standardised effects.
#[model]
pub fn eight_schools_non_centred(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let z = sample!("z", Normal::new(0.0, 1.0));
        let theta = deterministic!("theta", mu + tau * z);
        observe!("y", Normal::new(theta, sigma), y);
    });
}

/// Flat intercept and slope, half-Cauchy scale.
#[model]
pub fn kidscore(x: Tensor<1>, y: Tensor<1>) {
    let beta = sample!("beta", ImproperUniform::new(Support::Real, [2]));
    let sigma = sample!("sigma", HalfCauchy::new(2.5));
    let mean = beta.clone().slice(0..1) + beta.slice(1..2) * x;
    observe!("y", Normal::new(mean, sigma), y);
}

/// A file of `tests/data`.
pub fn json(path: &str) -> Result<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(path);
    serde_json::from_str(&std::fs::read_to_string(path).map_err(Error::other)?).map_err(Error::other)
}

/// The numbers of a field, arrays of arrays row by row.
pub fn numbers(of: &Value) -> Vec<f64> {
    match of {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => other.as_f64().into_iter().collect(),
    }
}

/// A vector in double precision.
pub fn vector(of: &Value) -> Result<Tensor<1>> {
    Ok(Tensor::from_data(numbers(of).as_slice(), (&device()?, FloatDType::F64.into())))
}
