//! Parameters that are matrices: what constructors accept, and how a batch of them is stored.

use burn::tensor::{Bool, FloatDType, Tensor, TensorData};

use super::density::spread;
use super::rows::{align, broadcast};
use super::{Batch, ShapeConflict};
use crate::operand::{AnyOperand, Operand, Placement};

/// Matrices beside vectors of rank `D`, with one dimension more: `[[f64; C]; R]` and `Tensor<2>` make rank 1, `Tensor<3>`
/// rank 2, and so on; references as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the matrices of a distribution of vectors of rank {D}",
    label = "expected a tensor `[batch, R, C]` with one dimension more than `loc`"
)]
pub trait Matrices<const D: usize> {
    /// The matrices as `[rows, R, C]`, and the dimensions that they had.
    fn matrices(self) -> (Operand<3>, Vec<usize>);
}

impl<const R: usize, const C: usize> Matrices<1> for [[f64; C]; R] {
    fn matrices(self) -> (Operand<3>, Vec<usize>) {
        (Operand::Host(self.concat(), [1, R, C]), vec![R, C])
    }
}

macro_rules! matrices {
    ($($value:literal from $rank:literal),*) => { $(
        impl Matrices<$value> for Tensor<$rank> {
            fn matrices(self) -> (Operand<3>, Vec<usize>) {
                let dims = self.dims();
                let rows: usize = dims[..$rank - 2].iter().product();
                (Operand::Tensor(self.reshape([rows, dims[$rank - 2], dims[$rank - 1]])), dims.to_vec())
            }
        }
        impl Matrices<$value> for &Tensor<$rank> {
            fn matrices(self) -> (Operand<3>, Vec<usize>) {
                self.clone().matrices()
            }
        }
    )* };
}
matrices!(1 from 2, 2 from 3, 3 from 4, 4 from 5, 5 from 6, 6 from 7, 7 from 8);

/// A parameter of the rank of the value: `Tensor<D>`, a reference, `[f64; K]` for rank 1 or `[[f64; C]; R]` for rank 2; a
/// number stands for every element, or is a matrix of one element.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a distribution of rank {D}",
    label = "expected `f64`, an array, `Tensor<D>` or `&Tensor<D>`, all tensors of one rank"
)]
pub trait EventParam<const D: usize> {
    /// The parameter.
    fn operand(self) -> Operand<D>;
}

impl<const D: usize> EventParam<D> for f64 {
    fn operand(self) -> Operand<D> {
        Operand::Number(self)
    }
}

impl<const K: usize> EventParam<1> for [f64; K] {
    fn operand(self) -> Operand<1> {
        Operand::Host(self.to_vec(), [K])
    }
}

impl<const R: usize, const C: usize> EventParam<2> for [[f64; C]; R] {
    fn operand(self) -> Operand<2> {
        Operand::Host(self.concat(), [R, C])
    }
}

impl<const D: usize> EventParam<D> for Tensor<D> {
    fn operand(self) -> Operand<D> {
        Operand::Tensor(self)
    }
}

impl<const D: usize> EventParam<D> for &Tensor<D> {
    fn operand(self) -> Operand<D> {
        Operand::Tensor(self.clone())
    }
}

/// One number an event, which decides the rank of a distribution over matrices: `f64` makes rank 2, `Tensor<D>` and
/// `&Tensor<D>` rank `D`, with size 1 in the event dimensions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameter of a distribution over matrices of rank {D}",
    label = "expected `f64`, or a tensor `[batch, 1, 1]`"
)]
pub trait EventScalar<const D: usize> {
    /// The parameter.
    fn operand(self) -> Operand<D>;
}

impl EventScalar<2> for f64 {
    fn operand(self) -> Operand<2> {
        Operand::Number(self)
    }
}

impl<const D: usize> EventScalar<D> for Tensor<D> {
    fn operand(self) -> Operand<D> {
        Operand::Tensor(self)
    }
}

impl<const D: usize> EventScalar<D> for &Tensor<D> {
    fn operand(self) -> Operand<D> {
        Operand::Tensor(self.clone())
    }
}

/// Matrices with the batch dimensions of a distribution of rank `D`, stored flat.
#[derive(Clone, Debug)]
pub(crate) struct Stack<const D: usize> {
    /// `[rows, R, C]`
    values: Operand<3>,
    /// The batch dimensions of the matrices, then 1 for each event dimension.
    own: [usize; D],
}

impl<const D: usize> Stack<D> {
    /// Beside vectors: `dims` has one dimension more than the distribution.
    pub(crate) fn beside_vectors((values, dims): (Operand<3>, Vec<usize>)) -> Self {
        Stack { values, own: std::array::from_fn(|i| if i + 1 < D { dims[i] } else { 1 }) }
    }

    /// A parameter of the rank of the value; a number is a matrix of one element.
    pub(crate) fn of_events(matrix: Operand<D>) -> Self {
        let dims = matrix.dims();
        let own: [usize; D] = std::array::from_fn(|i| if i + 2 < D { dims[i] } else { 1 });
        let flat = [own.iter().product(), dims[D - 2], dims[D - 1]];
        let values = match matrix {
            Operand::Number(x) => Operand::Host(vec![x], [1; 3]),
            Operand::Host(values, _) => Operand::Host(values, flat),
            Operand::Tensor(tensor) => Operand::Tensor(tensor.reshape(flat)),
        };
        Stack { values, own }
    }

    /// Rows and columns of one matrix.
    pub(crate) fn size(&self) -> [usize; 2] {
        let [_, rows, columns] = self.values.dims();
        [rows, columns]
    }

    /// Batch dimensions, then these event dimensions.
    pub(crate) fn dims_with(&self, event: &[usize]) -> [usize; D] {
        let mut dims = self.own;
        dims[D - event.len()..].copy_from_slice(event);
        dims
    }

    /// All matrices there are.
    pub(crate) fn tensor(&self, to: &Placement) -> Tensor<3> {
        self.values.clone().tensor(to)
    }

    /// What was computed from [`tensor`](Self::tensor), row by row, for a value of shape `dims`: one row where one serves all.
    pub(crate) fn aligned<const R: usize>(&self, rows: Tensor<R>, dims: [usize; D], events: usize) -> Tensor<R> {
        align(rows, &self.own[..D - events], &dims[..D - events])
    }

    /// The matrices for a value of shape `dims`: one where one serves all.
    pub(crate) fn for_batch(&self, dims: [usize; D], events: usize, to: &Placement) -> Tensor<3> {
        self.aligned(self.tensor(to), dims, events)
    }

    pub(crate) fn lift<const E: usize>(self) -> Stack<E> {
        Stack { values: self.values, own: Operand::<D>::Host(Vec::new(), self.own).lift::<E>().dims() }
    }

    pub(crate) fn any(&self) -> AnyOperand {
        self.values.any()
    }

    /// A part of a distribution whose events have the dimensions `event`.
    pub(crate) fn part(&self, name: &'static str, event: &[usize]) -> Part<D> {
        Part { name, dims: self.dims_with(event), placement: placement(&self.values) }
    }

    /// A conflict where the matrices have other sizes.
    pub(crate) fn sized(&self, name: &'static str, size: [usize; 2], other: &'static str) -> Option<ShapeConflict> {
        let own = self.size();
        (own != size).then(|| ShapeConflict { left: (name, own.to_vec()), right: (other, size.to_vec()) })
    }

    /// A conflict where the matrices are not square.
    pub(crate) fn square(&self, name: &'static str) -> Option<ShapeConflict> {
        let [rows, _] = self.size();
        self.sized(name, [rows, rows], name)
    }
}

/// A parameter, of whatever form, whose numbers become tensors.
pub(crate) trait Place {
    fn placed(self, to: &Placement) -> Self;
}

impl<const D: usize> Place for Operand<D> {
    fn placed(self, to: &Placement) -> Self {
        self.place(to)
    }
}

impl<const D: usize> Place for Stack<D> {
    fn placed(mut self, to: &Placement) -> Self {
        self.values = self.values.place(to);
        self
    }
}

impl<P: Place> Place for Option<P> {
    fn placed(self, to: &Placement) -> Self {
        self.map(|parameter| parameter.placed(to))
    }
}

/// The shape that one parameter gives to a distribution.
pub(crate) struct Part<const D: usize> {
    name: &'static str,
    dims: [usize; D],
    placement: Option<Placement>,
}

impl<const D: usize> Part<D> {
    /// Of which only the batch dimensions count.
    pub(crate) fn without_event(mut self, events: usize) -> Self {
        self.dims[D - events..].fill(1);
        self
    }
}

fn placement<const D: usize>(operand: &Operand<D>) -> Option<Placement> {
    match operand {
        Operand::Tensor(tensor) => Some(Placement { device: tensor.device().inner(), dtype: tensor.dtype().into() }),
        _ => None,
    }
}

/// A parameter of the shape of the value.
pub(crate) fn part<const D: usize>(name: &'static str, operand: &Operand<D>) -> Part<D> {
    Part { name, dims: operand.dims(), placement: placement(operand) }
}

/// The shape of an event.
pub(crate) fn event<const D: usize>(name: &'static str, event: &[usize]) -> Part<D> {
    let mut dims = [1; D];
    dims[D - event.len()..].copy_from_slice(event);
    Part { name, dims, placement: None }
}

/// What the parameters have in common, and the first pair that does not fit.
pub(crate) fn merged<const D: usize, const N: usize>(parts: [Part<D>; N]) -> (Batch<D>, Option<ShapeConflict>) {
    let (mut dims, mut conflict, mut to): ([usize; D], _, _) = ([1; D], None, None);
    let mut name = parts.first().map_or("", |part| part.name);
    for part in parts {
        match broadcast((name, dims), (part.name, part.dims)) {
            Ok(common) => {
                if common != dims {
                    name = part.name;
                }
                dims = common;
            }
            Err(found) => conflict = conflict.or(Some(found)),
        }
        to = to.or(part.placement);
    }
    let batch = Batch::of([]).expand(dims);
    (to.iter().fold(batch, |batch, to| batch.place(to)), conflict)
}

/// A conflict where a parameter has more than one number an event.
pub(crate) fn one_an_event<const D: usize>(name: &'static str, operand: &Operand<D>, events: usize) -> Option<ShapeConflict> {
    let dims = operand.dims();
    let several = dims[D - events..].iter().any(|&size| size != 1);
    several.then(|| ShapeConflict { left: (name, dims.to_vec()), right: ("one number an event", vec![1; events]) })
}

/// Device and precision of a tensor.
pub(crate) fn placement_of<const D: usize>(like: &Tensor<D>) -> Placement {
    Placement { device: like.device().inner(), dtype: FloatDType::from(like.dtype()) }
}

/// Known numbers as a tensor.
pub(crate) fn constant<const D: usize>(values: Vec<f64>, dims: [usize; D], to: &Placement) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, dims), (&to.device, to.dtype.into()))
}

/// `[1, k, k]`
pub(crate) fn identity(k: usize, to: &Placement) -> Tensor<3> {
    constant((0..k * k).map(|i| f64::from(i / k == i % k)).collect(), [1, k, k], to)
}

/// `dims` with 1 in the last `events` dimensions.
pub(crate) fn scored<const D: usize>(mut dims: [usize; D], events: usize) -> [usize; D] {
    dims[D - events..].fill(1);
    dims
}

/// One number for each matrix, `[rows, ..]` with ones, as `[batch.., 1..]`; ones alone where one serves all.
pub(crate) fn each<const R: usize, const D: usize>(rows: Tensor<R>, dims: [usize; D], events: usize) -> Tensor<D> {
    if rows.dims()[0] == 1 { rows.reshape([1; D]) } else { rows.reshape(scored(dims, events)) }
}

/// Vectors as right-hand sides of `rows` matrices: the columns of one where one matrix serves all.
pub(crate) fn columns<const D: usize>(vectors: Tensor<D>, rows: usize) -> Tensor<3> {
    let dims = vectors.dims();
    let (count, size) = (dims[..D - 1].iter().product(), dims[D - 1]);
    match rows {
        1 => vectors.reshape([1, count, size]).swap_dims(1, 2),
        _ => vectors.reshape([count, size, 1]),
    }
}

/// The vectors of [`columns`].
pub(crate) fn vectors<const D: usize>(columns: Tensor<3>, dims: [usize; D]) -> Tensor<D> {
    match columns.dims()[0] {
        1 => columns.swap_dims(1, 2).reshape(dims),
        _ => columns.reshape(dims),
    }
}

/// Events `[rows, ..]` flattened to `[rows, size]` as a tensor of shape `dims`, one being repeated where it serves all.
pub(crate) fn repeated<const R: usize, const D: usize>(rows: Tensor<R>, dims: [usize; D], events: usize) -> Tensor<D> {
    if rows.dims()[0] != 1 {
        return rows.reshape(dims);
    }
    let mut one = [1; D];
    one[D - events..].copy_from_slice(&dims[D - events..]);
    spread(rows.reshape(one), dims)
}

/// The value with 0 in place of infinite elements, and which events have one, `[batch.., 1..]`: they are no vectors of real numbers,
/// and a matrix would make `∞ − ∞` of them.
pub(crate) fn finite<const D: usize>(value: &Tensor<D>, events: usize) -> (Tensor<D>, Tensor<D, Bool>) {
    let infinite = value.clone().without_autodiff().is_inf();
    let outside = (D - events..D).fold(infinite.clone(), |outside, dim| outside.any_dim(dim));
    (value.clone().mask_fill(infinite, 0.0), outside)
}

/// The methods of `Distribution` that only pass on to the parameters, for distributions over vectors and matrices.
macro_rules! event_methods {
    ($name:ident, $support:ident, $events:literal, $($field:ident),+) => {
        fn name(&self) -> String {
            stringify!($name).to_owned()
        }

        fn shape(&self) -> [usize; D] {
            self.batch.dims()
        }

        fn event_rank(&self) -> usize {
            $events
        }

        fn support(&self) -> $crate::support::Support {
            $crate::support::Support::$support
        }

        fn is_reparameterised(&self) -> bool {
            true
        }

        fn place(mut self, to: &$crate::operand::Placement) -> Self {
            $(self.$field = $crate::dist::matrices::Place::placed(self.$field, to);)+
            self.batch = self.batch.place(to);
            self
        }

        fn grow(mut self, shape: [usize; D]) -> Self {
            self.batch = self.batch.grow(shape);
            self
        }

        fn conflict(&self) -> Option<$crate::dist::ShapeConflict> {
            self.conflict.clone().or_else(|| self.batch.conflict())
        }
    };
}
pub(crate) use event_methods;
