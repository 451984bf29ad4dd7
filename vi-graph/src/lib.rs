//! A small tensor graph and what can be done with it.
//!
//! A [`Graph`] is built by hand or by an importer, its discrete variables are summed out ([`enumerate`]), it is batched over
//! particles ([`batch`]), differentiated ([`diff`]), simplified ([`optimise`]) and run: by the naive [`interpret`]er, which
//! is the reference, or by the [`cpu`] executor.

#![deny(unsafe_code)]

pub mod batch;
mod builder;
pub mod cpu;
pub mod diff;
pub mod enumerate;
pub mod error;
pub mod gamma;
mod inline;
pub mod interpret;
pub mod ir;
pub mod key;
pub mod lanes;
mod name;
pub mod noise;
pub mod optimise;
pub mod print;
pub mod special;
pub mod verify;

pub use error::{Error, Result};
pub use ir::{Graph, Id, Precision, Type};
pub use key::Key;
