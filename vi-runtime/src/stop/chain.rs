//! Diagnostics of one series of numbers.

/// Mean and variance (divisor n − 1).
pub(super) fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Split-R̂ of one chain: how much larger the variance is with the distance between its halves (Gelman et al. 2013, section
/// 11.4). 1 for a series that does not change.
pub(super) fn split_r_hat(x: &[f64]) -> f64 {
    let half = x.len() / 2;
    let n = half as f64;
    let ((first, first_variance), (second, second_variance)) =
        (moments(&x[x.len() - 2 * half..x.len() - half]), moments(&x[x.len() - half..]));
    let within = 0.5 * (first_variance + second_variance);
    let between = 0.5 * (first - second).powi(2);
    if between == 0.0 {
        return 1.0;
    }
    ((n - 1.0) / n + between / within).sqrt()
}

/// The effective number of elements of a series, by Geyer's initial monotone sequence (Geyer 1992).
pub(super) fn effective(x: &[f64]) -> f64 {
    let n = x.len();
    let (mean, _) = moments(x);
    let covariance = |lag: usize| (lag..n).map(|i| (x[i] - mean) * (x[i - lag] - mean)).sum::<f64>() / n as f64;
    let variance = covariance(0);
    if variance == 0.0 {
        return n as f64;
    }
    let (mut time, mut last) = (-1.0, f64::INFINITY);
    for lag in (0..n / 2).map(|pair| 2 * pair) {
        let pair = ((covariance(lag) + covariance(lag + 1)) / variance).min(last);
        if pair <= 0.0 {
            break;
        }
        time += 2.0 * pair;
        last = pair;
    }
    // A series that alternates has more than its length, which is not relied on.
    n as f64 / time.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Halves 0, 2, 0, 2 and 1, 3, 1, 3: means 1 and 2, variances 4/3, so that R̂² = ¾ + ½ · 1 / (4/3).
    #[test]
    fn r_hat_by_hand() {
        let x = [0.0, 2.0, 0.0, 2.0, 1.0, 3.0, 1.0, 3.0];
        assert!((split_r_hat(&x) - 1.125f64.sqrt()).abs() < 1e-15);
        assert_eq!(split_r_hat(&[2.0; 8]), 1.0);
    }

    /// An autoregression of coefficient ρ has (1 − ρ)/(1 + ρ) of its length.
    #[test]
    fn effective_numbers_of_autoregressions() {
        let mut state = 1u64;
        let mut normal = || {
            // The sum of twelve uniform numbers.
            (0..12)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 11) as f64 / (1u64 << 53) as f64
                })
                .sum::<f64>()
                - 6.0
        };
        for rho in [0.0, 0.5, 0.9] {
            let mut at = 0.0;
            let x: Vec<f64> = (0..4_000)
                .map(|_| {
                    at = rho * at + normal();
                    at
                })
                .collect();
            let expected = 4_000.0 * (1.0 - rho) / (1.0 + rho);
            let found = effective(&x);
            assert!((found / expected - 1.0).abs() < 0.25, "{rho}: {found}, by its formula {expected}");
        }
    }
}
