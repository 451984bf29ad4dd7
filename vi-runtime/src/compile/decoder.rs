//! Enumerated sites given all others: a draw, the most probable values, or the probabilities, as a graph.

use std::cell::RefCell;
use std::rc::Rc;

use vi_graph::ir::Data;
use vi_graph::{Graph, Key, interpret::interpret};

use super::{Refusal, Source, capture, import, inputs};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::enumeration::EnumeratedSite;
use crate::program::{Ctx, ParamStore, Program};

/// What is asked of enumerated sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// A draw from their joint posterior.
    Draw,
    /// Their most probable joint value.
    Mode,
    /// For each value of each element its probability, the values along a last dimension.
    Marginals,
}

/// Decodes the enumerated sites of models that differ in the elements of tensors only.
#[derive(Debug)]
pub(crate) struct Decoder {
    graph: Graph,
    sources: Vec<Source>,
    sites: Vec<EnumeratedSite>,
}

impl Decoder {
    /// For `model`, every latent site of which is enumerated; the others are conditioned on.
    ///
    /// # Errors
    /// A model that cannot be recorded, or a sum that is too large.
    pub(crate) fn new<M: Program>(
        model: &M,
        placement: &Placement,
        params: &Rc<RefCell<ParamStore>>,
        wanted: (u64, Decoded),
    ) -> Result<Self, Refusal> {
        let (captured, [_, _, trace], sites) = capture::capture_enumerated(model, &Nothing, placement, params, false)?;
        let (graph, sources) = import::import_decoded(captured, &trace, &sites, wanted)?;
        Ok(Decoder { graph, sources, sites })
    }

    /// What was asked for, site by site, in a run of `model` with the key `key` whose plates draw from `plates`.
    ///
    /// # Errors
    /// [`Error::Read`] where a device cannot be read.
    pub(crate) fn run<M: Program>(
        &self,
        model: &M,
        placement: &Placement,
        params: &Rc<RefCell<ParamStore>>,
        (key, plates): (Key, Key),
    ) -> Result<Vec<(String, AnyTensor)>> {
        let mut arguments = Vec::new();
        model.visit_tensors(&mut |tensor| arguments.push(tensor.clone()));
        let inputs = inputs::filled(&self.graph, &self.sources, &arguments, placement, params, (key, plates))?;
        let values = interpret(&self.graph, &inputs, key)
            .map_err(|error| Error::Unsupported { what: "decoding enumerated sites".into(), problem: error.to_string() })?;
        let found = self.sites.iter().zip(values).map(|(site, data)| {
            let value = match data {
                Data::Float(probabilities) => {
                    let shape = [&site.shape[..], &[site.values]].concat();
                    AnyTensor::from_f64(probabilities, &shape, &placement.device, placement.dtype)
                }
                Data::Int(positions) => {
                    let values = positions.into_iter().map(|position| site.first + position).collect();
                    AnyTensor::from_i64(values, &site.shape, &placement.device)
                }
                Data::Bool(_) => return None,
            };
            Some((site.name.clone(), value))
        });
        Ok(found.flatten().collect())
    }
}

/// The guide of a model without sites to draw.
struct Nothing;

impl Program for Nothing {
    type Output = ();
    type Latents = ();

    fn run(&self, _: &Ctx) -> Result<()> {
        Ok(())
    }
    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        Nothing
    }
    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}
    fn fingerprint(&self, _: &mut Fingerprint) {}
}
