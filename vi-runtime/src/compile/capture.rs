//! One run on the capture device: of guide and model, or of a function.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use burn::backend::ir::TensorId;
use burn::tensor::{CapturedGraph, Float, FloatDType, Tensor};
use vi_graph::ir::Stream;
use vi_graph::{Key, Precision};

use super::recorder::{self, Mark, Recorded, Recorder};
use super::{Refusal, quiet};
use crate::any_tensor::AnyTensor;
use crate::error::Error;
use crate::objective::influence::{Dependencies, divergences, scored};
use crate::objective::{Estimate, Objective, Particles, TermKind, evaluated, particle, traces};
use crate::operand::Placement;
use crate::program::enumeration::{EnumeratedSite, Enumeration};
use crate::program::{ParamScope, ParamStore, Program, Run, Site, Trace};

/// The recorded operations and what they mean.
pub(super) struct Captured {
    pub(super) recorded: CapturedGraph,
    pub(super) precision: Precision,
    pub(super) inputs: Vec<Recorded>,
    pub(super) streams: Vec<Stream>,
    pub(super) marks: Vec<Mark>,
    /// What the run returned; absent where it is no tensor of the capture device.
    pub(super) outputs: Vec<Option<TensorId>>,
}

/// The outputs are reconstruction, prior, guide, then the parts that the objective is shown, whose names come beside. Absent
/// where sites are enumerated.
pub(super) fn capture<M: Program, G: Program>(
    model: &M,
    guide: &G,
    placement: &Placement,
    params: &Rc<RefCell<ParamStore>>,
    (objective, limit): (&dyn Objective, u64),
    dependencies: &Dependencies,
) -> Result<Option<(Captured, Vec<TermKind>)>, Refusal> {
    let mut kinds = Vec::new();
    let mut enumerated = false;
    let captured = record(placement, |to, recorder| {
        let terms = run(model, guide, to, params, recorder, |model, guide, run| {
            particle(model, guide, run, (objective, limit), dependencies, false)
        })?;
        enumerated = terms.enumerated;
        let sums = [terms.reconstruction, terms.prior, terms.guide].map(|sum| sum.map(AnyTensor::from));
        let (names, parts): (Vec<TermKind>, Vec<Tensor<1>>) = terms.parts.into_iter().unzip();
        kinds = names;
        Ok(sums.into_iter().chain(parts.into_iter().map(|part| Some(part.into()))).collect())
    })?;
    Ok((!enumerated).then_some((captured, kinds)))
}

/// What the sites of both programs are, and what was recorded of them.
pub(super) struct CapturedSites {
    pub(super) captured: Captured,
    pub(super) guide: Rc<Trace>,
    pub(super) model: Trace,
    /// The sites with a divergence in closed form.
    pub(super) exact: Vec<String>,
}

/// The outputs are the values of the guide's sites without a pathwise gradient, then the log density of every site of the guide, then
/// those of the model, then each divergence in closed form.
pub(super) fn capture_sites<M: Program, G: Program>(
    model: &M,
    guide: &G,
    placement: &Placement,
    params: &Rc<RefCell<ParamStore>>,
) -> Result<CapturedSites, Refusal> {
    let (mut traces, mut exact) = ((Rc::default(), Trace::default()), Vec::new());
    let captured = record(placement, |to, recorder| {
        let terms = run(model, guide, to, params, recorder, |model, guide, run| evaluated(model, guide, run, false))?;
        traces = (terms.guide_trace, terms.model_trace);
        let values = scored(&traces.0).map(|site| site.value.clone());
        let densities = traces.0.sites().chain(traces.1.sites()).map(|site| site.log_prob.clone());
        let (sites, divergences): (Vec<&Site>, Vec<AnyTensor>) = divergences(&traces.0, &traces.1).unzip();
        exact = sites.into_iter().map(|site| site.name.clone()).collect();
        Ok(values.chain(densities).chain(divergences.into_iter().map(Some)).collect())
    })?;
    Ok(CapturedSites { captured, guide: traces.0, model: traces.1, exact })
}

/// The outputs are the log densities of every site, element by element: of the guide, of the guide with its parameters held where
/// `held`, of the model, then the weights of those enumerated sites that the guide has; the traces come beside in that order, with the
/// enumerated sites.
pub(super) fn capture_enumerated<M: Program, G: Program>(
    model: &M,
    guide: &G,
    placement: &Placement,
    params: &Rc<RefCell<ParamStore>>,
    held: bool,
) -> Result<(Captured, [Trace; 3], Vec<EnumeratedSite>), Refusal> {
    let enumeration = Rc::new(Enumeration::default());
    let mut found = [Trace::default(), Trace::default(), Trace::default()];
    let captured = record(placement, |to, recorder| {
        let (guide, model, held) = run(model, guide, to, params, recorder, |model, guide, run| {
            let run = Run { enumeration: Some(Rc::clone(&enumeration)), ..run.clone() };
            traces(model, guide, &run, held)
        })?;
        found = [(*guide).clone(), held.unwrap_or_default(), model];
        let mut outputs: Vec<Option<AnyTensor>> = found.iter().flat_map(Trace::sites).map(|site| site.log_prob.clone()).collect();
        for site in averaged(&enumeration.sites(), &found[0]) {
            outputs.push(enumeration.weight(site).map_err(|error| Refusal::new(error.to_string()))?);
        }
        Ok(outputs)
    })?;
    Ok((captured, found, enumeration.sites()))
}

/// The enumerated sites that the guide has, in the order of `sites`.
pub(super) fn averaged<'a>(sites: &[EnumeratedSite], guide: &'a Trace) -> impl Iterator<Item = &'a Site> {
    sites.iter().filter_map(|site| guide.get(&site.name))
}

/// The output is the value of `f` at tensors shaped like `inputs`.
pub(super) fn capture_function(
    placement: &Placement,
    inputs: &[AnyTensor],
    f: impl FnOnce(&Placement, &[AnyTensor]) -> Tensor<1>,
) -> Result<Captured, Refusal> {
    record(placement, |to, recorder| {
        let inputs: Vec<AnyTensor> = inputs.iter().enumerate().map(|(index, input)| recorder.data(index, input)).collect();
        let output = quiet::catch(|| f(&to, &inputs)).map_err(|panic| Refusal::new(panicked(&panic)))?;
        Ok(vec![Some(output.into())])
    })
}

/// The outputs are the bound and the loss of `objective`, the inputs its parts and, where the objective has one, the weight of the
/// divergence; each part is `[lanes, elements]`.
pub(super) fn capture_objective(
    placement: &Placement,
    objective: &dyn Objective,
    parts: &[(TermKind, usize)],
    particles: usize,
) -> Result<Captured, Refusal> {
    record(placement, |to, recorder| {
        let lanes = particles * objective.samples();
        let float = |shape: &[usize]| AnyTensor::from_f64(vec![0.0; shape.iter().product()], shape, &placement.device, placement.dtype);
        let estimate = quiet::catch(|| {
            let mut shown = Vec::with_capacity(parts.len());
            for (index, (kind, elements)) in parts.iter().enumerate() {
                shown.push((kind.clone(), recorder.data(index, &float(&[lanes, *elements])).typed::<2, Float>("a part")?));
            }
            let weight = objective.kl_weight(0).map(|_| recorder.data(parts.len(), &float(&[1])).typed::<1, Float>("a weight"));
            Ok(Particles::new(shown, particles, objective.samples(), weight.transpose()?).map(|draws| objective.estimate(&draws)))
        });
        drop(to);
        let estimate: crate::Result<Option<Estimate>> = estimate.map_err(|panic| Refusal::new(panicked(&panic)))?;
        match estimate.map_err(|error| Refusal::new(error.to_string()))? {
            Some(Estimate { bound, loss }) => Ok(vec![Some(bound.into()), Some(loss.into())]),
            None => Err(Refusal::new("neither program has a site with a density")),
        }
    })
}

/// What `run` does at the placement that it is given.
fn record(
    placement: &Placement,
    run: impl FnOnce(Placement, &Rc<Recorder>) -> Result<Vec<Option<AnyTensor>>, Refusal>,
) -> Result<Captured, Refusal> {
    if cfg!(panic = "abort") {
        return Err(Refusal::new("a program that reads a value panics on the capture device, and this build aborts on a panic"));
    }
    let precision = match placement.dtype {
        FloatDType::F32 | FloatDType::Flex32 => Precision::F32,
        FloatDType::F64 => Precision::F64,
        other => return Err(Refusal::new(format!("{other:?} is neither single nor double precision"))),
    };
    let device = recorder::device(&placement.device).map_err(|error| Refusal::new(error.to_string()))?;
    let to = Placement { device: device.clone(), dtype: placement.dtype };
    let recorder = Rc::new(Recorder::new(to.clone()));
    let mut outcome = Err(Refusal::new("the run did not end"));
    let recorded = device.capture_scope(|scope| {
        outcome = run(to, &recorder);
        scope.complete([], [])
    });
    let outputs = outcome?;
    let recorded = recorded.map_err(|error| Refusal::new(format!("the run was not recorded: {error}")))?;
    let outputs = outputs.into_iter().map(|output| output.and_then(|output| output.captured_id())).collect();
    Ok(Captured { recorded, precision, inputs: recorder.inputs(), streams: recorder.streams(), marks: recorder.marks(), outputs })
}

fn run<M: Program, G: Program, T>(
    model: &M,
    guide: &G,
    to: Placement,
    params: &Rc<RefCell<ParamStore>>,
    recorder: &Rc<Recorder>,
    both: impl FnOnce(&M, &G, &Run) -> crate::Result<T>,
) -> Result<T, Refusal> {
    let index = Cell::new(0);
    let argument = |tensor: AnyTensor| {
        index.set(index.get() + 1);
        recorder.data(index.get() - 1, &tensor)
    };
    let recorded = quiet::catch(|| {
        let (model, guide) = (model.map_tensors(&mut { argument }), guide.map_tensors(&mut { argument }));
        let mut elsewhere = false;
        let mut look = |tensor: &AnyTensor| elsewhere |= tensor.captured_id().is_none();
        model.visit_tensors(&mut look);
        guide.visit_tensors(&mut look);
        if elsewhere {
            return Err(Error::Unsupported {
                what: "the arguments".into(),
                problem: "a reference to a program keeps its tensors where they are; pass the program itself".into(),
            });
        }
        // No seed gives a key in another lane than 0: a site whose key differs from the run's has a seed of its own.
        let mut run = Run::new(Key::new(0).lane(1), to).params(ParamScope::captured(Rc::clone(params), Rc::clone(recorder)));
        run.recorder = Some(Rc::clone(recorder));
        both(&model, &guide, &run)
    });
    let (site, inside) = recorder.position();
    let reason = match recorded {
        Ok(Ok(terms)) => return Ok(terms),
        Ok(Err(Error::Read { .. })) => READS.to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panicked(&panic),
    };
    Err(Refusal { site, after: !inside, ..Refusal::new(reason) })
}

fn panicked(message: &str) -> String {
    if message.contains(NO_VALUE) {
        return READS.to_owned();
    }
    format!("the run panics when it is recorded: {}", message.lines().next().unwrap_or_default())
}

const READS: &str = "the run reads the value of a tensor";

/// How the capture device says that a tensor was not computed.
const NO_VALUE: &str = "no concrete value";
