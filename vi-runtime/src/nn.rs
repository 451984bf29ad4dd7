//! Layers that need what only a run of a program has.

mod dropout;

pub use dropout::Dropout;
pub(crate) use dropout::{Dropped, dropping};
