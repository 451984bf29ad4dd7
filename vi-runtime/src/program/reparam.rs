//! Reparameterisation: a site is drawn in other coordinates and mapped back, which changes what a guide sees and not the model.

mod coordinates;
mod orthonormal;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use burn::tensor::Tensor;

use self::coordinates::Moved;
use self::orthonormal::{dct, haar};
use super::arg::Fingerprint;
use super::bound::{Program, SiteRanks};
use super::context::Ctx;
use super::handler::Handler;
use super::param::ParamScope;
use super::site::{DynDistribution, Site, SiteKind};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::{Error, Result, list};
use crate::operand::{Operand, Placement};
use crate::support::Support;

/// How a latent site is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reparam {
    /// A member of a location-scale family is drawn as `y ~ F(c · loc, scaleᶜ)` at the site `<name>.decentred`, and its value is
    /// `loc + scale^(1 − c) (y − c · loc)` (Gorinova, Moore and Hoffman 2020). The centredness `c` is 1 for the statement as it
    /// stands, 0 for the non-centred one.
    LocScale(Centredness),
    /// A transformed distribution is drawn before its transform, at the site `<name>.base`.
    Transform,
    /// An angle is drawn as a real number, at the site `<name>.unwrapped`, whose density is that of its angle: improper, and
    /// without an end where a guide would be cut.
    Circular,
    /// A vector is drawn as its coefficients in the Haar basis, at the site `<name>.haar`; see [`Reparam::DCT`].
    Haar,
    /// A vector is drawn as its coefficients in the orthonormal basis of cosines (DCT-II), at the site `<name>.dct`: coordinates
    /// in which a smooth series is nearly uncorrelated. The last dimension of the site must be no plate's.
    DCT,
}

/// How far a location-scale site is centred.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Centredness {
    /// A number in `[0, 1]`.
    At(f64),
    /// A parameter in `(0, 1)` for each element, `<name>.centred`; it starts at ½.
    Learned,
}

impl Reparam {
    /// A location-scale site drawn from the standard member of its family: `loc + scale · ε`.
    pub fn non_centred() -> Self {
        Reparam::LocScale(Centredness::At(0.0))
    }

    /// A location-scale site whose centredness is learnt.
    pub fn learned() -> Self {
        Reparam::LocScale(Centredness::Learned)
    }

    /// What the name of the site in the new coordinates ends in.
    fn ending(self) -> &'static str {
        match self {
            Reparam::LocScale(_) => "decentred",
            Reparam::Transform => "base",
            Reparam::Circular => "unwrapped",
            Reparam::Haar => "haar",
            Reparam::DCT => "dct",
        }
    }
}

/// From the value in the new coordinates to that of the statement.
pub type Back = Rc<dyn Fn(AnyTensor) -> Result<AnyTensor>>;

/// What the value of a statement is made of where its site is drawn in other coordinates; recorded as a deterministic site.
#[derive(Clone)]
pub struct Image {
    /// The name of the statement.
    pub name: String,
    /// The map.
    pub(crate) map: Back,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The centredness as [`DynDistribution::recentred`] takes it.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a Burn tensor is 256 bytes by value; a box would cost an allocation each time")]
pub enum Centre {
    /// One for all elements.
    Number(f64),
    /// One for each element.
    Tensor(AnyTensor),
}

impl Centre {
    pub(crate) fn operand<const D: usize>(&self) -> Result<Operand<D>> {
        match self {
            Centre::Number(c) => Ok(Operand::Number(*c)),
            Centre::Tensor(c) => Ok(Operand::Tensor(c.typed("centredness")?)),
        }
    }
}

/// A program whose sites are drawn in other coordinates; see [`reparam`].
#[derive(Clone, Debug)]
pub struct Reparameterised<P> {
    program: P,
    strategies: Rc<BTreeMap<String, Reparam>>,
}

/// The latent sites named in `strategies` are drawn in other coordinates.
///
/// The log joint changes by the Jacobian of the map alone, so the posterior of every site stays what it was; a guide sees sites
/// of other names (`theta.decentred`), and the value of the statement is recorded as a deterministic site under its own name. A
/// site that is observed, or whose value a handler further in has set, stays as it is.
///
/// # Errors
/// In a run: [`Error::Unsupported`] where a site's distribution has no such coordinates, [`Error::Unknown`] where no statement
/// has that name.
pub fn reparam<P: Program, N: Into<String>>(program: P, strategies: impl IntoIterator<Item = (N, Reparam)>) -> Reparameterised<P> {
    Reparameterised { program, strategies: Rc::new(strategies.into_iter().map(|(name, how)| (name.into(), how)).collect()) }
}

impl<P: Program> Program for Reparameterised<P> {
    type Output = P::Output;
    type Latents = P::Latents;
    /// Names change, so guides are paired at the first step.
    const SITES: SiteRanks = SiteRanks::UNKNOWN;

    fn run(&self, ctx: &Ctx) -> Result<P::Output> {
        let met = Rc::new(RefCell::new(Met::default()));
        let handler = Redraw {
            strategies: Rc::clone(&self.strategies),
            met: Rc::clone(&met),
            params: ctx.params().clone(),
            placement: ctx.placement().clone(),
            // Prefixes of the programs around this one.
            prefix: ctx.param_site(String::new())?.name,
        };
        let output = ctx.under(Box::new(handler), || self.program.run(ctx))?;
        let met = met.borrow();
        match self.strategies.keys().find(|name| !met.reached.contains(*name)) {
            Some(name) => Err(Error::Unknown { what: "site to reparameterise", name: name.clone(), available: list(&met.names) }),
            None => Ok(output),
        }
    }

    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        Reparameterised { program: self.program.map_tensors(f), strategies: Rc::clone(&self.strategies) }
    }

    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.program.visit_tensors(f);
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(&format!("reparam {:?}", self.strategies));
        self.program.fingerprint(key);
    }
}

/// The names of a run.
#[derive(Debug, Default)]
struct Met {
    names: Vec<String>,
    reached: BTreeSet<String>,
}

struct Redraw {
    strategies: Rc<BTreeMap<String, Reparam>>,
    met: Rc<RefCell<Met>>,
    params: ParamScope,
    placement: Placement,
    prefix: String,
}

impl Handler for Redraw {
    fn before(&mut self, site: &mut Site) -> Result<()> {
        let mut met = self.met.borrow_mut();
        met.names.push(site.name.clone());
        let Some(how) = self.strategies.get(&site.name) else { return Ok(()) };
        met.reached.insert(site.name.clone());
        let Some(distribution) = site.distribution.take() else { return Ok(()) };
        if site.kind != SiteKind::Latent || site.value.is_some() {
            site.distribution = Some(distribution);
            return Ok(());
        }
        let (distribution, map) = self.redrawn(*how, distribution, site)?;
        let name = format!("{}.{}", site.name, how.ending());
        site.images.push(Image { name: std::mem::replace(&mut site.name, name), map });
        site.distribution = Some(distribution);
        Ok(())
    }
}

fn moved(base: Box<dyn DynDistribution>, label: &'static str, support: Support, back: Back, away: Back) -> Result<Redrawn> {
    Ok((Box::new(Moved { base, label, support, back: Rc::clone(&back), away }), back))
}

/// A distribution in other coordinates, and the way back.
pub(crate) type Redrawn = (Box<dyn DynDistribution>, Back);

impl Redraw {
    fn redrawn(&self, how: Reparam, distribution: Box<dyn DynDistribution>, site: &Site) -> Result<Redrawn> {
        let unfit = |distribution: &dyn DynDistribution, problem: String| Error::Unsupported {
            what: format!("{how:?} at site `{}` ({})", site.name, distribution.name()),
            problem,
        };
        match how {
            Reparam::LocScale(centredness) => {
                let found = distribution.recentred(&self.centre(centredness, &*distribution, &site.name)?)?;
                found.ok_or_else(|| unfit(&*distribution, "it is no location-scale family of real numbers".to_owned()))
            }
            Reparam::Transform => {
                distribution.before_transform().ok_or_else(|| unfit(&*distribution, "it is not a transformed distribution".to_owned()))
            }
            Reparam::Circular => match distribution.support() {
                Support::Circular => {
                    let (back, away): (Back, Back) = (Rc::new(|value| coordinates::wrap(&value)), Rc::new(Ok));
                    moved(distribution, "Unwrapped", Support::Real, back, away)
                }
                other => Err(unfit(&*distribution, format!("its support is {other}, not the angles"))),
            },
            Reparam::Haar | Reparam::DCT => {
                let (shape, support) = (distribution.shape(), distribution.support());
                if !matches!(support, Support::Real | Support::RealVector) {
                    return Err(unfit(&*distribution, format!("its support is {support}, which another basis would leave")));
                }
                if let Some(plate) = site.plates.get(shape.len() - 1) {
                    let problem = format!("its last dimension belongs to plate `{}`, whose units stay apart", plate.name);
                    return Err(unfit(&*distribution, problem));
                }
                let n = shape[shape.len() - 1];
                let basis: Rc<[f64]> = if how == Reparam::Haar { haar(n) } else { dct(n) }.into();
                let away: Back = {
                    let basis = Rc::clone(&basis);
                    Rc::new(move |value| coordinates::analyse(&value, &basis))
                };
                moved(distribution, "Coefficients", support, Rc::new(move |value| coordinates::synthesise(&value, &basis)), away)
            }
        }
    }

    fn centre(&self, centredness: Centredness, distribution: &dyn DynDistribution, site: &str) -> Result<Centre> {
        match centredness {
            Centredness::At(c) if (0.0..=1.0).contains(&c) => Ok(Centre::Number(c)),
            Centredness::At(c) => {
                Err(Error::Config { setting: format!("centredness of site `{site}`"), problem: format!("{c} is not in [0, 1]") })
            }
            Centredness::Learned => {
                let (name, shape) = (format!("{}{site}.centred", self.prefix), distribution.shape());
                let Placement { device, dtype } = &self.placement;
                each_rank!(shape.len(), D => {
                    let c: Tensor<D> = match self.params.find(&name, &Support::UnitInterval)? {
                        Some(c) => c,
                        None => {
                            let half = Tensor::full(std::array::from_fn::<usize, D, _>(|i| shape[i]), 0.5, (device, (*dtype).into()));
                            self.params.create(&name, half, Support::UnitInterval)?
                        }
                    };
                    Ok(Centre::Tensor(c.into()))
                })
            }
        }
    }
}
