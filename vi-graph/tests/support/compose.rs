//! Random compositions of operations, small and well conditioned.

use std::sync::Arc;

use vi_graph::ir::{Binary, Compare, Data, Logic, NoiseKind, Op, Range, Reduce, Role, Scan, Stream, Test, Type, Unary};
use vi_graph::{Graph, Id, Precision};

use super::inputs::Numbers;

const UNARY: [Unary; 25] = [
    Unary::Neg,
    Unary::Neg,
    Unary::Abs,
    Unary::Exp,
    Unary::Log,
    Unary::Log1p,
    Unary::Expm1,
    Unary::Sqrt,
    Unary::Recip,
    Unary::Square,
    Unary::Sin,
    Unary::Cos,
    Unary::Tanh,
    Unary::Atan,
    Unary::Erf,
    Unary::Sigmoid,
    Unary::Softplus,
    Unary::Softplus,
    Unary::Sinh,
    Unary::Lgamma,
    Unary::Erfc,
    Unary::LogNdtr,
    Unary::Ndtr,
    Unary::I0e,
    Unary::LogI0,
];
const BINARY: [Binary; 9] =
    [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Max, Binary::Min, Binary::Atan2, Binary::Xlogy, Binary::Mul];

/// A graph of about `size` operations; its last outputs are the last nodes.
pub fn compose(numbers: &mut Numbers, size: usize) -> Graph {
    let mut graph = Graph::new(Precision::F64);
    let g = &mut graph;
    let mut floats = Vec::new();
    for i in 0..4 {
        let shape = shape(numbers);
        let stream = Stream { site: format!("s{i}"), call: 0 };
        let role = match numbers.below(4) {
            0 => Role::Parameter,
            1 => Role::Noise(stream, NoiseKind::Normal),
            2 => Role::Noise(stream, NoiseKind::Uniform),
            _ => Role::Data,
        };
        floats.push(g.input(format!("x{i}"), role, shape, Type::Float));
    }
    let mut truths: Vec<Id> = Vec::new();
    for _ in 0..size {
        let x = floats[numbers.below(floats.len())];
        match operation(g, numbers, x, &floats, &truths) {
            id if g.ty(id) == Type::Bool => truths.push(id),
            id => floats.push(id),
        }
    }
    let last = floats.len().saturating_sub(4);
    graph.outputs = floats[last..].to_vec();
    graph
}

fn shape(numbers: &mut Numbers) -> Vec<usize> {
    (0..numbers.below(4)).map(|_| [1, 1, 2, 3][numbers.below(4)]).collect()
}

/// `x` and another node of its shape: one from the pool, brought to it where its sizes allow, or a number.
fn partner(g: &mut Graph, numbers: &mut Numbers, x: Id, pool: &[Id]) -> Id {
    let shape = g.shape(x).to_vec();
    let y = pool[numbers.below(pool.len())];
    let ys = g.shape(y).to_vec();
    if ys == shape && numbers.below(4) > 0 {
        return y;
    }
    let missing = shape.len().saturating_sub(ys.len());
    let fits = ys.len() <= shape.len() && ys.iter().zip(&shape[missing..]).all(|(&a, &b)| a == b || a == 1);
    if fits && g.ty(y) == Type::Float && numbers.below(4) > 0 {
        return g.broadcast(y, shape);
    }
    let value = [0.0, 1.0, -1.0, 2.0, 0.5, numbers.unit(), -numbers.unit()][numbers.below(7)];
    g.full(value, shape)
}

fn operation(g: &mut Graph, numbers: &mut Numbers, x: Id, pool: &[Id], truths: &[Id]) -> Id {
    let shape = g.shape(x).to_vec();
    let rank = shape.len();
    let axis = if rank > 0 { numbers.below(rank) } else { 0 };
    let constant = |g: &mut Graph, values: Vec<i64>| {
        let n = values.len();
        g.push(Op::Constant(Arc::new(Data::Int(values))), [], [n], Type::Int)
    };
    match numbers.below(if rank > 0 { 22 } else { 11 }) {
        0..=2 => g.unary(UNARY[numbers.below(UNARY.len())], x),
        3..=7 => {
            let y = partner(g, numbers, x, pool);
            let (x, y) = if numbers.below(3) == 0 { (y, x) } else { (x, y) };
            g.binary(BINARY[numbers.below(BINARY.len())], x, y)
        }
        8 => {
            let c = g.full(numbers.unit(), shape);
            let f = [Compare::Less, Compare::LessEqual, Compare::Greater, Compare::GreaterEqual, Compare::Equal][numbers.below(5)];
            let a = g.compare(f, x, c);
            match numbers.below(3) {
                0 => g.not(a),
                1 => {
                    let b = g.test(Test::IsInfinite, x);
                    g.logic([Logic::And, Logic::Or, Logic::Xor][numbers.below(3)], a, b)
                }
                _ => a,
            }
        }
        9 => match truths.iter().find(|&&truth| g.shape(truth) == shape) {
            Some(&condition) => {
                let y = partner(g, numbers, x, pool);
                g.select(condition, x, y)
            }
            None => g.neg(x),
        },
        10 => g.reshape(x, [vec![1], shape].concat()),
        11 => {
            let f = [Reduce::Sum, Reduce::Sum, Reduce::Sum, Reduce::Max, Reduce::Min, Reduce::LogSumExp, Reduce::Prod][numbers.below(7)];
            g.reduce(f, x, &[axis])
        }
        12 | 13 => g.sum_all(x),
        14 => {
            let order: Vec<usize> = (0..rank).map(|i| (i + axis) % rank).collect();
            g.permute(x, &order)
        }
        15 => {
            let spread: Vec<usize> = shape.iter().map(|&n| if n == 1 { 1 + numbers.below(3) } else { n }).collect();
            g.expand(x, spread)
        }
        16 => {
            let n = shape[axis];
            let mut ranges: Vec<Range> = shape.iter().map(|&n| Range::all(n)).collect();
            ranges[axis] =
                if numbers.below(2) == 0 { Range { start: n - 1, step: -1, len: n } } else { Range { start: 0, step: 1, len: 1 } };
            let part = g.slice(x, &ranges);
            if numbers.below(2) == 0 { g.unslice(part, &ranges, shape) } else { part }
        }
        17 => {
            let y = partner(g, numbers, x, pool);
            g.concat(&[x, y], axis)
        }
        18 => {
            let n = shape[axis];
            let index = (0..1 + numbers.below(3)).map(|_| numbers.below(n) as i64).collect();
            let index = constant(g, index);
            let taken = g.take(x, axis, index);
            if numbers.below(2) == 0 { g.take_add(index, axis, taken, shape) } else { taken }
        }
        19 => g.scan([Scan::Sum, Scan::Max][numbers.below(2)], x, axis, numbers.below(2) == 0),
        20 if rank >= 2 => {
            let y = g.transpose(x);
            let (flip_a, flip_b) = (numbers.below(2) == 0, numbers.below(2) == 0);
            let a = if flip_a { g.transpose(x) } else { x };
            let b = if flip_b { g.transpose(y) } else { y };
            g.matmul(a, b, flip_a, flip_b)
        }
        21 => {
            let flat: usize = shape.iter().product();
            g.reshape(x, [flat])
        }
        _ => {
            let c = g.full(numbers.unit() * 3.0, shape);
            g.mul(x, c)
        }
    }
}
