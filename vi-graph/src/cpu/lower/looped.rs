//! Loops over tiles: each is a graph of its own, of the length of a tile, that reads and writes stretches of the arrays around it.

use crate::error::Result;
use crate::ir::{Graph, Id, Node, Op, Range, Role, Shape, Type};

use super::super::instruction::{Copy, Instruction, Loop, Place, Slab, Stride};
use super::super::kernels::arena::{LINE, padded};
use super::super::kernels::dispatch::{OUTER, SLOTS};
use super::super::kernels::matvec;
use super::super::plan;
use super::super::select;
use super::super::tile::{Part, Tiling};
use super::super::view::{View, row_major};
use super::linear::panel;
use super::{Access, Emitted, Lowering, Phase, Port, Storage, lower};

/// The slot of memory that belongs to a thread, and the first slot of stretches.
const SCRATCH: usize = 1;
const SLABS: usize = 2;

/// What a loop has to do with the arrays around it.
struct Group {
    /// The nodes, in order.
    nodes: Vec<Id>,
    /// Operands from outside, and the axis along which they are read.
    operands: Vec<(Id, Option<usize>)>,
    /// Nodes that are needed outside, and the axis along which they are written.
    results: Vec<(Id, usize)>,
    /// Reductions.
    ends: Vec<Id>,
}

/// The elements that are worth a thread: about 20 microseconds, where most of them come from beyond the nearest cache.
const SHARE: usize = 1 << 17;

impl Lowering<'_> {
    /// The elements that a loop computes, or reads for a product.
    fn elements(&self, group: &Group) -> usize {
        let of = |id: &Id| {
            let node = self.graph.node(*id);
            node.args.iter().map(|arg| self.graph.node(*arg).len()).chain([node.len()]).max().unwrap_or(0)
        };
        group.nodes.iter().chain(&group.ends).map(of).sum()
    }

    /// Emits loop `stage`.
    pub(super) fn looped(&mut self, tiling: &Tiling, stage: usize, live: &[bool]) -> Result<()> {
        let group = self.group(tiling, stage, live);
        if group.nodes.is_empty() {
            return Ok(());
        }
        let (full, rest) = (tiling.length / tiling.tile, tiling.length % tiling.tile);
        let tiles = full + usize::from(rest > 0);
        let worth = if tiling.forced { tiles } else { self.elements(&group) / SHARE };
        let threads = self.threads.min(tiles).min(worth).max(1);
        self.out.widest = self.out.widest.max(threads);

        let mut slabs: Vec<Slab> = Vec::new();
        let mut accesses: Vec<Access> = Vec::new();
        let mut sources: Vec<(Port, Option<usize>)> = Vec::new();
        for &(id, axis) in &group.operands {
            let mut view = self.value(id)?;
            if view.strides.iter().any(|s| *s < 0) {
                view = self.dense(id)?;
            }
            let ty = self.graph.ty(id);
            let packed = self.packable(tiling, &group, id, axis, &view);
            let strides = view.strides.clone();
            if let Some(sizes) = packed {
                view = self.in_panels(&view, sizes);
            }
            let (place, stride) = (self.place(&view, ty), axis.map_or(0, |axis| strides[axis]));
            accesses.push(Access { buffer: view.buffer, low: 0, high: self.out.buffers[view.buffer].bytes, write: false });
            let base = if stride == 0 || slabs.len() + SLABS + group.results.len() >= SLOTS {
                Place { slot: OUTER + place.slot, offset: place.offset }
            } else {
                slabs.push(Slab { place, step: tiling.tile * stride as usize * self.size(ty) });
                Place { slot: SLABS + slabs.len() - 1, offset: 0 }
            };
            if base.slot >= OUTER && stride != 0 {
                return Err(self.unsupported(id, "takes part in a loop over too many arrays"));
            }
            sources.push((Port { storage: Storage::At(base), strides: Some(strides), direct: true, packed: packed.is_some() }, axis));
        }
        let mut targets: Vec<(Port, usize)> = Vec::new();
        for &(id, axis) in &group.results {
            let node = self.graph.node(id);
            let buffer = self.buffer(node.len() * self.size(node.ty), Phase::Body);
            let view = View::dense(buffer, &node.shape);
            accesses.push(Access { buffer, low: 0, high: self.out.buffers[buffer].bytes, write: true });
            let step = tiling.tile * view.strides[axis] as usize * self.size(node.ty);
            slabs.push(Slab { place: Place { slot: buffer, offset: 0 }, step });
            let storage = Storage::At(Place { slot: SLABS + slabs.len() - 1, offset: 0 });
            // Whole vectors are written, which must not reach into the stretch of another thread.
            let direct = step.is_multiple_of(LINE);
            targets.push((Port { storage, strides: Some(view.strides.clone()), direct, packed: false }, axis));
            self.values[id.index()] = Some(view);
        }
        // What each thread has joined so far, then the results of the last tile.
        let mut reserved = 0;
        let mut reserve = |bytes: usize| {
            reserved += padded(bytes);
            Place { slot: SCRATCH, offset: reserved - padded(bytes) }
        };
        let lens: Vec<usize> = group.ends.iter().map(|&id| self.graph.node(id).len()).collect();
        let size = self.size(Type::Float);
        let sums: Vec<bool> = group.ends.iter().map(|&id| self.keeps_sums(tiling, &group, &sources, id)).collect();
        let joined: Vec<Place> =
            lens.iter().zip(&sums).map(|(&len, &sums)| reserve(size * if sums { matvec::scratch_len(len) } else { len })).collect();
        // A sum of products is its own partial result.
        let partial: Vec<Place> = (0..lens.len()).map(|i| if sums[i] { joined[i] } else { reserve(lens[i] * size) }).collect();
        let mut it = Loop {
            tiles,
            threads,
            main: Vec::new(),
            rest: Vec::new(),
            first: Vec::new(),
            next: Vec::new(),
            take: Vec::new(),
            join: Vec::new(),
            slabs,
            scratch: Place { slot: 0, offset: 0 },
            stride: 0,
        };
        let mut end = reserved;
        for (length, body) in [(tiling.tile, &mut it.main), (rest, &mut it.rest)] {
            if length == 0 || (length == tiling.tile && full == 0) {
                continue;
            }
            let (graph, ports, outputs) = self.stretch(tiling, &group, &sources, &targets, (&partial, &sums), length);
            let mut lowered = lower(&graph, self.level, &ports, &outputs, None, 1)?;
            for (buffer, data) in std::mem::take(&mut lowered.constants) {
                let outer = self.constant(data);
                accesses.push(Access { buffer: outer, low: 0, high: self.out.buffers[outer].bytes, write: false });
                lowered.buffers[buffer].storage = Storage::At(Place { slot: OUTER + outer, offset: 0 });
            }
            lowered.buffers.iter_mut().for_each(|buffer| buffer.phase = Phase::Body);
            lowered.emitted.iter_mut().for_each(|it| it.phase = Phase::Body);
            let plan = plan::plan(lowered, SCRATCH, reserved)?;
            end = end.max(plan.bytes);
            *body = plan.body;
        }
        for (i, &id) in group.ends.iter().enumerate() {
            let node = self.graph.node(id);
            let buffer = self.buffer(lens[i] * size, Phase::Body);
            accesses.push(Access { buffer, low: 0, high: lens[i] * size, write: true });
            self.values[id.index()] = Some(View::dense(buffer, &node.shape));
            let out = Place { slot: OUTER + buffer, offset: 0 };
            let Some(Part::Ends { join, .. }) = tiling.within(id, stage) else { continue };
            let map = select::join(self.level, self.wide(), *join);
            let n = lens[i];
            if sums[i] {
                for (list, add) in [(&mut it.take, false), (&mut it.join, true)] {
                    list.push(Instruction::Map1 { f: select::packed_result(self.level, self.wide(), add), n, places: [joined[i], out] });
                }
                continue;
            }
            it.first.push(copied(size, n, [partial[i], joined[i]]));
            it.next.push(Instruction::Map2 { f: map, n, places: [joined[i], partial[i], joined[i]] });
            it.take.push(copied(size, n, [joined[i], out]));
            it.join.push(Instruction::Map2 { f: map, n, places: [out, joined[i], out] });
        }
        it.stride = padded(end) + LINE;
        let scratch = self.buffer(it.stride * threads, Phase::Body);
        it.scratch.slot = scratch;
        if sums.contains(&true) {
            // They are 0 before the first step, and again after each.
            self.out.buffers[scratch].storage = Storage::Persistent;
        }
        accesses.push(Access { buffer: scratch, low: 0, high: it.stride * threads, write: true });
        self.out.emitted.push(Emitted { instruction: Instruction::Loop(Box::new(it)), phase: Phase::Body, accesses });
        Ok(())
    }

    /// The sizes of an operand that products with vectors read in panels: a matrix that does not change and has its rows along
    /// the axis.
    fn packable(&self, tiling: &Tiling, group: &Group, id: Id, axis: Option<usize>, view: &View) -> Option<[usize; 2]> {
        let shape = self.graph.shape(id);
        let rank = shape.len();
        let rows = rank.checked_sub(2).filter(|rows| axis == Some(*rows))?;
        let columns = shape[rank - 1];
        let matrix = shape[..rows].iter().all(|n| *n == 1) && columns > 1 && view.is_dense(shape);
        let panels = tiling.tile.is_multiple_of(panel(self.wide()));
        let constant = self.out.buffers[view.buffer].phase == Phase::Prologue && self.graph.ty(id) == Type::Float;
        let used = |user: &&Id| {
            let node = self.graph.node(**user);
            node.args.contains(&id) && tiling.parts[user.index()].is_some()
        };
        let by_vectors = group.nodes.iter().filter(used).all(|user| {
            let node = self.graph.node(*user);
            let shape = &node.shape;
            let rank = shape.len();
            let vector = node.args.iter().filter(|arg| **arg != id).all(|arg| {
                let other = self.graph.shape(*arg);
                other[..rank - 2].iter().all(|n| *n == 1) && (other[rank - 1] == 1 || other[rank - 2] == 1)
            });
            matches!(node.op, Op::MatMul { .. }) && node.args[0] != node.args[1] && vector && shape[..rank - 2].iter().all(|n| *n == 1)
        });
        (matrix && panels && constant && by_vectors).then_some([shape[rows], columns])
    }

    /// Whether a result is the product of a packed matrix and a vector along the axis.
    fn keeps_sums(&self, tiling: &Tiling, group: &Group, sources: &[(Port, Option<usize>)], id: Id) -> bool {
        let node = self.graph.node(id);
        let Some(part) = &tiling.parts[id.index()] else { return false };
        matches!(node.op, Op::MatMul { .. })
            && node
                .args
                .iter()
                .zip(part.operands())
                .any(|(&arg, &axis)| group.operands.iter().zip(sources).any(|(it, (port, _))| *it == (arg, axis) && port.packed))
    }

    fn group(&self, tiling: &Tiling, stage: usize, live: &[bool]) -> Group {
        let mut group = Group { nodes: Vec::new(), operands: Vec::new(), results: Vec::new(), ends: Vec::new() };
        for id in self.graph.ids().filter(|id| live[id.index()]) {
            let here = tiling.within(id, stage);
            for (i, &arg) in self.graph.node(id).args.iter().enumerate() {
                let axis = here.and_then(|part| part.operands()[i]);
                let inside = tiling.within(arg, stage);
                let streams = here.is_some() && axis.is_some() && matches!(inside, Some(Part::Local { axis: a, .. }) if Some(*a) == axis);
                if here.is_some() && !streams && !group.operands.contains(&(arg, axis)) {
                    group.operands.push((arg, axis));
                }
                group.needs(arg, inside.filter(|_| !streams));
            }
            if let Some(part) = here {
                group.nodes.push(id);
                if matches!(part, Part::Ends { .. }) {
                    group.ends.push(id);
                }
            }
        }
        for &id in &self.graph.outputs {
            group.needs(id, tiling.within(id, stage));
        }
        group
    }

    /// The graph of one tile of this length, where its inputs are and where its outputs go.
    fn stretch(
        &self,
        tiling: &Tiling,
        group: &Group,
        sources: &[(Port, Option<usize>)],
        targets: &[(Port, usize)],
        (partial, sums): (&[Place], &[bool]),
        length: usize,
    ) -> (Graph, Vec<Port>, Vec<Port>) {
        let mut graph = Graph::new(self.graph.precision);
        let mut ports = Vec::new();
        let cut = |shape: &[usize], axis: Option<usize>| -> Shape {
            shape.iter().enumerate().map(|(d, &n)| if Some(d) == axis { length } else { n }).collect()
        };
        let mut outside: Vec<Id> = Vec::new();
        for (&(id, axis), (port, _)) in group.operands.iter().zip(sources) {
            let node = self.graph.node(id);
            let shape = cut(&node.shape, axis);
            let mut port = port.clone();
            // A stretch of one element does not move.
            if let Some(strides) = &mut port.strides {
                strides.iter_mut().zip(&shape).filter(|(_, n)| **n == 1).for_each(|(s, _)| *s = 0);
            }
            outside.push(graph.input(format!("%{}", id.0), Role::Step, shape, node.ty));
            ports.push(port);
        }
        let mut inner: Vec<Option<Id>> = vec![None; self.graph.nodes.len()];
        for &id in &group.nodes {
            let node = self.graph.node(id);
            let part = tiling.parts[id.index()].as_ref();
            let axis = match part {
                Some(Part::Local { axis, .. }) => Some(*axis),
                _ => None,
            };
            let args: Vec<Id> = node
                .args
                .iter()
                .enumerate()
                .filter_map(|(i, &arg)| {
                    let along = part.and_then(|part| part.operands()[i]);
                    let place = group.operands.iter().position(|it| *it == (arg, along));
                    place.map(|place| outside[place]).or(inner[arg.index()])
                })
                .collect();
            let mut op = node.op.clone();
            if let (Op::Slice(ranges), Some(axis)) = (&mut op, axis) {
                ranges[axis] = Range::all(length);
            }
            let Node { shape, ty, .. } = node;
            inner[id.index()] = Some(graph.push(op, args, cut(shape, axis), *ty));
        }
        let mut outputs = Vec::new();
        for (&(id, axis), (port, _)) in group.results.iter().zip(targets) {
            let shape = cut(self.graph.shape(id), Some(axis));
            let mut port = port.clone();
            if let Some(strides) = &mut port.strides {
                strides.iter_mut().zip(&shape).filter(|(_, n)| **n == 1).for_each(|(s, _)| *s = 0);
                port.direct &= *strides == row_major(&shape);
            }
            graph.outputs.extend(inner[id.index()]);
            outputs.push(port);
        }
        for ((&id, place), &packed) in group.ends.iter().zip(partial).zip(sums) {
            graph.outputs.extend(inner[id.index()]);
            outputs.push(Port { storage: Storage::At(*place), strides: None, direct: true, packed });
        }
        (graph, ports, outputs)
    }
}

impl Group {
    /// A node of this loop is needed outside of it.
    fn needs(&mut self, id: Id, part: Option<&Part>) {
        if let Some(Part::Local { axis, .. }) = part
            && !self.results.contains(&(id, *axis))
        {
            self.results.push((id, *axis));
        }
    }
}

/// Copies a run of `n` elements.
fn copied(size: usize, n: usize, places: [Place; 2]) -> Instruction {
    let loops = if n == 1 { Vec::new() } else { vec![Stride { count: n, steps: [size as isize, size as isize, 0, 0] }] };
    Instruction::Copy(Box::new(Copy { size, places, loops }))
}
