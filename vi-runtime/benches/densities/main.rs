//! What a log density and its gradients cost for each element: the ten commonest families at 1, 10³ and 10⁶ observations.
//!
//! ```text
//! cargo bench --bench densities -- [--csv FILE] [--seconds 0.3] [--largest 1000000]
//! ```
//!
//! Prints a table (CSV) of nanoseconds an element, the median of runs on one thread. A run computes the sum of `log_prob` over the
//! observations with its gradients in them and in the parameters, one set for all: compiled, in single and in double
//! precision, and statement by statement on Burn. `statrs` is a loop over its scalar density in double precision, without a gradient.

mod peers;

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use vi_runtime::burn::tensor::{DType, Float, Tensor, TensorData};
use vi_runtime::compile::function_graph;
use vi_runtime::dist::*;
use vi_runtime::graph::cpu::{Executable, Options};
use vi_runtime::graph::ir::{Data, Op, Type};
use vi_runtime::graph::{Graph, Id, Key, Precision, diff, optimise};
use vi_runtime::prelude::*;
use vi_runtime::{AnyTensor, Placement};

const SIZES: [usize; 3] = [1, 1_000, 1_000_000];

/// What the observations are.
#[derive(Clone, Copy, PartialEq)]
enum Values {
    /// Between −2 and 3.
    Real,
    /// Between 0.1 and 5.1.
    Positive,
    /// Inside (0, 1).
    Unit,
    /// 0 to the number, evenly.
    Counts(u64),
}

impl Values {
    /// In no order, the same in each run.
    fn numbers(self, n: usize) -> Vec<f64> {
        let spread = (0..n).map(|i| (0.5 + i as f64 * 0.618_033_988_749_894_9).fract());
        match self {
            Values::Real => spread.map(|u| 5.0 * u - 2.0).collect(),
            Values::Positive => spread.map(|u| 5.0 * u + 0.1).collect(),
            Values::Unit => spread.map(|u| 0.98 * u + 0.01).collect(),
            Values::Counts(most) => spread.map(|u| (u * (most + 1) as f64).floor()).collect(),
        }
    }

    fn tensor(self, n: usize, to: &Placement) -> AnyTensor {
        let numbers = self.numbers(n);
        match self {
            Values::Counts(_) => {
                let counts: Vec<i64> = numbers.iter().map(|&x| x as i64).collect();
                AnyTensor::from(Tensor::<1, Int>::from_data(TensorData::new(counts, [n]), &to.device))
            }
            _ => AnyTensor::from(row(&numbers, to)),
        }
    }
}

fn row(numbers: &[f64], to: &Placement) -> Tensor<1> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), [numbers.len()]), (&to.device, DType::from(to.dtype)))
}

/// `log_prob` of a row of values under one set of parameters.
type Density = fn(&Placement, &AnyTensor, &[Tensor<1>]) -> Result<Tensor<1>>;

/// One family, as it is and in statrs.
struct Family {
    name: &'static str,
    values: Values,
    params: Vec<Vec<f64>>,
    density: Density,
    peer: peers::Density,
}

fn family(name: &'static str, values: Values, params: &[&[f64]], density: Density, peer: peers::Density) -> Family {
    Family { name, values, params: params.iter().map(|p| p.to_vec()).collect(), density, peer }
}

fn score<T: Distribution<1>>(distribution: T, to: &Placement, x: &AnyTensor) -> Result<Tensor<1>> {
    Ok(distribution.place(to).log_prob(&x.typed("the observations")?))
}

fn families() -> Vec<Family> {
    use Values::*;
    let logits = [0.3, -1.0, 0.5, 2.0, 0.0, -0.7, 1.1, 0.2];
    vec![
        family("Normal", Real, &[&[0.5], &[1.7]], |to, x, p| score(Normal::new(&p[0], &p[1]), to, x), peers::normal),
        family("LogNormal", Positive, &[&[0.5], &[1.7]], |to, x, p| score(LogNormal::new(&p[0], &p[1]), to, x), peers::log_normal),
        family("Gamma", Positive, &[&[2.5], &[1.7]], |to, x, p| score(Gamma::new(&p[0], &p[1]), to, x), peers::gamma),
        family("Beta", Unit, &[&[2.5], &[1.7]], |to, x, p| score(Beta::new(&p[0], &p[1]), to, x), peers::beta),
        family("Exponential", Positive, &[&[1.7]], |to, x, p| score(Exponential::new(&p[0]), to, x), peers::exponential),
        family("StudentT", Real, &[&[4.0], &[0.5], &[1.7]], |to, x, p| score(StudentT::new(&p[0], &p[1], &p[2]), to, x), peers::student_t),
        family("Bernoulli", Counts(1), &[&[0.3]], |to, x, p| score(Bernoulli::new(&p[0]), to, x), peers::bernoulli),
        family("Binomial", Counts(20), &[&[20.0], &[0.3]], |to, x, p| score(Binomial::new(&p[0], &p[1]), to, x), peers::binomial),
        family("Poisson", Counts(20), &[&[7.5]], |to, x, p| score(Poisson::new(&p[0]), to, x), peers::poisson),
        family("Categorical", Counts(7), &[&logits], |to, x, p| score(Categorical::logits(&p[0]), to, x), peers::categorical),
    ]
}

/// Median of nanoseconds an element, over runs that fill the time.
fn measure(n: usize, time: Duration, mut run: impl FnMut() -> Result<f64>) -> Result<f64> {
    // Short runs are timed by the batch: a reading of the clock takes as long as one of them.
    let begin = Instant::now();
    black_box(run()?);
    let batch = (Duration::from_micros(20).as_nanos() / begin.elapsed().as_nanos().max(1)).clamp(1, 10_000) as usize;
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < time || times.len() < 5 {
        let start = Instant::now();
        for _ in 0..batch {
            black_box(run()?);
        }
        times.push(start.elapsed().as_secs_f64() * 1e9 / (batch * n) as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// The sum of the densities, then its gradient in each float input.
fn with_gradients(mut graph: Graph) -> Result<Graph> {
    let total = graph.sum_all(graph.outputs[0]);
    let is_float_input = |graph: &Graph, id: &Id| matches!(graph.node(*id).op, Op::Input(_)) && graph.node(*id).ty == Type::Float;
    let inputs: Vec<Id> = graph.ids().filter(|id| is_float_input(&graph, id)).collect();
    let gradients = diff::gradient(&mut graph, total, &inputs).map_err(Error::other)?;
    graph.outputs = std::iter::once(total).chain(gradients.into_iter().flatten()).collect();
    Ok(optimise::optimise(&graph))
}

fn compiled(family: &Family, n: usize, precision: Precision, time: Duration) -> Result<f64> {
    let dtype = if precision == Precision::F32 { FloatDType::F32 } else { FloatDType::F64 };
    let to = Placement { device: vi_runtime::device::default(), dtype };
    let mut inputs = vec![family.values.tensor(n, &to)];
    inputs.extend(family.params.iter().map(|p| AnyTensor::from(row(p, &to))));
    let mut refused = None;
    let graph = function_graph(&to, &inputs, |to, inputs| {
        let params: Result<Vec<Tensor<1>>> = inputs[1..].iter().map(|p| p.typed("a parameter")).collect();
        let density = params.and_then(|params| (family.density)(to, &inputs[0], &params));
        density.unwrap_or_else(|error| {
            refused = Some(error);
            Tensor::zeros([1], &to.device)
        })
    });
    if let Some(error) = refused {
        return Err(error);
    }
    let graph = with_gradients(graph.map_err(Error::other)?)?;
    let mut executable = Executable::compile(&graph, &Options::default()).map_err(Error::other)?;
    for (number, input) in inputs.iter().enumerate() {
        let numbers = input.to_f64()?;
        let data = match (number, family.values) {
            (0, Values::Counts(_)) => Data::Int(numbers.iter().map(|&x| x as i64).collect()),
            _ => Data::Float(numbers),
        };
        executable.set(number, &data).map_err(Error::other)?;
    }
    measure(n, time, || {
        // With what depends on the counts alone, which a fit computes once.
        executable.prologue();
        executable.run(Key::new(0));
        Ok(match precision {
            Precision::F32 => f64::from(executable.output::<f32>(0).map_err(Error::other)?[0]),
            Precision::F64 => executable.output::<f64>(0).map_err(Error::other)?[0],
        })
    })
}

fn eager(family: &Family, n: usize, time: Duration) -> Result<f64> {
    let to = Placement { device: vi_runtime::device::default(), dtype: FloatDType::F64 };
    let x = family.values.tensor(n, &to);
    measure(n, time, || {
        let x = match family.values {
            Values::Counts(_) => x.clone(),
            _ => AnyTensor::from(x.typed::<1, Float>("the observations")?.autodiff().require_grad()),
        };
        let params: Vec<Tensor<1>> = family.params.iter().map(|p| row(p, &to).autodiff().require_grad()).collect();
        let total = (family.density)(&to, &x, &params)?.sum();
        let gradients = total.backward();
        black_box(params.iter().map(|p| p.grad(&gradients)).collect::<Vec<_>>());
        Ok(AnyTensor::from(total).to_f64()?[0])
    })
}

fn statrs(family: &Family, n: usize, time: Duration) -> Result<f64> {
    let x = family.values.numbers(n);
    measure(n, time, || (family.peer)(&family.params, black_box(&x)))
}

fn main() -> Result<()> {
    use lexopt::prelude::*;
    let (mut csv, mut seconds, mut largest) = (None::<PathBuf>, 0.3, SIZES[2]);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(Error::other)? {
        match argument {
            Long("csv") => csv = Some(parser.value().map_err(Error::other)?.into()),
            Long("seconds") => seconds = parser.value().and_then(|value| value.parse()).map_err(Error::other)?,
            Long("largest") => largest = parser.value().and_then(|value| value.parse()).map_err(Error::other)?,
            Long("bench") => {} // cargo bench passes it
            other => return Err(Error::other(other.unexpected())),
        }
    }
    let time = Duration::from_secs_f64(seconds);
    let mut table = "family,elements,compiled_f32_ns,compiled_f64_ns,eager_f64_ns,statrs_f64_log_prob_only_ns\n".to_owned();
    print!("{table}");
    for family in families() {
        for n in SIZES.into_iter().filter(|n| *n <= largest) {
            let single = compiled(&family, n, Precision::F32, time)?;
            let double = compiled(&family, n, Precision::F64, time)?;
            let (eager, statrs) = (eager(&family, n, time)?, statrs(&family, n, time)?);
            let line = format!("{},{n},{single:.2},{double:.2},{eager:.2},{statrs:.2}", family.name);
            println!("{line}");
            writeln!(table, "{line}").map_err(Error::other)?;
        }
    }
    if let Some(path) = csv {
        fs::write(path, table).map_err(Error::other)?;
    }
    Ok(())
}
