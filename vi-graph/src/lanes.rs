//! Which nodes depend on a value element by element along one of its axes.

use crate::ir::{Graph, Id, Node, Op, Range};

/// How a node depends on a value along one axis of that value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Not at all.
    Free,
    /// Index `i` of this axis depends on index `i` of the value's axis alone.
    Along(usize),
    /// Anything may depend on anything.
    Mixed,
}

/// For each node of `graph`: how it depends on `source` along axis `axis` of it.
///
/// [`Lane::Free`] and [`Lane::Along`] are certain; [`Lane::Mixed`] is said where the operation does not show more.
pub fn lanes(graph: &Graph, source: Id, axis: usize) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let lane = if id == source {
            Lane::Along(axis)
        } else {
            let node = graph.node(id);
            let args: Vec<Lane> = node.args.iter().map(|arg| lanes[arg.index()]).collect();
            if args.iter().all(|arg| *arg == Lane::Free) { Lane::Free } else { of_node(graph, node, &args) }
        };
        lanes.push(lane);
    }
    lanes
}

fn of_node(graph: &Graph, node: &Node, args: &[Lane]) -> Lane {
    let shape_of = |arg: usize| &graph.node(node.args[arg]).shape;
    let only = |arg: usize| args.iter().enumerate().all(|(other, lane)| other == arg || *lane == Lane::Free);
    match &node.op {
        Op::Unary(_) | Op::Binary(_) | Op::Ternary(_) | Op::Compare(_) | Op::Logic(_) | Op::Not | Op::Test(_) | Op::Where | Op::Cast => {
            same(args)
        }
        Op::Expand => match args[0] {
            Lane::Along(axis) if node.shape[axis] == shape_of(0)[axis] => args[0],
            _ => Lane::Mixed,
        },
        Op::Reshape => match args[0] {
            Lane::Along(axis) => reshaped(shape_of(0), axis, &node.shape).map_or(Lane::Mixed, Lane::Along),
            lane => lane,
        },
        Op::Permute(order) => match args[0] {
            Lane::Along(axis) => order.iter().position(|from| *from == axis).map_or(Lane::Mixed, Lane::Along),
            lane => lane,
        },
        Op::Reduce(_, axes) => unless(args[0], |axis| axes.contains(&axis)),
        Op::ArgMax(along) | Op::Scan { axis: along, .. } | Op::ArgSort { axis: along, .. } => unless(args[0], |axis| axis == *along),
        Op::Slice(ranges) => unless(args[0], |axis| ranges[axis] != Range::all(shape_of(0)[axis])),
        Op::Concat(along) => unless(same(args), |axis| axis == *along),
        Op::Gather(along) => unless(same(args), |axis| axis == *along && args[0] != Lane::Free),
        Op::Take(along) if only(1) && args[1] == Lane::Along(0) => Lane::Along(*along),
        Op::Take(along) if only(0) => unless(args[0], |axis| axis == *along),
        _ => Lane::Mixed,
    }
}

/// The lane that all operands share, those that are free left out.
fn same(args: &[Lane]) -> Lane {
    let mut dependent = args.iter().filter(|lane| **lane != Lane::Free);
    let Some(first) = dependent.next() else { return Lane::Free };
    if dependent.all(|lane| lane == first) { *first } else { Lane::Mixed }
}

fn unless(lane: Lane, mixes: impl Fn(usize) -> bool) -> Lane {
    match lane {
        Lane::Along(axis) if mixes(axis) => Lane::Mixed,
        lane => lane,
    }
}

/// Where axis `axis` of `from` is after a reshape to `to`: the axis of its size with as many elements before it.
fn reshaped(from: &[usize], axis: usize, to: &[usize]) -> Option<usize> {
    let before: usize = from[..axis].iter().product();
    (0..to.len()).find(|&other| to[other] == from[axis] && to[..other].iter().product::<usize>() == before)
}
