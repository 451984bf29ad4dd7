//! Distributions, one family a file.

mod distribution;
mod family;
mod normal;
mod params;
pub(crate) mod sampler;

pub use distribution::{Batch, Constraint, Distribution, ShapeConflict};
pub(crate) use family::{family, family_methods};
pub use normal::Normal;
pub use params::Params;
mod tmp; pub use tmp::*;
