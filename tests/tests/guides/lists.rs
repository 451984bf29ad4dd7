//! A guide for each group of sites.

use tests::{assert_close, numbers};
use vi_runtime::guide::Factor;
use vi_runtime::prelude::*;

use super::linear_gaussian::double;

/// `a` and `b` are correlated in the posterior, `c` is apart from them.
#[model]
fn groups(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let c = sample!("c", Normal::new(2.0, 0.5));
    let b = sample!("b", Normal::new(a.clone(), 1.0));
    observe!("y", Normal::new(a + b, 1.0), y);
    factor!("pull", (c - 1.0).square() * -2.0);
}

/// The posterior of (a, b) has the precision [[3, 0], [0, 2]] − [[0, 0], [0, 0]] + …: from a² /2 + (b − a)²/2 + (y − a − b)²/2 it is
/// [[3, 0], [0, 2]], and its mean for y = 3 is (1, 3/2). `c` has precision 4 + 4 and mean 3/2.
#[test]
fn each_group_finds_its_part_of_the_posterior() -> Result<()> {
    for execution in tests::executions() {
        let guide = GuideList::new().group(["c"], AutoDiagonalNormal::new()).rest(AutoMultivariateNormal::new());
        let fit = Svi::new(&groups(double(vec![3.0], [1])?), guide)
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps: 2_000 }))
            .steps(2_000)
            .particles(4)
            .execution(execution)
            .run()?;
        let found = fit.gaussian()?.unwrap();
        // In the order of the model: a, c, b.
        assert_close(&found.loc, &[1.0, 1.5, 1.5], 2e-3);
        assert_close(&found.sd(), &[3.0_f64.sqrt().recip(), 8.0_f64.sqrt().recip(), 0.5_f64.sqrt()], 2e-3);
        assert_close(&numbers(fit.param("auto.0.loc")?)?, &[1.5], 2e-3);
        // log q of independent normals at their means.
        let expected = -(3.0 * std::f64::consts::TAU.ln()) / 2.0 + (3.0_f64 * 8.0 * 2.0).ln() / 2.0;
        let values = [("a", 1.0), ("b", 1.5), ("c", 1.5)].map(|(name, x)| Ok((name, double(vec![x], [1])?)));
        let values = values.into_iter().collect::<Result<Vec<_>>>()?;
        assert!((fit.log_density(values)? - expected).abs() < 0.02);
    }
    Ok(())
}

#[test]
fn each_group_has_its_own_start() -> Result<()> {
    let guide = GuideList::new()
        .group(["c"], AutoNormal::new().init(Init::values([("c", vec![7.0])])))
        .group(["b"], AutoDiagonalNormal::new().start(vi_runtime::guide::Start { loc: vec![4.0], factor: Factor::Diagonal(vec![2.0]) }))
        .rest(AutoDelta::new().init(Init::Feasible));
    let fit = Svi::new(&groups(double(vec![3.0], [1])?), guide).steps(0).run()?;
    assert_eq!(numbers(fit.param("auto.0.c.loc")?)?, [7.0]);
    assert_eq!(numbers(fit.param("auto.2.a.value")?)?, [0.0]);
    assert_close(&numbers(fit.median()?["c"].clone())?, &[7.0], 0.01);
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let model = groups(double(vec![3.0], [1])?);
    let refused = |guide: GuideList| Svi::new(&model, guide).steps(1).run().map(drop).unwrap_err().to_string();
    let normal = AutoNormal::new;
    for (guide, parts) in [
        (GuideList::new().group(["a", "x"], normal()).rest(normal()), ["`x`", "`a`, `c`, `b`"]),
        (GuideList::new().group(["a", "b"], normal()), ["no group", "`c`"]),
        (GuideList::new().group(["a"], normal()).group(["a"], normal()).rest(normal()), ["two groups", "`a`"]),
        (GuideList::new().rest(normal()).rest(normal()), ["two guides", "rest"]),
    ] {
        let message = refused(guide);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    Ok(())
}
