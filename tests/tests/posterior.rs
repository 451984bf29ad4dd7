//! The posterior as a density of a free vector, and what is computed from its values and gradients.

#[path = "posterior/advi.rs"]
mod advi;
#[path = "posterior/approximations.rs"]
mod approximations;
#[path = "posterior/density.rs"]
mod density;
#[path = "support/linear_gaussian.rs"]
#[allow(clippy::unwrap_used, reason = "a test fails where its data are not what they were")]
mod linear_gaussian;
#[path = "posterior/marginalised.rs"]
mod marginalised;
#[path = "posterior/minimum.rs"]
mod minimum;
#[path = "posterior/models.rs"]
mod models;
#[path = "posterior/modes.rs"]
mod modes;
#[path = "posterior/natural.rs"]
mod natural;
#[path = "posterior/psis.rs"]
mod psis;
#[path = "posterior/svgd.rs"]
mod svgd;
