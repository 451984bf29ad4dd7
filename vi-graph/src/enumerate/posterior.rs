//! Values of the summed variables given everything else: draws from their posterior, or its mode.

use std::collections::HashMap;

use super::eliminate::{Elimination, Step};
use super::factor::{gather, stacked};
use super::tables::tables;
use super::{Problem, Variable};
use crate::error::Result;
use crate::ir::{Graph, Id, Input, NoiseKind, Op, Reduce, Role, Shape, Stream, Type, Unary};

/// Which values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A draw from the posterior; its noise is an input for each variable, uniform, from the stream of call `call` at the
    /// site that has the variable's name.
    Draw {
        /// Which request of the site.
        call: u64,
    },
    /// The most probable joint value.
    Mode,
}

/// Adds for each summed variable the position of its value among [`Variable::values`](super::Variable::values), of the shape
/// of its batch; nothing may be averaged.
///
/// # Errors
/// As [`sum`](super::sum).
pub fn posterior(graph: &mut Graph, problem: &Problem, choice: Choice) -> Result<Vec<Id>> {
    let variables: Vec<_> = problem.summed.iter().collect();
    let batches = batches(graph, &problem.summed);
    let tables = tables(graph, &variables, &problem.terms, problem.limit)?;
    let factors = tables.factors.into_iter().map(|(_, factor)| factor).collect();
    let reduce = if choice == Choice::Mode { Reduce::Max } else { Reduce::LogSumExp };
    let elimination = Elimination { graph, variables: &tables.variables, sizes: &tables.sizes, reduce, limit: problem.limit };
    let steps = elimination.run(factors, 0..variables.len())?.steps;
    let mut backward = Backward { graph, axes: tables.variables.iter().map(|info| &info.axes[..]).collect(), chosen: HashMap::new() };
    for step in steps.iter().rev() {
        let noise = match choice {
            Choice::Mode => None,
            Choice::Draw { call } => {
                let values = backward.graph.shape(step.joint).last().copied().unwrap_or(1);
                let names = step.members.iter().map(|(variable, _)| problem.summed[*variable].name.clone());
                Some(names.map(|site| Noise { stream: Stream { site, call }, values }).collect::<Vec<_>>())
            }
        };
        backward.step(step, noise, &tables.sizes);
    }
    let mut positions = Vec::with_capacity(variables.len());
    for (variable, batch) in batches.into_iter().enumerate() {
        positions.push(match backward.chosen.get(&variable) {
            Some(&(stack, index)) => {
                let order = stack_order(&tables.variables[variable].axes);
                let one = gather(backward.graph, stack, &[index]);
                let turned = backward.graph.permute(one, &order);
                backward.graph.reshape(turned, batch)
            }
            None => backward.graph.push(Op::Full(crate::ir::Scalar::Int(0)), [], batch, Type::Int),
        });
    }
    Ok(positions)
}

/// The batch shape of each variable.
pub(super) fn batches(graph: &Graph, variables: &[Variable]) -> Vec<Shape> {
    let batch = |variable: &Variable| {
        let shape = graph.nodes.iter().find(|node| node.op == Op::Input(variable.input)).map(|node| node.shape.clone());
        let mut shape = shape.unwrap_or_default();
        shape.truncate(shape.len().saturating_sub(variable.event_rank));
        shape
    };
    variables.iter().map(batch).collect()
}

/// From a stack `[members, axes..]`, whose axes are ascending, to the order of the variable's own batch.
pub(super) fn stack_order(own: &[usize]) -> Vec<usize> {
    let mut sorted = own.to_vec();
    sorted.sort_unstable();
    let place = |axis: &usize| 1 + sorted.iter().position(|other| other == axis).unwrap_or_default();
    std::iter::once(0).chain(own.iter().map(place)).collect()
}

/// The noise of one variable.
struct Noise {
    stream: Stream,
    values: usize,
}

/// From the variables that were eliminated last to those that were first.
struct Backward<'a> {
    graph: &'a mut Graph,
    axes: Vec<&'a [usize]>,
    /// The chosen positions: a stack `[members, axes..]` with ascending axes, and which member.
    chosen: HashMap<usize, (Id, usize)>,
}

impl Backward<'_> {
    fn step(&mut self, step: &Step, noise: Option<Vec<Noise>>, sizes: &[usize]) {
        let neighbours = step.members[0].1.len();
        let mut table = step.joint;
        for slot in 0..neighbours {
            let positions: Vec<(Id, Vec<usize>)> = step
                .members
                .iter()
                .filter_map(|(_, neighbours)| {
                    let variable = neighbours[slot];
                    let (stack, index) = *self.chosen.get(&variable)?;
                    let mut axes = self.axes[variable].to_vec();
                    axes.sort_unstable();
                    let one = gather(self.graph, stack, &[index]);
                    Some((one, axes))
                })
                .collect();
            table = self.given(table, 1 + slot, &step.axes, neighbours, &positions);
        }
        // [members, 1.., axes.., values]
        let shape = self.graph.shape(table).to_vec();
        let kept: Shape = std::iter::once(shape[0]).chain(shape[1 + neighbours..].iter().copied()).collect();
        let mut logits = self.graph.reshape(table, kept.clone());
        if let Some(noise) = noise {
            let gumbel = self.gumbel(noise, &kept, &step.axes, sizes);
            logits = self.graph.add(logits, gumbel);
        }
        let last = kept.len() - 1;
        let mut single = kept.clone();
        single[last] = 1;
        let best = self.graph.push(Op::ArgMax(last), [logits], single, Type::Int);
        let best = self.graph.reshape(best, &kept[..last]);
        for (index, (variable, _)) in step.members.iter().enumerate() {
            self.chosen.insert(*variable, (best, index));
        }
    }

    /// The table where the neighbour of dimension `at` has the chosen positions.
    fn given(&mut self, table: Id, at: usize, axes: &[usize], neighbours: usize, positions: &[(Id, Vec<usize>)]) -> Id {
        let mut wanted = self.graph.shape(table).to_vec();
        wanted[at] = 1;
        let parts: Vec<Id> = positions
            .iter()
            .map(|(one, own)| {
                let mut lined = vec![1; wanted.len()];
                for axis in own {
                    if let Some(place) = axes.iter().position(|other| other == axis) {
                        lined[1 + neighbours + place] = wanted[1 + neighbours + place];
                    }
                }
                let lined = self.graph.reshape(*one, lined);
                let mut full = wanted.clone();
                full[0] = 1;
                self.graph.expand(lined, full)
            })
            .collect();
        let index = self.graph.concat(&parts, 0);
        self.graph.gather(table, at, index)
    }

    /// `−ln(−ln u)`, the uniforms of each variable from its own stream.
    fn gumbel(&mut self, noise: Vec<Noise>, shape: &[usize], axes: &[usize], sizes: &[usize]) -> Id {
        let parts: Vec<Id> = noise
            .into_iter()
            .map(|Noise { stream, values }| {
                let shape: Shape = axes.iter().map(|&axis| sizes[axis]).chain([values]).collect();
                let name = format!("{} noise {}", stream.site, stream.call);
                self.graph.inputs.push(Input { name, role: Role::Noise(stream, NoiseKind::Uniform) });
                self.graph.push(Op::Input(self.graph.inputs.len() - 1), [], shape, Type::Float)
            })
            .collect();
        let u = stacked(self.graph, &parts);
        let u = self.graph.reshape(u, shape);
        let minus = self.graph.neg(u);
        let tail = self.graph.unary(Unary::Log1p, minus);
        let exponential = self.graph.neg(tail);
        let log = self.graph.unary(Unary::Log, exponential);
        self.graph.neg(log)
    }
}
