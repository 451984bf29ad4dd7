//! The values of a graph's inputs for one step, as the host makes them.

use std::cell::RefCell;
use std::rc::Rc;

use burn::tensor::kind::Kind;
use vi_graph::ir::{Data, Input, NoiseKind, Op, Role, Type};
use vi_graph::{Graph, Key};

use super::{ElboGraph, Source};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result, list};
use crate::noise::{HostNoise, NoiseSource};
use crate::operand::Placement;
use crate::program::{ParamStore, Program, draw_units};

impl Source {
    /// The input that it fills; `data` counts the arguments.
    pub(super) fn input(&self) -> Input {
        match self {
            Source::Parameter(name) => Input { name: name.clone(), role: Role::Parameter },
            Source::Noise(stream, kind) => {
                Input { name: format!("{} noise {}", stream.site, stream.call), role: Role::Noise(stream.clone(), *kind) }
            }
            Source::Data(index) => Input { name: format!("data {index}"), role: Role::Data },
            Source::KlWeight => Input { name: "weight of the divergence".to_owned(), role: Role::Step },
            Source::Enumerated(site) => Input { name: site.clone(), role: Role::Step },
            Source::Units { plate, .. } => Input { name: (*plate).to_owned(), role: Role::Step },
        }
    }
}

impl ElboGraph {
    /// The inputs of the step of `key`, for the particle whose lane the key is in.
    ///
    /// # Errors
    /// [`Error::Read`] where a device cannot be read, [`Error::Unknown`] where a parameter is missing.
    pub fn inputs<M: Program, G: Program>(
        &self,
        model: &M,
        guide: &G,
        placement: &Placement,
        params: &Rc<RefCell<ParamStore>>,
        key: Key,
    ) -> Result<Vec<Data>> {
        let mut arguments = Vec::new();
        model.visit_tensors(&mut |tensor| arguments.push(tensor.clone()));
        guide.visit_tensors(&mut |tensor| arguments.push(tensor.clone()));
        filled(&self.graph, &self.sources, &arguments, placement, params, (key, key.lane(0)))
    }
}

/// The inputs of `graph` in a run with the key `key`, whose plates draw from `plates`.
///
/// # Errors
/// As [`ElboGraph::inputs`].
pub(super) fn filled(
    graph: &Graph,
    sources: &[Source],
    arguments: &[AnyTensor],
    placement: &Placement,
    params: &Rc<RefCell<ParamStore>>,
    (key, plates): (Key, Key),
) -> Result<Vec<Data>> {
    let shapes = graph.nodes.iter().filter_map(|node| match node.op {
        Op::Input(input) => Some((input, node.shape.clone())),
        _ => None,
    });
    let mut shape_of = vec![Vec::new(); sources.len()];
    for (input, shape) in shapes {
        shape_of[input] = shape;
    }
    let values = sources.iter().zip(shape_of).map(|(source, shape)| match source {
        Source::KlWeight => Ok(Data::Float(vec![1.0])),
        // All its values are in the graph.
        Source::Enumerated(_) => Ok(Data::Int(vec![0; shape.iter().product()])),
        Source::Parameter(name) => {
            let store = params.borrow();
            let entry = store.entry(name).ok_or_else(|| Error::Unknown {
                what: "parameter",
                name: name.clone(),
                available: list(store.names()),
            })?;
            elements(&entry.unconstrained)
        }
        Source::Noise(stream, kind) => {
            let mut noise = HostNoise::for_request(key.site(&stream.site), stream.call, placement.clone());
            elements(&match kind {
                NoiseKind::Normal => noise.normal(&shape)?,
                NoiseKind::Uniform => noise.uniform(&shape)?,
            })
        }
        Source::Data(index) => elements(&arguments[*index]),
        Source::Units { plate, size, len } => Ok(Data::Int(draw_units(plates, plate, *size, *len))),
    });
    values.collect()
}

/// The type of the elements in a graph.
pub(super) fn type_of(tensor: &AnyTensor) -> Type {
    match tensor.kind() {
        Kind::Float => Type::Float,
        Kind::Int => Type::Int,
        Kind::Bool => Type::Bool,
    }
}

/// The elements in row-major order.
pub(super) fn elements(tensor: &AnyTensor) -> Result<Data> {
    let values = tensor.to_f64()?;
    Ok(match type_of(tensor) {
        Type::Float => Data::Float(values),
        Type::Int => Data::Int(tensor.to_i64()?),
        Type::Bool => Data::Bool(values.into_iter().map(|x| x != 0.0).collect()),
    })
}
