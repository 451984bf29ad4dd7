//! The CPU executor: a graph becomes a list of kernel calls on one block of memory, and a step runs them in order.
//!
//! Compiling has three parts. `tile` finds what runs in loops over tiles of a long axis, so that large arrays are read once a
//! pass and intermediate results stay in the cache. `lower` makes every node a view of a buffer, and emits the kernels that
//! fill the buffers; what depends on data only goes to the prologue. `plan` lays the buffers out, with the same memory for
//! those that are not needed at the same time, and checks every range that an instruction touches. `kernels` has the inner
//! loops, for each set of instructions, and all code that is unsafe.
//!
//! Results are the same from run to run for a given number of threads: threads have fixed shares, and their partial results
//! are joined in order.

mod instruction;
#[allow(unsafe_code, reason = "instructions that a processor may lack, and no checks of bounds in the inner loops")]
pub(crate) mod kernels;
mod labels;
mod lower;
mod plan;
mod routine;
mod select;
mod step;
mod tile;
mod update;
mod view;

use std::ops::Range;

use crate::error::{Error, Result};
use crate::ir::{Data, Graph, Op, Precision, Role, Type};
use crate::key::Key;
use crate::noise::{NoisePlan, NoiseSite};

use instruction::{Context, Place};
use kernels::Level;
use kernels::arena::{Arena, padded, typed, typed_mut};
use kernels::dispatch;
use kernels::pool::Pool;
use lower::Storage;
use plan::Plan;

pub use kernels::arena::Element;
pub use step::{Memory, StepPlan, Stepped};
pub use update::{Averaging, CLIPS, Clip, Rule, Update};

/// How a graph is compiled.
#[derive(Clone, Debug)]
pub struct Options {
    /// The particles in the first dimension of noise, where the graph is batched.
    pub lanes: Option<usize>,
    /// Whether every run fills the inputs that are noise; else the caller sets them.
    pub draw: bool,
    /// The most threads that a step uses.
    pub threads: usize,
    /// The length of the tiles of loops over a long axis; absent for one that suits the cache, and loops only where they pay.
    pub tile: Option<usize>,
    /// Use no instructions beyond these; absent for all that the processor has.
    pub instructions: Option<Instructions>,
}

/// Sets of instructions, each with the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instructions {
    /// What every processor of the target has.
    Portable,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512.
    Avx512,
}

impl Default for Options {
    fn default() -> Self {
        Options { lanes: None, draw: true, threads: 1, tile: None, instructions: None }
    }
}

/// One array that the caller sees.
#[derive(Clone, Debug)]
struct Port {
    name: String,
    ty: Type,
    bytes: Range<usize>,
    /// Whether the graph still has it.
    used: bool,
}

/// A graph that can be run again and again; running allocates nothing.
#[derive(Debug)]
pub struct Executable {
    level: Level,
    pool: Option<Pool>,
    precision: Precision,
    arena: Arena,
    plan: Plan,
    noise: NoisePlan,
    /// Where the noise goes.
    drawn: Range<usize>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    parameters: Range<usize>,
    gradients: Range<usize>,
}

impl Executable {
    /// Plans everything.
    ///
    /// Inputs that are parameters are stored in declared order in one region, and so are the outputs but the first, each padded
    /// to 64 bytes: where those are the gradients of the parameters, the two regions have the same layout.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there is no kernel for an operation.
    pub fn compile(graph: &Graph, options: &Options) -> Result<Self> {
        let level = match options.instructions {
            Some(Instructions::Portable) => Level::Portable,
            Some(Instructions::Avx2) => Level::Avx2.min(Level::detect()),
            Some(Instructions::Avx512) | None => Level::detect(),
        };
        let mut end = 0;
        let mut reserve = |bytes: usize| {
            let start = end;
            end += padded(bytes);
            start
        };
        let mut inputs: Vec<Port> = Vec::new();
        for (number, input) in graph.inputs.iter().enumerate() {
            let node = graph.nodes.iter().find(|node| node.op == Op::Input(number));
            let (len, ty) = node.map_or((0, Type::Float), |node| (node.len(), node.ty));
            inputs.push(Port { name: input.name.clone(), ty, bytes: 0..len * size(graph.precision, ty), used: node.is_some() });
        }
        let parameters = reserve_all(&mut reserve, ports(&mut inputs, graph, |role| *role == Role::Parameter));
        let noise = reserve_all(&mut reserve, ports(&mut inputs, graph, |role| matches!(role, Role::Noise(..))));
        reserve_all(&mut reserve, ports(&mut inputs, graph, |role| matches!(role, Role::Data | Role::Step)));
        let mut outputs: Vec<Port> = graph
            .outputs
            .iter()
            .enumerate()
            .map(|(number, &id)| {
                let node = graph.node(id);
                Port { name: format!("output {number}"), ty: node.ty, bytes: 0..node.len() * size(graph.precision, node.ty), used: true }
            })
            .collect();
        reserve_all(&mut reserve, outputs.iter_mut().take(1));
        let gradients = reserve_all(&mut reserve, outputs.iter_mut().skip(1));

        let at = |ports: &[Port]| -> Vec<lower::Port> {
            let storage = |port: &Port| Storage::At(Place { slot: 0, offset: port.bytes.start });
            ports.iter().map(|port| lower::Port { storage: storage(port), strides: None, direct: true, packed: false }).collect()
        };
        let tiling = tile::tiling(graph, options.tile);
        let lowered = |tiling| lower::lower(graph, level, &at(&inputs), &at(&outputs), tiling, options.threads);
        // A loop that works on more arrays than it has places for is not asked for: a long series of small matrices.
        let mut lowered = match lowered(tiling.as_ref()) {
            Err(_) if tiling.is_some() && options.tile.is_none() => lowered(None)?,
            found => found?,
        };
        let constants = std::mem::take(&mut lowered.constants);
        let widest = lowered.widest;
        let plan = plan::plan(lowered, 0, end)?;
        let mut arena = Arena::new(plan.bytes);
        for (buffer, data) in &constants {
            let start = plan.places[*buffer].offset;
            store(&mut arena.bytes_mut()[start..], graph.precision, data);
        }
        let sites = sites(graph, &inputs, options, noise.start);
        // Threads that nothing would wake are not started.
        let shares = widest > 1 || gradients.len() >= kernels::slices::SHARED * size(graph.precision, Type::Float);
        Ok(Executable {
            level,
            pool: (options.threads > 1 && shares).then(|| Pool::new(options.threads)),
            noise: NoisePlan::new(&sites),
            drawn: noise,
            precision: graph.precision,
            arena,
            plan,
            inputs,
            outputs,
            parameters,
            gradients,
        })
    }

    /// How wide floats are.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The elements of input `number`: `f32` or `f64` by the precision, `i64`, and truth values as `u8`, 0 or 1. After a change
    /// of data, [`Executable::prologue`] has to run.
    ///
    /// # Errors
    /// [`Error::Input`] where it holds another type.
    pub fn input<T: Element>(&mut self, number: usize) -> Result<&mut [T]> {
        let port = &self.inputs[number];
        port.expect::<T>(self.precision)?;
        Ok(typed_mut(&mut self.arena.bytes_mut()[port.bytes.clone()]))
    }

    /// Sets the elements of an input; one that the graph has lost stays without any.
    ///
    /// # Errors
    /// [`Error::Input`] where it holds another type or number of elements.
    pub fn set(&mut self, number: usize, data: &Data) -> Result<()> {
        let port = &self.inputs[number];
        if !port.used {
            return Ok(());
        }
        let len = port.bytes.len() / size(self.precision, port.ty);
        if data.ty() != port.ty || data.len() != len {
            let (expected, found) = (format!("{len} of {:?}", port.ty), format!("{} of {:?}", data.len(), data.ty()));
            return Err(Error::Input { input: port.name.clone(), expected, found });
        }
        store(&mut self.arena.bytes_mut()[port.bytes.clone()], self.precision, data);
        Ok(())
    }

    /// The elements of output `number` after a run.
    ///
    /// # Errors
    /// [`Error::Input`] where it holds another type.
    pub fn output<T: Element>(&self, number: usize) -> Result<&[T]> {
        let port = &self.outputs[number];
        port.expect::<T>(self.precision)?;
        Ok(typed(&self.arena.bytes()[port.bytes.clone()]))
    }

    /// The elements of output `number` after a run, whatever their type; allocates.
    pub fn get(&self, number: usize) -> Data {
        let port = &self.outputs[number];
        let bytes = &self.arena.bytes()[port.bytes.clone()];
        match (port.ty, self.precision) {
            (Type::Float, Precision::F32) => Data::Float(typed::<f32>(bytes).iter().map(|x| f64::from(*x)).collect()),
            (Type::Float, Precision::F64) => Data::Float(typed::<f64>(bytes).to_vec()),
            (Type::Int, _) => Data::Int(typed::<i64>(bytes).to_vec()),
            (Type::Bool, _) => Data::Bool(bytes.iter().map(|x| *x != 0).collect()),
        }
    }

    /// Computes what depends on data only.
    pub fn prologue(&mut self) {
        dispatch::run(&self.plan.prologue, &mut self.arena, &Context { key: Key::new(0), pool: self.pool.as_ref() });
    }

    /// Computes the outputs; noise is that of `key`.
    pub fn run(&mut self, key: Key) {
        if !self.noise.is_empty() {
            let drawn = &mut self.arena.bytes_mut()[self.drawn.clone()];
            match self.precision {
                Precision::F32 => self.noise.fill_f32(key, typed_mut(drawn)),
                Precision::F64 => self.noise.fill_f64(key, typed_mut(drawn)),
            }
        }
        dispatch::run(&self.plan.body, &mut self.arena, &Context { key, pool: self.pool.as_ref() });
    }

    /// The parameters, padding between them included, and the outputs but the first; other threads.
    fn moving<T: Element>(&mut self) -> (&mut [T], &mut [T], Option<&Pool>) {
        let len = self.gradients.len().min(self.parameters.len());
        let (parameters, gradients) = (self.parameters.start, self.gradients.start);
        // Parameters are reserved before all outputs.
        let (before, after) = self.arena.bytes_mut().split_at_mut(gradients);
        (typed_mut(&mut before[parameters..parameters + len]), typed_mut(&mut after[..len]), self.pool.as_ref())
    }

    /// The bytes of memory that a step works on.
    pub fn memory(&self) -> usize {
        self.arena.len()
    }

    /// The instructions of a step; a loop counts as one.
    pub fn instructions(&self) -> usize {
        self.plan.body.len()
    }

    /// The loops over tiles in a step.
    pub fn loops(&self) -> usize {
        self.plan.body.iter().filter(|it| matches!(it, instruction::Instruction::Loop(_))).count()
    }
}

/// The inputs of a role.
fn ports<'a>(inputs: &'a mut [Port], graph: &'a Graph, role: impl Fn(&Role) -> bool + 'a) -> impl Iterator<Item = &'a mut Port> {
    inputs.iter_mut().zip(&graph.inputs).filter(move |(_, input)| role(&input.role)).map(|(port, _)| port)
}

/// The noise that a run draws, with places relative to `start`.
fn sites(graph: &Graph, inputs: &[Port], options: &Options, start: usize) -> Vec<NoiseSite> {
    let number = size(graph.precision, Type::Float);
    let mut sites = Vec::new();
    for (port, input) in inputs.iter().zip(&graph.inputs) {
        let Role::Noise(stream, kind) = &input.role else { continue };
        let len = port.bytes.len() / number;
        if !options.draw || len == 0 {
            continue;
        }
        let per_lane = len / options.lanes.unwrap_or(1);
        sites.push(NoiseSite {
            stream: stream.clone(),
            kind: *kind,
            lanes: options.lanes,
            per_lane,
            offset: (port.bytes.start - start) / number,
        });
    }
    sites
}

/// Reserves memory for ports one after the other; returns the range of all.
fn reserve_all<'a>(reserve: &mut impl FnMut(usize) -> usize, ports: impl Iterator<Item = &'a mut Port>) -> Range<usize> {
    let start = reserve(0);
    for port in ports {
        let (start, len) = (reserve(port.bytes.end), port.bytes.end);
        port.bytes = start..start + len;
    }
    start..reserve(0)
}

fn size(precision: Precision, ty: Type) -> usize {
    match (ty, precision) {
        (Type::Float, Precision::F32) => 4,
        (Type::Float, Precision::F64) | (Type::Int, _) => 8,
        (Type::Bool, _) => 1,
    }
}

fn store(bytes: &mut [u8], precision: Precision, data: &Data) {
    match (data, precision) {
        (Data::Float(x), Precision::F32) => typed_mut::<f32>(bytes).iter_mut().zip(x).for_each(|(to, x)| *to = *x as f32),
        (Data::Float(x), Precision::F64) => typed_mut::<f64>(bytes).iter_mut().zip(x).for_each(|(to, x)| *to = *x),
        (Data::Int(x), _) => typed_mut::<i64>(bytes).iter_mut().zip(x).for_each(|(to, x)| *to = *x),
        (Data::Bool(x), _) => bytes.iter_mut().zip(x).for_each(|(to, x)| *to = u8::from(*x)),
    }
}

impl Port {
    fn expect<T: Element>(&self, precision: Precision) -> Result<()> {
        let expected = match (self.ty, precision) {
            (Type::Float, Precision::F32) => "f32",
            (Type::Float, Precision::F64) => "f64",
            (Type::Int, _) => "i64",
            (Type::Bool, _) => "u8",
        };
        let found = std::any::type_name::<T>();
        if found == expected {
            return Ok(());
        }
        Err(Error::Input { input: self.name.clone(), expected: expected.into(), found: found.into() })
    }
}
