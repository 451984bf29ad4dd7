//! A parameter that breaks its constraint is an error at the site: where checks are asked for, at the first step, and in the
//! repeat of a step that was not finite.

use burn::tensor::{Device, Tensor};
use tests::executions;
use vi_runtime::dist::{Constraint, Distribution};
use vi_runtime::optim::{OptimState, Optimizer};
use vi_runtime::prelude::*;
use vi_runtime::{Error, Guide, Key, Placement, burn};

use super::{Law, leaves};

/// Moves every parameter to one number.
#[derive(Debug)]
struct To(f64);

impl Optimizer for To {
    fn update(&self, _: u64, value: Tensor<1>, _: Tensor<1>, _: &mut OptimState) -> Tensor<1> {
        value.full_like(self.0)
    }
}

/// What a parameter must not be.
fn forbidden(constraint: Constraint) -> Vec<f64> {
    let candidates = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.5, 0.0, 1.5];
    candidates.into_iter().filter(|&x| !constraint.holds(x)).collect()
}

/// The constraint of each parameter, by name.
pub fn constraints<const D: usize, T: Distribution<D>>(distribution: &T) -> Vec<(&'static str, Constraint)> {
    let mut found = Vec::new();
    distribution.parameters(&mut |name, _, constraint| found.push((name, constraint)));
    found
}

/// `model(parameters, which)` observes a valid value; a shift, 0 at first, is added to parameter `which`.
pub fn refuses<const D: usize, T, B, M, G>(law: &Law<'_, B>, model: impl Fn(Vec<Tensor<1>>, usize) -> M, guide: &G)
where
    T: Distribution<D>,
    B: Fn(&[Tensor<1>]) -> T,
    M: Program + Clone,
    G: Guide<M>,
{
    let (name, valid) = (law.name, law.typical());
    let constraints = constraints(&(law.build)(&leaves(&valid)));
    let device = tests::device().unwrap();
    let place = |params: &[Vec<f64>]| params.iter().map(|p| tensor(p, &device)).collect::<Vec<_>>();
    for (which, (parameter, _)) in law.params.iter().enumerate() {
        let Some((_, constraint)) = constraints.iter().find(|(known, _)| known == parameter) else {
            panic!("{name}: the site sees no parameter `{parameter}` among {constraints:?}");
        };
        let named = |what: &str, bad: f64, found: Error| match found {
            Error::Parameter { site, parameter: found_parameter, found, .. } => {
                let same = site == "x" && found_parameter == *parameter && found.contains(&bad.to_string());
                assert!(same, "{name}, {what}: {site}, {found_parameter}, {found} instead of {bad} in {parameter}");
            }
            other => panic!("{name}, {what}: {other} instead of {bad} in {parameter}"),
        };
        for bad in forbidden(*constraint) {
            let mut params = valid.clone();
            params[which][0] = bad;
            let broken = model(place(&params), which);
            let placement = Placement { device: device.clone(), dtype: FloatDType::F32 };
            match Run::new(Key::new(0), placement).validate(true).trace(&broken) {
                Ok(_) => panic!("{name}: {bad} in {parameter} passes the checks of a run"),
                Err(error) => named("checked run", bad, error),
            }
            for execution in executions() {
                let svi = Svi::new(&broken, guide.clone()).execution(execution);
                match svi.init().and_then(|mut state| svi.step(&mut state).map(drop)) {
                    Ok(()) => panic!("{name}: {bad} in {parameter} passes the first step"),
                    Err(error) => named("first step", bad, error),
                }
            }
        }
        // What is wrong later is noticed where it makes the step not finite: NaN always does.
        for execution in executions() {
            let sound = model(place(&valid), which);
            let svi = Svi::new(&sound, guide.clone()).optimizer(To(f64::NAN)).execution(execution);
            let mut state = svi.init().unwrap();
            let first = svi.step(&mut state);
            assert!(first.is_ok(), "{name}: a valid parameter {parameter}: {}", first.err().map_or(String::new(), |e| e.to_string()));
            match svi.step(&mut state) {
                Ok(_) => panic!("{name}: NaN in {parameter} is not noticed by a later step ({execution:?})"),
                Err(error) => named("later step", f64::NAN, error),
            }
        }
    }
}

fn tensor(values: &[f64], device: &Device) -> Tensor<1> {
    Tensor::from_data(burn::tensor::TensorData::new(values.to_vec(), [values.len()]), (device, burn::tensor::DType::F32))
}
