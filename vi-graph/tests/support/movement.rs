use vi_graph::ir::{Binary, Op, Range, Scalar, Shape};
use vi_graph::{Id, Type};

use super::Generator;
use super::element::partner;

pub(super) fn movement(g: &mut Generator) -> Option<Id> {
    let x = g.pick(|_, _| true)?;
    let shape = g.graph.shape(x).to_vec();
    match g.below(7) {
        0 => {
            let shape = reshaped(g, &shape);
            Some(g.graph.reshape(x, shape))
        }
        1 => {
            let order = permutation(g, shape.len());
            Some(g.graph.permute(x, &order))
        }
        2 => {
            let sizes = g.sizes.clone();
            let wider: Shape = shape.iter().map(|&n| if n == 1 && g.chance(70) { g.one_of(&sizes) } else { n }).collect();
            Some(g.graph.expand(x, wider))
        }
        3 | 4 => {
            let ranges: Vec<Range> = shape.iter().map(|&n| range(g, n)).collect();
            Some(g.graph.slice(x, &ranges))
        }
        5 => {
            let placed: Vec<(Range, usize)> = shape.iter().map(|&n| place(g, n)).collect();
            let (ranges, sizes): (Vec<Range>, Shape) = placed.into_iter().unzip();
            Some(g.graph.unslice(x, &ranges, sizes))
        }
        _ => {
            let axis = g.pick_axis(x)?;
            let parts: Vec<Id> = (0..1 + g.below(3)).map(|_| part(g, x, axis)).collect::<Option<_>>()?;
            let first = if g.chance(50) { vec![x] } else { vec![] };
            Some(g.graph.concat(&[first, parts].concat(), axis))
        }
    }
}

/// Merges, splits, adds and removes dimensions.
fn reshaped(g: &mut Generator, shape: &[usize]) -> Shape {
    let mut shape = shape.to_vec();
    for _ in 0..3 {
        let at = g.below(shape.len());
        match g.below(4) {
            0 if shape.len() < 4 => shape.insert(at, 1),
            1 if shape.get(at) == Some(&1) => {
                shape.remove(at);
            }
            2 if at + 1 < shape.len() => {
                let size = shape.remove(at);
                shape[at] *= size;
            }
            3 if !shape.is_empty() && shape.len() < 4 => {
                if let Some(factor) = [2, 3, 5, 7, 11].into_iter().find(|factor| shape[at] > *factor && shape[at].is_multiple_of(*factor)) {
                    shape[at] /= factor;
                    shape.insert(at, factor);
                }
            }
            _ => {}
        }
    }
    shape
}

fn permutation(g: &mut Generator, rank: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rank).collect();
    for i in (1..rank).rev() {
        let j = g.below(i + 1);
        order.swap(i, j);
    }
    order
}

/// Positions of an axis of size `n`.
fn range(g: &mut Generator, n: usize) -> Range {
    if n == 0 || g.chance(3) {
        return Range { start: 0, step: 1, len: 0 };
    }
    match g.below(4) {
        0 => Range::all(n),
        1 => {
            let start = g.below(n);
            Range { start, step: 1, len: 1 + g.below(n - start) }
        }
        2 => {
            let (start, step) = (g.below(n), 1 + g.below(3));
            let most = (n - 1 - start) / step + 1;
            Range { start, step: step as isize, len: 1 + g.below(most) }
        }
        _ => {
            let (start, step) = (g.below(n), 1 + g.below(3));
            let most = start / step + 1;
            Range { start, step: -(step as isize), len: 1 + g.below(most) }
        }
    }
}

/// `n` positions of a larger axis, and its size.
fn place(g: &mut Generator, n: usize) -> (Range, usize) {
    let (before, after, step) = (g.below(3), g.below(3), g.one_of(&[1, 1, 2]));
    let span = n.saturating_sub(1) * step;
    let size = before + after + span + 1;
    let backwards = g.chance(30);
    let range = if backwards {
        Range { start: before + span, step: -(step as isize), len: n }
    } else {
        Range { start: before, step: step as isize, len: n }
    };
    (range, size)
}

/// Something that can stand beside `x` along `axis`.
fn part(g: &mut Generator, x: Id, axis: usize) -> Option<Id> {
    let other = partner(g, x)?;
    if g.chance(50) {
        return Some(other);
    }
    let mut ranges: Vec<Range> = g.graph.shape(x).iter().map(|&n| Range::all(n)).collect();
    ranges[axis] = range(g, ranges[axis].len);
    Some(g.graph.slice(other, &ranges))
}

/// Gather, take and their adjoints.
pub(super) fn indexed(g: &mut Generator) -> Option<Id> {
    let what = g.below(4);
    // The adjoints sum.
    let x = g.pick(|g, id| what < 2 || g.graph.ty(id) != Type::Bool)?;
    let axis = g.pick_axis(x)?;
    let mut shape = g.graph.shape(x).to_vec();
    let sizes = g.sizes.clone();
    let other = g.one_of(&sizes);
    if (what < 2 && shape[axis] == 0) || (what >= 2 && other == 0) {
        return None;
    }
    match what {
        0 => {
            let size = shape[axis];
            shape[axis] = other;
            let index = index(g, shape, size);
            Some(g.graph.gather(x, axis, index))
        }
        1 => {
            let index = index(g, vec![other], shape[axis]);
            Some(g.graph.take(x, axis, index))
        }
        2 => {
            let index = index(g, shape.clone(), other);
            shape[axis] = other;
            Some(g.graph.scatter_add(index, axis, x, shape))
        }
        _ => {
            let index = index(g, vec![shape[axis]], other);
            shape[axis] = other;
            Some(g.graph.take_add(index, axis, x, shape))
        }
    }
}

/// Integers below `size`: a leaf, or the remainder of what is there.
fn index(g: &mut Generator, shape: Shape, size: usize) -> Id {
    let there = g.pick(|g, id| g.graph.ty(id) == Type::Int && g.graph.shape(id) == shape);
    match there {
        Some(x) if g.chance(50) => {
            let size = g.graph.push(Op::Full(Scalar::Int(size as i64)), [], shape, Type::Int);
            g.graph.binary(Binary::Rem, x, size)
        }
        _ => g.index_leaf(shape, size),
    }
}
