//! Each broken graph is refused with what was found and what was expected.
#![allow(clippy::unwrap_used)] // a test may stop

use vi_graph::ir::{
    Binary, Compare, Data, Logic, NoiseKind, Op, Range, Reduce, Role, Scalar, Scan, Stream, Ternary, Type::Bool, Type::Float, Type::Int,
    Unary,
};
use vi_graph::verify::verify;
use vi_graph::{Error, Graph, Id, Precision};

/// `%0` to `%6`: floats `[2, 3]`, `[3]` and `[2, 3, 3]`, ints `[2, 3]` and `[4]`, truth values `[2, 3]`, a float `[0, 3]`.
fn base() -> Graph {
    let mut g = Graph::new(Precision::F32);
    g.input("x", Role::Data, [2, 3], Float);
    g.input("v", Role::Data, [3], Float);
    g.input("a", Role::Data, [2, 3, 3], Float);
    g.input("i", Role::Step, [2, 3], Int);
    g.input("j", Role::Step, [4], Int);
    g.input("c", Role::Data, [2, 3], Bool);
    g.input("none", Role::Data, [0, 3], Float);
    verify(&g).unwrap();
    g
}

/// The message for one more node.
fn refused(op: Op, args: &[u32], shape: &[usize], ty: vi_graph::Type) -> String {
    let mut g = base();
    g.push(op, args.iter().copied().map(Id).collect::<Vec<_>>(), shape, ty);
    match verify(&g) {
        Err(Error::Invalid { node: 7, op: name, problem }) => format!("{name}: {problem}"),
        other => format!("{other:?}"),
    }
}

fn range(start: usize, step: isize, len: usize) -> Range {
    Range { start, step, len }
}

#[test]
fn nodes_without_operands() {
    assert_eq!(refused(Op::Input(7), &[], &[], Float), "input: input 7 does not exist: the graph has 7 inputs");
    assert_eq!(refused(Op::Input(0), &[], &[3, 2], Float), "input: input 0 is Float [3, 2] here and Float [2, 3] at %0");
    assert_eq!(refused(Op::Full(Scalar::Int(1)), &[], &[], Float), "full: is f32, expected int");
    assert_eq!(refused(Op::Full(Scalar::Int(1)), &[0], &[], Int), "full: 1 operands, expected 0");
    let constant = Op::Constant(Data::Bool(vec![true; 3]).into());
    assert_eq!(refused(constant, &[], &[2, 2], Bool), "constant: 3 elements for the shape [2, 2]");
}

#[test]
fn noise_is_a_float() {
    let mut g = Graph::new(Precision::F64);
    let stream = Stream { site: "z".into(), call: 0 };
    g.input("z", Role::Noise(stream, NoiseKind::Normal), [2], Int);
    assert_eq!(verify(&g).unwrap_err().to_string(), "node %0 (input): is int, expected f64");
}

#[test]
fn element_by_element() {
    let exp = || Op::Unary(Unary::Exp);
    assert_eq!(refused(exp(), &[], &[2, 3], Float), "exp: 0 operands, expected 1");
    assert_eq!(refused(exp(), &[3], &[2, 3], Int), "exp: operand 0 (%3) is int, expected f32");
    assert_eq!(refused(exp(), &[0], &[3, 2], Float), "exp: operand 0 (%0) has shape [2, 3], expected [3, 2]");
    assert_eq!(refused(Op::Unary(Unary::Neg), &[5], &[2, 3], Bool), "neg: operand 0 (%5) is bool, expected f32 or int");
    let add = || Op::Binary(Binary::Add);
    assert_eq!(refused(add(), &[0, 1], &[2, 3], Float), "add: operand 1 (%1) has shape [3], expected [2, 3]");
    assert_eq!(refused(add(), &[0, 3], &[2, 3], Float), "add: operand 1 (%3) is int, expected f32");
    assert_eq!(refused(add(), &[0, 0], &[2, 3], Int), "add: is int, expected f32");
    assert_eq!(refused(Op::Binary(Binary::Pow), &[3, 3], &[2, 3], Int), "pow: operand 0 (%3) is int, expected f32");
    let beta = || Op::Ternary(Ternary::BetaInc);
    assert_eq!(refused(beta(), &[0, 0], &[2, 3], Float), "beta_inc: 2 operands, expected 3");
    assert_eq!(refused(beta(), &[0, 0, 3], &[2, 3], Float), "beta_inc: operand 2 (%3) is int, expected f32");
    assert_eq!(refused(beta(), &[0, 1, 0], &[2, 3], Float), "beta_inc: operand 1 (%1) has shape [3], expected [2, 3]");
    assert_eq!(refused(beta(), &[0, 0, 0], &[2, 3], Int), "beta_inc: is int, expected f32");
    assert_eq!(refused(Op::Compare(Compare::Less), &[0, 0], &[2, 3], Float), "less: is f32, expected bool");
    assert_eq!(refused(Op::Logic(Logic::And), &[5, 0], &[2, 3], Bool), "and: operand 1 (%0) is f32, expected bool");
    assert_eq!(refused(Op::Not, &[0], &[2, 3], Bool), "not: operand 0 (%0) is f32, expected bool");
    assert_eq!(refused(Op::Where, &[5, 0, 3], &[2, 3], Float), "where: operand 2 (%3) is int, expected f32");
    assert_eq!(refused(Op::Where, &[0, 0, 0], &[2, 3], Float), "where: operand 0 (%0) is f32, expected bool");
    assert_eq!(refused(Op::Cast, &[0], &[6], Int), "cast: operand 0 (%0) has shape [2, 3], expected [6]");
    let draw = Op::LogGamma { stream: Stream { site: "g".into(), call: 0 }, lanes: Some(3) };
    assert_eq!(refused(draw, &[0], &[2, 3], Float), "log_gamma: 3 lanes, but the shape is [2, 3]");
}

#[test]
fn along_axes() {
    let sum = |axes: &[usize]| Op::Reduce(Reduce::Sum, axes.to_vec());
    assert_eq!(refused(sum(&[2]), &[0], &[2, 3], Float), "sum: axis 2, but operand 0 (%0) has shape [2, 3]");
    assert_eq!(refused(sum(&[1, 0]), &[0], &[1, 1], Float), "sum: axes [1, 0] are not ascending");
    assert_eq!(refused(sum(&[1]), &[0], &[2], Float), "sum: has shape [2], expected [2, 1]");
    assert_eq!(refused(Op::Reduce(Reduce::Any, vec![0]), &[0], &[1, 3], Bool), "any: operand 0 (%0) is f32, expected bool");
    assert_eq!(refused(Op::ArgMax(0), &[6], &[1, 3], Int), "argmax: axis 0 of [0, 3] has no largest element");
    assert_eq!(refused(Op::ArgMax(0), &[0], &[1, 3], Float), "argmax: is f32, expected int");
    let scan = Op::Scan { scan: Scan::Prod, axis: 0, reverse: false };
    assert_eq!(refused(scan, &[3], &[2, 3], Int), "cumprod: operand 0 (%3) is int, expected f32");
    assert_eq!(refused(Op::ArgSort { axis: 0, descending: false }, &[0], &[3], Int), "argsort: has shape [3], expected [2, 3]");
}

#[test]
fn movement() {
    assert_eq!(refused(Op::Reshape, &[0], &[4], Float), "reshape: has shape [4] with 4 elements, expected 6 as in [2, 3]");
    assert_eq!(refused(Op::Permute(vec![0, 0]), &[0], &[2, 2], Float), "permute: order [0, 0] is no permutation of the axes of [2, 3]");
    assert_eq!(refused(Op::Permute(vec![1, 0]), &[0], &[2, 3], Float), "permute: has shape [2, 3], expected [3, 2]");
    assert_eq!(refused(Op::Expand, &[1], &[2, 3], Float), "expand: [3] cannot be repeated to [2, 3]");
    let slice = |r: &[Range]| Op::Slice(r.to_vec());
    assert_eq!(refused(slice(&[range(0, 1, 1)]), &[0], &[1], Float), "slice: 1 ranges for the shape [2, 3]");
    let beyond = slice(&[range(0, 1, 2), range(2, -2, 3)]);
    assert_eq!(refused(beyond, &[0], &[2, 3], Float), "slice: positions 2, …, -2 of axis 1, which has size 3");
    let still = slice(&[range(1, 0, 2), range(0, 1, 3)]);
    assert_eq!(refused(still, &[0], &[2, 3], Float), "slice: step 0 for 2 positions of axis 0");
    let unslice = Op::Unslice(vec![range(1, 2, 2)]);
    assert_eq!(refused(unslice, &[1], &[5], Float), "unslice: operand 0 (%1) has shape [3], expected [2]");
    assert_eq!(refused(Op::Concat(0), &[], &[0], Float), "concat: 0 operands, expected 1 or more");
    assert_eq!(refused(Op::Concat(1), &[0, 6], &[2, 6], Float), "concat: operand 1 (%6) has shape [0, 3], expected [2, 3]");
    assert_eq!(refused(Op::Concat(0), &[0, 6], &[4, 3], Float), "concat: has shape [4, 3], expected [2, 3]");
}

#[test]
fn indexed() {
    assert_eq!(refused(Op::Gather(0), &[1, 4], &[3], Float), "gather: has shape [3], expected [4]");
    assert_eq!(refused(Op::Gather(0), &[0, 4], &[4], Float), "gather: operand 1 (%4) has shape [4], expected [4, 3]");
    assert_eq!(refused(Op::Gather(0), &[0, 0], &[2, 3], Float), "gather: operand 1 (%0) is f32, expected int");
    assert_eq!(refused(Op::ScatterAdd(1), &[4, 0], &[2, 9], Float), "scatter_add: operand 0 (%4) has shape [4], expected [2, 3]");
    assert_eq!(refused(Op::ScatterAdd(1), &[3, 0], &[9, 3], Float), "scatter_add: has shape [9, 3], expected [2, 3]");
    assert_eq!(refused(Op::Take(1), &[0, 3], &[2, 3], Float), "take: operand 1 (%3) has shape [2, 3], expected rank 1");
    assert_eq!(refused(Op::Take(1), &[0, 4], &[4, 3], Float), "take: has shape [4, 3], expected [2, 4]");
    assert_eq!(refused(Op::TakeAdd(0), &[4, 0], &[9, 3], Float), "take_add: operand 1 (%0) has shape [2, 3], expected [4, 3]");
}

#[test]
fn matrices() {
    let matmul = |transpose_a, transpose_b| Op::MatMul { transpose_a, transpose_b };
    assert_eq!(refused(matmul(false, false), &[0, 0], &[2, 3], Float), "matmul: inner sizes 3 of [2, 3] and 2 of [2, 3]");
    assert_eq!(
        refused(matmul(true, true), &[0, 0], &[3, 2], Float),
        "matmul: inner sizes 2 of [2, 3] transposed and 3 of [2, 3] transposed"
    );
    assert_eq!(refused(matmul(false, true), &[0, 0], &[2, 3], Float), "matmul: has shape [2, 3], expected [2, 2]");
    assert_eq!(
        refused(matmul(false, false), &[0, 2], &[2, 2, 3], Float),
        "matmul: leading dimensions of [2, 3] and [2, 3, 3] are neither equal nor 1"
    );
    assert_eq!(refused(matmul(false, false), &[1, 0], &[3], Float), "matmul: operand 0 (%1) has shape [3], expected rank 2 or more");
    assert_eq!(refused(Op::Cholesky, &[0], &[2, 3], Float), "cholesky: operand 0 (%0) has shape [2, 3], expected square matrices");
    let solve = Op::SolveLower { transpose: false };
    assert_eq!(refused(solve, &[2, 0], &[2, 3], Float), "solve_lower: operand 0 (%2) has shape [2, 3, 3], expected [3, 3]");
    assert_eq!(refused(Op::LowerTriangle, &[0, 0], &[2, 3], Float), "lower_triangle: has shape [2, 3], expected [2, 3, 3]");
    assert_eq!(refused(Op::BelowDiagonal, &[0], &[2], Float), "below_diagonal: operand 0 (%0) has shape [2, 3], expected square matrices");
}

#[test]
fn order_and_outputs() {
    assert_eq!(refused(Op::Unary(Unary::Exp), &[7], &[2, 3], Float), "exp: operand %7 does not stand before its user");
    let mut g = base();
    g.outputs = vec![Id(0), Id(9)];
    assert_eq!(verify(&g).unwrap_err().to_string(), "node %9 (output 1): does not exist: the graph has 7 nodes");
}
