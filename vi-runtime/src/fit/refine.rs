//! Semi-amortised inference: what an encoder says of each datum is improved for that datum by a few steps.

mod gap;
mod program;
mod stretched;

use std::rc::Rc;

use vi_graph::Key;

use super::Fit;
use crate::error::{Error, Result};
use crate::execution::Execution;
use crate::optim::{Adam, Optimizer, PerParam, Schedule, Sgd};
use crate::program::{ParamScope, Program};
use crate::setters::setters;
use crate::svi::{Svi, SviState};

pub use gap::AmortisationGap;
pub use program::{Refined, RefinedSite};

/// Refines the local sites of a fitted guide for given data (Kim, Wiseman, Miller, Sontag and Rush 2018): each element gets a shift and
/// a stretch of its own, which start at none and climb the ELBO while everything that was fitted stays as it is.
///
/// An element `x` of a local site in unconstrained space, as the guide draws it, becomes
///
/// ```text
/// c + s a + eᵇ (x − c)
/// ```
///
/// where `c` and `s` are its mean and standard deviation under the guide (estimated from 64 draws; any numbers would do), and the
/// parameters `a` and `b` start at 0. From a normal guide that leads to any other normal guide of independent elements; from every other
/// one, to its images under shifts and stretches. The parameters are `refine.<site>.shift` and `refine.<site>.log_scale`.
///
/// ```
/// use vi_runtime::prelude::*;
///
/// #[model]
/// fn model(x: &Tensor<1>) {
///     plate!("n", 3, {
///         let z = sample!("z", Normal::new(0.0, 1.0));
///         observe!("x", Normal::new(z, 1.0), x.clone());
///     });
/// }
///
/// #[guide(model = model)]
/// fn encoder(x: &Tensor<1>) {
///     let weight = param!("weight", [0.2]);
///     plate!("n", 3, { sample!("z", Normal::new(weight * x.clone(), 1.0)) });
/// }
///
/// # fn main() -> Result<()> {
/// let x = Tensor::<1>::from_floats([0.5, -1.0, 2.0], &Device::default());
/// let fit = Svi::new(&model(&x), encoder(&x)).steps(10).run()?;
/// let (refined, gap) = Refine::new().run(&fit, &model(&x), &encoder(&x))?;
/// println!("{gap}\n{}", refined.summary()?);
/// # Ok(())
/// # }
/// ```
///
/// The defaults: all sites that stand in a plate, 100 steps of [`Adam`] with the decays 0.9 and 0.99 (the gradients of the first steps
/// must be forgotten within a hundred) and a rate from 0.1 down to 0 along half a cosine, one particle, 100 pairs of draws for the gap, seed 0.
#[derive(Clone, Debug)]
pub struct Refine {
    sites: Vec<String>,
    steps: u64,
    optimizer: Option<PerParam>,
    particles: usize,
    pairs: usize,
    execution: Execution,
    seed: u64,
}

impl Default for Refine {
    fn default() -> Self {
        Self::new()
    }
}

impl Refine {
    /// With the defaults.
    pub fn new() -> Self {
        Refine { sites: Vec::new(), steps: 100, optimizer: None, particles: 1, pairs: 100, execution: Execution::Auto, seed: 0 }
    }

    /// The sites to refine, in a plate or not.
    #[must_use]
    pub fn sites<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.sites = names.into_iter().map(Into::into).collect();
        self
    }

    setters! {
        /// How many steps are made.
        steps: u64;

        /// The rule of the steps.
        optimizer: impl Optimizer + 'static => Some(beside_rest(optimizer));

        /// How many draws each step averages over.
        particles: usize;

        /// From how many pairs of draws the gap is estimated; 0 for no estimate, which is then NaN.
        pairs: usize;

        /// How the steps are run.
        execution: Execution;

        /// The seed of the steps and of the draws.
        seed: u64;
    }

    /// The fit for these data, and how much it gained.
    ///
    /// `model` and `guide` are the programs of `fit`, bound to the data to refine for: new data, a batch, or those of the fit.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name that is no latent site of the guide; [`Error::Config`] where no site stands in a plate and none is
    /// named; [`Error::Plate`] for a subsampled plate, whose units are others in each step; [`Error::Unsupported`] for a discrete
    /// site, a point, and one without pathwise gradient; as [`Svi::step`].
    pub fn run<M, P, N, Q>(&self, fit: &Fit<M, P>, model: &N, guide: &Q) -> Result<(Fit<N, Refined<Q>>, AmortisationGap)>
    where
        M: Program,
        P: Program,
        N: Program + Clone,
        Q: Program + Clone,
    {
        let placement = &fit.prepared.placement;
        let key = Key::new(self.seed).site("refinement");
        let params = fit.used().params()?;
        let scope = ParamScope::plain(Rc::clone(&params));
        let refined = Refined::of(&guide.place(placement), &self.sites, &scope, placement, key)?;
        let state = SviState::new(key);
        *state.params()?.borrow_mut() = params.borrow().clone();
        let schedule = Schedule::Cosine { initial: 0.1, last: 0.0, steps: self.steps };
        let optimizer = self.optimizer.clone().unwrap_or_else(|| beside_rest(Adam::new(schedule).betas(0.9, 0.99)));
        let refined = Svi::new(model, refined)
            .optimizer(optimizer)
            .steps(self.steps)
            .particles(self.particles)
            .device(placement.device.clone())
            .dtype(placement.dtype)
            .execution(self.execution)
            .progress(false)
            .resume(state)?;
        let amortised = (refined.prepared.guide.program(), scope);
        let local = (&refined.prepared.guide, ParamScope::plain(refined.used().params()?));
        let gap = AmortisationGap::between(&refined.prepared.model, amortised, local, placement, (self.pairs, key.site("gap")))?;
        Ok((refined, gap))
    }
}

/// What the names of the parameters begin with.
const PREFIX: &str = "refine.";

/// What was fitted stays.
fn beside_rest(local: impl Optimizer + 'static) -> PerParam {
    PerParam::new(Sgd::new(0.0)).matching(format!("{PREFIX}*"), local)
}

fn config(problem: String) -> Error {
    Error::Config { setting: "sites to refine".into(), problem }
}
