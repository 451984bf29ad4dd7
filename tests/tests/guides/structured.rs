//! Structured guides: a tree of normal sites is held exactly, and each dependence is what closed forms say.

use tests::{assert_close, numbers};
use vi_runtime::Guide;
use vi_runtime::prelude::*;

use super::linear_gaussian::{double, exact_elbo};

/// `a` above `b` and `c`, `b` above `d`.
#[model]
fn tree(y: Tensor<1>) {
    let a = sample!("a", Normal::new([0.5, -1.0], [1.0, 2.0]));
    let (first, second) = (a.clone().narrow(0, 0, 1), a.narrow(0, 1, 1));
    let middle = Tensor::cat(vec![first.clone() + second.clone() * 0.5, first.clone() * -0.3 + second.clone() * 0.8 + 1.0], 0);
    let b = sample!("b", Normal::new(middle, 0.7));
    let c = sample!("c", Normal::new(first * 1.5 - second, 0.5));
    let d = sample!("d", Normal::new(b.clone().narrow(0, 0, 1) + b.clone().narrow(0, 1, 1) * 2.0, 1.2));
    observe!("y_b", Normal::new(b, [1.0, 0.5]), y.clone().narrow(0, 0, 2));
    observe!("y_c", Normal::new(c, 0.4), y.clone().narrow(0, 2, 1));
    observe!("y_d", Normal::new(d, 0.8), y.narrow(0, 3, 1));
}

/// From the joint normal density of all sites and data.
const EVIDENCE: f64 = -7.881_953_764_214;
const MEAN_FIELD: f64 = -8.719_954_211_169;
const MEAN: [f64; 6] =
    [0.546_126_042_719, -0.987_545_088_372, -0.146_951_242_936, 0.461_319_059_281, 1.924_579_181_444, -0.453_634_807_500];
const SD: [f64; 6] = [0.485_441_332_919, 0.660_475_295_149, 0.687_462_740_784, 0.370_990_264_532, 0.386_643_141_078, 0.728_590_387_834];

fn model() -> Result<impl Program + Clone> {
    Ok(tree(double(vec![0.3, 1.1, 2.0, -1.0], [4])?))
}

fn whole() -> AutoStructured {
    let guide = AutoStructured::new().conditional("a", Conditional::MultivariateNormal).conditional("b", Conditional::MultivariateNormal);
    guide.depends("b", ["a"]).depends("c", ["a"]).depends("d", ["b"])
}

fn fitted<M: Program + Clone, G: Guide<M>>(model: &M, guide: G, execution: Execution, steps: u64) -> Result<Fit<M, G::Program>> {
    let optimizer = Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps });
    Svi::new(model, guide).dtype(FloatDType::F64).optimizer(optimizer).steps(steps).particles(8).execution(execution).run()
}

fn elbo(found: &vi_runtime::guide::Gaussian) -> Result<f64> {
    let sites = [("a", 2), ("b", 2), ("c", 1), ("d", 1)].map(|(name, size)| (name.to_owned(), vec![size]));
    exact_elbo(&model()?, &sites, found)
}

#[test]
fn a_tree_reaches_its_evidence() -> Result<()> {
    for (execution, steps) in [(Execution::Eager, 1_000), (Execution::Compiled, 6_000)] {
        let gaussian = fitted(&model()?, whole(), execution, steps)?.gaussian()?.unwrap();
        let found = elbo(&gaussian)?;
        assert!(found <= EVIDENCE + 1e-9 && found > EVIDENCE - 1e-3, "{execution:?}: {found}, evidence {EVIDENCE}");
        assert_close(&gaussian.loc, &MEAN, 0.02);
        assert_close(&gaussian.sd(), &SD, 0.02);
    }
    Ok(())
}

/// In the units of a start that it looks for, with rates of its own choice.
#[test]
fn a_tree_for_which_nothing_is_chosen() -> Result<()> {
    let gaussian = Svi::new(&model()?, whole()).dtype(FloatDType::F64).run()?.gaussian()?.unwrap();
    let found = elbo(&gaussian)?;
    assert!(found <= EVIDENCE + 1e-9 && found > EVIDENCE - 1e-3, "{found}, evidence {EVIDENCE}");
    Ok(())
}

/// Without dependences it is the factorised guide, whose best bound is less by `½ (Σ ln Λᵢᵢ − ln |Λ|)`.
#[test]
fn independent_sites_reach_the_factorised_bound() -> Result<()> {
    let found = elbo(&fitted(&model()?, AutoStructured::new(), Execution::Compiled, 8_000)?.gaussian()?.unwrap())?;
    assert!(found <= MEAN_FIELD + 1e-9 && found > MEAN_FIELD - 2e-3, "{found}, bound {MEAN_FIELD}");
    Ok(())
}

/// The posterior mode of `b` and `d` given `a`, over the distribution of `a`: for a linear model the means are those of the posterior.
#[test]
fn points_are_maximised_over() -> Result<()> {
    let guide = AutoStructured::new().otherwise(Conditional::Delta).conditional("a", Conditional::MultivariateNormal);
    let guide = guide.depends("b", ["a"]).depends("c", ["a"]).depends("d", ["a"]);
    let fit = fitted(&model()?, guide, Execution::Compiled, 4_000)?;
    let gaussian = fit.gaussian()?.unwrap();
    // Maximised over the others, the density of `a` has the same mean and covariance as with the others integrated out.
    assert_close(&gaussian.loc, &MEAN, 0.02);
    assert_close(&gaussian.sd()[..2], &SD[..2], 0.01);
    assert_eq!(numbers(fit.median()?["c"].clone())?, [gaussian.loc[4]]);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let model = model()?;
    let refused = |guide: AutoStructured| Svi::new(&model, guide).steps(1).run().map(drop).unwrap_err().to_string();
    for (guide, parts) in [
        (AutoStructured::new().depends("a", ["b"]), ["`a`", "`b` after"]),
        (AutoStructured::new().depends("d", ["e"]), ["`e`", "`a`, `b`, `c`, `d`"]),
        (AutoStructured::new().conditional("z", Conditional::Normal), ["`z`", "`a`, `b`, `c`, `d`"]),
        (AutoStructured::new().depends("d", ["b", "b"]), ["`d`", "`b` is named twice"]),
        (AutoStructured::new().conditional("a", Conditional::Delta).depends("b", ["a"]), ["`b`", "`a` is a point"]),
    ] {
        let message = refused(guide);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    Ok(())
}
