//! Models of posteriordb against its reference posteriors.
//!
//! The data are in `data/posteriordb`, where a README says what the numbers mean.

#[path = "posteriordb/case.rs"]
mod case;
#[path = "posteriordb/counts.rs"]
mod counts;
#[path = "posteriordb/data.rs"]
mod data;
#[path = "posteriordb/hierarchical.rs"]
mod hierarchical;
#[path = "posteriordb/natural.rs"]
mod natural;
#[path = "posteriordb/page.rs"]
mod page;
#[path = "posteriordb/regressions.rs"]
mod regressions;
#[path = "posteriordb/series.rs"]
mod series;

use case::CASES;
use tests::{executions, has_exact_activations, has_f64, tolerance};
use vi_runtime::prelude::*;

#[test]
fn the_log_joint_is_that_of_the_reference() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    for case in &CASES {
        let points = case.log_joints()?;
        assert_eq!(points.len(), 3);
        for (found, expected) in points {
            assert!((found - expected).abs() <= case.tolerance * expected.abs(), "{}: {found}, not {expected}", case.name);
        }
    }
    Ok(())
}

#[test]
fn compiled_steps_are_those_of_eager_ones() -> Result<()> {
    for case in &CASES {
        for (dtype, relative) in [(FloatDType::F32, tolerance(2e-4)), (FloatDType::F64, 1e-8)] {
            if dtype == FloatDType::F64 && !has_f64() {
                continue;
            }
            // From this start the recursion grows until it is decided by how a device rounds whether it overflows.
            if case.name == "arma-arma11" && dtype == FloatDType::F32 && !has_exact_activations() {
                continue;
            }
            let [eager, compiled] = executions().map(|execution| case.second_elbo(dtype, execution));
            let named = |error: Error| Error::other(format!("{}, {dtype:?}: {error}", case.name));
            let (expected, found) = (eager.map_err(named)?, compiled.map_err(named)?);
            assert!((found - expected).abs() <= relative * expected.abs(), "{} in {dtype:?}: {found}, eagerly {expected}", case.name);
        }
    }
    Ok(())
}
