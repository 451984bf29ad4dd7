//! Operations that move elements: each rule is the adjoint of a linear map.

use super::Tape;
use crate::ir::{Graph, Id, Op, Range, Type};

/// Hands the cotangent `g` on to the operands. Operations that reach no float from a float have nothing to hand on.
pub(super) fn rule(tape: &mut Tape, op: &Op, args: &[Id], g: Id) {
    let shape_of = |tape: &Tape, x: Id| tape.graph.shape(x).to_vec();
    match (op, args) {
        (Op::Cast, &[x]) if tape.graph.ty(x) == Type::Float => tape.give(x, |_| g),
        (Op::Reshape, &[x]) => {
            let shape = shape_of(tape, x);
            tape.give(x, |graph| graph.reshape(g, shape));
        }
        (Op::Permute(order), &[x]) => {
            let mut inverse = vec![0; order.len()];
            for (i, &p) in order.iter().enumerate() {
                inverse[p] = i;
            }
            tape.give(x, |graph| graph.permute(g, &inverse));
        }
        (Op::Expand, &[x]) => {
            let shape = shape_of(tape, x);
            tape.give(x, |graph| sum_to(graph, g, &shape));
        }
        (Op::Slice(ranges), &[x]) => {
            let shape = shape_of(tape, x);
            tape.give(x, |graph| graph.unslice(g, ranges, shape));
        }
        (Op::Unslice(ranges), &[x]) => tape.give(x, |graph| graph.slice(g, ranges)),
        (Op::Concat(axis), parts) => {
            let mut ranges: Vec<Range> = tape.graph.shape(g).iter().map(|&n| Range::all(n)).collect();
            let mut start = 0;
            for &part in parts {
                let len = tape.graph.shape(part)[*axis];
                ranges[*axis] = Range { start, step: 1, len };
                start += len;
                tape.give(part, |graph| graph.slice(g, &ranges));
            }
        }
        (Op::Gather(axis), &[x, index]) => {
            let shape = shape_of(tape, x);
            tape.give(x, |graph| graph.scatter_add(index, *axis, g, shape));
        }
        (Op::ScatterAdd(axis), &[index, y]) => tape.give(y, |graph| graph.gather(g, *axis, index)),
        (Op::Take(axis), &[x, index]) => {
            let shape = shape_of(tape, x);
            tape.give(x, |graph| graph.take_add(index, *axis, g, shape));
        }
        (Op::TakeAdd(axis), &[index, y]) => tape.give(y, |graph| graph.take(g, *axis, index)),
        _ => {}
    }
}

/// Sums the dimensions in which `shape` has size 1, the adjoint of repeating them.
pub(super) fn sum_to(graph: &mut Graph, x: Id, shape: &[usize]) -> Id {
    let axes: Vec<usize> = (0..shape.len()).filter(|&i| shape[i] == 1 && graph.shape(x)[i] != 1).collect();
    graph.sum(x, &axes)
}
