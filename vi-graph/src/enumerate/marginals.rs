//! The probability of each value of each summed variable given everything else.

use super::Problem;
use super::eliminate::{Elimination, side_by_side};
use super::expect::total;
use super::factor::{Factor, gather};
use super::posterior::{batches, stack_order};
use super::tables::{Tables, tables};
use crate::diff::gradient;
use crate::error::Result;
use crate::ir::{Graph, Id, Reduce, Shape};

/// Variables with as many values and the same axes, ascending.
struct Kind {
    values: usize,
    axes: Vec<usize>,
    members: Vec<usize>,
}

/// Adds for each summed variable the probabilities of its values: of the shape of its batch, then one axis for
/// [`Variable::values`](super::Variable::values); nothing may be averaged.
///
/// With a table of zeros over each variable among the terms, the slope of the sum in it is the table of probabilities, as often as
/// the variable's plates count. One sweep back along the elimination finds all of them.
///
/// # Errors
/// As [`sum`](super::sum).
pub fn marginals(graph: &mut Graph, problem: &Problem) -> Result<Vec<Id>> {
    let batches = batches(graph, &problem.summed);
    let summed: Vec<_> = problem.summed.iter().collect();
    let Tables { variables, sizes, factors, .. } = tables(graph, &summed, &problem.terms, problem.limit)?;
    let mut factors: Vec<Factor> = factors.into_iter().map(|(_, factor)| factor).collect();
    // Variables that look alike share a stack of zeros, so that they are still eliminated as one.
    let mut kinds: Vec<Kind> = Vec::new();
    for (variable, info) in variables.iter().enumerate() {
        let mut axes = info.axes.clone();
        axes.sort_unstable();
        match kinds.iter_mut().find(|kind| kind.values == info.values && kind.axes == axes) {
            Some(kind) => kind.members.push(variable),
            None => kinds.push(Kind { values: info.values, axes, members: vec![variable] }),
        }
    }
    let mut zeros = Vec::with_capacity(kinds.len());
    for Kind { values, axes, members } in &kinds {
        let shape: Shape = [members.len(), *values].into_iter().chain(axes.iter().map(|&axis| sizes[axis])).collect();
        let stack = graph.full(0.0, shape);
        zeros.push(stack);
        factors.extend(members.iter().enumerate().map(|(index, &variable)| Factor {
            scope: vec![variable],
            axes: axes.clone(),
            stack,
            index,
            scale: variables[variable].scale,
            part: 0,
        }));
    }
    let eliminated = Elimination { graph, variables: &variables, sizes: &sizes, reduce: Reduce::LogSumExp, limit: problem.limit }
        .run(factors, 0..variables.len())?;
    let sums: Vec<Id> = side_by_side(graph, &eliminated.factors).iter().map(|side| total(graph, side.table, side.scale)).collect();
    let Some(sum) = sums.into_iter().reduce(|sum, more| graph.add(sum, more)) else { return Ok(Vec::new()) };
    let slopes = gradient(graph, sum, &zeros)?;
    let mut found = vec![sum; variables.len()];
    for ((Kind { values, members, .. }, slope), zero) in kinds.iter().zip(slopes).zip(zeros) {
        // Without a slope the sum would not depend on the variable, which every elimination makes it do.
        let slope = slope.unwrap_or(zero);
        for (index, &variable) in members.iter().enumerate() {
            let info = &variables[variable];
            // [1, values, axes..]
            let one = gather(graph, slope, &[index]);
            let order = stack_order(&info.axes);
            let order: Vec<usize> = std::iter::once(0).chain(order[1..].iter().map(|at| at + 1)).chain([1]).collect();
            let turned = graph.permute(one, &order);
            let shape: Shape = batches[variable].iter().copied().chain([*values]).collect();
            let table = graph.reshape(turned, shape);
            found[variable] = if info.scale == 1.0 { table } else { graph.mul_scalar(table, info.scale.recip()) };
        }
    }
    Ok(found)
}
