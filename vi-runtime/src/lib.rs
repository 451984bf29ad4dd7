//! Probabilistic programs as Rust functions, fitted by variational inference on Burn tensors.

extern crate self as vi_runtime;

mod any_tensor;
pub mod bijector;
pub mod dist;
mod error;
mod key;
pub mod noise;
mod operand;
pub mod program;
mod statements;
pub mod support;
mod table;

pub use any_tensor::{AnyTensor, MAX_RANK, ValueKind};
pub use burn;
pub use error::{Error, Result};
pub use key::Key;
pub use operand::{AnyOperand, Operand, Placement};
pub use program::arg::{Arg, Args, Fingerprint};
pub use program::{Bound, Ctx, Draws, DrawsSource, Latents, Program, Rank, Ranks, SiteName};
