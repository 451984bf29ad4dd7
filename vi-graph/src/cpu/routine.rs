//! Operations on whole arrays, in plain loops.

mod indexing;
mod linear;
mod rows;

use crate::gamma::log_gamma_draw;
use crate::ir::Type;

pub(crate) use super::instruction::{Context, Routine};
use super::kernels::arena::{Element, typed, typed_mut};
use super::labels::Labels;

pub(crate) use indexing::{Gather, Moved, ScatterAdd, Take, TakeAdd};
pub(crate) use linear::{BelowDiagonal, Cholesky, LowerTriangle, Pack, SolveLower};
pub(crate) use rows::{ArgMax, ArgSort, Reduction, Scan};

/// The element types that a routine is generic over.
pub(crate) trait Number:
    Element + std::ops::Add<Output = Self> + std::ops::Sub<Output = Self> + std::ops::Mul<Output = Self>
{
    /// `x + y`, which wraps for integers.
    fn plus(self, other: Self) -> Self;
    /// Never for integers.
    fn is_nan(self) -> bool;
}

impl Number for f32 {
    fn plus(self, other: f32) -> f32 {
        self + other
    }
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
}

impl Number for f64 {
    fn plus(self, other: f64) -> f64 {
        self + other
    }
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
}

impl Number for i64 {
    fn plus(self, other: i64) -> i64 {
        self.wrapping_add(other)
    }
    fn is_nan(self) -> bool {
        false
    }
}

/// Which numbers an array holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    F32,
    F64,
    I64,
}

impl Numbers {
    /// Of a graph's type; truth values are no numbers.
    pub fn of(ty: Type, wide: bool) -> Option<Self> {
        match (ty, wide) {
            (Type::Float, false) => Some(Numbers::F32),
            (Type::Float, true) => Some(Numbers::F64),
            (Type::Int, _) => Some(Numbers::I64),
            (Type::Bool, _) => None,
        }
    }
}

/// Draws `ln g`, `g ~ Gamma(concentration, 1)`; each lane has a stream, from which its elements draw in order.
#[derive(Debug)]
pub(crate) struct LogGamma {
    pub wide: bool,
    pub labels: Labels,
    pub lanes: Option<usize>,
}

impl Routine for LogGamma {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], context: &Context) {
        let key = self.labels.key(context.key);
        let size = if self.wide { 8 } else { 4 };
        let row = output.len() / size / self.lanes.unwrap_or(1).max(1) * size;
        if row == 0 {
            return;
        }
        for (lane, (x, out)) in inputs[0].chunks_exact(row).zip(output.chunks_exact_mut(row)).enumerate() {
            let key = if self.lanes.is_some() { key.lane(lane as u32) } else { key };
            let mut rng = key.stream();
            if self.wide {
                for (x, out) in typed::<f64>(x).iter().zip(typed_mut::<f64>(out)) {
                    *out = log_gamma_draw(&mut rng, *x);
                }
            } else {
                for (x, out) in typed::<f32>(x).iter().zip(typed_mut::<f32>(out)) {
                    *out = log_gamma_draw(&mut rng, f64::from(*x)) as f32;
                }
            }
        }
    }
}
