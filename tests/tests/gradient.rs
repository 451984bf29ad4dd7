//! Gradients of the ELBO: against formulas by hand at fixed noise, in expectation, and against central differences.
//!
//! A step of plain gradient descent with rate 1 moves each parameter by minus its gradient; that is how the gradient is
//! read here.

use std::cell::RefCell;
use std::rc::Rc;

use tests::{assert_close, device, executions, has_f64, numbers, scaled, tolerance, vector};
use vi_runtime::Execution;
use vi_runtime::burn::tensor::DType;
use vi_runtime::prelude::*;
use vi_runtime::program::Site;

#[model]
fn local_normal(x: Tensor<1>) {
    plate!("n", 2, {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("x", Normal::new(z, 1.0), x);
    });
}

#[guide(model = local_normal)]
fn shared_scale() {
    let loc = param!("loc", [0.0, 0.0]);
    let scale = param!("scale", [1.0], support::Positive);
    plate!("n", 2, { sample!("z", Normal::new(loc, scale)) });
}

/// Remembers what was drawn: a handler as a user would write one.
#[derive(Clone, Default)]
struct Spy(Rc<RefCell<Vec<f64>>>);

impl Handler for Spy {
    fn after(&mut self, site: &mut Site) -> Result<()> {
        if let Some(value) = &site.value {
            *self.0.borrow_mut() = value.to_f64()?;
        }
        Ok(())
    }
}

#[test]
fn at_a_fixed_draw_the_gradient_is_the_formula() -> Result<()> {
    let x = [-0.5, 2.0];
    for seed in 0..3 {
        let model = local_normal(vector(x)?);
        // At loc 0, scale 1 the draw is the noise, which both executions share; the loss is
        // Σ ½ z² + ½ (x − z)² − ln scale − ½ ε² + …
        let spy = Spy::default();
        let spied = Svi::new(&model, handler::with(shared_scale(), spy.clone())).objective(Pathwise).seed(seed).execution(Execution::Eager);
        spied.step(&mut spied.init()?)?;
        let noise = spy.0.borrow().clone();
        let loc: Vec<f64> = (0..2).map(|i| 2.0 * noise[i] - x[i]).collect();
        let scale: f64 = (0..2).map(|i| noise[i] * (2.0 * noise[i] - x[i])).sum::<f64>() - 2.0;
        for execution in executions() {
            let svi = Svi::new(&model, shared_scale()).objective(Pathwise).optimizer(Sgd::new(1.0)).seed(seed).execution(execution);
            let mut state = svi.init()?;
            svi.step(&mut state)?;
            let moved = numbers(state.param("loc")?)?;
            assert_close(&moved, &[-loc[0], -loc[1]], tolerance(1e-5));
            let moved = numbers(state.param("scale")?)?[0].ln();
            assert_close(&[moved], &[-scale], tolerance(1e-5) * scale.abs().max(1.0));
        }
    }
    Ok(())
}

#[test]
fn in_expectation_the_gradient_is_the_gradient_of_the_expectation() -> Result<()> {
    let particles = scaled(4_000) as usize;
    let model = local_normal(vector([-0.5, 2.0])?);
    for execution in executions() {
        let svi =
            Svi::new(&model, shared_scale()).objective(Pathwise).optimizer(Sgd::new(1.0)).particles(particles).seed(5).execution(execution);
        let mut state = svi.init()?;
        svi.step(&mut state)?;
        let root = (particles as f64).sqrt();
        // One draw has variance 4 for each loc and Σ (8 + x²) = 20.25 for the scale.
        assert_close(&numbers(state.param("loc")?)?, &[-0.5, 2.0], 4.0 * 2.0 / root);
        assert_close(&[numbers(state.param("scale")?)?[0].ln()], &[-2.0], 4.0 * 4.5 / root);
    }
    Ok(())
}

#[test]
fn different_particle_counts_agree_in_expectation() -> Result<()> {
    // 64 steps of 1 particle against 1 step of 64: the mean gradient of loc has standard error 2/8 either way.
    let model = local_normal(vector([-0.5, 2.0])?);
    let gradient = |particles: usize, steps: u64, execution: Execution| -> Result<Vec<f64>> {
        let mut sum = vec![0.0; 2];
        for seed in 0..steps {
            let svi = Svi::new(&model, shared_scale())
                .objective(Pathwise)
                .optimizer(Sgd::new(1.0))
                .particles(particles)
                .seed(seed)
                .execution(execution);
            let mut state = svi.init()?;
            svi.step(&mut state)?;
            for (s, x) in sum.iter_mut().zip(numbers(state.param("loc")?)?) {
                *s -= x / steps as f64;
            }
        }
        Ok(sum)
    };
    for execution in executions() {
        assert_close(&gradient(1, 256, execution)?, &[0.5, -2.0], 4.0 * 2.0 / 16.0);
        assert_close(&gradient(16, 16, execution)?, &[0.5, -2.0], 4.0 * 2.0 / 16.0);
    }
    Ok(())
}

#[model]
fn mixed(x: Tensor<1>, counts: Tensor<1>) {
    let rate = sample!("rate", Gamma::new(2.0, 1.5));
    let share = sample!("share", Beta::new(2.0, 3.0));
    let weights = sample!("weights", Dirichlet::new([1.5, 2.0, 2.5]));
    let scale = sample!("scale", HalfCauchy::new(1.0));
    let df = sample!("df", LogNormal::new(1.0, 0.3));
    factor!("tilt", (weights * Tensor::<1>::from_floats([0.3, -0.2, 0.5], &device!()).cast(FloatDType::F64)).sum());
    plate!("n", 3, {
        observe!("x", StudentT::new(df, share, scale), x);
        observe!("counts", Poisson::new(rate), counts);
    });
}

#[guide(model = mixed)]
fn mixed_guide() {
    let rate = param!("rate", [2.0], support::Positive);
    sample!("rate", Gamma::new(param!("shape", [3.0], support::Positive), rate));
    sample!("share", Beta::new(param!("a", [2.0], support::Positive), param!("b", [1.0], support::Positive)));
    sample!("weights", Dirichlet::new(param!("alpha", [2.0, 1.0, 0.7], support::Positive)));
    sample!("scale", LogNormal::new(param!("scale.loc", [0.1]), param!("scale.scale", [0.4], support::Positive)));
    sample!("df", LogNormal::new(param!("df.loc", [1.0]), 0.3));
}

#[test]
fn the_gradient_of_a_step_is_the_central_difference_of_the_elbo_at_the_same_noise() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    // Gamma, Beta and Dirichlet draws come from a rejection sampler, so their draws at neighbouring parameters are not
    // neighbours: the difference is taken for the parameters of the log-normals, whose draws are smooth in them.
    let device = device()?;
    let model = mixed(vector([0.3, -1.0, 2.2])?, vector([1.0, 0.0, 4.0])?);
    let parameters = [("scale.loc", 0.1), ("df.loc", 1.0)];
    for ((name, start), execution) in parameters.into_iter().flat_map(|parameter| executions().map(|execution| (parameter, execution))) {
        let h = 1e-5;
        let at = |shift: f64| -> Result<f64> {
            let guide = handler::substitute(mixed_guide(), [(name, Tensor::<1>::from_data([start + shift], (&device, DType::F64)))]);
            let svi = Svi::new(&model, guide).dtype(FloatDType::F64).seed(2).execution(execution);
            let mut state = svi.init()?;
            svi.step(&mut state)
        };
        let difference = (at(h)? - at(-h)?) / (2.0 * h);
        let svi = Svi::new(&model, mixed_guide())
            .objective(Pathwise)
            .optimizer(Sgd::new(1.0))
            .dtype(FloatDType::F64)
            .seed(2)
            .execution(execution);
        let mut state = svi.init()?;
        svi.step(&mut state)?;
        let gradient = numbers(state.param(name)?)?[0] - start;
        assert!((gradient - difference).abs() < 1e-6 * difference.abs().max(1.0), "{name}: {gradient} against {difference}");
    }
    Ok(())
}
