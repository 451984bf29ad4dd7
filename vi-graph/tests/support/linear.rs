use vi_graph::ir::{Data, Op, Shape, Unary, below_len};
use vi_graph::{Id, Type};

use super::Generator;

/// The largest matrix that is factored.
const ORDER: usize = 17;

pub(super) fn linear(g: &mut Generator) -> Option<Id> {
    match g.below(12) {
        0..=5 => matmul(g),
        6..=7 => cholesky(g),
        8..=9 => solve(g),
        10 => lower_triangle(g),
        _ => below_diagonal(g),
    }
}

fn pick_matrix(g: &mut Generator, fits: impl Fn(&[usize]) -> bool) -> Option<Id> {
    g.pick(|g, id| g.graph.ty(id) == Type::Float && g.graph.shape(id).len() >= 2 && fits(g.graph.shape(id)))
}

fn matmul(g: &mut Generator) -> Option<Id> {
    let a = pick_matrix(g, |_| true)?;
    let shape = g.graph.shape(a).to_vec();
    let (batch, last) = shape.split_at(shape.len() - 2);
    let (transpose_a, transpose_b) = (g.chance(40), g.chance(40));
    let k = if transpose_a { last[0] } else { last[1] };
    let at = if transpose_b { shape.len() - 1 } else { shape.len() - 2 };
    let fits = |other: &[usize]| {
        other.len() == shape.len() && other[at] == k && other.iter().zip(batch).all(|(o, n)| o == n || *o == 1 || *n == 1)
    };
    let b = match pick_matrix(g, fits) {
        Some(b) if g.chance(60) => b,
        _ => {
            let sizes = g.sizes.clone();
            let mut other: Shape = batch.iter().map(|&n| if g.chance(40) { 1 } else { n }).collect();
            let n = g.one_of(&sizes);
            other.extend(if transpose_b { [n, k] } else { [k, n] });
            g.leaf(other, Type::Float)
        }
    };
    Some(g.graph.matmul(a, b, transpose_a, transpose_b))
}

/// Of `x xᵀ/m + 1`, whose eigenvalues are at least 1.
fn cholesky(g: &mut Generator) -> Option<Id> {
    let x = pick_matrix(g, |shape| shape[shape.len() - 2] <= ORDER)?;
    let columns = g.graph.shape(x).last().copied().unwrap_or(1);
    let gram = g.graph.matmul(x, x, false, true);
    let gram = g.graph.mul_scalar(gram, 0.5f64.powi(columns.max(1).ilog2() as i32));
    let one = identity(g, gram)?;
    let a = g.graph.add(gram, one);
    Some(g.graph.cholesky(a))
}

fn solve(g: &mut Generator) -> Option<Id> {
    let b = pick_matrix(g, |shape| shape[shape.len() - 2] <= ORDER)?;
    let mut shape = g.graph.shape(b).to_vec();
    let (rank, n) = (shape.len(), shape[shape.len() - 2]);
    shape[rank - 1] = n;
    let factor = g.pick(|g, id| g.graph.node(id).op == Op::Cholesky && g.graph.shape(id) == shape);
    let l = match factor {
        Some(l) if g.chance(70) => l,
        // Small beside the diagonal; what is above it must not be read.
        _ => {
            let x = g.leaf(shape, Type::Float);
            let x = g.graph.unary(Unary::Tanh, x);
            let x = g.graph.mul_scalar(x, 0.5);
            let one = identity(g, x)?;
            let two = g.graph.mul_scalar(one, 2.0);
            g.graph.add(x, two)
        }
    };
    let transpose = g.chance(50);
    Some(g.graph.solve_lower(l, b, transpose))
}

/// In the shape of `like`.
fn identity(g: &mut Generator, like: Id) -> Option<Id> {
    let shape = g.graph.shape(like).to_vec();
    let n = *shape.last()?;
    let data = (0..n * n).map(|i| if i / n == i % n { 1.0 } else { 0.0 }).collect();
    let one = g.graph.push(Op::Constant(Data::Float(data).into()), [], [n, n], Type::Float);
    Some(g.graph.broadcast(one, shape))
}

fn lower_triangle(g: &mut Generator) -> Option<Id> {
    let diagonal = g.pick(|g, id| g.graph.ty(id) == Type::Float && g.graph.shape(id).last().is_some_and(|&n| n <= ORDER))?;
    let mut shape = g.graph.shape(diagonal).to_vec();
    let n = shape.pop()?;
    shape.push(below_len(n));
    let below = g.leaf(shape, Type::Float);
    Some(g.graph.lower_triangle(below, diagonal))
}

fn below_diagonal(g: &mut Generator) -> Option<Id> {
    let x = pick_matrix(g, |shape| shape[shape.len() - 1] == shape[shape.len() - 2])?;
    Some(g.graph.below_diagonal(x))
}
