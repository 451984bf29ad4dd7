//! Independent copies of what has no `expand` of its own, however the copies are laid out.

use std::rc::Rc;

use burn::tensor::{DType, Tensor};
use vi_runtime::Key;
use vi_runtime::bijector::{Affine, StickBreaking};
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::prelude::{AutoNormal, Error, Run, Svi, model};

use super::differences::check;
use super::finest::{close, draw, given, placed, precision};
use super::sampling::follows;
use super::{burn, numbers, placement, tensor};

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `ln p` of `Logistic(loc, 1)` on `[−1, 2]`.
fn truncated(loc: f64, x: f64) -> f64 {
    (logistic(x - loc) * logistic(loc - x) / (logistic(2.0 - loc) - logistic(-1.0 - loc))).ln()
}

/// Twelve numbers inside `[−1, 2]`.
fn twelve() -> Vec<f64> {
    (0..12).map(|i| -0.9 + 0.21 * f64::from(i)).collect()
}

#[test]
fn each_copy_has_the_density_of_the_base() {
    let x = twelve();
    let want = |loc: &dyn Fn(usize) -> f64| x.iter().enumerate().map(|(i, &x)| truncated(loc(i), x)).collect::<Vec<_>>();
    // One number for all: the copies take the base's dimension of size 1.
    let one = placed(Logistic::new(0.3, 1.0).truncated(-1.0, 2.0).expand([2, 2, 3]));
    assert_eq!((one.shape(), one.event_rank(), one.name()), ([2, 2, 3], 0, "Expanded(Truncated(Logistic))".to_owned()));
    close(&numbers(one.log_prob(&given(&x, [2, 2, 3]))), &want(&|_| 0.3));
    // A row: the copies follow each other.
    let row = placed(Logistic::new([0.3, -0.5, 1.5], 1.0).truncated(-1.0, 2.0).expand([2, 2, 3]));
    close(&numbers(row.log_prob(&given(&x, [2, 2, 3]))), &want(&|i| [0.3, -0.5, 1.5][i % 3]));
    // A column: they take its second dimension.
    let column = placed(Logistic::new(given(&[0.3, -0.5], [2, 1]), 1.0).truncated(-1.0, 2.0).expand([2, 2, 3]));
    close(&numbers(column.log_prob(&given(&x, [2, 2, 3]))), &want(&|i| [0.3, -0.5][i / 3 % 2]));
    // The same number of dimensions.
    let grown = placed(Logistic::new(given(&[0.3, -0.5], [2, 1]), 1.0).truncated(-1.0, 2.0).expand([2, 6]));
    close(&numbers(grown.log_prob(&given(&x, [2, 6]))), &want(&|i| [0.3, -0.5][i / 6]));
    // One value for all copies.
    close(
        &numbers(column.log_prob(&given(&[0.1], [1, 1, 1]))),
        &[truncated(0.3, 0.1), truncated(-0.5, 0.1)].map(|d| [d; 3]).concat().repeat(2),
    );
    close(&numbers(row.cdf(&given(&x, [2, 2, 3])))[..3], &numbers(placed(row_base()).cdf(&given(&x[..3], [3]))));
    close(&numbers(column.icdf(&column.cdf(&given(&x, [2, 2, 3])))), &x);
    close(&numbers(column.log_survival(&given(&x, [2, 2, 3])).exp() + column.cdf(&given(&x, [2, 2, 3]))), &[1.0; 12]);
}

fn row_base() -> Truncated<1, Logistic<1>> {
    Logistic::new([0.3, -0.5, 1.5], 1.0).truncated(-1.0, 2.0)
}

/// Elements of an event stay together.
#[test]
fn events_are_copied_whole() {
    let x = twelve();
    let each = |loc: &[f64]| -> Vec<f64> {
        let n = loc.len();
        x.chunks(n).map(|row| row.iter().zip(loc).map(|(x, loc)| truncated(*loc, *x)).sum()).collect()
    };
    let vector = placed(row_base().independent(1).expand([2, 2, 3]));
    assert_eq!((vector.event_rank(), vector.log_prob(&given(&x, [2, 2, 3])).dims()), (1, [2, 2, 1]));
    close(&numbers(vector.log_prob(&given(&x, [2, 2, 3]))), &each(&[0.3, -0.5, 1.5]));
    let locs = given(&[0.3, -0.5, 1.5], [1, 3]);
    let rows = placed(Logistic::new(locs, 1.0).truncated(-1.0, 2.0).independent(1).expand([2, 2, 3]));
    close(&numbers(rows.log_prob(&given(&x, [2, 2, 3]))), &each(&[0.3, -0.5, 1.5]));
    let third = std::f64::consts::PI.powi(2) / 3.0;
    let wide = placed(Logistic::new([0.3, -0.5, 1.5], [1.0, 2.0, 3.0]).independent(1).expand([2, 3]));
    close(&numbers(wide.mean()), &[0.3, -0.5, 1.5].repeat(2));
    close(&numbers(wide.variance()), &[third, 4.0 * third, 9.0 * third].repeat(2));
    assert_eq!(wide.entropy().dims(), [2, 1]);
    close(&numbers(wide.entropy()), &[6.0 + 6f64.ln(); 2]);
    // A draw knows its own density, whichever way it goes.
    let simplex = placed(Normal::new([0.3, -0.5], 1.0).independent(1).transformed(Rc::new(StickBreaking)).expand([4, 3]));
    let mut source = HostNoise::new(Key::new(3), placement(precision()));
    let ScoredDraw { value: y, log_prob, base } = simplex.draw_scored(&mut Noise::new(&mut source)).unwrap();
    let (scored, again) = (numbers(log_prob.unwrap()), numbers(simplex.log_prob(&y)));
    close(&numbers(simplex.log_prob_from(&base.unwrap(), &y)), &scored);
    assert!(scored.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-4), "{scored:?} {again:?}");
    close(&numbers(y.sum_dim(1)), &[1.0; 4]);
}

#[test]
fn each_copy_has_a_draw_of_its_own() {
    const N: usize = 6_000;
    let between = |loc: f64| move |x: f64| (logistic(x - loc) - logistic(-1.0 - loc)) / (logistic(2.0 - loc) - logistic(-1.0 - loc));
    let one = numbers(draw(Logistic::new(0.3, 1.0).truncated(-1.0, 2.0).expand([N / 2, 2]), 1));
    follows("all in one", one, between(0.3));
    // Columns of different locations, and rows that follow each other.
    let column = Logistic::new(given(&[0.3, -3.0], [2, 1]), 1.0).truncated(-1.0, 2.0).expand([N, 2, 1]);
    let x = numbers(draw(column, 2));
    follows("the first", x.iter().step_by(2).copied().collect(), between(0.3));
    follows("the second", x.iter().skip(1).step_by(2).copied().collect(), between(-3.0));
    let x = numbers(draw(Logistic::new([0.3, -3.0], 1.0).truncated(-1.0, 2.0).expand([500, 2]), 3));
    follows("the first of a row", x.iter().step_by(2).copied().collect(), between(0.3));
    follows("the second of a row", x.iter().skip(1).step_by(2).copied().collect(), between(-3.0));
    let counts = ZeroInflated::new(0.4, Poisson::new(3.0)).expand([N / 2, 2]);
    let k: Vec<i64> = draw(counts, 4).into_data().iter::<i64>().collect();
    let zero = 0.4 + 0.6 * (-3.0f64).exp();
    let found = k.iter().filter(|&&k| k == 0).count() as f64 / N as f64;
    assert!((found - zero).abs() < 4.0 * (zero * (1.0 - zero) / N as f64).sqrt(), "{found} instead of {zero}");
    let mixture = MixtureSameFamily::new([0.3, 0.7], Logistic::new([-2.0, 1.0], [0.5, 1.5]).expand([1, 2])).expand([3, N / 3]);
    follows("a mixture", numbers(draw(mixture, 5)), |x| 0.3 * logistic((x + 2.0) / 0.5) + 0.7 * logistic((x - 1.0) / 1.5));
}

#[test]
fn gradients_reach_the_parameters_of_every_copy() {
    let x = twelve();
    let flat = |x: Tensor<3>| x.reshape([12]);
    check("one", &[&x, &[0.3], &[1.2]], |t| {
        flat(Logistic::new(&t[1], &t[2]).truncated(-1.0, 2.0).expand([2, 2, 3]).log_prob(&t[0].clone().reshape([2, 2, 3])))
    });
    check("a row", &[&x, &[0.3, -0.5, 1.5], &[1.2]], |t| {
        flat(Logistic::new(&t[1], &t[2]).truncated(-1.0, 2.0).expand([2, 2, 3]).log_prob(&t[0].clone().reshape([2, 2, 3])))
    });
    check("a column", &[&x, &[0.3, -0.5], &[1.2]], |t| {
        let base = Logistic::new(t[1].clone().reshape([2, 1]), t[2].clone().reshape([1, 1])).censored(-5.0, 2.0);
        flat(base.expand([2, 2, 3]).log_prob(&t[0].clone().reshape([2, 2, 3])))
    });
}

#[test]
fn what_does_not_end_with_the_base_is_a_conflict() {
    let row = || row_base();
    assert!(row().expand([7, 3]).conflict().is_none());
    let wrong = row().expand([3, 2]).conflict().unwrap();
    assert_eq!((wrong.left, wrong.right), (("the distribution", vec![3]), ("expand", vec![3, 2])));
    assert!(Logistic::new(0.0, 1.0).folded().independent(1).expand([3]).conflict().is_some());
    assert!(Logistic::new(0.0, 1.0).folded().expand([3]).expand([2, 3]).conflict().is_none());
}

#[test]
fn divergences_of_copies() {
    let (p, q) = (Normal::new([0.0, 1.0], 1.0).independent(1).expand([3, 2]), Normal::new([2.0, 1.0], 1.0).independent(1).expand([3, 2]));
    let found = kl_divergence(&placed(p), &placed(q));
    assert_eq!(found.dims(), [3, 1]);
    close(&numbers(found), &[2.0; 3]);
}

#[model]
fn in_plates(y: Tensor<2>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0).folded().expand([1, 1]));
    let z = plate!("row", 2, { plate!("column", 3, { sample!("z", Logistic::new(0.0, 1.0).truncated(-1.0, 2.0).expand([1, 1])) }) });
    observe!("y", Normal::new(z + mu, 1.0), y);
}

#[model]
fn misfit() {
    sample!("z", Logistic::new([0.0, 1.0, 2.0], 1.0).folded().expand([3, 2]));
}

#[model]
fn one_direction() {
    sample!("z", ProjectedNormal::new([0.5]));
}

#[test]
fn plates_fill_the_copies_and_a_misfit_names_the_site() {
    let y = tensor::<2>(&[0.1; 6], [2, 3], DType::F32);
    for execution in tests::executions() {
        let model = in_plates(y.clone());
        let fit = Svi::new(&model, AutoNormal::new()).steps(5).execution(execution).run().unwrap();
        let (draws, shape) = fit.posterior(4).unwrap().z.to_f64().unwrap();
        assert_eq!(shape, [4, 2, 3]);
        assert!(draws.iter().all(|z| (-1.0..=2.0).contains(z)) && draws.windows(2).all(|pair| pair[0] != pair[1]), "{draws:?}");
        let model = misfit();
        let error = Svi::new(&model, AutoNormal::new()).steps(1).execution(execution).run().map(drop).unwrap_err();
        assert!(matches!(&error, Error::Shape { site, left, right, .. } if site == "z" && left == &[3] && right == &[3, 2]), "{error}");
        let model = one_direction();
        let error = Svi::new(&model, AutoNormal::new()).steps(1).execution(execution).run().map(drop).unwrap_err();
        assert!(matches!(&error, Error::Parameter { site, parameter, .. } if site == "z" && parameter == "dimensions"), "{error}");
        assert!(error.to_string().contains("holds 1"), "{error}");
    }
    assert!(
        Run::for_program(&in_plates(y), 0).unwrap().validate(true).trace(&in_plates(given(&[0.1; 6], [2, 3]).cast(DType::F32))).is_ok()
    );
}

/// The likelihood times a flat prior on `2 m + 3`: the same posterior as under a flat prior on `m`.
#[test]
fn an_automatic_guide_fits_under_a_transformed_flat_prior() -> vi_runtime::Result<()> {
    use vi_runtime::prelude::*;

    #[model]
    fn flat(y: Tensor<1>) {
        let mu = sample!("mu", ImproperUniform::new(Support::Real, [1]).transformed(Rc::new(Affine::new(3.0, 2.0))).expand([1]));
        observe!("y", Normal::new(mu, 1.5).expand([4]), y);
    }
    let model = flat(tensor(&[0.3, -1.0, 2.5, 1.0], [4], DType::F32));
    for execution in tests::executions() {
        let steps = 1_500;
        let schedule = Schedule::Cosine { initial: 0.05, last: 1e-4, steps };
        let svi = Svi::new(&model, AutoNormal::new()).optimizer(Adam::new(schedule)).steps(steps).particles(8).seed(3);
        let (draws, _) = svi.execution(execution).run()?.posterior(4_000)?.mu.to_f64()?;
        let count = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / count;
        let sd = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!((mean - 0.7).abs() < 0.06 && (sd - 0.75).abs() < 0.06, "{mean} {sd}");
    }
    Ok(())
}
