//! The sum as it is defined: over every joint assignment of every element.

use crate::inputs::Numbers;
use vi_graph::diff::gradient;
use vi_graph::enumerate::{Problem, Term, Variable, sum};
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Op, Role, Type};
use vi_graph::verify::verify;
use vi_graph::{Graph, Id, Key, Precision};

/// A graph under construction, with what is to be enumerated in it.
pub struct Case {
    pub graph: Graph,
    pub problem: Problem,
    pub inputs: Vec<Data>,
    numbers: Numbers,
}

impl Case {
    pub fn new(seed: u64) -> Self {
        let problem = Problem { limit: 1 << 20, ..Problem::default() };
        Case { graph: Graph::new(Precision::F64), problem, inputs: Vec::new(), numbers: Numbers(seed) }
    }

    /// A parameter with random elements.
    pub fn parameter(&mut self, shape: &[usize]) -> Id {
        let len = shape.iter().product();
        self.inputs.push(Data::Float((0..len).map(|_| 3.0 * self.numbers.unit() - 1.5).collect()));
        self.graph.input(format!("p{}", self.inputs.len()), Role::Parameter, shape, Type::Float)
    }

    /// A variable with values 0, 1, …
    pub fn variable(&mut self, name: &str, values: i64, shape: &[usize], plates: &[usize]) -> (Id, Variable) {
        let variable = Variable {
            name: name.to_owned(),
            input: self.graph.inputs.len(),
            values: (0..values).map(|k| Data::Int(vec![k])).collect(),
            event_rank: 0,
            plates: plates.to_vec(),
            scale: 1.0,
        };
        self.inputs.push(Data::Int(vec![0; shape.iter().product()]));
        (self.graph.input(name, Role::Step, shape, Type::Int), variable)
    }

    pub fn summed(&mut self, name: &str, values: i64, shape: &[usize], plates: &[usize]) -> Id {
        let (id, variable) = self.variable(name, values, shape, plates);
        self.problem.summed.push(variable);
        id
    }

    pub fn term(&mut self, node: Id) {
        self.problem.terms.push(Term { node, scale: 1.0, part: 0 });
    }

    /// The entries of a table `[a, b, ..]` at positions that are arrays of one shape.
    pub fn look_up(&mut self, table: Id, positions: &[Id]) -> Id {
        let graph = &mut self.graph;
        let sizes = graph.shape(table).to_vec();
        let shape = graph.shape(positions[0]).to_vec();
        let mut flat = positions[0];
        for (&position, &size) in positions.iter().zip(&sizes).skip(1) {
            let size = graph.push(Op::Full(vi_graph::ir::Scalar::Int(size as i64)), [], shape.clone(), Type::Int);
            let times = graph.mul(flat, size);
            flat = graph.add(times, position);
        }
        let flat = graph.reshape(flat, [shape.iter().product::<usize>()]);
        let table = graph.reshape(table, [sizes.iter().product::<usize>()]);
        let taken = graph.take(table, 0, flat);
        graph.reshape(taken, shape)
    }

    /// `sum` and its gradients, as the interpreter computes them.
    pub fn found(&self) -> (f64, Vec<Vec<f64>>) {
        let mut graph = self.graph.clone();
        let total = sum(&mut graph, &self.problem).unwrap_or_else(|error| panic!("{error}"))[0];
        verify(&graph).unwrap_or_else(|error| panic!("{error}\n{graph}"));
        let parameters = self.parameters(&graph);
        let gradients = gradient(&mut graph, total, &parameters).unwrap();
        let slopes: Vec<Id> =
            parameters.iter().zip(gradients).map(|(&id, slope)| slope.unwrap_or_else(|| graph.mul_scalar(id, 0.0))).collect();
        graph.outputs = std::iter::once(total).chain(slopes).collect();
        let simplified = vi_graph::optimise::optimise(&graph);
        let plain = numbers(interpret(&graph, &self.inputs, Key::new(0)).unwrap());
        let found = numbers(interpret(&simplified, &self.inputs, Key::new(0)).unwrap());
        for (a, b) in plain.iter().flatten().zip(found.iter().flatten()) {
            assert!((a - b).abs() < 1e-9 * a.abs().max(1.0), "{a} before, {b} after it is simplified");
        }
        (found[0][0], found[1..].to_vec())
    }

    fn parameters(&self, graph: &Graph) -> Vec<Id> {
        let is_parameter = |id: &Id| matches!(graph.node(*id).op, Op::Input(input) if graph.inputs[input].role == Role::Parameter);
        graph.ids().filter(is_parameter).collect()
    }

    /// The sum by brute force.
    pub fn expected(&self) -> f64 {
        self.expected_at(&self.inputs)
    }

    fn expected_at(&self, inputs: &[Data]) -> f64 {
        let averaged: Vec<&Variable> = self.problem.averaged.iter().map(|(variable, _)| variable).collect();
        let summed: Vec<&Variable> = self.problem.summed.iter().collect();
        let mut graph = self.graph.clone();
        graph.outputs =
            self.problem.averaged.iter().map(|(_, node)| *node).chain(self.problem.terms.iter().map(|term| term.node)).collect();
        let mut mean = 0.0;
        let mut inputs = inputs.to_vec();
        for outer in assignments(&inputs, &averaged) {
            set(&mut inputs, &averaged, &outer);
            let mut weight = 0.0;
            let mut joints = Vec::new();
            for inner in assignments(&inputs, &summed) {
                set(&mut inputs, &summed, &inner);
                let values = numbers(interpret(&graph, &inputs, Key::new(0)).unwrap());
                let (weights, terms) = values.split_at(averaged.len());
                weight = weights.iter().flatten().sum();
                joints.push(terms.iter().flatten().sum::<f64>());
            }
            let evidence = vi_graph::special::logsumexp(joints.iter().copied());
            if weight.exp() > 0.0 {
                mean += weight.exp() * evidence;
            }
        }
        mean
    }

    /// Values against brute force, gradients against central differences of it.
    pub fn check(&self, name: &str) {
        let (found, gradients) = self.found();
        let expected = self.expected();
        assert!((found - expected).abs() < 1e-10 * expected.abs().max(1.0), "{name}: {found}, by brute force {expected}");
        let parameters = self.parameters(&self.graph);
        for (gradient, id) in gradients.iter().zip(parameters) {
            let Op::Input(input) = self.graph.node(id).op else { panic!("no input") };
            for (i, slope) in gradient.iter().enumerate() {
                let at = |by: f64| {
                    let mut inputs = self.inputs.clone();
                    if let Data::Float(x) = &mut inputs[input] {
                        x[i] += by;
                    }
                    self.expected_at(&inputs)
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                assert!((slope - difference).abs() < 1e-7 * difference.abs().max(1.0), "{name}, input {input}, {i}: {slope}, {difference}");
            }
        }
    }
}

pub fn numbers(data: Vec<Data>) -> Vec<Vec<f64>> {
    data.into_iter()
        .map(|data| match data {
            Data::Float(x) => x,
            Data::Int(x) => x.into_iter().map(|x| x as f64).collect(),
            Data::Bool(x) => x.into_iter().map(f64::from).collect(),
        })
        .collect()
}

/// Every joint assignment of all elements: the position of each.
pub fn assignments(inputs: &[Data], variables: &[&Variable]) -> Vec<Vec<usize>> {
    let sizes: Vec<usize> = variables
        .iter()
        .flat_map(|variable| vec![variable.values.len(); inputs[variable.input].len() / variable.values[0].len()])
        .collect();
    let mut all = vec![Vec::new()];
    for size in sizes {
        all = all.into_iter().flat_map(|known: Vec<usize>| (0..size).map(move |k| [known.clone(), vec![k]].concat())).collect();
    }
    all
}

/// Writes an assignment into the inputs.
pub fn set(inputs: &mut [Data], variables: &[&Variable], assignment: &[usize]) {
    let mut rest = assignment;
    for variable in variables {
        let count = inputs[variable.input].len() / variable.values[0].len();
        let (own, others) = rest.split_at(count);
        rest = others;
        inputs[variable.input] = own.iter().map(|&k| variable.values[k].clone()).reduce(joined).unwrap();
    }
}

fn joined(a: Data, b: Data) -> Data {
    match (a, b) {
        (Data::Float(a), Data::Float(b)) => Data::Float([a, b].concat()),
        (Data::Int(a), Data::Int(b)) => Data::Int([a, b].concat()),
        (a, _) => a,
    }
}
