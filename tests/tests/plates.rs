//! Plates: subsampling is unbiased, masks keep values out, sizes are checked.

use tests::{assert_close, device, executions, numbers, tolerance, vector};
use vi_runtime::Execution;
use vi_runtime::prelude::*;

const X: [f64; 4] = [0.3, -1.2, 2.5, 0.7];

#[model]
fn subsampled(x: Tensor<1>, batch: usize) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("n", 4, subsample = batch, |idx| {
        observe!("x", Normal::new(mu, 0.5), x.clone().select(0, idx));
    });
}

#[test]
fn a_subsampled_log_joint_averaged_over_all_subsets_is_the_full_one() -> Result<()> {
    let mu = vector([0.4])?;
    let full = log_joint(&subsampled(vector(X)?, 4), [("mu", &mu)])?;
    let (mut sum, mut subsets) = (0.0, 0.0);
    for i in 0..4_i64 {
        for j in i + 1..4 {
            let index = Tensor::<1, Int>::from_ints([i, j], &device()?);
            let model = handler::substitute(subsampled(vector(X)?, 2), [("n", index)]);
            sum += log_joint(&model, [("mu", &mu)])?;
            subsets += 1.0;
        }
    }
    assert_close(&[sum / subsets], &[full], tolerance(2e-5));
    Ok(())
}

#[model]
fn local(x: Tensor<1>, batch: usize) {
    plate!("n", 4, subsample = batch, |idx| {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("x", Normal::new(z, 1.0), x.clone().select(0, idx));
    });
}

#[guide(model = local)]
fn local_guide(batch: usize) {
    let loc = param!("loc", X);
    plate!("n", 4, subsample = batch, |idx| { sample!("z", Normal::new(loc.clone().select(0, idx), 0.1)) });
}

/// Copies the units that a plate chose.
#[derive(Clone, Default)]
struct Units(std::rc::Rc<std::cell::RefCell<Vec<f64>>>);
impl Handler for Units {
    fn after(&mut self, site: &mut vi_runtime::program::Site) -> Result<()> {
        if let Some(index) = site.plates.first().and_then(|plate| plate.index.as_ref()) {
            self.0.borrow_mut().extend(index.to_f64()?);
        }
        Ok(())
    }
}

#[test]
fn model_and_guide_of_a_step_see_the_same_units_and_steps_see_different_ones() -> Result<()> {
    let (model_units, guide_units) = (Units::default(), Units::default());
    let model = handler::with(local(vector(X)?, 2), model_units.clone());
    let guide = handler::with(local_guide(2), guide_units.clone());
    let svi = Svi::new(&model, guide).particles(3).execution(Execution::Eager);
    let mut state = svi.init()?;
    let mut seen = [false; 4];
    for _ in 0..20 {
        model_units.0.borrow_mut().clear();
        guide_units.0.borrow_mut().clear();
        svi.step(&mut state)?;
        let (model, guide) = (model_units.0.borrow().clone(), guide_units.0.borrow().clone());
        // Two sites in the model, one in the guide, three particles.
        assert_eq!(model.len(), 12);
        assert!(model.chunks(2).chain(guide.chunks(2)).all(|units| units == &model[..2]), "{model:?} {guide:?}");
        assert_ne!(model[0], model[1], "without replacement");
        model.iter().for_each(|unit| seen[*unit as usize] = true);
    }
    assert_eq!(seen, [true; 4]);
    Ok(())
}

#[test]
fn a_step_moves_the_parameters_of_its_units_alone_and_each_unit_in_its_turn() -> Result<()> {
    for execution in executions() {
        let svi = Svi::new(&local(vector(X)?, 2), local_guide(2)).optimizer(Sgd::new(0.1)).particles(3).execution(execution);
        let mut state = svi.init()?;
        let mut last = X.to_vec();
        let mut seen = [false; 4];
        for _ in 0..20 {
            svi.step(&mut state)?;
            let now = numbers(state.param("loc")?)?;
            let moved: Vec<usize> = (0..4).filter(|&unit| (now[unit] - last[unit]).abs() > 1e-6).collect();
            assert_eq!(moved.len(), 2, "{execution:?}: {last:?} became {now:?}");
            moved.iter().for_each(|&unit| seen[unit] = true);
            last = now;
        }
        assert_eq!(seen, [true; 4]);
    }
    Ok(())
}

#[model]
fn masked(x: Tensor<1>, mask: Tensor<1, Bool>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let scale = sample!("scale", LogNormal::new(0.0, 1.0));
    plate!("n", 4, { observe!("x", StudentT::new(4.0, mu, scale), x, mask = mask) });
}

fn gradient_after_one_step<M: Program + Clone>(model: &M, execution: Execution) -> Result<Vec<f64>> {
    let svi = Svi::new(model, AutoNormal::new()).optimizer(Sgd::new(0.1)).seed(1).execution(execution);
    let mut state = svi.init()?;
    svi.step(&mut state)?;
    let mut all = Vec::new();
    for name in state.param_names() {
        all.extend(numbers(state.param(&name)?)?);
    }
    Ok(all)
}

#[test]
fn what_stands_under_a_mask_changes_no_gradient() -> Result<()> {
    let keep = Tensor::<1, Bool>::from_bool([true, false, true, false], &device()?);
    for execution in executions() {
        let clean = gradient_after_one_step(&masked(vector([0.3, 0.0, 2.5, 0.0])?, keep.clone()), execution)?;
        for garbage in [f64::NAN, f64::INFINITY, 1e30, -7.0] {
            let dirty = gradient_after_one_step(&masked(vector([0.3, garbage, 2.5, garbage])?, keep.clone()), execution)?;
            assert_eq!(clean, dirty, "with {garbage} under the mask");
        }
        assert!(clean.iter().all(|x| x.is_finite()));
    }
    Ok(())
}

#[test]
fn a_mask_may_come_from_comparing_integers() -> Result<()> {
    for execution in executions() {
        let keep = Tensor::<1, Int>::from_ints([0, 1, 0, 1], &device()?).equal_elem(0);
        let compared = gradient_after_one_step(&masked(vector([0.3, f64::NAN, 2.5, f64::NAN])?, keep), execution)?;
        let written = Tensor::<1, Bool>::from_bool([true, false, true, false], &device()?);
        assert_eq!(compared, gradient_after_one_step(&masked(vector([0.3, f64::NAN, 2.5, f64::NAN])?, written), execution)?);
    }
    Ok(())
}

#[model]
fn two_of_four(x: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let scale = sample!("scale", LogNormal::new(0.0, 1.0));
    plate!("n", 2, { observe!("x", StudentT::new(4.0, mu, scale), x) });
}

#[test]
fn masked_entries_are_as_good_as_absent() -> Result<()> {
    let keep = Tensor::<1, Bool>::from_bool([true, false, true, false], &device()?);
    let model = masked(vector([0.3, f64::NAN, 2.5, f64::NAN])?, keep);
    for execution in executions() {
        let masked = gradient_after_one_step(&model, execution)?;
        let absent = gradient_after_one_step(&two_of_four(vector([0.3, 2.5])?), execution)?;
        assert_close(&masked, &absent, tolerance(1e-6));
    }
    Ok(())
}

#[model]
fn nested(y: Tensor<2>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("school", 3, {
        let effect = sample!("effect", Normal::new(0.0, 1.0).expand([1, 1]));
        plate!("pupil", 2, { observe!("y", Normal::new(mu.unsqueeze() + effect, 1.0), y) });
    });
}

#[test]
fn the_outermost_plate_is_dimension_zero() -> Result<()> {
    let y = Tensor::<2>::from_floats([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], &device()?);
    let model = nested(y);
    let (_, trace) = Run::for_program(&model, 0)?.trace(&model)?;
    let shape = |name: &str| trace.value(name).map(AnyTensor::shape);
    assert_eq!(shape("mu")?, [1]);
    assert_eq!(shape("effect")?, [3, 1]);
    assert_eq!(shape("y")?, [3, 2]);
    Ok(())
}
