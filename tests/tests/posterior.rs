//! The posterior as a density of a free vector, and what is computed from its values and gradients.

#[path = "posterior/approximations.rs"]
mod approximations;
#[path = "posterior/density.rs"]
mod density;
#[path = "posterior/minimum.rs"]
mod minimum;
#[path = "posterior/models.rs"]
mod models;
#[path = "posterior/modes.rs"]
mod modes;
#[path = "posterior/psis.rs"]
mod psis;
