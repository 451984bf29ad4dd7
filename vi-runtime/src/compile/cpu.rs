//! The graph of a step on the processor: everything stays in one block of memory between steps.

use burn::tensor::{Element, Float, Tensor};
use bytemuck::Pod;
use vi_graph::cpu::{Memory, Options, StepPlan, Stepped as Outcome};
use vi_graph::ir::{Data, Op, Role};
use vi_graph::{Key, Precision, Type};

use super::plan::{Failure, Runner, Stepped};
use super::{Refusal, Source, StepGraph};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::operand::Placement;
use crate::optim::{OptimState, Optimizer};
use crate::program::Subsampler;

/// Runs a step by kernels of our own.
pub(super) struct Cpu {
    plan: StepPlan,
    placement: Placement,
    /// The shape of each moved parameter.
    shapes: Vec<Vec<usize>>,
    /// The plates whose units are drawn in every step, with their inputs.
    plates: Vec<(usize, &'static str, Subsampler)>,
    /// What an optimiser without a rule for plain numbers remembers.
    foreign: Vec<OptimState>,
    /// Which inputs the graph still reads.
    read: Vec<bool>,
    /// Which input is the weight of the divergence.
    weight: Option<usize>,
    /// The slots that the last rule uses.
    slots: usize,
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
            foreign: vec![OptimState::default(); step.moved],
            read,
            weight: step.sources.iter().position(|source| *source == Source::KlWeight),
            slots: 0,
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
    fn step_by_tensors(&mut self, number: u64, key: Key, optimizer: &dyn Optimizer) -> Result<Stepped> {
        self.slots = 0;
        let (elbo, gradients) = self.gradient(key)?;
        if !elbo.is_finite() || gradients.iter().flatten().any(|g| !g.is_finite()) {
            let sums = gradients.iter().map(|gradient| gradient.iter().sum());
            return Ok(Stepped::NotFinite(std::iter::once(elbo).chain(sums).collect()));
        }
        for (index, gradient) in gradients.into_iter().enumerate() {
            let (value, _) = self.plan.store(index, 0);
            let (value, gradient) = (self.flat(value)?, self.flat(gradient)?);
            let moved = AnyTensor::from(optimizer.update(number, value, gradient, &mut self.foreign[index]));
            self.plan.load(index, &moved.to_f64()?, &Memory::default()).map_err(internal)?;
        }
        Ok(Stepped::Moved(elbo))
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
        let slots = memory.slots.iter().map(|slot| AnyTensor::from(slot).to_f64()).collect::<Result<_>>()?;
        self.foreign[index] = memory.clone();
        let memory = Memory { updates: memory.updates, slots };
        self.plan.load(index, &value.to_f64()?, &memory).map_err(internal)
    }

    fn store(&mut self, index: usize) -> Result<(AnyTensor, OptimState)> {
        let (value, memory) = self.plan.store(index, self.slots);
        let value = self.tensor(value, &self.shapes[index]);
        if self.slots == 0 && memory.updates == 0 {
            return Ok((value, self.foreign[index].clone()));
        }
        let slots = memory.slots.into_iter().map(|slot| self.flat(slot)).collect::<Result<_>>()?;
        Ok((value, OptimState { updates: memory.updates, slots }))
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

    fn step(&mut self, key: Key, number: u64, optimizer: &dyn Optimizer) -> Result<Stepped> {
        let Some(rule) = optimizer.rule(number) else { return self.step_by_tensors(number, key, optimizer) };
        self.draw_units(key)?;
        self.slots = rule.update.slots();
        Ok(match self.plan.step(key, &rule.update, rule.rate) {
            Outcome::Moved(elbo) => Stepped::Moved(elbo),
            Outcome::NotFinite(probe) => Stepped::NotFinite(probe),
        })
    }
}
