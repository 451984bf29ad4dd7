//! The statements of a program as methods of its context: what the macros expand to.

use std::borrow::Borrow;

use burn::module::Module;
use burn::tensor::{Bool, Float, Int, Tensor};

use super::context::Ctx;
use super::enumeration::{SiteStrategy, Strategy};
use super::handler::Scope;
use super::module;
use super::param::Init;
use super::plate::{PlateGuard, PlateIndex};
use super::rank::Rank;
use super::site::{Erased, SiteKind, SiteName};
use super::validate;
use super::{DynDistribution, Program};
use crate::any_tensor::{AnyTensor, ValueKind};
use crate::dist::Distribution;
use crate::error::Result;
use crate::operand::Placement;
use crate::support::Support;

impl Ctx {
    /// `sample!("x", dist)`.
    ///
    /// # Errors
    /// Shapes that fit neither plates nor a substituted value; invalid parameters where validated.
    pub fn sample<const D: usize, T: Distribution<D>>(&self, _: Rank<D>, name: SiteName, dist: T) -> Result<Tensor<D, T::Kind>> {
        self.draw(SiteKind::Latent, name.to_string(), dist)
    }

    /// `sample!("k", dist, strategy = Enumerate)`.
    ///
    /// # Errors
    /// As [`Ctx::sample`]; a support that is not finite, where the objective sums over it.
    pub fn sample_by<const D: usize, T: Distribution<D>, S: SiteStrategy<T::Kind>>(
        &self,
        _: Rank<D>,
        name: SiteName,
        dist: T,
        _: S,
    ) -> Result<Tensor<D, T::Kind>> {
        self.draw_by(SiteKind::Latent, name.to_string(), dist, Some(S::STRATEGY))
    }

    /// `sample!("u", dist)` for a site that the guide declares auxiliary.
    ///
    /// # Errors
    /// As [`Ctx::sample`].
    pub fn sample_auxiliary<const D: usize, T: Distribution<D>>(&self, _: Rank<D>, name: SiteName, dist: T) -> Result<Tensor<D, T::Kind>> {
        self.draw(SiteKind::Auxiliary, name.to_string(), dist)
    }

    /// `sample!("u", dist, strategy = Enumerate)` for a site that the guide declares auxiliary.
    ///
    /// # Errors
    /// As [`Ctx::sample_by`].
    pub fn sample_auxiliary_by<const D: usize, T: Distribution<D>, S: SiteStrategy<T::Kind>>(
        &self,
        _: Rank<D>,
        name: SiteName,
        dist: T,
        _: S,
    ) -> Result<Tensor<D, T::Kind>> {
        self.draw_by(SiteKind::Auxiliary, name.to_string(), dist, Some(S::STRATEGY))
    }

    pub(crate) fn draw<const D: usize, T: Distribution<D>>(&self, kind: SiteKind, name: String, dist: T) -> Result<Tensor<D, T::Kind>> {
        self.draw_by(kind, name, dist, None)
    }

    pub(crate) fn draw_by<const D: usize, T: Distribution<D>>(
        &self,
        kind: SiteKind,
        name: String,
        dist: T,
        strategy: Option<Strategy>,
    ) -> Result<Tensor<D, T::Kind>> {
        let mut site = self.site(name, kind);
        site.strategy = strategy;
        site.distribution = Some(erase(validate::fit_plates(&site.name, dist.place(self.placement()), &site.plates)?));
        let name = site.name.clone();
        self.process(site)?.typed(&name)
    }

    /// `observe!("y", dist, value)`.
    ///
    /// # Errors
    /// Shapes that do not fit; a missing value where one is required; invalid values where validated.
    pub fn observe<const D: usize, T, V>(&self, name: SiteName, dist: T, value: V) -> Result<Tensor<D, T::Kind>>
    where
        T: Distribution<D>,
        V: IntoObserved<D, T::Kind>,
    {
        self.observe_where(name, dist, value, None)
    }

    /// `observe!("y", dist, value, mask = m)`: entries where the mask is false do not count and are not looked at.
    ///
    /// # Errors
    /// As [`Ctx::observe`], and a mask that does not broadcast.
    pub fn observe_masked<const D: usize, T, V, M>(&self, name: SiteName, dist: T, value: V, mask: M) -> Result<Tensor<D, T::Kind>>
    where
        T: Distribution<D>,
        V: IntoObserved<D, T::Kind>,
        M: Borrow<Tensor<D, Bool>>,
    {
        self.observe_where(name, dist, value, Some(mask.borrow().into()))
    }

    fn observe_where<const D: usize, T, V>(&self, name: SiteName, dist: T, value: V, mask: Option<AnyTensor>) -> Result<Tensor<D, T::Kind>>
    where
        T: Distribution<D>,
        V: IntoObserved<D, T::Kind>,
    {
        let mut site = self.site(name.to_string(), SiteKind::Observed);
        let dist = validate::fit_plates(&site.name, dist.place(self.placement()), &site.plates)?;
        let observed = value.into_observed(self.placement());
        if let (Some(raw), true) = (&observed.raw, self.is_validating()) {
            site.mask.clone_from(&mask);
            validate::value(&site, raw, &Erased(dist.clone()))?;
        }
        site.distribution = Some(erase(dist));
        site.value = observed.value.map(AnyTensor::from);
        site.mask = mask;
        let name = site.name.clone();
        self.process(site)?.typed(&name)
    }

    /// The first half of `param!`: the parameter, if it exists.
    ///
    /// # Errors
    /// [`Error::Param`](crate::Error::Param) where it was created with another support, [`Error::Rank`](crate::Error::Rank) where with another rank.
    pub fn find_param<const D: usize>(&self, name: &SiteName, support: &Support) -> Result<Option<Tensor<D>>> {
        let site = self.param_site(name.to_string())?;
        match site.value {
            Some(value) => value.typed(&site.name).map(Some),
            None => self.params().find(&site.name, support),
        }
    }

    /// The second half of `param!`: creates it.
    ///
    /// # Errors
    /// [`Error::Param`](crate::Error::Param) where the initial value is not inside the support.
    pub fn new_param<const D: usize, I: Init<D>>(&self, name: SiteName, init: I, support: Support) -> Result<Tensor<D>> {
        let site = self.param_site(name.to_string())?;
        self.params().create(&site.name, init.tensor(self.placement()), support)
    }

    /// The first half of `module!`: the module with its current weights, if it exists.
    ///
    /// # Errors
    /// [`Error::Param`](crate::Error::Param) where it was created with another type.
    pub fn find_module<M: Module + 'static>(&self, name: &SiteName) -> Result<Option<M>> {
        let site = self.param_site(name.to_string())?;
        module::find(self.params(), &site.name, self.placement())
    }

    /// The second half of `module!`: registers it.
    ///
    /// # Errors
    /// [`Error::Param`](crate::Error::Param) where it cannot be stored.
    pub fn new_module<M: Module + 'static>(&self, name: SiteName, init: M) -> Result<M> {
        let site = self.param_site(name.to_string())?;
        module::create(self.params(), &site.name, init, self.placement())
    }

    /// `plate!("n", size, { … })`.
    ///
    /// # Errors
    /// [`Error::Plate`](crate::Error::Plate) where it is empty, stands inside itself, or changes its size.
    pub fn plate(&self, name: &'static str, size: usize) -> Result<(PlateGuard<'_>, PlateIndex)> {
        self.enter_plate(name, size, None)
    }

    /// `plate!("n", size, subsample = b, |idx| { … })`.
    ///
    /// # Errors
    /// As [`Ctx::plate`], and a subsample that is empty or larger than the plate.
    pub fn plate_subsampled(&self, name: &'static str, size: usize, subsample: usize) -> Result<(PlateGuard<'_>, PlateIndex)> {
        self.enter_plate(name, size, Some(subsample))
    }

    /// `deterministic!("t", expr)`.
    ///
    /// # Errors
    /// Those of handlers; a name used twice.
    pub fn deterministic<const D: usize, K: ValueKind>(&self, name: SiteName, value: Tensor<D, K>) -> Result<Tensor<D, K>> {
        let mut site = self.site(name.to_string(), SiteKind::Deterministic);
        site.value = Some(value.into());
        let name = site.name.clone();
        self.process(site)?.typed(&name)
    }

    /// `factor!("f", log_weight)`; the weight counts as often as the plates around it say.
    ///
    /// # Errors
    /// Those of handlers; a name used twice.
    pub fn factor<const D: usize>(&self, name: SiteName, log_weight: Tensor<D>) -> Result<()> {
        let mut site = self.site(name.to_string(), SiteKind::Factor);
        site.value = Some(log_weight.into());
        self.process(site).map(drop)
    }

    /// `submodel!("prefix", program)`: its sites, parameters and modules get the prefix.
    ///
    /// # Errors
    /// Those of the program.
    pub fn submodel<P: Program>(&self, prefix: &'static str, program: P) -> Result<P::Output> {
        self.under(Box::new(Scope::new(prefix)), || program.run(self))
    }
}

pub(crate) fn erase<const D: usize, T: Distribution<D>>(dist: T) -> Box<dyn DynDistribution> {
    Box::new(Erased(dist))
}

/// An observed value on its way into a site.
pub struct Observed<const D: usize, K: ValueKind> {
    value: Option<Tensor<D, K>>,
    /// The float value that an int value was made from, for validation: rounding would hide a fraction or a NaN.
    raw: Option<AnyTensor>,
}

/// What `observe!` accepts: tensors, references and options of them; floats for discrete distributions; a number for
/// a scalar.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be observed here",
    label = "the distribution has rank {D}: expected `Tensor<{D}>`, `&Tensor<{D}>` or an `Option` of one (a discrete one also takes `Tensor<{D}, Int>`)",
    note = "a scalar is a `Tensor<1>` of shape `[1]`, or an `f64`"
)]
pub trait IntoObserved<const D: usize, K: ValueKind> {
    /// The value in the precision of the run.
    fn into_observed(self, to: &Placement) -> Observed<D, K>;
}

impl<const D: usize> IntoObserved<D, Float> for Tensor<D> {
    fn into_observed(self, to: &Placement) -> Observed<D, Float> {
        Observed { value: Some(self.cast(to.dtype)), raw: None }
    }
}
impl<const D: usize> IntoObserved<D, Int> for Tensor<D, Int> {
    fn into_observed(self, _: &Placement) -> Observed<D, Int> {
        Observed { value: Some(self), raw: None }
    }
}
impl<const D: usize> IntoObserved<D, Int> for Tensor<D> {
    fn into_observed(self, _: &Placement) -> Observed<D, Int> {
        // NaN has no integer; what stands under a mask is not looked at.
        let nan = self.clone().is_nan();
        Observed { raw: Some((&self).into()), value: Some(self.mask_fill(nan, 0.0).int()) }
    }
}
impl IntoObserved<1, Float> for f64 {
    fn into_observed(self, to: &Placement) -> Observed<1, Float> {
        Observed { value: Some([self].tensor(to)), raw: None }
    }
}
impl<const D: usize, K: ValueKind, K2: ValueKind> IntoObserved<D, K> for &Tensor<D, K2>
where
    Tensor<D, K2>: IntoObserved<D, K>,
{
    fn into_observed(self, to: &Placement) -> Observed<D, K> {
        self.clone().into_observed(to)
    }
}
impl<const D: usize, K: ValueKind, T: IntoObserved<D, K>> IntoObserved<D, K> for Option<T> {
    fn into_observed(self, to: &Placement) -> Observed<D, K> {
        match self {
            Some(value) => value.into_observed(to),
            None => Observed { value: None, raw: None },
        }
    }
}
impl<'a, const D: usize, K: ValueKind, T> IntoObserved<D, K> for &'a Option<T>
where
    &'a T: IntoObserved<D, K>,
{
    fn into_observed(self, to: &Placement) -> Observed<D, K> {
        self.as_ref().into_observed(to)
    }
}
