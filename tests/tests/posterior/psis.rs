//! Pareto-smoothed importance weights against `arviz.psislw` 0.19.

use tests::assert_close;
use vi_graph::special::ndtri;
use vi_runtime::diagnostics::psis;

/// 400 quantiles in another order.
fn scrambled(quantile: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..400).map(|i| quantile((f64::from((i * 147) % 400) + 0.5) / 400.0)).collect()
}

#[test]
fn weights_and_shape_are_those_of_the_reference() {
    // Log-normal ratios, and ratios with a Pareto tail of shape 0.8.
    let normal = psis(&scrambled(|p| 1.3 * ndtri(p)));
    let largest = |log_weights: &[f64]| log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_close(&[normal.k, normal.effective], &[0.426_941_354_870_366_56, 89.460_575_618_835_5], 1e-8);
    assert_close(&[largest(&normal.log_weights), normal.log_weights[0]], &[-2.895_296_124_074_003_6, -10.755_983_867_395_795], 1e-9);
    assert!(normal.is_reliable());
    let pareto = psis(&scrambled(|p| -0.8 * (-p).ln_1p()));
    assert_close(&[pareto.k, pareto.effective], &[0.737_879_102_330_614_7, 47.764_023_358_641_56], 1e-8);
    assert_close(&[largest(&pareto.log_weights), pareto.log_weights[0]], &[-2.185_125_455_286_364_4, -7.332_388_447_223_139], 1e-9);
    // 1 − 1 / log₁₀ 400.
    assert_close(&[pareto.threshold()], &[0.615_689_1], 1e-6);
    assert!(!pareto.is_reliable());
}

#[test]
fn a_constant_does_not_matter_and_what_is_not_a_number_counts_nothing() {
    let mut ratios = scrambled(|p| 1.3 * ndtri(p));
    let plain = psis(&ratios);
    ratios.iter_mut().for_each(|x| *x += 700.0);
    assert_close(&psis(&ratios).log_weights, &plain.log_weights, 1e-10);
    let smallest = ratios.iter().position(|x| *x == ratios.iter().copied().fold(f64::INFINITY, f64::min)).unwrap_or(0);
    ratios[smallest] = f64::NAN;
    let without = psis(&ratios);
    assert_eq!(without.log_weights[smallest], f64::NEG_INFINITY);
    assert_close(&[without.k], &[plain.k], 1e-10);
    assert_eq!(psis(&[f64::NAN; 10]).effective, 0.0);
    let equal = psis(&[3.0; 50]);
    assert_close(&equal.log_weights, &[-(50f64.ln()); 50], 1e-12);
}
