//! Handlers: what a program means is changed from outside, statement by statement.
//!
//! The handlers of the library stand here. Each is a value and a function that puts it around a program; the result
//! is a program again, so they compose. The handler written last is the outermost. [`reparam`], which runs more than a handler
//! does, has a module of its own.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::arg::Fingerprint;
use super::bound::{Program, SiteRanks};
use super::context::Ctx;
use super::enumeration::Strategy;
use super::plate::Plate;
use super::site::{Site, SiteKind};
use super::trace::Trace;
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use vi_graph::Key;

pub use super::reparam::{Centredness, Reparam, reparam};

/// Reacts to the statements of the program below it.
///
/// For each site `before` runs from the innermost handler outwards, then the value is drawn and its density computed,
/// then `after` runs from the outermost inwards.
pub trait Handler {
    /// Sees and changes a site before its value is there.
    ///
    /// # Errors
    /// Whatever it refuses; the run ends with it.
    fn before(&mut self, _site: &mut Site) -> Result<()> {
        Ok(())
    }

    /// Sees and changes a site with value and density.
    ///
    /// # Errors
    /// Whatever it refuses; the run ends with it.
    fn after(&mut self, _site: &mut Site) -> Result<()> {
        Ok(())
    }

    /// Sees and changes a parameter's name, or fixes its value.
    ///
    /// # Errors
    /// Whatever it refuses; the run ends with it.
    fn param(&mut self, _param: &mut ParamSite) -> Result<()> {
        Ok(())
    }

    /// Sees a plate when it is entered first, and may fix which units are in.
    ///
    /// # Errors
    /// Whatever it refuses; the run ends with it.
    fn plate(&mut self, _plate: &mut Plate) -> Result<()> {
        Ok(())
    }

    /// The same handler with each tensor that it holds replaced by what `f` makes of it.
    #[must_use]
    fn map_tensors(&self, _f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self
    where
        Self: Sized + Clone,
    {
        self.clone()
    }

    /// Adds all that it holds besides the elements of tensors.
    ///
    /// A handler that does not say so may behave differently in every run, so a program under it is not compiled unless
    /// that is asked for.
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_unknown(std::any::type_name::<Self>());
    }
}

/// A parameter statement as handlers see it.
#[derive(Clone, Debug)]
pub struct ParamSite {
    /// The full name.
    pub name: String,
    /// The constrained value, where a handler fixes it.
    pub value: Option<AnyTensor>,
}

/// A program with a handler around it.
#[derive(Clone, Debug)]
pub struct Handled<P, H> {
    program: P,
    handler: H,
}

impl<P: Program, H: Handler + Clone + 'static> Program for Handled<P, H> {
    type Output = P::Output;
    type Latents = P::Latents;
    const SITES: SiteRanks = P::SITES;

    fn run(&self, ctx: &Ctx) -> Result<P::Output> {
        ctx.under(Box::new(self.handler.clone()), || self.program.run(ctx))
    }

    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        Handled { program: self.program.map_tensors(f), handler: self.handler.map_tensors(f) }
    }

    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.program.visit_tensors(f);
        let _ = self.handler.map_tensors(&mut |tensor| {
            f(&tensor);
            tensor
        });
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(std::any::type_name::<H>());
        self.handler.fingerprint(key);
        self.program.fingerprint(key);
    }
}

/// Puts any handler around a program; it is cloned for each run.
pub fn with<P: Program, H: Handler + Clone + 'static>(program: P, handler: H) -> Handled<P, H> {
    Handled { program, handler }
}

type Values = Rc<BTreeMap<String, AnyTensor>>;

fn values<N: Into<String>, T: Into<AnyTensor>>(values: impl IntoIterator<Item = (N, T)>) -> Values {
    Rc::new(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

fn given(values: &Values, name: &str) -> Option<AnyTensor> {
    values.get(name).cloned()
}

fn map_values(values: &Values, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Values {
    Rc::new(values.iter().map(|(name, value)| (name.clone(), f(value.clone()))).collect())
}

fn key_values(values: &Values, key: &mut Fingerprint) {
    for (name, value) in values.iter() {
        key.write_str(name);
        key.write_tensor(value);
    }
}

/// The tensors of handlers that hold named values.
macro_rules! holds_values {
    () => {
        fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
            Self(map_values(&self.0, f))
        }
        fn fingerprint(&self, key: &mut Fingerprint) {
            key_values(&self.0, key);
        }
    };
}

/// A number that no other value of this process has: an address may be used again once its value is gone.
fn serial() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Latent sites take their values from another trace.
#[derive(Clone, Debug)]
pub struct Replay {
    trace: Rc<Trace>,
    serial: u64,
}
impl Handler for Replay {
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.serial);
    }
    fn before(&mut self, site: &mut Site) -> Result<()> {
        if site.kind == SiteKind::Latent
            && let Some(value) = self.trace.get(&site.name).and_then(|known| known.value.clone())
        {
            site.value = Some(value);
        }
        Ok(())
    }
}
/// Latent sites take their values from `trace`.
pub fn replay<P: Program>(program: P, trace: Trace) -> Handled<P, Replay> {
    with(program, Replay { trace: Rc::new(trace), serial: serial() })
}

/// Latent sites become observed.
#[derive(Clone, Debug)]
pub struct Condition(Values);
impl Handler for Condition {
    holds_values!();
    fn before(&mut self, site: &mut Site) -> Result<()> {
        if let Some(value) = given(&self.0, &site.name)
            && site.distribution.is_some()
        {
            site.kind = SiteKind::Observed;
            site.value = Some(value);
        }
        Ok(())
    }
}
/// The sites named in `data` are observed with these values.
pub fn condition<P: Program, N: Into<String>, T: Into<AnyTensor>>(
    program: P,
    data: impl IntoIterator<Item = (N, T)>,
) -> Handled<P, Condition> {
    with(program, Condition(values(data)))
}

/// Sites and parameters take given values; latent sites stay latent, plates take given indices.
#[derive(Clone, Debug)]
pub struct Substitute(Values);
impl Handler for Substitute {
    holds_values!();
    fn before(&mut self, site: &mut Site) -> Result<()> {
        if let Some(value) = given(&self.0, &site.name)
            && site.is_latent()
        {
            site.value = Some(value);
        }
        Ok(())
    }
    fn param(&mut self, param: &mut ParamSite) -> Result<()> {
        if let Some(value) = given(&self.0, &param.name) {
            param.value = Some(value);
        }
        Ok(())
    }
    fn plate(&mut self, plate: &mut Plate) -> Result<()> {
        let Some(index) = given(&self.0, plate.name) else { return Ok(()) };
        let units = index.to_f64()?;
        if index.rank() != 1 || units.is_empty() || units.iter().any(|unit| *unit < 0.0 || *unit >= plate.size as f64) {
            return Err(Error::Plate {
                plate: plate.name.to_owned(),
                problem: format!(
                    "the given index has shape {:?}; it must be a vector of units from 0 to {}",
                    index.shape(),
                    plate.size - 1
                ),
            });
        }
        plate.len = units.len();
        plate.index = Some(index);
        Ok(())
    }
}
impl Substitute {
    pub(crate) fn new(map: BTreeMap<String, AnyTensor>) -> Self {
        Substitute(Rc::new(map))
    }
}
/// Latent sites, parameters and plate indices take the values in `data`.
pub fn substitute<P: Program, N: Into<String>, T: Into<AnyTensor>>(
    program: P,
    data: impl IntoIterator<Item = (N, T)>,
) -> Handled<P, Substitute> {
    with(program, Substitute(values(data)))
}

/// Pearl's do-operator: sites are set from outside and lose their density.
#[derive(Clone, Debug)]
pub struct Intervene(Values);
impl Handler for Intervene {
    holds_values!();
    fn before(&mut self, site: &mut Site) -> Result<()> {
        if let Some(value) = given(&self.0, &site.name)
            && site.kind != SiteKind::Factor
        {
            site.value = Some(value);
            site.kind = SiteKind::Intervened;
        }
        Ok(())
    }
}
/// The sites named in `data` are set to these values (do-operator; Pearl 2009, section 3.2).
pub fn intervene<P: Program, N: Into<String>, T: Into<AnyTensor>>(
    program: P,
    data: impl IntoIterator<Item = (N, T)>,
) -> Handled<P, Intervene> {
    with(program, Intervene(values(data)))
}

/// Sites are hidden from the trace and from handlers further out.
#[derive(Clone)]
pub struct Block {
    hide: Rc<dyn Fn(&Site) -> bool>,
    serial: u64,
}
impl Handler for Block {
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.serial);
    }
    fn before(&mut self, site: &mut Site) -> Result<()> {
        site.hidden |= (self.hide)(site);
        Ok(())
    }
}
/// Hides the sites that `hide` chooses.
pub fn block<P: Program>(program: P, hide: impl Fn(&Site) -> bool + 'static) -> Handled<P, Block> {
    with(program, Block { hide: Rc::new(hide), serial: serial() })
}

/// Densities count only where a mask is true.
#[derive(Clone, Debug)]
pub struct Mask(AnyTensor);
impl Handler for Mask {
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        Mask(f(self.0.clone()))
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_tensor(&self.0);
    }
    fn before(&mut self, site: &mut Site) -> Result<()> {
        site.mask = Some(match site.mask.take() {
            None => self.0.clone(),
            Some(inner) => and(&inner, &self.0)?,
        });
        Ok(())
    }
}
/// The sites of the program count where `mask` is true; it broadcasts against each batch shape.
pub fn mask<P: Program, const D: usize>(program: P, mask: burn::tensor::Tensor<D, burn::tensor::Bool>) -> Handled<P, Mask> {
    with(program, Mask(mask.into()))
}

fn and(a: &AnyTensor, b: &AnyTensor) -> Result<AnyTensor> {
    use burn::tensor::{Bool, Tensor};
    crate::any_tensor::each_rank!(a.rank(), D => {
        let (a, b): (Tensor<D, Bool>, Tensor<D, Bool>) = (a.typed("mask")?, b.typed("outer mask")?);
        let b = b.to_device(&a.device());
        let (left, right) = (a.dims(), b.dims());
        let fits = (0..D).all(|i| left[i] == right[i] || left[i] == 1 || right[i] == 1);
        if !fits {
            return Err(Error::Shape {
                site: "mask".into(),
                left_what: "the inner mask".into(),
                left: left.to_vec(),
                right_what: "the outer mask".into(),
                right: right.to_vec(),
                hint: String::new(),
            });
        }
        let shape: [usize; D] = std::array::from_fn(|i| left[i].max(right[i]));
        Ok(a.expand::<D, _>(shape).bool_and(b.expand::<D, _>(shape)).into())
    })
}

/// Multiplies the log density of every site below by `factor`.
#[derive(Clone, Debug)]
pub struct Scale {
    factor: f64,
}
impl Handler for Scale {
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.factor.to_bits());
    }
    fn before(&mut self, site: &mut Site) -> Result<()> {
        site.scale *= self.factor;
        Ok(())
    }
}
/// The log density of every site of the program counts `factor` times.
pub fn scale<P: Program>(program: P, factor: f64) -> Handled<P, Scale> {
    with(program, Scale { factor })
}

/// Latent sites are summed over or integrated out instead of drawn.
#[derive(Clone, Debug)]
pub struct Marginalised {
    strategy: Strategy,
    /// All discrete ones where it is empty.
    names: Rc<[String]>,
}
impl Handler for Marginalised {
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.strategy as u64);
        self.names.iter().for_each(|name| key.write_str(name));
    }
    fn before(&mut self, site: &mut Site) -> Result<()> {
        let family = site.name.split('[').next().unwrap_or_default();
        let named = |name: &String| *name == site.name || name == family;
        let discrete = || site.distribution.as_ref().is_some_and(|distribution| distribution.support().is_discrete());
        if site.is_latent() && if self.names.is_empty() { discrete() } else { self.names.iter().any(named) } {
            site.strategy = Some(self.strategy);
        }
        Ok(())
    }
}
/// The latent sites in `names`, of a family all members, are summed over as by `sample!(.., strategy = Enumerate)`; all discrete
/// ones where no name is given.
pub fn enumerate<P: Program, N: Into<String>>(program: P, names: impl IntoIterator<Item = N>) -> Handled<P, Marginalised> {
    with(program, Marginalised { strategy: Strategy::Enumerate, names: names.into_iter().map(Into::into).collect() })
}
/// The latent site `name`, of a family all members, is integrated out as by `sample!(.., strategy = Collapse)`.
pub fn collapse<P: Program>(program: P, name: impl Into<String>) -> Handled<P, Marginalised> {
    with(program, Marginalised { strategy: Strategy::Collapse, names: Rc::new([name.into()]) })
}

/// Puts a prefix before the names of sites and parameters.
#[derive(Clone, Debug)]
pub struct Scope {
    prefix: Rc<str>,
}
impl Scope {
    pub(crate) fn new(prefix: &str) -> Self {
        Scope { prefix: prefix.into() }
    }
}
impl Handler for Scope {
    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(&self.prefix);
    }
    fn before(&mut self, site: &mut Site) -> Result<()> {
        site.name = format!("{}.{}", self.prefix, site.name);
        site.images.iter_mut().for_each(|image| image.name = format!("{}.{}", self.prefix, image.name));
        Ok(())
    }
    fn param(&mut self, param: &mut ParamSite) -> Result<()> {
        param.name = format!("{}.{}", self.prefix, param.name);
        Ok(())
    }
}
/// Every site and parameter of the program is called `prefix.name`.
pub fn scope<P: Program>(program: P, prefix: &str) -> Handled<P, Scope> {
    with(program, Scope::new(prefix))
}

/// Draws come from another seed.
#[derive(Clone, Debug)]
pub struct Seed(Key);
impl Handler for Seed {
    fn fingerprint(&self, key: &mut Fingerprint) {
        self.0.words().into_iter().for_each(|word| key.write_u64(word));
    }
    fn before(&mut self, site: &mut Site) -> Result<()> {
        site.key = self.0;
        Ok(())
    }
}
/// Every draw of the program comes from `seed`, whatever the run's own key.
pub fn seed<P: Program>(program: P, seed: u64) -> Handled<P, Seed> {
    with(program, Seed(Key::new(seed)))
}

/// Marks a type parameter that only a signature uses.
pub(crate) type Marker<T> = PhantomData<fn() -> T>;
