//! Handlers: each changes exactly what it says, and they compose.

use tests::{assert_close, device, executions, numbers, tolerance, vector};
use vi_runtime::prelude::*;
use vi_runtime::program::{Site, SiteKind};

#[model]
fn chain(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let b = sample!("b", Normal::new(a, 2.0));
    observe!("y", Normal::new(b, 0.5), y);
}

fn trace<P: Program>(program: &P) -> Result<Trace> {
    Ok(Run::for_program(program, 0)?.trace(program)?.1)
}

/// `log N(x | loc, scale)`.
fn normal(x: f64, loc: f64, scale: f64) -> f64 {
    -0.5 * ((x - loc) / scale).powi(2) - scale.ln() - 0.5 * std::f64::consts::TAU.ln()
}

fn log_probs(trace: &Trace) -> Result<Vec<f64>> {
    let mut all = Vec::new();
    for site in trace.sites() {
        if let Some(sum) = site.log_prob_sum()? {
            all.extend(numbers(sum)?);
        }
    }
    Ok(all)
}

#[test]
fn condition_observes_and_substitute_leaves_latent() -> Result<()> {
    let model = chain(vector([1.0])?);
    let conditioned = trace(&handler::condition(model.clone(), [("b", vector([0.7])?)]))?;
    assert_eq!(conditioned.get("b").map(|site| site.kind), Some(SiteKind::Observed));
    let substituted = trace(&handler::substitute(model, [("a", vector([0.3])?), ("b", vector([0.7])?)]))?;
    assert_eq!(substituted.get("b").map(|site| site.kind), Some(SiteKind::Latent));
    let expected = [normal(0.3, 0.0, 1.0), normal(0.7, 0.3, 2.0), normal(1.0, 0.7, 0.5)];
    assert_close(&log_probs(&substituted)?, &expected, tolerance(1e-5));
    Ok(())
}

#[test]
fn intervene_sets_a_value_and_takes_its_density_away() -> Result<()> {
    let model = handler::intervene(handler::substitute(chain(vector([1.0])?), [("a", vector([0.3])?)]), [("b", vector([0.7])?)]);
    let trace = trace(&model)?;
    assert_eq!(trace.get("b").map(|site| site.kind), Some(SiteKind::Intervened));
    assert_close(&log_probs(&trace)?, &[normal(0.3, 0.0, 1.0), normal(1.0, 0.7, 0.5)], tolerance(1e-5));
    Ok(())
}

#[test]
fn replay_repeats_a_trace_under_another_seed() -> Result<()> {
    let model = chain(vector([1.0])?);
    let first = trace(&model)?;
    let (_, again) = Run::for_program(&model, 99)?.trace(&handler::replay(model.clone(), first.clone()))?;
    assert_eq!(log_probs(&first)?, log_probs(&again)?);
    Ok(())
}

#[test]
fn seed_overrides_the_key_of_the_run() -> Result<()> {
    let model = handler::seed(chain(vector([1.0])?), 5);
    let at = |seed: u64| -> Result<Vec<f64>> { log_probs(&Run::for_program(&model, seed)?.trace(&model)?.1) };
    assert_eq!(at(0)?, at(1)?);
    Ok(())
}

#[test]
fn scale_and_mask_change_the_density_alone() -> Result<()> {
    let fixed = || -> Result<_> { Ok(handler::substitute(chain(vector([1.0])?), [("a", vector([0.3])?), ("b", vector([0.7])?)])) };
    let plain = log_probs(&trace(&fixed()?)?)?;
    let scaled = log_probs(&trace(&handler::scale(handler::scale(fixed()?, 2.0), 1.5))?)?;
    assert_close(&scaled, &plain.iter().map(|x| 3.0 * x).collect::<Vec<_>>(), tolerance(1e-5));
    let nothing = Tensor::<1, Bool>::from_bool([false], &device()?);
    assert_eq!(log_probs(&trace(&handler::mask(fixed()?, nothing))?)?, [0.0; 3]);
    Ok(())
}

#[test]
fn block_hides_and_scope_renames() -> Result<()> {
    let model = handler::scope(handler::block(chain(vector([1.0])?), |site: &Site| site.name == "a"), "outer");
    let names: Vec<String> = trace(&model)?.sites().map(|site| site.name.clone()).collect();
    assert_eq!(names, ["outer.b", "outer.y"]);
    // Outside the scope the names carry the prefix, inside they do not.
    let outside = handler::condition(handler::scope(chain(vector([1.0])?), "s"), [("s.b", vector([0.0])?)]);
    assert_eq!(trace(&outside)?.get("s.b").map(|site| site.kind), Some(SiteKind::Observed));
    let inside = handler::scope(handler::condition(chain(vector([1.0])?), [("s.b", vector([0.0])?)]), "s");
    assert_eq!(trace(&inside)?.get("s.b").map(|site| site.kind), Some(SiteKind::Latent));
    Ok(())
}

#[model]
fn with_submodel(y: Tensor<1>) {
    submodel!("left", chain(y.clone()));
    submodel!("right", chain(y));
}

#[guide(model = with_submodel)]
fn with_subguide() {
    submodel!("left", chain_guide());
    submodel!("right", chain_guide());
}

#[guide(model = chain)]
fn chain_guide() {
    let loc = param!("loc", [0.0, 0.0]);
    sample!("a", Normal::new(loc.clone().narrow(0, 0, 1), 0.5));
    sample!("b", Normal::new(loc.narrow(0, 1, 1), 0.5));
}

#[test]
fn submodels_have_their_own_sites_and_parameters() -> Result<()> {
    let model = with_submodel(vector([1.0])?);
    for execution in executions() {
        let fit = Svi::new(&model, with_subguide()).steps(3).execution(execution).run()?;
        assert_eq!(fit.param_names(), ["left.loc", "right.loc"]);
        let draws = fit.draws(2)?;
        assert_eq!(draws.names().collect::<Vec<_>>(), ["left.a", "left.b", "right.a", "right.b"]);
    }
    Ok(())
}

#[test]
fn the_shape_table_of_a_trace() -> Result<()> {
    #[model]
    fn shapes(y: Tensor<1>, keep: Tensor<1, Bool>) {
        let p = sample!("p", Dirichlet::new([1.0, 2.0, 3.0]));
        let total = deterministic!("total", p.sum());
        plate!("n", 10, subsample = 2, { observe!("y", Normal::new(total, 1.0), y, mask = keep) });
    }
    let keep = Tensor::from_bool([true, false], &device()?);
    let model = shapes(vector([1.0, 2.0])?, keep);
    let run = Run::for_program(&model, 0)?.density(false);
    let table = run.trace(&model)?.1.to_string();
    let expected = "\
site   kind              distribution  batch_shape  event_shape  plates     scale  log_prob
p      latent            Dirichlet     []           [3]          -              1         -
total  deterministic     -             [1]          []           -              1         -
y      observed, masked  Normal        [2]          []           n=2 of 10      5         -";
    assert_eq!(table, expected);
    Ok(())
}

#[test]
fn programs_in_one_vec() -> Result<()> {
    let boxed = [chain(vector([1.0])?).boxed(), chain(vector([2.0])?).boxed()];
    let mut evidence = Vec::new();
    for model in &boxed {
        evidence.push(log_joint(model, [("a", vector([0.0])?), ("b", vector([0.0])?)])?);
    }
    assert_close(&[evidence[0] - evidence[1]], &[normal(1.0, 0.0, 0.5) - normal(2.0, 0.0, 0.5)], tolerance(1e-5));
    Ok(())
}

#[test]
fn log_joint_wants_every_latent_site_and_no_other() -> Result<()> {
    let model = chain(vector([1.0])?);
    let missing = log_joint(&model, [("a", vector([0.0])?)]).map_err(|e| e.to_string());
    assert_eq!(missing, Err("there is no given value named `b`; there are `a`".to_owned()));
    let extra = log_joint(&model, [("a", vector([0.0])?), ("b", vector([0.0])?), ("c", vector([0.0])?)]).map_err(|e| e.to_string());
    assert_eq!(extra, Err("there is no latent site named `c`; there are `a`, `b`".to_owned()));
    Ok(())
}
