//! The cases, and what is asked of each.

use std::time::Instant;

use serde_json::Value;
use vi_runtime::prelude::*;
use vi_runtime::{AnyTensor, Execution};

use super::data::{self, Data, Reference};
use super::{counts, hierarchical, regressions, series};

/// Values of latent sites.
type Values = Vec<(String, AnyTensor)>;

/// A posterior with a reference.
pub struct Case {
    pub name: &'static str,
    /// How far the log joint may be off, relative.
    pub tolerance: f64,
    log_joint: fn(&Data, Values) -> Result<f64>,
    second_elbo: fn(&Data, FloatDType, Execution) -> Result<f64>,
    fit: fn(&Data, Family, u64) -> Result<Fitted>,
    /// The path of the function that binds its model.
    bind: &'static str,
}

/// The automatic guides that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    MeanField,
    FullRank,
}

impl Family {
    pub const ALL: [Family; 2] = [Family::MeanField, Family::FullRank];

    /// The prefix of its entries in the table of NumPyro's fits.
    pub fn key(self) -> &'static str {
        match self {
            Family::MeanField => "meanfield",
            Family::FullRank => "fullrank",
        }
    }
}

/// Draws and figures of a fit.
struct Fitted {
    draws: vi_runtime::DrawsSource,
    elbo: f64,
    seconds: f64,
}

/// How a fit compares with the reference.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// The largest error of a mean, in standard deviations of the reference.
    pub worst: f64,
    /// The smallest and the largest ratio of standard deviations.
    pub ratios: [f64; 2],
    pub elbo: f64,
    /// From the model to the fitted guide.
    pub seconds: f64,
}

/// How many draws the means are taken over; their standard error is 0.016 standard deviations.
const DRAWS: usize = 4_000;

fn fit<M: Program + Clone>(model: &M, family: Family, seed: u64) -> Result<Fitted> {
    match family {
        Family::MeanField => fit_with(model, AutoNormal::new(), seed),
        Family::FullRank => fit_with(model, AutoMultivariateNormal::new(), seed),
    }
}

/// A fit with nothing chosen but the guide, and the seed, which is 0 where that is not.
fn fit_with<M: Program + Clone, G: vi_runtime::Guide<M>>(model: &M, guide: G, seed: u64) -> Result<Fitted> {
    let begin = Instant::now();
    let fit = Svi::new(model, guide).seed(seed).run()?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Fitted { elbo: fit.elbo()?.value, draws: fit.draws(DRAWS)?, seconds })
}

macro_rules! case {
    ($name:literal, $bind:path, $tolerance:literal) => {
        case!($name, $bind, $tolerance, $bind)
    };
    // `$fitted` binds the model that is fitted, where the one of the reference takes too long.
    ($name:literal, $bind:path, $tolerance:literal, $fitted:path) => {
        Case {
            name: $name,
            tolerance: $tolerance,
            log_joint: |data, values| log_joint(&$bind(data)?, values),
            second_elbo: |data, dtype, execution| {
                let svi = Svi::new(&$fitted(data)?, AutoNormal::new()).dtype(dtype).execution(execution).particles(3).seed(1);
                let mut state = svi.init()?;
                svi.step(&mut state)?;
                svi.step(&mut state)
            },
            fit: |data, family, seed| fit(&$fitted(data)?, family, seed),
            bind: stringify!($bind),
        }
    };
}

/// The tolerances of the differential equation and of the conditioning of a covariance are those of the reference.
pub const CASES: [Case; 20] = [
    case!("GLM_Poisson_Data-GLM_Poisson_model", counts::glm_poisson, 1e-8),
    case!("arK-arK", series::ark, 1e-8),
    case!("arma-arma11", series::arma11, 1e-8),
    case!("diamonds-diamonds", regressions::diamonds, 1e-8),
    case!("dogs-dogs", counts::dogs, 1e-8),
    case!("earnings-earn_height", regressions::earn_height, 1e-8),
    case!("earnings-logearn_interaction_z", regressions::logearn_interaction_z, 1e-8),
    case!("eight_schools-eight_schools_centered", hierarchical::eight_schools_centered, 1e-8),
    case!("eight_schools-eight_schools_noncentered", hierarchical::eight_schools_noncentered, 1e-8),
    case!("gp_pois_regr-gp_regr", series::gp_regr, 1e-8),
    case!("hmm_example-hmm_example", series::hmm_example, 1e-8),
    case!("hudson_lynx_hare-lotka_volterra", series::lotka_volterra, 1e-5, series::lotka_volterra_coarse),
    case!("kidiq-kidscore_momiq", regressions::kidscore_momiq, 1e-8),
    case!("kilpisjarvi_mod-kilpisjarvi", regressions::kilpisjarvi, 1e-8),
    case!("low_dim_gauss_mix-low_dim_gauss_mix", hierarchical::low_dim_gauss_mix, 1e-8),
    case!("mesquite-logmesquite", regressions::logmesquite, 1e-8),
    case!("radon_mn-radon_hierarchical_intercept_centered", hierarchical::radon_centered, 1e-8),
    case!("radon_mn-radon_hierarchical_intercept_noncentered", hierarchical::radon_noncentered, 1e-8),
    case!("sblrc-blr", regressions::blr, 1e-8),
    case!("wells_data-wells_dist100_model", counts::wells, 1e-8),
];

impl Case {
    fn data(&self) -> Result<Data> {
        let file = self.name.split('-').next().unwrap_or_default();
        Data::read(&format!("data/{file}.json"))
    }

    /// Whether its posterior is so near normal that a full-rank guide has the standard deviations.
    pub fn is_regression(&self) -> bool {
        self.bind.starts_with("regressions") || self.bind.starts_with("counts")
    }

    pub fn reference(&self) -> Result<Reference> {
        Reference::read(self.name)
    }

    /// The log joint at each point of the reference, beside the one that it states.
    pub fn log_joints(&self) -> Result<Vec<(f64, f64)>> {
        let data = self.data()?;
        let points = self.reference()?.points.into_iter().map(|(values, expected)| {
            let values = values.into_iter().map(|(name, values)| Ok((name, data::vector(values)?.into())));
            Ok(((self.log_joint)(&data, values.collect::<Result<_>>()?)?, expected))
        });
        points.collect()
    }

    /// The ELBO of the second step of a fit, of three draws.
    pub fn second_elbo(&self, dtype: FloatDType, execution: Execution) -> Result<f64> {
        (self.second_elbo)(&self.data()?, dtype, execution)
    }

    /// Fits the guide and compares it with the reference.
    pub fn measure(&self, family: Family, seed: u64) -> Result<Measured> {
        let fitted = (self.fit)(&self.data()?, family, seed)?;
        let summary = vi_runtime::Summary::of(&fitted.draws)?;
        let (mut worst, mut ratios) = (0.0f64, [f64::INFINITY, 0.0f64]);
        for (name, (mean, sd)) in self.reference()?.parameters {
            // The rows of a site of one element have its plain name, and the others count from 0.
            let row = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
                Some((site, index)) => match index.parse::<usize>().map_err(Error::other)?.saturating_sub(1) {
                    0 => summary.row(&format!("{site}[0]")).or_else(|_| summary.row(site))?,
                    index => summary.row(&format!("{site}[{index}]"))?,
                },
                None => summary.row(&name)?,
            };
            if !(row.mean.is_finite() && row.sd.is_finite()) {
                return Err(Error::other(format!("{}: `{name}` has mean {} and standard deviation {}", self.name, row.mean, row.sd)));
            }
            worst = worst.max(((row.mean - mean) / sd).abs());
            ratios = [ratios[0].min(row.sd / sd), ratios[1].max(row.sd / sd)];
        }
        Ok(Measured { worst, ratios, elbo: fitted.elbo, seconds: fitted.seconds })
    }

    /// What NumPyro's fit of the same name has, `"best"` or `"naive"`, where it was made.
    pub fn peer(&self, table: &Value, family: Family, which: &str) -> Option<Measured> {
        let entry = table.get(self.name)?.get(format!("{}_{which}", family.key()))?;
        let number = |key: &str| entry.get(key)?.as_f64();
        let ratios = [number("sd_ratio_min")?, number("sd_ratio_max")?];
        Some(Measured { worst: number("mean_err_in_ref_sd_max")?, ratios, elbo: number("elbo")?, seconds: f64::NAN })
    }
}
