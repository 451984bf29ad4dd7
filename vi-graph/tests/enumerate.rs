//! Sums over discrete variables against brute force, closed forms and the forward algorithm.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may stop

#[path = "enumerate/averages.rs"]
mod averages;
#[path = "enumerate/brute.rs"]
mod brute;
#[path = "enumerate/chains.rs"]
mod chains;
#[path = "support/inputs.rs"]
#[allow(dead_code)] // its users take what they need
mod inputs;
#[path = "enumerate/plates.rs"]
mod plates;
#[path = "enumerate/posteriors.rs"]
mod posteriors;
#[path = "enumerate/refusals.rs"]
mod refusals;
