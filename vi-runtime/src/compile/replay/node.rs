//! One node of the graph as operations of Burn.

use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn::backend::{Dispatch, DispatchTensor, TensorMetadata};
use burn::tensor::{BoolDType, FloatDType, IntDType, Shape, TensorData};
use vi_graph::gamma::{gamma_log_derivative, log_gamma_draw};
use vi_graph::ir::{Binary, Data, Node, Op, Scalar, Stream, Type};
use vi_graph::{Graph, Key};

use super::elementwise;
use super::structure;
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::operand::Placement;

type Device = <Dispatch as burn::backend::BackendTypes>::Device;

/// What a node needs besides its operands.
pub(super) struct Evaluator<'a> {
    pub(super) graph: &'a Graph,
    pub(super) placement: &'a Placement,
    pub(super) key: Key,
}

/// An operand: a tensor, or one number everywhere.
pub(super) enum Value {
    Tensor(DispatchTensor),
    Splat(Scalar),
}

/// The types of a device.
#[derive(Clone, Copy)]
pub(super) struct Types {
    pub(super) float: FloatDType,
    pub(super) int: IntDType,
    pub(super) bool: BoolDType,
}

impl Evaluator<'_> {
    /// The value of node `index` from those of its operands.
    ///
    /// # Errors
    /// [`Error::Read`] where a draw needs values that cannot be read.
    pub(super) fn evaluate(&self, index: usize, values: &[Option<DispatchTensor>]) -> Result<DispatchTensor> {
        let node = &self.graph.nodes[index];
        let operands: Vec<Value> = node
            .args
            .iter()
            .map(|arg| match (&values[arg.index()], &self.graph.node(*arg).op) {
                (Some(value), _) => Ok(Value::Tensor(value.clone())),
                (None, Op::Full(value)) => Ok(Value::Splat(*value)),
                (None, _) => Err(self.unexpected(node, "an operand has no value")),
            })
            .collect::<Result<_>>()?;
        let tensor = |i: usize| match &operands[i] {
            Value::Tensor(tensor) => tensor.clone(),
            Value::Splat(value) => self.full(*value, self.graph.shape(node.args[i])),
        };
        let types = self.types();
        Ok(match &node.op {
            Op::Input(input) => return Err(self.unexpected(node, &format!("input {input} was not given"))),
            Op::Constant(data) => self.constant(data, &node.shape),
            Op::Full(value) => self.full(*value, &node.shape),
            Op::Unary(f) => elementwise::unary(*f, tensor(0), node.ty),
            Op::Binary(Binary::GammaLogDerivative) => self.gamma_derivative(tensor(0), tensor(1), &node.shape)?,
            Op::Binary(f) => elementwise::binary(*f, &operands[0], &operands[1], &tensor, node.ty, types),
            Op::Ternary(f) => elementwise::ternary(*f, tensor(0), tensor(1), tensor(2)),
            Op::Compare(f) => elementwise::compare(*f, &operands[1], &tensor, self.graph.ty(node.args[0]), types),
            Op::Logic(f) => elementwise::logic(*f, tensor(0), tensor(1)),
            Op::Not => Dispatch::bool_not(tensor(0)),
            Op::Test(f) => elementwise::test(*f, tensor(0), types),
            Op::Where => elementwise::select(tensor(0), tensor(1), tensor(2), node.ty),
            Op::Cast => elementwise::cast(tensor(0), self.graph.ty(node.args[0]), node.ty, types),
            Op::LogGamma { stream, lanes } => self.log_gamma(tensor(0), &node.shape, stream, *lanes)?,
            _ => structure::evaluate(node, self.graph.shape(node.args[0]), &tensor, types, &|value, shape| self.full(value, shape)),
        })
    }

    fn unexpected(&self, node: &Node, problem: &str) -> Error {
        Error::Unsupported { what: format!("replaying {:?}", node.op), problem: problem.to_owned() }
    }

    fn device(&self) -> Device {
        AnyTensor::from_f64(vec![0.0], &[1], &self.placement.device, self.placement.dtype).into_dispatch().device()
    }

    fn types(&self) -> Types {
        let settings = burn::backend::get_or_init_device_settings::<Dispatch>(&self.device());
        Types { float: self.placement.dtype, int: settings.int_dtype, bool: settings.bool_dtype }
    }

    fn full(&self, value: Scalar, shape: &[usize]) -> DispatchTensor {
        let (shape, device, types) = (Shape::from(shape.to_vec()), self.device(), self.types());
        match value {
            Scalar::Float(x) => Dispatch::float_full(shape, x.into(), &device, types.float),
            Scalar::Int(x) => Dispatch::int_full(shape, x.into(), &device, types.int),
            Scalar::Bool(true) => Dispatch::bool_ones(shape, &device, types.bool),
            Scalar::Bool(false) => Dispatch::bool_zeros(shape, &device, types.bool),
        }
    }

    fn constant(&self, data: &Data, shape: &[usize]) -> DispatchTensor {
        let to = self.placement;
        match data {
            Data::Float(values) => AnyTensor::from_f64(values.clone(), shape, &to.device, to.dtype).into_dispatch(),
            Data::Int(values) => AnyTensor::from_i64(values.clone(), shape, &to.device).into_dispatch(),
            Data::Bool(values) => {
                let dtype = self.types().bool;
                let data = TensorData::new(values.clone(), shape.to_vec()).convert_dtype(dtype.into());
                Dispatch::bool_from_data(data, &self.device())
            }
        }
    }

    /// Draws on the host, as an eager run does.
    fn log_gamma(&self, concentration: DispatchTensor, shape: &[usize], stream: &Stream, lanes: Option<usize>) -> Result<DispatchTensor> {
        let concentrations = AnyTensor::from_dispatch(concentration, Type::Float).to_f64()?;
        let key = self.key.site(&stream.site).fold_in(stream.call);
        let each = concentrations.len() / lanes.unwrap_or(1).max(1);
        let rows = concentrations.chunks(each.max(1)).enumerate();
        let draws = rows.flat_map(|(lane, row)| {
            let mut rng = key.lane(lane as u32).stream();
            row.iter().map(|&a| log_gamma_draw(&mut rng, a)).collect::<Vec<_>>()
        });
        Ok(AnyTensor::from_f64(draws.collect(), shape, &self.placement.device, self.placement.dtype).into_dispatch())
    }

    fn gamma_derivative(&self, a: DispatchTensor, ln_g: DispatchTensor, shape: &[usize]) -> Result<DispatchTensor> {
        let (a, ln_g) = (AnyTensor::from_dispatch(a, Type::Float).to_f64()?, AnyTensor::from_dispatch(ln_g, Type::Float).to_f64()?);
        let values = a.into_iter().zip(ln_g).map(|(a, ln_g)| gamma_log_derivative(a, ln_g)).collect();
        Ok(AnyTensor::from_f64(values, shape, &self.placement.device, self.placement.dtype).into_dispatch())
    }
}
