//! What a plan is made of.

use std::fmt;

use crate::key::Key;

use super::kernels::erased::{Map1, Map2, Map3, Map4, Map5};

/// A position in memory: in a buffer while a plan is built, in a slot of the table of bases when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The number of the buffer, later of the slot.
    pub slot: usize,
    /// In bytes.
    pub offset: usize,
}

/// A run of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    /// Where it begins.
    pub place: Place,
    /// How long it is.
    pub bytes: usize,
}

/// A kernel on runs of elements; the result is the last of the places that go with it.
#[derive(Clone, Copy)]
pub(crate) enum Kernel {
    /// `out = f(x)`
    One(Map1),
    /// `out = f(x, y)`
    Two(Map2),
    /// `out = f(x, y, z)`
    Three(Map3),
    /// `out = fold of rows`: rows, elements a row, bytes from row to row.
    Rows { f: Map4, rows: usize, step: usize },
    /// `out = product of a matrix and a vector`: rows and columns of the matrix as it is stored.
    Vector { f: Map5, rows: usize, columns: usize },
    /// As [`Kernel::One`], but the operand is state that is changed.
    Emptied(Map1),
}

/// A loop around a kernel: how often, and the bytes that each place moves by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stride {
    /// How often.
    pub count: usize,
    /// By what.
    pub steps: [isize; 4],
}

/// A kernel inside loops.
#[derive(Debug)]
pub(crate) struct Nest {
    /// What is run.
    pub kernel: Kernel,
    /// On how many elements.
    pub n: usize,
    /// Operands, then the result.
    pub places: [Place; 4],
    /// Outermost first; at least one.
    pub loops: Vec<Stride>,
}

/// A copy of elements between strided arrays of the same shape.
#[derive(Debug)]
pub(crate) struct Copy {
    /// The size of an element in bytes: 1, 4 or 8.
    pub size: usize,
    /// From, and to.
    pub places: [Place; 2],
    /// Outermost first, in bytes; may be none.
    pub loops: Vec<Stride>,
}

/// A matrix product `[m, k] [k, n]`, in loops over leading dimensions.
#[derive(Debug)]
pub(crate) struct Product {
    /// Whether floats have 64 bits.
    pub wide: bool,
    /// The sizes m, k, n.
    pub sizes: [usize; 3],
    /// The two factors and the result.
    pub places: [Place; 3],
    /// Elements from row to row and from column to column, of each.
    pub strides: [[isize; 2]; 3],
    /// Outermost first, in bytes.
    pub loops: Vec<Stride>,
}

/// What the routines of a step can look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    /// The key of the step.
    pub key: Key,
}

/// An operation on whole arrays, in safe code.
pub(crate) trait Routine: Send + Sync + fmt::Debug {
    /// Computes the bytes of the result.
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], context: &Context);
}

/// A routine and where its arrays lie, each of them dense.
#[derive(Debug)]
pub(crate) struct Call {
    /// What is run.
    pub routine: Box<dyn Routine>,
    /// At most 3.
    pub inputs: Vec<Span>,
    /// Not among the inputs.
    pub output: Span,
}

/// One operation of a plan.
#[derive(Debug)]
pub(crate) enum Instruction {
    /// `out = f(x)` on n elements.
    Map1 { f: Map1, n: usize, places: [Place; 2] },
    /// `out = f(x, y)` on n elements.
    Map2 { f: Map2, n: usize, places: [Place; 3] },
    /// `out = f(x, y, z)` on n elements.
    Map3 { f: Map3, n: usize, places: [Place; 4] },
    /// In loops.
    Nest(Box<Nest>),
    /// Strided.
    Copy(Box<Copy>),
    /// Zero bytes.
    Clear(Span),
    /// A matrix product.
    Product(Box<Product>),
    /// Anything else.
    Call(Box<Call>),
}

impl Instruction {
    /// Applies `f` to every place.
    pub fn relocate(&mut self, f: &mut dyn FnMut(&mut Place)) {
        match self {
            Instruction::Map1 { places, .. } => places.iter_mut().for_each(f),
            Instruction::Map2 { places, .. } => places.iter_mut().for_each(f),
            Instruction::Map3 { places, .. } => places.iter_mut().for_each(f),
            Instruction::Nest(nest) => nest.places[..nest.kernel.arity()].iter_mut().for_each(f),
            Instruction::Copy(copy) => copy.places.iter_mut().for_each(f),
            Instruction::Clear(span) => f(&mut span.place),
            Instruction::Product(product) => product.places.iter_mut().for_each(f),
            Instruction::Call(call) => {
                call.inputs.iter_mut().for_each(|span| f(&mut span.place));
                f(&mut call.output.place);
            }
        }
    }
}

impl Kernel {
    /// The number of places.
    pub fn arity(&self) -> usize {
        match self {
            Kernel::One(_) | Kernel::Rows { .. } | Kernel::Emptied(_) => 2,
            Kernel::Two(_) | Kernel::Vector { .. } => 3,
            Kernel::Three(_) => 4,
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kernel of {} places", self.arity())
    }
}
