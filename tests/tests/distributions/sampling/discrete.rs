//! Counts against their masses, those of large parameters in cells; vectors by their margins; conditional draws.

use super::*;

/// Chi-square of counts between `low` and `high` against the family's own masses, in cells that expect at least 20; what lies
/// beyond expects less than one.
fn fits_between<T: Distribution<1, Kind = Int>>(distribution: T, low: i64, high: i64, seed: u64) {
    let name = distribution.name();
    let x: Tensor<1, Int> =
        Tensor::from_data(TensorData::new((low..=high).collect::<Vec<_>>(), [(high - low) as usize + 1]), &test_device());
    let masses = numbers(distribution.clone().place(&placement()).log_prob(&x).exp());
    let draws = draw(distribution.grow([DRAWS]), seed).into_data().iter::<i64>().collect::<Vec<_>>();
    cells(&name, &masses, low, &draws);
}

/// The same with the masses given.
fn cells(name: &str, masses: &[f64], low: i64, draws: &[i64]) {
    let n = draws.len() as f64;
    let mut counts = vec![0.0; masses.len()];
    let mut beyond = 0;
    for draw in draws {
        match usize::try_from(draw - low).ok().and_then(|place| counts.get_mut(place)) {
            Some(count) => *count += 1.0,
            None => beyond += 1,
        }
    }
    let left = n * (1.0 - masses.iter().sum::<f64>());
    assert!(left < 1.0, "{name}: {left} draws are expected beyond {low}..");
    assert!(beyond <= 8, "{name}: {beyond} draws lie beyond");
    let impossible = masses.iter().zip(&counts).position(|(&mass, &count)| mass == 0.0 && count > 0.0);
    assert!(impossible.is_none(), "{name}: {impossible:?} steps above {low} is impossible");
    let (mut statistic, mut degrees, mut expected, mut found) = (0.0, -1.0, 0.0, 0.0);
    let mut remaining = n * masses.iter().sum::<f64>();
    for (mass, count) in masses.iter().zip(&counts) {
        expected += n * mass;
        found += count;
        remaining -= n * mass;
        if expected >= 20.0 && !(1e-6..20.0).contains(&remaining) {
            statistic += (found - expected).powi(2) / expected;
            degrees += 1.0;
            (expected, found) = (0.0, 0.0);
        }
    }
    if expected > 0.0 {
        statistic += (found - expected).powi(2) / expected;
        degrees += 1.0;
    }
    // Wilson and Hilferty 1931: the cube root is nearly normal; 3.7 is exceeded with probability 1e-4.
    assert!(degrees >= 1.0, "{name}: a single cell proves nothing");
    let spread = 2.0 / (9.0 * degrees);
    let z = ((statistic / degrees).cbrt() - 1.0 + spread) / spread.sqrt();
    assert!(z < 3.7, "{name}: chi-square {statistic} with {degrees} degrees");
}

#[test]
fn small_counts_fit_their_masses() {
    fits_between(BetaBinomial::new(2.0, 3.5, 12.0), 0, 12, 201);
    fits_between(BetaBinomial::new(0.05, 0.02, 40.0), 0, 40, 202);
    fits_between(DiscreteUniform::new(-3.0, 9.0), -3, 9, 203);
    fits_between(Geometric::new(0.3), 0, 80, 204);
    fits_between(Geometric::logits(-2.0), 0, 200, 205);
    fits_between(Hypergeometric::new(50.0, 12.0, 10.0), 0, 10, 206);
    fits_between(Hypergeometric::new(20.0, 15.0, 12.0), 7, 12, 207);
    fits_between(NegativeBinomial::new(4.0, 0.4), 0, 60, 208);
    fits_between(NegativeBinomial::logits(0.3, 1.5), 0, 250, 209);
    fits_between(NegativeBinomial2::new(5.0, 2.0), 0, 150, 210);
    fits_between(OrderedLogistic::new(0.4, [-1.0, 0.0, 2.0]), 0, 3, 211);
    fits_between(Skellam::new(3.0, 2.0), -20, 25, 212);
    fits_between(ZeroInflated::new(0.3, Poisson::new(4.0)), 0, 30, 213);
    fits_between(ZeroInflated::logits(1.0, NegativeBinomial2::new(7.0, 1.5)), 0, 200, 214);
    fits_between(Zipf::new(6.0), 1, 400, 215);
}

#[test]
fn counts_at_the_corners_fit_their_masses() {
    fits_between(Poisson::new(1e6), 993_000, 1_007_000, 221);
    fits_between(Poisson::new(1e-3), 0, 6, 222);
    fits_between(Binomial::new(1e6, 0.3), 297_000, 303_000, 223);
    fits_between(BetaBinomial::new(2000.0, 3000.0, 1e5), 35_000, 45_000, 224);
    fits_between(NegativeBinomial2::new(1e5, 1e4), 92_000, 109_000, 225);
    fits_between(NegativeBinomial2::new(3.0, 1e6), 0, 30, 226);
    fits_between(Geometric::new(1e-3), 0, 12_000, 227);
    fits_between(Hypergeometric::new(1e6, 4e5, 2e5), 79_000, 81_000, 228);
    fits_between(Hypergeometric::new(1e9, 30.0, 5e8), 0, 30, 229);
    fits_between(Hypergeometric::new(1e12, 1e9, 5e3), 0, 40, 230);
    fits_between(Skellam::new(1e5, 9.9e4), -1300, 3300, 231);
    fits_between(OrderedLogistic::new(-15.0, [-16.0, -15.5, 10.0]), 0, 3, 232);
}

/// 1 − ζ-tail: the masses of a heavy tail are compared up to a rank, the rest in one cell.
#[test]
fn heavy_tails_of_zipf_fit_up_to_a_rank_and_beyond_it() {
    for (power, seed) in [(2.2, 241), (1.2, 242)] {
        let last = 400;
        let x: Tensor<1, Int> = Tensor::from_data(TensorData::new((1..=last).collect::<Vec<i64>>(), [last as usize]), &test_device());
        let mut masses = numbers(Zipf::new(power).place(&placement()).log_prob(&x).exp());
        masses.push(1.0 - masses.iter().sum::<f64>());
        let draws = draw(Zipf::new(power).grow([DRAWS]), seed).into_data().iter::<i64>().map(|x| x.min(last + 1)).collect::<Vec<_>>();
        cells(&format!("Zipf({power})"), &masses, 1, &draws);
    }
}

#[test]
fn hurdles_draw_from_the_base_without_its_zeros() {
    fits_between(Hurdle::new(0.3, Poisson::new(4.0)), 0, 30, 251);
    fits_between(Hurdle::new(0.1, Poisson::new(1e-3)), 0, 6, 252);
    fits_between(Hurdle::logits(-1.0, Poisson::new(700.0)), 0, 900, 253);
    fits_between(Hurdle::new(0.2, Binomial::new(12.0, 0.3)), 0, 12, 254);
    fits_between(Hurdle::new(0.2, Binomial::logits(3.0, -7.0)), 0, 3, 255);
    fits_between(Hurdle::new(0.2, Geometric::new(0.4)), 0, 60, 256);
    fits_between(Hurdle::new(0.2, NegativeBinomial::new(4.0, 0.4)), 0, 60, 257);
    fits_between(Hurdle::new(0.2, NegativeBinomial::logits(0.01, 2.0)), 0, 300, 258);
    fits_between(Hurdle::new(0.5, NegativeBinomial2::new(0.5, 3.0)), 0, 60, 259);
}

/// Column `k` of rows of `width`.
fn column(rows: &[i64], width: usize, k: usize) -> Vec<i64> {
    rows.iter().skip(k).step_by(width).copied().collect()
}

fn masses<T: Distribution<1, Kind = Int>>(distribution: T, highest: i64) -> Vec<f64> {
    let x: Tensor<1, Int> = Tensor::from_data(TensorData::new((0..=highest).collect::<Vec<_>>(), [highest as usize + 1]), &test_device());
    numbers(distribution.place(&placement()).log_prob(&x).exp())
}

/// The counts of any one outcome, and of any two together, have known distributions.
fn margins<T: Distribution<2, Kind = Int>>(
    distribution: T,
    n: i64,
    seed: u64,
    one: &dyn Fn(usize) -> Vec<f64>,
    two: &dyn Fn(usize, usize) -> Vec<f64>,
) {
    let name = distribution.name();
    let width = distribution.shape()[1];
    let rows = draw(distribution.grow([DRAWS, width]), seed).into_data().iter::<i64>().collect::<Vec<_>>();
    assert!(rows.chunks(width).all(|row| row.iter().sum::<i64>() == n && row.iter().all(|&x| x >= 0)), "{name}: a sum is not {n}");
    for k in 0..width {
        let first = column(&rows, width, k);
        cells(&format!("{name}, outcome {k}"), &one(k), 0, &first);
        if width > 2 {
            let other = (k + 1) % width;
            let both: Vec<i64> = first.iter().zip(column(&rows, width, other)).map(|(a, b)| a + b).collect();
            cells(&format!("{name}, outcomes {k} and {other}"), &two(k, other), 0, &both);
        }
    }
}

#[test]
fn vectors_of_counts_have_their_margins() {
    let p = [0.2, 0.5, 0.05, 0.25];
    let probs = || tensor::<2>(&p, [1, 4], precision().into());
    let binomial = |p: f64| masses(Binomial::new(15.0, p), 15);
    margins(Multinomial::new(15.0, probs()), 15, 261, &|k| binomial(p[k]), &|i, j| binomial(p[i] + p[j]));
    margins(Multinomial::logits(15.0, probs().log() + 3.0), 15, 262, &|k| binomial(p[k]), &|i, j| binomial(p[i] + p[j]));
    let a = [0.3, 2.0, 0.05, 1.0];
    let total: f64 = a.iter().sum();
    let beta_binomial = |a: f64| masses(BetaBinomial::new(a, total - a, 15.0), 15);
    let concentration = tensor::<2>(&a, [1, 4], precision().into());
    margins(DirichletMultinomial::new(concentration, 15.0), 15, 263, &|k| beta_binomial(a[k]), &|i, j| beta_binomial(a[i] + a[j]));
    let rows = draw(OneHotCategorical::logits(probs().log()).grow([DRAWS, 4]), 264).into_data().iter::<i64>().collect::<Vec<_>>();
    let categories: Vec<i64> = rows.chunks(4).map(|row| row.iter().zip(0..).map(|(&x, k)| x * k).sum()).collect();
    assert!(rows.chunks(4).all(|row| row.iter().sum::<i64>() == 1 && row.iter().all(|x| [0, 1].contains(x))));
    cells("OneHotCategorical", &p, 0, &categories);
}

#[test]
fn impossible_outcomes_are_not_drawn() {
    let probs = tensor::<2>(&[0.0, 0.4, 0.6, 0.0], [1, 4], precision().into());
    let rows = draw(Multinomial::new(1e6, probs).grow([200, 4]), 271).into_data().iter::<i64>().collect::<Vec<_>>();
    assert!(rows.chunks(4).all(|row| row[0] == 0 && row[3] == 0 && row[1] + row[2] == 1_000_000));
    let counts = |x: Tensor<1, Int>| x.into_data().iter::<i64>().collect::<Vec<_>>();
    assert!(counts(draw(Geometric::new(1.0).grow([200]), 272)).iter().all(|&x| x == 0));
    assert!(counts(draw(Hypergeometric::new(0.0, 0.0, 0.0).grow([20]), 273)).iter().all(|&x| x == 0));
    assert!(counts(draw(ZeroInflated::new(1.0, Poisson::new(50.0)).grow([200]), 274)).iter().all(|&x| x == 0));
    assert!(counts(draw(Hurdle::new(0.0, Poisson::new(1e-9)).grow([200]), 275)).iter().all(|&x| x == 1));
}

/// Skellam has no ends: its masses between two far ones.
#[test]
fn masses_of_skellam_sum_to_one() {
    for (rate1, rate2) in [(3.0, 2.0), (0.01, 7.0), (11.0, 9.0), (10.0, 10.001), (400.0, 30.0), (1e-9, 1e-3)] {
        let x: Tensor<1, Int> = Tensor::from_data(TensorData::new((-300..900).collect::<Vec<i64>>(), [1200]), &test_device());
        let total: f64 = numbers(Skellam::new(rate1, rate2).place(&placement()).log_prob(&x).exp()).iter().sum();
        let allowed = if has_f64() { 1e-11 } else { 1e-4 };
        assert!((total - 1.0).abs() < allowed, "{rate1}, {rate2}: {total}");
    }
}

/// What is computed from noise in single precision keeps its distribution: against the masses in the precision under test.
#[test]
fn draws_in_single_precision_fit_as_well() {
    fn single<T: Distribution<1, Kind = Int>>(distribution: T, high: i64, seed: u64) {
        let to = super::super::placement(FloatDType::F32);
        let mut source = HostNoise::new(Key::new(seed), to.clone());
        let placed = distribution.clone().grow([DRAWS]).place(&to);
        let draws = placed.draw(&mut Noise::new(&mut source)).unwrap().into_data().iter::<i64>().collect::<Vec<_>>();
        cells(&distribution.name(), &masses(distribution, high), 0, &draws);
    }
    single(BetaBinomial::new(2.0, 3.5, 12.0), 12, 281);
    single(DiscreteUniform::new(0.0, 9.0), 9, 282);
    single(Geometric::new(0.3), 80, 283);
    single(Geometric::new(1e-3), 12_000, 284);
    single(Hypergeometric::new(50.0, 12.0, 10.0), 10, 285);
    single(NegativeBinomial::new(4.0, 0.4), 60, 286);
    single(NegativeBinomial2::new(3.0, 1e6), 30, 287);
    single(OrderedLogistic::new(0.4, [-1.0, 0.0, 2.0]), 3, 288);
    single(Hurdle::new(0.3, Poisson::new(1e-3)), 6, 289);
    single(Hurdle::new(0.2, NegativeBinomial::logits(0.01, 2.0)), 300, 290);
    single(Hurdle::new(0.2, Binomial::new(12.0, 1e-4)), 12, 291);
}

/// Beyond what 32 bits hold: the mean of standardised draws is within 4 standard errors.
#[test]
fn counts_beyond_32_bits_are_drawn() {
    if !has_f64() {
        return;
    }
    for (name, draws, mean, variance) in [
        ("Poisson", draw(Poisson::new(1e10).grow([2_000]), 301), 1e10, 1e10),
        ("Binomial", draw(Binomial::new(1e11, 0.3).grow([2_000]), 302), 3e10, 2.1e10),
    ] {
        let draws: Vec<f64> = draws.into_data().iter::<f64>().collect();
        let found = draws.iter().map(|x| x - mean).sum::<f64>() / draws.len() as f64;
        let error = (variance / draws.len() as f64).sqrt();
        assert!(found.abs() < 4.0 * error, "{name}: {found} ± {error}");
    }
}
