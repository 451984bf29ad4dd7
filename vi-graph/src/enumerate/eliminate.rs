//! Variable elimination: in each round, variables that do not meet are reduced out of the product of their tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::factor::{Factor, gather};
use super::tables::{Info, entries, within};
use crate::error::{Error, Result};
use crate::ir::{Graph, Id, Reduce, Shape};

/// Up to here a table is so small that the number of operations decides, not their size: a variable between two others is
/// then eliminated although one at an end would take a smaller table, which makes the rounds of a chain logarithmic.
const SMALL: u128 = 4096;

/// Variables that were eliminated by one operation.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The joint table: `[members, values of the neighbours.., axes.., values]`.
    pub(super) joint: Id,
    /// The axes, ascending.
    pub(super) axes: Vec<usize>,
    /// The eliminated variable and its neighbours, for each member.
    pub(super) members: Vec<(usize, Vec<usize>)>,
}

/// What is left when variables are eliminated.
#[derive(Clone, Debug)]
pub(super) struct Eliminated {
    /// Tables over variables that are kept, or over none.
    pub(super) factors: Vec<Factor>,
    /// In the order in which they were done.
    pub(super) steps: Vec<Step>,
}

/// Sums and reductions over tables.
pub(super) struct Elimination<'a> {
    pub(super) graph: &'a mut Graph,
    pub(super) variables: &'a [Info],
    /// The sizes of the axes.
    pub(super) sizes: &'a [usize],
    pub(super) reduce: Reduce,
    pub(super) limit: u64,
}

/// The elimination of one variable, before it is done.
struct Plan {
    variable: usize,
    neighbours: Vec<usize>,
    /// Which factors, in the order of their stacks.
    factors: Vec<usize>,
    entries: u128,
}

impl Elimination<'_> {
    /// Reduces `which` out of the product of `factors`.
    pub(super) fn run(mut self, factors: Vec<Factor>, which: impl IntoIterator<Item = usize>) -> Result<Eliminated> {
        let mut live: Vec<Option<Factor>> = factors.into_iter().map(Some).collect();
        let mut of_variable: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.variables.len()];
        for (at, factor) in live.iter().enumerate() {
            for &variable in factor.iter().flat_map(|factor| &factor.scope) {
                of_variable[variable].insert(at);
            }
        }
        let mut remaining: BTreeSet<usize> = which.into_iter().filter(|&variable| !of_variable[variable].is_empty()).collect();
        let mut steps = Vec::new();
        while !remaining.is_empty() {
            let mut chosen: BTreeMap<String, Vec<Plan>> = BTreeMap::new();
            for plan in self.round(&live, &of_variable, &remaining)? {
                let key = self.signature(&plan, &live);
                chosen.entry(key).or_default().push(plan);
            }
            for plans in chosen.into_values() {
                let step = self.eliminate(&plans, &mut live)?;
                for (member, plan) in plans.iter().enumerate() {
                    remaining.remove(&plan.variable);
                    for &factor in &plan.factors {
                        for variable in live[factor].take().into_iter().flat_map(|factor| factor.scope) {
                            of_variable[variable].remove(&factor);
                        }
                    }
                    for &neighbour in &plan.neighbours {
                        of_variable[neighbour].insert(live.len());
                    }
                    live.push(Some(Factor {
                        scope: plan.neighbours.clone(),
                        axes: step.axes.clone(),
                        stack: step.joint,
                        index: member,
                        scale: self.variables[plan.variable].scale,
                        part: 0,
                    }));
                }
                let reduced = self.reduced(&step);
                let first = live.len() - plans.len();
                live[first..].iter_mut().flatten().for_each(|factor| factor.stack = reduced);
                steps.push(step);
            }
        }
        Ok(Eliminated { factors: live.into_iter().flatten().collect(), steps })
    }

    /// Variables that do not meet one another, each with the least table or a small one.
    fn round(&self, live: &[Option<Factor>], of_variable: &[BTreeSet<usize>], remaining: &BTreeSet<usize>) -> Result<Vec<Plan>> {
        let mut plans = Vec::new();
        for &variable in remaining {
            plans.extend(self.plan(variable, live, &of_variable[variable], remaining)?);
        }
        let Some(least) = plans.iter().min_by_key(|plan| plan.entries) else {
            let names: Vec<String> = remaining.iter().map(|&variable| format!("`{}`", self.variables[variable].name)).collect();
            let problem = format!("its plates cross those of another variable, among {}", names.join(", "));
            let first = remaining.first().copied().unwrap_or_default();
            return Err(Error::Coupled { variable: self.variables[first].name.clone(), problem });
        };
        let names = std::iter::once(least.variable).chain(least.neighbours.iter().copied());
        within(self.limit, least.entries, names.map(|variable| self.variables[variable].name.clone()))?;
        let bound = least.entries;
        let small = SMALL.min(u128::from(self.limit));
        let mut touched: BTreeSet<usize> = BTreeSet::new();
        plans.retain(|plan| {
            let cheap = plan.entries <= bound || (plan.entries <= small && plan.neighbours.len() <= 2);
            let apart = !touched.contains(&plan.variable) && !plan.neighbours.iter().any(|neighbour| touched.contains(neighbour));
            if cheap && apart {
                touched.insert(plan.variable);
            }
            cheap && apart
        });
        Ok(plans)
    }

    /// How `variable` would be eliminated; absent where another one must go first.
    fn plan(
        &self,
        variable: usize,
        live: &[Option<Factor>],
        factors: &BTreeSet<usize>,
        remaining: &BTreeSet<usize>,
    ) -> Result<Option<Plan>> {
        let own = &self.variables[variable];
        let mut neighbours: BTreeSet<usize> = BTreeSet::new();
        for factor in factors.iter().filter_map(|&at| live[at].as_ref()) {
            neighbours.extend(&factor.scope);
        }
        neighbours.remove(&variable);
        for &neighbour in &neighbours {
            let other = &self.variables[neighbour];
            let outside = other.axes.iter().any(|axis| !own.axes.contains(axis));
            let inner = outside || other.plates.iter().any(|plate| !own.plates.contains(plate));
            if inner && remaining.contains(&neighbour) {
                return Ok(None);
            }
            if outside {
                let problem = format!(
                    "every element of `{}` stays and meets it: summing it out would take a table over all of them together",
                    other.name
                );
                return Err(Error::Coupled { variable: own.name.clone(), problem });
            }
        }
        let values = neighbours.iter().chain([&variable]).map(|&v| self.variables[v].values);
        let entries = entries(values.chain(own.axes.iter().map(|&axis| self.sizes[axis])));
        let mut factors: Vec<usize> = factors.iter().copied().collect();
        factors.sort_by_key(|&at| live[at].as_ref().map(|factor| (factor.stack, factor.index)));
        Ok(Some(Plan { variable, neighbours: neighbours.into_iter().collect(), factors, entries }))
    }

    /// Eliminations with equal signatures are one operation.
    fn signature(&self, plan: &Plan, live: &[Option<Factor>]) -> String {
        let own = &self.variables[plan.variable];
        let place = |variable: &usize| plan.neighbours.iter().position(|neighbour| neighbour == variable);
        let tables: Vec<_> = plan
            .factors
            .iter()
            .filter_map(|&at| live[at].as_ref())
            .map(|factor| (factor.stack, factor.scope.iter().map(place).collect::<Vec<_>>(), &factor.axes, factor.scale.to_bits()))
            .collect();
        let mut axes = own.axes.clone();
        axes.sort_unstable();
        format!("{axes:?}{}{tables:?}", own.scale.to_bits())
    }

    /// The joint tables of plans of one signature.
    fn eliminate(&mut self, plans: &[Plan], live: &mut [Option<Factor>]) -> Result<Step> {
        let first = &plans[0];
        let own = &self.variables[first.variable];
        let mut axes = own.axes.clone();
        axes.sort_unstable();
        let mut shape: Shape = vec![plans.len()];
        shape.extend(first.neighbours.iter().map(|&v| self.variables[v].values));
        shape.extend(axes.iter().map(|&axis| self.sizes[axis]));
        shape.push(own.values);
        let mut joint: Option<Id> = None;
        for slot in 0..first.factors.len() {
            let members: Vec<&Factor> = plans.iter().filter_map(|plan| live[plan.factors[slot]].as_ref()).collect();
            let Some(factor) = members.first() else { continue };
            let indices: Vec<usize> = members.iter().map(|factor| factor.index).collect();
            let place = |variable: &usize| first.neighbours.iter().position(|neighbour| neighbour == variable);
            // Where each dimension of the table goes; the variable itself is the last.
            let last = shape.len() - 1;
            let mut to: Vec<usize> = vec![0];
            to.extend(factor.scope.iter().map(|variable| place(variable).map_or(last, |at| at + 1)));
            let more: Vec<usize> = (0..factor.axes.len()).filter(|&at| !axes.contains(&factor.axes[at])).map(|at| at + to.len()).collect();
            let kept: Vec<usize> = factor.axes.iter().filter_map(|axis| axes.iter().position(|own| own == axis)).collect();
            let mut from: Vec<usize> = (0..to.len() + factor.axes.len()).filter(|at| !more.contains(at)).collect();
            to.extend(kept.iter().map(|at| at + 1 + first.neighbours.len()));
            let weight = factor.scale / own.scale;
            let gathered = gather(self.graph, factor.stack, &indices);
            let summed = self.graph.sum(gathered, &more);
            let weighted = if weight == 1.0 { summed } else { self.graph.mul_scalar(summed, weight) };
            let mut order: Vec<usize> = (0..from.len()).collect();
            order.sort_by_key(|&at| to[at]);
            from = order.iter().map(|&at| from[at]).chain(more.iter().copied()).collect();
            let turned = self.graph.permute(weighted, &from);
            let mut lined = vec![1; shape.len()];
            for (at, &dimension) in order.iter().enumerate() {
                lined[to[dimension]] = self.graph.shape(turned)[at];
            }
            let lined = self.graph.reshape(turned, lined);
            let full = self.graph.expand(lined, shape.clone());
            joint = Some(match joint {
                Some(joint) => self.graph.add(joint, full),
                None => full,
            });
        }
        let joint = joint.unwrap_or_else(|| self.graph.full(0.0, shape));
        let members = plans.iter().map(|plan| (plan.variable, plan.neighbours.clone())).collect();
        Ok(Step { joint, axes, members })
    }

    /// The joint table without the variable.
    fn reduced(&mut self, step: &Step) -> Id {
        let mut shape = self.graph.shape(step.joint).to_vec();
        let reduced = self.graph.reduce(self.reduce, step.joint, &[shape.len() - 1]);
        shape.pop();
        self.graph.reshape(reduced, shape)
    }
}

/// Factors of the same kind: their members, side by side.
pub(super) struct Side {
    /// `[members, values.., axes..]`
    pub(super) table: Id,
    pub(super) axes: Vec<usize>,
    pub(super) scopes: Vec<Vec<usize>>,
    pub(super) scale: f64,
    pub(super) part: usize,
}

/// All `factors`, those of one stack together.
pub(super) fn side_by_side(graph: &mut Graph, factors: &[Factor]) -> Vec<Side> {
    let mut groups: Vec<Vec<&Factor>> = Vec::new();
    let mut known: HashMap<(Id, u64, Vec<usize>, usize), usize> = HashMap::new();
    for factor in factors {
        let group = *known.entry((factor.stack, factor.scale.to_bits(), factor.axes.clone(), factor.part)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(factor);
    }
    let mut sides = Vec::with_capacity(groups.len());
    for group in groups {
        let indices: Vec<usize> = group.iter().map(|factor| factor.index).collect();
        let gathered = gather(graph, group[0].stack, &indices);
        let mut shape = graph.shape(gathered).to_vec();
        shape[0] = group.len();
        let table = graph.expand(gathered, shape);
        let scopes = group.iter().map(|factor| factor.scope.clone()).collect();
        sides.push(Side { table, axes: group[0].axes.clone(), scopes, scale: group[0].scale, part: group[0].part });
    }
    sides
}
