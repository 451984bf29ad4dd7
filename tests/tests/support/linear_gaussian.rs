//! Linear-Gaussian models whose evidence and best factorised bound are known (mpmath, 40 digits), and the exact ELBO of a
//! normal guide of such a model.

use std::path::Path;

use serde_json::Value;
use vi_runtime::burn::tensor::TensorData;
use vi_runtime::guide::{Gaussian, Root};
use vi_runtime::prelude::*;

/// A file of `tests/data`.
pub fn data(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(parts) => parts.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

pub fn tensor<const D: usize>(value: &Value, dims: [usize; D]) -> Result<Tensor<D>> {
    double(flat(value), dims)
}

pub fn double<const D: usize>(numbers: Vec<f64>, dims: [usize; D]) -> Result<Tensor<D>> {
    Ok(Tensor::from_data(TensorData::new(numbers, dims), (&tests::device()?, FloatDType::F64.into())))
}

#[model]
pub fn mean(y: Tensor<1>, prior: (f64, f64), noise: f64) {
    let mu = sample!("mu", Normal::new(prior.0, prior.1));
    plate!("n", 12, { observe!("y", Normal::new(mu, noise), y) });
}

#[model]
pub fn regression(x: Tensor<2>, y: Tensor<1>, prior: f64, noise: f64) {
    let w = sample!("w", Normal::new(0.0, prior).expand([4]));
    let n = y.dims()[0];
    observe!("y", Normal::new(x.matmul(w.reshape([4, 1])).reshape([n]), noise), y);
}

#[model]
pub fn factor_analysis(x: Tensor<2>, w: Tensor<2>, mu: Tensor<1>, noise: f64) {
    let [n, _] = x.dims();
    let z = sample!("z", Normal::new(0.0, 1.0).expand([n, 2]));
    observe!("x", Normal::new(z.matmul(w.transpose()) + mu.unsqueeze(), noise), x);
}

/// Transition and noise of a chain with two states, and its first state.
#[derive(Clone, Debug, Arg)]
pub struct Chain {
    transition: Tensor<2>,
    innovation: Tensor<2>,
    first: Tensor<1>,
    first_scale: Tensor<2>,
    noise: f64,
}

#[model]
pub fn state_space(y: Tensor<1>, chain: Chain) {
    let mut state = sample!("z"[0], MultivariateNormal::new(&chain.first, &chain.first_scale));
    for t in 0..25 {
        if t > 0 {
            let next = chain.transition.clone().matmul(state.reshape([2, 1])).reshape([2]);
            state = sample!("z"[t], MultivariateNormal::new(next, &chain.innovation));
        }
        observe!("y"[t], Normal::new(state.clone().narrow(0, 0, 1), chain.noise), y.clone().narrow(0, t, 1));
    }
}

/// What is known of a model.
pub struct Known {
    pub evidence: f64,
    /// The largest ELBO of a factorised normal guide.
    pub mean_field: f64,
    /// Names and sizes of the latent sites, in order.
    pub sites: Vec<(String, Vec<usize>)>,
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn site(name: &str, shape: &[usize]) -> Vec<(String, Vec<usize>)> {
    vec![(name.to_owned(), shape.to_vec())]
}

pub fn mean_case() -> Result<(impl Program + Clone, Known)> {
    let data = data("analytic/normal_normal.json");
    let model = mean(tensor(&data["y"], [12])?, (number(&data["mu0"]), number(&data["s0"])), number(&data["s"]));
    let evidence = number(&data["log_evidence"]);
    Ok((model, Known { evidence, mean_field: evidence, sites: site("mu", &[1]) }))
}

pub fn regression_case() -> Result<(impl Program + Clone, Known)> {
    let data = data("analytic/bayes_linear_regression.json");
    let n = data["y"].as_array().unwrap().len();
    let model = regression(tensor(&data["X"], [n, 4])?, tensor(&data["y"], [n])?, number(&data["t"]), number(&data["s"]));
    let mean_field = number(&data["meanfield"]["max_elbo"]);
    Ok((model, Known { evidence: number(&data["log_evidence"]), mean_field, sites: site("w", &[4]) }))
}

pub fn factor_case() -> Result<(impl Program + Clone, Known)> {
    let data = data("analytic/ppca_linear_vae.json");
    let n = data["X"].as_array().unwrap().len();
    let fixed = &data["fixed_params"];
    let (w, mu) = (tensor(&fixed["W"], [5, 2])?, tensor(&fixed["mu"], [5])?);
    let model = factor_analysis(tensor(&data["X"], [n, 5])?, w, mu, number(&fixed["sigma2"]).sqrt());
    let (evidence, mean_field) = (number(&fixed["log_likelihood"]), number(&fixed["max_elbo_meanfield"]));
    Ok((model, Known { evidence, mean_field, sites: site("z", &[n, 2]) }))
}

pub fn chain_case() -> Result<(impl Program + Clone, Known)> {
    let data = data("linear_gaussian_ssm.json");
    // The lower Cholesky factors of [[.3, .05], [.05, .2]] and of a diagonal.
    let below = 0.05 / 0.3_f64.sqrt();
    let chain = Chain {
        transition: tensor(&data["A"], [2, 2])?,
        innovation: double(vec![0.3_f64.sqrt(), 0.0, below, (0.2 - below * below).sqrt()], [2, 2])?,
        first: tensor(&data["m0"], [2])?,
        first_scale: tensor::<2>(&data["P0"], [2, 2])?.sqrt(),
        noise: number(&data["R"]).sqrt(),
    };
    let sites = (0..25).map(|t| (format!("z[{t}]"), vec![2])).collect();
    let known = Known { evidence: number(&data["log_evidence"]), mean_field: number(&data["max_elbo_meanfield"]), sites };
    Ok((state_space(tensor(&data["y"], [25])?, chain), known))
}

/// The values of all sites from one vector.
pub fn values(sites: &[(String, Vec<usize>)], z: &[f64]) -> Result<Vec<(String, AnyTensor)>> {
    let mut offset = 0;
    let cut = |(name, shape): &(String, Vec<usize>)| {
        let part = z[offset..offset + shape.iter().product::<usize>()].to_vec();
        offset += part.len();
        let value = match shape[..] {
            [n] => AnyTensor::from(double(part, [n])?),
            [n, m] => double(part, [n, m])?.into(),
            _ => unreachable!(),
        };
        Ok((name.clone(), value))
    };
    sites.iter().map(cut).collect()
}

/// The ELBO of a normal guide whose root of the covariance is a diagonal or a triangle. The log joint `f` is a quadratic, so
/// `E f = f(m) + ½ Σ (f(m + r) + f(m − r) − 2 f(m))` over the columns `r` of the root is exact.
pub fn exact_elbo<M: Program>(model: &M, sites: &[(String, Vec<usize>)], guide: &Gaussian) -> Result<f64> {
    let n = guide.loc.len();
    let columns: Vec<Vec<f64>> = match &guide.root {
        Root::Diagonal(sd) => (0..n).map(|i| (0..n).map(|j| if i == j { sd[i] } else { 0.0 }).collect()).collect(),
        Root::Columns(columns) => columns.clone(),
    };
    let at = |direction: &[f64], sign: f64| {
        let z: Vec<f64> = guide.loc.iter().zip(direction).map(|(m, r)| m + sign * r).collect();
        log_joint(model, values(sites, &z)?)
    };
    let middle = at(&vec![0.0; n], 0.0)?;
    let mut elbo = middle;
    for (i, column) in columns.iter().enumerate() {
        elbo += 0.5 * (at(column, 1.0)? + at(column, -1.0)? - 2.0 * middle);
        elbo += column[i].ln() + 0.5 * (std::f64::consts::TAU.ln() + 1.0);
    }
    Ok(elbo)
}
