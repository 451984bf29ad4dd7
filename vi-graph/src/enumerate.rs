//! Exact enumeration: discrete variables are summed out of the log densities that depend on them.
//!
//! Every variable is an input of the graph. A log density is computed for all values of those variables that it depends on,
//! and of no others, by batching (`tables`); which axes are conditionally independent follows from how the elements of a
//! variable reach the elements of a density (`align`), so a variable in a plate costs its number of values and not a power
//! of it. The tables are then contracted by variable elimination in log space (`eliminate`; Obermeyer et al. 2019, Tensor
//! variable elimination for plated factor graphs): variables that do not meet in a table are eliminated at the same time, as
//! one operation where their tables look alike, so a chain of length T takes log T rounds.
//!
//! An expectation under the guide's own variables is the derivative of such a sum: with `log Z(ε) = log Σ exp(log q + ε c)`,
//! `E_q c = d log Z / dε` at 0, and the derivative in a table of zeros is the table of marginal probabilities (`expect`).

mod align;
mod eliminate;
mod expect;
mod factor;
mod marginals;
mod posterior;
mod tables;

use crate::error::Result;
use crate::ir::{Data, Graph, Id};

pub use marginals::marginals;
pub use posterior::{Choice, posterior};

/// A discrete variable that is an input of the graph: of the shape of its batch, then of its event.
#[derive(Clone, Debug)]
pub struct Variable {
    /// What messages call it.
    pub name: String,
    /// Which input it is.
    pub input: usize,
    /// Its values, each of the shape of the event.
    pub values: Vec<Data>,
    /// How many of the input's last axes are the event.
    pub event_rank: usize,
    /// In which plates it stands, by any numbers: what is in more plates is summed out first.
    pub plates: Vec<usize>,
    /// How often its sum counts, for a plate of which a subsample is taken.
    pub scale: f64,
}

/// A log density, element by element.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// Its node; event axes have size 1.
    pub node: Id,
    /// How often it counts.
    pub scale: f64,
    /// To which of the results it belongs, if it depends on nothing that is summed out; else it belongs to the first.
    pub part: usize,
}

/// What there is to sum.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// Summed out: `log Σ exp` of the terms.
    pub summed: Vec<Variable>,
    /// What is left is averaged over these, whose log-probability, unscaled, stands beside each.
    pub averaged: Vec<(Variable, Id)>,
    /// The terms of the sum.
    pub terms: Vec<Term>,
    /// The most entries that a table may have.
    pub limit: u64,
}

/// Adds to `graph` the number `E_q[log Σ exp Σ terms]`, of shape `[1]`, in parts that add up to it.
///
/// The first part is the sum itself; terms that depend on nothing that is summed out are averaged, each in its own part.
/// A variable with `scale` s contributes `s log Σ exp(Σ terms/s)`, so that a subsampled plate counts as the whole.
///
/// ```
/// use vi_graph::enumerate::{Problem, Term, Variable, sum};
/// use vi_graph::interpret::interpret;
/// use vi_graph::ir::{Data, Role};
/// use vi_graph::{Graph, Key, Precision, Type};
///
/// # fn main() -> vi_graph::Result<()> {
/// // log Σ_z exp(weights[z]), separately for each of two elements of z
/// let mut graph = Graph::new(Precision::F64);
/// let weights = graph.input("weights", Role::Parameter, [3], Type::Float);
/// let z = graph.input("z", Role::Step, [2], Type::Int);
/// let density = graph.take(weights, 0, z);
/// let values = (0..3).map(|k| Data::Int(vec![k])).collect();
/// let z = Variable { name: "z".into(), input: 1, values, event_rank: 0, plates: vec![0], scale: 1.0 };
/// let problem = Problem { summed: vec![z], averaged: vec![], terms: vec![Term { node: density, scale: 1.0, part: 0 }], limit: 100 };
/// graph.outputs = sum(&mut graph, &problem)?;
/// let third = (1f64 / 3.0).ln();
/// let found = interpret(&graph, &[Data::Float(vec![third; 3]), Data::Int(vec![0, 0])], Key::new(0))?;
/// let Data::Float(found) = &found[0] else { unreachable!() };
/// assert!(found[0].abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::TooLarge`](crate::Error::TooLarge) where a table would pass the limit; [`Error::Coupled`](crate::Error::Coupled)
/// where a density depends on several elements of a variable, or plates cross; [`Error::Unsupported`](crate::Error::Unsupported)
/// where an operation cannot be batched.
pub fn sum(graph: &mut Graph, problem: &Problem) -> Result<Vec<Id>> {
    expect::sum(graph, problem)
}
