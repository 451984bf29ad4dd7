//! Matrix products, factors and triangular systems.

use std::sync::Arc;

use super::Tape;
use super::movement::sum_to;
use crate::ir::{Data, Graph, Id, Op, Type};

/// `C = op(A) op(B)`: the cotangents are `G op(B)ᵀ` and `op(A)ᵀ G`, each in the layout of its operand.
pub(super) fn matmul(tape: &mut Tape, (a, transpose_a): (Id, bool), (b, transpose_b): (Id, bool), g: Id) {
    tape.give(a, |graph| {
        let cotangent = if transpose_a { graph.matmul(b, g, transpose_b, true) } else { graph.matmul(g, b, false, !transpose_b) };
        let shape = graph.shape(a).to_vec();
        sum_to(graph, cotangent, &shape)
    });
    tape.give(b, |graph| {
        let (a, g) = if transpose_a { (a, g) } else { fold_batch(graph, a, b, g) };
        let cotangent = if transpose_b { graph.matmul(g, a, true, transpose_a) } else { graph.matmul(a, g, !transpose_a, false) };
        let shape = graph.shape(b).to_vec();
        sum_to(graph, cotangent, &shape)
    });
}

/// Moves the batch of `a` and `g` into their rows where `b` has none: the product over all rows is then the sum over
/// the batch, and no term of it is stored.
fn fold_batch(graph: &mut Graph, a: Id, b: Id, g: Id) -> (Id, Id) {
    let leading = graph.shape(b).len() - 2;
    let batch = &graph.shape(g)[..leading];
    if graph.shape(b)[..leading].iter().any(|&n| n != 1) {
        return (a, g);
    }
    let count: usize = batch.iter().product();
    let [a, g] = [a, g].map(|x| {
        let mut shape = vec![1; leading];
        shape.push(count * graph.shape(x)[leading]);
        shape.push(graph.shape(x)[leading + 1]);
        graph.reshape(x, shape)
    });
    (a, g)
}

/// `½ (S + Sᵀ)` with `S = L⁻ᵀ Φ(Lᵀ G) L⁻¹`, where `Φ` takes the lower triangle and half of the diagonal (Murray 2016,
/// "Differentiation of the Cholesky decomposition", section 4.1).
pub(super) fn cholesky(graph: &mut Graph, l: Id, g: Id) -> Id {
    let product = graph.matmul(l, g, true, false);
    let shape = graph.shape(l).to_vec();
    let weights = matrix(graph, &shape, Type::Float, |n| Data::Float(elements(n, |row, column| if row == column { 0.5 } else { 1.0 })));
    let inner = graph.mul(product, weights);
    let inner = lower_triangle(graph, inner);
    let left = graph.solve_lower(l, inner, true);
    // X L⁻¹ = (L⁻ᵀ Xᵀ)ᵀ.
    let left = graph.transpose(left);
    let both = graph.solve_lower(l, left, true);
    let transposed = graph.transpose(both);
    let sum = graph.add(both, transposed);
    graph.mul_scalar(sum, 0.5)
}

/// `op(L) X = B`: the cotangent of `B` is `H = op(L)⁻ᵀ G`, and that of `L` the lower triangle of `−H Xᵀ`, or of `−X Hᵀ`
/// where `op` transposes.
pub(super) fn solve_lower(tape: &mut Tape, l: Id, b: Id, transpose: bool, x: Id, g: Id) {
    let h = tape.graph.solve_lower(l, g, !transpose);
    tape.give(b, |_| h);
    tape.give(l, |graph| {
        let (left, right) = if transpose { (x, h) } else { (h, x) };
        let product = graph.matmul(left, right, false, true);
        let negative = graph.neg(product);
        lower_triangle(graph, negative)
    });
}

/// Zeros above the diagonal, whatever was there.
fn lower_triangle(graph: &mut Graph, x: Id) -> Id {
    let shape = graph.shape(x).to_vec();
    let lower = matrix(graph, &shape, Type::Bool, |n| Data::Bool(elements(n, |row, column| row >= column)));
    let zero = graph.full_like(0.0, x);
    graph.select(lower, x, zero)
}

/// A constant square matrix, repeated along the leading dimensions of `shape`.
fn matrix(graph: &mut Graph, shape: &[usize], ty: Type, data: impl Fn(usize) -> Data) -> Id {
    let (leading, n) = (shape.len() - 2, shape[shape.len() - 1]);
    let mut one = vec![1; leading];
    one.extend([n, n]);
    let constant = graph.push(Op::Constant(Arc::new(data(n))), [], one, ty);
    graph.expand(constant, shape)
}

fn elements<T>(n: usize, f: impl Fn(usize, usize) -> T) -> Vec<T> {
    (0..n * n).map(|i| f(i / n, i % n)).collect()
}
