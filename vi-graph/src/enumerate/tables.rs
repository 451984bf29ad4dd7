//! Log densities for all values of the variables that they depend on.
//!
//! Densities that look alike up to the nodes that they begin with, such as the transitions of a chain, are one computation
//! with a first axis for the members.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::align::{Along, Dependence, Source, dependences};
use super::factor::{Factor, stacked};
use super::{Term, Variable};
use crate::batch::batch_inputs;
use crate::error::{Error, Result};
use crate::ir::{Data, Graph, Id, Input, Node, Op, Role, Shape};
use crate::optimise::{optimise, representatives};

/// What elimination needs to know of a variable.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub(super) name: String,
    pub(super) values: usize,
    /// The axes of independent elements, by the number that all tables use, in the order of the variable's own.
    pub(super) axes: Vec<usize>,
    /// The plates, as the caller numbers them.
    pub(super) plates: Vec<usize>,
    pub(super) scale: f64,
}

/// Variables and tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) variables: Vec<Info>,
    /// The sizes of the axes.
    pub(super) sizes: Vec<usize>,
    /// One for each term that depends on a variable, and where the term stands in the list.
    pub(super) factors: Vec<(usize, Factor)>,
    /// The terms that depend on none.
    pub(super) constants: Vec<usize>,
}

/// The entries of a table of these sizes; as many as can be counted, where there are more.
pub(super) fn entries(sizes: impl Iterator<Item = usize>) -> u128 {
    sizes.fold(1, |product: u128, size| product.saturating_mul(size as u128))
}

/// Whether `entries` are within the limit.
pub(super) fn within(limit: u64, entries: u128, names: impl Iterator<Item = String>) -> Result<()> {
    if entries <= u128::from(limit) {
        return Ok(());
    }
    const SHOWN: usize = 6;
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(SHOWN);
    let mut variables = names[..names.len().min(SHOWN)].join(", ");
    if more > 0 {
        variables += &format!(" and {more} more");
    }
    Err(Error::TooLarge { variables, entries, limit })
}

/// The tables of `terms`, each with its scale.
pub(super) fn tables(graph: &mut Graph, variables: &[&Variable], terms: &[Term], limit: u64) -> Result<Tables> {
    let mut shapes: Vec<Shape> = vec![Vec::new(); variables.len()];
    for node in &graph.nodes {
        if let Op::Input(input) = node.op {
            for (shape, _) in shapes.iter_mut().zip(variables).filter(|(_, variable)| variable.input == input) {
                shape.clone_from(&node.shape);
            }
        }
    }
    let batches: Vec<&[usize]> =
        shapes.iter().zip(variables).map(|(shape, variable)| &shape[..shape.len().saturating_sub(variable.event_rank)]).collect();
    let sources: Vec<Source<'_>> =
        variables.iter().zip(&batches).map(|(variable, &batch)| Source { input: variable.input, batch }).collect();
    let dependent = dependences(graph, &sources);
    let first = representatives(graph);
    let mut tables = Tables::default();
    let axes = Axes::of(graph, variables, &batches, terms, &dependent)?;
    tables.sizes.clone_from(&axes.sizes);
    tables.variables = variables
        .iter()
        .enumerate()
        .map(|(at, variable)| Info {
            name: variable.name.clone(),
            values: variable.values.len(),
            axes: axes.of_variables[at].clone(),
            plates: variable.plates.clone(),
            scale: variable.scale,
        })
        .collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for (at, &Term { node, scale, part: result }) in terms.iter().enumerate() {
        if dependent[node.index()].is_empty() {
            tables.constants.push(at);
            continue;
        }
        let mut part = Part::of(graph, node, &dependent, &first, variables);
        part.term = at;
        let mut key = format!("{:?}|", axes.of_terms[at]);
        for node in &part.nodes {
            let _ = write!(key, "{:?}{:?}{:?}{:?};", node.op, node.args, node.shape, node.ty);
        }
        for &leaf in &part.leaves {
            let _ = write!(key, "{:?}{:?}{};", graph.shape(leaf), graph.ty(leaf), origin(graph, leaf));
        }
        for &variable in &part.variables {
            let _ = write!(key, "{:?}{:?};", shapes[variable], variables[variable].values);
        }
        let entries = entries(part.variables.iter().map(|&v| variables[v].values.len()).chain([graph.node(node).len()]));
        within(limit, entries, part.variables.iter().map(|&v| variables[v].name.clone()))?;
        let group = *known.entry(key).or_insert_with(|| {
            groups.push(Group { axes: axes.of_terms[at].clone(), members: Vec::new() });
            groups.len() - 1
        });
        part.scale = scale;
        part.result = result;
        groups[group].members.push(part);
    }
    for group in groups {
        group.evaluate(graph, variables, &shapes, &mut tables.factors)?;
    }
    Ok(tables)
}

/// Axes along which variables and terms have independent elements, joined where they meet.
struct Axes {
    sizes: Vec<usize>,
    /// For each variable the joined axis of each of its axes that is longer than 1.
    of_variables: Vec<Vec<usize>>,
    /// For each term which of its axes is which joined axis.
    of_terms: Vec<Vec<Option<usize>>>,
}

impl Axes {
    fn of(graph: &Graph, variables: &[&Variable], batches: &[&[usize]], terms: &[Term], dependent: &[Vec<Dependence>]) -> Result<Self> {
        let mut joined: Vec<usize> = Vec::new();
        let mut fresh = || {
            joined.push(joined.len());
            joined.len() - 1
        };
        let of_variables: Vec<Vec<Option<usize>>> =
            batches.iter().map(|batch| batch.iter().map(|&size| (size > 1).then(&mut fresh)).collect()).collect();
        let mut of_terms: Vec<Vec<Option<usize>>> = terms.iter().map(|term| vec![None; graph.shape(term.node).len()]).collect();
        for (places, Term { node, .. }) in of_terms.iter_mut().zip(terms) {
            for dependence in &dependent[node.index()] {
                let own = &of_variables[dependence.variable];
                let sizes = batches[dependence.variable];
                for ((along, own), size) in dependence.along.iter().zip(own).zip(sizes) {
                    let Some(own) = *own else { continue };
                    let place = match *along {
                        Along::Axis { axis, inner: 1 } if graph.shape(*node)[axis] == *size => &mut places[axis],
                        _ => {
                            let variable = variables[dependence.variable];
                            let problem = format!(
                                "a log density of shape {:?} depends on several of its elements at once; draw each at a site of its own, \
                                 as in `sample!(\"{}\"[i], ..)`",
                                graph.shape(*node),
                                variable.name
                            );
                            return Err(Error::Coupled { variable: variable.name.clone(), problem });
                        }
                    };
                    match *place {
                        Some(other) => {
                            let (a, b) = (root(&joined, other), root(&joined, own));
                            joined[a.max(b)] = a.min(b);
                        }
                        None => *place = Some(own),
                    }
                }
            }
        }
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut sizes = Vec::new();
        let mut number = |slot: usize, size: usize| {
            *numbers.entry(root(&joined, slot)).or_insert_with(|| {
                sizes.push(size);
                sizes.len() - 1
            })
        };
        let numbered: Vec<Vec<usize>> = of_variables
            .iter()
            .zip(batches)
            .map(|(own, batch)| own.iter().zip(*batch).filter_map(|(slot, &size)| slot.map(|slot| number(slot, size))).collect())
            .collect();
        let of_terms: Vec<Vec<Option<usize>>> = of_terms
            .iter()
            .zip(terms)
            .map(|(places, Term { node, .. })| {
                places.iter().zip(graph.shape(*node)).map(|(slot, &size)| slot.map(|slot| number(slot, size))).collect()
            })
            .collect();
        let twice = |axes: &[usize]| axes.iter().enumerate().any(|(i, axis)| axes[..i].contains(axis));
        for (variable, axes) in variables.iter().zip(&numbered) {
            let terms = of_terms.iter().any(|places| twice(&places.iter().flatten().copied().collect::<Vec<_>>()));
            if twice(axes) || terms {
                let problem = "one of its axes meets another one of the same plate".to_owned();
                return Err(Error::Coupled { variable: variable.name.clone(), problem });
            }
        }
        Ok(Axes { sizes, of_variables: numbered, of_terms })
    }
}

fn root(joined: &[usize], mut at: usize) -> usize {
    while joined[at] != at {
        at = joined[at];
    }
    at
}

/// What a node is computed from, within one term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Node(usize),
    Leaf(usize),
    Variable(usize),
}

/// A node that depends on a variable.
struct Dependent {
    op: Op,
    args: Vec<From>,
    shape: Shape,
    ty: crate::ir::Type,
}

/// The part of a term that depends on variables, in an order that its structure alone decides.
#[derive(Default)]
struct Part {
    term: usize,
    scale: f64,
    result: usize,
    nodes: Vec<Dependent>,
    /// The nodes at which it begins.
    leaves: Vec<Id>,
    variables: Vec<usize>,
}

impl Part {
    fn of(graph: &Graph, term: Id, dependent: &[Vec<Dependence>], first: &[Id], variables: &[&Variable]) -> Part {
        let mut part = Part::default();
        let mut places: HashMap<Id, From> = HashMap::new();
        let mut open = vec![term];
        while let Some(&id) = open.last() {
            if places.contains_key(&id) {
                open.pop();
                continue;
            }
            let node = graph.node(id);
            if dependent[id.index()].is_empty() {
                let leaf = first[id.index()];
                let at = part.leaves.iter().position(|&known| known == leaf).unwrap_or_else(|| {
                    part.leaves.push(leaf);
                    part.leaves.len() - 1
                });
                places.insert(id, From::Leaf(at));
                continue;
            }
            if let Op::Input(input) = node.op {
                let variable = variables.iter().position(|variable| variable.input == input).unwrap_or_default();
                let at = part.variables.iter().position(|&known| known == variable).unwrap_or_else(|| {
                    part.variables.push(variable);
                    part.variables.len() - 1
                });
                places.insert(id, From::Variable(at));
                continue;
            }
            let missing: Vec<Id> = node.args.iter().rev().filter(|arg| !places.contains_key(arg)).copied().collect();
            if missing.is_empty() {
                let args = node.args.iter().map(|arg| places[arg]).collect();
                places.insert(id, From::Node(part.nodes.len()));
                part.nodes.push(Dependent { op: node.op.clone(), args, shape: node.shape.clone(), ty: node.ty });
            }
            open.extend(missing);
        }
        part
    }
}

/// What a leaf is taken from: parts of one array can be stacked as they lie there.
fn origin(graph: &Graph, leaf: Id) -> String {
    let node = graph.node(leaf);
    match node.op {
        Op::Reshape => origin(graph, node.args[0]),
        Op::Slice(_) => format!("part of %{}", node.args[0].0),
        _ => node.op.name().to_owned(),
    }
}

/// Terms of one structure.
struct Group {
    axes: Vec<Option<usize>>,
    members: Vec<Part>,
}

impl Group {
    /// Adds the tables of all members to `graph`, and a factor for each.
    fn evaluate(self, graph: &mut Graph, variables: &[&Variable], shapes: &[Shape], factors: &mut Vec<(usize, Factor)>) -> Result<()> {
        let part = &self.members[0];
        let leaves = part.leaves.len();
        let shared: Vec<bool> = (0..leaves).map(|leaf| self.members.iter().all(|other| other.leaves[leaf] == part.leaves[leaf])).collect();
        let mut own = fragment(graph, part, variables, shapes, &shared);
        for (slot, &variable) in part.variables.iter().enumerate() {
            own = batched(own, variables[variable].values.len(), |input| input == leaves + slot)?;
        }
        let count = if shared.iter().all(|&shared| shared) { 1 } else { self.members.len() };
        own = batched(own, count, |input| input < leaves && !shared[input])?;
        let mut values: Vec<Id> = Vec::with_capacity(own.inputs.len());
        for (leaf, &shared) in shared.iter().enumerate() {
            let parts: Vec<Id> = self.members.iter().map(|member| member.leaves[leaf]).collect();
            values.push(if shared { parts[0] } else { stacked(graph, &parts) });
        }
        for &variable in &part.variables {
            values.push(table(graph, variables[variable], &shapes[variable]));
        }
        let output = splice(graph, &own, &values);
        let stack = arranged(graph, output, part.variables.len(), &self.axes);
        let mut axes: Vec<usize> = self.axes.iter().flatten().copied().collect();
        axes.sort_unstable();
        for (index, member) in self.members.into_iter().enumerate() {
            let index = if count == 1 { 0 } else { index };
            factors.push((
                member.term,
                Factor { scope: member.variables, axes: axes.clone(), stack, index, scale: member.scale, part: member.result },
            ));
        }
        Ok(())
    }
}

/// The part as a graph of its own; its inputs are the leaves, then the variables, whose batch axes have size 1.
fn fragment(graph: &Graph, part: &Part, variables: &[&Variable], shapes: &[Shape], shared: &[bool]) -> Graph {
    let mut own = Graph::new(graph.precision);
    let mut leaves = Vec::with_capacity(part.leaves.len());
    for (&leaf, shared) in part.leaves.iter().zip(shared) {
        leaves.push(match &graph.node(leaf).op {
            // Numbers that the fragment should know; those of the other members may be others.
            Op::Full(value) if *shared => {
                own.inputs.push(Input { name: String::new(), role: Role::Data });
                own.push(Op::Full(*value), [], graph.shape(leaf).to_vec(), graph.ty(leaf))
            }
            _ => own.input("", Role::Data, graph.shape(leaf).to_vec(), graph.ty(leaf)),
        });
    }
    let mut places = Vec::with_capacity(part.variables.len());
    for &variable in &part.variables {
        let Variable { values, event_rank, .. } = variables[variable];
        let shape = &shapes[variable];
        let value = own.input("", Role::Step, single(shape, *event_rank), values[0].ty());
        places.push(own.expand(value, shape.clone()));
    }
    let mut nodes: Vec<Id> = Vec::with_capacity(part.nodes.len());
    for node in &part.nodes {
        let args: Vec<Id> = node
            .args
            .iter()
            .map(|from| match *from {
                From::Node(at) => nodes[at],
                From::Leaf(at) => leaves[at],
                From::Variable(at) => places[at],
            })
            .collect();
        nodes.push(own.push(node.op.clone(), args, node.shape.clone(), node.ty));
    }
    own.outputs.extend(nodes.last().copied().or_else(|| places.last().copied()));
    optimise(&own)
}

/// `shape` with batch axes of size 1.
fn single(shape: &[usize], event_rank: usize) -> Shape {
    let batch = shape.len().saturating_sub(event_rank);
    shape.iter().enumerate().map(|(axis, &size)| if axis < batch { 1 } else { size }).collect()
}

/// With a first axis for the values of the chosen inputs, also where nothing depends on them.
fn batched(graph: Graph, lanes: usize, chosen: impl Fn(usize) -> bool) -> Result<Graph> {
    let chosen: Vec<bool> = (0..graph.inputs.len()).map(chosen).collect();
    let batched = batch_inputs(&graph, lanes, &chosen)?;
    let mut graph = batched.graph;
    if batched.batched.first() == Some(&false) {
        let shape: Shape = std::iter::once(lanes).chain(graph.shape(graph.outputs[0]).iter().copied()).collect();
        graph.outputs[0] = graph.broadcast(graph.outputs[0], shape);
    }
    Ok(graph)
}

/// The values of a variable: `[values, 1.., event]`.
fn table(graph: &mut Graph, variable: &Variable, shape: &[usize]) -> Id {
    let shape: Shape = std::iter::once(variable.values.len()).chain(single(shape, variable.event_rank)).collect();
    let ty = variable.values[0].ty();
    let mut data = variable.values[0].clone();
    for value in &variable.values[1..] {
        match (&mut data, value) {
            (Data::Float(all), Data::Float(more)) => all.extend(more),
            (Data::Int(all), Data::Int(more)) => all.extend(more),
            (Data::Bool(all), Data::Bool(more)) => all.extend(more),
            _ => {}
        }
    }
    graph.push(Op::Constant(Arc::new(data)), [], shape, ty)
}

/// Copies `own` into `graph` with `values` for its inputs; gives back its output.
fn splice(graph: &mut Graph, own: &Graph, values: &[Id]) -> Id {
    let mut places: Vec<Id> = Vec::with_capacity(own.nodes.len());
    for Node { op, args, shape, ty } in &own.nodes {
        places.push(match op {
            Op::Input(input) => values[*input],
            _ => graph.push(op.clone(), args.iter().map(|arg| places[arg.index()]).collect::<Vec<_>>(), shape.clone(), *ty),
        });
    }
    places[own.outputs[0].index()]
}

/// From `[members, last variable.., first variable, own axes..]` to `[members, first variable.., last variable, joined
/// axes..]`, the others summed.
fn arranged(graph: &mut Graph, output: Id, variables: usize, axes: &[Option<usize>]) -> Id {
    let first = 1 + variables;
    let rest: Vec<usize> = (0..axes.len()).filter(|&axis| axes[axis].is_none()).map(|axis| axis + first).collect();
    let summed = graph.sum(output, &rest);
    let mut joined: Vec<(usize, usize)> = axes.iter().enumerate().filter_map(|(at, axis)| axis.map(|axis| (axis, at + first))).collect();
    joined.sort_unstable();
    let order: Vec<usize> =
        std::iter::once(0).chain((1..first).rev()).chain(joined.iter().map(|&(_, at)| at)).chain(rest.iter().copied()).collect();
    let turned = graph.permute(summed, &order);
    let kept = graph.shape(turned)[..first + joined.len()].to_vec();
    graph.reshape(turned, kept)
}
