//! Batching: the same program for many particles at once.

use crate::error::Result;
use crate::ir::Graph;

/// A graph over particles.
#[derive(Clone, Debug)]
pub struct Batched {
    /// Its inputs are those of the unbatched graph; noise has a new first dimension, the particle.
    pub graph: Graph,
    /// Which outputs have the new first dimension: those that depend on noise.
    pub batched: Vec<bool>,
}

/// Runs `graph` for `lanes` particles.
///
/// # Errors
/// [`crate::Error::Unsupported`] for an operation without a rule.
pub fn batch(_graph: &Graph, _lanes: usize) -> Result<Batched> {
    todo!()
}
