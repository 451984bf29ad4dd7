//! Points of low-dimensional supports with the logarithm of the volume that each stands for: trapezoidal rules in coordinates in
//! which smooth densities fall off at both ends, so that they converge exponentially.

use std::f64::consts::{LN_2, PI};

/// Values laid flat, of one size.
pub struct Chart {
    pub size: usize,
    pub points: Vec<f64>,
    pub log_weights: Vec<f64>,
}

/// A grid of one coordinate: first, last, and how many steps.
type Axis = (f64, f64, usize);

/// `map` gives a point with the logarithm of its volume element.
fn chart(axes: &[Axis], map: impl Fn(&[f64]) -> (Vec<f64>, f64)) -> Chart {
    let count: usize = axes.iter().map(|(.., steps)| steps + 1).product();
    let (mut points, mut log_weights) = (Vec::new(), Vec::new());
    for i in 0..count {
        let (mut rest, mut log_step, mut at) = (i, 0.0, Vec::new());
        for &(low, high, steps) in axes {
            let step = (high - low) / steps as f64;
            at.push(low + step * (rest % (steps + 1)) as f64);
            log_step += step.ln();
            rest /= steps + 1;
        }
        let (point, log_volume) = map(&at);
        points.extend(point);
        log_weights.push(log_step + log_volume);
    }
    Chart { size: points.len() / count, points, log_weights }
}

/// All of the plane, by `sinh` of each coordinate.
pub fn plane() -> Chart {
    const REACH: Axis = (-10.0, 10.0, 200);
    chart(&[REACH, REACH], |t| (t.iter().map(|t| t.sinh()).collect(), t.iter().map(|t| t.cosh().ln()).sum()))
}

/// Two positive numbers, by their logarithms.
pub fn quadrant() -> Chart {
    const REACH: Axis = (-36.0, 6.0, 168);
    chart(&[REACH, REACH], |u| (u.iter().map(|u| u.exp()).collect(), u.iter().sum()))
}

/// `ln σ'(u)`
fn log_slope(u: f64) -> f64 {
    -u.abs() - 2.0 * (-u.abs()).exp().ln_1p()
}

fn logistic(u: f64) -> f64 {
    1.0 / (1.0 + (-u).exp())
}

/// Three probabilities, by breaking a stick twice; the volume is that of the first two.
pub fn simplex() -> Chart {
    const REACH: Axis = (-45.0, 45.0, 300);
    chart(&[REACH, REACH], |u| {
        let (first, left, second) = (logistic(u[0]), logistic(-u[0]), logistic(u[1]));
        (vec![first, left * second, left * logistic(-u[1])], log_slope(u[0]) + log_slope(u[1]) + left.ln())
    })
}

/// Directions in the plane.
pub fn circle() -> Chart {
    chart(&[(0.0, 2.0 * PI * 511.0 / 512.0, 511)], |angle| (vec![angle[0].cos(), angle[0].sin()], 0.0))
}

/// Directions in space: `cos θ = tanh u`.
pub fn sphere() -> Chart {
    chart(&[(-20.0, 20.0, 200), (0.0, 2.0 * PI * 127.0 / 128.0, 127)], |u| {
        let (height, radius) = (u[0].tanh(), u[0].cosh().recip());
        (vec![radius * u[1].cos(), radius * u[1].sin(), height], 2.0 * radius.ln())
    })
}

/// Three numbers with sum 0, in an orthonormal basis.
pub fn zero_sum() -> Chart {
    let (half, sixth) = (0.5f64.sqrt(), (1.0 / 6.0f64).sqrt());
    chart(&[(-60.0, 60.0, 400), (-60.0, 60.0, 400)], |u| {
        let point = vec![half * u[0] + sixth * u[1], -half * u[0] + sixth * u[1], -2.0 * sixth * u[1]];
        (point, 0.0)
    })
}

/// Cholesky factors of 3 × 3 correlation matrices; the volume is that of the elements below the diagonal.
pub fn correlation_factors() -> Chart {
    const REACH: Axis = (-8.5, 8.5, 64);
    let log_sech2 = |u: f64| 2.0 * LN_2 + log_slope(2.0 * u);
    chart(&[REACH; 3], |u| {
        let [a, b, c] = [0, 1, 2].map(|i| u[i].tanh());
        let [a_rest, b_rest, c_rest] = [0, 1, 2].map(|i| u[i].cosh().recip());
        let point = vec![1.0, 0.0, 0.0, a, a_rest, 0.0, b, b_rest * c, b_rest * c_rest];
        (point, u.iter().map(|&u| log_sech2(u)).sum::<f64>() + b_rest.ln())
    })
}

/// 2 × 2 correlation matrices; the volume is that of the correlation.
pub fn correlations() -> Chart {
    chart(&[(-12.0, 12.0, 200)], |u| {
        let r = u[0].tanh();
        (vec![1.0, r, r, 1.0], 2.0 * LN_2 + log_slope(2.0 * u[0]))
    })
}

/// The lower triangular factors `(eᵃ, b; eᶜ)`.
const FACTORS: [Axis; 3] = [(-7.0, 3.0, 50), (-16.0, 16.0, 120), (-9.0, 3.0, 60)];

/// Lower triangular 2 × 2 matrices with a positive diagonal.
pub fn factors() -> Chart {
    chart(&FACTORS, |u| (vec![u[0].exp(), 0.0, u[1], u[2].exp()], u[0] + u[2]))
}

/// Positive definite 2 × 2 matrices `F Fᵀ`; `dW = 4 f₁₁² f₂₂ dF`.
pub fn positive_definite() -> Chart {
    chart(&FACTORS, |u| {
        let (first, below, second) = (u[0].exp(), u[1], u[2].exp());
        let cross = first * below;
        (vec![first * first, cross, cross, below * below + second * second], 2.0 * LN_2 + 3.0 * u[0] + 2.0 * u[2])
    })
}

/// Their inverses; `dX = |W|⁻³ dW`.
pub fn inverses() -> Chart {
    let (Chart { size, points, log_weights }, factors) = (positive_definite(), factors());
    let inverted = points.chunks(4).zip(log_weights).zip(factors.points.chunks(4)).map(|((w, log_weight), f)| {
        // Not from W: that would cancel.
        let determinant = (f[0] * f[3]).powi(2);
        (vec![w[3] / determinant, -w[1] / determinant, -w[2] / determinant, w[0] / determinant], log_weight - 3.0 * determinant.ln())
    });
    let (points, log_weights): (Vec<Vec<f64>>, Vec<f64>) = inverted.unzip();
    Chart { size, points: points.concat(), log_weights }
}

/// Three counts with this sum.
pub fn counts(total: usize) -> Chart {
    let rows = (0..=total).flat_map(|a| (0..=total - a).map(move |b| [a, b, total - a - b].map(|k| k as f64)));
    let points: Vec<f64> = rows.flatten().collect();
    Chart { size: 3, log_weights: vec![0.0; points.len() / 3], points }
}
