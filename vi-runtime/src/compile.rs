//! From a model and its guide to a graph: one run on Burn's capture device, then the import of what it recorded.

#[doc(hidden)]
pub mod agreement;
mod capture;
#[cfg(feature = "flex")]
mod cpu;
mod decoder;
mod density;
mod enumerated;
mod import;
mod inputs;
mod plan;
pub(crate) mod quiet;
mod recorder;
mod replay;
mod step_graph;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use burn::tensor::Tensor;
use vi_graph::ir::{NoiseKind, Role, Stream};
use vi_graph::{Graph, Type};

use crate::any_tensor::AnyTensor;
use crate::error::Error;
use crate::objective::enumerated::permitted;
use crate::objective::influence::Dependencies;
use crate::objective::{Objective, TermKind};
use crate::operand::Placement;
use crate::program::{ParamStore, Program};

pub(crate) use decoder::{Decoded, Decoder};
pub(crate) use density::{DensityPlan, Wanted};
pub(crate) use plan::{Failure, Plan, Stepped};
pub(crate) use recorder::{Recorder, is_recorded};
pub use step_graph::{StepGraph, step_graph};

/// Why a pair of programs cannot be compiled, and where that was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In words that end a sentence.
    pub reason: String,
    /// The site that was being run, or that was run last.
    pub site: Option<String>,
    /// Whether that site had ended.
    pub after: bool,
    /// Where it is the price of a sum.
    too_large: Option<TooLarge>,
}

/// A sum over discrete sites with too many terms: what [`Error::Enumeration`] holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TooLarge {
    sites: String,
    cost: String,
    limit: u64,
}

impl TooLarge {
    fn error(self) -> Error {
        Error::Enumeration { sites: self.sites, cost: self.cost, limit: self.limit, hint: String::new() }
    }
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Refusal { reason: reason.into(), site: None, after: false, too_large: None }
    }

    fn too_large(too_large: TooLarge) -> Self {
        Refusal { too_large: Some(too_large.clone()), ..Refusal::new(too_large.error().to_string()) }
    }

    /// The error where `what` has to be compiled.
    pub(crate) fn error(self, what: &str) -> Error {
        match self.too_large {
            Some(too_large) => too_large.error(),
            None => Error::Unsupported { what: what.into(), problem: self.to_string() },
        }
    }

    /// Adds itself to the error of a sum that was then made term by term.
    pub(crate) fn beside(&self, error: Error) -> Error {
        match error {
            Error::Enumeration { sites, cost, limit, .. } => {
                let hint = format!("; it was not taken apart in a compiled step: {self}");
                Error::Enumeration { sites, cost, limit, hint }
            }
            error => error,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.site {
            Some(site) if self.after => write!(f, "{} (after site `{site}`)", self.reason),
            Some(site) => write!(f, "{} (at site `{site}`)", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Refusal {}

/// What an input of the graph is filled with.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The unconstrained tensor of the parameter of this name.
    Parameter(String),
    /// Fresh numbers of this stream.
    Noise(Stream, NoiseKind),
    /// The tensor of this number among those that [`Program::visit_tensors`] shows for the model, then for the guide.
    Data(usize),
    /// What the divergence counts in the loss of the step.
    KlWeight,
    /// The value of an enumerated site; no input is left of it once it is summed out.
    Enumerated(String),
    /// Which units of a subsampled plate are in.
    Units {
        /// The plate.
        plate: &'static str,
        /// How many units it has.
        size: usize,
        /// How many of them are in.
        len: usize,
    },
}

/// The terms of the ELBO for one draw of the guide.
#[derive(Clone, Debug)]
pub struct ElboGraph {
    /// One output for each term that is present, in the order of the fields below, each with one element.
    pub graph: Graph,
    /// What each input of the graph is, in the order of [`Graph::inputs`]: parameters, noise, data, units.
    pub sources: Vec<Source>,
    /// Which output is `log p(x | z)` with factors.
    pub reconstruction: Option<usize>,
    /// Which output is `log p(z)`.
    pub prior: Option<usize>,
    /// Which output is `log q(z)`.
    pub guide: Option<usize>,
    /// What an objective is shown, and which output each is.
    pub parts: Vec<(TermKind, usize)>,
}

/// The graph of one particle's terms for `objective`; every parameter that the programs read must be in `params` already. `limit` is the
/// most entries of a table over the values of enumerated sites.
///
/// # Errors
/// A program whose run depends on values, or an operation that the graph does not have.
pub fn elbo_graph<M: Program, G: Program>(
    model: &M,
    guide: &G,
    placement: &Placement,
    params: &Rc<RefCell<ParamStore>>,
    objective: &dyn Objective,
    limit: u64,
) -> Result<ElboGraph, Refusal> {
    let needs = objective.needs();
    let dependencies = if needs.score || needs.exact { dependencies(model, guide, placement, params)? } else { Dependencies::default() };
    if let Some((captured, kinds)) = capture::capture(model, guide, placement, params, (objective, limit), &dependencies)? {
        return import::import(captured, kinds);
    }
    let (captured, traces, sites) = capture::capture_enumerated(model, guide, placement, params, needs.held)?;
    permitted(objective, &traces[0], &sites).map_err(|error| Refusal::new(error.to_string()))?;
    import::import_enumerated(captured, &traces, &sites, limit)
}

/// What depends on the sites that have no pathwise gradient.
///
/// # Errors
/// As [`elbo_graph`].
pub(crate) fn dependencies<M: Program, G: Program>(
    model: &M,
    guide: &G,
    placement: &Placement,
    params: &Rc<RefCell<ParamStore>>,
) -> Result<Dependencies, Refusal> {
    import::import_dependencies(capture::capture_sites(model, guide, placement, params)?)
}

/// `f` of tensors shaped like `inputs`, as a graph with these inputs in order and one output.
///
/// The floats among the inputs are parameters of the graph, the others data. `f` is given the capture device and the inputs
/// on it; a tensor of another device enters the graph as a constant.
///
/// # Errors
/// A function that reads a value, or an operation that the graph does not have.
pub fn function_graph(
    placement: &Placement,
    inputs: &[AnyTensor],
    f: impl FnOnce(&Placement, &[AnyTensor]) -> Tensor<1>,
) -> Result<Graph, Refusal> {
    let captured = capture::capture_function(placement, inputs, f)?;
    let mut graph = import::import_function(captured)?;
    for (described, input) in graph.inputs.iter_mut().zip(inputs) {
        if inputs::type_of(input) == Type::Float {
            described.role = Role::Parameter;
        }
    }
    Ok(graph)
}

/// What runs a step on the device of `placement`: kernels of our own where the tensors are Flex's, else Burn's operations.
fn runner(step: &StepGraph, placement: &Placement) -> Result<Box<dyn plan::Runner>, plan::Failure> {
    #[cfg(feature = "flex")]
    if placement.device == burn::tensor::Device::flex() {
        return Ok(Box::new(cpu::Cpu::new(step, placement)?));
    }
    Ok(Box::new(replay::Replay::new(step, placement)))
}
