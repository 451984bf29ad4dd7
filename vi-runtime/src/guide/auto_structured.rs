//! A distribution for each site, whose centre depends on earlier sites.

use std::collections::BTreeMap;
use std::rc::Rc;

use burn::tensor::Tensor;

use super::auto::{AutoGuide, AutoProgram, Auxiliary, automatic};
use super::auto_multivariate_normal::{factor, unit_triangle};
use super::beginning::Beginning;
use super::gaussian::Gaussian;
use super::init::Init;
use super::joint::place;
use super::layout::{LatentSite, Layout, parameter};
use super::start::{Mode, Start, constant};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::dist::{Delta, MultivariateNormal, Normal};
use crate::error::{Error, Result};
use crate::linalg::below_len;
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, ParamStore, Program, SiteKind};
use crate::setters::setters;
use crate::support::Support;

/// The distribution of a site of [`AutoStructured`], given those that it depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conditional {
    /// A point: the site is maximised over, in constrained space.
    Delta,
    /// Independent normal elements in unconstrained space.
    #[default]
    Normal,
    /// A normal distribution with any covariance of the site's elements in unconstrained space.
    MultivariateNormal,
}

/// A distribution for each latent site, whose centre is a linear map of the sites that it is said to depend on: between
/// [`AutoNormal`](super::AutoNormal), which knows no dependence, and
/// [`AutoMultivariateNormal`](super::AutoMultivariateNormal), which learns all (structured inference: Hoffman and Blei 2015).
///
/// In unconstrained space site `i` is `zᵢ = locᵢ + scaleᵢ aᵢ` with `aᵢ = Σⱼ Wᵢⱼ aⱼ + (I + Mᵢ) εᵢ`, `εᵢ ~ N(0, I)`, where `j` runs over the
/// sites that it depends on. A normal conditional has `Mᵢ = 0`, a multivariate one a strictly lower triangle, and a point no `εᵢ`.
///
/// Parameters, for the `nᵢ` unconstrained elements of a site: `auto.<site>.loc` and `auto.<site>.scale`, `[nᵢ]`, of a multivariate
/// one `auto.<site>.lower`, `[nᵢ (nᵢ − 1)/2]`, for each dependence `auto.<site>.on.<other>`, `W`, `[nᵢ, nⱼ]`, which starts at 0. A
/// point has no scale, and its `loc` is `auto.<site>.loc` alone.
///
/// ```
/// # use vi_runtime::prelude::*;
/// #[model]
/// fn pair() {
///     let a = sample!("a", Normal::new(0.0, 1.0));
///     let b = sample!("b", Normal::new(&a, 1.0));
///     observe!("y", Normal::new(a + b, 1.0), 3.0);
/// }
///
/// # fn main() -> Result<()> {
/// let fit = Svi::new(&pair(), AutoStructured::new().depends("b", ["a"])).steps(20).run()?;
/// assert_eq!(fit.param_names(), ["auto.a.loc", "auto.a.scale", "auto.b.loc", "auto.b.on.a", "auto.b.scale"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct AutoStructured {
    conditionals: BTreeMap<String, Conditional>,
    otherwise: Conditional,
    dependencies: BTreeMap<String, Vec<String>>,
    beginning: Beginning,
}

impl AutoStructured {
    /// Every site normal and independent of the others.
    pub fn new() -> Self {
        Self::default()
    }

    /// The distribution of a site.
    #[must_use]
    pub fn conditional(mut self, site: impl Into<String>, conditional: Conditional) -> Self {
        self.conditionals.insert(site.into(), conditional);
        self
    }

    setters! {
        /// The distribution of the sites that have none of their own; normal unless set.
        otherwise: Conditional;
    }

    /// The site depends on these sites, which the model draws before it.
    #[must_use]
    pub fn depends<N: Into<String>>(mut self, site: impl Into<String>, on: impl IntoIterator<Item = N>) -> Self {
        self.dependencies.entry(site.into()).or_default().extend(on.into_iter().map(N::into));
        self
    }

    setters! {
        in beginning;
        /// Where it starts.
        init: Init;

        /// The initial standard deviation in unconstrained space; 0.1 unless set, and 1 (of its units) where a [`Start`] is given.
        init_scale: f64 => Some(init_scale);

        /// The coordinates that the parameters live in: `zᵢ = mᵢ + dᵢ (locᵢ + scaleᵢ aᵢ)` with its location `m` and the diagonal `d` of its
        /// factor, the standard deviation of each element given those before it. It takes the place of [`init`](Self::init).
        start: Start => Some(Rc::new(start));
    }

    fn conditional_of(&self, site: &str) -> Conditional {
        self.conditionals.get(site).copied().unwrap_or(self.otherwise)
    }

    /// The sites that this one depends on, by number.
    fn parents(&self, layout: &Layout, child: usize) -> Result<Vec<usize>> {
        let name = &layout.sites()[child].name;
        let wrong = |problem: String| Error::Config { setting: format!("the dependencies of site `{name}`"), problem };
        let mut parents = Vec::new();
        for parent in self.dependencies.get(name).into_iter().flatten() {
            let index = layout.find(parent)?;
            if index >= child {
                return Err(wrong(format!("the model draws `{parent}` after it, or it is the site itself; turn the dependence round")));
            }
            if self.conditional_of(parent) == Conditional::Delta {
                return Err(wrong(format!("`{parent}` is a point, from which nothing can depend; `loc` has the centre")));
            }
            if parents.contains(&index) {
                return Err(wrong(format!("`{parent}` is named twice")));
            }
            parents.push(index);
        }
        Ok(parents)
    }
}

impl AutoGuide for AutoStructured {
    type Program = AutoStructuredProgram;

    fn name(&self) -> &'static str {
        "AutoStructured"
    }

    fn initial(&self, _site: &str) -> &Init {
        &self.beginning.init
    }

    fn located(&self, find: &mut dyn FnMut(usize) -> Result<Vec<Mode>>) -> Result<Option<Self>> {
        self.beginning.located(1, find, |modes| modes.into_iter().next().map(|mode| self.clone().start(mode.start)))
    }

    fn build(&self, layout: Layout) -> Result<AutoStructuredProgram> {
        let layout = layout.refuse_local("AutoStructured")?;
        for name in self.conditionals.keys().chain(self.dependencies.keys()) {
            layout.find(name)?;
        }
        let part =
            |(i, site): (usize, &LatentSite)| Ok(Part { conditional: self.conditional_of(&site.name), parents: self.parents(&layout, i)? });
        let parts = layout.sites().iter().enumerate().map(part).collect::<Result<Vec<_>>>()?;
        let start = self.beginning.start(layout.dim())?.cloned();
        Ok(AutoStructuredProgram { parts: parts.into(), layout, init_scale: self.beginning.scale(), start })
    }
}

automatic! { [] AutoStructured }

/// How one site is drawn.
#[derive(Debug)]
struct Part {
    conditional: Conditional,
    parents: Vec<usize>,
}

/// [`AutoStructured`] for one model.
#[derive(Clone, Debug)]
pub struct AutoStructuredProgram {
    layout: Layout,
    /// One for each site of the layout.
    parts: Rc<[Part]>,
    init_scale: f64,
    start: Option<Rc<Start>>,
}

impl Program for AutoStructuredProgram {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        let mut deviations = Vec::with_capacity(self.parts.len());
        for (site, part) in self.layout.sites().iter().zip(self.parts.iter()) {
            deviations.push(self.sample(ctx, site, part, &deviations)?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("AutoStructured");
        self.layout.fingerprint(key);
        for Part { conditional, parents } in self.parts.iter() {
            key.write_u64(*conditional as u64);
            key.write_u64(parents.len() as u64);
            parents.iter().for_each(|parent| key.write_u64(*parent as u64));
        }
        if let Some(start) = &self.start {
            start.fingerprint(key);
        }
    }
}

impl AutoStructuredProgram {
    fn name(&self, site: &LatentSite, what: &str) -> String {
        self.layout.name(&[&site.name, what])
    }

    fn dependence(&self, site: &LatentSite, parent: usize) -> String {
        self.layout.name(&[&site.name, "on", &self.layout.sites()[parent].name])
    }

    /// The part of the start that belongs to a site: its location and its units.
    fn units(&self, site: &LatentSite) -> Option<[Vec<f64>; 2]> {
        self.start.as_ref().map(|start| [start.loc[site.range()].to_vec(), start.diagonal().skip(site.offset).take(site.len()).collect()])
    }

    fn vector(&self, ctx: &Ctx, site: &LatentSite, what: &str, support: Support, start: Vec<f64>) -> Result<Tensor<1>> {
        let len = start.len();
        parameter(ctx, self.name(site, what), support, || Ok(constant(start, [len], ctx.placement())))
    }

    /// Draws a site, and says how far from its centre in units of its scale; `deviations` are those of the sites before it.
    fn sample(&self, ctx: &Ctx, site: &LatentSite, part: &Part, deviations: &[Tensor<1>]) -> Result<Tensor<1>> {
        let n = site.len();
        let units = self.units(site);
        let first = if units.is_some() { vec![0.0; n] } else { site.start.clone() };
        let loc = self.vector(ctx, site, "loc", Support::Real, first)?;
        let units = units.map(|numbers| numbers.map(|numbers| constant(numbers, [n], ctx.placement())));
        let loc = match &units {
            Some([middle, unit]) => middle.clone() + loc * unit.clone(),
            None => loc,
        };
        let in_units = |x: Tensor<1>| match &units {
            Some([_, unit]) => x * unit.clone(),
            None => x,
        };
        let mut centre: Option<Tensor<1>> = None;
        for &parent in &part.parents {
            let m = self.layout.sites()[parent].len();
            let zeros = |to: &Placement| constant(vec![0.0; n * m], [n, m], to);
            let weights: Tensor<2> = parameter(ctx, self.dependence(site, parent), Support::Real, || Ok(zeros(ctx.placement())))?;
            let shift = weights.matmul(deviations[parent].clone().reshape([m, 1])).reshape([n]);
            centre = Some(centre.map_or(shift.clone(), |centre| centre + shift));
        }
        if part.conditional == Conditional::Delta {
            let deviation = centre.unwrap_or_else(|| loc.zeros_like().without_autodiff());
            let z = loc + in_units(deviation.clone());
            each_rank!(site.unconstrained.len(), D => point::<D>(ctx, site, z)?);
            return Ok(deviation);
        }
        let scale = in_units(self.vector(ctx, site, "scale", Support::Positive, vec![self.init_scale; n])?);
        let mean = match centre {
            Some(centre) => loc.clone() + scale.clone() * centre,
            None => loc.clone(),
        };
        let unconstrained = self.name(site, "unconstrained");
        let z: Tensor<1> = if part.conditional == Conditional::MultivariateNormal && n > 1 {
            let lower = self.vector(ctx, site, "lower", Support::Real, vec![0.0; below_len(n)])?;
            let tril = unit_triangle(lower, n, ctx.placement()) * scale.clone().reshape([n, 1]);
            ctx.draw(SiteKind::Auxiliary, unconstrained, MultivariateNormal::new(mean, tril))?
        } else {
            ctx.draw(SiteKind::Auxiliary, unconstrained, Normal::new(mean, scale.clone()))?
        };
        each_rank!(site.unconstrained.len(), D => place::<D>(ctx, site, z.clone(), 0.0)?);
        Ok((z - loc) / scale)
    }
}

/// The site as a point, without the density of the map onto its support.
fn point<const D: usize>(ctx: &Ctx, site: &LatentSite, z: Tensor<1>) -> Result<()> {
    let dims: [usize; D] = std::array::from_fn(|i| site.unconstrained[i]);
    let bijector = biject_to::<D>(&site.support)?;
    let point = Delta::new(bijector.forward(z.reshape(dims))).event(bijector.event_rank());
    ctx.draw(SiteKind::Latent, site.name.clone(), point)?;
    Ok(())
}

impl AutoProgram for AutoStructuredProgram {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn start(&self) -> Option<&Start> {
        self.start.as_deref()
    }

    fn auxiliary(&self, unconstrained: &[f64]) -> Vec<Auxiliary> {
        let drawn = self.layout.sites().iter().zip(self.parts.iter()).filter(|(_, part)| part.conditional != Conditional::Delta);
        let auxiliary = |(site, _): (&LatentSite, &Part)| Auxiliary {
            site: self.name(site, "unconstrained"),
            values: unconstrained[site.range()].to_vec(),
            latents: vec![site.name.clone()],
        };
        drawn.map(auxiliary).collect()
    }

    /// The rows of the matrix from `ε` to the deviations `a`, site by site; a point adds no column of its own.
    fn gaussian(&self, params: &ParamStore) -> Result<Option<Gaussian>> {
        let n = self.layout.dim();
        let (mut loc, mut deviations, mut root) = (vec![0.0; n], vec![0.0; n * n], vec![0.0; n * n]);
        for (site, part) in self.layout.sites().iter().zip(self.parts.iter()) {
            let read = |name: String| params.value(&name)?.to_f64();
            let (own, len) = (site.offset, site.len());
            let [middle, unit] = self.units(site).unwrap_or_else(|| [vec![0.0; len], vec![1.0; len]]);
            let found = read(self.name(site, "loc"))?;
            (0..len).for_each(|i| loc[own + i] = middle[i] + unit[i] * found[i]);
            for &parent in &part.parents {
                let weights = read(self.dependence(site, parent))?;
                let from = self.layout.sites()[parent].range();
                for (i, row) in weights.chunks_exact(from.len()).enumerate() {
                    for (w, j) in row.iter().zip(from.clone()) {
                        (0..n).for_each(|k| deviations[(own + i) * n + k] += w * deviations[j * n + k]);
                    }
                }
            }
            let scale = if part.conditional == Conditional::Delta { vec![1.0; len] } else { read(self.name(site, "scale"))? };
            if part.conditional != Conditional::Delta {
                let whole = part.conditional == Conditional::MultivariateNormal && len > 1;
                let lower = if whole { read(self.name(site, "lower"))? } else { vec![0.0; below_len(len)] };
                let own_factor = factor(&vec![1.0; len], &lower);
                (0..len * len).for_each(|k| deviations[(own + k / len) * n + own + k % len] += own_factor[k]);
            }
            for (i, scale) in scale.iter().enumerate() {
                (0..n).for_each(|k| root[(own + i) * n + k] = unit[i] * scale * deviations[(own + i) * n + k]);
            }
        }
        Ok(Some(Gaussian::with_rows(loc, &root)))
    }
}
