//! Sites in other coordinates: the log joint changes by the Jacobian alone, and a guide sees an easier posterior.

use std::rc::Rc;

use tests::{executions, numbers};
use vi_runtime::bijector::Exp;
use vi_runtime::burn::tensor::TensorData;
use vi_runtime::prelude::handler::{Centredness, Reparam, reparam};
use vi_runtime::prelude::*;

fn double<const N: usize>(numbers: [f64; N]) -> Result<Tensor<1>> {
    Ok(Tensor::from_data(TensorData::from(numbers), (&tests::device()?, FloatDType::F64.into())))
}

#[model]
fn families(y: Tensor<1>) {
    let m = sample!("m", Normal::new(0.3, 1.0));
    let s = sample!("s", Normal::new(0.0, 1.0).transformed(Rc::new(Exp)));
    let normal = sample!("normal", Normal::new(&m, &s).expand([2]));
    let student = sample!("student", StudentT::new(4.0, &m, &s));
    let logistic = sample!("logistic", Logistic::new(&m, &s));
    let other = sample!("gumbel", Gumbel::new(&m, &s));
    let laplace = sample!("laplace", Laplace::new(&m, &s).independent(1));
    let cauchy = sample!("cauchy", Cauchy::new(&m, &s));
    observe!("y", Normal::new(normal + student + logistic + other + laplace + cauchy, 1.0), y);
}

const FAMILIES: [&str; 6] = ["normal", "student", "logistic", "gumbel", "laplace", "cauchy"];

/// `x = loc + scale^(1 − c) (y − c loc)` changes the log joint by `(1 − c) ln scale` for each element.
#[test]
fn location_and_scale() -> Result<()> {
    let model = families(double([0.7, -0.2])?);
    let (m, s) = (0.4_f64, 0.6_f64);
    for c in [0.0, 0.3, 1.0] {
        let moved = reparam(model.clone(), FAMILIES.map(|name| (name, Reparam::LocScale(Centredness::At(c)))));
        let mut plain: Vec<(String, AnyTensor)> = vec![("m".into(), double([m])?.into()), ("s".into(), double([s])?.into())];
        let mut other = plain.clone();
        for (i, name) in FAMILIES.into_iter().enumerate() {
            let y = [0.3 + 0.2 * i as f64, -0.8 + 0.1 * i as f64];
            let x = y.map(|y| m + s.powf(1.0 - c) * (y - c * m));
            let (x, y) = if name == "normal" { (double(x)?, double(y)?) } else { (double([x[0]])?, double([y[0]])?) };
            plain.push((name.to_owned(), x.into()));
            other.push((format!("{name}.decentred"), y.into()));
        }
        let (expected, found) = (log_joint(&model, plain)?, log_joint(&moved, other)?);
        let jacobian = 7.0 * (1.0 - c) * s.ln();
        assert!((found - expected - jacobian).abs() < 1e-10 * expected.abs(), "c = {c}: {found}, expected {}", expected + jacobian);
    }
    Ok(())
}

#[model]
fn others(mean: Tensor<1>) {
    sample!("scale", Normal::new(0.5, 2.0).transformed(Rc::new(Exp)));
    sample!("angle", VonMises::new(mean, 3.0));
    sample!("walk", MultivariateNormal::new([0.1, 0.2, 0.3], [[1.0, 0.0, 0.0], [0.9, 0.5, 0.0], [0.8, 0.4, 0.3]]));
    sample!("series", Normal::new([0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 0.5, 1.0]));
}

#[test]
fn before_a_transform_around_the_circle_and_in_another_basis() -> Result<()> {
    let model = others(double([1.0])?);
    let strategies = [("scale", Reparam::Transform), ("angle", Reparam::Circular), ("walk", Reparam::DCT), ("series", Reparam::Haar)];
    let moved = reparam(model.clone(), strategies);
    let plain = [
        ("scale", double([0.7_f64.exp()])?),
        ("angle", double([-2.0])?),
        ("walk", double([1.0, 2.0, 3.0])?),
        ("series", double([1.0, 3.0, 2.0, 2.0])?),
    ];
    let expected = log_joint(&model, plain)?;
    let root = 2.0_f64.sqrt();
    for turns in [-1.0, 0.0, 3.0] {
        let values = [
            ("scale.base", double([0.7])?),
            ("angle.unwrapped", double([-2.0 + turns * std::f64::consts::TAU])?),
            // scipy.fft.dct([1, 2, 3], norm="ortho")
            ("walk.dct", double([12.0_f64.sqrt(), -root, 0.0])?),
            // Sums and differences of neighbours over √2: (4, 4; −2, 0)/√2, then (4, 0) of the sums.
            ("series.haar", double([4.0, 0.0, -root, 0.0])?),
        ];
        let found = log_joint(&moved, values)?;
        assert!((found - expected - 0.7).abs() < 1e-10, "{turns} turns: {found}, expected {}", expected + 0.7);
    }
    Ok(())
}

/// Neal's funnel has evidence 1. In the non-centred coordinates it is a product of normals, which a mean-field guide holds.
#[model]
fn funnel() {
    let v = sample!("v", Normal::new(0.0, 3.0));
    plate!("n", 4, { sample!("x", Normal::new(0.0, (v * 0.5).exp()).expand([4])) });
}

#[test]
fn a_mean_field_guide_holds_the_funnel_where_it_is_not_centred() -> Result<()> {
    for execution in executions() {
        for how in [Reparam::non_centred(), Reparam::learned()] {
            let model = reparam(funnel(), [("x", how)]);
            let fit = Svi::new(&model, AutoNormal::new())
                .dtype(FloatDType::F64)
                .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps: 4_000 }))
                .steps(4_000)
                .particles(4)
                .execution(execution)
                .run()?;
            let elbo = fit.elbo_from(500)?;
            // The learnt centredness approaches 0, its end, as a logistic function does.
            let gap = if how == Reparam::non_centred() { 1e-3 } else { 0.05 };
            assert!(elbo.value.abs() < gap + 4.5 * elbo.standard_error && elbo.standard_error < 0.05, "{how:?}: {elbo}");
            if how == Reparam::learned() {
                let centred = numbers(fit.param("x.centred")?)?;
                assert!(centred.iter().all(|c| *c < 0.05), "{centred:?}");
            }
            // The value of the statement is there under its own name.
            let draws = fit.posterior(2)?;
            assert_eq!(draws.x.tensor::<2>()?.dims(), [2, 4]);
        }
    }
    Ok(())
}

#[model]
fn twice() {
    submodel!("left", funnel());
    submodel!("right", funnel());
}

#[test]
fn names_have_the_prefix_of_a_submodel() -> Result<()> {
    #[model]
    fn outer(inner: f64) {
        let scale = sample!("scale", HalfNormal::new(inner));
        sample!("y", Normal::new(0.0, scale));
    }
    let model = handler::scope(reparam(outer(1.0), [("y", Reparam::learned())]), "part");
    let fit = Svi::new(&model, AutoNormal::new()).steps(3).run()?;
    let expected =
        ["auto.part.scale.loc", "auto.part.scale.scale", "auto.part.y.decentred.loc", "auto.part.y.decentred.scale", "part.y.centred"];
    let mut found = fit.param_names();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(fit.draws(3)?.names().collect::<Vec<_>>(), ["part.scale", "part.y.decentred", "part.y"]);
    let both = reparam(twice(), [("left.x", Reparam::non_centred())]);
    let fit = Svi::new(&both, AutoNormal::new()).steps(1).run()?;
    let names: Vec<String> = fit.draws(1)?.names().map(str::to_owned).collect();
    assert_eq!(names, ["left.v", "left.x.decentred", "left.x", "right.v", "right.x"]);
    Ok(())
}

#[test]
fn an_observed_site_stays_as_it_is() -> Result<()> {
    let model = reparam(handler::condition(funnel(), [("v", double([0.5])?)]), [("v", Reparam::non_centred())]);
    let (_, trace) = Run::for_program(&model, 0)?.trace(&model)?;
    assert!(trace.get("v").is_some() && trace.get("v.decentred").is_none());
    Ok(())
}

#[test]
fn what_has_no_such_coordinates_is_refused() -> Result<()> {
    let refused = |name: &str, how: Reparam| {
        let model = reparam(others(double([1.0]).unwrap()), [(name, how)]);
        Svi::new(&model, AutoNormal::new()).steps(1).run().map(drop).unwrap_err().to_string()
    };
    for (name, how, parts) in [
        ("waves", Reparam::DCT, ["`waves`", "`scale`, `angle`, `walk`, `series`"]),
        ("scale", Reparam::non_centred(), ["`scale`", "location-scale"]),
        ("angle", Reparam::Transform, ["VonMises", "not a transformed"]),
        ("walk", Reparam::Circular, ["`walk`", "angles"]),
        ("scale", Reparam::Haar, ["`scale`", "(0, inf)"]),
        ("series", Reparam::LocScale(Centredness::At(1.5)), ["`series`", "1.5"]),
    ] {
        let message = refused(name, how);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    let model = reparam(funnel(), [("x", Reparam::Haar)]);
    let message = Svi::new(&model, AutoNormal::new()).steps(1).run().map(drop).unwrap_err().to_string();
    assert!(message.contains("plate `n`"), "{message}");
    Ok(())
}
