//! Probabilistic programs as Rust functions, fitted by variational inference on Burn tensors.

extern crate self as vi_runtime;

mod any_tensor;
mod batches;
pub mod bijector;
#[doc(hidden)]
pub mod compile;
mod custom_op;
pub mod device;
pub mod diagnostics;
pub mod dist;
mod error;
mod execution;
mod fit;
pub mod flow;
pub mod guide;
pub mod linalg;
pub mod nn;
pub mod noise;
pub mod objective;
mod operand;
pub mod optim;
pub mod posterior;
mod predictive;
pub mod prelude;
pub mod program;
mod progress;
mod setters;
mod setting;
pub mod special;
mod statements;
pub mod stop;
pub mod support;
mod svi;
mod table;

pub use any_tensor::{AnyTensor, MAX_RANK, ValueKind};
pub use batches::{Batch, Batches};
pub use burn;
pub use error::{Error, Result};
pub use execution::{Executed, Execution};
pub use fit::{AmortisationGap, Decode, Fit, Refine, Refined, RefinedSite, Report, Summary, SummaryRow};
pub use guide::{AutoDelta, AutoNormal, Guide};
pub use objective::{Elbo, Objective};
pub use operand::{AnyOperand, Operand, Placement};
pub use predictive::{log_joint, prior_predictive};
pub use program::arg::{Arg, Args, Fingerprint};
pub use program::{Bound, BoxedProgram, Ctx, Draws, DrawsSource, Latents, Program, Rank, Ranks, Run, SiteName, Trace};
pub use stop::{Stop, Stopped};
pub use support::Support;
pub use svi::{Svi, SviState};
pub use vi_graph::{self as graph, Key};
pub use vi_macros::{Arg, guide, model};

/// What the macros expand to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use burn::tensor::Int;

    pub use crate::any_tensor::AnyTensor;
    pub use crate::error::Result;
    pub use crate::program::arg::{Arg, Args, Fingerprint};
    pub use crate::program::{Bound, Ctx, Draws, DrawsSource, Latents, Program, Rank, Ranks, SiteName};
    pub use crate::support::{Support, tag};
}

/// The example of the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
