//! Every distribution, as what is drawn and as what is observed, and every bijector, by programs of one site.

use std::rc::Rc;

use tests::vector;
use vi_runtime::bijector::{self, Bijector};
use vi_runtime::burn::tensor::{DType, TensorData};
use vi_runtime::dist::*;
use vi_runtime::prelude::*;
use vi_runtime::special;

use super::agree;

/// A model that observes, whose only parameters are its own.
macro_rules! observes {
    ($($name:ident: $ty:ty = $data:expr => |$x:ident, $p:ident, $u:ident| $dist:expr;)*) => { $(
        #[test]
        fn $name() -> Result<()> {
            #[model]
            fn observing($x: $ty) {
                let $p = param!("p", [0.7, 1.6], support::Positive);
                let $u = param!("u", [0.3, 0.6], support::UnitInterval);
                observe!("x", $dist, $x);
            }
            #[guide(model = observing)]
            fn nothing() {}
            agree(stringify!($name), &observing($data?), &nothing())
        }
    )* };
}

fn ints<const N: usize>(values: [i64; N]) -> Result<Tensor<1, Int>> {
    Ok(Tensor::from_data(TensorData::from(values), (&tests::device()?, DType::I64)))
}

observes! {
    normal_observed: Tensor<1> = vector([0.4, -1.2]) => |x, p, u| Normal::new(u.clone(), p.clone());
    log_normal_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| LogNormal::new(u.clone(), p.clone());
    half_normal_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| HalfNormal::new(p.clone() * u.clone());
    half_cauchy_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| HalfCauchy::new(p.clone() * u.clone());
    cauchy_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| Cauchy::new(u.clone(), p.clone());
    student_t_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| StudentT::new(p.clone() + 2.0, u.clone(), p.clone());
    uniform_observed: Tensor<1> = vector([0.4, 0.5]) => |x, p, u| Uniform::new(u.clone() - 0.9, p.clone());
    exponential_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| Exponential::new(p.clone() * u.clone());
    gamma_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| Gamma::new(p.clone(), u.clone());
    beta_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| Beta::new(p.clone(), u.clone() + 1.0);
    bernoulli_observed: Tensor<1, Int> = ints([0, 1]) => |x, p, u| Bernoulli::new(u.clone() * (p.clone() / (p.clone() + 1.0)));
    bernoulli_logits_observed: Tensor<1> = vector([0.0, 1.0]) => |x, p, u| Bernoulli::logits(u.clone() - p.clone());
    binomial_observed: Tensor<1, Int> = ints([2, 5]) => |x, p, u| Binomial::new(7.0, u.clone() * (p.clone() / (p.clone() + 1.0)));
    binomial_logits_observed: Tensor<1, Int> = ints([2, 7]) => |x, p, u| Binomial::logits(7.0, u.clone() - p.clone());
    poisson_observed: Tensor<1, Int> = ints([0, 5]) => |x, p, u| Poisson::new(p.clone() * u.clone());
    categorical_observed: Tensor<1, Int> = ints([1]) => |x, p, u| Categorical::new((u.clone() + p.clone()) / (u.clone() + p.clone()).sum());
    categorical_logits_observed: Tensor<1, Int> = ints([1]) => |x, p, u| Categorical::logits(u.clone() - p.clone());
    dirichlet_observed: Tensor<1> = vector([0.25, 0.75]) => |x, p, u| Dirichlet::new(p.clone() + u.clone());
    delta_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| Delta::new(x.clone()).log_density(p.clone() * u.clone());
    soft_delta_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| Delta::new(p.clone() * u.clone()).soften(0.5);
    transformed_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| Normal::new(u.clone(), p.clone()).transformed(Rc::new(bijector::Sigmoid));
    independent_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| Normal::new(u.clone(), p.clone()).independent(1);
    masked_observed: Tensor<1> = vector([0.4, f64::NAN]) => |x, p, u| Normal::new(u.clone(), p.clone()).masked(x.clone().is_nan().bool_not());
    multivariate_normal_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| MultivariateNormal::new(u.clone() * p.clone(), [[1.5, 0.0], [0.3, 0.8]]);
}

/// A guide that draws from the family, under a prior of the same support.
macro_rules! draws {
    ($($name:ident: $prior:expr => |$p:ident, $u:ident| $dist:expr;)*) => { $(
        #[test]
        fn $name() -> Result<()> {
            #[model]
            fn latent(y: Tensor<1>) {
                let z = sample!("z", $prior);
                observe!("y", Normal::new(z.square(), 1.5), y);
            }
            #[guide(model = latent)]
            fn drawing() {
                let $p = param!("p", [0.7, 1.6], support::Positive);
                let $u = param!("u", [0.3, 0.6], support::UnitInterval);
                sample!("z", $dist);
            }
            agree(stringify!($name), &latent(vector([0.4, -1.2])?), &drawing())
        }
    )* };
}

#[path = "tails.rs"]
mod tails;

draws! {
    normal_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| Normal::new(u.clone(), p.clone());
    log_normal_drawn: Gamma::new([1.1, 0.2], 2.0) => |p, u| LogNormal::new(u.clone(), p.clone());
    half_normal_drawn: HalfNormal::new([1.1, 0.2]) => |p, u| HalfNormal::new(p.clone() * u.clone());
    half_cauchy_drawn: LogNormal::new([1.1, 0.2], 1.0) => |p, u| HalfCauchy::new(p.clone() * u.clone());
    cauchy_drawn: Cauchy::new([1.1, 0.2], 1.0) => |p, u| Cauchy::new(u.clone(), p.clone());
    student_t_drawn: Normal::new([1.1, 0.2], 2.0) => |p, u| StudentT::new(p.clone() + 2.0, u.clone(), p.clone());
    uniform_drawn: Uniform::new([-1.1, -0.2], 1.0) => |p, u| Uniform::new(u.clone() - 0.4, p.clone() * 0.1 + 0.7);
    exponential_drawn: Exponential::new([1.1, 0.2]) => |p, u| Exponential::new(p.clone() * u.clone());
    gamma_drawn: Exponential::new([1.1, 0.2]) => |p, u| Gamma::new(p.clone(), u.clone());
    beta_drawn: Beta::new([1.1, 2.2], 0.8) => |p, u| Beta::new(p.clone(), u.clone() + 1.0);
    dirichlet_drawn: Dirichlet::new([1.1, 2.2]) => |p, u| Dirichlet::new(p.clone() + u.clone() * 0.9);
    delta_drawn: Normal::new([1.1, 2.2], 0.8) => |p, u| Delta::new(p.clone() + u.clone());
    transformed_drawn: Beta::new([1.1, 2.2], 0.8) => |p, u| Normal::new(u.clone(), p.clone()).transformed(Rc::new(bijector::Sigmoid));
    multivariate_normal_drawn: Normal::new([1.1, 2.2], 0.8).independent(1) => |p, u| MultivariateNormal::new(u.clone() * p.clone(), [[1.5, 0.0], [0.3, 0.8]]);
}

#[path = "combinators.rs"]
mod combinators;

/// All of a bijector: forward, inverse and Jacobian.
#[model]
fn through(x: Tensor<1>, which: usize) {
    let p = param!("p", [-0.7, 1.6, 0.2]);
    let f = &maps()[which];
    let y = f.forward(p.clone() + x);
    factor!("forward", y.clone().sin());
    factor!("inverse", f.inverse(y.clone()).square());
    factor!("jacobian", f.log_abs_det_jacobian(&p, &y));
}

#[guide(model = through)]
fn none() {}

fn maps() -> Vec<Rc<dyn Bijector<1>>> {
    use bijector::*;
    let mut maps: Vec<Rc<dyn Bijector<1>>> = vec![
        Rc::new(Identity::default()),
        Rc::new(Exp),
        Rc::new(Sigmoid),
        Rc::new(Affine::new(2.0, -3.0)),
        Rc::new(Interval { low: -1.0, high: 5.0 }),
        Rc::new(GreaterThan(2.0)),
        Rc::new(LessThan(-2.0)),
        Rc::new(Compose(vec![Rc::new(Affine::new(1.0, 0.5)) as Rc<dyn Bijector<1>>, Rc::new(Exp)])),
    ];
    maps.extend([Support::Simplex, Support::Positive, Support::UnitInterval].iter().filter_map(|support| biject_to(support).ok()));
    maps
}

#[test]
fn bijectors() -> Result<()> {
    for which in 0..maps().len() {
        agree(&format!("{:?}", maps()[which]), &through(vector([0.1, 0.2, -0.3])?, which), &none())?;
    }
    Ok(())
}

#[model]
fn functions(x: Tensor<1>) {
    let p = param!("p", [0.7, 1.6, 3.2], support::Positive);
    factor!("lgamma", special::lgamma(p.clone()));
    factor!("digamma", special::digamma(p.clone()));
    factor!("log_beta", special::log_beta(p.clone(), x.clone()));
    factor!("xlogy", special::xlogy(p.clone(), x.clone()));
    factor!("log1p", special::log1p(p.clone()));
    factor!("expm1", special::expm1(p.clone()));
    factor!("logsumexp", special::logsumexp(p.clone() * x.clone(), 0));
    let rows: Tensor<3> = p.clone().reshape([1, 3, 1]) * x.reshape([1, 1, 3]);
    let matrix = rows.clone() + rows.clone().swap_dims(1, 2) + Tensor::<2>::eye(3, &device!()).cast(p.dtype()).unsqueeze() * 40.0;
    factor!("determinant", vi_runtime::linalg::log_determinant(matrix.clone()));
    let l = vi_runtime::linalg::cholesky(matrix);
    factor!("diagonal", vi_runtime::linalg::diagonal(l.clone()).log());
    let below = vi_runtime::linalg::below_diagonal(l.clone());
    factor!("below", below.clone().sin());
    let triangle = vi_runtime::linalg::lower_triangle(below, p.clone().reshape([1, 3]));
    factor!("triangle", (triangle.matmul(l.clone()) * rows).sin());
    let b: Tensor<3> = p.reshape([1, 3, 1]);
    factor!("solved", vi_runtime::linalg::solve_lower(l.clone(), b.clone()).square());
    factor!("solved.transposed", vi_runtime::linalg::solve_lower_transposed(l, b).square());
}

#[guide(model = functions)]
fn nothing() {}

#[test]
fn special_functions_and_factorisations() -> Result<()> {
    agree("functions", &functions(vector([0.5, 1.2, 0.3])?), &nothing())
}
