//! Where a run happens: other devices and precisions than the data's, and Burn's capture device.

use tests::{assert_close, device, executions, has_f64, numbers, tolerance};
use vi_runtime::Placement;
use vi_runtime::prelude::*;

#[model]
fn hierarchical(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 3, {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("y", StudentT::new(4.0, mu + tau * z, sigma), y);
    });
}

fn on_the_cpu() -> (Tensor<1>, Tensor<1>) {
    let cpu = vi_runtime::device::default();
    (Tensor::from_floats([15.0, 10.0, 16.0], &cpu), Tensor::from_floats([28.0, 8.0, -3.0], &cpu))
}

#[test]
fn data_on_one_device_can_be_fitted_on_another() -> Result<()> {
    let (sigma, y) = on_the_cpu();
    let model = hierarchical(sigma, y);
    let here = Svi::new(&model, AutoNormal::new()).steps(5).run()?;
    // What a handler holds is moved as well.
    let fixed = handler::condition(model.clone(), [("mu", Tensor::<1>::from_floats([1.0], &vi_runtime::device::default()))]);
    let fixed_here = Svi::new(&fixed, AutoNormal::new()).steps(2).run()?;
    for execution in executions() {
        let there = Svi::new(&model, AutoNormal::new()).steps(5).device(device()?).execution(execution).run()?;
        assert_close(there.history(), here.history(), tolerance(2e-4));
        assert_eq!(there.param("auto.mu.loc")?.device(), device()?);
        let fixed_there = Svi::new(&fixed, AutoNormal::new()).steps(2).device(device()?).execution(execution).run()?;
        assert_close(fixed_there.history(), fixed_here.history(), tolerance(2e-4));
    }
    Ok(())
}

#[test]
fn double_precision_is_used_throughout_or_refused() -> Result<()> {
    let (sigma, y) = on_the_cpu();
    let model = handler::substitute(hierarchical(sigma, y), [("tau", Tensor::<1>::from_floats([2.0], &device()?))]);
    for execution in executions() {
        let svi = Svi::new(&model, AutoNormal::new()).steps(3).device(device()?).dtype(FloatDType::F64).execution(execution);
        match svi.run() {
            Ok(fit) => {
                assert!(has_f64());
                assert_eq!(FloatDType::from(fit.param("auto.mu.loc")?.dtype()), FloatDType::F64);
            }
            Err(error) => {
                assert!(!has_f64(), "{error}");
                assert!(error.to_string().contains("double precision"), "{error}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_whole_program_is_recorded_on_the_capture_device_and_reads_nothing_back() -> Result<()> {
    let (sigma, y) = on_the_cpu();
    let capture = Device::capture();
    let mut joint = None;
    let captured = capture.capture_scope(|scope| {
        let placement = Placement { device: capture.clone(), dtype: FloatDType::F32 };
        let model = hierarchical(sigma, y).place(&placement);
        joint = Some(Run::new(vi_runtime::Key::new(0), placement).trace(&model).and_then(|(_, trace)| trace.log_prob_where(|_| true)));
        scope.complete([], [])
    });
    assert!(matches!(joint, Some(Ok(Some(_)))));
    let operations = captured.map_err(|e| Error::other(format!("{e:?}")))?.graph.operations;
    let recorded = format!("{operations:?}");
    assert!(recorded.contains("Log1p") && recorded.contains("Sum"), "{recorded}");
    Ok(())
}

#[test]
fn arguments_are_listed_and_keyed_by_all_but_their_elements() {
    let (sigma, y) = on_the_cpu();
    let model = hierarchical(sigma.clone(), y.clone());
    let mut shapes = Vec::new();
    model.visit_tensors(&mut |tensor| shapes.push(tensor.shape()));
    assert_eq!(shapes, [[3], [3]]);
    let key = |argument: &(Tensor<1>, Option<f64>)| {
        let mut key = vi_runtime::Fingerprint::default();
        argument.fingerprint(&mut key);
        key
    };
    assert_eq!(key(&(sigma.clone(), Some(1.0))), key(&(y.clone(), Some(1.0))));
    assert_ne!(key(&(sigma.clone(), Some(1.0))), key(&(sigma.clone(), None)));
    assert_ne!(key(&(sigma.clone(), None)), key(&(y.narrow(0, 0, 2), None)));
}

#[model]
fn conjugate(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 2.0));
    let rate = sample!("rate", Gamma::new(3.0, 2.0));
    plate!("n", 4, { observe!("y", Normal::new(mu, 1.0), y) });
    factor!("count", rate.clone().log() * 5.0 - rate * 4.0);
}

#[test]
fn auto_delta_finds_the_maximum_of_the_log_joint() -> Result<()> {
    // mu: Σy / (n + 1/4); rate: the factor is five counts in four units, so the mode of Gamma(8, 6), 7/6.
    let y = Tensor::from_floats([0.5, 1.5, 2.0, 1.0], &device()?);
    let steps = tests::scaled(1_500);
    let model = conjugate(y);
    for execution in executions() {
        let fit = Svi::new(&model, AutoDelta::new())
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps }))
            .steps(steps)
            .execution(execution)
            .run()?;
        let near = if steps < 1_500 { 0.8 } else { 1e-3 };
        assert_close(&numbers(fit.param("auto.mu.value")?)?, &[5.0 / 4.25], near);
        assert_close(&numbers(fit.param("auto.rate.value")?)?, &[7.0 / 6.0], near);
    }
    Ok(())
}
