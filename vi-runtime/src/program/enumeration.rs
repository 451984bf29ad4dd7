//! Enumerated sites: discrete sites that take all their values in turn instead of being drawn.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::tensor::{Bool, Int, Tensor};

use super::context::Run;
use super::site::{Site, SiteDraw};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::{Error, Result};
use crate::support::Support;

/// What is done at a latent site instead of drawing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// See [`Enumerate`](struct@Enumerate).
    Enumerate,
    /// See [`Collapse`](super::Collapse).
    Collapse,
}

/// What can stand after `strategy =` at a site whose values are of kind `K`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no strategy for a site whose values are `{K}`",
    label = "no strategy for this distribution",
    note = "`Enumerate` sums over the values of a discrete distribution (`Int`), `Collapse` integrates a `Beta`, `Gamma` or `Dirichlet` out (`Float`)"
)]
pub trait SiteStrategy<K> {
    /// The strategy as sites hold it.
    const STRATEGY: Strategy;
}

/// `sample!("k", Categorical::new(p), strategy = Enumerate)`: the objective sums over all values. A site of the model leaves the log of
/// the sum of the joint densities, a site of the guide the exact mean under its probabilities.
///
/// Densities inside a plate may depend on the site's element in the same unit only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enumerate;

impl SiteStrategy<Int> for Enumerate {
    const STRATEGY: Strategy = Strategy::Enumerate;
}

/// One enumerated site as a run met it.
#[derive(Clone, Debug)]
pub(crate) struct EnumeratedSite {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// The least value; the others follow it.
    pub(crate) first: i64,
    pub(crate) values: usize,
    pub(crate) scale: f64,
    pub(crate) plates: Vec<&'static str>,
}

impl EnumeratedSite {
    fn of(site: &Site) -> Result<Self> {
        let distribution = site.distribution.as_ref();
        let refused = |problem: String| Error::Unsupported {
            what: format!("enumerating site `{}` ({})", site.name, distribution.map_or_else(String::new, |d| d.name())),
            problem,
        };
        let support = distribution.map(|distribution| distribution.support());
        let (first, last) = match support {
            Some(Support::Boolean) => (0, 1),
            Some(Support::IntegerInterval(first, last)) if distribution.is_some_and(|d| d.event_rank() == 0) => (first, last),
            Some(other) => return Err(refused(format!("its support, {other}, is no finite list of numbers"))),
            None => return Err(refused("it has no distribution".to_owned())),
        };
        Ok(EnumeratedSite {
            name: site.name.clone(),
            shape: site.shape(),
            first,
            values: count(first, last),
            scale: site.scale,
            plates: site.plates.iter().map(|plate| plate.name).collect(),
        })
    }

    pub(crate) fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// How many numbers there are from `first` to `last`; as many as can be counted, where there are more.
fn count(first: i64, last: i64) -> usize {
    if last < first {
        return 0;
    }
    usize::try_from(last.abs_diff(first)).unwrap_or(usize::MAX).saturating_add(1)
}

/// The enumerated sites of the runs of one particle, and the values that they have in the next run.
#[derive(Debug, Default)]
pub(crate) struct Enumeration {
    sites: RefCell<Vec<EnumeratedSite>>,
    assigned: RefCell<HashMap<String, Vec<i64>>>,
}

impl Enumeration {
    /// In the order in which runs met them.
    pub(crate) fn sites(&self) -> Vec<EnumeratedSite> {
        self.sites.borrow().clone()
    }

    /// Whether no run has met any.
    pub(crate) fn is_empty(&self) -> bool {
        self.sites.borrow().is_empty()
    }

    /// Fixes the elements of a site in the runs to come.
    pub(crate) fn assign(&self, site: &str, elements: Vec<i64>) {
        self.assigned.borrow_mut().insert(site.to_owned(), elements);
    }

    /// The value at `site`, which is an input of the graph where the run is recorded.
    pub(super) fn value(&self, site: &Site, run: &Run) -> Result<SiteDraw> {
        let met = EnumeratedSite::of(site)?;
        let value = match &run.recorder {
            Some(recorder) => recorder.enumerated(&met),
            None => {
                let assigned = self.assigned.borrow().get(&site.name).cloned();
                let elements = assigned.filter(|elements| elements.len() == met.elements());
                let elements = elements.unwrap_or_else(|| vec![met.first; met.elements()]);
                AnyTensor::from_i64(elements, &met.shape, &run.placement.device)
            }
        };
        let mut sites = self.sites.borrow_mut();
        if !sites.iter().any(|known| known.name == met.name) {
            sites.push(met);
        }
        Ok(SiteDraw { value, log_prob: None, base: None })
    }

    /// The log-probability with which the sum weights each element: the log density of the site, and where its mask drops an element
    /// the same for all values, which together count 1.
    pub(crate) fn weight(&self, site: &Site) -> Result<Option<AnyTensor>> {
        let (Some(mask), Some(log_prob)) = (&site.mask, &site.log_prob) else { return Ok(site.log_prob.clone()) };
        let values = self.sites.borrow().iter().find(|known| known.name == site.name).map_or(1, |known| known.values);
        each_rank!(log_prob.rank(), D => {
            let drop = mask.typed::<D, Bool>("mask")?.bool_not();
            let log_prob: Tensor<D> = log_prob.typed("log density")?;
            let drop = drop.expand::<D, _>(log_prob.dims());
            Ok(Some(log_prob.mask_fill(drop, -(values as f64).ln()).into()))
        })
    }
}
