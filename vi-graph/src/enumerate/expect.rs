//! The sum over discrete variables, averaged over others.

use super::eliminate::{Elimination, Side, side_by_side};
use super::factor::Factor;
use super::tables::{Info, Tables, tables};
use super::{Problem, Term, Variable};
use crate::diff::gradient;
use crate::error::Result;
use crate::ir::{Compare, Graph, Id, Reduce};

/// See [`super::sum`].
pub(super) fn sum(graph: &mut Graph, problem: &Problem) -> Result<Vec<Id>> {
    let averaged = problem.averaged.len();
    let variables: Vec<&Variable> = problem.averaged.iter().map(|(variable, _)| variable).chain(&problem.summed).collect();
    // The probabilities of the averaged variables come first.
    let probabilities = problem.averaged.iter().map(|(_, node)| Term { node: *node, scale: 1.0, part: 0 });
    let terms: Vec<Term> = probabilities.chain(problem.terms.iter().copied()).collect();
    let Tables { variables, sizes, factors, constants } = tables(graph, &variables, &terms, problem.limit)?;
    let mut parts = Parts(vec![None; problem.terms.iter().map(|term| term.part + 1).max().unwrap_or(1)]);
    for term in constants.iter().filter(|&&at| at >= averaged).map(|&at| terms[at]) {
        let sum = total(graph, term.node, term.scale);
        parts.add(graph, term.part, sum);
    }
    let (weights, factors): (Vec<_>, Vec<_>) = factors.into_iter().partition(|(at, _)| *at < averaged);
    let factors = factors.into_iter().map(|(_, factor)| factor).collect();
    let eliminated = Elimination { graph, variables: &variables, sizes: &sizes, reduce: Reduce::LogSumExp, limit: problem.limit }
        .run(factors, averaged..variables.len())?;
    let (costs, sums): (Vec<Factor>, Vec<Factor>) = eliminated.factors.into_iter().partition(|factor| !factor.scope.is_empty());
    for side in side_by_side(graph, &sums) {
        let sum = total(graph, side.table, side.scale);
        parts.add(graph, side.part, sum);
    }
    let costs = side_by_side(graph, &costs);
    if !costs.is_empty() {
        let weights = weights.into_iter().map(|(_, factor)| factor).collect();
        average(graph, &variables[..averaged], &sizes, weights, &costs, problem.limit, &mut parts)?;
    }
    Ok(parts.0.into_iter().map(|part| part.unwrap_or_else(|| graph.full(0.0, [1]))).collect())
}

/// The results so far.
struct Parts(Vec<Option<Id>>);

impl Parts {
    fn add(&mut self, graph: &mut Graph, part: usize, more: Id) {
        self.0[part] = Some(match self.0[part] {
            Some(sum) => graph.add(sum, more),
            None => more,
        });
    }
}

/// All elements, as often as `scale` says: shape `[1]`.
pub(super) fn total(graph: &mut Graph, x: Id, scale: f64) -> Id {
    let sum = graph.sum_all(x);
    let sum = graph.reshape(sum, [1]);
    if scale == 1.0 { sum } else { graph.mul_scalar(sum, scale) }
}

/// Adds the means of `costs` where `weights` are the log-probabilities.
fn average(
    graph: &mut Graph,
    variables: &[Info],
    sizes: &[usize],
    weights: Vec<Factor>,
    costs: &[Side],
    limit: u64,
    parts: &mut Parts,
) -> Result<()> {
    let mut factors = weights;
    let mut zeros = Vec::with_capacity(costs.len());
    for cost in costs {
        let shape = graph.shape(cost.table).to_vec();
        let zero = graph.full(0.0, shape);
        zeros.push(zero);
        for (index, scope) in cost.scopes.iter().enumerate() {
            factors.push(Factor { scope: scope.clone(), axes: cost.axes.clone(), stack: zero, index, scale: 1.0, part: 0 });
        }
    }
    // Probabilities, not densities of a subsample: nothing is scaled.
    let plain: Vec<Info> = variables.iter().map(|info| Info { scale: 1.0, ..info.clone() }).collect();
    let eliminated = Elimination { graph, variables: &plain, sizes, reduce: Reduce::LogSumExp, limit }.run(factors, 0..variables.len())?;
    let mut log_total = Parts(vec![None]);
    for side in side_by_side(graph, &eliminated.factors) {
        let sum = total(graph, side.table, 1.0);
        log_total.add(graph, 0, sum);
    }
    let Some(log_total) = log_total.0[0] else { return Ok(()) };
    let marginals = gradient(graph, log_total, &zeros)?;
    for (cost, marginal) in costs.iter().zip(marginals) {
        let Some(marginal) = marginal else { continue };
        // What cannot happen costs nothing, also where its density is 0.
        let zero = graph.full_like(0.0, marginal);
        let possible = graph.compare(Compare::Greater, marginal, zero);
        let there = graph.select(possible, cost.table, zero);
        let weighted = graph.mul(marginal, there);
        let mean = total(graph, weighted, cost.scale);
        parts.add(graph, cost.part, mean);
    }
    Ok(())
}
