//! Natural gradients with nothing chosen, against the best full-rank fit that is known of each posterior.

use tests::has_f64;
use vi_runtime::Key;
use vi_runtime::posterior::{LogDensity, NaturalGradient, Quality};
use vi_runtime::prelude::*;

use super::data::Data;
use super::{counts, hierarchical, regressions, series};

fn quality<M: Program + Clone>(model: &M) -> Result<Quality> {
    let density = LogDensity::new(model)?;
    let (found, _) = NaturalGradient::new().find(&density)?;
    found.quality(&density, 20_000, Key::new(1))
}

type Fit = fn(&Data) -> Result<Quality>;

/// Those of at most 26 coordinates.
const CASES: [(&str, Fit); 16] = [
    ("GLM_Poisson_Data-GLM_Poisson_model", |data| quality(&counts::glm_poisson(data)?)),
    ("arK-arK", |data| quality(&series::ark(data)?)),
    ("arma-arma11", |data| quality(&series::arma11(data)?)),
    ("diamonds-diamonds", |data| quality(&regressions::diamonds(data)?)),
    ("dogs-dogs", |data| quality(&counts::dogs(data)?)),
    ("earnings-earn_height", |data| quality(&regressions::earn_height(data)?)),
    ("earnings-logearn_interaction_z", |data| quality(&regressions::logearn_interaction_z(data)?)),
    ("eight_schools-eight_schools_centered", |data| quality(&hierarchical::eight_schools_centered(data)?)),
    ("eight_schools-eight_schools_noncentered", |data| quality(&hierarchical::eight_schools_noncentered(data)?)),
    ("gp_pois_regr-gp_regr", |data| quality(&series::gp_regr(data)?)),
    ("hmm_example-hmm_example", |data| quality(&series::hmm_example(data)?)),
    ("kidiq-kidscore_momiq", |data| quality(&regressions::kidscore_momiq(data)?)),
    ("kilpisjarvi_mod-kilpisjarvi", |data| quality(&regressions::kilpisjarvi(data)?)),
    ("low_dim_gauss_mix-low_dim_gauss_mix", |data| quality(&hierarchical::low_dim_gauss_mix(data)?)),
    ("mesquite-logmesquite", |data| quality(&regressions::logmesquite(data)?)),
    ("sblrc-blr", |data| quality(&regressions::blr(data)?)),
];

#[test]
fn natural_gradients_reach_the_best_full_rank_fits() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let peers = Data::read("numpyro.json")?;
    for (name, fit) in CASES {
        let file = name.split('-').next().unwrap_or_default();
        let found = fit(&Data::read(&format!("data/{file}.json"))?)?;
        let best = peers.at(name)?.at("fullrank_best")?;
        let (elbo, error) = (best.number("elbo")?, best.number("elbo_se")?);
        let noise = 4.0 * (error * error + found.standard_error * found.standard_error).sqrt();
        assert!(found.elbo > elbo - noise - 0.005, "{name}: {found}, but {elbo} can be had");
    }
    Ok(())
}
