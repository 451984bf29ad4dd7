//! Flows as coordinates: the log joint changes by the determinant alone, and the posterior stays what it is.

use tests::numbers;
use vi_runtime::guide::{JointProgram, Warp};
use vi_runtime::posterior::LogDensity;
use vi_runtime::prelude::*;

use super::flows::{funnel, trained};
use super::linear_gaussian::double;
use super::mixed::model;

const SITES: [&str; 4] = ["a", "b", "c", "d"];

/// `log p(ε) = log p(x(ε)) + ln |det ∂x/∂ε|`, of which the guide's density knows the determinant: `log q(x) = log N(ε) − ln |det ∂x/∂ε|`.
fn changes_by_the_determinant<M: Program + Clone, F: Warp>(model: &M, fit: &Fit<M, JointProgram<F>>, within: f64) -> Result<()> {
    let warped = NeuTra::new(fit)?.reparam(model.clone());
    for shift in [0.0, 0.7, -1.3] {
        let base: Vec<f64> = (0..6).map(|i| shift + 0.3 * f64::from(i) - 0.6).collect();
        let normal: f64 = base.iter().map(|e| -0.5 * (e * e + std::f64::consts::TAU.ln())).sum();
        let base = double(base, [6])?;
        let placed = handler::substitute(warped.clone(), [("auto.base", base.clone())]);
        let (_, trace) = Run::for_program(&placed, 0)?.trace(&placed)?;
        let values = SITES.map(|site| Ok((site, trace.value(site)?.clone()))).into_iter().collect::<Result<Vec<_>>>()?;
        let found = log_joint(&warped, [("auto.base", base)])?;
        let expected = log_joint(model, values.clone())? + normal - fit.log_density(values)?;
        assert!((found - expected).abs() < within * expected.abs().max(1.0), "{found}, expected {expected}");
    }
    Ok(())
}

#[test]
fn the_log_joint_changes_by_the_determinant() -> Result<()> {
    let model = model()?;
    changes_by_the_determinant(&model, &trained(&model, AutoIAF::new(), 60, 0.02, 2)?, 1e-10)?;
    changes_by_the_determinant(&model, &trained(&model, AutoNeuralSpline::new(), 60, 0.02, 2)?, 1e-10)?;
    changes_by_the_determinant(&model, &trained(&model, AutoBNAF::new(), 60, 0.02, 2)?, 1e-10)?;
    let factor = (0..36).map(|k| if k % 6 == k / 6 { 0.5 } else { 0.1 }).collect();
    let start = Start { loc: vec![0.1; 6], factor: vi_runtime::guide::Factor::LowerTriangular(factor) };
    changes_by_the_determinant(&model, &trained(&model, AutoIAF::new().start(start), 20, 0.02, 2)?, 1e-10)
}

/// A fresh flow of scale 1 around 0 is the identity: the log joint is the log density in unconstrained space.
#[test]
fn the_identity_changes_nothing() -> Result<()> {
    let model = model()?;
    let identity = trained(&model, AutoIAF::new().init(Init::Feasible).init_scale(1.0), 0, 0.01, 1)?;
    let warped = NeuTra::new(&identity)?.reparam(model.clone());
    let (plain, moved) = (LogDensity::new(&model)?, LogDensity::new(&warped)?);
    assert_eq!(moved.executed().to_string(), plain.executed().to_string());
    let (mut gradient, mut other) = ([0.0; 6], [0.0; 6]);
    for shift in [0.0, 0.4, -0.9] {
        let x: Vec<f64> = (0..6).map(|i| shift + 0.2 * f64::from(i) - 0.5).collect();
        let expected = plain.log_density_and_gradient(&x, &mut gradient)?;
        assert!((log_joint(&warped, [("auto.base", double(x.clone(), [6])?)])? - expected).abs() < 1e-10);
        assert!((moved.log_density_and_gradient(&x, &mut other)? - expected).abs() < 1e-10);
        tests::assert_close(&other, &gradient, 1e-10);
    }
    Ok(())
}

/// The funnel has evidence 1. What a flow has learnt of it leaves less to a factorised normal than the model does.
#[test]
fn a_mean_field_guide_follows_where_a_flow_has_been() -> Result<()> {
    let flow = trained(&funnel(), AutoIAF::new(), 2_000, 0.01, 16)?;
    let warped = NeuTra::new(&flow)?.reparam(funnel());
    for execution in tests::executions() {
        let steps = if execution == Execution::Eager { 60 } else { 2_000 };
        let fit = Svi::new(&warped, AutoNormal::new().init_scale(1.0))
            .dtype(FloatDType::F64)
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.01, last: 1e-4, steps }))
            .steps(steps)
            .particles(8)
            .execution(execution)
            .run()?;
        let (before, elbo) = (flow.elbo_from(4_000)?, fit.elbo_from(4_000)?);
        let error = before.standard_error.hypot(elbo.standard_error);
        assert!(elbo.value > before.value - 4.5 * error && elbo.value < 4.5 * elbo.standard_error, "{elbo}, the flow's {before}");
        assert_eq!(fit.param_names(), ["auto.auto.base.loc", "auto.auto.base.scale"]);
        let draws = fit.posterior(2)?;
        assert_eq!((draws.x.tensor::<2>()?.dims(), draws.v.tensor::<2>()?.dims()), ([2, 2], [2, 1]));
    }
    Ok(())
}

#[test]
fn a_program_without_a_site_of_the_flow_is_refused() -> Result<()> {
    #[model]
    fn other() {
        sample!("v", Normal::new(0.0, 1.0));
        sample!("z", Normal::new(0.0, 1.0));
    }
    let flow = trained(&funnel(), AutoIAF::new(), 1, 0.01, 1)?;
    let warped = NeuTra::new(&flow)?.reparam(other());
    let message = Svi::new(&warped, AutoNormal::new()).steps(1).run().map(drop).unwrap_err().to_string();
    assert!(message.contains("`x`") && message.contains("`v`, `z`"), "{message}");
    assert_eq!(numbers(flow.param("auto.loc")?)?.len(), 3);
    Ok(())
}
