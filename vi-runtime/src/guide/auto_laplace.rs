//! The normal distribution at the mode with the curvature there, as a guide.

use vi_graph::Key;

use super::Guide;
use super::auto::AutoProgram;
use super::auto_multivariate_normal::{AutoMultivariateNormal, FullRank};
use super::joint::JointProgram;
use super::start::{Factor, Start};
use crate::error::Result;
use crate::fit::Fit;
use crate::operand::Placement;
use crate::posterior::{Laplace, LogDensity};
use crate::program::{Program, SiteRanks};
use crate::setters::setters;
use crate::svi::Svi;

/// Laplace's approximation: an [`AutoMultivariateNormal`] whose mean is the mode of the posterior in unconstrained space and whose
/// covariance is the inverse of minus the exact Hessian there ([`Laplace`], which also estimates the evidence).
///
/// [`fit`](Self::fit) is the approximation itself. Under [`Svi`] it is a start, from which steps improve the ELBO; its parameters
/// are those of `AutoMultivariateNormal` in units of the covariance's factor.
///
/// ```
/// # use vi_runtime::prelude::*;
/// #[model]
/// fn counts(y: Tensor<1>) {
///     let rate = sample!("rate", Gamma::new(2.0, 1.0));
///     plate!("n", 3, { observe!("y", Poisson::new(rate), y) });
/// }
///
/// # fn main() -> Result<()> {
/// let fit = AutoLaplace::new().fit(&counts(Tensor::from_floats([3.0, 5.0, 4.0], &Device::default())))?;
/// // The posterior is Gamma(14, 4): in ln rate the mode is ln (14/4).
/// let median = fit.median()?["rate"].to_f64()?;
/// assert!((median[0] - 3.5).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct AutoLaplace {
    laplace: Laplace,
}

impl AutoLaplace {
    /// With the defaults of [`Laplace`].
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// How the mode is found.
        laplace: Laplace;
    }

    /// The approximation of the posterior of `model`, without a step.
    ///
    /// # Errors
    /// Those of [`Unconstrained::build`](crate::posterior::Unconstrained::build) and of [`Laplace::fit`]; a site in a subsampled
    /// plate.
    pub fn fit<M: Program + Clone>(&self, model: &M) -> Result<Fit<M, JointProgram<FullRank>>> {
        Svi::new(model, self.clone()).steps(0).run()
    }
}

impl<M: Program + Clone> Guide<M> for AutoLaplace {
    type Program = JointProgram<FullRank>;
    const SITES: SiteRanks = SiteRanks::UNKNOWN;

    fn prepare(&self, model: &M, placement: &Placement, key: Key) -> Result<Self::Program> {
        let (_, gaussian, _) = self.laplace.fit(&LogDensity::new(model)?)?;
        let start = Start { loc: gaussian.mean, factor: Factor::LowerTriangular(gaussian.factor) };
        AutoMultivariateNormal::new().start(start).prepare(model, placement, key)
    }

    fn units(&self, prepared: &Self::Program) -> Option<usize> {
        Some(prepared.layout().dim())
    }

    fn rebind(&self, _: &M, prepared: &Self::Program, _: &Placement) -> Self::Program {
        prepared.clone()
    }
}
