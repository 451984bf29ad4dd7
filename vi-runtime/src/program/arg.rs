//! What a program can take as arguments: data that can be moved to another device and listed as inputs.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, Int, Tensor};

use crate::any_tensor::{AnyTensor, ValueKind};

/// A key for everything about an argument that is not the elements of a tensor: a plan compiled for one key serves
/// every call with the same key. FNV-1a over 64-bit words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    hash: u64,
    unknown: Option<&'static str>,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Fingerprint { hash: 0xcbf2_9ce4_8422_2325, unknown: None }
    }
}

impl Fingerprint {
    /// Adds a number.
    pub fn write_u64(&mut self, word: u64) {
        for byte in word.to_le_bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// Says that `what` may behave differently in each run, whatever the key says: a plan cannot be kept.
    pub fn write_unknown(&mut self, what: &'static str) {
        self.unknown.get_or_insert(what);
    }

    /// What [`write_unknown`](Self::write_unknown) named first.
    pub fn unknown(&self) -> Option<&'static str> {
        self.unknown
    }

    /// Adds a string.
    pub fn write_str(&mut self, text: &str) {
        self.write_u64(text.len() as u64);
        for byte in text.bytes() {
            self.write_u64(u64::from(byte));
        }
    }

    /// Adds type and shape of a tensor.
    pub fn write_tensor(&mut self, tensor: &AnyTensor) {
        self.write_str(tensor.dtype().name());
        self.write_u64(tensor.rank() as u64);
        for size in tensor.shape() {
            self.write_u64(size as u64);
        }
    }
}

/// A value that can be an argument of a program.
///
/// Implemented for tensors, numbers, `bool`, `String`, `Option`, `Vec`, arrays, tuples, Burn's `Param` and the usual
/// layers of `burn::nn`; derive it for structs and enums of these (a Burn module derives both `Module` and `Arg`).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a program",
    label = "not an argument type",
    note = "arguments are tensors, numbers, `bool`, `String`, `Option`, `Vec`, tuples, and structs with `#[derive(Clone, Arg)]`"
)]
pub trait Arg: Clone {
    /// The same value with each tensor replaced by what `f` makes of it (same rank and kind).
    #[must_use]
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self;

    /// Shows every tensor, in a fixed order.
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor));

    /// Adds all that is not the elements of a tensor.
    fn fingerprint(&self, key: &mut Fingerprint);
}

impl<const D: usize, K: ValueKind> Arg for Tensor<D, K> {
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        // A map that changes rank or kind breaks its contract; the value then stays what it was.
        f(self.into()).typed("argument").unwrap_or_else(|_| self.clone())
    }
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        f(&self.into());
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_tensor(&self.into());
    }
}

macro_rules! plain {
    ($($ty:ty: |$self:ident| $bits:expr;)*) => { $(
        impl Arg for $ty {
            fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
                self.clone()
            }
            fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}
            fn fingerprint(&self, key: &mut Fingerprint) {
                let $self = self;
                key.write_u64($bits);
            }
        }
    )* };
}
plain! {
    f64: |x| x.to_bits();
    f32: |x| u64::from(x.to_bits());
    bool: |x| u64::from(*x);
    char: |x| u64::from(*x);
    u8: |x| u64::from(*x);
    u16: |x| u64::from(*x);
    u32: |x| u64::from(*x);
    u64: |x| *x;
    usize: |x| *x as u64;
    i8: |x| *x as u64;
    i16: |x| *x as u64;
    i32: |x| *x as u64;
    i64: |x| *x as u64;
    isize: |x| *x as u64;
    (): |_unit| 0;
}

impl Arg for String {
    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }
    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(self);
    }
}

impl<T: Arg> Arg for Option<T> {
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.as_ref().map(|value| value.map_tensors(f))
    }
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        if let Some(value) = self {
            value.visit_tensors(f);
        }
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(u64::from(self.is_some()));
        if let Some(value) = self {
            value.fingerprint(key);
        }
    }
}

impl<T: Arg> Arg for Vec<T> {
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.iter().map(|value| value.map_tensors(f)).collect()
    }
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.iter().for_each(|value| value.visit_tensors(f));
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.len() as u64);
        self.iter().for_each(|value| value.fingerprint(key));
    }
}

impl<T: Arg, const N: usize> Arg for [T; N] {
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        std::array::from_fn(|i| self[i].map_tensors(f))
    }
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.iter().for_each(|value| value.visit_tensors(f));
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        self.iter().for_each(|value| value.fingerprint(key));
    }
}

macro_rules! tuples {
    ($($($name:ident)+;)*) => { $(
        #[allow(non_snake_case)]
        impl<$($name: Arg),+> Arg for ($($name,)+) {
            fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
                let ($($name,)+) = self;
                ($($name.map_tensors(f),)+)
            }
            fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
                let ($($name,)+) = self;
                $($name.visit_tensors(f);)+
            }
            fn fingerprint(&self, key: &mut Fingerprint) {
                let ($($name,)+) = self;
                $($name.fingerprint(key);)+
            }
        }
    )* };
}
tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H; }

struct Map<'a>(&'a mut dyn FnMut(AnyTensor) -> AnyTensor);
impl ModuleMapper for Map<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.map_tensors(self.0))
    }
    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        param.map(|tensor| tensor.map_tensors(self.0))
    }
    fn map_bool<const D: usize>(&mut self, param: Param<Tensor<D, Bool>>) -> Param<Tensor<D, Bool>> {
        param.map(|tensor| tensor.map_tensors(self.0))
    }
}

struct Visit<'a>(&'a mut dyn FnMut(&AnyTensor));
impl ModuleVisitor for Visit<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        param.val().visit_tensors(self.0);
    }
    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        param.val().visit_tensors(self.0);
    }
    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        param.val().visit_tensors(self.0);
    }
}

/// Replaces the parameters of a Burn module, for `Arg` implementations of modules.
pub fn map_module<M: Module>(module: &M, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> M {
    module.clone().map(&mut Map(f))
}

/// Shows the parameters of a Burn module, for `Arg` implementations of modules.
pub fn visit_module<M: Module>(module: &M, f: &mut dyn FnMut(&AnyTensor)) {
    module.visit(&mut Visit(f));
}

macro_rules! modules {
    ($([$($generic:tt)*] $module:ty;)*) => { $(
        impl<$($generic)*> Arg for $module {
            fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
                map_module(self, f)
            }
            fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
                visit_module(self, f);
            }
            fn fingerprint(&self, key: &mut Fingerprint) {
                key.write_str(stringify!($module));
                // Burn shows a layer with its settings, such as a stride or an epsilon.
                key.write_str(&self.to_string());
                visit_module(self, &mut |tensor| key.write_tensor(tensor));
            }
        }
    )* };
}
macro_rules! weights {
    ($($kind:ty;)*) => { $(
        impl<const D: usize> Arg for Param<Tensor<D, $kind>> {
            fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
                map_module(self, f)
            }
            fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
                visit_module(self, f);
            }
            fn fingerprint(&self, key: &mut Fingerprint) {
                visit_module(self, &mut |tensor| key.write_tensor(tensor));
            }
        }
    )* };
}
weights! { burn::tensor::Float; Int; Bool; }
modules! {
    [] burn::nn::Linear;
    [] burn::nn::LayerNorm;
    [] burn::nn::Embedding;
    [] burn::nn::Dropout;
    [] crate::nn::Dropout;
    [] burn::nn::conv::Conv1d;
    [] burn::nn::conv::Conv2d;
    [] burn::nn::Relu;
    [] burn::nn::Gelu;
    [] burn::nn::Sigmoid;
    [] burn::nn::Tanh;
}

/// The argument list of a program: nested pairs that end in `()`.
pub trait Args: Arg {}
impl Args for () {}
impl<A: Arg, Rest: Args> Args for (A, Rest) {}
