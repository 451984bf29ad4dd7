//! What holds for every scalar family at random parameters: the density integrates or sums to 1, is never NaN on the support,
//! and is minus infinity without a gradient outside of it; gradients of expectations pass through the draws; parameters that
//! break their constraints are errors at the site.
//!
//! A family is one line of `laws!`. Seeds are fixed.

#[path = "laws/pathwise.rs"]
mod pathwise;
#[path = "laws/quadrature.rs"]
mod quadrature;
#[path = "laws/site.rs"]
pub(super) mod site;

use burn::tensor::{DType, Tensor};
use proptest::prelude::Strategy;
use proptest::strategy::BoxedStrategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::density::function::{Elements, Evaluation, Executor, Function, flat};
use super::{burn, has_f64, test_device};
use quadrature::Rule;

/// Where a parameter is drawn from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Drawn {
    /// Uniform between two numbers.
    Within(f64, f64),
    /// The logarithm is uniform.
    LogWithin(f64, f64),
    /// A whole number.
    Whole(i64, i64),
    /// A row of uniform numbers.
    Row(usize, f64, f64),
    /// A row of positive numbers with sum 1.
    Simplex(usize),
    /// A row that increases.
    Ordered(usize),
    /// A lower triangular 2 × 2 matrix with a positive diagonal, and a product of one with its transpose.
    Factor,
    Covariance,
}
use Drawn::*;

pub(super) const REAL: Drawn = Within(-3.0, 3.0);
pub(super) const SCALE: Drawn = LogWithin(0.2, 5.0);
pub(super) const SHAPE: Drawn = LogWithin(0.05, 50.0);
pub(super) const PROBABILITY: Drawn = Within(0.02, 0.98);
pub(super) const COUNT: Drawn = Whole(1, 30);

impl Drawn {
    fn strategy(self) -> BoxedStrategy<Vec<f64>> {
        match self {
            Within(low, high) => (low..high).prop_map(|x| vec![x]).boxed(),
            LogWithin(low, high) => (low.ln()..high.ln()).prop_map(|x| vec![x.exp()]).boxed(),
            Whole(low, high) => (low..=high).prop_map(|x| vec![x as f64]).boxed(),
            Row(count, low, high) => proptest::collection::vec(low..high, count).boxed(),
            Simplex(count) => {
                let normalised = |row: Vec<f64>| row.iter().map(|x| x / row.iter().sum::<f64>()).collect();
                proptest::collection::vec(0.05..1.0, count).prop_map(normalised).boxed()
            }
            Ordered(count) => {
                let summed = |row: Vec<f64>| (1..=row.len()).map(|i| row[..i].iter().sum::<f64>() - 2.0).collect();
                proptest::collection::vec(0.1..2.0, count).prop_map(summed).boxed()
            }
            Factor => (0.6..1.6, -0.8..0.8, 0.6..1.6).prop_map(|(first, below, second)| vec![first, 0.0, below, second]).boxed(),
            Covariance => Factor.strategy().prop_map(|factor| squared(&factor)).boxed(),
        }
    }

    /// In the middle, for where one valid set of parameters is enough.
    fn typical(self) -> Vec<f64> {
        match self {
            Within(low, high) | LogWithin(low, high) => vec![low + (high - low) / 3.0],
            Whole(low, high) => vec![((low + high) / 2) as f64],
            Row(count, low, high) => (0..count).map(|i| low + (high - low) * i as f64 / count as f64).collect(),
            Simplex(count) => vec![1.0 / count as f64; count],
            Ordered(count) => (0..count).map(|i| i as f64).collect(),
            Factor => vec![1.0, 0.0, 0.5, 1.25],
            Covariance => squared(&Factor.typical()),
        }
    }
}

/// `F Fᵀ`
fn squared(factor: &[f64]) -> Vec<f64> {
    let cross = factor[0] * factor[2];
    vec![factor[0].powi(2), cross, cross, factor[2].powi(2) + factor[3].powi(2)]
}

/// One family.
pub(super) struct Law<'a, B> {
    pub(super) name: &'a str,
    pub(super) params: &'a [(&'a str, Drawn)],
    pub(super) build: B,
    /// The ends of the support, and where the density has a kink or a jump between them; absent for those of `support()`.
    pub(super) ends: Option<&'a Ends>,
}

/// From the parameters to the ends.
pub(super) type Ends = dyn Fn(&[Vec<f64>]) -> Vec<f64>;

/// As many random sets of parameters as each family is tried with.
const CASES: u32 = 16;
/// Where a sum over all counts is cut off.
const MOST: f64 = 4000.0;

impl<B> Law<'_, B> {
    pub(super) fn typical(&self) -> Vec<Vec<f64>> {
        self.params.iter().map(|(_, drawn)| drawn.typical()).collect()
    }

    /// The ends of the support, finite where it is cut off.
    fn ends<T: Distribution<1, Kind: Elements>>(&self, params: &[Vec<f64>]) -> Vec<f64>
    where
        B: Fn(&[Tensor<1>]) -> T,
    {
        match self.ends {
            Some(ends) => ends(params),
            None => {
                let support = (self.build)(&leaves(params)).support();
                let (low, high) = support.bounds();
                assert!(
                    !matches!(support, vi_runtime::Support::Interval(..)) || low.is_finite(),
                    "{}: say where the support ends",
                    self.name
                );
                vec![low, high]
            }
        }
    }

    /// A value of the support.
    pub(super) fn inside<T: Distribution<1, Kind: Elements>>(&self, params: &[Vec<f64>]) -> f64
    where
        B: Fn(&[Tensor<1>]) -> T,
    {
        let ends = self.ends(params);
        if T::Kind::DISCRETE { ends[0].max(0.0) } else { quadrature::inside(ends[0], ends[1]) }
    }

    /// Tries random parameters.
    pub(super) fn holds<T: Distribution<1, Kind: Elements>>(&self, value: impl Fn(Tensor<1, T::Kind>) -> Tensor<1, T::Kind>)
    where
        B: Fn(&[Tensor<1>]) -> T,
    {
        let density =
            Function::<T::Kind>::new(|to: &Placement, x, params: &[Tensor<1>]| flat((self.build)(params).place(to).log_prob(&value(x))));
        let strategy: Vec<BoxedStrategy<Vec<f64>>> = self.params.iter().map(|(_, drawn)| drawn.strategy()).collect();
        let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let outcome = runner.run(&strategy, |params| {
            let ends = self.ends(&params);
            for executor in Executor::under_test(&test_device()) {
                for dtype in precisions() {
                    let at = |x: &[f64]| density.evaluate(*executor, x, &params, &test_device(), *dtype);
                    let tried = on_support::<T::Kind>(&ends, *dtype, &at).and_then(|()| outside::<T::Kind>(&ends, &at));
                    tried.map_err(|what| TestCaseError::fail(format!("{} {executor} {dtype:?}: {what}", self.name)))?;
                }
            }
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{error}");
        }
    }
}

fn precisions() -> &'static [DType] {
    if has_f64() { &[DType::F64, DType::F32] } else { &[DType::F32] }
}

fn leaves(params: &[Vec<f64>]) -> Vec<Tensor<1>> {
    params.iter().map(|p| super::tensor(p, [p.len()], DType::F32)).collect()
}

/// The density at a row of values.
type At<'a> = &'a dyn Fn(&[f64]) -> Result<Evaluation, String>;

/// The counts between the ends, each with weight 1.
fn counts(ends: &[f64]) -> Rule {
    let (low, high) = (ends[0], ends[ends.len() - 1].min(ends[0] + MOST));
    let mut nodes: Vec<f64> = (low as i64..=high as i64).map(|k| k as f64).collect();
    let mut log_weights = vec![0.0; nodes.len()];
    // Few lengths, so that few graphs are built.
    nodes.resize(nodes.len().next_power_of_two(), low);
    log_weights.resize(nodes.len(), f64::NEG_INFINITY);
    Rule { nodes, log_weights }
}

/// The mass is 1, and nothing is NaN.
fn on_support<K: Elements>(ends: &[f64], dtype: DType, at: At) -> Result<(), String> {
    let Rule { nodes, log_weights } = if K::DISCRETE { counts(ends) } else { quadrature::rule(ends) };
    let x = match dtype {
        DType::F64 => nodes,
        _ => nodes.iter().map(|&x| in_single(x, ends)).collect(),
    };
    let found = at(&x)?;
    if let Some(i) = found.value.iter().position(|value| value.is_nan()) {
        return Err(format!("log_prob is NaN at {:?}", x[i]));
    }
    if dtype == DType::F64 {
        let total: f64 = found.value.iter().zip(&log_weights).map(|(value, weight)| (value + weight).exp()).sum();
        // Where a density is infinite at an end other than 0, what lies within rounding of the end is missed.
        if (total - 1.0).abs() > 1e-6 {
            return Err(format!("the density integrates to {total:?}"));
        }
    }
    // Where terms of a gradient overflow, their difference is no number.
    let reach: f64 = if dtype == DType::F64 { 1e100 } else { 1e15 };
    let usable = |i: usize| found.value[i].abs() < reach && (x[i] == 0.0 || (reach.recip()..reach).contains(&x[i].abs()));
    let slopes = found.x.iter().flatten().enumerate().position(|(i, slope)| usable(i) && slope.is_nan());
    if let Some(i) = slopes {
        return Err(format!("the gradient is NaN at {:?}, where log_prob is {:?}", x[i], found.value[i]));
    }
    let Some(likeliest) = (0..x.len()).filter(|&i| usable(i)).max_by(|&i, &j| found.value[i].total_cmp(&found.value[j])) else {
        return Err("no value of moderate size has a density".to_owned());
    };
    let found = at(&(0..x.len()).map(|i| if usable(i) { x[i] } else { x[likeliest] }).collect::<Vec<_>>())?;
    match found.params.iter().position(|gradient| gradient.iter().flatten().any(|g| g.is_nan())) {
        Some(i) => Err(format!("the gradient in parameter {i} is NaN on the support")),
        None => Ok(()),
    }
}

/// The nearest number of single precision; a number inside for those that it does not hold in full.
fn in_single(x: f64, ends: &[f64]) -> f64 {
    let (low, high) = (ends[0], ends[ends.len() - 1]);
    let rounded = f64::from(x as f32);
    if rounded.is_finite() && rounded.abs() >= f64::from(f32::MIN_POSITIVE) && rounded > low && rounded < high {
        rounded
    } else {
        quadrature::inside(low, high)
    }
}

/// Beyond the ends the density is 0 and nothing has a gradient, whatever stands beside.
fn outside<K: Elements>(ends: &[f64], at: At) -> Result<(), String> {
    let (low, high) = (ends[0], ends[ends.len() - 1]);
    let steps = |end: f64| if K::DISCRETE { vec![1.0, 2.0, 1e6] } else { vec![1e-3 * end.abs().max(1.0), 1.0, 1e3, 1e30, f64::INFINITY] };
    let below = steps(low).into_iter().filter(|_| low.is_finite()).map(|step| low - step);
    let above = steps(high).into_iter().filter(|_| high.is_finite()).map(|step| high + step);
    let beyond: Vec<f64> = below.chain(above).collect();
    let inside = if K::DISCRETE { low.max(0.0) } else { quadrature::inside(low, high) };
    if !beyond.is_empty() {
        let alone = at(&[inside])?;
        let found = at(&beyond.iter().copied().chain([inside]).collect::<Vec<_>>())?;
        for (i, x) in beyond.iter().enumerate() {
            let slope = found.x.as_ref().map_or(0.0, |slopes| slopes[i]);
            if found.value[i] != f64::NEG_INFINITY || slope != 0.0 {
                return Err(format!("outside, at {x:?}, log_prob is {:?} with slope {slope:?}", found.value[i]));
            }
        }
        for (which, (found, alone)) in found.params.iter().zip(&alone.params).enumerate() {
            let (found, alone) = (found.iter().flatten(), alone.iter().flatten());
            if let Some((found, alone)) = found.zip(alone).find(|(f, a)| f.is_nan() || (*f - *a).abs() > 1e-5 * a.abs().max(1.0)) {
                return Err(format!("values outside move the gradient in parameter {which} from {alone:?} to {found:?}"));
            }
        }
    }
    // An infinite value of an unbounded family has density 0.
    if !K::DISCRETE {
        for end in [low, high].into_iter().filter(|end| end.is_infinite()) {
            let found = at(&[end])?.value[0];
            // Or so far down that the exponential of the floats ends before.
            if found.is_nan() || found > -1e30 {
                return Err(format!("log_prob is {found:?} at {end:?}"));
            }
        }
    }
    Ok(())
}

/// `float` and `int` as the types that belong to the functions of these names.
#[allow(non_camel_case_types, reason = "one word in an entry is both")]
pub(super) mod kind {
    pub type float = vi_runtime::burn::tensor::Float;
    pub type int = vi_runtime::burn::tensor::Int;
}

/// Scalar families: `test: [parameter: where it is drawn from, ...], value, ends |p| [...], |p| distribution;`.
///
/// Parameters have the names that the site sees. `value` is `float` or `int`. `ends` says where the support begins and ends, and
/// where the density is not smooth, by the numbers `p` of the parameters; it may be left out where `support()` says it all.
macro_rules! laws {
    ($(
        $test:ident: [$($param:ident: $drawn:expr),+ $(,)?], $value:ident, $(ends |$e:ident| $ends:expr,)? |$p:ident| $build:expr;
    )+) => { $(
        #[test]
        fn $test() {
            #[vi_runtime::model]
            fn observing(x: Tensor<1, $crate::laws::kind::$value>, p: Vec<Tensor<1>>, which: usize) {
                let shift: Tensor<1> = vi_runtime::prelude::param!("shift", [0.0]);
                let moved = |(i, p): (usize, Tensor<1>)| if i == which { p + shift.clone() } else { p };
                let $p: Vec<Tensor<1>> = p.into_iter().enumerate().map(moved).collect();
                vi_runtime::prelude::observe!("x", $build, x);
            }
            #[vi_runtime::guide(model = observing)]
            fn nothing() {}

            let ends: Option<&$crate::laws::Ends> = None;
            $(
                let found = |$e: &[Vec<f64>]| $ends.to_vec();
                let ends = ends.or(Some(&found));
            )?
            let params = [$((stringify!($param), $drawn)),+];
            let law = $crate::laws::Law { name: stringify!($test), params: &params, build: |$p: &[Tensor<1>]| $build, ends };
            law.holds($crate::density::$value);
            law.draws_move_with_the_parameters();
            let x = law.inside(&law.typical());
            let value = || $crate::laws::value(x);
            $crate::laws::site::refuses(&law, |p, which| observing(value(), p, which), &nothing());
        }
    )+ };
}

/// One value on the device under test.
pub(super) fn value<K: Elements>(x: f64) -> Tensor<1, K> {
    K::tensor(&[x], &test_device(), DType::F32)
}

#[path = "laws/charts.rs"]
mod charts;
#[path = "laws/combinators.rs"]
mod combinators;
#[path = "laws/discrete.rs"]
mod discrete;
#[path = "laws/tails.rs"]
mod tails;
#[path = "laws/univariate.rs"]
mod univariate;
#[path = "laws/vectors.rs"]
mod vectors;

laws! {
    normal: [loc: REAL, scale: SCALE], float, |p| Normal::new(&p[0], &p[1]);
    log_normal: [loc: REAL, scale: SCALE], float, |p| LogNormal::new(&p[0], &p[1]);
    half_normal: [scale: SCALE], float, |p| HalfNormal::new(&p[0]);
    half_cauchy: [scale: SCALE], float, |p| HalfCauchy::new(&p[0]);
    cauchy: [loc: REAL, scale: SCALE], float, |p| Cauchy::new(&p[0], &p[1]);
    student_t: [df: LogWithin(0.3, 50.0), loc: REAL, scale: SCALE], float, |p| StudentT::new(&p[0], &p[1], &p[2]);
    uniform: [low: Within(-3.0, -1.0), high: Within(1.0, 4.0)], float, ends |p| [p[0][0], p[1][0]], |p| Uniform::new(&p[0], &p[1]);
    exponential: [rate: SCALE], float, |p| Exponential::new(&p[0]);
    gamma: [concentration: SHAPE, rate: SCALE], float, |p| Gamma::new(&p[0], &p[1]);
    beta: [concentration1: SHAPE, concentration0: LogWithin(0.5, 50.0)], float, |p| Beta::new(&p[0], &p[1]);
    bernoulli_probs: [probs: PROBABILITY], int, |p| Bernoulli::new(&p[0]);
    bernoulli_logits: [logits: REAL], int, |p| Bernoulli::logits(&p[0]);
    categorical_probs: [probs: Simplex(3)], int, ends |_p| [0.0, 2.0], |p| Categorical::new(&p[0]);
    categorical_logits: [logits: Row(3, -3.0, 3.0)], int, ends |_p| [0.0, 2.0], |p| Categorical::logits(&p[0]);
    binomial_probs: [total_count: COUNT, probs: PROBABILITY], int, ends |p| [0.0, p[0][0]], |p| Binomial::new(&p[0], &p[1]);
    binomial_logits: [total_count: COUNT, logits: REAL], int, ends |p| [0.0, p[0][0]], |p| Binomial::logits(&p[0], &p[1]);
    poisson: [rate: SHAPE], int, |p| Poisson::new(&p[0]);
}
