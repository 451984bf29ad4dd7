//! What an automatic guide must know of the model: its latent sites, where each stands in one vector, and where to start.

use std::ops::Range;
use std::rc::Rc;

use burn::tensor::Tensor;
use vi_graph::Key;

use super::init::{Init, Prior};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::error::{Error, Result, list};
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, Plate, Program, Site, SiteKind, Trace};
use crate::support::Support;

/// One latent site of the model.
#[derive(Clone, Debug)]
pub struct LatentSite {
    /// Its name.
    pub name: String,
    /// Where its values lie.
    pub support: Support,
    /// The shape of a value.
    pub shape: Vec<usize>,
    /// The shape of what the bijector of the support maps to a value.
    pub unconstrained: Vec<usize>,
    /// Where its elements begin in the vector of all sites.
    pub offset: usize,
    /// Where a guide starts: unconstrained elements, row-major.
    pub(crate) start: Vec<f64>,
    /// The plates around it.
    pub(crate) plates: Vec<Plate>,
}

impl LatentSite {
    /// How many unconstrained elements it has.
    pub fn len(&self) -> usize {
        self.unconstrained.iter().product()
    }

    /// Where its elements stand in the vector of all sites.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it stands in a subsampled plate, so that each step sees other units.
    pub(crate) fn is_local(&self) -> bool {
        self.plates.iter().any(|plate| plate.len < plate.size)
    }

    /// Where the guide starts, as a tensor of the unconstrained shape.
    pub(crate) fn start<const D: usize>(&self, to: &Placement) -> Result<Tensor<D>> {
        AnyTensor::from_f64(self.start.clone(), &self.unconstrained, &to.device, to.dtype).typed(&self.name)
    }

    /// The elements of its value in a run of the model; absent where the run did not reach it in this shape.
    pub(super) fn read(&self, trace: &Trace) -> Result<Option<Vec<f64>>> {
        match trace.get(&self.name).and_then(|site| site.value.as_ref()).filter(|value| value.shape() == self.shape) {
            Some(value) => value.to_f64().map(Some),
            None => Ok(None),
        }
    }

    /// The unconstrained elements of a value.
    pub(crate) fn unconstrain(&self, values: Vec<f64>, to: &Placement) -> Result<Vec<f64>> {
        let value = AnyTensor::from_f64(values, &self.shape, &to.device, to.dtype);
        each_rank!(value.rank(), D => AnyTensor::from(biject_to::<D>(&self.support)?.inverse(value.typed(&self.name)?))).to_f64()
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(&self.name);
        key.write_str(&self.support.to_string());
        self.unconstrained.iter().for_each(|size| key.write_u64(*size as u64));
        for plate in &self.plates {
            key.write_str(plate.name);
            key.write_u64(plate.len as u64);
        }
    }
}

/// The latent sites of a model in the order of their first occurrence; the unconstrained elements of all of them, each site
/// row by row, make one vector.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) sites: Rc<[LatentSite]>,
    /// The first part of the names of all parameters of the guide.
    pub(crate) prefix: Rc<str>,
    /// For what a guide draws once, when it is made.
    pub(crate) key: Key,
}

impl Layout {
    /// Runs the model on draws from its prior.
    ///
    /// # Errors
    /// A discrete site or a point: an automatic guide has no density for them.
    pub(crate) fn of<'a, M: Program>(
        model: &M,
        placement: &Placement,
        key: Key,
        guide: &str,
        init: &dyn Fn(&str) -> &'a Init,
    ) -> Result<Self> {
        let prior = Prior { model, placement, key };
        let trace = prior.draw(0)?;
        let mut offset = 0;
        let mut sites = Vec::new();
        for site in trace.sites().filter(|site| site.kind == SiteKind::Latent && site.strategy.is_none()) {
            let support = legal(site, guide)?;
            let shape = site.shape();
            let unconstrained = each_rank!(shape.len(), D => biject_to::<D>(&support)?.unconstrained_shape(&shape));
            let len = unconstrained.iter().product();
            let (name, plates) = (site.name.clone(), site.plates.clone());
            sites.push(LatentSite { name, support, shape, unconstrained, offset, start: vec![0.0; len], plates });
            offset += len;
        }
        // Sites of one strategy start together, whatever their order.
        let strategies: Vec<&Init> = sites.iter().map(|site| init(&site.name)).collect();
        let mut done = vec![false; sites.len()];
        while let Some(first) = done.iter().position(|done| !done) {
            // A strategy that holds NaN is not equal to itself.
            let same = |i: usize| std::ptr::eq(strategies[i], strategies[first]) || strategies[i] == strategies[first];
            let alike: Vec<usize> = (first..sites.len()).filter(|i| !done[*i] && same(*i)).collect();
            let mut group: Vec<LatentSite> = alike.iter().map(|i| sites[*i].clone()).collect();
            prior.start(&mut group, strategies[first])?;
            for (i, site) in alike.into_iter().zip(group) {
                sites[i] = site;
                done[i] = true;
            }
        }
        Ok(Layout { sites: sites.into(), prefix: "auto".into(), key: key.site("automatic guide") })
    }

    /// The sites in the order of their first occurrence.
    pub fn sites(&self) -> &[LatentSite] {
        &self.sites
    }

    /// The number of the site of this name.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is none.
    pub(crate) fn find(&self, name: &str) -> Result<usize> {
        self.sites.iter().position(|site| site.name == name).ok_or_else(|| Error::Unknown {
            what: "latent site",
            name: name.to_owned(),
            available: list(self.sites.iter().map(|site| &site.name)),
        })
    }

    /// Some of the sites as a layout of their own, whose parameters have the number of the group in their names.
    pub(crate) fn group(&self, number: usize, keep: impl Fn(&LatentSite) -> bool) -> Self {
        let mut offset = 0;
        let mut sites: Vec<LatentSite> = self.sites.iter().filter(|site| keep(site)).cloned().collect();
        for site in &mut sites {
            site.offset = offset;
            offset += site.len();
        }
        Layout { sites: sites.into(), prefix: self.name(&[&number.to_string()]).into(), key: self.key.fold_in(number as u64) }
    }

    /// The number of unconstrained elements.
    pub fn dim(&self) -> usize {
        self.sites.iter().map(LatentSite::len).sum()
    }

    /// Where the guide starts, all sites in one vector.
    pub(crate) fn start(&self) -> Vec<f64> {
        self.sites.iter().flat_map(|site| site.start.iter().copied()).collect()
    }

    /// The name of a parameter.
    pub(crate) fn name(&self, parts: &[&str]) -> String {
        let mut name = self.prefix.to_string();
        parts.iter().for_each(|part| name.extend([".", part]));
        name
    }

    /// Refuses a site in a subsampled plate, for a guide that holds one distribution of all sites.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with the ways out.
    pub(crate) fn refuse_local(self, guide: &str) -> Result<Self> {
        match self.sites.iter().find(|site| site.is_local()) {
            Some(site) => Err(Error::Unsupported {
                what: format!("{guide} for site `{}`", site.name),
                problem: "it stands in a subsampled plate, so each step sees other units; give it to `AutoNormal`, which keeps a \
                          table by unit (with a `GuideList` the other sites may have another guide), or write an amortised guide \
                          with `module!`"
                    .to_owned(),
            }),
            None => Ok(self),
        }
    }

    /// Adds all that a run depends on; where it starts matters only until its parameters exist.
    pub(crate) fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(&self.prefix);
        self.sites.iter().for_each(|site| site.fingerprint(key));
    }
}

/// A parameter of a guide under its full name, through the handlers around it; made where no run has.
///
/// # Errors
/// Another support than before, an initial value outside it.
pub(crate) fn parameter<const D: usize>(
    ctx: &Ctx,
    name: String,
    support: Support,
    init: impl FnOnce() -> Result<Tensor<D>>,
) -> Result<Tensor<D>> {
    let site = ctx.param_site(name)?;
    if let Some(value) = site.value {
        return value.typed(&site.name);
    }
    match ctx.params().find(&site.name, &support)? {
        Some(value) => Ok(value),
        None => ctx.params().create(&site.name, init()?, support),
    }
}

fn legal(site: &Site, guide: &str) -> Result<Support> {
    let Some(distribution) = &site.distribution else { return Ok(Support::Real) };
    let support = distribution.support();
    let problem = if support.is_discrete() {
        "it is discrete; sum over its values, `sample!(.., strategy = Enumerate)` in the model or `handler::enumerate(model, [..])`, or write a guide"
    } else if support == Support::Point {
        "its prior is a Delta; soften it with `.soften(eps)`, or record it with `deterministic!`"
    } else {
        return Ok(support);
    };
    Err(Error::Unsupported { what: format!("{guide} for site `{}` ({})", site.name, distribution.name()), problem: problem.to_owned() })
}
