//! The graph of a step on the processor: everything stays in one block of memory between steps.

use burn::tensor::{Element, Float, Tensor};
use bytemuck::Pod;
use vi_graph::cpu::{Memory, Options, Rule, StepPlan, Stepped as Outcome};
use vi_graph::ir::{Data, Op, Role};
use vi_graph::{Key, Precision, Type};

use super::plan::{Failure, Runner, Stepped};
use super::{Refusal, Source, StepGraph};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::operand::Placement;
use crate::optim::{Descent, Mean, OptimState};
use crate::program::Subsampler;

/// Runs a step by kernels of our own.
pub(super) struct Cpu {
    plan: StepPlan,
    placement: Placement,
    /// The shape of each moved parameter.
    shapes: Vec<Vec<usize>>,
    /// The plates whose units are drawn in every step, with their inputs.
    plates: Vec<(usize, &'static str, Subsampler)>,
    /// What the optimiser remembers of each parameter, while the plan does not.
    memories: Vec<OptimState>,
    /// The group of each parameter.
    groups: Vec<usize>,
    /// The rule of each group; while the plan remembers for the optimiser, those of the last step.
    rules: Vec<Rule>,
    /// Whether the plan remembers for the optimiser, what its rules want.
    resident: bool,
    /// Which inputs the graph still reads.
    read: Vec<bool>,
    /// Which input is the weight of the divergence.
    weight: Option<usize>,
}

fn internal(error: vi_graph::Error) -> Error {
    Error::Unsupported { what: "a compiled step".into(), problem: error.to_string() }
}

impl Cpu {
    /// # Errors
    /// [`Failure::Refused`] for an operation without a kernel.
    pub(super) fn new(step: &StepGraph, placement: &Placement) -> Result<Self, Failure> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let options = Options { lanes: (step.particles > 1).then_some(step.particles), threads, ..Options::default() };
        let plan = StepPlan::compile(&step.graph, &options).map_err(|error| Refusal::new(error.to_string()))?;
        let shape = |input: usize| {
            let node = step.graph.nodes.iter().find(|node| node.op == Op::Input(input));
            node.map_or_else(Vec::new, |node| node.shape.clone())
        };
        let mut read = vec![false; step.graph.inputs.len()];
        for node in &step.graph.nodes {
            if let Op::Input(input) = node.op {
                read[input] = true;
            }
        }
        let plates = step.sources.iter().enumerate().filter_map(|(input, source)| match source {
            Source::Units { plate, size, len } => Some((input, *plate, Subsampler::new(*size, *len))),
            _ => None,
        });
        debug_assert!(step.graph.inputs.iter().take(step.moved).all(|input| input.role == Role::Parameter));
        Ok(Cpu {
            plan,
            placement: placement.clone(),
            shapes: (0..step.moved).map(shape).collect(),
            plates: plates.collect(),
            memories: vec![OptimState::default(); step.moved],
            groups: vec![0; step.moved],
            rules: Vec::new(),
            resident: false,
            read,
            weight: step.sources.iter().position(|source| *source == Source::KlWeight),
        })
    }

    fn tensor(&self, values: Vec<f64>, shape: &[usize]) -> AnyTensor {
        AnyTensor::from_f64(values, shape, &self.placement.device, self.placement.dtype)
    }

    fn flat(&self, values: Vec<f64>) -> Result<Tensor<1>> {
        let len = values.len();
        self.tensor(values, &[len]).typed::<1, Float>("a flat parameter")
    }

    fn draw_units(&mut self, key: Key) -> Result<()> {
        for (input, plate, subsampler) in &mut self.plates {
            if self.read[*input] {
                let to = self.plan.executable().input::<i64>(*input).map_err(internal)?;
                subsampler.draw(key.site(plate), to);
            }
        }
        Ok(())
    }

    /// A step whose parameters move by tensors.
    fn step_by_tensors(&mut self, number: u64, key: Key, descent: &Descent, names: &[String]) -> Result<Stepped> {
        self.recall()?;
        let (elbo, gradients) = self.gradient(key)?;
        if !elbo.is_finite() || gradients.iter().flatten().any(|g| !g.is_finite()) {
            let sums = gradients.iter().map(|gradient| gradient.iter().sum());
            return Ok(Stepped::NotFinite(std::iter::once(elbo).chain(sums).collect()));
        }
        let mut tensors = Vec::with_capacity(gradients.len());
        for (index, gradient) in gradients.into_iter().enumerate() {
            let (value, _) = self.plan.store(index, 0, 0);
            tensors.push((self.flat(value)?, self.flat(gradient)?));
        }
        let moved = descent.update(number, names.iter().map(String::as_str), &mut self.memories, tensors);
        for (index, moved) in moved.into_iter().enumerate() {
            self.plan.load(index, &AnyTensor::from(moved).to_f64()?, &Memory::default()).map_err(internal)?;
        }
        Ok(Stepped::Moved(elbo))
    }

    /// What the plan remembers of a parameter.
    fn remembered(&mut self, index: usize) -> Result<OptimState> {
        let update = self.rules[self.groups[index]].update;
        let (_, memory) = self.plan.store(index, update.slots(), update.scalars());
        let flat = |values: Vec<Vec<f64>>| values.into_iter().map(|values| self.flat(values)).collect::<Result<Vec<_>>>();
        let mean = match memory.average {
            Some((count, mean)) => Some(Mean { count, value: self.flat(mean)? }),
            None => None,
        };
        let scalars = flat(memory.scalars.into_iter().map(|x| vec![x]).collect())?;
        Ok(OptimState { updates: memory.updates, slots: flat(memory.slots)?, scalars, memory: update.memory().into(), mean })
    }

    /// Takes what the optimiser remembers out of the plan.
    fn recall(&mut self) -> Result<()> {
        if std::mem::take(&mut self.resident) {
            for index in 0..self.memories.len() {
                self.memories[index] = self.remembered(index)?;
            }
        }
        Ok(())
    }

    /// Gives the plan what the optimiser remembers, as far as the rules go on with it.
    fn settle(&mut self) -> Result<()> {
        let numbers = |tensors: &[Tensor<1>]| tensors.iter().map(|tensor| AnyTensor::from(tensor).to_f64()).collect::<Result<Vec<_>>>();
        for (index, state) in self.memories.iter_mut().enumerate() {
            state.belong_to(self.rules[self.groups[index]].update.memory());
            let average = match &state.mean {
                Some(Mean { count, value }) => Some((*count, AnyTensor::from(value).to_f64()?)),
                None => None,
            };
            let scalars = numbers(&state.scalars)?.concat();
            let memory = Memory { updates: state.updates, slots: numbers(&state.slots)?, scalars, average };
            let (value, _) = self.plan.store(index, 0, 0);
            self.plan.load(index, &value, &memory).map_err(internal)?;
        }
        self.resident = true;
        Ok(())
    }

    /// Finds the rules of a step; whether there are such, and those of the last step remember the same.
    fn find_rules(&mut self, number: u64, descent: &Descent) -> Result<bool> {
        let optimizer = &*descent.optimizer;
        let groups = optimizer.groups();
        let mut goes_on = self.resident && groups == self.rules.len();
        for group in 0..groups {
            let Some(rule) = optimizer.rule(number, group) else { return Ok(false) };
            if goes_on && self.rules[group].update.memory() == rule.update.memory() {
                self.rules[group] = rule;
                continue;
            }
            if std::mem::take(&mut goes_on) || self.resident {
                self.recall()?;
            }
            self.rules.truncate(group);
            self.rules.push(rule);
        }
        Ok(true)
    }
}

/// Copies the elements of a float tensor on Flex.
fn copy<E: Element + Pod>(from: &AnyTensor, to: &mut [E]) -> Result<()> {
    let wrong = |problem: String| Error::Read { what: "an argument".into(), source: problem.into() };
    let flex = from.to_flex().map_err(|error| wrong(format!("{error:?}")))?.to_contiguous();
    match flex.as_slice::<E>() {
        Some(elements) if elements.len() == to.len() => {
            to.copy_from_slice(elements);
            Ok(())
        }
        _ => Err(wrong(format!("{} elements of another number or type", from.len()))),
    }
}

impl Runner for Cpu {
    fn bind(&mut self, input: usize, tensor: &AnyTensor) -> Result<()> {
        if !self.read[input] {
            return Ok(());
        }
        let placed = tensor.clone().inner().matching(&self.placement);
        let (precision, ty) = (self.plan.executable().precision(), super::inputs::type_of(&placed));
        let executable = self.plan.executable();
        match (ty, precision) {
            (Type::Float, Precision::F32) => copy(&placed, executable.input::<f32>(input).map_err(internal)?)?,
            (Type::Float, Precision::F64) => copy(&placed, executable.input::<f64>(input).map_err(internal)?)?,
            (Type::Int, _) => {
                let to = executable.input::<i64>(input).map_err(internal)?;
                to.iter_mut().zip(placed.to_data()?.iter::<i64>()).for_each(|(to, from)| *to = from);
            }
            (Type::Bool, _) => {
                let to = executable.input::<u8>(input).map_err(internal)?;
                to.iter_mut().zip(placed.to_data()?.iter::<bool>()).for_each(|(to, from)| *to = u8::from(from));
            }
        }
        Ok(())
    }

    fn weigh(&mut self, weight: f64) -> Result<()> {
        let Some(input) = self.weight.filter(|input| self.read[*input]) else { return Ok(()) };
        let executable = self.plan.executable();
        match executable.precision() {
            Precision::F32 => executable.input::<f32>(input).map_err(internal)?.fill(weight as f32),
            Precision::F64 => executable.input::<f64>(input).map_err(internal)?.fill(weight),
        }
        Ok(())
    }

    fn bound(&mut self) -> Result<()> {
        self.plan.executable().prologue();
        Ok(())
    }

    fn load(&mut self, index: usize, value: &AnyTensor, memory: &OptimState) -> Result<()> {
        self.recall()?;
        self.memories[index] = memory.clone();
        self.plan.load(index, &value.to_f64()?, &Memory::default()).map_err(internal)
    }

    fn store(&mut self, index: usize) -> Result<(AnyTensor, OptimState)> {
        let (value, _) = self.plan.store(index, 0, 0);
        let memory = if self.resident { self.remembered(index)? } else { self.memories[index].clone() };
        Ok((self.tensor(value, &self.shapes[index]), memory))
    }

    fn read(&mut self, most: usize, to: &mut Vec<f64>) -> Result<()> {
        let lens = self.shapes.iter().map(|shape| shape.iter().product::<usize>());
        let every = lens.clone().sum::<usize>().div_ceil(most).max(1);
        let mut first = 0;
        for (index, len) in lens.enumerate() {
            self.plan.read(index, (first..len).step_by(every), |x| to.push(x));
            first = (first + len.saturating_sub(first).div_ceil(every) * every).saturating_sub(len);
        }
        Ok(())
    }

    fn gradient(&mut self, key: Key) -> Result<(f64, Vec<Vec<f64>>)> {
        self.draw_units(key)?;
        let executable = self.plan.executable();
        executable.run(key);
        let output = |number: usize| match executable.get(number) {
            Data::Float(values) => values,
            _ => Vec::new(),
        };
        let elbo = output(0).first().copied().unwrap_or(f64::NAN);
        Ok((elbo, (0..self.shapes.len()).map(|index| output(index + 1)).collect()))
    }

    fn regroup(&mut self, groups: Vec<usize>) -> Result<()> {
        self.recall()?;
        self.groups.clone_from(&groups);
        self.plan.group(groups).map_err(internal)
    }

    fn step(&mut self, key: Key, number: u64, descent: &Descent, names: &[String]) -> Result<Stepped> {
        if !self.find_rules(number, descent)? {
            return self.step_by_tensors(number, key, descent, names);
        }
        if !self.resident {
            self.settle()?;
        }
        self.draw_units(key)?;
        let averaging = descent.averaging.and_then(|averaging| averaging.at(number));
        Ok(match self.plan.step(key, &self.rules, averaging) {
            Outcome::Moved(elbo) => Stepped::Moved(elbo),
            Outcome::NotFinite(probe) => Stepped::NotFinite(probe),
        })
    }
}
