//! What a constructor accepts as parameters: numbers, arrays, tensors, references, in any mix.

use burn::tensor::Tensor;

use crate::operand::Operand;

/// Parameters that together make a distribution of rank `D`.
///
/// Numbers alone make rank 1; with a tensor of rank `D` among them, rank `D`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameters of a distribution",
    label = "expected numbers (`f64`: write `1.0`, not `1`), arrays of `f64`, `Tensor<D>` or `&Tensor<D>`, all tensors of one rank",
    note = "tensors of different rank do not mix: bring them to one rank with `.unsqueeze()` or `.expand(..)`"
)]
pub trait Params<const D: usize, const N: usize> {
    /// The parameters in order.
    fn operands(self) -> [Operand<D>; N];
}

/// One parameter.
trait One<const D: usize> {
    fn operand(self) -> Operand<D>;
}
impl<const D: usize> One<D> for f64 {
    fn operand(self) -> Operand<D> {
        Operand::Number(self)
    }
}
impl<const D: usize> One<D> for Tensor<D> {
    fn operand(self) -> Operand<D> {
        Operand::Tensor(self)
    }
}
impl<const D: usize> One<D> for &Tensor<D> {
    fn operand(self) -> Operand<D> {
        Operand::Tensor(self.clone())
    }
}
impl<const K: usize> One<1> for [f64; K] {
    fn operand(self) -> Operand<1> {
        Operand::Host(self.to_vec(), [K])
    }
}

/// Writes the implementations for every mix: `@` collects one kind after the other.
macro_rules! params {
    // The kinds are chosen: numbers only make rank 1.
    (@ done [$($name:ident)*] ($($kind:ty,)+) numbers) => {
        impl Params<1, { params!(@count $($name)*) }> for ($($kind,)+) {
            fn operands(self) -> [Operand<1>; params!(@count $($name)*)] {
                let ($($name,)*) = self;
                [$(One::<1>::operand($name)),*]
            }
        }
    };
    (@ done [$($name:ident)*] ($($kind:ty,)+) arrays) => {
        impl<const K: usize> Params<1, { params!(@count $($name)*) }> for ($($kind,)+) {
            fn operands(self) -> [Operand<1>; params!(@count $($name)*)] {
                let ($($name,)*) = self;
                [$(One::<1>::operand($name)),*]
            }
        }
    };
    (@ done [$($name:ident)*] ($($kind:ty,)+) tensors) => {
        impl<const D: usize> Params<D, { params!(@count $($name)*) }> for ($($kind,)+) {
            fn operands(self) -> [Operand<D>; params!(@count $($name)*)] {
                let ($($name,)*) = self;
                [$(One::<D>::operand($name)),*]
            }
        }
    };
    (@count $a:ident) => { 1 };
    (@count $a:ident $b:ident) => { 2 };
    (@count $a:ident $b:ident $c:ident) => { 3 };
    (@count $a:ident $b:ident $c:ident $d:ident) => { 4 };
}

params!(@ done [a] (f64,) numbers);
params!(@ done [a] ([f64; K],) arrays);
params!(@ done [a] (Tensor<D>,) tensors);
params!(@ done [a] (&Tensor<D>,) tensors);

params!(@ done [a b] (f64, f64,) numbers);
params!(@ done [a b] ([f64; K], f64,) arrays);
params!(@ done [a b] (f64, [f64; K],) arrays);
params!(@ done [a b] ([f64; K], [f64; K],) arrays);
macro_rules! pairs {
    ($($a:ty, $b:ty;)*) => { $(params!(@ done [a b] ($a, $b,) tensors);)* };
}
pairs! {
    Tensor<D>, f64; f64, Tensor<D>; &Tensor<D>, f64; f64, &Tensor<D>;
    Tensor<D>, Tensor<D>; Tensor<D>, &Tensor<D>; &Tensor<D>, Tensor<D>; &Tensor<D>, &Tensor<D>;
}
macro_rules! arrays_beside {
    ($($a:ty, $b:ty;)*) => { $(
        impl<const K: usize> Params<1, 2> for ($a, $b) {
            fn operands(self) -> [Operand<1>; 2] {
                [One::<1>::operand(self.0), One::<1>::operand(self.1)]
            }
        }
    )* };
}
arrays_beside! { Tensor<1>, [f64; K]; [f64; K], Tensor<1>; &Tensor<1>, [f64; K]; [f64; K], &Tensor<1>; }

params!(@ done [a b c] (f64, f64, f64,) numbers);
macro_rules! triples {
    ($($a:ty, $b:ty, $c:ty;)*) => { $(params!(@ done [a b c] ($a, $b, $c,) tensors);)* };
}
triples! {
    Tensor<D>, f64, f64; f64, Tensor<D>, f64; f64, f64, Tensor<D>;
    &Tensor<D>, f64, f64; f64, &Tensor<D>, f64; f64, f64, &Tensor<D>;
    f64, Tensor<D>, Tensor<D>; f64, Tensor<D>, &Tensor<D>; f64, &Tensor<D>, Tensor<D>; f64, &Tensor<D>, &Tensor<D>;
    Tensor<D>, f64, Tensor<D>; Tensor<D>, f64, &Tensor<D>; &Tensor<D>, f64, Tensor<D>; &Tensor<D>, f64, &Tensor<D>;
    Tensor<D>, Tensor<D>, f64; Tensor<D>, &Tensor<D>, f64; &Tensor<D>, Tensor<D>, f64; &Tensor<D>, &Tensor<D>, f64;
    Tensor<D>, Tensor<D>, Tensor<D>; Tensor<D>, Tensor<D>, &Tensor<D>; Tensor<D>, &Tensor<D>, Tensor<D>; Tensor<D>, &Tensor<D>, &Tensor<D>;
    &Tensor<D>, Tensor<D>, Tensor<D>; &Tensor<D>, Tensor<D>, &Tensor<D>; &Tensor<D>, &Tensor<D>, Tensor<D>; &Tensor<D>, &Tensor<D>, &Tensor<D>;
}

/// Three parameters with an array among them: every mix with numbers and tensors of rank 1.
macro_rules! arrays_among_three {
    // One parameter after the other takes each kind; `some` tells that an array was among them.
    (@ $array:ident [$($kind:ty,)*] next $($left:tt)*) => {
        arrays_among_three!(@ $array [$($kind,)* f64,] $($left)*);
        arrays_among_three!(@ some [$($kind,)* [f64; K],] $($left)*);
        arrays_among_three!(@ $array [$($kind,)* Tensor<1>,] $($left)*);
        arrays_among_three!(@ $array [$($kind,)* &Tensor<1>,] $($left)*);
    };
    (@ none [$($kind:ty,)*]) => {};
    (@ some [$($kind:ty,)*]) => { params!(@ done [a b c] ($($kind,)*) arrays); };
}
arrays_among_three!(@ none [] next next next);

params!(@ done [a b c d] (f64, f64, f64, f64,) numbers);

/// Every mix of four with a tensor among them: the list holds the places that have no kind yet, and `numbers` becomes
/// `tensors` with the first tensor.
macro_rules! quadruples {
    ([] numbers $kinds:tt) => {};
    ([] tensors ($($kind:ty,)+)) => { params!(@ done [a b c d] ($($kind,)+) tensors); };
    ([$place:ident $($rest:ident)*] $so_far:ident ($($kind:ty,)*)) => {
        quadruples!([$($rest)*] $so_far ($($kind,)* f64,));
        quadruples!([$($rest)*] tensors ($($kind,)* Tensor<D>,));
        quadruples!([$($rest)*] tensors ($($kind,)* &Tensor<D>,));
    };
}
quadruples!([a b c d] numbers ());
