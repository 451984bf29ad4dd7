//! Bounds of several samples: against quadrature, long runs and each other.

use tests::{executions, has_f64, vector};
use vi_runtime::objective::Objective;
use vi_runtime::prelude::*;

use super::Estimates;

#[model]
fn one_point(x: Tensor<1>) {
    let z = sample!("z", Normal::new(0.0, 1.0));
    observe!("x", Normal::new(z, 1.0), x);
}

#[guide]
fn normal(loc: f64, scale: f64) {
    sample!("z", Normal::new(param!("loc", [loc]), param!("scale", [scale], support::Positive)));
}

fn estimates<O: Objective + Clone + 'static>(objective: &O, particles: usize, seeds: u64, execution: Execution) -> Result<Estimates> {
    Estimates::of(&one_point(vector([-0.36])?), &normal(0.347, 0.9), objective, particles, seeds, execution)
}

/// Order, then the bound of two samples and its derivatives in location and log scale: Gauss–Hermite in two dimensions, 160 nodes
/// each, and central differences of fourth order.
const OF_TWO: [(f64, [f64; 3]); 3] = [
    (0.0, [-1.431503568137391, -0.46476263833879666, -0.07222205466672627]),
    (0.5, [-1.519490612179511, -0.6824743865245045, -0.23682302061067692]),
    (2.0, [-1.8573525295876054, -1.6432373616589075, -1.1677779453337735]),
];

#[test]
fn bounds_of_two_samples_and_their_gradients() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    for execution in executions() {
        let (particles, seeds) = if execution == Execution::Compiled { (2000, 25) } else { (20, 25) };
        let (_, expected) = OF_TWO[0];
        estimates(&Iwae::new(2), particles, seeds, execution)?.assert_mean("Iwae", &expected, 1e-6);
        estimates(&Dreg::new(2), particles, seeds, execution)?.assert_mean("Dreg", &expected, 1e-6);
        for (alpha, expected) in OF_TWO {
            estimates(&Renyi::new(alpha, 2), particles, seeds, execution)?.assert_mean(&format!("Renyi({alpha})"), &expected, 1e-6);
        }
    }
    Ok(())
}

/// `one_point` in the coordinate `w = eᶻ`.
#[model]
fn one_positive_point(x: Tensor<1>) {
    let w = sample!("w", LogNormal::new(0.0, 1.0));
    observe!("x", Normal::new(w.log(), 1.0), x);
}

/// A joint guide draws `z` and computes `w`, whose density follows that draw and has no score of its own.
#[test]
fn a_site_that_follows_the_draw_of_another_changes_no_gradient() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let (model, guide) =
        (one_positive_point(vector([-0.36])?), AutoDiagonalNormal::new().init(Init::values([("w", [0.347_f64.exp()])])).init_scale(0.9));
    for execution in executions() {
        let (particles, seeds) = if execution == Execution::Compiled { (2000, 25) } else { (20, 25) };
        let (_, expected) = OF_TWO[0];
        let found = Estimates::of(&model, &guide, &Dreg::new(2), particles, seeds, execution)?;
        found.assert_mean("Dreg of a joint guide", &expected, 1e-6);
    }
    Ok(())
}

#[test]
fn the_bound_rises_with_the_samples_to_the_evidence() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    // Four million antithetic draws with control variates; the standard error beside.
    let known = [
        (1, -1.644428048862499, 0.0),
        (5, -1.3415645720915061, 4.1e-5),
        (10, -1.3184204908995991, 1.9e-5),
        (50, -1.3018233276747577, 4.1e-6),
    ];
    let evidence = -1.2979121234846454;
    let mut last = f64::NEG_INFINITY;
    for (samples, bound, error) in known {
        let found = estimates(&Iwae::new(samples), 40_000 / samples, 20, Execution::Compiled)?;
        let standard_error = (found.variance(0) / 20.0).sqrt();
        let mean = found.mean(0);
        assert!((mean - bound).abs() <= 4.0 * (standard_error + error), "{samples} samples: {mean} ± {standard_error}, expected {bound}");
        assert!(last < mean && mean < evidence, "{samples} samples: {mean} is not between {last} and {evidence}");
        last = mean;
    }
    Ok(())
}

/// Latents that say nothing about the data, drawn from their prior: every weight is `0.6¹⁰⁰`.
#[model]
fn heads(y: Tensor<1>, size: usize) {
    let chance = 0.6;
    sample!("z", Normal::new(0.0, 1.0));
    plate!("n", 100, subsample = size, |units| { observe!("y", Bernoulli::new(chance), y.clone().select(0, units)) });
}

#[guide]
fn prior() {
    sample!("z", Normal::new(param!("loc", [0.0]), 1.0));
}

#[test]
fn weights_that_are_all_alike_give_renyis_bound_exactly() -> Result<()> {
    for execution in executions() {
        for size in [100, 20] {
            let y = Tensor::<1>::ones([100], &tests::device()?);
            let svi = Svi::new(&heads(y, size), prior()).objective(Renyi::new(0.5, 3)).particles(2).execution(execution);
            let bound = svi.step(&mut svi.init()?)?;
            assert!((bound + 51.0825624).abs() < 2e-5, "{bound} with {size} of 100, {execution:?}");
        }
    }
    Ok(())
}

fn message<T>(result: Result<T>) -> String {
    result.err().map_or_else(String::new, |error| error.to_string())
}

#[test]
fn what_an_objective_cannot_do_is_said() -> Result<()> {
    let model = one_point(vector([-0.36])?);
    let svi = || Svi::new(&model, normal(0.3, 0.9)).steps(1);
    assert!(message(svi().objective(Renyi::new(1.0, 2)).run()).contains("order 1 is the ELBO"));
    assert!(message(svi().objective(Iwae::new(0)).run()).contains("samples of Iwae: 0"));
    assert!(message(svi().objective(Vimco::new(1)).run()).contains("at least 2"));
    assert!(message(svi().objective(TailAdaptive::new(3).beta(1.0)).run()).contains("beta of TailAdaptive: 1"));
    let wide = Svi::new(&model, moving_bounds()).objective(Dreg::new(2)).steps(1).run();
    let wide = message(wide);
    assert!(wide.contains("site `z` (Uniform)") && wide.contains("score"), "{wide}");
    Ok(())
}

#[guide]
fn moving_bounds() {
    let end = param!("end", [1.0], support::Positive);
    sample!("z", Uniform::new(-1.0, end));
}
