//! Each derivative against central differences, closed forms, and the values at the edges of a domain.

#![allow(clippy::unwrap_used, reason = "a test may stop")]

mod binary;
mod boundary;
mod check;
mod elbo;
mod linalg;
mod movement;
mod paths;
mod random;
mod reduce;
mod second;
mod ternary;
mod unary;
