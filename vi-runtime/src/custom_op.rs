//! Plumbing for operations of our own on Burn's backends: slices of the Flex backend, nodes of the capture device.

use burn::backend::Capture;
use burn::backend::TensorMetadata;
use burn::backend::ir::{CustomOpIr, OperationIr, OperationOutput, ScalarIr, TensorIr, TensorStatus};
use burn::backend::tensor::FloatTensor;
use burn::tensor::Shape;
use burn_router::RouterClient;

/// Records the operation `name` as one node of the captured graph, instead of the operations it is composed of.
///
/// The node carries its inputs in order, one output of the given shape in the type of the first input, and `scalars`.
pub(crate) fn record<const N: usize>(
    name: &'static str,
    inputs: [FloatTensor<Capture>; N],
    shape: Shape,
    scalars: Vec<ScalarIr>,
) -> FloatTensor<Capture> {
    let client = inputs[0].client.clone();
    let out = TensorIr { id: client.create_empty_handle(), shape, dtype: inputs[0].dtype(), status: TensorStatus::NotInit };
    let inputs = inputs.map(|tensor| tensor.into_ir());
    client.register(OperationIr::Custom(CustomOpIr::with_scalars(name, &inputs, &[out], scalars))).output()
}

#[cfg(feature = "flex")]
pub(crate) mod flex {
    //! Kernels on Flex tensors of 32 or 64 bits; `None` for other types, which run the composed form.

    use burn::backend::flex::FlexTensor;
    use burn::tensor::{DType, Shape, TensorData};

    /// `f` of each element, computed in double precision.
    pub(crate) fn map(x: &FlexTensor, f: impl Fn(f64) -> f64) -> Option<FlexTensor> {
        let x = x.to_contiguous();
        let shape = x.layout().shape().clone();
        let data = match x.dtype() {
            DType::F64 => TensorData::new(x.as_slice::<f64>()?.iter().map(|&x| f(x)).collect(), shape),
            DType::F32 => TensorData::new(x.as_slice::<f32>()?.iter().map(|&x| f(f64::from(x)) as f32).collect(), shape),
            _ => return None,
        };
        Some(FlexTensor::from_data(data))
    }

    /// `f` of the elements of two tensors of one shape and type.
    pub(crate) fn zip(x: &FlexTensor, y: &FlexTensor, f: impl Fn(f64, f64) -> f64) -> Option<FlexTensor> {
        let (left, right) = (read(x)?, read(y)?);
        let values = left.into_iter().zip(right).map(|(x, y)| f(x, y)).collect();
        Some(write(values, x.layout().shape().clone(), x.dtype()))
    }

    /// `f` of the elements of three tensors of one shape and type.
    pub(crate) fn zip_three(x: &FlexTensor, y: &FlexTensor, z: &FlexTensor, f: impl Fn(f64, f64, f64) -> f64) -> Option<FlexTensor> {
        let (first, second, third) = (read(x)?, read(y)?, read(z)?);
        let values = first.into_iter().zip(second).zip(third).map(|((x, y), z)| f(x, y, z)).collect();
        Some(write(values, x.layout().shape().clone(), x.dtype()))
    }

    /// The elements in row-major order.
    pub(crate) fn read(x: &FlexTensor) -> Option<Vec<f64>> {
        let x = x.to_contiguous();
        match x.dtype() {
            DType::F64 => Some(x.as_slice::<f64>()?.to_vec()),
            DType::F32 => Some(x.as_slice::<f32>()?.iter().map(|&x| f64::from(x)).collect()),
            _ => None,
        }
    }

    /// A tensor from row-major elements; `dtype` is that of a tensor that [`read`] took.
    pub(crate) fn write(values: Vec<f64>, shape: Shape, dtype: DType) -> FlexTensor {
        FlexTensor::from_data(match dtype {
            DType::F64 => TensorData::new(values, shape),
            _ => TensorData::new(values.into_iter().map(|x| x as f32).collect(), shape),
        })
    }
}

#[cfg(any(feature = "ndarray", feature = "tch"))]
pub(crate) mod host {
    //! The same for other backends on the processor, whose tensors are read and made anew.

    use burn::backend::tensor::FloatTensor;
    use burn::backend::{Backend, TensorMetadata};
    use burn::tensor::{DType, TensorData, try_read_sync};

    /// `f` of each element, computed in double precision; `None` for types that are neither single nor double.
    pub(crate) fn map<B: Backend>(x: &FloatTensor<B>, f: impl Fn(f64) -> f64) -> Option<FloatTensor<B>> {
        Some(write::<B>(read::<B>(x)?.into_iter().map(f).collect(), x))
    }

    /// `f` of the elements of two tensors of one shape and type.
    pub(crate) fn zip<B: Backend>(x: &FloatTensor<B>, y: &FloatTensor<B>, f: impl Fn(f64, f64) -> f64) -> Option<FloatTensor<B>> {
        let values = read::<B>(x)?.into_iter().zip(read::<B>(y)?).map(|(x, y)| f(x, y)).collect();
        Some(write::<B>(values, x))
    }

    /// `f` of the elements of three tensors of one shape and type.
    pub(crate) fn zip_three<B: Backend>(
        x: &FloatTensor<B>,
        y: &FloatTensor<B>,
        z: &FloatTensor<B>,
        f: impl Fn(f64, f64, f64) -> f64,
    ) -> Option<FloatTensor<B>> {
        let values = read::<B>(x)?.into_iter().zip(read::<B>(y)?).zip(read::<B>(z)?).map(|((x, y), z)| f(x, y, z)).collect();
        Some(write::<B>(values, x))
    }

    fn read<B: Backend>(x: &FloatTensor<B>) -> Option<Vec<f64>> {
        if !matches!(x.dtype(), DType::F32 | DType::F64) {
            return None;
        }
        let data = try_read_sync(B::float_into_data(x.clone()))?.ok()?;
        Some(data.iter::<f64>().collect())
    }

    fn write<B: Backend>(values: Vec<f64>, like: &FloatTensor<B>) -> FloatTensor<B> {
        B::float_from_data(TensorData::new(values, like.shape()).convert_dtype(like.dtype()), &like.device())
    }
}
