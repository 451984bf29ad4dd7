//! Symbolic reverse-mode differentiation.

use crate::error::Result;
use crate::ir::{Graph, Id};

/// Adds to `graph` the derivative of the one-element node `of` with respect to each of `wrt`; absent where `of` does not
/// depend on it differentiably.
///
/// # Errors
/// [`crate::Error::Unsupported`] for an operation without a rule.
pub fn gradient(_graph: &mut Graph, _of: Id, _wrt: &[Id]) -> Result<Vec<Option<Id>>> {
    todo!()
}
