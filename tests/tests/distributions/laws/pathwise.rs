//! Gradients of expectations through the draws, against quadrature over the density at moved parameters.

use burn::tensor::{DType, Float, FloatDType, Tensor};
use vi_runtime::dist::Distribution;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::{AnyTensor, Key};

use super::super::density::function::Elements;
use super::super::{burn, has_f64, numbers, placement, tensor};
use super::{Law, quadrature};

/// A function with its name, of a number and of a tensor.
type Named = (&'static str, fn(f64) -> f64, fn(Tensor<1>) -> Tensor<1>);

/// Bounded, with derivatives that fall as `1/x²` or faster: the gradients of draws with heavy tails have a variance.
const FUNCTIONS: [Named; 3] = [
    ("tanh x", f64::tanh, Tensor::tanh),
    ("1/(1 + x²)", |x| 1.0 / (1.0 + x * x), |x| x.square().add_scalar(1.0).recip()),
    ("x/(1 + x²)", |x| x / (1.0 + x * x), |x| x.clone() / x.square().add_scalar(1.0)),
];

const DRAWS: usize = 20_000;

impl<B> Law<'_, B> {
    /// The mean over draws of the gradient of each function is the derivative of its expectation, within 4 standard errors.
    pub(in super::super) fn draws_move_with_the_parameters<T: Distribution<1, Kind: Elements>>(&self)
    where
        B: Fn(&[Tensor<1>]) -> T,
    {
        let params = self.typical();
        let single = params.iter().all(|p| p.len() == 1);
        if T::Kind::DISCRETE || !single || !has_f64() || !(self.build)(&super::leaves(&params)).is_reparameterised() {
            return;
        }
        let leaves: Vec<Tensor<1>> =
            params.iter().map(|p| tensor::<1>(&vec![p[0]; DRAWS], [DRAWS], DType::F64).autodiff().require_grad()).collect();
        for (function, of_number, of_tensor) in FUNCTIONS {
            let mut source = HostNoise::new(Key::new(41), placement(FloatDType::F64));
            let draw = (self.build)(&leaves).draw(&mut Noise::new(&mut source)).unwrap();
            let draw: Tensor<1> = AnyTensor::from(draw).typed::<1, Float>("a draw").unwrap();
            let gradients = of_tensor(draw).sum().backward();
            for (which, leaf) in leaves.iter().enumerate() {
                let each = leaf.grad(&gradients).map_or_else(|| vec![0.0; DRAWS], numbers);
                let n = each.len() as f64;
                let mean = each.iter().sum::<f64>() / n;
                let error = (each.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n / n).sqrt();
                let step = 1e-4 * params[which][0].abs().max(0.1);
                let at = |change: f64| {
                    let mut moved = params.clone();
                    moved[which][0] += change;
                    self.expectation(&moved, of_number)
                };
                let slope = (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
                let (name, parameter) = (self.name, self.params[which].0);
                assert!(
                    (mean - slope).abs() <= 4.0 * error + 1e-6 * (1.0 + slope.abs()),
                    "{name} {params:?}: d E {function}/d {parameter} is {mean} ± {error} through the draws, {slope} by quadrature"
                );
            }
        }
    }

    fn expectation<T: Distribution<1, Kind: Elements>>(&self, params: &[Vec<f64>], f: fn(f64) -> f64) -> f64
    where
        B: Fn(&[Tensor<1>]) -> T,
    {
        let quadrature::Rule { nodes, log_weights } = quadrature::rule(&self.ends(params));
        let parameters: Vec<Tensor<1>> = params.iter().map(|p| tensor(p, [p.len()], DType::F64)).collect();
        let x = T::Kind::tensor(&nodes, &super::test_device(), DType::F64);
        let density = numbers((self.build)(&parameters).place(&placement(FloatDType::F64)).log_prob(&x));
        let terms = density.iter().zip(&log_weights).zip(&nodes);
        terms.map(|((log_prob, weight), x)| (log_prob + weight).exp() * f(*x)).filter(|term| !term.is_nan()).sum()
    }
}
