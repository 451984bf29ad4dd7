//! What must hold of a graph.

use crate::error::Result;
use crate::ir::Graph;

/// Checks order, operand counts, shapes, types and attributes of every node, and the outputs.
///
/// # Errors
/// [`crate::Error::Invalid`] for the first node that does not fit.
pub fn verify(_graph: &Graph) -> Result<()> {
    todo!()
}
