//! Sites: one statement of a program as handlers and traces see it.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use burn::tensor::{Bool, Tensor};

use super::enumeration::Strategy;
use super::plate::Plate;
use super::reparam::{Centre, Image, Redrawn};
use crate::any_tensor::AnyTensor;
use crate::dist::kl::erased::closed_form;
use crate::dist::{Constraint, Distribution};
use crate::error::Result;
use crate::noise::{Noise, NoiseSource};
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;
use vi_graph::Key;

/// The name of a site: a literal, or one member of a family.
#[derive(Clone, Debug)]
pub struct SiteName {
    base: &'static str,
    index: Option<String>,
}

impl SiteName {
    /// `"x"`.
    pub fn plain(base: &'static str) -> Self {
        SiteName { base, index: None }
    }

    /// `"x"[i]`, or `"x"[(i, j)]`.
    pub fn indexed(base: &'static str, index: impl SiteIndex) -> Self {
        SiteName { base, index: Some(index.text()) }
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.index {
            None => f.write_str(self.base),
            Some(index) => write!(f, "{}[{index}]", self.base),
        }
    }
}

/// What can index a family of sites: integers and tuples of integers.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot index a family of sites", note = "use an integer or a tuple of integers")]
pub trait SiteIndex {
    /// `3`, or `3,1`.
    fn text(&self) -> String;
}
macro_rules! integers {
    ($($ty:ty)*) => { $(impl SiteIndex for $ty { fn text(&self) -> String { self.to_string() } })* };
}
integers! { usize u64 u32 u16 u8 isize i64 i32 i16 i8 }
impl<T: SiteIndex + ?Sized> SiteIndex for &T {
    fn text(&self) -> String {
        (*self).text()
    }
}
impl<A: SiteIndex, B: SiteIndex> SiteIndex for (A, B) {
    fn text(&self) -> String {
        format!("{},{}", self.0.text(), self.1.text())
    }
}
impl<A: SiteIndex, B: SiteIndex, C: SiteIndex> SiteIndex for (A, B, C) {
    fn text(&self) -> String {
        format!("{},{},{}", self.0.text(), self.1.text(), self.2.text())
    }
}

/// What a site is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// ScoredDraw.
    Latent,
    /// A guide's site that the model lacks on purpose.
    Auxiliary,
    /// Given as data.
    Observed,
    /// Fixed from outside; has no density (Pearl's do-operator).
    Intervened,
    /// A recorded value without density.
    Deterministic,
    /// A log weight.
    Factor,
}

impl fmt::Display for SiteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SiteKind::Latent => "latent",
            SiteKind::Auxiliary => "auxiliary",
            SiteKind::Observed => "observed",
            SiteKind::Intervened => "intervened",
            SiteKind::Deterministic => "deterministic",
            SiteKind::Factor => "factor",
        })
    }
}

/// One statement while handlers work on it, and afterwards as the trace records it.
#[derive(Clone, Debug)]
pub struct Site {
    /// The full name, with scopes and index.
    pub name: String,
    /// What it is.
    pub kind: SiteKind,
    /// The distribution; absent for deterministic sites and factors.
    pub distribution: Option<Box<dyn DynDistribution>>,
    /// The value: set by the statement (observed), by a handler, or by a draw.
    pub value: Option<AnyTensor>,
    /// The point that a transform without parameters made the value from, where the value is a draw or replays one.
    pub base: Option<AnyTensor>,
    /// Whether the value is a draw that every run makes anew, not one that was given or whose randomness is fixed.
    pub fresh: bool,
    /// What the density counts: product of the plates' scales and of [`super::handler::scale`].
    pub scale: f64,
    /// Where the density counts (bool, true = counts); it broadcasts against the batch shape.
    pub mask: Option<AnyTensor>,
    /// The plates around it, outermost first.
    pub plates: Vec<Plate>,
    /// Hidden from the trace and from handlers further out.
    pub hidden: bool,
    /// What is done instead of drawing it.
    pub strategy: Option<Strategy>,
    /// The random stream of a draw.
    pub key: Key,
    /// Log density of each element, masked and not yet scaled; set after the handlers.
    pub log_prob: Option<AnyTensor>,
    /// What the value of the statement is made of, the last first, where the site is drawn in other coordinates.
    pub images: Vec<Image>,
}

impl Site {
    /// Batch and event dimensions of distribution or value.
    pub fn shape(&self) -> Vec<usize> {
        match (&self.value, &self.distribution) {
            (Some(value), _) => value.shape(),
            (None, Some(distribution)) => distribution.shape(),
            (None, None) => Vec::new(),
        }
    }

    /// Whether it is drawn: latent or auxiliary.
    pub fn is_latent(&self) -> bool {
        matches!(self.kind, SiteKind::Latent | SiteKind::Auxiliary)
    }

    /// Sum of the log density with mask and scale, shape `[1]`; absent where there is no density.
    ///
    /// # Errors
    /// [`crate::Error::Rank`] where the recorded density is not a float tensor.
    pub fn log_prob_sum(&self) -> Result<Option<Tensor<1>>> {
        let Some(log_prob) = &self.log_prob else { return Ok(None) };
        let sum = log_prob.sum()?;
        Ok(Some(if self.scale == 1.0 { sum } else { sum.mul_scalar(self.scale) }))
    }
}

/// A draw at a site; see [`ScoredDraw`](crate::dist::ScoredDraw).
#[derive(Clone, Debug)]
pub struct SiteDraw {
    /// The draw.
    pub value: AnyTensor,
    /// Its log density, where it is known from the draw.
    pub log_prob: Option<AnyTensor>,
    /// The point that a fixed transform made the value from.
    pub base: Option<AnyTensor>,
}

/// A distribution whose rank is known at run time.
pub trait DynDistribution: fmt::Debug {
    /// See [`Distribution::name`].
    fn name(&self) -> String;
    /// See [`Distribution::shape`].
    fn shape(&self) -> Vec<usize>;
    /// See [`Distribution::event_rank`].
    fn event_rank(&self) -> usize;
    /// See [`Distribution::support`].
    fn support(&self) -> Support;
    /// See [`Distribution::is_reparameterised`].
    fn is_reparameterised(&self) -> bool;
    /// Shows each parameter.
    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint));
    /// See [`Distribution::draw_scored`].
    ///
    /// # Errors
    /// Those of the noise source.
    fn draw(&self, noise: &mut dyn NoiseSource) -> Result<SiteDraw>;
    /// See [`Distribution::begin`].
    ///
    /// # Errors
    /// Those of the distribution.
    fn begin(&self, at: &Placement) -> Result<Option<AnyTensor>>;
    /// Log density of `value`; where `mask` is false the value is not looked at and the result is 0.
    ///
    /// # Errors
    /// [`crate::Error::Rank`] where value or mask have another rank or kind.
    fn log_prob(&self, value: &AnyTensor, mask: Option<&AnyTensor>) -> Result<AnyTensor>;
    /// See [`Distribution::log_prob_from`].
    ///
    /// # Errors
    /// As [`log_prob`](Self::log_prob).
    fn log_prob_from(&self, base: &AnyTensor, value: &AnyTensor) -> Result<AnyTensor>;
    /// See [`Distribution::score_vanishes`].
    fn score_vanishes(&self) -> bool;
    /// See [`Distribution::follows_draws`].
    fn follows_draws(&self) -> bool {
        false
    }
    /// `KL(self ‖ other)` where both are families with a closed form; batch dimensions, then ones.
    fn kl_to(&self, other: &dyn DynDistribution) -> Option<AnyTensor>;
    /// The distribution itself, to be looked at by its type.
    fn as_any(&self) -> &dyn Any;
    /// The distribution `F(c · loc, scaleᶜ)` of the same family, and the map of its values to those of this one; absent where
    /// there is no [`Distribution::loc_scale`].
    ///
    /// # Errors
    /// [`crate::Error::Rank`] where the centredness has another rank.
    fn recentred(&self, _centre: &Centre) -> Result<Option<Redrawn>> {
        Ok(None)
    }
    /// Location and scale of each element, where there is a [`Distribution::loc_scale`].
    fn location_scale(&self, _to: &Placement) -> Option<(AnyTensor, AnyTensor)> {
        None
    }
    /// See [`Distribution::before_transform`].
    fn before_transform(&self) -> Option<Redrawn> {
        None
    }
    /// A copy in a box.
    fn boxed(&self) -> Box<dyn DynDistribution>;
}

impl Clone for Box<dyn DynDistribution> {
    fn clone(&self) -> Self {
        (**self).boxed()
    }
}

/// What a distribution of other values has of the one in its field `base`: all that does not look at values. It has no divergence in
/// closed form.
macro_rules! wrapper_methods {
    () => {
        fn shape(&self) -> Vec<usize> {
            self.base.shape()
        }
        fn event_rank(&self) -> usize {
            self.base.event_rank()
        }
        fn is_reparameterised(&self) -> bool {
            self.base.is_reparameterised()
        }
        fn parameters(&self, visit: &mut dyn FnMut(&'static str, $crate::operand::AnyOperand, $crate::dist::Constraint)) {
            self.base.parameters(visit);
        }
        fn score_vanishes(&self) -> bool {
            self.base.score_vanishes()
        }
        fn kl_to(&self, _: &dyn $crate::program::DynDistribution) -> Option<$crate::any_tensor::AnyTensor> {
            None
        }
        fn as_any(&self) -> &dyn std::any::Any {
            self
        }
        fn boxed(&self) -> Box<dyn $crate::program::DynDistribution> {
            Box::new(self.clone())
        }
    };
}
pub(crate) use wrapper_methods;

/// A distribution with its rank in the type, behind [`DynDistribution`].
#[derive(Clone, Debug)]
pub(crate) struct Erased<const D: usize, T>(pub T);

impl<const D: usize, T: Distribution<D>> DynDistribution for Erased<D, T> {
    fn name(&self) -> String {
        self.0.name()
    }
    fn shape(&self) -> Vec<usize> {
        self.0.shape().to_vec()
    }
    fn event_rank(&self) -> usize {
        self.0.event_rank()
    }
    fn support(&self) -> Support {
        self.0.support()
    }
    fn is_reparameterised(&self) -> bool {
        self.0.is_reparameterised()
    }
    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.0.parameters(visit);
    }
    fn draw(&self, noise: &mut dyn NoiseSource) -> Result<SiteDraw> {
        let drawn = self.0.draw_scored(&mut Noise::new(noise))?;
        Ok(SiteDraw { value: drawn.value.into(), log_prob: drawn.log_prob.map(AnyTensor::from), base: drawn.base.map(AnyTensor::from) })
    }
    fn begin(&self, at: &Placement) -> Result<Option<AnyTensor>> {
        Ok(self.0.begin(at)?.map(AnyTensor::from))
    }
    fn log_prob(&self, value: &AnyTensor, mask: Option<&AnyTensor>) -> Result<AnyTensor> {
        let value: Tensor<D, T::Kind> = value.typed("value")?;
        let Some(mask) = mask else {
            return Ok(self.0.log_prob(&value).into());
        };
        let drop: Tensor<D, Bool> = mask.typed::<D, Bool>("mask")?.bool_not();
        // The value goes out before the density sees it: a NaN there would survive the product with a zero gradient.
        let value = self.0.support().replace(value, drop.clone());
        let log_prob = self.0.log_prob(&value);
        let drop = drop.expand::<D, _>(log_prob.dims());
        Ok(log_prob.mask_fill(drop, 0.0).into())
    }
    fn log_prob_from(&self, base: &AnyTensor, value: &AnyTensor) -> Result<AnyTensor> {
        Ok(self.0.log_prob_from(&base.typed("the base of a value")?, &value.typed("value")?).into())
    }
    fn score_vanishes(&self) -> bool {
        self.0.score_vanishes()
    }
    fn follows_draws(&self) -> bool {
        self.0.follows_draws()
    }
    fn kl_to(&self, other: &dyn DynDistribution) -> Option<AnyTensor> {
        closed_form::<D>(&self.0, other.as_any()).map(AnyTensor::from)
    }
    fn as_any(&self) -> &dyn Any {
        &self.0
    }
    fn recentred(&self, centre: &Centre) -> Result<Option<Redrawn>> {
        let mut standard = self.0.clone();
        let Some((loc, scale)) = standard.loc_scale() else { return Ok(None) };
        let c: Operand<D> = centre.operand()?;
        let power = |of: Operand<D>, c: Operand<D>| match c {
            Operand::Number(0.0) => Operand::Number(1.0),
            Operand::Number(1.0) => of,
            c => (of.ln() * c).exp(),
        };
        let (middle, width) = (loc.clone(), scale.clone());
        let shift = middle.clone() * c.clone();
        *loc = shift.clone();
        *scale = power(width.clone(), c.clone());
        let stretch = power(width, 1.0 - c);
        let map = move |value: AnyTensor| {
            let y: Tensor<D> = value.typed("a decentred value")?;
            Ok(((Operand::Tensor(y) - shift.clone()) * stretch.clone() + middle.clone()).into_tensor().into())
        };
        Ok(Some((Box::new(Erased(standard)), Rc::new(map))))
    }
    fn location_scale(&self, to: &Placement) -> Option<(AnyTensor, AnyTensor)> {
        let mut own = self.0.clone();
        let dims = own.shape();
        let (loc, scale) = own.loc_scale()?;
        let each = |of: &Operand<D>| AnyTensor::from(of.clone().tensor(to).expand(dims));
        Some((each(loc), each(scale)))
    }
    fn before_transform(&self) -> Option<Redrawn> {
        let (base, bijector) = self.0.before_transform()?;
        Some((base, Rc::new(move |value| Ok(bijector.forward(value.typed("a value before its transform")?).into()))))
    }
    fn boxed(&self) -> Box<dyn DynDistribution> {
        Box::new(self.clone())
    }
}
