//! The posterior as a density of a free vector, and what follows from its values and gradients alone.

mod advi;
mod approximate;
mod density;
mod gaussian;
mod hessian;
mod inverse_hessian;
mod laplace;
mod lbfgs;
mod line_search;
mod map;
mod matrix;
mod natural;
mod natural_mean;
mod newton;
mod pathfinder;
mod point;
mod svgd;
mod unconstrained;

pub use advi::{Advi, AdviFit, AdviStopped};
pub(crate) use approximate::approximate;
pub use density::LogDensity;
pub use gaussian::{Gaussian, Quality};
pub use laplace::{Laplace, LaplaceFit};
pub use lbfgs::{Iterate, Lbfgs, Minimum, Stopped};
pub use map::{Map, Mode};
pub use natural::{NaturalGradient, NaturalGradientFit};
pub use natural_mean::Settled;
pub use pathfinder::{Path, Pathfinder, PathfinderFit};
pub use svgd::{Particles, Svgd, SvgdFit};
pub use unconstrained::Unconstrained;
