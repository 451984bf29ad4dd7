//! Microseconds of one SVI step, the baseline of later work: `cargo bench --bench svi_step`.
//!
//! The models and sizes are those that peers are measured on: eight schools with mean field, a linear regression of
//! 1000 × 10 with a handwritten guide, a logistic regression of 50 000 × 50. The data are made here from a fixed seed.

#![allow(missing_docs, clippy::unwrap_used)] // the harness writes undocumented items; a benchmark may stop

use divan::Bencher;
use vi_runtime::Key;
use vi_runtime::burn::tensor::TensorData;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::prelude::*;

fn main() {
    divan::main();
}

#[model]
fn eight_schools(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("y", Normal::new(mu + tau * z, sigma), y);
    });
}

#[model]
fn linear(x: Tensor<2>, y: Tensor<1>) {
    let w = sample!("w", Normal::new(0.0, 1.0).expand([10]));
    let b = sample!("b", Normal::new(0.0, 1.0));
    let sigma = sample!("sigma", Exponential::new(1.0));
    plate!("n", y.dims()[0], {
        let mean = x.matmul(w.unsqueeze_dim(1)).squeeze_dim::<1>(1) + b;
        observe!("y", Normal::new(mean, sigma), y);
    });
}

#[guide(model = linear)]
fn linear_guide() {
    sample!("w", Normal::new(param!("w.loc", [0.0; 10]), param!("w.scale", [0.1; 10], support::Positive)));
    sample!("b", Normal::new(param!("b.loc", [0.0]), param!("b.scale", [0.1], support::Positive)));
    sample!("sigma", LogNormal::new(param!("s.loc", [0.0]), param!("s.scale", [0.1], support::Positive)));
}

#[model]
fn logistic(x: Tensor<2>, y: Tensor<1>) {
    let w = sample!("w", Normal::new(0.0, 1.0).expand([50]));
    let b = sample!("b", Normal::new(0.0, 1.0));
    plate!("n", y.dims()[0], {
        let logits = x.matmul(w.unsqueeze_dim(1)).squeeze_dim::<1>(1) + b;
        observe!("y", Bernoulli::logits(logits), y);
    });
}

fn normal(name: &str, n: usize, k: usize) -> Tensor<2> {
    let to = vi_runtime::Placement { device: vi_runtime::device::default(), dtype: FloatDType::F32 };
    Noise::new(&mut HostNoise::new(Key::new(1).site(name), to)).normal([n, k]).unwrap()
}

/// `x w + ½ ε` with all weights 1/k.
fn response(x: &Tensor<2>, name: &str) -> Tensor<1> {
    let n = x.dims()[0];
    (x.clone().mean_dim(1) + normal(name, n, 1).mul_scalar(0.5)).squeeze_dim(1)
}

fn steps<M: Program + Clone, G: vi_runtime::Guide<M>>(bencher: Bencher, svi: &Svi<M, G>) {
    let mut state = svi.init().unwrap();
    for _ in 0..3 {
        svi.step(&mut state).unwrap();
    }
    bencher.bench_local(|| svi.step(&mut state).unwrap());
}

#[divan::bench]
fn eight_schools_mean_field(bencher: Bencher) {
    let device = vi_runtime::device::default();
    let y = Tensor::from_data(TensorData::from([28.0f32, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]), &device);
    let sigma = Tensor::from_data(TensorData::from([15.0f32, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]), &device);
    steps(bencher, &Svi::new(&eight_schools(sigma, y), AutoNormal::new()));
}

#[divan::bench]
fn linear_regression_1000_by_10(bencher: Bencher) {
    let x = normal("x", 1_000, 10);
    let y = response(&x, "y");
    steps(bencher, &Svi::new(&linear(x, y), linear_guide()));
}

#[divan::bench(sample_count = 20)]
fn logistic_regression_50000_by_50(bencher: Bencher) {
    let x = normal("x", 50_000, 50);
    let y = response(&x, "y").greater_elem(0.0).float();
    steps(bencher, &Svi::new(&logistic(x, y), AutoNormal::new()));
}
