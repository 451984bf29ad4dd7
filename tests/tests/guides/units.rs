//! Sites of a subsampled plate: a table with a row for each unit.

use tests::{assert_close, numbers};
use vi_runtime::prelude::*;

use super::linear_gaussian::double;

const UNITS: usize = 6;

#[model]
fn local(y: Tensor<1>) {
    let y = plate!("unit", UNITS, subsample = 2, |idx| {
        let z = sample!("z", Normal::new(0.0, 1.0).expand([2]));
        (z, y.select(0, idx))
    });
    plate!("unit", UNITS, subsample = 2, |idx| {
        let _ = idx;
        observe!("y", Normal::new(y.0, 1.0), y.1);
    });
}

/// Unit by unit `z | y ~ N(y/2, ½)`; the evidence is that of `y ~ N(0, 2)`.
#[test]
fn each_unit_finds_its_posterior() -> Result<()> {
    let y = [1.0, -2.0, 0.4, 3.0, -0.6, 1.6];
    let model = local(double(y.to_vec(), [UNITS])?);
    for execution in tests::executions() {
        let fit = Svi::new(&model, AutoNormal::new())
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps: 4_000 }))
            .steps(4_000)
            .particles(2)
            .execution(execution)
            .run()?;
        assert_close(&numbers(fit.param("auto.z.loc")?)?, &y.map(|y| y / 2.0), 0.01);
        assert_close(&numbers(fit.param("auto.z.scale")?)?, &[0.5_f64.sqrt(); UNITS], 0.01);
        let evidence: f64 = y.iter().map(|y| -y * y / 4.0 - 0.5 * (2.0 * std::f64::consts::TAU).ln()).sum();
        let elbo = fit.elbo_from(2_000)?;
        assert!((elbo.value - evidence).abs() < 4.5 * elbo.standard_error + 0.01, "{elbo}, evidence {evidence}");
    }
    Ok(())
}

#[test]
fn a_point_for_each_unit() -> Result<()> {
    let y = [1.0, -2.0, 0.4, 3.0, -0.6, 1.6];
    let model = local(double(y.to_vec(), [UNITS])?);
    let fit = Svi::new(&model, AutoDelta::new()).optimizer(Adam::new(Schedule::Cosine { initial: 0.1, last: 1e-5, steps: 2_000 }));
    let fit = fit.steps(2_000).run()?;
    assert_close(&numbers(fit.param("auto.z.value")?)?, &y.map(|y| y / 2.0), 1e-3);
    Ok(())
}

#[test]
fn one_distribution_of_all_sites_is_refused() -> Result<()> {
    let model = local(double(vec![0.0; UNITS], [UNITS])?);
    let message = Svi::new(&model, AutoMultivariateNormal::new()).steps(1).run().map(drop).unwrap_err().to_string();
    assert!(["`z`", "subsampled", "AutoNormal", "module!"].iter().all(|part| message.contains(part)), "{message}");
    Ok(())
}
