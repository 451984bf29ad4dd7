//! Families of vectors and matrices: in two or three dimensions the density integrates or sums to 1, is never NaN on the
//! support, and is minus infinity without a gradient where it can tell that a value is outside.

use burn::tensor::{DType, Tensor};
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::super::density::function::{Elements, Executor, Function, flat};
use super::charts::{self, Chart};
use super::{At, Drawn, Drawn::*, Law, REAL, burn, leaves, precisions, test_device};

/// As many random sets of parameters as each family is tried with.
const CASES: u32 = 3;

impl<B> Law<'_, B> {
    /// Tries random parameters; `outside` are values of density 0.
    fn holds_for<const D: usize, T: Distribution<D, Kind: Elements>>(&self, chart: impl Fn(&[Vec<f64>]) -> Chart, outside: &[&[f64]])
    where
        B: Fn(&[Tensor<1>]) -> T,
    {
        // The first dimension of a value counts draws.
        let density = Function::<T::Kind>::new(|to: &Placement, x, params: &[Tensor<1>]| {
            let distribution = (self.build)(params).place(to);
            let mut dims = distribution.shape();
            dims[0] = x.dims()[0] / dims.iter().product::<usize>();
            flat(distribution.log_prob(&x.reshape(dims)))
        });
        let strategy: Vec<BoxedStrategy<Vec<f64>>> = self.params.iter().map(|(_, drawn)| drawn.strategy()).collect();
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let outcome = runner.run(&strategy, |params| {
            let chart = chart(&params);
            for executor in Executor::under_test(&test_device()) {
                for dtype in precisions() {
                    let at = |x: &[f64]| density.evaluate(*executor, x, &params, &test_device(), *dtype);
                    let tried = on_chart(&chart, *dtype, &at).and_then(|()| beyond(&chart, outside, &at));
                    tried.map_err(|what| TestCaseError::fail(format!("{} {executor} {dtype:?} {params:?}: {what}", self.name)))?;
                }
            }
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    }
}

/// The mass is 1, and nothing is NaN.
fn on_chart(chart: &Chart, dtype: DType, at: At) -> Result<(), String> {
    let found = at(&chart.points)?;
    let point = |i: usize| &chart.points[i * chart.size..(i + 1) * chart.size];
    if let Some(i) = found.value.iter().position(|value| value.is_nan()) {
        return Err(format!("log_prob is NaN at {:?}", point(i)));
    }
    if dtype == DType::F64 {
        let total: f64 = found.value.iter().zip(&chart.log_weights).map(|(value, weight)| (value + weight).exp()).sum();
        if (total - 1.0).abs() > 1e-6 {
            return Err(format!("the density integrates to {total:?}"));
        }
    }
    if let Some(i) = found.x.iter().flatten().position(|slope| slope.is_nan()) {
        return Err(format!("the gradient is NaN at {:?}", point(i / chart.size)));
    }
    match found.params.iter().position(|gradient| gradient.iter().flatten().any(|g| g.is_nan())) {
        Some(i) => Err(format!("the gradient in parameter {i} is NaN on the support")),
        None => Ok(()),
    }
}

/// Values outside have density 0 and no gradient, and leave those of the value beside them as they are.
fn beyond(chart: &Chart, outside: &[&[f64]], at: At) -> Result<(), String> {
    let middle = chart.log_weights.len() / 2 * chart.size;
    let inside = &chart.points[middle..middle + chart.size];
    let alone = at(inside)?;
    for x in outside {
        let found = at(&[x, inside].concat())?;
        let slopes = found.x.iter().flat_map(|slopes| &slopes[..chart.size]);
        if found.value[0] != f64::NEG_INFINITY || slopes.clone().any(|&slope| slope != 0.0) {
            return Err(format!("outside, at {x:?}, log_prob is {:?} with slopes {:?}", found.value[0], slopes.collect::<Vec<_>>()));
        }
        for (which, (found, alone)) in found.params.iter().zip(&alone.params).enumerate() {
            let mut pairs = found.iter().flatten().zip(alone.iter().flatten());
            if let Some((found, alone)) = pairs.find(|(f, a)| f.is_nan() || (*f - *a).abs() > 1e-5 * a.abs().max(1.0)) {
                return Err(format!("{x:?} outside moves the gradient in parameter {which} from {alone:?} to {found:?}"));
            }
        }
    }
    Ok(())
}

/// Families of vectors and matrices: `test: [parameter: where it is drawn from, ...], value, rank, chart |p| chart, outside [values],
/// |p| distribution;`, the distribution with a first dimension of size 1 beside those of the event. The site sees the parameters
/// by these names.
macro_rules! vector_laws {
    ($(
        $test:ident: [$($param:ident: $drawn:expr),+ $(,)?], $value:ident, $rank:literal, chart |$c:ident| $chart:expr,
        outside [$($outside:expr),*], |$p:ident| $build:expr;
    )+) => { $(
        #[test]
        fn $test() {
            #[vi_runtime::model]
            fn observing(x: Tensor<$rank, $crate::laws::kind::$value>, p: Vec<Tensor<1>>, which: usize) {
                let shift: Tensor<1> = vi_runtime::prelude::param!("shift", [0.0]);
                // Not by the same amount everywhere, which would leave logits what they are.
                let moved = |(i, p): (usize, Tensor<1>)| if i == which { p.clone() + shift.clone() * p.ones_like().cumsum(0) } else { p };
                let $p: Vec<Tensor<1>> = p.into_iter().enumerate().map(moved).collect();
                vi_runtime::prelude::observe!("x", $build, x);
            }
            #[vi_runtime::guide(model = observing)]
            fn nothing() {}

            let params = [$((stringify!($param), $drawn)),+];
            let law = Law { name: stringify!($test), params: &params, build: |$p: &[Tensor<1>]| $build, ends: None };
            let chart = |$c: &[Vec<f64>]| $chart;
            law.holds_for(chart, &[$(&$outside),*]);
            let typical = chart(&law.typical());
            let middle = typical.log_weights.len() / 2 * typical.size;
            let dims = (law.build)(&leaves(&law.typical())).shape();
            let value = || <$crate::laws::kind::$value as Elements>::tensor(&typical.points[middle..middle + typical.size], &test_device(), DType::F32).reshape(dims);
            $crate::laws::site::refuses(&law, |p, which| observing(value(), p, which), &nothing());
        }
    )+ };
}

/// A row of two numbers.
const TWO: Drawn = Row(2, -2.0, 2.0);
const WIDTH: Drawn = Within(0.5, 2.0);
const SHARES: Drawn = Simplex(3);
const LOGITS: Drawn = Row(3, -2.0, 2.0);
const CONCENTRATIONS: Drawn = Row(3, 0.6, 6.0);

fn square(elements: &Tensor<1>) -> Tensor<2> {
    let size = elements.dims()[0].isqrt();
    elements.clone().reshape([size, size])
}

fn one(number: &Tensor<1>) -> Tensor<2> {
    number.clone().reshape([1, 1])
}

fn pair() -> Adjacency {
    Adjacency::edges(2, &[(0, 1)]).unwrap()
}

vector_laws! {
    multivariate_normal: [loc: TWO, scale_tril: Factor], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        MultivariateNormal::new(&p[0], square(&p[1])).expand([1, 2])
    };
    multivariate_normal_covariance: [loc: TWO, covariance_matrix: Covariance], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        MultivariateNormal::covariance(&p[0], square(&p[1])).expand([1, 2])
    };
    multivariate_normal_precision: [loc: TWO, precision_matrix: Covariance], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        MultivariateNormal::precision(&p[0], square(&p[1])).expand([1, 2])
    };
    low_rank: [loc: TWO, cov_factor: TWO, cov_diag: Row(2, 0.5, 2.0)], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        LowRankMultivariateNormal::new(&p[0], p[1].clone().reshape([2, 1]), &p[2]).expand([1, 2])
    };
    multivariate_student_t: [df: Within(4.0, 30.0), loc: TWO, scale_tril: Factor], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        MultivariateStudentT::new(&p[0], &p[1], square(&p[2])).expand([1, 2])
    };
    random_walk: [scale: WIDTH], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| GaussianRandomWalk::new(2, &p[0]).expand([1, 2]);
    ar: [coefficients: Within(-0.8, 0.8), loc: REAL, scale: WIDTH], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        AR::new(2, &p[0], &p[2]).loc(&p[1]).expand([1, 2])
    };
    car: [loc: TWO, correlation: Within(-0.8, 0.8), precision: WIDTH], float, 2, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        CAR::new(&p[0], &p[1], &p[2], &pair()).expand([1, 2])
    };
    matrix_normal: [loc: TWO, scale_tril_row: Factor, scale_tril_column: WIDTH], float, 3, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        MatrixNormal::new(p[0].clone().reshape([2, 1]), square(&p[1]), one(&p[2])).expand([1, 2, 1])
    };
    state_space: [transition_matrix: Within(-0.9, 0.9), process_factor: WIDTH, observation_matrix: WIDTH, observation_scale_tril: WIDTH, initial_loc: REAL,
        initial_factor: WIDTH], float, 3, chart |_p| charts::plane(), outside [[f64::INFINITY, 0.5], [1.0, f64::NEG_INFINITY]], |p| {
        let [transition, process, observation, noise, loc, factor] = [0, 1, 2, 3, 4, 5].map(|i| one(&p[i]));
        GaussianStateSpace::new(2, transition, process, observation, noise).initial(loc, factor).expand([1, 2, 1])
    };
    hidden_markov_normal: [initial: Row(2, -2.0, 2.0), transition: Row(4, -2.0, 2.0), loc: TWO, scale: Row(2, 0.5, 2.0)], float, 2,
        chart |_p| charts::plane(), outside [], |p| {
        let [loc, scale] = [2, 3].map(|i| p[i].clone().reshape([1, 1, 2]));
        DiscreteHmm::logits(&p[0], square(&p[1]), Normal::new(loc, scale).expand([1, 2, 2]))
    };
    hidden_markov_exponential: [initial: Simplex(2), transition: Simplex(2), rate: Row(2, 0.3, 3.0)], float, 2,
        chart |_p| charts::quadrant(), outside [[-1.0, 0.5], [0.5, -1e10]], |p| {
        let rate = p[2].clone().reshape([1, 1, 2]);
        DiscreteHmm::new(&p[0], p[1].clone().reshape([1, 2]).repeat_dim(0, 2), Exponential::new(rate).expand([1, 2, 2]))
    };
    zero_sum_normal: [scale: WIDTH], float, 2, chart |_p| charts::zero_sum(), outside [[f64::INFINITY, f64::NEG_INFINITY, 0.0]], |p| ZeroSumNormal::new(3, &p[0]).expand([1, 3]);
    dirichlet: [concentration: CONCENTRATIONS], float, 2, chart |_p| charts::simplex(), outside [[-0.1, 0.6, 0.5], [1.5, -0.25, -0.25]], |p| {
        Dirichlet::new(&p[0]).expand([1, 3])
    };
    relaxed_one_hot_probs: [temperature: WIDTH, probs: SHARES], float, 2, chart |_p| charts::simplex(),
        outside [[-0.1, 0.6, 0.5]], |p| RelaxedOneHotCategorical::new(&p[0], &p[1]).expand([1, 3]);
    relaxed_one_hot_logits: [temperature: WIDTH, logits: LOGITS], float, 2, chart |_p| charts::simplex(),
        outside [[-0.1, 0.6, 0.5]], |p| RelaxedOneHotCategorical::logits(&p[0], &p[1]).expand([1, 3]);
    projected_normal_in_the_plane: [concentration: TWO], float, 2, chart |_p| charts::circle(), outside [], |p| {
        ProjectedNormal::new(&p[0]).expand([1, 2])
    };
    projected_normal_in_space: [concentration: LOGITS], float, 2, chart |_p| charts::sphere(), outside [], |p| {
        ProjectedNormal::new(&p[0]).expand([1, 3])
    };
    lkj_cholesky: [concentration: Within(1.0, 5.0)], float, 3, chart |_p| charts::correlation_factors(), outside [], |p| {
        LKJCholesky::new(3, one(&p[0])).expand([1, 3, 3])
    };
    lkj: [concentration: Within(0.8, 5.0)], float, 3, chart |_p| charts::correlations(), outside [], |p| LKJ::new(2, one(&p[0])).expand([1, 2, 2]);
    wishart: [df: Within(3.0, 7.0), scale_tril: Factor], float, 3, chart |_p| charts::positive_definite(), outside [], |p| {
        Wishart::new(one(&p[0]), square(&p[1])).expand([1, 2, 2])
    };
    wishart_cholesky: [df: Within(3.0, 7.0), scale_tril: Factor], float, 3, chart |_p| charts::factors(), outside [], |p| {
        WishartCholesky::new(one(&p[0]), square(&p[1])).expand([1, 2, 2])
    };
    inverse_wishart: [df: Within(3.0, 7.0), scale_tril: Factor], float, 3, chart |_p| charts::inverses(), outside [], |p| {
        InverseWishart::new(one(&p[0]), square(&p[1])).expand([1, 2, 2])
    };
    // A number of trials has no gradient here.
    multinomial_probs: [probs: SHARES], int, 2, chart |_p| charts::counts(11), outside [[-1.0, 1.0, 11.0], [1e3, 0.0, 0.0]], |p| {
        Multinomial::new(11.0, &p[0]).expand([1, 3])
    };
    multinomial_logits: [logits: LOGITS], int, 2, chart |_p| charts::counts(11), outside [[-1.0, 1.0, 11.0], [1e3, 0.0, 0.0]], |p| {
        Multinomial::logits(11.0, &p[0]).expand([1, 3])
    };
    dirichlet_multinomial: [concentration: CONCENTRATIONS], int, 2, chart |_p| charts::counts(11),
        outside [[-1.0, 1.0, 11.0], [1e3, 0.0, 0.0]], |p| DirichletMultinomial::new(&p[0], 11.0).expand([1, 3]);
    one_hot_probs: [probs: SHARES], int, 2, chart |_p| charts::counts(1), outside [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 1.0, 1.0]], |p| {
        OneHotCategorical::new(&p[0]).expand([1, 3])
    };
    one_hot_logits: [logits: LOGITS], int, 2, chart |_p| charts::counts(1), outside [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [-1.0, 1.0, 1.0]], |p| {
        OneHotCategorical::logits(&p[0]).expand([1, 3])
    };
}

#[vi_runtime::model]
fn trials(total_count: Tensor<1>, mixed: bool) {
    let shares = [0.2, 0.3, 0.5];
    if mixed {
        vi_runtime::prelude::sample!("x", DirichletMultinomial::new(Tensor::<1>::from_floats(shares, &total_count.device()), total_count));
    } else {
        vi_runtime::prelude::sample!("x", Multinomial::new(total_count, Tensor::<1>::from_floats(shares, &vi_runtime::prelude::device!())));
    }
}

#[test]
fn a_number_of_trials_that_is_none_is_a_typed_error_at_the_site() {
    for (bad, mixed) in [f64::NAN, f64::INFINITY, -1.5, 1.5].into_iter().flat_map(|bad| [(bad, false), (bad, true)]) {
        let model = trials(super::super::tensor(&[bad], [1], DType::F32), mixed);
        let error = vi_runtime::prelude::Run::for_program(&model, 0).unwrap().validate(true).trace(&model).map(drop).unwrap_err();
        let named = matches!(&error, vi_runtime::Error::Parameter { site, parameter, found, .. }
            if site == "x" && parameter == "total_count" && found.contains(&bad.to_string()));
        assert!(named, "{error}");
    }
}
