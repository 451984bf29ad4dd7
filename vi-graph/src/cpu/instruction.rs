//! What a plan is made of.

use std::fmt;

use crate::key::Key;

use super::kernels::dispatch::OUTER;
use super::kernels::erased::{Map1, Map2, Map3, Map4, Map5};
use super::kernels::pool::Pool;

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
    /// Outermost first.
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
    /// How many threads share each product.
    pub threads: usize,
}

/// What the routines of a step can look at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// The key of the step.
    pub key: Key,
    /// Other threads, where there are any.
    pub pool: Option<&'a Pool>,
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

/// An array of which every tile uses a stretch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slab {
    /// Where the first stretch begins.
    pub place: Place,
    /// From stretch to stretch, in bytes.
    pub step: usize,
}

/// Instructions that run for every tile, distributed over threads; the places in them are relative to the slots of a thread.
#[derive(Debug)]
pub(crate) struct Loop {
    /// How many tiles there are.
    pub tiles: usize,
    /// Each thread has a run of tiles.
    pub threads: usize,
    /// What runs for a tile.
    pub main: Vec<Instruction>,
    /// What runs for the last tile if it is shorter.
    pub rest: Vec<Instruction>,
    /// Takes over the partial results of a thread's first tile.
    pub first: Vec<Instruction>,
    /// Joins those of its other tiles.
    pub next: Vec<Instruction>,
    /// Takes over the results of the first thread.
    pub take: Vec<Instruction>,
    /// Joins those of the others, in order.
    pub join: Vec<Instruction>,
    /// From slot 2 on.
    pub slabs: Vec<Slab>,
    /// Memory of the threads, slot 1.
    pub scratch: Place,
    /// From thread to thread, in bytes.
    pub stride: usize,
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
    /// Over tiles.
    Loop(Box<Loop>),
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
            Instruction::Loop(it) => {
                f(&mut it.scratch);
                it.slabs.iter_mut().for_each(|slab| f(&mut slab.place));
                let parts = [&mut it.main, &mut it.rest, &mut it.first, &mut it.next, &mut it.take, &mut it.join];
                for instruction in parts.into_iter().flatten() {
                    instruction.relocate(&mut |place| {
                        if place.slot >= OUTER {
                            place.slot -= OUTER;
                            f(place);
                        }
                    });
                }
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
