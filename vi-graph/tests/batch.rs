//! A batched graph computes for each particle what the unbatched graph computes.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may stop

#[path = "support/generate.rs"]
#[allow(unused_imports)] // its users take what they need
mod generate;
#[path = "support/inputs.rs"]
mod inputs;

use inputs::{Numbers, close, inputs};
use vi_graph::batch::batch;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Binary, Compare, Data, Logic, NoiseKind, Op, Range, Reduce, Role, Scan, Stream, Ternary, Test, Type, Unary};
use vi_graph::verify::verify;
use vi_graph::{Graph, Id, Key, Precision};

const LANES: usize = 3;

fn noise(site: &str) -> Role {
    Role::Noise(Stream { site: site.to_owned(), call: 0 }, NoiseKind::Uniform)
}

/// Compares the batched graph with one interpretation for each lane.
fn check(name: &str, graph: &Graph) {
    verify(graph).unwrap();
    let of_lanes: Vec<Vec<Data>> = (0..LANES as u64).map(|lane| inputs(graph, &mut Numbers(lane))).collect();
    check_with(name, graph, &of_lanes, LANES);
}

/// The lanes take noise from their own `of_lanes` and everything else from the first; only lanes below `compared` count.
fn check_with(name: &str, graph: &Graph, of_lanes: &[Vec<Data>], compared: usize) {
    let key = Key::new(generate::KEY_SEED);
    let is_noise = |i: usize| matches!(graph.inputs[i].role, Role::Noise(..));
    let of_lanes: Vec<Vec<Data>> = of_lanes
        .iter()
        .map(|own| (0..own.len()).map(|i| if is_noise(i) { own[i].clone() } else { of_lanes[0][i].clone() }).collect())
        .collect();
    let stacked: Vec<Data> = (0..graph.inputs.len())
        .map(|i| if is_noise(i) { stack(of_lanes.iter().map(|own| &own[i])) } else { of_lanes[0][i].clone() })
        .collect();
    let expected: Result<Vec<_>, _> = of_lanes[..compared].iter().map(|own| interpret(graph, own, key)).collect();
    // a lane whose own noise leads to an index outside of its axis
    let Ok(expected) = expected else { return };

    let batched = batch(graph, LANES).unwrap();
    verify(&batched.graph).unwrap_or_else(|error| panic!("{name}: {error}\n{}", batched.graph));
    let found = interpret(&batched.graph, &stacked, key).unwrap_or_else(|error| panic!("{name}: {error}\n{}", batched.graph));
    for (lane, expected) in expected.iter().enumerate() {
        for ((found, expected), &is_batched) in found.iter().zip(expected).zip(&batched.batched) {
            let found = if is_batched { part(found, lane) } else { found.clone() };
            assert!(close(&found, expected, 1e-12), "{name}, lane {lane}: {found:?}, expected {expected:?}\n{graph}\n{}", batched.graph);
        }
    }
}

fn stack<'a>(parts: impl Iterator<Item = &'a Data>) -> Data {
    parts
        .cloned()
        .reduce(|all, part| match (all, part) {
            (Data::Float(a), Data::Float(b)) => Data::Float([a, b].concat()),
            (Data::Int(a), Data::Int(b)) => Data::Int([a, b].concat()),
            (Data::Bool(a), Data::Bool(b)) => Data::Bool([a, b].concat()),
            (all, _) => all,
        })
        .unwrap()
}

fn part(data: &Data, lane: usize) -> Data {
    let n = data.len() / LANES;
    let range = lane * n..(lane + 1) * n;
    match data {
        Data::Float(x) => Data::Float(x[range].to_vec()),
        Data::Int(x) => Data::Int(x[range].to_vec()),
        Data::Bool(x) => Data::Bool(x[range].to_vec()),
    }
}

/// `build` on operands of these shapes, for each choice of which operands are noise.
fn check_all(name: &str, shapes: &[&[usize]], build: impl Fn(&mut Graph, &[Id]) -> Id) {
    for mask in 0..1usize << shapes.len() {
        let mut graph = Graph::new(Precision::F64);
        let operands: Vec<Id> = shapes
            .iter()
            .enumerate()
            .map(|(i, shape)| {
                let role = if mask >> i & 1 == 1 { noise(&format!("s{i}")) } else { Role::Data };
                let x = graph.input(format!("x{i}"), role, *shape, Type::Float);
                // all in (0, 1), as noise is
                if mask >> i & 1 == 1 { x } else { graph.unary(Unary::Sigmoid, x) }
            })
            .collect();
        let output = build(&mut graph, &operands);
        graph.outputs = vec![output];
        assert_eq!(batch(&graph, LANES).unwrap().batched, [mask != 0], "{name}");
        check(&format!("{name}, operands {mask:b}"), &graph);
    }
}

/// A number in (0, 1) as a position below `n`.
fn position(graph: &mut Graph, x: Id, n: usize) -> Id {
    let x = graph.mul_scalar(x, n as f64);
    graph.cast(x, Type::Int)
}

fn truth(graph: &mut Graph, x: Id) -> Id {
    let half = graph.full_like(0.5, x);
    graph.compare(Compare::Less, x, half)
}

#[test]
fn elementwise_operations() {
    check_all("unary", &[&[2, 2]], |g, x| g.unary(Unary::Log, x[0]));
    check_all("binary", &[&[2, 2], &[2, 2]], |g, x| g.binary(Binary::Pow, x[0], x[1]));
    check_all("binary of scalars", &[&[], &[]], |g, x| g.binary(Binary::Atan2, x[0], x[1]));
    check_all("ternary", &[&[2, 2], &[2, 2], &[2, 2]], |g, x| g.ternary(Ternary::BetaInc, x[0], x[1], x[2]));
    check_all("a number", &[&[3]], |g, x| g.mul_scalar(x[0], 3.0));
    check_all("compare", &[&[4], &[4]], |g, x| g.compare(Compare::LessEqual, x[0], x[1]));
    check_all("logic", &[&[4], &[4]], |g, x| {
        let (a, b) = (truth(g, x[0]), truth(g, x[1]));
        let b = g.not(b);
        g.logic(Logic::Xor, a, b)
    });
    check_all("test", &[&[4]], |g, x| g.test(Test::IsNan, x[0]));
    check_all("where", &[&[4], &[4], &[4]], |g, x| {
        let condition = truth(g, x[0]);
        g.select(condition, x[1], x[2])
    });
    check_all("cast", &[&[4]], |g, x| position(g, x[0], 10));
}

#[test]
fn reductions_and_scans() {
    for f in [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min, Reduce::LogSumExp] {
        check_all("reduce", &[&[2, 3]], |g, x| g.reduce(f, x[0], &[1]));
        check_all("reduce all", &[&[2, 3]], |g, x| g.reduce(f, x[0], &[0, 1]));
    }
    check_all("any", &[&[2, 3]], |g, x| {
        let x = truth(g, x[0]);
        g.reduce(Reduce::Any, x, &[0])
    });
    check_all("arg max", &[&[2, 3]], |g, x| g.push(Op::ArgMax(1), [x[0]], [2, 1], Type::Int));
    check_all("scan", &[&[2, 3]], |g, x| g.scan(Scan::Sum, x[0], 1, true));
    check_all("arg sort", &[&[2, 3]], |g, x| g.push(Op::ArgSort { axis: 0, descending: true }, [x[0]], [2, 3], Type::Int));
}

#[test]
fn moving_elements() {
    check_all("reshape", &[&[2, 3]], |g, x| g.reshape(x[0], [3, 2]));
    check_all("permute", &[&[2, 3, 4]], |g, x| g.permute(x[0], &[2, 0, 1]));
    check_all("expand", &[&[1, 3]], |g, x| g.expand(x[0], [4, 3]));
    let ranges = [Range { start: 3, step: -2, len: 2 }, Range::all(2)];
    check_all("slice", &[&[4, 2]], |g, x| g.slice(x[0], &ranges));
    check_all("unslice", &[&[2, 2]], |g, x| g.unslice(x[0], &ranges, [4, 2]));
    check_all("concat", &[&[2, 1], &[2, 3]], |g, x| g.concat(&[x[0], x[1]], 1));
    check_all("empty", &[&[2, 0]], |g, x| g.sum(x[0], &[1]));
}

#[test]
fn indices() {
    for axis in 0..2 {
        check_all("gather", &[&[3, 3], &[3, 3]], |g, x| {
            let index = position(g, x[1], 3);
            g.gather(x[0], axis, index)
        });
        check_all("scatter add", &[&[3, 3], &[3, 3]], |g, x| {
            let index = position(g, x[1], 3);
            g.scatter_add(index, axis, x[0], [3, 3])
        });
        check_all("take", &[&[3, 3], &[5]], |g, x| {
            let index = position(g, x[1], 3);
            g.take(x[0], axis, index)
        });
        check_all("take add", &[&[3, 3], &[3]], |g, x| {
            let index = position(g, x[1], 4);
            g.take_add(index, axis, x[0], if axis == 0 { [4, 3] } else { [3, 4] })
        });
    }
    check_all("take from a vector", &[&[3], &[5]], |g, x| {
        let index = position(g, x[1], 3);
        g.take(x[0], 0, index)
    });
}

#[test]
fn matrices() {
    for (transpose_a, transpose_b) in [(false, false), (false, true), (true, false), (true, true)] {
        for (m, k, n) in [(2, 3, 4), (2, 3, 1), (1, 3, 4), (1, 3, 1), (2, 1, 4), (2, 0, 3)] {
            for lead in [&[][..], &[1], &[2]] {
                let a = [lead, &if transpose_a { [k, m] } else { [m, k] }].concat();
                let b = [lead, &if transpose_b { [n, k] } else { [k, n] }].concat();
                check_all("matmul", &[&a, &b], |g, x| g.matmul(x[0], x[1], transpose_a, transpose_b));
            }
            let a = [&[2][..], &if transpose_a { [k, m] } else { [m, k] }].concat();
            let b = [&[1][..], &if transpose_b { [n, k] } else { [k, n] }].concat();
            check_all("matmul with one right side", &[&a, &b], |g, x| g.matmul(x[0], x[1], transpose_a, transpose_b));
            let a = [&[1][..], &if transpose_a { [k, m] } else { [m, k] }].concat();
            let b = [&[2][..], &if transpose_b { [n, k] } else { [k, n] }].concat();
            check_all("matmul with one left side", &[&a, &b], |g, x| g.matmul(x[0], x[1], transpose_a, transpose_b));
        }
    }
    let positive = |g: &mut Graph, x: Id| {
        let shape = g.shape(x).to_vec();
        let n = shape[shape.len() - 1];
        let eye = (0..n * n).map(|i| if i % (n + 1) == 0 { 4.0 } else { 0.0 }).collect();
        let eye = g.push(Op::Constant(std::sync::Arc::new(Data::Float(eye))), [], [n, n], Type::Float);
        let eye = g.broadcast(eye, shape);
        g.add(x, eye)
    };
    for lead in [&[][..], &[2]] {
        let square = [lead, &[3, 3]].concat();
        let sides = [lead, &[3, 2]].concat();
        check_all("cholesky", &[&square], |g, x| {
            let a = positive(g, x[0]);
            g.cholesky(a)
        });
        for transpose in [false, true] {
            check_all("solve", &[&square, &sides], |g, x| {
                let l = positive(g, x[0]);
                g.solve_lower(l, x[1], transpose)
            });
        }
    }
}

/// `x w` for a data matrix and one vector of weights a particle: one product that reads the data once, and its result has
/// the particles outermost.
#[test]
fn data_matrix_is_shared_by_all_particles() {
    let mut graph = Graph::new(Precision::F32);
    let x = graph.input("x", Role::Data, [100, 5], Type::Float);
    let w = graph.input("w", noise("w"), [5, 1], Type::Float);
    let product = graph.matmul(x, w, false, false);
    graph.outputs = vec![graph.reshape(product, [100])];
    let batched = batch(&graph, 8).unwrap().graph;
    let products: Vec<_> = batched.nodes.iter().filter(|node| matches!(node.op, Op::MatMul { .. })).collect();
    assert_eq!(products.len(), 1);
    assert_eq!(products[0].shape, [8, 100]);
    assert!(!batched.nodes.iter().any(|node| matches!(node.op, Op::Permute(_) | Op::Expand)));
}

#[test]
fn draws_have_lanes_even_where_the_concentration_has_none() {
    let mut graph = Graph::new(Precision::F64);
    let a = graph.input("a", Role::Parameter, [2], Type::Float);
    let a = graph.unary(Unary::Exp, a);
    let stream = Stream { site: "g".to_owned(), call: 0 };
    let draw = graph.push(Op::LogGamma { stream, lanes: None }, [a], [2], Type::Float);
    let doubled = graph.mul_scalar(draw, 2.0);
    graph.outputs = vec![doubled, a];
    let batched = batch(&graph, LANES).unwrap();
    assert_eq!(batched.batched, [true, false]);
    let values = [Data::Float(vec![0.3, -0.4])];
    let all = interpret(&batched.graph, &values, Key::new(5)).unwrap();
    let first = interpret(&graph, &values, Key::new(5)).unwrap();
    assert_eq!(part(&all[0], 0), first[0]);
    assert_ne!(part(&all[0], 0), part(&all[0], 1));

    assert!(batch(&batched.graph, LANES).is_err());
}

/// Each lane gets the inputs of the generator in another order. A draw has the numbers of its lane, which the unbatched
/// graph can only have for the first.
#[test]
fn random_graphs() {
    let mut noisy = 0;
    for seed in 0..600 {
        let (graph, inputs) = generate::random_graph(seed, 40, Precision::F64);
        if batch(&graph, LANES).is_err() {
            continue;
        }
        let draws = graph.nodes.iter().any(|node| matches!(node.op, Op::LogGamma { .. }));
        let of_lanes: Vec<Vec<Data>> = (0..LANES).map(|lane| inputs.iter().map(|data| rotated(data, lane)).collect()).collect();
        check_with(&format!("seed {seed}"), &graph, &of_lanes, if draws { 1 } else { LANES });
        noisy += usize::from(batch(&graph, LANES).unwrap().batched.contains(&true));
    }
    assert!(noisy > 60, "{noisy}");
}

fn rotated(data: &Data, by: usize) -> Data {
    match data {
        Data::Float(x) if !x.is_empty() => {
            let by = by % x.len();
            Data::Float([&x[by..], &x[..by]].concat())
        }
        other => other.clone(),
    }
}
