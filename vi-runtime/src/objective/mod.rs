//! Estimators of the evidence lower bound.

mod elbo;
pub(crate) mod pairing;

pub use elbo::Elbo;
pub(crate) use elbo::{Terms, particle};
