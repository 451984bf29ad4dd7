//! Pareto-smoothed importance sampling.

/// Importance weights whose largest are replaced by quantiles of a generalised Pareto distribution fitted to them (Vehtari,
/// Simpson, Gelman, Yao and Gabry 2024, JMLR 25:72).
#[derive(Clone, Debug, PartialEq)]
pub struct Psis {
    /// The logarithms of the weights; the weights sum to 1.
    pub log_weights: Vec<f64>,
    /// `k̂`, the shape of the tail. Averages under the weights are reliable where it is below [`threshold`](Self::threshold);
    /// from 1 on the weights have no mean. Infinite where fewer than 5 weights are in the tail, or where they are all equal.
    pub k: f64,
    /// `1 / Σ w²`, the effective number of draws.
    pub effective: f64,
}

impl Psis {
    /// `min(1 − 1 / log₁₀ S, 0.7)` for `S` draws.
    pub fn threshold(&self) -> f64 {
        (1.0 - (self.log_weights.len() as f64).log10().recip()).min(0.7)
    }

    /// Whether `k̂` is below the threshold.
    pub fn is_reliable(&self) -> bool {
        self.k < self.threshold()
    }
}

/// Smooths importance ratios, given by their logarithms up to a common constant. A ratio that is NaN counts as 0.
pub fn psis(log_ratios: &[f64]) -> Psis {
    let count = log_ratios.len();
    let mut log_weights: Vec<f64> = log_ratios.iter().map(|x| if x.is_nan() { f64::NEG_INFINITY } else { *x }).collect();
    let most = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        // No draw, or none with a finite weight.
        return Psis { log_weights, k: f64::INFINITY, effective: 0.0 };
    }
    log_weights.iter_mut().for_each(|x| *x -= most);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| log_weights[a].total_cmp(&log_weights[b]));
    let tail = (0.2 * count as f64).min(3.0 * (count as f64).sqrt()).ceil() as usize;
    let mut k = f64::INFINITY;
    if tail >= FEWEST && tail < count {
        let cutoff = log_weights[order[count - tail - 1]].max(f64::MIN_POSITIVE.ln());
        let excess: Vec<f64> = order[count - tail..].iter().map(|&i| log_weights[i].exp() - cutoff.exp()).collect();
        if excess[0] >= 0.0 && excess[tail - 1] > excess[0] {
            let (shape, scale) = fit(&excess);
            k = shape;
            for (rank, &i) in order[count - tail..].iter().enumerate() {
                let p = (rank as f64 + 0.5) / tail as f64;
                // Truncated at the largest ratio, which is 1 here.
                log_weights[i] = (cutoff.exp() + quantile(p, shape, scale)).ln().min(0.0);
            }
        }
    }
    let total = log_weights.iter().map(|x| x.exp()).sum::<f64>().ln();
    log_weights.iter_mut().for_each(|x| *x -= total);
    let effective = log_weights.iter().map(|x| (2.0 * x).exp()).sum::<f64>().recip();
    Psis { log_weights, k, effective }
}

/// The fewest weights that a tail is fitted to.
const FEWEST: usize = 5;

/// The generalised Pareto distribution of ascending excesses, by the posterior mean of Zhang and Stephens (2009), Technometrics
/// 51:316, with the shape drawn towards 1/2 as if by 10 more excesses (Vehtari et al. 2024).
fn fit(excess: &[f64]) -> (f64, f64) {
    let n = excess.len() as f64;
    let points = 30 + n.sqrt() as usize;
    let quartile = excess[((n / 4.0 + 0.5) as usize).max(1) - 1].max(f64::MIN_POSITIVE);
    let largest = excess[excess.len() - 1];
    let thetas = (1..=points).map(|j| largest.recip() + (1.0 - (points as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile));
    let shape_at = |theta: f64| excess.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / n;
    let profile = thetas.map(|theta| {
        let shape = shape_at(theta);
        (theta, n * ((-theta / shape).ln() - shape - 1.0))
    });
    let profile: Vec<(f64, f64)> = profile.collect();
    let weight = |log: f64| profile.iter().map(|(_, other)| (other - log).exp()).sum::<f64>().recip();
    let theta: f64 = profile.iter().map(|(theta, log)| theta * weight(*log)).sum();
    let shape = shape_at(theta);
    let scale = -shape / theta;
    ((shape * n + 0.5 * 10.0) / (n + 10.0), scale)
}

fn quantile(p: f64, shape: f64, scale: f64) -> f64 {
    if shape.abs() < 1e-12 { -scale * (-p).ln_1p() } else { scale * (-shape * (-p).ln_1p()).exp_m1() / shape }
}
