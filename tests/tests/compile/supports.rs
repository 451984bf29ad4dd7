//! Parameters, sites and guides of each support.

use std::rc::Rc;

use tests::vector;
use vi_runtime::bijector::{self, Bijector};
use vi_runtime::dist::*;
use vi_runtime::prelude::*;

use super::agree;

/// One parameter of each structured support.
#[model]
fn parameters(x: Tensor<1>) {
    let simplex: Tensor<1> = param!("simplex", [0.2, 0.3, 0.5], support::Simplex);
    let ordered: Tensor<1> = param!("ordered", [-1.0, 0.2, 1.3], support::Ordered);
    let positive: Tensor<1> = param!("positive", [0.3, 0.5, 1.3], support::PositiveOrdered);
    let sphere: Tensor<1> = param!("sphere", [0.6, 0.64, 0.48], support::Sphere);
    let zero_sum: Tensor<1> = param!("zero_sum", [0.4, 0.6, -1.0], support::ZeroSum);
    let angle: Tensor<1> = param!("angle", [0.4, -3.0, 1.0], support::Circular);
    let mean = simplex + ordered + positive + sphere + zero_sum + angle;
    observe!("x", Normal::new(mean, 1.0), &x);
    let factor: Tensor<2> = param!("factor", [[1.0, 0.0, 0.0], [0.5, 0.8, 0.0], [-0.3, 0.2, 1.5]], support::LowerCholesky);
    observe!("by_factor", MultivariateNormal::new(0.0, factor), &x);
    let partial: Tensor<2> = param!("partial", [[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.48, 0.6, 0.64]], support::CorrelationCholesky);
    observe!("by_correlation", MultivariateNormal::new(0.0, partial), &x);
    let correlation: Tensor<2> = param!("correlation", [[1.0, 0.4, 0.1], [0.4, 1.0, -0.3], [0.1, -0.3, 1.0]], support::Correlation);
    let covariance: Tensor<2> = param!("covariance", [[2.0, 0.4, 0.1], [0.4, 1.5, -0.3], [0.1, -0.3, 0.8]], support::PositiveDefinite);
    factor!("matrices", (correlation * covariance).sin());
}

#[guide(model = parameters)]
fn none() {}

#[test]
fn parameters_of_every_support() -> Result<()> {
    agree("parameters", &parameters(vector([0.4, -1.2, 0.3])?), &none())
}

#[test]
fn a_parameter_starts_where_it_was_put_and_has_the_numbers_of_its_support() -> Result<()> {
    let fit = Svi::new(&parameters(vector([0.4, -1.2, 0.3])?), none()).steps(0).run()?;
    let value = |name: &str| -> Result<Vec<f64>> { fit.param(name)?.to_f64() };
    let close = |found: Vec<f64>, expected: &[f64]| tests::assert_close(&found, expected, 1e-6);
    close(value("sphere")?, &[0.6, 0.64, 0.48]);
    close(value("ordered")?, &[-1.0, 0.2, 1.3]);
    close(value("factor")?, &[1.0, 0.0, 0.0, 0.5, 0.8, 0.0, -0.3, 0.2, 1.5]);
    close(value("partial")?, &[1.0, 0.0, 0.0, 0.6, 0.8, 0.0, 0.48, 0.6, 0.64]);
    close(value("correlation")?, &[1.0, 0.4, 0.1, 0.4, 1.0, -0.3, 0.1, -0.3, 1.0]);
    close(value("covariance")?, &[2.0, 0.4, 0.1, 0.4, 1.5, -0.3, 0.1, -0.3, 0.8]);
    Ok(())
}

/// A latent site of each structured support, by a normal prior on its numbers.
#[model]
fn latent(x: Tensor<2>) {
    let row = |size: usize| Normal::new(0.1, 0.8).expand([1, size]);
    let ordered = sample!("ordered", row(3).transformed(Rc::new(bijector::Ordered)));
    let positive = sample!("positive", row(3).transformed(Rc::new(bijector::PositiveOrdered)));
    let sphere = sample!("sphere", row(2).transformed(Rc::new(bijector::Stereographic)));
    let zero_sum = sample!("zero_sum", row(2).transformed(Rc::new(bijector::ZeroSum)));
    let angle = sample!("angle", row(3).transformed(Rc::new(bijector::Circular)));
    let factor = sample!("factor", row(6).transformed(Rc::new(bijector::LowerCholesky)));
    let partial = sample!("partial", row(3).transformed(Rc::new(bijector::CorrelationCholesky)));
    let correlation = sample!("correlation", row(3).transformed(Rc::new(bijector::Correlation)));
    let covariance = sample!("covariance", row(6).transformed(Rc::new(bijector::PositiveDefinite)));
    let vectors: Tensor<2> = ordered * positive + sphere + zero_sum * angle;
    let matrices: Tensor<2> = factor + partial + correlation * covariance;
    observe!("x", Normal::new(vectors + matrices, 2.0), x);
}

fn matrix() -> Result<Tensor<2>> {
    Ok(vector([0.4, -1.2, 0.3, 1.1, 0.2, -0.7, 0.5, 0.9, 2.0])?.reshape([3, 3]))
}

#[test]
fn an_automatic_guide_over_every_support() -> Result<()> {
    agree("AutoNormal", &latent(matrix()?), &AutoNormal::new())
}

#[test]
fn a_point_estimate_over_every_support() -> Result<()> {
    agree("AutoDelta", &latent(matrix()?), &AutoDelta::new())?;
    for execution in tests::executions() {
        let fit = Svi::new(&latent(matrix()?), AutoDelta::new()).execution(execution).steps(60).run()?;
        let ordered = fit.param("auto.ordered.value")?.to_f64()?;
        assert!(ordered.windows(2).all(|pair| pair[0] < pair[1]), "{ordered:?}");
        let factor = fit.param("auto.factor.value")?;
        assert_eq!(factor.shape(), [3, 3]);
        let elbos = fit.history();
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        assert!(mean(&elbos[50..]) > mean(&elbos[..10]), "{elbos:?}");
    }
    Ok(())
}

/// All of a bijector between matrices or rows of numbers.
#[model]
fn through(which: usize) {
    let (f, count) = &maps()[which];
    let numbers = [0.3, -1.1, 0.8, 0.4, 0.2, -0.5][..*count].to_vec();
    let x: Tensor<2> = param!("x", numbers).unsqueeze();
    let y = f.forward(x.clone());
    factor!("forward", y.clone().sin());
    factor!("inverse", f.inverse(y.clone()).square());
    factor!("jacobian", f.log_abs_det_jacobian(&x, &y));
}

#[guide(model = through)]
fn nothing() {}

fn maps() -> Vec<(Rc<dyn Bijector<2>>, usize)> {
    use bijector::*;
    vec![
        (Rc::new(Softplus), 3),
        (Rc::new(Tanh), 3),
        (Rc::new(Circular), 3),
        (Rc::new(Compose(vec![Rc::new(Exp) as Rc<dyn Bijector<2>>, Rc::new(Power(1.7))])), 3),
        (Rc::new(Ordered), 3),
        (Rc::new(PositiveOrdered), 3),
        (Rc::new(Stereographic), 3),
        (Rc::new(ZeroSum), 3),
        (Rc::new(LowerCholesky), 6),
        (Rc::new(CorrelationCholesky), 3),
        (Rc::new(Correlation), 3),
        (Rc::new(PositiveDefinite), 6),
        (Rc::new(Compose(vec![Rc::new(LowerCholesky) as Rc<dyn Bijector<2>>, Rc::new(Invert(Rc::new(CholeskyFactor)))])), 6),
        (Rc::new(Permute::reverse(3)), 3),
    ]
}

#[test]
fn bijectors() -> Result<()> {
    for which in 0..maps().len() {
        agree(&format!("{:?}", maps()[which].0), &through(which), &nothing())?;
    }
    Ok(())
}
