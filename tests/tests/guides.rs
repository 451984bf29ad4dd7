//! Automatic guides against known answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure of a test is a panic")]

#[path = "guides/chains.rs"]
mod chains;
#[path = "guides/density.rs"]
mod density;
#[path = "guides/evidence.rs"]
mod evidence;
#[path = "guides/flows.rs"]
mod flows;
#[path = "guides/hierarchical.rs"]
mod hierarchical;
#[path = "guides/laplace.rs"]
mod laplace;
#[path = "support/linear_gaussian.rs"]
mod linear_gaussian;
#[path = "guides/lists.rs"]
mod lists;
#[path = "guides/mixed.rs"]
mod mixed;
#[path = "guides/mixture.rs"]
mod mixture;
#[path = "guides/neutra.rs"]
mod neutra;
#[path = "guides/starts.rs"]
mod starts;
#[path = "guides/structured.rs"]
mod structured;
#[path = "guides/units.rs"]
mod units;
