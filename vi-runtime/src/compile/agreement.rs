//! The graph and the eager run at one key, side by side: what the tests compare.

use std::cell::RefCell;
use std::rc::Rc;

use burn::tensor::{FloatDType, Tensor};
use vi_graph::Key;
use vi_graph::ir::Data;

use super::{ElboGraph, Refusal, elbo_graph};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::Result;
use crate::guide::Guide;
use crate::objective::{Pathwise, evaluated};
use crate::operand::Placement;
use crate::program::{ParamScope, ParamStore, Program, Run};

/// Both sides.
#[derive(Debug)]
pub struct Agreement {
    /// The graph, or why there is none.
    pub graph: Result<ElboGraph, Refusal>,
    /// Its inputs; empty without a graph.
    pub inputs: Vec<Data>,
    /// Where it was run.
    pub placement: Placement,
    /// The key of the step.
    pub key: Key,
    /// Reconstruction, prior and guide as Burn computes them.
    pub terms: [Option<f64>; 3],
    /// The gradient of the ELBO as Burn computes it, by parameter.
    pub gradients: Vec<(String, Option<Vec<f64>>)>,
}

/// Runs the programs eagerly with `seed`, then records and imports them, and makes the inputs of the same step.
///
/// # Errors
/// Those of the eager run.
pub fn agreement<M: Program + Clone, G: Guide<M>>(model: &M, guide: &G, dtype: FloatDType, seed: u64) -> Result<Agreement> {
    let placement = crate::svi::placement(model, None, Some(dtype))?;
    let model = model.place(&placement);
    let guide = guide.prepare(&model, &placement, Key::new(seed))?;
    let params: Rc<RefCell<ParamStore>> = Rc::default();
    let key = Key::new(seed).fold_in(1);
    // The first run creates the parameters.
    let run = |scope: ParamScope| Run::new(key.lane(0), placement.clone()).plate_key(key).params(scope);
    evaluated(&model, &guide, &run(ParamScope::plain(Rc::clone(&params))), true)?;
    let scope = ParamScope::tracked(Rc::clone(&params));
    let terms = evaluated(&model, &guide, &run(scope.clone()), false)?;
    let mut gradients = Vec::new();
    if let Some(elbo) = terms.elbo().filter(Tensor::is_tracked) {
        let mut found = elbo.backward();
        for (name, leaf) in scope.leaves() {
            let gradient = each_rank!(leaf.rank(), D => {
                leaf.typed::<D, burn::tensor::Float>(&name)?.grad_remove(&mut found).map(AnyTensor::from)
            });
            gradients.push((name, gradient.map(|gradient| gradient.to_f64()).transpose()?));
        }
    }
    let read = |term: Option<Tensor<1>>| term.map(|term| AnyTensor::from(term).to_f64()).transpose().map(|x| x.map(|x| x[0]));
    let terms = [read(terms.reconstruction)?, read(terms.prior)?, read(terms.guide)?];
    let graph = elbo_graph(&model, &guide, &placement, &params, &Pathwise, crate::svi::ENUMERATION_LIMIT);
    let inputs = match &graph {
        Ok(graph) => graph.inputs(&model, &guide, &placement, &params, key)?,
        Err(_) => Vec::new(),
    };
    Ok(Agreement { graph, inputs, placement, key, terms, gradients })
}
