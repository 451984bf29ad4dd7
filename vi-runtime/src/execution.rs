//! How the steps of a fit are run.

use std::fmt;

use crate::compile::Refusal;

/// How the steps of a fit are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Execution {
    /// Compiled where the programs and the device allow it, else eagerly; [`Report`](crate::Report) says which, and why.
    #[default]
    Auto,
    /// Every statement of every step on Burn's tensors, with Burn's autodiff: the reference.
    Eager,
    /// One run is recorded and compiled; a program that cannot be compiled is an error that says what stands against it.
    Compiled,
}

/// How the last step was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Executed {
    /// As a plan for these shapes.
    Compiled,
    /// Statement by statement, as asked for.
    Eager,
    /// Statement by statement, because the programs could not be compiled.
    FellBack(Refusal),
}

impl fmt::Display for Executed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Executed::Compiled => f.write_str("compiled"),
            Executed::Eager => f.write_str("eager"),
            Executed::FellBack(refusal) => write!(f, "eager: {refusal}"),
        }
    }
}
