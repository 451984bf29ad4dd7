//! What can go wrong.

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a graph cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the message of each variant says what its fields hold")]
pub enum Error {
    /// A node does not fit its operands: a pass or an importer is wrong.
    #[error("node %{node} ({op}): {problem}")]
    Invalid { node: u32, op: String, problem: String },

    /// A pass does not know an operation.
    #[error("{pass} does not support {op}: {problem}")]
    Unsupported { pass: &'static str, op: String, problem: String },

    /// A sum over discrete values that does not come apart.
    #[error("`{variable}` cannot be enumerated: {problem}")]
    Coupled { variable: String, problem: String },

    /// A sum over discrete values with too many terms.
    #[error("enumerating {variables} together takes a table of {entries} entries, more than the limit of {limit}")]
    TooLarge { variables: String, entries: u128, limit: u64 },

    /// An index computed in the graph is not a position of the axis.
    #[error("{op}: index {index} on an axis with {size} positions")]
    Index { op: &'static str, index: i64, size: usize },

    /// An input got elements of another type or number.
    #[error("input {input}: expected {expected}, got {found}")]
    Input { input: String, expected: String, found: String },
}
