//! What tells a good approximation from a bad one.

mod psis;

pub use psis::{Psis, psis};
