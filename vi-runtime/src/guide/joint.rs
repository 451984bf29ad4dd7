//! One distribution of all latent sites together: drawn as one vector, of which each site takes its part.

use std::fmt::Debug;
use std::rc::Rc;

use burn::tensor::{Int, Tensor};
use vi_graph::Key;

use super::auto::{AutoGuide, AutoProgram, Auxiliary, automatic};
use super::beginning::Beginning;
use super::gaussian::Gaussian;
use super::init::Init;
use super::layout::{LatentSite, Layout, parameter};
use super::start::{Mode, Start, constant};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::dist::{Categorical, Delta, Distribution};
use crate::error::Result;
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, ParamStore, Program, SiteKind, Strategy};
use crate::setters::setters;
use crate::support::Support;

/// A family of distributions of a vector: what distinguishes one joint guide from another.
pub trait Family: Clone + Debug + 'static {
    /// How messages call the guide.
    const NAME: &'static str;

    /// Draws the vector `u` as the auxiliary site of the guide, [`Frame::draw`].
    ///
    /// # Errors
    /// Those of parameters and statements.
    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>>;

    /// The coordinates for a start that was looked for: those of independent elements, where the family is meant to be written in them.
    fn coordinates(&self, found: Start) -> Start {
        found
    }

    /// Of how many modes, at most, it is given approximations to start at ([`Init::Pathfinder`]).
    fn modes(&self) -> usize {
        1
    }

    /// The family at these modes, the one with the most mass first, and the coordinates of `u`; absent where there is none.
    fn at(&self, modes: Vec<Mode>) -> Option<(Self, Start)> {
        modes.into_iter().next().map(|mode| (self.clone(), self.coordinates(mode.start)))
    }

    /// Adds the settings that a run depends on.
    fn fingerprint(&self, _key: &mut Fingerprint) {}

    /// Mean and covariance of `u`, where it is normal.
    ///
    /// # Errors
    /// [`Error::Unknown`](crate::Error::Unknown) where no run has made the parameters.
    fn gaussian(&self, _params: &ParamStore, _frame: &Frame) -> Result<Option<Gaussian>> {
        Ok(None)
    }
}

/// What a [`Family`] knows of the vector that it draws.
#[derive(Clone, Debug)]
pub struct Frame {
    layout: Layout,
    dim: usize,
    init_loc: Rc<[f64]>,
    init_scale: f64,
    start: Option<Rc<Start>>,
}

impl Frame {
    /// The number of elements.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The standard deviation that the family starts with.
    pub fn init_scale(&self) -> f64 {
        self.init_scale
    }

    /// Where the family starts, `[dim]`, on the host.
    pub(super) fn centre(&self) -> &[f64] {
        &self.init_loc
    }

    /// The vector `u` of the unconstrained elements `z`.
    pub(super) fn coordinates(&self, z: &[f64]) -> Vec<f64> {
        self.start.as_ref().map_or_else(|| z.to_vec(), |start| start.inverse(z))
    }

    /// How far `x`, of `u`, is in unconstrained space.
    pub(super) fn scaled(&self, x: Vec<f64>) -> Vec<f64> {
        self.start.as_ref().map_or_else(|| x.clone(), |start| start.scaled(&x))
    }

    /// Where the family starts, `[dim]`.
    pub fn init_loc(&self, to: &Placement) -> Tensor<1> {
        constant(self.init_loc.to_vec(), [self.dim], to)
    }

    /// For what a family draws once, when its parameters are made.
    pub fn key(&self) -> Key {
        self.layout.key
    }

    /// The full name of a parameter.
    pub fn name(&self, name: &str) -> String {
        self.layout.name(&[name])
    }

    /// The learnable tensor `auto.<name>`.
    ///
    /// # Errors
    /// Those of the initial value, and a value outside the support.
    pub fn param<const D: usize>(
        &self,
        ctx: &Ctx,
        name: &str,
        support: Support,
        init: impl FnOnce(&Placement) -> Tensor<D>,
    ) -> Result<Tensor<D>> {
        parameter(ctx, self.name(name), support, || Ok(init(ctx.placement())))
    }

    /// The elements of a parameter as it is now.
    ///
    /// # Errors
    /// [`Error::Unknown`](crate::Error::Unknown) where no run has made it.
    pub fn value(&self, params: &ParamStore, name: &str) -> Result<Vec<f64>> {
        params.value(&self.name(name))?.to_f64()
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// From the vector `u` and the logarithm of a determinant, `[1]`, to the unconstrained elements of all sites and that of both
    /// maps.
    pub(super) fn unstarted(&self, u: Tensor<1>, log_det: Tensor<1>, to: &Placement) -> (Tensor<1>, Tensor<1>) {
        match &self.start {
            Some(start) => (start.forward(u, to), log_det.add_scalar(start.diagonal().map(f64::ln).sum::<f64>())),
            None => (u, log_det),
        }
    }

    /// Adds all that a run depends on.
    pub(super) fn fingerprint(&self, key: &mut Fingerprint) {
        self.layout.fingerprint(key);
        if let Some(start) = &self.start {
            start.fingerprint(key);
        }
    }

    /// Draws the vector as the auxiliary site `auto.joint`.
    ///
    /// # Errors
    /// Those of the statement.
    pub fn draw<T: Distribution<1, Kind = burn::tensor::Float>>(&self, ctx: &Ctx, dist: T) -> Result<Tensor<1>> {
        ctx.draw(SiteKind::Auxiliary, self.name("joint"), dist)
    }

    /// Chooses a component as the auxiliary site `auto.component`, of which objectives take the mean over all values.
    pub(super) fn choose(&self, ctx: &Ctx, dist: Categorical<1>) -> Result<Tensor<1, Int>> {
        ctx.draw_by(SiteKind::Auxiliary, self.name("component"), dist, Some(Strategy::Enumerate))
    }
}

/// An automatic guide with one distribution `F` of all latent sites in unconstrained space.
///
/// The vector `u` is the auxiliary site `auto.joint`; `z = u`, or `loc + factor · u` where a [`Start`] is given, holds the
/// unconstrained elements of all sites, and each site is `T(zᵢ)`, a point of log density `−ln |det ∂T/∂z|`, with the
/// bijector `T` onto its support.
#[derive(Clone, Debug)]
pub struct AutoJoint<F> {
    pub(crate) family: F,
    beginning: Beginning,
}

impl<F: Family + Default> AutoJoint<F> {
    /// The guide, its family with the defaults.
    pub fn new() -> Self {
        Self::of(F::default())
    }
}

impl<F: Family + Default> Default for AutoJoint<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Family> AutoJoint<F> {
    pub(crate) fn of(family: F) -> Self {
        AutoJoint { family, beginning: Beginning::default() }
    }

    setters! {
        in beginning;
        /// Where it starts.
        init: Init;

        /// The initial standard deviation of `u`; 0.1 unless set, and 1 where a [`Start`] is given.
        init_scale: f64 => Some(init_scale);

        /// The coordinates that the parameters live in; it takes the place of [`init`](Self::init).
        start: Start => Some(Rc::new(start));
    }
}

impl<F: Family> AutoGuide for AutoJoint<F> {
    type Program = JointProgram<F>;

    fn name(&self) -> &'static str {
        F::NAME
    }

    fn initial(&self, _site: &str) -> &Init {
        &self.beginning.init
    }

    fn located(&self, find: &mut dyn FnMut(usize) -> Result<Vec<Mode>>) -> Result<Option<Self>> {
        let at = |modes| self.family.at(modes).map(|(family, start)| AutoJoint { family, ..self.clone() }.start(start));
        self.beginning.located(self.family.modes(), find, at)
    }

    fn build(&self, layout: Layout) -> Result<JointProgram<F>> {
        let layout = layout.refuse_local(F::NAME)?;
        let dim = layout.dim();
        let start = self.beginning.start(dim)?.cloned();
        let init_loc = if start.is_some() { vec![0.0; dim] } else { layout.start() };
        let init_scale = self.beginning.scale();
        Ok(JointProgram { family: self.family.clone(), frame: Frame { layout, dim, init_loc: init_loc.into(), init_scale, start } })
    }
}

automatic! { [F: Family] AutoJoint<F> }

/// [`AutoJoint`] for one model.
#[derive(Clone, Debug)]
pub struct JointProgram<F> {
    pub(super) family: F,
    pub(super) frame: Frame,
}

impl<F: Family> Program for JointProgram<F> {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        let Frame { layout, dim, start, .. } = &self.frame;
        if *dim == 0 {
            return Ok(());
        }
        let u = self.family.draw(ctx, &self.frame)?;
        let z = match start {
            Some(start) => start.forward(u, ctx.placement()),
            None => u,
        };
        let slopes: Option<Vec<f64>> = start.as_ref().map(|start| start.diagonal().collect());
        for site in layout.sites() {
            let part = z.clone().narrow(0, site.offset, site.len());
            let log_det = slopes.as_ref().map_or(0.0, |slopes| slopes[site.offset..][..site.len()].iter().map(|x| x.ln()).sum());
            each_rank!(site.unconstrained.len(), D => place::<D>(ctx, site, part, log_det)?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(F::NAME);
        self.family.fingerprint(key);
        self.frame.fingerprint(key);
    }
}

/// The site as the image of its part of the vector: a point that carries the logarithm of the determinant.
pub(super) fn place<const D: usize>(ctx: &Ctx, site: &LatentSite, part: Tensor<1>, log_det: f64) -> Result<()> {
    let (value, jacobian) = constrained::<D>(site, part)?;
    let jacobian = if log_det == 0.0 { jacobian } else { jacobian.clone().add_scalar(log_det / jacobian.shape().num_elements() as f64) };
    let point = Delta::new(value).log_density(jacobian.neg()).event(biject_to::<D>(&site.support)?.event_rank()).following_draws();
    ctx.draw(SiteKind::Latent, site.name.clone(), point)?;
    Ok(())
}

/// The value of a site from its part of the vector, with the logarithm of the determinant of each event.
pub(super) fn constrained<const D: usize>(site: &LatentSite, part: Tensor<1>) -> Result<(Tensor<D>, Tensor<D>)> {
    let dims: [usize; D] = std::array::from_fn(|i| site.unconstrained[i]);
    Ok(biject_to::<D>(&site.support)?.forward_and_jacobian(part.reshape(dims)))
}

impl<F: Family> AutoProgram for JointProgram<F> {
    fn layout(&self) -> &Layout {
        &self.frame.layout
    }

    fn start(&self) -> Option<&Start> {
        self.frame.start.as_deref()
    }

    fn auxiliary(&self, z: &[f64]) -> Vec<Auxiliary> {
        let values = self.frame.coordinates(z);
        let latents = self.layout().sites().iter().map(|site| site.name.clone()).collect();
        vec![Auxiliary { site: self.frame.name("joint"), values, latents }]
    }

    fn gaussian(&self, params: &ParamStore) -> Result<Option<Gaussian>> {
        let found = self.family.gaussian(params, &self.frame)?;
        Ok(found.map(|gaussian| match &self.frame.start {
            Some(start) => gaussian.through(start),
            None => gaussian,
        }))
    }
}
