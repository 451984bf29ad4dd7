//! Flows where a normal guide cannot follow: a banana and a funnel, whose evidence is 1.

use vi_runtime::guide::Guide;
use vi_runtime::prelude::*;

/// `y` lies along a parabola of `x`.
#[model]
pub fn banana() {
    let x = sample!("x", Normal::new(0.0, 1.0));
    sample!("y", Normal::new(x.square() - 1.0, 0.5));
}

/// Neal's funnel (Neal 2003) in three dimensions.
#[model]
pub fn funnel() {
    let v = sample!("v", Normal::new(0.0, 3.0));
    sample!("x", Normal::new(0.0, (v * 0.5).exp()).expand([2]));
}

pub fn trained<M: Program + Clone, G: Guide<M>>(
    model: &M,
    guide: G,
    steps: u64,
    rate: f64,
    particles: usize,
) -> Result<Fit<M, G::Program>> {
    Svi::new(model, guide)
        .dtype(FloatDType::F64)
        .optimizer(Adam::new(Schedule::Cosine { initial: rate, last: rate / 100.0, steps }))
        .steps(steps)
        .particles(particles)
        .seed(3)
        .run()
}

/// A normal guide reaches its best bound, the flow goes beyond it to within .05 of the evidence.
fn beyond<M: Program + Clone>(model: &M, best: f64, found: &[(&str, Elbo)]) -> Result<()> {
    let normal = trained(model, AutoMultivariateNormal::new(), 4_000, 0.03, 32)?.elbo_from(4_000)?;
    assert!((normal.value - best).abs() < 4.5 * normal.standard_error + 2e-3, "{normal}, the best is {best}");
    for (flow, elbo) in found {
        assert!(elbo.value > -0.05 && elbo.value < 4.5 * elbo.standard_error && elbo.standard_error < 0.01, "{flow}: {elbo}");
    }
    Ok(())
}

/// The best normal guide has independent elements, `x` of variance `v` with `16 v² + v = 1`, and `y` of variance ¼: its bound is
/// `½ − ½ v − 4 v² + ½ ln v` (checked by BFGS over all normal guides).
#[test]
fn a_banana() -> Result<()> {
    let v = (65.0_f64.sqrt() - 1.0) / 32.0;
    let best = 0.5 - 0.5 * v - 4.0 * v * v + 0.5 * v.ln();
    let model = banana();
    let found = [
        ("IAF", trained(&model, AutoIAF::new(), 10_000, 0.01, 16)?.elbo_from(4_000)?),
        ("spline", trained(&model, AutoNeuralSpline::new().spline(8, 6.0), 10_000, 0.005, 16)?.elbo_from(4_000)?),
        ("BNAF", trained(&model, AutoBNAF::new(), 15_000, 0.01, 16)?.elbo_from(4_000)?),
    ];
    beyond(&model, best, &found)
}

/// The bound of the best normal guide of a funnel with `n` elements beside `v ~ N(0, σ²)` is `−½ ln (1 + n σ²/2)` (checked by BFGS over
/// all normal guides).
#[test]
fn a_funnel() -> Result<()> {
    let model = funnel();
    let found = [
        ("IAF", trained(&model, AutoIAF::new(), 10_000, 0.01, 16)?.elbo_from(4_000)?),
        ("spline", trained(&model, AutoNeuralSpline::new().init(Init::Median).spline(8, 6.0), 30_000, 0.005, 32)?.elbo_from(4_000)?),
        ("BNAF", trained(&model, AutoBNAF::new().layers(1).hidden(2, 8), 100_000, 0.01, 16)?.elbo_from(4_000)?),
    ];
    beyond(&model, -0.5 * 10.0_f64.ln(), &found)
}

#[model]
fn one() {
    sample!("x", Normal::new(0.0, 1.0));
}

#[test]
fn a_spline_flow_of_one_element_is_refused_with_others_that_fit() {
    for execution in tests::executions() {
        let run = Svi::new(&one(), AutoNeuralSpline::new()).execution(execution).steps(1).run();
        let Err(Error::Config { setting, problem }) = run else { panic!("a flow of one element") };
        assert!(setting == "AutoNeuralSpline" && problem.contains("`AutoIAF` or `AutoNormal`"), "{setting}: {problem}");
    }
}
