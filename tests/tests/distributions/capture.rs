//! Densities and bijectors on Burn's capture device, which records operations and panics where a value is read.

use std::rc::Rc;

use burn::tensor::{Device, Int, Tensor};
use vi_runtime::bijector::{Bijector, biject_to};
use vi_runtime::dist::*;
use vi_runtime::{Placement, Support};

use super::{burn, tensor};

fn floats(values: &[f64], device: &Device) -> Tensor<1> {
    tensor::<1>(values, [values.len()], burn::tensor::DType::F32).to_device(device)
}

/// Records `log_prob` and counts its operations.
fn records<T: Distribution<1>>(name: &str, build: impl FnOnce(&Tensor<1>) -> T, value: impl FnOnce(&Device) -> Tensor<1, T::Kind>) {
    let device = Device::capture();
    let captured = device.capture_scope(|scope| {
        let placement = Placement { device: device.clone(), dtype: burn::tensor::FloatDType::F32 };
        let _ = build(&floats(&[0.4, 0.6], &device)).place(&placement).log_prob(&value(&device));
        scope.complete([], [])
    });
    let operations = captured.unwrap_or_else(|e| panic!("{name}: {e:?}")).graph.operations.len();
    println!("{name}: {operations} operations");
    assert!(operations > 0, "{name}");
}

fn x(device: &Device) -> Tensor<1> {
    floats(&[0.3, 0.7], device)
}

fn k(device: &Device) -> Tensor<1, Int> {
    Tensor::from_data([0i64, 1], device)
}

#[test]
fn every_density_can_be_recorded() {
    records("Normal", |p| Normal::new(p, 1.0), x);
    records("LogNormal", |p| LogNormal::new(p, 1.0), x);
    records("HalfNormal", |p| HalfNormal::new(p), x);
    records("HalfCauchy", |p| HalfCauchy::new(p), x);
    records("Cauchy", |p| Cauchy::new(p, 1.0), x);
    records("StudentT", |p| StudentT::new(p, 0.0, p), x);
    records("Uniform", |p| Uniform::new(0.0, p), x);
    records("Exponential", |p| Exponential::new(p), x);
    records("Gamma", |p| Gamma::new(p, p), x);
    records("Beta", |p| Beta::new(p, p), x);
    records("Bernoulli", |p| Bernoulli::new(p), k);
    records("Bernoulli logits", |p| Bernoulli::logits(p), k);
    records("Categorical", |p| Categorical::new(p), k);
    records("Categorical logits", |p| Categorical::logits(p), k);
    records("Binomial", |p| Binomial::new(3.0, p), k);
    records("Binomial logits", |p| Binomial::logits(3.0, p), k);
    records("Poisson", |p| Poisson::new(p), k);
    records("Dirichlet", |p| Dirichlet::new(p), x);
    records("MultivariateNormal", |p| MultivariateNormal::new(p, [[1.0, 0.0], [0.5, 1.0]]), x);
    records("MixtureSameFamily", |p| MixtureSameFamily::new(p, Normal::new([-1.0, 1.0], 1.0).expand([1, 2])), x);
    records("MixtureSameFamily logits", |p| MixtureSameFamily::logits(p, Poisson::new([1.0, 5.0]).expand([1, 2])), k);
    records("Delta", |p| Delta::new(p), x);
    records("transformed", |p| Normal::new(p, 1.0).transformed(Rc::new(vi_runtime::bijector::Exp)), x);
    records("independent", |p| Normal::new(p, 1.0).independent(1), x);
}

#[test]
fn every_bijector_can_be_recorded() {
    let device = Device::capture();
    for support in [Support::Positive, Support::UnitInterval, Support::Interval(0.0, 2.0), Support::GreaterThan(1.0), Support::Simplex] {
        let bijector: Rc<dyn Bijector<1>> = biject_to(&support).unwrap();
        let captured = device.capture_scope(|scope| {
            let x = x(&device);
            let y = bijector.forward(x.clone());
            let _ = bijector.log_abs_det_jacobian(&x, &y);
            let _ = bijector.inverse(y);
            scope.complete([], [])
        });
        assert!(captured.is_ok(), "{support}");
    }
}
