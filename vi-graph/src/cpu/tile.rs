//! Which parts of a graph run as loops over tiles of a long axis.
//!
//! A node is *local* where a stretch of its result along the axis needs the same stretch of its operands only. Local nodes
//! that can run in the same pass over the axis are one loop, with the reductions along the axis that end them; whatever a
//! pass needs complete comes from a pass before.

mod rules;

use crate::ir::{Binary, Graph, Id, Op, Role, Type};

use super::lower::live;
use rules::{by_vector, ending, local};

/// Working sets below this stay in the cache of a core as they are.
const WORKING_SET: usize = 512 << 10;
/// What the tiles of one loop may fill.
const TILES: usize = 64 << 10;
/// Tiles end where whole vectors of any type do.
const VECTOR: usize = 64;

/// How a node takes part in a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Along this axis; the axes of its operands, absent for operands that are needed whole.
    Local { axis: usize, operands: Vec<Option<usize>> },
    /// Partial results of the tiles are joined.
    Ends { join: Binary, operands: Vec<Option<usize>> },
}

impl Part {
    /// The axes of the operands.
    pub fn operands(&self) -> &[Option<usize>] {
        match self {
            Part::Local { operands, .. } | Part::Ends { operands, .. } => operands,
        }
    }
}

/// What runs in loops, and when.
#[derive(Clone, Debug)]
pub(crate) struct Tiling {
    /// The length of the axis.
    pub length: usize,
    /// The length of a tile.
    pub tile: usize,
    /// By node.
    pub parts: Vec<Option<Part>>,
    /// Before or in which loop each node runs.
    pub stage: Vec<usize>,
    /// The number of loops.
    pub loops: usize,
    /// Whether all threads take part, however little there is to do.
    pub forced: bool,
}

impl Tiling {
    /// Whether the node is computed tile by tile in loop `stage`.
    pub fn within(&self, id: Id, stage: usize) -> Option<&Part> {
        self.parts[id.index()].as_ref().filter(|_| self.stage[id.index()] == stage)
    }
}

/// Finds loops; absent where none pays. A tile length that is given is used whatever it costs.
pub(crate) fn tiling(graph: &Graph, given: Option<usize>) -> Option<Tiling> {
    let live = live(graph);
    let moving = moving(graph);
    let size = match graph.precision {
        crate::ir::Precision::F32 => 4,
        crate::ir::Precision::F64 => 8,
    };
    let body: Vec<Id> = graph.ids().filter(|id| live[id.index()] && moving[id.index()]).collect();
    let mut lengths: Vec<usize> = body.iter().flat_map(|&id| sizes(graph, id)).collect();
    lengths.sort_unstable();
    lengths.dedup();
    // Elements that a loop over this length would work on; those of arrays with the axis inside count half.
    let weight = |length: usize| -> usize {
        let of = |id: Id| {
            let at = graph.shape(id).iter().position(|&n| n == length);
            at.map_or(0, |at| if graph.shape(id)[..at].iter().all(|n| *n == 1) { 2 } else { 1 } * graph.node(id).len())
        };
        let all = body.iter().map(|&id| match graph.node(id).op {
            Op::MatMul { .. } if by_vector(graph, id) => of(id) + graph.node(id).args.iter().map(|&arg| of(arg)).sum::<usize>(),
            Op::MatMul { .. } => 0,
            _ => of(id),
        });
        all.sum::<usize>() * size / 2
    };
    let suits = |(bytes, length): &(usize, usize)| match given {
        Some(tile) => *length > tile,
        None => *bytes >= WORKING_SET && *length >= 2 * suitable(*bytes, *length),
    };
    let (bytes, length) = lengths.into_iter().map(|n| (weight(n), n)).filter(suits).max()?;
    let mut parts: Vec<Option<Part>> = vec![None; graph.nodes.len()];
    for &id in &body {
        parts[id.index()] = part(graph, &parts, id, length);
    }
    let (stage, loops) = stages(graph, &live, &parts);
    if loops == 0 {
        return None;
    }
    let tile = given.unwrap_or_else(|| suitable(bytes, length));
    Some(Tiling { length, tile, parts, stage, loops, forced: given.is_some() })
}

/// The length of tiles that fit the cache.
fn suitable(bytes: usize, length: usize) -> usize {
    let rows = TILES / (bytes / length).max(1);
    if rows >= VECTOR { (rows / VECTOR * VECTOR).min(4096) } else { (rows.max(1) + 1).next_power_of_two() / 2 }
}

/// The sizes of dimensions of a node and of the operands of products.
fn sizes(graph: &Graph, id: Id) -> impl Iterator<Item = usize> + '_ {
    let node = graph.node(id);
    let product = matches!(node.op, Op::MatMul { .. });
    let operands = node.args.iter().filter(move |_| product).flat_map(|&arg| graph.shape(arg).iter().copied());
    node.shape.iter().copied().chain(operands)
}

/// Which nodes change from step to step.
fn moving(graph: &Graph) -> Vec<bool> {
    let mut moving = vec![false; graph.nodes.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        moving[id.index()] = match &node.op {
            Op::Input(number) => graph.inputs[*number].role != Role::Data,
            Op::LogGamma { .. } => true,
            _ => node.args.iter().any(|arg| moving[arg.index()]),
        };
    }
    moving
}

/// How the node takes part, given how its operands do.
fn part(graph: &Graph, parts: &[Option<Part>], id: Id, length: usize) -> Option<Part> {
    let node = graph.node(id);
    let along = |arg: Id| match &parts[arg.index()] {
        Some(Part::Local { axis, .. }) => Some(*axis),
        _ => None,
    };
    let mut candidates: Vec<(usize, Part)> = Vec::new();
    for axis in (0..node.shape.len()).filter(|&d| node.shape[d] == length) {
        if let Some(operands) = local(graph, id, axis, length) {
            // As many operands as possible from the same pass.
            let met = node.args.iter().zip(&operands).filter(|(arg, axis)| axis.is_some() && along(**arg) == **axis).count();
            candidates.push((met, Part::Local { axis, operands }));
        }
    }
    if node.ty == Type::Float
        && let Some((join, operands)) = ending(graph, id, length)
    {
        let met = node.args.iter().zip(&operands).filter(|(arg, axis)| axis.is_some() && along(**arg) == **axis).count();
        if met > 0 {
            candidates.push((met, Part::Ends { join, operands }));
        }
    }
    let most = candidates.iter().map(|(met, _)| *met).max()?;
    candidates.into_iter().find(|(met, _)| *met == most).map(|(_, part)| part)
}

/// The pass of each node: the first in which it can be, then the last before it is needed.
fn stages(graph: &Graph, live: &[bool], parts: &[Option<Part>]) -> (Vec<usize>, usize) {
    let mut stage = vec![0; graph.nodes.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        for (i, arg) in node.args.iter().enumerate() {
            let wait = usize::from(!streams(parts, id, i, *arg) && parts[arg.index()].is_some());
            stage[id.index()] = stage[id.index()].max(stage[arg.index()] + wait);
        }
    }
    let mut latest = vec![usize::MAX; graph.nodes.len()];
    for id in &graph.outputs {
        latest[id.index()] = 0;
    }
    for id in graph.ids().rev().filter(|id| live[id.index()]) {
        let movable = matches!(parts[id.index()], Some(Part::Local { .. })) && latest[id.index()] != usize::MAX;
        if movable {
            stage[id.index()] = stage[id.index()].max(latest[id.index()]);
        }
        for (i, arg) in graph.node(id).args.iter().enumerate() {
            let limit = if streams(parts, id, i, *arg) { stage[id.index()] } else { 0 };
            latest[arg.index()] = latest[arg.index()].min(limit);
        }
    }
    let loops = graph.ids().filter(|id| live[id.index()] && parts[id.index()].is_some()).map(|id| stage[id.index()] + 1).max().unwrap_or(0);
    (stage, loops)
}

/// Whether operand `i` of a node can come tile by tile from the same pass.
fn streams(parts: &[Option<Part>], id: Id, i: usize, arg: Id) -> bool {
    let (Some(part), Some(Part::Local { axis, .. })) = (&parts[id.index()], &parts[arg.index()]) else { return false };
    part.operands()[i] == Some(*axis)
}
