//! Graphs as text and as DOT.

use std::fmt;

use crate::ir::Graph;

pub(crate) fn text(_graph: &Graph, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
    todo!()
}

/// The graph in the language of Graphviz.
pub fn dot(_graph: &Graph) -> String {
    todo!()
}
