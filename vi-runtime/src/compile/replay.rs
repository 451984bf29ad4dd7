//! The graph of a step on a Burn device: one operation after the other, without autodiff.

mod elementwise;
mod node;
mod structure;

use burn::backend::DispatchTensor;
use burn::tensor::{Float, Tensor};
use vi_graph::ir::{NoiseKind, Op, Type};
use vi_graph::optimise::{Stage, stages};
use vi_graph::{Graph, Key, noise};

use super::plan::{Runner, Stepped};
use super::{Source, StepGraph};
use crate::any_tensor::AnyTensor;
use crate::error::Result;
use crate::noise::floats;
use crate::operand::Placement;
use crate::optim::{Descent, OptimState};
use crate::program::draw_units;
use node::Evaluator;

/// Runs a step on any device.
pub(super) struct Replay {
    graph: Graph,
    sources: Vec<Source>,
    placement: Placement,
    particles: usize,
    stages: Vec<Stage>,
    /// The last node that reads each node; outputs and what is kept are read beyond the end.
    last_use: Vec<usize>,
    /// Which node each input is.
    inputs: Vec<Option<usize>>,
    /// What lasts from step to step: inputs that are bound, and what depends on them alone.
    kept: Vec<Option<DispatchTensor>>,
    parameters: Vec<AnyTensor>,
    /// What the optimiser remembers of each parameter.
    states: Vec<OptimState>,
}

impl Replay {
    pub(super) fn new(step: &StepGraph, placement: &Placement) -> Self {
        let graph = step.graph.clone();
        let stages = stages(&graph);
        let mut last_use: Vec<usize> = (0..graph.nodes.len()).collect();
        for (index, node) in graph.nodes.iter().enumerate() {
            for arg in &node.args {
                last_use[arg.index()] = index;
            }
        }
        for output in &graph.outputs {
            last_use[output.index()] = usize::MAX;
        }
        let mut inputs = vec![None; graph.inputs.len()];
        for (index, node) in graph.nodes.iter().enumerate() {
            if let Op::Input(input) = node.op {
                inputs[input] = Some(index);
            }
        }
        let empty = AnyTensor::from_f64(Vec::new(), &[0], &placement.device, placement.dtype);
        Replay {
            sources: step.sources.clone(),
            placement: placement.clone(),
            particles: step.particles,
            kept: vec![None; graph.nodes.len()],
            parameters: vec![empty; step.moved],
            states: vec![OptimState::default(); step.moved],
            stages,
            last_use,
            inputs,
            graph,
        }
    }

    /// The values of all nodes that a step asks for.
    fn run(&self, key: Key) -> Result<Vec<Option<DispatchTensor>>> {
        let mut values = self.kept.clone();
        for (input, source) in self.sources.iter().enumerate() {
            let Some(index) = self.inputs[input] else { continue };
            let shape = &self.graph.nodes[index].shape;
            values[index] = Some(match source {
                Source::Parameter(_) if input < self.parameters.len() => self.parameters[input].clone().into_dispatch(),
                Source::Parameter(_) | Source::Data(_) | Source::KlWeight | Source::Enumerated(_) => continue,
                Source::Noise(stream, kind) => self.noise(key.site(&stream.site).fold_in(stream.call), *kind, shape),
                Source::Units { plate, size, len } => {
                    AnyTensor::from_i64(draw_units(key, plate, *size, *len), shape, &self.placement.device).into_dispatch()
                }
            });
        }
        let evaluator = Evaluator { graph: &self.graph, placement: &self.placement, key };
        for index in 0..self.graph.nodes.len() {
            if values[index].is_some() || self.stages[index] != Stage::Step || self.is_symbolic(index) {
                continue;
            }
            values[index] = Some(evaluator.evaluate(index, &values)?);
            for arg in &self.graph.nodes[index].args {
                if self.last_use[arg.index()] == index && self.stages[arg.index()] == Stage::Step {
                    values[arg.index()] = None;
                }
            }
        }
        Ok(values)
    }

    /// The ELBO and the gradient of each moved parameter, flat.
    fn outputs(&self, key: Key) -> Result<(Tensor<1>, Vec<Tensor<1>>)> {
        let values = self.run(key)?;
        let output = |index: usize| {
            let id = self.graph.outputs[index];
            match &values[id.index()] {
                Some(value) => Ok(AnyTensor::from_dispatch(value.clone(), Type::Float)),
                None => {
                    let evaluator = Evaluator { graph: &self.graph, placement: &self.placement, key };
                    Ok(AnyTensor::from_dispatch(evaluator.evaluate(id.index(), &values)?, Type::Float))
                }
            }
        };
        let elbo = Self::flat(&output(0)?)?;
        let gradients = (0..self.parameters.len()).map(|index| Self::flat(&output(index + 1)?)).collect::<Result<Vec<_>>>()?;
        Ok((elbo, gradients))
    }

    /// A number that is the same everywhere is a scalar to whoever uses it.
    fn is_symbolic(&self, index: usize) -> bool {
        matches!(self.graph.nodes[index].op, Op::Full(_)) && self.last_use[index] != usize::MAX
    }

    fn noise(&self, key: Key, kind: NoiseKind, shape: &[usize]) -> DispatchTensor {
        let each = shape.iter().product::<usize>() / self.particles;
        let (single, double) = (
            |numbers: &mut [f32]| noise::fill_lanes_f32(kind, key, each, numbers),
            |numbers: &mut [f64]| noise::fill_lanes_f64(kind, key, each, numbers),
        );
        floats(&self.placement, shape, single, double).into_dispatch()
    }

    fn flat(value: &AnyTensor) -> Result<Tensor<1>> {
        value.reshaped(&[value.len()]).typed::<1, Float>("gradient")
    }
}

impl Runner for Replay {
    fn bind(&mut self, input: usize, tensor: &AnyTensor) -> Result<()> {
        if let Some(index) = self.inputs[input] {
            self.kept[index] = Some(tensor.clone().inner().matching(&self.placement).into_dispatch());
        }
        Ok(())
    }

    fn weigh(&mut self, weight: f64) -> Result<()> {
        if let Some(input) = self.sources.iter().position(|source| *source == Source::KlWeight) {
            let weight = AnyTensor::from_f64(vec![weight], &[1], &self.placement.device, self.placement.dtype);
            self.bind(input, &weight)?;
        }
        Ok(())
    }

    fn bound(&mut self) -> Result<()> {
        for index in 0..self.graph.nodes.len() {
            if self.stages[index] == Stage::Step || matches!(self.graph.nodes[index].op, Op::Input(_)) || self.is_symbolic(index) {
                continue;
            }
            let evaluator = Evaluator { graph: &self.graph, placement: &self.placement, key: Key::new(0) };
            self.kept[index] = Some(evaluator.evaluate(index, &self.kept)?);
        }
        Ok(())
    }

    fn load(&mut self, index: usize, value: &AnyTensor, memory: &OptimState) -> Result<()> {
        (self.parameters[index], self.states[index]) = (value.clone(), memory.clone());
        Ok(())
    }

    fn store(&mut self, index: usize) -> Result<(AnyTensor, OptimState)> {
        Ok((self.parameters[index].clone(), self.states[index].clone()))
    }

    fn read(&mut self, most: usize, to: &mut Vec<f64>) -> Result<()> {
        let all = self.parameters.iter().map(AnyTensor::to_f64).collect::<Result<Vec<_>>>()?.concat();
        let every = all.len().div_ceil(most).max(1);
        to.extend(all.into_iter().step_by(every));
        Ok(())
    }

    fn gradient(&mut self, key: Key) -> Result<(f64, Vec<Vec<f64>>)> {
        let (elbo, gradients) = self.outputs(key)?;
        let elbo = AnyTensor::from(elbo).to_f64()?.first().copied().unwrap_or(f64::NAN);
        Ok((elbo, gradients.into_iter().map(|gradient| AnyTensor::from(gradient).to_f64()).collect::<Result<_>>()?))
    }

    fn regroup(&mut self, _: Vec<usize>) -> Result<()> {
        Ok(())
    }

    fn step(&mut self, key: Key, number: u64, descent: &Descent, names: &[String]) -> Result<Stepped> {
        let (elbo, gradients) = self.outputs(key)?;
        // One read-back a step: a gradient that is not finite makes the sum not finite.
        let sums = gradients.iter().map(|gradient| gradient.clone().sum());
        let probe = AnyTensor::from(Tensor::cat(std::iter::once(elbo).chain(sums).collect(), 0)).to_f64()?;
        if probe.iter().any(|x| !x.is_finite()) {
            return Ok(Stepped::NotFinite(probe));
        }
        let tensors = self.parameters.iter().zip(gradients).map(|(value, gradient)| Ok((Self::flat(value)?, gradient)));
        let tensors = tensors.collect::<Result<Vec<_>>>()?;
        let moved = descent.update(number, names.iter().map(String::as_str), &mut self.states, tensors);
        for (value, moved) in self.parameters.iter_mut().zip(moved) {
            *value = AnyTensor::from(moved).reshaped(&value.shape());
        }
        Ok(Stepped::Moved(probe[0]))
    }
}
