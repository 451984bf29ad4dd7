//! The posterior as a density of a free vector, and what follows from its values and gradients alone.

mod density;
mod gaussian;
mod hessian;
mod inverse_hessian;
mod laplace;
mod lbfgs;
mod line_search;
mod map;
mod matrix;
mod pathfinder;
mod point;
mod unconstrained;

pub use density::LogDensity;
pub use gaussian::Gaussian;
pub use laplace::{Laplace, LaplaceFit};
pub use lbfgs::{Iterate, Lbfgs, Minimum, Stopped};
pub use map::{Map, Mode};
pub use pathfinder::{Path, Pathfinder, PathfinderFit};
pub use unconstrained::Unconstrained;
