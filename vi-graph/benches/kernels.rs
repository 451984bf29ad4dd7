//! One function of `n` elements in a plan of one instruction, beside a loop over the standard library.
//!
//! A time is that of a whole run, so that small sizes show what a run costs besides; the throughput is that of the elements.

#![allow(clippy::unwrap_used)] // a benchmark may stop

use std::fmt;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use vi_graph::cpu::{Element, Executable, Instructions, Options};
use vi_graph::ir::{Binary, Role, Unary};
use vi_graph::{Graph, Key, Precision, Type, special};

const SIZES: [usize; 3] = [8, 256, 4096];

/// How many elements with which instructions; more than the processor has are its best.
struct Case(Instructions, usize);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.0, self.1)
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let levels = [Instructions::Portable, Instructions::Avx2, Instructions::Avx512];
    levels.into_iter().flat_map(|level| SIZES.map(|n| Case(level, n)))
}

fn main() {
    divan::main();
}

/// Between 0.1 and 5.1, in no order.
fn numbers(n: usize) -> impl Iterator<Item = f64> {
    (0..n).map(|i| 0.1 + 5.0 * (i as f64 * 0.618_033_988_749_894_9).fract())
}

#[derive(Clone, Copy)]
enum Function {
    Unary(Unary),
    Binary(Binary),
}

fn run<T: Element>(bencher: Bencher, precision: Precision, f: Function, &Case(level, n): &Case, from: fn(f64) -> T) {
    let mut graph = Graph::new(precision);
    let x = graph.input("x", Role::Parameter, [n], Type::Float);
    let y = match f {
        Function::Unary(f) => graph.unary(f, x),
        Function::Binary(f) => {
            let z = graph.input("z", Role::Parameter, [n], Type::Float);
            graph.binary(f, x, z)
        }
    };
    graph.outputs.push(y);
    let mut executable = Executable::compile(&graph, &Options { instructions: Some(level), ..Options::default() }).unwrap();
    for input in 0..graph.inputs.len() {
        for (slot, x) in executable.input::<T>(input).unwrap().iter_mut().zip(numbers(n)) {
            *slot = from(x);
        }
    }
    bencher.counter(ItemsCount::new(n)).bench_local(|| executable.run(black_box(Key::new(0))));
}

macro_rules! benches {
    ($($name:ident: $f:expr, $library:expr;)*) => {
        $(
            mod $name {
                use super::*;

                #[divan::bench(args = cases())]
                fn single(bencher: Bencher, case: &Case) {
                    run::<f32>(bencher, Precision::F32, $f, case, |x| x as f32);
                }

                #[divan::bench(args = cases())]
                fn double(bencher: Bencher, case: &Case) {
                    run::<f64>(bencher, Precision::F64, $f, case, |x| x);
                }

                #[divan::bench(args = SIZES)]
                fn library(bencher: Bencher, n: usize) {
                    let x: Vec<f64> = numbers(n).collect();
                    let mut out = vec![0.0; n];
                    let f: fn(f64) -> f64 = $library;
                    bencher.counter(ItemsCount::new(n)).bench_local(|| {
                        for (out, &x) in out.iter_mut().zip(black_box(&x)) {
                            *out = f(x);
                        }
                    });
                }
            }
        )*
    };
}

benches! {
    add: Function::Binary(Binary::Add), |x| x + x;
    mul: Function::Binary(Binary::Mul), |x| x * x;
    exp: Function::Unary(Unary::Exp), f64::exp;
    log: Function::Unary(Unary::Log), f64::ln;
    sigmoid: Function::Unary(Unary::Sigmoid), |x| 1.0 / (1.0 + (-x).exp());
    tanh: Function::Unary(Unary::Tanh), f64::tanh;
    lgamma: Function::Unary(Unary::Lgamma), special::lgamma;
}
