//! Compiled steps against eager ones at the same key, and what is refused.
//!
//! Both executions draw the same numbers, so each step of a fit must give the same ELBO and the same parameters, up to the
//! order in which sums are rounded.

#[path = "compiled/agree.rs"]
mod agree;
#[path = "compiled/automatic.rs"]
mod automatic;
#[path = "compiled/examples.rs"]
mod examples;
#[path = "compiled/guides.rs"]
mod guides;
#[path = "compiled/handlers.rs"]
mod handlers;
#[path = "compiled/likelihoods.rs"]
mod likelihoods;
#[path = "compiled/modules.rs"]
mod modules;
#[path = "compiled/optimisers.rs"]
mod optimisers;
#[path = "compiled/priors.rs"]
mod priors;
#[path = "compiled/refusals.rs"]
mod refusals;
#[path = "compiled/runs.rs"]
mod runs;
#[path = "support/schools.rs"]
mod schools;
#[path = "compiled/statements.rs"]
mod statements;
