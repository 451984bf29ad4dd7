//! Rules that reach the minimum of a quadratic whose curvatures are 1 and 100.

use tests::{device, numbers};
use vi_runtime::Execution;
use vi_runtime::optim::AdaGrad;
use vi_runtime::prelude::*;

#[model]
fn valley() {
    sample!("x", Normal::new(3.0, 1.0));
    sample!("y", Normal::new(-2.0, 0.1));
}

#[guide(model = valley)]
fn point() {
    sample!("x", Delta::new(param!("at.x", [0.0])));
    sample!("y", Delta::new(param!("at.y", [0.0])));
}

/// The distance to the minimum after `steps` steps from a distance of 3.6.
fn distance(optimizer: impl Optimizer + 'static, steps: u64) -> Result<f64> {
    let svi = Svi::new(&valley(), point()).device(device()?).optimizer(optimizer).execution(Execution::Compiled);
    let fit = svi.steps(steps).run()?;
    Ok((numbers(fit.param("at.x")?)?[0] - 3.0).hypot(numbers(fit.param("at.y")?)?[0] + 2.0))
}

fn reaches(name: &str, optimizer: impl Optimizer + 'static, steps: u64, within: f64) -> Result<()> {
    let found = distance(optimizer, steps)?;
    assert!(found <= within, "{name}: {found} from the minimum after {steps} steps");
    Ok(())
}

/// Rules with a fixed rate reach the minimum up to rounding of single precision; those that never forget their gradients only
/// approach it.
#[test]
fn the_minimum_of_a_narrow_valley() -> Result<()> {
    reaches("Sgd", Sgd::new(0.015), 1_500, 1e-5)?;
    reaches("momentum", Sgd::new(0.015).momentum(0.8), 1_000, 1e-5)?;
    reaches("Nesterov", Sgd::new(0.005).momentum(0.9).nesterov(true), 1_000, 1e-5)?;
    reaches("Adam", Adam::new(Schedule::Exponential { initial: 0.1, decay: 0.998 }), 4_000, 1e-4)?;
    reaches("AdamW", AdamW::new(Schedule::Exponential { initial: 0.1, decay: 0.998 }).weight_decay(0.0), 4_000, 1e-4)?;
    reaches("ClippedAdam", ClippedAdam::new(0.1).decay(0.998).clip(1.0), 4_000, 1e-4)?;
    reaches("RmsProp", RmsProp::new(Schedule::Exponential { initial: 0.1, decay: 0.998 }), 4_000, 1e-3)?;
    reaches("RmsProp centred", RmsProp::new(Schedule::Exponential { initial: 0.05, decay: 0.998 }).centred(true), 4_000, 1e-3)?;
    reaches("AdaGrad", AdaGrad::new(1.0), 4_000, 1e-4)?;
    reaches("Dog", Dog::new(), 4_000, 0.05)?;
    reaches("L-Dog", Dog::new().layerwise(true), 4_000, 0.01)?;
    reaches("Dowg", Dowg::new(), 4_000, 0.05)?;
    reaches("Cocob", Cocob::new(), 4_000, 0.05)
}
