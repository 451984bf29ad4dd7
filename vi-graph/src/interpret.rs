//! The reference: one operation after the other, in the plainest way.

use crate::error::Result;
use crate::ir::{Data, Graph};
use crate::key::Key;

/// The outputs of `graph` for these inputs; every float is rounded to the precision of the graph after each operation.
///
/// `key` is the key of the step, for operations that draw.
///
/// # Errors
/// [`crate::Error::Input`] where the inputs do not fit.
pub fn interpret(_graph: &Graph, _inputs: &[Data], _key: Key) -> Result<Vec<Data>> {
    todo!()
}
