//! What a family has beside its density, by the list in its entry: an entry compiles only where the traits are implemented.

use burn::tensor::{DType, Tensor};
use vi_runtime::Placement;
use vi_runtime::dist::{Cdf, Distribution, Entropy, InverseCdf, Moments};

use super::super::table::Case;
use super::super::{burn, has_f64, test_device};
use super::compare::{representable, single, single_tolerance, summed_tolerance};
use super::function::{Elements, Evaluation, Executor, Function, flat};

type OfParams<const D: usize, T> = fn(&T) -> Tensor<D>;
type Quantile<const D: usize, T> = fn(&T, &Tensor<D>) -> Tensor<D, <T as Distribution<D>>::Kind>;
type OfValue<const D: usize, T> = fn(&T, &Tensor<D, <T as Distribution<D>>::Kind>) -> Tensor<D>;

/// The methods that the entry lists.
pub struct Properties<const D: usize, T: Distribution<D>> {
    /// For the page about the distributions.
    pub names: Vec<&'static str>,
    known: Vec<(&'static str, OfParams<D, T>)>,
    /// cdf, survival and their logarithms.
    cdf: Option<[OfValue<D, T>; 4]>,
    icdf: Option<Quantile<D, T>>,
    atoms: bool,
}

impl<const D: usize, T: Distribution<D>> Properties<D, T> {
    pub fn none() -> Self {
        Properties { names: Vec::new(), known: Vec::new(), cdf: None, icdf: None, atoms: false }
    }

    pub fn moments(mut self) -> Self
    where
        T: Moments<D>,
    {
        self.names.extend(["mean", "variance"]);
        self.known.extend([("mean", T::mean as fn(&T) -> _), ("variance", T::variance)]);
        self
    }

    pub fn entropy(mut self) -> Self
    where
        T: Entropy<D>,
    {
        self.names.push("entropy");
        self.known.push(("entropy", T::entropy));
        self
    }

    pub fn cdf(mut self) -> Self
    where
        T: Cdf<D>,
    {
        self.names.push("cdf");
        self.cdf = Some([T::cdf, T::survival, T::log_cdf, T::log_survival]);
        self
    }

    /// There is mass at points that are parameters.
    pub fn atoms(mut self) -> Self {
        self.atoms = true;
        self
    }

    pub fn icdf(mut self) -> Self
    where
        T: InverseCdf<D>,
    {
        self.names.push("icdf");
        self.icdf = Some(T::icdf);
        self
    }
}

/// A family with what it has.
pub struct Subject<'a, const D: usize, T: Distribution<D>, B, V> {
    pub name: &'a str,
    pub build: &'a B,
    pub value: &'a V,
    pub properties: &'a Properties<D, T>,
}

/// The quantiles that are looked for.
const LEVELS: [f64; 8] = [1e-9, 1e-3, 0.1, 0.3, 0.5, 0.9, 0.999, 1.0 - 1e-6];

impl<const D: usize, T, B, V> Subject<'_, D, T, B, V>
where
    T: Distribution<D, Kind: Elements>,
    B: Fn(&[Tensor<1>]) -> T,
    V: Fn(Tensor<1, T::Kind>) -> Tensor<D, T::Kind>,
{
    fn of_value(&self, f: OfValue<D, T>) -> Function<'_, T::Kind> {
        Function::new(move |to: &Placement, x, params: &[Tensor<1>]| flat(f(&(self.build)(params).place(to), &(self.value)(x))))
    }

    /// What disagrees with the moments of the table, and where a distribution function contradicts the density.
    pub fn failures(&self, cases: &[Case]) -> Vec<String> {
        let mut failures = Vec::new();
        for (what, method) in &self.properties.known {
            let f = Function::<burn::tensor::Float>::new(|to, _, params| flat(method(&(self.build)(params).place(to))));
            for case in cases {
                self.moment(what, &f, case, &mut failures);
            }
        }
        if let Some(cdf) = &self.properties.cdf {
            let functions = cdf.map(|f| self.of_value(f));
            for case in cases {
                for executor in Executor::under_test(&test_device()) {
                    self.distribution_function(&functions, case, *executor, &mut failures);
                }
            }
            if let Some(icdf) = self.properties.icdf {
                let icdf = Function::<burn::tensor::Float>::new(move |to, p, params| {
                    let quantile = icdf(&(self.build)(params).place(to), &p.reshape([1; D]));
                    flat(T::Kind::floats(quantile, to.dtype))
                });
                for case in cases {
                    for executor in Executor::under_test(&test_device()) {
                        self.quantiles(&icdf, &functions, case, *executor, &mut failures);
                    }
                }
            }
        }
        failures
    }

    fn moment(&self, what: &str, f: &Function<'_, burn::tensor::Float>, case: &Case, failures: &mut Vec<String>) {
        let device = test_device();
        for executor in Executor::under_test(&device) {
            let mut compare = |dtype: DType, params: &[Vec<f64>], want: &[f64], tolerance: f64, floor: f64| {
                let got = match f.evaluate(*executor, &[0.0], params, &device, dtype) {
                    Ok(got) => got.value,
                    Err(problem) => return failures.push(format!("{} {executor}: {what} has no graph: {problem}", self.name)),
                };
                let close = |(got, want): (&f64, &f64)| {
                    got == want || (got.is_nan() && want.is_nan()) || (got - want).abs() <= tolerance * want.abs() + floor
                };
                if got.len() != want.len() || !got.iter().zip(want).all(close) {
                    failures.push(format!("{} {params:?} {executor} {dtype:?}: {what} {got:?} instead of {want:?}", self.name));
                }
            };
            let Some(known) = case.moment(what) else { continue };
            if has_f64() {
                compare(DType::F64, &case.params, &known, summed_tolerance(), 1e-13);
            }
            let rounded: Vec<Vec<f64>> = case.params.iter().map(|p| single(p)).collect();
            let reference = self.reference(f, &[0.0], &rounded).value;
            if representable(&reference) {
                compare(DType::F32, &rounded, &reference, single_tolerance(), 1e-6);
            }
        }
    }

    /// In double precision by Burn's operations.
    fn reference<K: Elements>(&self, f: &Function<'_, K>, x: &[f64], params: &[Vec<f64>]) -> Evaluation {
        f.evaluate(Executor::Eager, x, params, &vi_runtime::device::default(), DType::F64).unwrap()
    }

    /// The distribution function against the density, its complement and their logarithms; single precision against double.
    fn distribution_function(&self, functions: &[Function<'_, T::Kind>; 4], case: &Case, by: Executor, failures: &mut Vec<String>) {
        let params = &case.params;
        for point in &case.points {
            let mut problems = Vec::new();
            if has_f64() {
                let at = |x: f64| evaluate_all(functions, by, x, params, DType::F64);
                let x = point.x[0];
                let is_atom = self.properties.atoms && params.iter().flatten().any(|&atom| atom == x);
                let before = match <T::Kind as Elements>::DISCRETE {
                    true => Some(x - 1.0),
                    false => is_atom.then_some(x - 1e-14 * x.abs().max(1e-300)),
                };
                problems.extend(match (at(x), before) {
                    (Ok(found), Some(before)) => {
                        let below = at(before).map(|below| [below[0].value[0], below[1].value[0]]);
                        [parts(&found), below.map_or_else(|problem| vec![problem], |below| steps(&found, below, point.log_prob.exp()))]
                            .concat()
                    }
                    (Ok(found), None) => [parts(&found), slopes(&found, point.log_prob)].concat(),
                    (Err(problem), _) => vec![problem],
                });
            }
            if representable(&point.x) {
                problems.extend(self.single(functions, by, f64::from(point.x[0] as f32), params));
            }
            failures.extend(problems.into_iter().map(|problem| format!("{} {params:?} at {:?} {by}: {problem}", self.name, point.x[0])));
        }
        if has_f64() {
            // No count is infinite.
            let ends = [(f64::NEG_INFINITY, 0.0), (f64::INFINITY, 1.0)];
            let ends: &[(f64, f64)] = if <T::Kind as Elements>::DISCRETE { &[(-1e9, 0.0)] } else { &ends };
            for &(end, want) in ends {
                match functions[0].evaluate(by, &[end], params, &test_device(), DType::F64) {
                    Ok(found) if (found.value[0] - want).abs() < 1e-200 => {}
                    found => {
                        failures.push(format!("{} {params:?} {by}: the cdf at {end:?} is {:?}", self.name, found.map(|found| found.value)))
                    }
                }
            }
        }
    }

    fn single(&self, functions: &[Function<'_, T::Kind>; 4], by: Executor, x: f64, params: &[Vec<f64>]) -> Vec<String> {
        let params: Vec<Vec<f64>> = params.iter().map(|p| single(p)).collect();
        let found = match evaluate_all(functions, by, x, &params, DType::F32) {
            Ok(found) => found,
            Err(problem) => return vec![problem],
        };
        let mut problems = Vec::new();
        for ((f, found), what) in functions.iter().zip(found).zip(["cdf", "survival", "log_cdf", "log_survival"]) {
            let reference = self.reference(f, &[x], &params);
            let (got, want) = (found.value[0], reference.value[0]);
            // What an ulp of each input moves.
            let inputs = std::iter::once(x).chain(params.iter().flatten().copied());
            let slopes = reference.x.iter().chain(reference.params.iter().flatten()).flatten();
            let moved: f64 = inputs.zip(slopes).map(|(x, slope)| (x * slope).abs()).filter(|moved| moved.is_finite()).sum();
            let close = |got: f64, want: f64, relative: f64| {
                (got - want).abs() <= relative * want.abs() + 1e-6 + 4.0 * f64::from(f32::EPSILON) * moved
            };
            // A logarithm may also be as good as that of the probability.
            let as_probability = what.starts_with("log") && close(got.exp(), want.exp(), 1e-4);
            if got.is_nan() || !(close(got, want, 1e-4) || got == want || as_probability) {
                problems.push(format!("{what} is {got:?} in single precision instead of {want:?}"));
            }
        }
        problems
    }

    /// The distribution function of each quantile is its level.
    fn quantiles(
        &self,
        icdf: &Function<'_, burn::tensor::Float>,
        functions: &[Function<'_, T::Kind>; 4],
        case: &Case,
        by: Executor,
        failures: &mut Vec<String>,
    ) {
        let device = test_device();
        let mut fail = |text: String| failures.push(format!("{} {:?} {by}: {text}", self.name, case.params));
        let check = |dtype: DType, params: &[Vec<f64>], epsilon: f64, tolerance: f64, fail: &mut dyn FnMut(String)| {
            let (tiny, huge) = match dtype {
                DType::F64 => (f64::MIN_POSITIVE, f64::MAX),
                _ => (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)),
            };
            for p in LEVELS {
                let p = if dtype == DType::F32 { f64::from(p as f32) } else { p };
                let x = match icdf.evaluate(by, &[p], params, &device, dtype) {
                    Ok(found) => found.value[0],
                    Err(problem) => return fail(format!("icdf has no graph: {problem}")),
                };
                let cdf = |x: f64| self.reference(&functions[0], &[x], params);
                let survival = |x: f64| self.reference(&functions[1], &[x], params).value[0];
                if <T::Kind as Elements>::DISCRETE {
                    let (least, most) = (p * (1.0 - tolerance), p * (1.0 + tolerance));
                    // Beyond the integers of every device the largest of them stands.
                    let reached = cdf(x).value[0] >= least || x == 2_147_483_520.0;
                    let smallest = reached && cdf(x - 1.0).value[0] < most;
                    if !smallest {
                        fail(format!("{x:?} is not the quantile of {p:?} in {dtype:?}"));
                    }
                    continue;
                }
                // Rounding of the quantile and of the inputs that it is made of; beyond the largest number is the next one.
                let largest = params.iter().flatten().filter(|p| p.is_finite()).fold(x.abs().min(huge), |m, p| m.max(p.abs()));
                let spread = 8.0 * epsilon * largest + tiny;
                let (below, above) = (if x <= -huge { x } else { x.min(huge) - spread }, if x >= huge { x } else { x.max(-huge) + spread });
                let slack = tolerance * p.min(1.0 - p) + 8.0 * epsilon * p;
                let reached = if p < 0.5 {
                    cdf(below).value[0] <= p + slack && p <= cdf(above).value[0] + slack
                } else {
                    survival(above) <= 1.0 - p + slack && 1.0 - p <= survival(below) + slack
                };
                if !reached || x.is_nan() {
                    fail(format!("the quantile of {p:?} in {dtype:?} is {x:?}, whose level is {:?}", cdf(x).value[0]));
                }
            }
            if !<T::Kind as Elements>::DISCRETE {
                for p in [-0.1, 1.1, f64::NAN] {
                    match icdf.evaluate(by, &[p], params, &device, dtype) {
                        Ok(found) if !found.value[0].is_nan() => fail(format!("the quantile of {p} is {} instead of NaN", found.value[0])),
                        _ => {}
                    }
                }
            }
        };
        if has_f64() {
            check(DType::F64, &case.params, f64::EPSILON, 1e-10, &mut fail);
        }
        let rounded: Vec<Vec<f64>> = case.params.iter().map(|p| single(p)).collect();
        check(DType::F32, &rounded, f64::from(f32::EPSILON), single_tolerance(), &mut fail);
    }
}

fn evaluate_all<K: Elements>(
    functions: &[Function<'_, K>; 4],
    by: Executor,
    x: f64,
    params: &[Vec<f64>],
    dtype: DType,
) -> Result<Vec<Evaluation>, String> {
    functions.iter().map(|f| f.evaluate(by, &[x], params, &test_device(), dtype)).collect()
}

/// cdf and survival are the two parts of 1, and the logarithms are theirs.
fn parts(found: &[Evaluation]) -> Vec<String> {
    let [cdf, survival, log_cdf, log_survival] = [0, 1, 2, 3].map(|i| found[i].value[0]);
    let mut problems = Vec::new();
    let whole = (cdf + survival - 1.0).abs() < 1e-12 && (0.0..=1.0).contains(&cdf) && (0.0..=1.0).contains(&survival);
    if !whole {
        problems.push(format!("cdf {cdf:?} and survival {survival:?} are no whole"));
    }
    for (log, p, what) in [(log_cdf, cdf, "log_cdf"), (log_survival, survival, "log_survival")] {
        let near = if p > 1e-290 { (log - p.ln()).abs() <= 1e-10 * p.ln().abs() + 1e-15 } else { log < -600.0 };
        if !near {
            problems.push(format!("{what} {log:?} where the logarithm is that of {p:?}"));
        }
    }
    problems
}

/// From one count to the next the cdf rises by the mass: of cdf and survival, the smaller shows it.
fn steps(found: &[Evaluation], [cdf_below, survival_below]: [f64; 2], mass: f64) -> Vec<String> {
    let (cdf, survival) = (found[0].value[0], found[1].value[0]);
    let step = if cdf < survival_below { cdf - cdf_below } else { survival_below - survival };
    let close = (step - mass).abs() <= 1e-10 * mass + 1e-12 * cdf.min(survival_below);
    if close { Vec::new() } else { vec![format!("the cdf rises by {step:?}, the mass is {mass:?}")] }
}

/// The slope of the cdf is the density, that of its logarithm the density over the cdf; the same of the survival function. Near
/// 1, either has fewer digits than the other.
fn slopes(found: &[Evaluation], log_prob: f64) -> Vec<String> {
    let slope = |i: usize| found[i].x.as_ref().map_or(0.0, |x| x[0]);
    let mut problems = Vec::new();
    for (of, log_of, sign, what) in [(0, 2, 1.0, "cdf"), (1, 3, -1.0, "survival")] {
        let (p, log) = (found[of].value[0], found[log_of].value[0]);
        // Far out squares underflow.
        if !(1e-150..0.75).contains(&p) {
            continue;
        }
        let close = |slope: f64, want: f64| {
            let rounding = 4.0 * f64::EPSILON * log_prob.abs().min(1e300);
            (slope - want).abs() <= (1e-8 + rounding) * want + 1e-300
        };
        if !close(sign * slope(of), log_prob.exp()) {
            problems.push(format!("the slope of {what} is {:?}, the density {:?}", slope(of), log_prob.exp()));
        }
        let want = (log_prob - log).exp();
        if log.is_finite() && want.is_finite() && !close(sign * slope(log_of), want) {
            problems.push(format!("the slope of log_{what}, {log:?}, is {:?} instead of {want:?}", slope(log_of)));
        }
    }
    problems
}
