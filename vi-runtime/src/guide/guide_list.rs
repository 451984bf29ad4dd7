//! A guide for each group of sites.

use std::fmt::Debug;
use std::rc::Rc;

use super::auto::{AutoGuide, AutoProgram, Auxiliary, automatic};
use super::gaussian::{Gaussian, Root};
use super::init::Init;
use super::layout::{LatentSite, Layout};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, ParamStore, Program};

/// Several automatic guides, each for some of the latent sites: the groups are independent of each other.
///
/// Each group starts where its own guide says, by its `init` and `start`: by default at the normal approximation that
/// [`Init::Pathfinder`] finds.
///
/// The parameters of group `i`, counted from 0 in the order of the calls, have the prefix `auto.<i>`.
///
/// ```
/// # use vi_runtime::prelude::*;
/// #[model]
/// fn pair() {
///     let a = sample!("a", Normal::new(0.0, 1.0));
///     let b = sample!("b", Normal::new(&a, 1.0));
///     sample!("scale", HalfCauchy::new(1.0));
///     factor!("data", (a + b).square() * -0.5);
/// }
///
/// # fn main() -> Result<()> {
/// let guide = GuideList::new().group(["a", "b"], AutoMultivariateNormal::new()).rest(AutoNormal::new());
/// let fit = Svi::new(&pair(), guide).steps(20).run()?;
/// assert_eq!(fit.param_names(), ["auto.0.loc", "auto.0.scale", "auto.0.lower", "auto.1.scale.loc", "auto.1.scale.scale"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct GuideList {
    groups: Vec<Group>,
    default: Init,
}

#[derive(Clone, Debug)]
struct Group {
    /// Absent: all sites that no other group names.
    sites: Option<Vec<String>>,
    guide: Rc<dyn AnyGuide>,
}

impl GuideList {
    /// Without a group.
    pub fn new() -> Self {
        Self::default()
    }

    /// The sites of these names have this guide.
    #[must_use]
    pub fn group<N: Into<String>>(self, sites: impl IntoIterator<Item = N>, guide: impl AutoGuide) -> Self {
        self.with(Some(sites.into_iter().map(N::into).collect()), guide)
    }

    /// The sites that no group names have this guide.
    #[must_use]
    pub fn rest(self, guide: impl AutoGuide) -> Self {
        self.with(None, guide)
    }

    fn with(mut self, sites: Option<Vec<String>>, guide: impl AutoGuide) -> Self {
        self.groups.push(Group { sites, guide: Rc::new(guide) });
        self
    }

    /// The group of a site: the first that names it, else the first for the rest.
    fn of(&self, site: &str) -> Option<usize> {
        let named = |group: &Group| group.sites.as_ref().is_some_and(|sites| sites.iter().any(|name| name == site));
        self.groups.iter().position(named).or_else(|| self.groups.iter().position(|group| group.sites.is_none()))
    }

    fn check(&self, layout: &Layout) -> Result<()> {
        let wrong = |problem: String| Err(Error::Config { setting: "GuideList".into(), problem });
        let mut seen: Vec<&String> = Vec::new();
        for name in self.groups.iter().filter_map(|group| group.sites.as_ref()).flatten() {
            layout.find(name)?;
            if seen.contains(&name) {
                return wrong(format!("site `{name}` stands in two groups"));
            }
            seen.push(name);
        }
        if self.groups.iter().filter(|group| group.sites.is_none()).count() > 1 {
            return wrong("two guides are for the rest of the sites".to_owned());
        }
        match layout.sites().iter().find(|site| self.of(&site.name).is_none()) {
            Some(site) => wrong(format!("no group has site `{}`; name it in one, or give `rest` a guide", site.name)),
            None => Ok(()),
        }
    }
}

impl AutoGuide for GuideList {
    type Program = GuideListProgram;

    fn name(&self) -> &'static str {
        "GuideList"
    }

    fn initial(&self, site: &str) -> &Init {
        self.of(site).map_or(&self.default, |group| self.groups[group].guide.initial(site))
    }

    fn build(&self, layout: Layout) -> Result<GuideListProgram> {
        self.check(&layout)?;
        let part = |(i, group): (usize, &Group)| group.guide.build(layout.group(i, |site| self.of(&site.name) == Some(i)));
        let parts: Vec<Rc<dyn AnyProgram>> = self.groups.iter().enumerate().map(part).collect::<Result<_>>()?;
        Ok(GuideListProgram { layout, parts: parts.into() })
    }
}

automatic! { [] GuideList }

/// [`AutoGuide`] without its types.
trait AnyGuide: Debug {
    fn initial(&self, site: &str) -> &Init;
    fn build(&self, layout: Layout) -> Result<Rc<dyn AnyProgram>>;
}

impl<G: AutoGuide> AnyGuide for G {
    fn initial(&self, site: &str) -> &Init {
        AutoGuide::initial(self, site)
    }
    fn build(&self, layout: Layout) -> Result<Rc<dyn AnyProgram>> {
        Ok(Rc::new(AutoGuide::build(self, layout)?))
    }
}

/// [`AutoProgram`] without its types.
trait AnyProgram {
    fn run(&self, ctx: &Ctx) -> Result<()>;
    fn fingerprint(&self, key: &mut Fingerprint);
    fn layout(&self) -> &Layout;
    fn auxiliary(&self, unconstrained: &[f64]) -> Vec<Auxiliary>;
    fn gaussian(&self, params: &ParamStore) -> Result<Option<Gaussian>>;
}

impl<P: AutoProgram> AnyProgram for P {
    fn run(&self, ctx: &Ctx) -> Result<()> {
        Program::run(self, ctx)
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        Program::fingerprint(self, key);
    }
    fn layout(&self) -> &Layout {
        AutoProgram::layout(self)
    }
    fn auxiliary(&self, unconstrained: &[f64]) -> Vec<Auxiliary> {
        AutoProgram::auxiliary(self, unconstrained)
    }
    fn gaussian(&self, params: &ParamStore) -> Result<Option<Gaussian>> {
        AutoProgram::gaussian(self, params)
    }
}

/// [`GuideList`] for one model.
#[derive(Clone)]
pub struct GuideListProgram {
    layout: Layout,
    parts: Rc<[Rc<dyn AnyProgram>]>,
}

impl std::fmt::Debug for GuideListProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuideListProgram").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl GuideListProgram {
    /// Where an element of a part stands in the vector of all sites.
    fn places(&self, part: &dyn AnyProgram) -> Vec<usize> {
        let of = |site: &LatentSite| {
            self.layout.sites().iter().find(|other| other.name == site.name).map(|all| all.offset..all.offset + all.len())
        };
        part.layout().sites().iter().filter_map(of).flatten().collect()
    }
}

impl Program for GuideListProgram {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        self.parts.iter().try_for_each(|part| part.run(ctx))
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("GuideList");
        self.parts.iter().for_each(|part| part.fingerprint(key));
    }
}

impl AutoProgram for GuideListProgram {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn auxiliary(&self, unconstrained: &[f64]) -> Vec<Auxiliary> {
        let of = |part: &Rc<dyn AnyProgram>| {
            let own: Vec<f64> = self.places(&**part).into_iter().map(|place| unconstrained[place]).collect();
            part.auxiliary(&own)
        };
        self.parts.iter().flat_map(of).collect()
    }

    fn gaussian(&self, params: &ParamStore) -> Result<Option<Gaussian>> {
        let n = self.layout.dim();
        let (mut loc, mut columns) = (vec![0.0; n], Vec::new());
        for part in self.parts.iter() {
            let Some(found) = part.gaussian(params)? else { return Ok(None) };
            let places = self.places(&**part);
            places.iter().zip(&found.loc).for_each(|(place, x)| loc[*place] = *x);
            let spread = |own: &[(usize, f64)]| {
                let mut column = vec![0.0; n];
                own.iter().for_each(|(i, x)| column[places[*i]] = *x);
                column
            };
            match &found.root {
                Root::Diagonal(sd) => columns.extend(sd.iter().enumerate().map(|(i, sd)| spread(&[(i, *sd)]))),
                Root::Columns(own) => {
                    columns.extend(own.iter().map(|column| spread(&column.iter().copied().enumerate().collect::<Vec<_>>())));
                }
            }
        }
        Ok(Some(Gaussian { loc, root: Root::Columns(columns) }))
    }
}
