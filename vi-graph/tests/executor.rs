//! The executor against the interpreter.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use vi_graph::cpu::{Executable, Instructions, Options};
use vi_graph::interpret::interpret;
use vi_graph::ir::{Binary, Data, Range, Reduce, Role, Scan, Type, Unary};
use vi_graph::{Graph, Key, Precision};

const LEVELS: [Instructions; 3] = [Instructions::Portable, Instructions::Avx2, Instructions::Avx512];

fn numbers(n: usize) -> Data {
    Data::Float((0..n).map(|i| f64::from(((i * 37 + 11) % 101) as f32 / 16.0 - 3.0)).collect())
}

/// Both precisions, every set of instructions.
fn agree(build: impl Fn(&mut Graph), inputs: &[Data]) {
    for (precision, tolerance) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5)] {
        let mut graph = Graph::new(precision);
        build(&mut graph);
        vi_graph::verify::verify(&graph).unwrap();
        let expected = interpret(&graph, inputs, Key::new(3)).unwrap();
        for level in LEVELS {
            let options = Options { draw: false, instructions: Some(level), ..Options::default() };
            let mut executable = Executable::compile(&graph, &options).unwrap();
            for (i, data) in inputs.iter().enumerate() {
                executable.set(i, data).unwrap();
            }
            executable.prologue();
            for _ in 0..2 {
                executable.run(Key::new(3));
                for (i, expected) in expected.iter().enumerate() {
                    close(expected, &executable.get(i), tolerance, &format!("output {i} at {level:?} of\n{graph}"));
                }
            }
        }
    }
}

fn close(expected: &Data, found: &Data, tolerance: f64, what: &str) {
    match (expected, found) {
        (Data::Float(x), Data::Float(y)) => {
            assert_eq!(x.len(), y.len(), "{what}");
            for (i, (x, y)) in x.iter().zip(y).enumerate() {
                let same = x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * (1.0 + x.abs());
                assert!(same, "{what}element {i}: expected {x}, got {y}");
            }
        }
        _ => assert_eq!(expected, found, "{what}"),
    }
}

#[test]
fn broadcasts_run_in_loops() {
    agree(
        |g| {
            let x = g.input("x", Role::Parameter, [5, 7], Type::Float);
            let row = g.input("row", Role::Parameter, [1, 7], Type::Float);
            let column = g.input("column", Role::Parameter, [5, 1], Type::Float);
            let scalar = g.input("scalar", Role::Parameter, [], Type::Float);
            let (a, b) = (g.expand(row, [5, 7]), g.expand(column, [5, 7]));
            let c = g.broadcast(scalar, [5, 7]);
            let s = g.add(x, a);
            let p = g.mul(s, b);
            let q = g.sub(a, b);
            let r = g.binary(Binary::Max, p, c);
            let e = g.unary(Unary::Exp, q);
            let total = g.add(r, e);
            let all = g.sum_all(total);
            let rows = g.sum(total, &[1]);
            let columns = g.sum(total, &[0]);
            let q_all = g.sum_all(q);
            let back = g.expand(columns, [5, 7]);
            let lse = g.reduce(Reduce::LogSumExp, total, &[0]);
            g.outputs = vec![all, rows, columns, total, q, q_all, back, lse, x];
        },
        &[numbers(35), numbers(7), numbers(5), numbers(1)],
    );
}

#[test]
fn movement_is_strides() {
    agree(
        |g| {
            let x = g.input("x", Role::Parameter, [4, 6, 5], Type::Float);
            let t = g.permute(x, &[2, 0, 1]);
            let t2 = g.mul(t, t);
            let s = g.slice(x, &[Range { start: 3, step: -1, len: 4 }, Range { start: 1, step: 2, len: 3 }, Range::all(5)]);
            let s2 = g.unary(Unary::Tanh, s);
            let r = g.reshape(t2, [20, 6]);
            let u = g.unslice(s2, &[Range::all(4), Range { start: 0, step: 2, len: 3 }, Range::all(5)], [4, 6, 5]);
            let c = g.concat(&[x, s, u], 1);
            let m = g.reduce(Reduce::Max, c, &[0, 2]);
            let rows = g.reduce(Reduce::Sum, r, &[1]);
            let scan = g.scan(Scan::Sum, c, 1, true);
            g.outputs = vec![t2, s2, r, u, c, m, rows, scan];
        },
        &[numbers(120)],
    );
}

#[test]
fn products_read_transposed_and_repeated_factors() {
    agree(
        |g| {
            let a = g.input("a", Role::Parameter, [3, 4, 5], Type::Float);
            let b = g.input("b", Role::Parameter, [1, 5, 2], Type::Float);
            let bt = g.input("bt", Role::Parameter, [3, 2, 5], Type::Float);
            let x = g.input("x", Role::Parameter, [1, 5, 1], Type::Float);
            let p = g.matmul(a, b, false, false);
            let q = g.matmul(a, bt, false, true);
            let v = g.matmul(a, x, false, false);
            let w = g.matmul(a, v, true, false);
            g.outputs = vec![p, q, v, w];
        },
        &[numbers(60), numbers(10), numbers(30), numbers(5)],
    );
}

#[test]
fn a_mixture_is_stored_along_its_observations() {
    agree(
        |g| {
            let x = g.input("x", Role::Data, [100, 1], Type::Float);
            let mean = g.input("mean", Role::Parameter, [1, 3], Type::Float);
            let (xs, means) = (g.expand(x, [100, 3]), g.expand(mean, [100, 3]));
            let d = g.sub(xs, means);
            let d = g.unary(Unary::Square, d);
            let d = g.mul_scalar(d, -0.5);
            let l = g.reduce(Reduce::LogSumExp, d, &[1]);
            let total = g.sum_all(l);
            let back = g.expand(l, [100, 3]);
            let w = g.sub(d, back);
            let w = g.unary(Unary::Exp, w);
            let by_component = g.sum(w, &[0]);
            g.outputs = vec![total, by_component, w];
        },
        &[numbers(100), numbers(3)],
    );
}

#[test]
fn sums_over_a_long_axis_run_in_as_many_loops_as_passes_are_needed() {
    let mut g = Graph::new(Precision::F64);
    let x = g.input("x", Role::Parameter, [1000], Type::Float);
    let square = g.unary(Unary::Square, x);
    let sum = g.sum_all(square);
    // The second pass needs the sum of the first.
    let norm = g.expand(sum, [1000]);
    let scaled = g.div(x, norm);
    let e = g.unary(Unary::Exp, scaled);
    let total = g.sum_all(e);
    g.outputs = vec![total, scaled];
    let Data::Float(x) = numbers(1000) else { unreachable!() };
    let norm: f64 = x.iter().map(|x| x * x).sum();
    let expected: f64 = x.iter().map(|x| (x / norm).exp()).sum();
    for threads in [1, 2, 3] {
        let options = Options { draw: false, tile: Some(96), threads, ..Options::default() };
        let mut executable = Executable::compile(&g, &options).unwrap();
        assert_eq!(executable.loops(), 2);
        executable.set(0, &Data::Float(x.clone())).unwrap();
        executable.prologue();
        executable.run(Key::new(0));
        let found = executable.output::<f64>(0).unwrap()[0];
        assert!((found - expected).abs() < 1e-10 * expected, "{found} {expected}");
        assert!((executable.output::<f64>(1).unwrap()[999] - x[999] / norm).abs() < 1e-15);
    }
}

/// Logits of a regression and the gradient of its weights, with the data on either side of the products.
#[test]
fn a_matrix_that_does_not_change_is_read_in_panels_once_a_step() {
    for (n, k) in [(257, 10), (300, 3), (193, 16)] {
        let mut g = Graph::new(Precision::F64);
        let x = g.input("x", Role::Data, [n, k], Type::Float);
        let w = g.input("w", Role::Parameter, [k, 1], Type::Float);
        let logits = g.matmul(x, w, false, false);
        let p = g.unary(Unary::Sigmoid, logits);
        let slope = g.matmul(x, p, true, false);
        let row = g.permute(w, &[1, 0]);
        let again = g.matmul(row, x, false, true);
        let square = g.unary(Unary::Square, again);
        let back = g.matmul(square, x, false, false);
        let total = g.sum_all(p);
        g.outputs = vec![total, slope, back];
        let inputs = [numbers(n * k), numbers(k)];
        let expected = interpret(&g, &inputs, Key::new(0)).unwrap();
        for (tile, threads, loops) in [(None, 1, 0), (Some(64), 1, 1), (Some(64), 2, 1), (Some(128), 3, 1), (Some(50), 1, 1)] {
            let options = Options { draw: false, tile, threads, ..Options::default() };
            let mut executable = Executable::compile(&g, &options).unwrap();
            assert_eq!(executable.loops(), loops);
            executable.set(0, &inputs[0]).unwrap();
            executable.set(1, &inputs[1]).unwrap();
            executable.prologue();
            for step in 0..3 {
                executable.run(Key::new(0));
                for (i, expected) in expected.iter().enumerate() {
                    close(expected, &executable.get(i), 1e-12, &format!("[{n}, {k}], tile {tile:?}, step {step}, output {i}, "));
                }
            }
        }
    }
}

#[test]
fn large_products_are_shared_by_threads() {
    for (m, n) in [(130, 70), (40, 257)] {
        let mut g = Graph::new(Precision::F32);
        let a = g.input("a", Role::Parameter, [m, 250], Type::Float);
        let b = g.input("b", Role::Parameter, [n, 250], Type::Float);
        let c = g.matmul(a, b, false, true);
        g.outputs = vec![c];
        let inputs = [numbers(m * 250), numbers(n * 250)];
        let expected = interpret(&g, &inputs, Key::new(0)).unwrap();
        let mut executable = Executable::compile(&g, &Options { draw: false, threads: 3, ..Options::default() }).unwrap();
        inputs.iter().enumerate().for_each(|(i, data)| executable.set(i, data).unwrap());
        executable.run(Key::new(0));
        close(&expected[0], &executable.get(0), 1e-5, "");
    }
}
