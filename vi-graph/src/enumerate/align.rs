//! Which elements of a node depend on which elements of a variable: the axis along which each axis of the variable lies.

use crate::ir::{Graph, Id, Op, Range};

/// Where an axis of a variable lies in a node that depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// The axis has size 1: there is nothing to tell apart.
    One,
    /// Element `i` of the variable reaches those elements whose position `p` on `axis` has `i = (p / inner) mod size`.
    Axis {
        /// Of the node.
        axis: usize,
        /// How many positions one element takes: 1 unless a reshape has joined axes.
        inner: usize,
    },
    /// Several elements of the variable reach one element of the node.
    Mixed,
}

/// That a node depends on a variable, and how its axes lie.
#[derive(Clone, Debug)]
pub(super) struct Dependence {
    pub(super) variable: usize,
    pub(super) along: Vec<Along>,
}

/// A variable as the analysis sees it.
pub(super) struct Source<'a> {
    pub(super) input: usize,
    /// The sizes of its batch axes.
    pub(super) batch: &'a [usize],
}

/// For each node the variables that it depends on, in ascending order.
pub(super) fn dependences(graph: &Graph, sources: &[Source<'_>]) -> Vec<Vec<Dependence>> {
    let mut all: Vec<Vec<Dependence>> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let mut found: Vec<Dependence> = Vec::new();
        if let Op::Input(input) = node.op {
            let known = sources.iter().enumerate().filter(|(_, source)| source.input == input);
            found.extend(known.map(|(variable, source)| {
                let along = |(axis, &size): (usize, &usize)| if size == 1 { Along::One } else { Along::Axis { axis, inner: 1 } };
                Dependence { variable, along: source.batch.iter().enumerate().map(along).collect() }
            }));
        }
        for (k, arg) in node.args.iter().enumerate() {
            for dependence in &all[arg.index()] {
                let sizes = sources[dependence.variable].batch;
                let along = dependence.along.iter().zip(sizes).map(|(along, &size)| match *along {
                    Along::Axis { axis, inner } => carried(graph, id, k, axis, inner, size),
                    other => other,
                });
                join(&mut found, Dependence { variable: dependence.variable, along: along.collect() });
            }
        }
        all.push(found);
    }
    all
}

/// Adds a way by which the variable reaches the node.
fn join(found: &mut Vec<Dependence>, new: Dependence) {
    match found.binary_search_by_key(&new.variable, |known| known.variable) {
        Ok(at) => {
            for (known, new) in found[at].along.iter_mut().zip(new.along) {
                if *known != new {
                    *known = Along::Mixed;
                }
            }
        }
        Err(at) => found.insert(at, new),
    }
}

/// Where `axis` of operand `k` lies in the result.
fn carried(graph: &Graph, id: Id, k: usize, axis: usize, inner: usize, size: usize) -> Along {
    let node = graph.node(id);
    let from = graph.shape(node.args[k]);
    let rank = from.len();
    let same = Along::Axis { axis, inner };
    let unless = |mixed: bool| if mixed { Along::Mixed } else { same };
    match &node.op {
        Op::Reduce(_, axes) => unless(axes.contains(&axis)),
        // An index of the result's shape reaches its own position only.
        Op::Gather(along) => unless(*along == axis && k == 0),
        Op::ArgMax(along) | Op::Concat(along) | Op::ScatterAdd(along) => unless(*along == axis),
        Op::Scan { axis: along, .. } | Op::ArgSort { axis: along, .. } => unless(*along == axis),
        Op::Permute(order) => order.iter().position(|&from| from == axis).map_or(Along::Mixed, |axis| Along::Axis { axis, inner }),
        Op::Reshape => reshaped(from, &node.shape, axis, inner, size),
        Op::Slice(ranges) => unless(ranges[axis] != Range::all(from[axis])),
        Op::Unslice(ranges) => unless(ranges[axis] != Range::all(node.shape[axis])),
        Op::Take(along) if k == 1 => Along::Axis { axis: *along, inner },
        Op::Take(along) => unless(*along == axis),
        Op::TakeAdd(along) => unless(k == 0 || rank != node.shape.len() || *along == axis),
        Op::MatMul { .. } if axis + 2 < rank => same,
        Op::MatMul { transpose_a, .. } if k == 0 => {
            let row = if *transpose_a { rank - 1 } else { rank - 2 };
            if axis == row { Along::Axis { axis: rank - 2, inner } } else { Along::Mixed }
        }
        Op::MatMul { transpose_b, .. } => {
            let column = if *transpose_b { rank - 2 } else { rank - 1 };
            if axis == column { Along::Axis { axis: rank - 1, inner } } else { Along::Mixed }
        }
        Op::Cholesky | Op::BelowDiagonal => unless(axis + 2 >= rank),
        Op::LowerTriangle => unless(axis + 1 >= rank),
        Op::SolveLower { .. } => unless(axis + 2 >= rank && !(k == 1 && axis + 1 == rank)),
        _ => same,
    }
}

/// Row-major positions stay what they are.
fn reshaped(from: &[usize], to: &[usize], axis: usize, inner: usize, size: usize) -> Along {
    let stride = inner * from[axis + 1..].iter().product::<usize>();
    let mut below = 1;
    for axis in (0..to.len()).rev() {
        if to[axis] > 1 && stride.is_multiple_of(below) && stride < below * to[axis] {
            let inner = stride / below;
            let fits = to[axis].is_multiple_of(inner * size);
            return if fits { Along::Axis { axis, inner } } else { Along::Mixed };
        }
        below *= to[axis];
    }
    Along::Mixed
}
