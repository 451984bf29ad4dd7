//! What the tables do not say of the families with hard tails, of angles and directions, and of relaxations.

use std::f64::consts::PI;

use burn::tensor::{DType, FloatDType, Tensor};
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::{Error, Key, Support};

use super::{burn, has_f64, leaf, numbers, placement, tensor};

fn precision() -> (DType, f64) {
    if has_f64() { (DType::F64, 1e-13) } else { (DType::F32, 1e-5) }
}

/// Masses from −π to each of −3, −1, ½ and 2, to 17 digits by mpmath: the mean turns with the circle.
#[test]
fn the_mass_of_an_arc_begins_at_minus_pi() {
    let cases = [
        (0.0, 1.0, [0.006_569_944_565_743_472, 0.205_644_692_565_316_53, 0.664_076_474_604_993_1, 0.934_240_955_889_983_1]),
        (2.5, 3.0, [0.044_767_589_481_911_244, 0.150_578_586_099_714_45, 0.155_167_542_521_130_05, 0.360_042_348_500_741_85]),
        (-1.0, 0.1, [0.021_427_662_035_430_346, 0.354_040_499_757_199_4, 0.608_654_594_490_598_3, 0.833_693_923_722_430_1]),
        (-20.0, 3.0, [0.001_664_977_435_553_050_2, 0.593_380_350_035_104, 0.986_369_987_168_684_7, 0.995_962_808_601_098]),
    ];
    let (dtype, tolerance) = precision();
    let x = tensor::<1>(&[-3.0, -1.0, 0.5, 2.0], [4], dtype);
    for (loc, concentration, want) in cases {
        let distribution = VonMises::new(loc, concentration);
        for (found, want) in numbers(distribution.cdf(&x)).into_iter().zip(want) {
            assert!((found - want).abs() < tolerance, "{loc} {concentration}: {found} instead of {want}");
        }
        let back = numbers(distribution.icdf(&distribution.cdf(&x)));
        assert!(back.iter().zip(numbers(x.clone())).all(|(back, x)| (back - x).abs() < 1e3 * tolerance), "{back:?}");
    }
    let ends = numbers(VonMises::new(2.5, 3.0).cdf(&tensor(&[-4.0, -PI, PI, 4.0], [4], dtype)));
    assert!(ends[..2].iter().all(|x| x.abs() < tolerance) && ends[2..].iter().all(|x| (x - 1.0).abs() < tolerance), "{ends:?}");
}

#[test]
fn open_sides_of_a_truncated_normal() {
    let supports = [
        (TruncatedNormal::new(0.0, 1.0), Support::Real),
        (TruncatedNormal::new(0.0, 1.0).low(-1.0), Support::GreaterThan(-1.0)),
        (TruncatedNormal::new(0.0, 1.0).high(2.0), Support::LessThan(2.0)),
        (TruncatedNormal::new(0.0, 1.0).low(-1.0).high(2.0), Support::Interval(-1.0, 2.0)),
    ];
    let (dtype, tolerance) = precision();
    let x = tensor::<1>(&[-0.5, 1.5], [2], dtype);
    for (distribution, support) in supports {
        assert_eq!(distribution.support(), support);
        // Plain numbers are integrated on the host, tensors on the device.
        let tensors = |x: f64| tensor::<1>(&[x], [1], dtype);
        let (low, high) = support.bounds();
        let mut same = TruncatedNormal::new(tensors(0.0), tensors(1.0));
        same = if low.is_finite() { same.low(tensors(low)) } else { same };
        same = if high.is_finite() { same.high(tensors(high)) } else { same };
        let (one, other) = (numbers(distribution.log_prob(&x)), numbers(same.log_prob(&x)));
        assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < tolerance), "{support}: {one:?} {other:?}");
        let ends = numbers(same.icdf(&tensor(&[0.0, 1.0], [2], dtype)));
        assert_eq!(ends, [low, high]);
    }
    // Without ends it is the normal distribution.
    let normal = numbers(Normal::new(0.3, 2.0).log_prob(&x));
    let open = numbers(TruncatedNormal::new(0.3, 2.0).log_prob(&x));
    assert!(normal.iter().zip(&open).all(|(a, b)| (a - b).abs() < tolerance));
}

/// What is computed of plain numbers on the host is what tensors make of them on the device.
#[test]
fn numbers_and_tensors_have_one_density() {
    fn same<T: Distribution<1, Kind = burn::tensor::Float>>(of_numbers: T, x: &[f64], params: &[f64], build: impl Fn(&[Tensor<1>]) -> T) {
        let (dtype, tolerance) = precision();
        let x = tensor::<1>(x, [x.len()], dtype);
        let tensors: Vec<Tensor<1>> = params.iter().map(|&p| tensor(&[p], [1], dtype)).collect();
        let (one, other) = (numbers(of_numbers.log_prob(&x)), numbers(build(&tensors).log_prob(&x)));
        let close = one.iter().zip(&other).all(|(a, b)| (a - b).abs() <= tolerance * a.abs().max(1.0));
        assert!(close, "{}: {one:?} {other:?}", of_numbers.name());
    }
    same(HalfStudentT::new(2.5, 3.0), &[0.0, 4.0], &[2.5, 3.0], |p| HalfStudentT::new(&p[0], &p[1]));
    same(JohnsonSU::new(0.5, 2.0, -1.0, 3.0), &[-5.0, 4.0], &[0.5, 2.0, -1.0, 3.0], |p| JohnsonSU::new(&p[0], &p[1], &p[2], &p[3]));
    same(SkewNormal::new(0.5, 2.0, -1.0), &[-5.0, 4.0], &[0.5, 2.0, -1.0], |p| SkewNormal::new(&p[0], &p[1], &p[2]));
    for concentration in [1e-4, 2.0, 30.0, 1e5] {
        same(VonMises::new(0.5, concentration), &[-3.0, 0.5, 0.6], &[0.5, concentration], |p| VonMises::new(&p[0], &p[1]));
    }
    same(ProjectedNormal::new(0.7), &[0.6, 0.8], &[0.7], |p| ProjectedNormal::new(&p[0]));
    same(RelaxedBernoulli::new(0.5, 0.3), &[0.01, 0.9], &[0.5, 0.3], |p| RelaxedBernoulli::new(&p[0], &p[1]));
    same(RelaxedBernoulliStraightThrough::new(0.5, 0.3), &[0.0, 1.0], &[0.5, 0.3], |p| RelaxedBernoulliStraightThrough::new(&p[0], &p[1]));
}

/// Where the bound is the mean, the derivative from neither side is missing: `z − φ(0)/Φ(0)` in units of the scale.
#[test]
fn a_truncated_normal_cut_at_its_mean_has_the_gradient_of_the_formula() {
    let (dtype, tolerance) = precision();
    let slope = (2.0 / PI).sqrt();
    let found = |build: &dyn Fn(&[Tensor<1>]) -> TruncatedNormal<1>| {
        let leaves: Vec<Tensor<1>> = [0.7, 2.0, 0.7].iter().map(|&x| leaf(&[x], [1], dtype)).collect();
        let gradients = build(&leaves).log_prob(&tensor(&[1.7], [1], dtype)).sum().backward();
        leaves.iter().map(|leaf| numbers(leaf.grad(&gradients).unwrap())[0]).collect::<Vec<_>>()
    };
    let below = found(&|p| TruncatedNormal::new(&p[0], &p[1]).low(&p[2]));
    let want = [0.25 - 0.5 * slope, -0.375, 0.5 * slope];
    assert!(below.iter().zip(want).all(|(a, b)| (a - b).abs() < tolerance), "{below:?} instead of {want:?}");
}

#[test]
fn a_relaxed_draw_knows_its_own_density() {
    let (_, tolerance) = precision();
    let to = placement(if has_f64() { FloatDType::F64 } else { FloatDType::F32 });
    let mut source = HostNoise::new(Key::new(3), to.clone());
    let mut noise = Noise::new(&mut source);
    let coin = RelaxedBernoulli::logits(0.8, [0.3, -1.0, 2.0]).place(&to);
    let ScoredDraw { value: x, log_prob, .. } = coin.draw_scored(&mut noise).unwrap();
    let (scored, again) = (numbers(log_prob.unwrap()), numbers(coin.log_prob(&x)));
    assert!(scored.iter().zip(&again).all(|(a, b)| (a - b).abs() < 10.0 * tolerance), "{scored:?} {again:?}");
    let corners = RelaxedOneHotCategorical::logits(0.8, [0.3, -1.0, 2.0]).place(&to);
    let ScoredDraw { value: x, log_prob, .. } = corners.draw_scored(&mut noise).unwrap();
    let (scored, again) = (numbers(log_prob.unwrap()), numbers(corners.log_prob(&x)));
    assert!(scored.iter().zip(&again).all(|(a, b)| (a - b).abs() < 10.0 * tolerance), "{scored:?} {again:?}");
    // Nothing between 0 and 1 is as near to 1 as this draw; the density that goes with it is known all the same.
    let sharp = RelaxedBernoulli::logits(1e-3, 3.0).place(&to);
    let ScoredDraw { log_prob, .. } = sharp.draw_scored(&mut noise).unwrap();
    assert!(numbers(log_prob.unwrap())[0] > 100.0);
}

#[test]
fn rounded_relaxations_have_the_mass_of_what_they_round_to() {
    let (dtype, tolerance) = precision();
    let close = |found: Vec<f64>, want: &[f64]| {
        assert!(found.iter().zip(want).all(|(a, b)| a == b || (a - b).abs() < tolerance), "{found:?} instead of {want:?}");
    };
    let x = tensor::<1>(&[0.0, 1.0, 0.5, 2.0, -1.0], [5], dtype);
    let none = f64::NEG_INFINITY;
    close(numbers(RelaxedBernoulliStraightThrough::new(0.7, 0.2).log_prob(&x)), &[0.8f64.ln(), 0.2f64.ln(), none, none, none]);
    let odds = 0.25f64.ln();
    close(numbers(RelaxedBernoulliStraightThrough::logits(0.7, odds).log_prob(&x)), &[0.8f64.ln(), 0.2f64.ln(), none, none, none]);
    // The slope in the value carries the gradient on: the log-odds.
    let value = leaf::<1>(&[1.0], [1], dtype);
    let gradients = RelaxedBernoulliStraightThrough::logits(0.7, odds).log_prob(&value).sum().backward();
    close(numbers(value.grad(&gradients).unwrap()), &[odds]);

    let rows = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 0.5, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    let x = tensor::<2>(&rows, [6, 3], dtype);
    let want = [0.75f64.ln(), 0.25f64.ln(), none, none, none, none];
    let probs = leaf::<2>(&[0.75, 0.25, 0.0], [1, 3], dtype);
    let log_prob = RelaxedOneHotCategoricalStraightThrough::new(0.7, &probs).log_prob(&x);
    assert_eq!(log_prob.dims(), [6, 1]);
    let gradients = log_prob.clone().sum().backward();
    close(numbers(log_prob), &want);
    close(numbers(probs.grad(&gradients).unwrap()), &[1.0 / 0.75, 4.0, 0.0]);
    let logits = tensor::<2>(&[3f64.ln() + 5.0, 5.0, f64::NEG_INFINITY], [1, 3], dtype);
    close(numbers(RelaxedOneHotCategoricalStraightThrough::logits(0.7, logits).log_prob(&x)), &want);
}

#[test]
fn a_temperature_that_differs_among_categories_is_a_conflict() {
    let row = tensor::<2>(&[1.0, 2.0, 3.0], [1, 3], DType::F32);
    assert!(RelaxedOneHotCategorical::logits(&row, &row).conflict().is_some());
    let column = tensor::<2>(&[1.0, 2.0], [2, 1], DType::F32);
    let distribution = RelaxedOneHotCategorical::logits(&column, &row);
    assert!(distribution.conflict().is_none());
    assert_eq!(distribution.shape(), [2, 3]);
}

#[test]
fn an_improper_density_is_flat_on_its_support_and_cannot_be_drawn() {
    let (to, none) = (placement(FloatDType::F32), f64::NEG_INFINITY);
    let x = leaf::<1>(&[-1.0, 0.5, 2.0, f64::INFINITY], [4], DType::F32);
    for (support, want) in [
        (Support::Real, [0.0, 0.0, 0.0, none]),
        (Support::Positive, [none, 0.0, 0.0, none]),
        (Support::Interval(-1.0, 1.0), [0.0, 0.0, none, none]),
    ] {
        let flat = ImproperUniform::new(support, [4]);
        let log_prob = flat.log_prob(&x);
        let gradients = log_prob.clone().sum().backward();
        assert_eq!(numbers(log_prob), want, "{support}");
        assert!(numbers(x.grad(&gradients).unwrap()).iter().all(|&g| g == 0.0));
        let mut source = HostNoise::new(Key::new(1), to.clone());
        let refused = flat.draw(&mut Noise::new(&mut source));
        assert!(matches!(refused, Err(Error::Unsupported { what, .. }) if what.contains("ImproperUniform")));
    }
    let rows = tensor::<2>(&[0.2, 0.8, -0.2, 1.2], [2, 2], DType::F32);
    let flat = ImproperUniform::new(Support::Simplex, [2, 2]);
    assert_eq!(flat.event_rank(), 1);
    assert_eq!(numbers(flat.log_prob(&rows)), [0.0, f64::NEG_INFINITY]);
    assert!(ImproperUniform::new(Support::PositiveDefinite, [3]).conflict().is_some());
}

/// `∂x/∂θ = −(∂F/∂θ)/p` at equal `p`, by central differences of the quantile, far in the tails as well.
#[test]
fn quantiles_have_implicit_gradients() {
    let levels = [1e-12, 1e-4, 0.03, 0.3, 0.5, 0.55, 0.8, 0.999, 1.0 - 1e-9];
    let icdf = |f: &dyn Fn(&[Tensor<1>], &Tensor<1>) -> Tensor<1>, name: &str, params: &[f64]| {
        let mut inputs: Vec<Vec<f64>> = vec![levels.to_vec()];
        inputs.extend(params.iter().map(|&p| vec![p; levels.len()]));
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        // The level itself only where a difference resolves it.
        super::differences::check(name, &inputs[1..], |t| f(t, &tensor(&levels, [levels.len()], DType::F64)));
        super::differences::check(name, &[&[0.2, 0.5, 0.9]], |t| {
            let params: Vec<Tensor<1>> = params.iter().map(|&p| tensor(&[p; 3], [3], DType::F64)).collect();
            f(&params, &t[0])
        });
    };
    for concentration in [0.01, 2.0, 60.0] {
        icdf(&|p, u| VonMises::new(&p[0], &p[1]).icdf(u), "VonMises", &[0.4, concentration]);
    }
    for params in [[0.3, 1.2, -1.0, 2.0], [0.0, 1.0, 8.0, 8.5], [9.0, 2.0, -3.0, 1.0]] {
        icdf(&|p, u| TruncatedNormal::new(&p[0], &p[1]).low(&p[2]).high(&p[3]).icdf(u), "TruncatedNormal", &params);
    }
    icdf(&|p, u| TruncatedNormal::new(&p[0], &p[1]).low(&p[2]).icdf(u), "TruncatedNormal", &[0.5, 2.0, -0.1]);
    icdf(&|p, u| TruncatedNormal::new(&p[0], &p[1]).high(&p[2]).icdf(u), "TruncatedNormal", &[0.5, 2.0, -0.1]);
}

#[test]
fn moments_and_entropies_have_gradients() {
    use super::differences::check;

    let (loc, scale, low, high) = (&[0.3, 9.0, -2.0][..], &[1.2, 2.0, 0.5][..], &[-1.0, -3.0, 1.0][..], &[2.0, 1.0, 1.3][..]);
    let both = |t: &[Tensor<1>]| TruncatedNormal::new(&t[0], &t[1]).low(&t[2]).high(&t[3]);
    check("mean between", &[loc, scale, low, high], |t| both(t).mean());
    check("variance between", &[loc, scale, low, high], |t| both(t).variance());
    check("entropy between", &[loc, scale, low, high], |t| both(t).entropy());
    check("mean below", &[loc, scale, high], |t| TruncatedNormal::new(&t[0], &t[1]).high(&t[2]).mean());
    check("entropy above", &[loc, scale, low], |t| TruncatedNormal::new(&t[0], &t[1]).low(&t[2]).entropy());
    check("cdf between", &[&[0.5, -2.0, 1.2], loc, scale, low, high], |t| both(&t[1..]).cdf(&t[0]));
    check("log_survival between", &[&[0.5, -2.0, 1.2], loc, scale, low, high], |t| both(&t[1..]).log_survival(&t[0]));
    let concentration = &[0.3, 4.0, 40.0][..];
    check("variance of angles", &[concentration], |t| VonMises::new(0.5, &t[0]).variance());
    check("entropy of angles", &[concentration], |t| VonMises::new(0.5, &t[0]).entropy());
    check("cdf of angles", &[&[0.6, -2.0, 2.5], loc, concentration], |t| VonMises::new(&t[1], &t[2]).cdf(&t[0]));
    let df = &[3.5, 2.2, 30.0][..];
    check("mean of half-t", &[df, scale], |t| HalfStudentT::new(&t[0], &t[1]).mean());
    check("variance of half-t", &[df, scale], |t| HalfStudentT::new(&t[0], &t[1]).variance());
    check("entropy of half-t", &[df, scale], |t| HalfStudentT::new(&t[0], &t[1]).entropy());
    check("cdf of half-t", &[&[0.2, 2.0, 7.0], df, scale], |t| HalfStudentT::new(&t[1], &t[2]).cdf(&t[0]));
    check("survival of half-t", &[&[0.2, 2.0, 7.0], df, scale], |t| HalfStudentT::new(&t[1], &t[2]).survival(&t[0]));
    check("moments of JohnsonSU", &[&[0.5, -1.0, 2.0], &[1.5, 2.0, 3.0], loc, scale], |t| {
        let distribution = JohnsonSU::new(&t[0], &t[1], &t[2], &t[3]);
        distribution.mean() + distribution.variance()
    });
}

/// A flat prior leaves the likelihood: the mean of the observations, and their standard error.
#[test]
fn an_automatic_guide_fits_under_a_flat_prior() -> vi_runtime::Result<()> {
    use vi_runtime::prelude::*;

    #[model]
    fn flat(y: Tensor<1>) {
        let mu = sample!("mu", ImproperUniform::new(Support::Real, [1]));
        let weights = sample!("weights", ImproperUniform::new(Support::Simplex, [3]));
        factor!("likelihood", weights.log() * 5.0);
        observe!("y", Normal::new(mu, 1.5).expand([4]), y);
    }
    let model = flat(tensor(&[0.3, -1.0, 2.5, 1.0], [4], DType::F32));
    for execution in tests::executions() {
        let steps = 1_500;
        let schedule = Schedule::Cosine { initial: 0.05, last: 1e-4, steps };
        let svi = Svi::new(&model, AutoNormal::new()).optimizer(Adam::new(schedule)).steps(steps).particles(8).seed(3);
        let fit = svi.execution(execution).run()?;
        let (draws, _) = fit.posterior(4_000)?.mu.to_f64()?;
        let count = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / count;
        let sd = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!((mean - 0.7).abs() < 0.06 && (sd - 0.75).abs() < 0.06, "{mean} {sd}");
    }
    Ok(())
}
