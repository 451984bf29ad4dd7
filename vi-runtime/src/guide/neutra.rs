//! A trained flow as the coordinates of a model.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use burn::tensor::Tensor;
use vi_graph::Key;

use super::flowing::Warp;
use super::joint::{Frame, JointProgram, constrained};
use super::layout::Layout;
use crate::any_tensor::{AnyTensor, each_rank};
use crate::dist::ImproperUniform;
use crate::error::{Error, Result, list};
use crate::fit::Fit;
use crate::program::arg::Fingerprint;
use crate::program::handler::Handler;
use crate::program::{Ctx, ParamScope, ParamStore, Program, Run, Site, SiteKind, SiteRanks};
use crate::support::Support;

/// The flow of a trained guide as a change of coordinates (Hoffman et al. 2019): where the guide is close to the posterior, the
/// model has nearly independent standard normal coordinates, in which any other guide, a mode, Laplace's approximation or a
/// sampler has an easy posterior.
///
/// ```
/// # use vi_runtime::prelude::*;
/// #[model]
/// fn bent() {
///     let x = sample!("x", Normal::new(0.0, 1.0));
///     sample!("y", Normal::new(x.square(), 0.5));
/// }
///
/// # fn main() -> Result<()> {
/// let flow = Svi::new(&bent(), AutoIAF::new()).steps(20).run()?;
/// let warped = NeuTra::new(&flow)?.reparam(bent());
/// let fit = Svi::new(&warped, AutoNormal::new()).steps(20).run()?;
/// let draws = fit.posterior(10)?;
/// assert_eq!(draws.y.tensor::<2>()?.dims(), [10, 1]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct NeuTra<F> {
    family: F,
    frame: Frame,
    /// Those of the guide, as they were.
    params: ParamStore,
}

impl<F: Warp> NeuTra<F> {
    /// The flow of a fit as it is now.
    ///
    /// # Errors
    /// Where the parameters cannot be read.
    pub fn new<M: Program>(fit: &Fit<M, JointProgram<F>>) -> Result<Self> {
        let JointProgram { family, frame } = fit.guide().clone();
        let params = fit.params()?.borrow().of_prefix(&frame.name(""));
        Ok(NeuTra { family, frame, params })
    }

    /// `program` in the coordinates of the flow.
    ///
    /// Its latent site is `auto.base`, a vector `ε` whose density is flat; the latent sites that the flow was trained on are
    /// functions of it, `x = T(f(ε))`, recorded as deterministic sites under their own names. Their densities stay, and the factor
    /// `auto.log_det` adds `ln |det ∂x/∂ε|`, so the posterior of every site is what it was.
    pub fn reparam<P: Program>(&self, program: P) -> Warped<P, F> {
        Warped { program, warp: self.clone() }
    }

    /// `z = f(ε)` and `ln |det ∂z/∂ε|`, `[1]`.
    fn forward(&self, base: Tensor<1>, ctx: &Ctx) -> Result<(Tensor<1>, Tensor<1>)> {
        let params = ParamScope::plain(Rc::new(RefCell::new(self.params.clone())));
        let run = Run::new(Key::new(0), ctx.placement().clone()).params(params).density(false);
        let (u, log_det) = run.called("the flow").trace(&Forward { warp: self, base })?.0;
        Ok(self.frame.unstarted(u, log_det, ctx.placement()))
    }
}

/// The flow is a program because it reads its parameters as one.
struct Forward<'a, F> {
    warp: &'a NeuTra<F>,
    base: Tensor<1>,
}

impl<F: Warp> Program for Forward<'_, F> {
    type Output = (Tensor<1>, Tensor<1>);
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<Self::Output> {
        Ok(self.warp.family.bijector(ctx, &self.warp.frame)?.forward_and_jacobian(self.base.clone()))
    }

    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        let base = f(self.base.clone().into()).typed("the base of a flow").unwrap_or_else(|_| self.base.clone());
        Forward { warp: self.warp, base }
    }

    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        f(&self.base.clone().into());
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        self.warp.fingerprint(key);
    }
}

impl<F: Warp> NeuTra<F> {
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("NeuTra");
        key.write_str(F::NAME);
        self.family.fingerprint(key);
        self.frame.fingerprint(key);
    }
}

/// A program in the coordinates of a flow; see [`NeuTra`].
#[derive(Clone, Debug)]
pub struct Warped<P, F> {
    program: P,
    warp: NeuTra<F>,
}

impl<P: Program, F: Warp> Program for Warped<P, F> {
    type Output = P::Output;
    type Latents = P::Latents;
    /// The latent site is another, so guides are paired at the first step.
    const SITES: SiteRanks = SiteRanks::UNKNOWN;

    fn run(&self, ctx: &Ctx) -> Result<P::Output> {
        let frame = &self.warp.frame;
        let base = ctx.draw(SiteKind::Latent, frame.name("base"), ImproperUniform::new(Support::RealVector, [frame.dim()]))?;
        let (z, mut log_det) = self.warp.forward(base, ctx)?;
        let mut values = BTreeMap::new();
        for site in frame.layout().sites() {
            let part = z.clone().narrow(0, site.offset, site.len());
            let (value, jacobian) = each_rank!(site.unconstrained.len(), D => {
                let (value, jacobian) = constrained::<D>(site, part)?;
                (AnyTensor::from(value), jacobian.sum())
            });
            values.insert(site.name.clone(), value);
            log_det = log_det + jacobian;
        }
        let mut factor = ctx.site(frame.name("log_det"), SiteKind::Factor);
        factor.value = Some(log_det.into());
        ctx.process(factor)?;
        let met = Rc::new(RefCell::new(Vec::new()));
        let output = ctx.under(Box::new(Place { values, met: Rc::clone(&met) }), || self.program.run(ctx))?;
        all_met(frame.layout(), &met.borrow())?;
        Ok(output)
    }

    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        let program = self.program.map_tensors(f);
        Warped { program, warp: NeuTra { params: self.warp.params.map_tensors(f), ..self.warp.clone() } }
    }

    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.program.visit_tensors(f);
        self.warp.params.visit_tensors(f);
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        self.warp.fingerprint(key);
        self.program.fingerprint(key);
    }
}

fn all_met(layout: &Layout, met: &[String]) -> Result<()> {
    match layout.sites().iter().find(|site| !met.contains(&site.name)) {
        Some(site) => Err(Error::Unknown { what: "latent site of the flow", name: site.name.clone(), available: list(met) }),
        None => Ok(()),
    }
}

/// Latent sites have given values, and keep their densities.
struct Place {
    values: BTreeMap<String, AnyTensor>,
    /// The latent sites of the run.
    met: Rc<RefCell<Vec<String>>>,
}

impl Handler for Place {
    fn before(&mut self, site: &mut Site) -> Result<()> {
        if site.kind != SiteKind::Latent {
            return Ok(());
        }
        self.met.borrow_mut().push(site.name.clone());
        if let Some(value) = self.values.get(&site.name) {
            site.value = Some(value.clone());
            site.kind = SiteKind::Deterministic;
        }
        Ok(())
    }
}
