//! What happened in one run: every site with value, density, scale, mask and plates.

use std::collections::HashMap;
use std::fmt;

use burn::tensor::Tensor;

use super::site::{Site, SiteKind};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result, list};

/// The record of one run of a program, in the order of execution.
///
/// `Display` prints a shape table.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    sites: Vec<Site>,
    index: HashMap<String, usize>,
}

impl Trace {
    /// All sites in the order of execution.
    pub fn sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter()
    }

    /// The latent sites (auxiliary ones included).
    pub fn latents(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(|site| site.is_latent())
    }

    /// The observed sites.
    pub fn observed(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(|site| site.kind == SiteKind::Observed)
    }

    /// The site called `name`.
    pub fn get(&self, name: &str) -> Option<&Site> {
        self.index.get(name).map(|&i| &self.sites[i])
    }

    /// The value at the site called `name`.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is no such site.
    pub fn value(&self, name: &str) -> Result<&AnyTensor> {
        self.get(name).and_then(|site| site.value.as_ref()).ok_or_else(|| Error::Unknown {
            what: "site",
            name: name.to_owned(),
            available: list(self.sites.iter().map(|site| &site.name)),
        })
    }

    /// Replaces each value of a latent site, and the point that it was made from.
    pub(crate) fn map_latents(&mut self, f: &mut dyn FnMut(&AnyTensor) -> AnyTensor) {
        for site in self.sites.iter_mut().filter(|site| site.is_latent()) {
            site.value = site.value.as_ref().map(&mut *f);
            site.base = site.base.as_ref().map(&mut *f);
        }
    }

    /// Sum of all log densities with masks and scales, in double precision.
    ///
    /// # Errors
    /// [`Error::Read`] where the device cannot be read.
    pub(crate) fn log_prob_in_double(&self) -> Result<f64> {
        let mut total = 0.0;
        for site in &self.sites {
            if let Some(log_prob) = &site.log_prob {
                total += site.scale * log_prob.to_f64()?.iter().sum::<f64>();
            }
        }
        Ok(total)
    }

    pub(crate) fn push(&mut self, site: Site, program: &str) -> Result<()> {
        if self.index.contains_key(&site.name) {
            return Err(Error::DuplicateSite { site: site.name, program: program.to_owned() });
        }
        self.index.insert(site.name.clone(), self.sites.len());
        self.sites.push(site);
        Ok(())
    }

    /// Sum of the log densities of the sites that `keep` chooses, with masks and scales; shape `[1]`.
    ///
    /// Absent where no chosen site has a density.
    ///
    /// # Errors
    /// Those of [`Site::log_prob_sum`].
    pub fn log_prob_where(&self, keep: impl Fn(&Site) -> bool) -> Result<Option<Tensor<1>>> {
        let mut total: Option<Tensor<1>> = None;
        for site in self.sites.iter().filter(|site| keep(site)) {
            if let Some(sum) = site.log_prob_sum()? {
                total = Some(match total {
                    Some(total) => total + sum,
                    None => sum,
                });
            }
        }
        Ok(total)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["site", "kind", "distribution", "batch_shape", "event_shape", "plates", "scale", "log_prob"].map(str::to_owned);
        let rows = self.sites.iter().map(row);
        write!(f, "{}", crate::table::Table::new(header, rows))
    }
}

fn row(site: &Site) -> [String; 8] {
    let shape = site.shape();
    let event_rank = site.distribution.as_ref().map_or(0, |d| d.event_rank()).min(shape.len());
    let (batch, event) = shape.split_at(shape.len() - event_rank);
    let plates: Vec<String> = site
        .plates
        .iter()
        .map(|plate| {
            if plate.len == plate.size {
                format!("{}={}", plate.name, plate.size)
            } else {
                format!("{}={} of {}", plate.name, plate.len, plate.size)
            }
        })
        .collect();
    let log_prob = match site.log_prob_sum().ok().flatten().map(|sum| AnyTensor::from(sum).to_f64()) {
        Some(Ok(sum)) => format!("{:.4}", sum.iter().sum::<f64>()),
        _ => "-".to_owned(),
    };
    [
        site.name.clone(),
        if site.mask.is_some() { format!("{}, masked", site.kind) } else { site.kind.to_string() },
        site.distribution.as_ref().map_or_else(|| "-".to_owned(), |d| d.name()),
        format!("{batch:?}"),
        format!("{event:?}"),
        if plates.is_empty() { "-".to_owned() } else { plates.join(", ") },
        format!("{}", site.scale),
        log_prob,
    ]
}
