//! Text and DOT of graphs.
#![allow(clippy::unwrap_used)] // a test may stop

use vi_graph::ir::{Compare, Data, NoiseKind, Op, Range, Reduce, Role, Scalar, Scan, Stream, Type, Unary};
use vi_graph::print::dot;
use vi_graph::verify::verify;
use vi_graph::{Graph, Precision};

fn stream(site: &str, call: u64) -> Stream {
    Stream { site: site.into(), call }
}

/// `Σ log N(y; loc + e^log_scale z, 0.1)`, without constants, and its particles' largest.
#[test]
fn a_model_reads_like_a_list_of_assignments() {
    let mut g = Graph::new(Precision::F32);
    let loc = g.input("guide/loc", Role::Parameter, [], Type::Float);
    let log_scale = g.input("guide/log_scale", Role::Parameter, [], Type::Float);
    let z = g.input("theta", Role::Noise(stream("theta", 0), NoiseKind::Normal), [4, 1], Type::Float);
    let y = g.input("y", Role::Data, [3], Type::Float);
    let scale = g.unary(Unary::Exp, log_scale);
    let scale = g.broadcast(scale, [4, 1]);
    let loc = g.broadcast(loc, [4, 1]);
    let theta = g.mul(scale, z);
    let theta = g.add(loc, theta);
    let (theta, y) = (g.broadcast(theta, [4, 3]), g.broadcast(y, [4, 3]));
    let residual = g.sub(y, theta);
    let scaled = g.mul_scalar(residual, 0.1);
    let square = g.unary(Unary::Square, scaled);
    let terms = g.sum(square, &[1]);
    let best = g.reduce(Reduce::Max, terms, &[0]);
    g.outputs = vec![terms, best];
    verify(&g).unwrap();
    let expected = "\
%0: f32[] = input 0 parameter \"guide/loc\"
%1: f32[] = input 1 parameter \"guide/log_scale\"
%2: f32[4, 1] = input 2 noise \"theta\": normal, site \"theta\", call 0
%3: f32[3] = input 3 data \"y\"
%4: f32[] = exp %1
%5: f32[1, 1] = reshape %4
%6: f32[4, 1] = expand %5
%7: f32[1, 1] = reshape %0
%8: f32[4, 1] = expand %7
%9: f32[4, 1] = mul %6 %2
%10: f32[4, 1] = add %8 %9
%11: f32[4, 3] = expand %10
%12: f32[1, 3] = reshape %3
%13: f32[4, 3] = expand %12
%14: f32[4, 3] = sub %13 %11
%15: f32[4, 3] = full 0.1
%16: f32[4, 3] = mul %14 %15
%17: f32[4, 3] = square %16
%18: f32[4, 1] = sum %17 axes [1]
%19: f32[1, 1] = reduce_max %18 axes [0]
outputs %18 %19
";
    assert_eq!(g.to_string(), expected);
}

#[test]
fn attributes_and_constants_in_short() {
    let mut g = Graph::new(Precision::F64);
    let x = g.push(Op::Constant(Data::Float((0..12).map(|i| f64::from(i) / 8.0).collect()).into()), [], [3, 4], Type::Float);
    let i = g.push(Op::Constant(Data::Int(vec![2, 0]).into()), [], [2], Type::Int);
    let taken = g.take(x, 0, i);
    g.take_add(i, 0, taken, [3, 4]);
    let picked = g.slice(x, &[Range { start: 2, step: -2, len: 2 }, Range { start: 1, step: 1, len: 3 }]);
    g.unslice(picked, &[Range { start: 0, step: 1, len: 2 }, Range { start: 0, step: 1, len: 3 }], [5, 5]);
    g.slice(x, &[Range::all(3), Range { start: 4, step: 1, len: 0 }]);
    g.permute(x, &[1, 0]);
    g.concat(&[x, taken], 0);
    g.matmul(x, taken, false, true);
    let square = g.matmul(x, x, true, false);
    let l = g.cholesky(square);
    g.solve_lower(l, square, true);
    g.scan(Scan::Sum, x, 1, true);
    g.scan(Scan::Max, x, 0, false);
    let order = g.push(Op::ArgSort { axis: 1, descending: true }, [x], [3, 4], Type::Int);
    g.gather(x, 1, order);
    g.scatter_add(order, 1, x, [3, 4]);
    g.push(Op::ArgMax(0), [x], [1, 4], Type::Int);
    let half = g.full(f64::NEG_INFINITY, [3, 4]);
    let less = g.compare(Compare::LessEqual, x, half);
    g.cast(less, Type::Int);
    g.push(Op::Full(Scalar::Bool(true)), [], [0], Type::Bool);
    g.push(Op::LogGamma { stream: stream("tau", 1), lanes: Some(3) }, [x], [3, 4], Type::Float);
    verify(&g).unwrap();
    let expected = "\
%0: f64[3, 4] = constant [0.0, 0.125, 0.25, 0.375, 0.5, 0.625, …]
%1: int[2] = constant [2, 0]
%2: f64[2, 4] = take %0 %1 axis 0
%3: f64[3, 4] = take_add %1 %2 axis 0
%4: f64[2, 3] = slice %0 [2..=0 by -2, 1..4]
%5: f64[5, 5] = unslice %4 [0..2, 0..3]
%6: f64[3, 0] = slice %0 [0..3, none]
%7: f64[4, 3] = permute %0 [1, 0]
%8: f64[5, 4] = concat %0 %2 axis 0
%9: f64[3, 2] = matmul %0 %2ᵀ
%10: f64[4, 4] = matmul %0ᵀ %0
%11: f64[4, 4] = cholesky %10
%12: f64[4, 4] = solve_lower %11ᵀ %10
%13: f64[3, 4] = cumsum %0 axis 1 reverse
%14: f64[3, 4] = cummax %0 axis 0
%15: int[3, 4] = argsort %0 axis 1 descending
%16: f64[3, 4] = gather %0 %15 axis 1
%17: f64[3, 4] = scatter_add %15 %0 axis 1
%18: int[1, 4] = argmax %0 axis 0
%19: f64[3, 4] = full -inf
%20: bool[3, 4] = less_equal %0 %19
%21: int[3, 4] = cast %20
%22: bool[0] = full true
%23: f64[3, 4] = log_gamma %0 site \"tau\" call 1 lanes 3
outputs
";
    assert_eq!(g.to_string(), expected);
}

#[test]
fn dot_has_a_box_for_each_node_and_an_edge_for_each_operand() {
    let mut g = Graph::new(Precision::F32);
    let x = g.input("x \"raw\"", Role::Step, [2, 3], Type::Float);
    let gram = g.matmul(x, x, false, true);
    let l = g.cholesky(gram);
    g.outputs = vec![l];
    let expected = r#"digraph {
  node [shape=box];
  n0 [label="%0 input 0 step \"x \\\"raw\\\"\"\nf32[2, 3]"];
  n1 [label="%1 matmul, 1 transposed\nf32[2, 2]"];
  n0 -> n1 [label=0];
  n0 -> n1 [label=1];
  n2 [label="%2 cholesky\nf32[2, 2]" peripheries=2];
  n1 -> n2;
}
"#;
    assert_eq!(dot(&g), expected);
}
