//! L-BFGS on functions with known minima.

use tests::assert_close;
use vi_runtime::Result;
use vi_runtime::posterior::{Lbfgs, Stopped};

#[test]
fn a_quadratic_of_condition_1e8_is_solved() -> Result<()> {
    let scales: Vec<f64> = (0..20).map(|i| 10f64.powf(8.0 * f64::from(i) / 19.0)).collect();
    let f = |x: &[f64], g: &mut [f64]| {
        let mut value = 0.0;
        for i in 0..20 {
            value += 0.5 * scales[i] * (x[i] - 1.0).powi(2);
            g[i] = scales[i] * (x[i] - 1.0);
        }
        Ok(value)
    };
    let found = Lbfgs::new().minimise(&[0.0; 20], f, |_| ())?;
    assert_eq!(found.stopped, Stopped::Converged);
    // In units of 1/√curvature.
    let distance = (0..20).map(|i| (scales[i].sqrt() * (found.x[i] - 1.0)).abs()).fold(0.0, f64::max);
    assert!(distance < 1e-3, "{distance} after {} iterations", found.iterations);
    Ok(())
}

fn rosenbrock(x: &[f64], g: &mut [f64]) -> Result<f64> {
    g.fill(0.0);
    let mut value = 0.0;
    for i in 0..x.len() - 1 {
        let (a, b) = (1.0 - x[i], x[i + 1] - x[i] * x[i]);
        value += a * a + 100.0 * b * b;
        g[i] += -2.0 * a - 400.0 * b * x[i];
        g[i + 1] += 200.0 * b;
    }
    Ok(value)
}

#[test]
fn the_valley_of_rosenbrock_is_followed_to_its_end() -> Result<()> {
    let mut path = Vec::new();
    let found = Lbfgs::new().tolerance(1e-12).minimise(&[-1.2, 1.0], rosenbrock, |at| path.push(at.value))?;
    assert_eq!(found.stopped, Stopped::Converged);
    assert_close(&found.x, &[1.0, 1.0], 1e-5);
    assert!(path.windows(2).all(|pair| pair[1] <= pair[0]), "{path:?}");
    // Other implementations need 35 to 45 steps.
    assert!(found.iterations < 60, "{}", found.iterations);
    let found = Lbfgs::new().tolerance(1e-12).minimise(&[-1.2; 10], rosenbrock, |_| ())?;
    assert!(found.value < 4.0, "{}", found.value);
    Ok(())
}

#[test]
fn an_edge_of_infinity_or_nan_is_not_crossed() -> Result<()> {
    for outside in [f64::INFINITY, f64::NAN, f64::NEG_INFINITY] {
        // −ln x − ln (1 − x) + 3 x, which is infinite outside (0, 1): 3 x² − 5 x + 1 = 0.
        let f = |x: &[f64], g: &mut [f64]| {
            let x = x[0];
            if !(0.0..1.0).contains(&x) || x == 0.0 {
                g[0] = f64::NAN;
                return Ok(outside);
            }
            g[0] = -1.0 / x + 1.0 / (1.0 - x) + 3.0;
            Ok(-x.ln() - (1.0 - x).ln() + 3.0 * x)
        };
        let found = Lbfgs::new().minimise(&[0.999_999], f, |_| ())?;
        assert_eq!(found.stopped, Stopped::Converged);
        assert_close(&found.x, &[(5.0 - 13f64.sqrt()) / 6.0], 1e-5);
    }
    Ok(())
}

#[test]
fn a_jump_ends_a_search_where_no_number_is_left_between() -> Result<()> {
    let f = |x: &[f64], g: &mut [f64]| {
        g[0] = if x[0] < 0.3 { -1.0 } else { 1.0 };
        Ok(if x[0] < 0.3 { -x[0] } else { x[0] + 10.0 })
    };
    let found = Lbfgs::new().minimise(&[0.0], f, |_| ())?;
    assert_close(&found.x, &[0.3], 1e-12);
    assert!(found.x[0] < 0.3 && found.evaluations < 500, "{} evaluations", found.evaluations);
    Ok(())
}

#[test]
fn why_it_ended_is_told() -> Result<()> {
    let slope = |x: &[f64], g: &mut [f64]| {
        g[0] = -1.0;
        Ok(-x[0])
    };
    assert_eq!(Lbfgs::new().minimise(&[0.0], slope, |_| ())?.stopped, Stopped::Unbounded);
    assert_eq!(Lbfgs::new().iterations(3).minimise(&[-1.2, 1.0], rosenbrock, |_| ())?.stopped, Stopped::Iterations);
    let bad = |_: &[f64], g: &mut [f64]| {
        g[0] = 0.0;
        Ok(f64::NAN)
    };
    assert!(Lbfgs::new().minimise(&[0.0], bad, |_| ()).is_err_and(|error| error.to_string().contains("NaN")));
    Ok(())
}
