//! A tensor whose rank and kind are known only at run time: what a trace, a draw or an argument list holds.

use burn::backend::DispatchTensor;
use burn::tensor::kind::{Basic, BridgeTensor, Kind};
use burn::tensor::{Bool, DType, Device, Float, FloatDType, Int, Tensor, TensorData};

use crate::error::{Error, Result};

/// The highest rank a rank-erased tensor can have.
pub const MAX_RANK: usize = 8;

/// Runs `$body` with the constant `$d` bound to the run-time rank `$rank` (1 to 8).
macro_rules! each_rank {
    ($rank:expr, $d:ident => $body:expr) => {
        match $rank {
            1 => {
                const $d: usize = 1;
                $body
            }
            2 => {
                const $d: usize = 2;
                $body
            }
            3 => {
                const $d: usize = 3;
                $body
            }
            4 => {
                const $d: usize = 4;
                $body
            }
            5 => {
                const $d: usize = 5;
                $body
            }
            6 => {
                const $d: usize = 6;
                $body
            }
            7 => {
                const $d: usize = 7;
                $body
            }
            _ => {
                const $d: usize = 8;
                $body
            }
        }
    };
}
pub(crate) use each_rank;

/// `tensor` on `device`. Truth values travel as integers: a GPU stores them in words, a processor in bytes, and Burn 0.22 refuses
/// each where it expects the other.
pub(crate) fn move_bools<const D: usize>(tensor: Tensor<D, Bool>, device: &Device) -> Tensor<D, Bool> {
    if tensor.device() == *device { tensor } else { tensor.int().to_device(device).bool() }
}

/// The kinds of tensor a site can hold.
pub trait ValueKind: Basic + Clone + std::fmt::Debug + Send + Sync + 'static {
    /// `"float"`, `"int"` or `"bool"`.
    const NAME: &'static str;
}
impl ValueKind for Float {
    const NAME: &'static str = "float";
}
impl ValueKind for Int {
    const NAME: &'static str = "int";
}
impl ValueKind for Bool {
    const NAME: &'static str = "bool";
}

/// A tensor of any rank from 1 to [`MAX_RANK`] and any kind.
///
/// Cloning is cheap: Burn's tensors are reference-counted.
#[derive(Clone, Debug)]
pub struct AnyTensor {
    bridge: BridgeTensor,
}

impl<const D: usize, K: Basic> From<Tensor<D, K>> for AnyTensor {
    fn from(tensor: Tensor<D, K>) -> Self {
        // Burn 0.22 labels the result of comparing int tensors with `equal` and the like as int, its elements being bool.
        let mislabelled = tensor.dtype().is_bool() && tensor.clone().into_bridge().is_int();
        let tensor = if mislabelled { Tensor::<D, K>::from_dispatch(tensor.into_dispatch()) } else { tensor };
        AnyTensor { bridge: tensor.into_bridge() }
    }
}

impl<const D: usize, K: Basic> From<&Tensor<D, K>> for AnyTensor {
    fn from(tensor: &Tensor<D, K>) -> Self {
        tensor.clone().into()
    }
}

impl AnyTensor {
    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.bridge.rank()
    }

    /// The size of each dimension.
    pub fn shape(&self) -> Vec<usize> {
        self.bridge.shape().as_slice().to_vec()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.bridge.shape().num_elements()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of the elements.
    pub fn dtype(&self) -> DType {
        self.bridge.dtype()
    }

    /// Float, int or bool.
    pub fn kind(&self) -> Kind {
        if self.bridge.is_int() {
            Kind::Int
        } else if self.bridge.is_bool() {
            Kind::Bool
        } else {
            Kind::Float
        }
    }

    pub(crate) fn kind_name(&self) -> &'static str {
        match self.kind() {
            Kind::Float => Float::NAME,
            Kind::Int => Int::NAME,
            Kind::Bool => Bool::NAME,
        }
    }

    /// The tensor with its rank and kind in the type.
    ///
    /// # Errors
    /// [`Error::Rank`] where rank or kind differ; `what` names the tensor in the message.
    pub fn typed<const D: usize, K: ValueKind>(&self, what: &str) -> Result<Tensor<D, K>> {
        if self.rank() == D && self.kind_name() == K::NAME {
            return Ok(Tensor::from_bridge(self.bridge.clone()));
        }
        Err(Error::Rank {
            what: what.to_owned(),
            found_rank: self.rank(),
            found_kind: self.kind_name(),
            found_shape: self.shape(),
            wanted_rank: D,
            wanted_kind: K::NAME,
        })
    }

    /// The device that holds the elements, without autodiff.
    pub fn device(&self) -> Device {
        let bridge = self.bridge.clone();
        match self.kind() {
            Kind::Float => Tensor::<1>::from_bridge(bridge).device(),
            Kind::Int => Tensor::<1, Int>::from_bridge(bridge).device(),
            Kind::Bool => Tensor::<1, Bool>::from_bridge(bridge).device(),
        }
        .inner()
    }

    /// Moved to `device`; float elements become `dtype`.
    #[must_use]
    pub fn place(self, device: &Device, dtype: FloatDType) -> Self {
        match self.kind() {
            Kind::Float => Tensor::<1>::from_bridge(self.bridge).to_device(device).cast(dtype).into(),
            Kind::Int => Tensor::<1, Int>::from_bridge(self.bridge).to_device(device).into(),
            Kind::Bool => each_rank!(self.rank(), D => move_bools(Tensor::<D, Bool>::from_bridge(self.bridge), device).into()),
        }
    }

    /// As it is where device and float precision are those of `to`, else moved and converted.
    pub(crate) fn matching(self, to: &crate::operand::Placement) -> Self {
        let float = !matches!(self.kind(), Kind::Float) || self.dtype() == to.dtype.into();
        if float && self.device() == to.device { self } else { self.place(&to.device, to.dtype) }
    }

    /// A tensor of the same rank, shape and type without elements that mean anything, on `device`.
    pub(crate) fn empty_on(&self, device: &Device) -> Self {
        let shape = self.shape();
        each_rank!(self.rank(), D => {
            let shape: [usize; D] = std::array::from_fn(|i| shape[i]);
            match self.kind() {
                Kind::Float => Tensor::<D>::empty(shape, (device, self.dtype())).into(),
                Kind::Int => Tensor::<D, Int>::empty(shape, (device, self.dtype())).into(),
                Kind::Bool => Tensor::<D, Bool>::empty(shape, (device, self.dtype())).into(),
            }
        })
    }

    /// The tensor of the capture device that this is, if it is one.
    pub(crate) fn captured_id(&self) -> Option<burn::backend::ir::TensorId> {
        use burn::backend::Capture;
        let bridge = self.bridge.clone();
        match self.kind() {
            Kind::Float => Tensor::<1>::from_bridge(bridge).try_into_primitive::<Capture>().ok().map(|x| x.id()),
            Kind::Int => Tensor::<1, Int>::from_bridge(bridge).try_into_primitive::<Capture>().ok().map(|x| x.id()),
            Kind::Bool => Tensor::<1, Bool>::from_bridge(bridge).try_into_primitive::<Capture>().ok().map(|x| x.id()),
        }
    }

    /// The storage of a float tensor on Flex.
    #[cfg(feature = "flex")]
    pub(crate) fn to_flex(&self) -> std::result::Result<burn::backend::flex::FlexTensor, burn::tensor::PrimitiveConversionError> {
        Tensor::<1>::from_bridge(self.bridge.clone()).try_into_primitive::<burn::backend::Flex>()
    }

    /// The tensor as Burn's operations without rank see it.
    pub(crate) fn into_dispatch(self) -> DispatchTensor {
        self.bridge.into()
    }

    /// A tensor of the type that it holds.
    pub(crate) fn from_dispatch(tensor: DispatchTensor, ty: vi_graph::Type) -> Self {
        let bridge = match ty {
            vi_graph::Type::Float => BridgeTensor::float(tensor),
            vi_graph::Type::Int => BridgeTensor::int(tensor),
            vi_graph::Type::Bool => BridgeTensor::bool(tensor),
        };
        AnyTensor { bridge }
    }

    /// Cut off from the autodiff graph, still on the autodiff device where it was.
    #[must_use]
    pub fn detach(self) -> Self {
        match self.kind() {
            Kind::Float => Tensor::<1>::from_bridge(self.bridge).detach().into(),
            _ => self,
        }
    }

    /// Without autodiff.
    #[must_use]
    pub fn inner(self) -> Self {
        match self.kind() {
            Kind::Float => Tensor::<1>::from_bridge(self.bridge).without_autodiff().into(),
            Kind::Int => Tensor::<1, Int>::from_bridge(self.bridge).without_autodiff().into(),
            Kind::Bool => Tensor::<1, Bool>::from_bridge(self.bridge).without_autodiff().into(),
        }
    }

    /// A leaf of a new autodiff graph that keeps its gradient.
    pub(crate) fn leaf(self) -> Self {
        Tensor::<1>::from_bridge(self.bridge).without_autodiff().autodiff().require_grad().into()
    }

    /// Sum of all elements of a float tensor, shape `[1]`.
    ///
    /// # Errors
    /// [`Error::Rank`] for another kind.
    pub fn sum(&self) -> Result<Tensor<1>> {
        each_rank!(self.rank(), D => Ok(self.typed::<D, Float>("sum")?.sum()))
    }

    /// The elements in row-major order, as `f64`; booleans as 0 and 1.
    ///
    /// # Errors
    /// [`Error::Read`] where the device cannot be read.
    pub fn to_f64(&self) -> Result<Vec<f64>> {
        Ok(self.to_data()?.iter::<f64>().collect())
    }

    /// The elements in row-major order, as they are stored.
    ///
    /// # Errors
    /// [`Error::Read`] where the device cannot be read.
    pub(crate) fn to_data(&self) -> Result<TensorData> {
        let bridge = self.bridge.clone();
        let data = match self.kind() {
            Kind::Float => Tensor::<1>::from_bridge(bridge).without_autodiff().try_to_data(),
            Kind::Int => Tensor::<1, Int>::from_bridge(bridge).without_autodiff().try_to_data(),
            Kind::Bool => Tensor::<1, Bool>::from_bridge(bridge).without_autodiff().try_to_data(),
        };
        data.map_err(|e| Error::Read { what: "tensor".into(), source: format!("{e:?}").into() })
    }

    /// The elements of an int tensor in row-major order.
    ///
    /// # Errors
    /// [`Error::Rank`] for another kind, [`Error::Read`] where the device cannot be read.
    pub(crate) fn to_i64(&self) -> Result<Vec<i64>> {
        each_rank!(self.rank(), D => {
            let data = self.typed::<D, Int>("int tensor")?.without_autodiff().try_to_data();
            let data = data.map_err(|e| Error::Read { what: "tensor".into(), source: format!("{e:?}").into() })?;
            Ok(data.iter::<i64>().collect())
        })
    }

    /// A float tensor from `f64` elements in row-major order.
    pub(crate) fn from_f64(values: Vec<f64>, shape: &[usize], device: &Device, dtype: FloatDType) -> Self {
        let rank = shape.len();
        let data = match dtype {
            FloatDType::F64 => TensorData::new(values, shape.to_vec()),
            _ => TensorData::new(values.into_iter().map(|x| x as f32).collect::<Vec<_>>(), shape.to_vec()),
        };
        let dtype: DType = dtype.into();
        each_rank!(rank, D => Tensor::<D>::from_data(data, (device, dtype)).into())
    }

    /// An int tensor in row-major order, of the device's own type of integers where that holds every value.
    pub(crate) fn from_i64(values: Vec<i64>, shape: &[usize], device: &Device) -> Self {
        let rank = shape.len();
        let wide = values.iter().any(|&x| i32::try_from(x).is_err());
        let data = TensorData::new(values, shape.to_vec());
        each_rank!(rank, D => match wide {
            false => Tensor::<D, Int>::from_data(data, device).into(),
            true => Tensor::<D, Int>::from_data(data, (device, DType::I64)).into(),
        })
    }

    /// The same elements under another shape.
    pub(crate) fn reshaped(&self, shape: &[usize]) -> Self {
        let rank = shape.len();
        each_rank!(self.rank(), D => each_rank!(rank, E => {
            let shape: [usize; E] = std::array::from_fn(|i| shape[i]);
            let bridge = self.bridge.clone();
            match self.kind() {
                Kind::Float => Tensor::<D>::from_bridge(bridge).reshape::<E, _>(shape).into(),
                Kind::Int => Tensor::<D, Int>::from_bridge(bridge).reshape::<E, _>(shape).into(),
                Kind::Bool => Tensor::<D, Bool>::from_bridge(bridge).reshape::<E, _>(shape).into(),
            }
        }))
    }

    /// The elements of the first dimension that `index` names, in its order.
    pub(crate) fn rows(&self, index: Tensor<1, Int>) -> Self {
        let mut shape = self.shape();
        // Flex copies whole rows where a tensor has two dimensions, and single elements elsewhere.
        let bridge = self.reshaped(&[shape[0], shape[1..].iter().product()]).bridge;
        shape[0] = index.dims()[0];
        let rows: AnyTensor = match self.kind() {
            Kind::Float => Tensor::<2>::from_bridge(bridge).select(0, index).into(),
            Kind::Int => Tensor::<2, Int>::from_bridge(bridge).select(0, index).into(),
            // Burn 0.22 labels the elements of selected booleans as bytes.
            Kind::Bool => Tensor::<2, Bool>::from_bridge(bridge).int().select(0, index).bool().into(),
        };
        rows.reshaped(&shape)
    }
}
