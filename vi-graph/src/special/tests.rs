//! The functions and their derivatives against tables from mpmath with 60 digits and more, computed by other means: series and
//! continued fractions in extended precision, derivatives in a parameter by differences in 130 digits.

#![allow(clippy::unwrap_used)] // a test may stop

use super::*;

/// Rows of numbers of a table; lines that start with `#` say what the columns are.
fn rows(table: &str) -> Vec<Vec<f64>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect()
}

/// A hundred times the smallest number: a product of which a factor underflows has no more digits.
const QUANTUM: f64 = 5e-322;

/// The relative error, as a multiple of what is allowed: `bound`, and `per_log` for each unit of the logarithm of the value,
/// because an exponential multiplies the rounding of its argument.
fn excess_of(found: f64, right: f64, bound: f64, per_log: f64) -> f64 {
    if found == right || (found - right).abs() <= QUANTUM {
        return 0.0;
    }
    let error = (found - right).abs() / right.abs();
    let error = error / (bound + per_log * right.abs().ln().abs());
    if error.is_nan() { f64::INFINITY } else { error }
}

/// The worst point of each column of a table whose first `arguments` columns are the arguments.
fn check(name: &str, table: &str, arguments: usize, columns: &[(&str, f64, f64, &dyn Fn(&[f64]) -> f64)]) {
    let rows = rows(table);
    assert!(rows.len() >= 40, "{name} has {} rows", rows.len());
    for (k, (column, bound, per_log, f)) in columns.iter().enumerate() {
        let mut worst = (0.0, vec![], 0.0, 0.0);
        for row in &rows {
            let (found, right) = (f(&row[..arguments]), row[arguments + k]);
            let excess = excess_of(found, right, *bound, *per_log);
            if excess > worst.0 {
                worst = (excess, row[..arguments].to_vec(), found, right);
            }
        }
        println!("{name}, {column}: {:.2e} + {per_log:.1e} |ln| at {:?}: {:e} against {:e}", worst.0 * bound, worst.1, worst.2, worst.3);
    }
    for (k, (column, bound, per_log, f)) in columns.iter().enumerate() {
        for row in &rows {
            let (found, right) = (f(&row[..arguments]), row[arguments + k]);
            assert!(excess_of(found, right, *bound, *per_log) <= 1.0, "{column} at {:?}: {found:e} against {right:e}", &row[..arguments]);
        }
    }
}

macro_rules! table {
    ($name:literal) => {
        include_str!(concat!("../../../tests/data/special/", $name, ".csv"))
    };
}

#[test]
fn error_function_and_normal_distribution_function() {
    let one = |f: fn(f64) -> f64| move |x: &[f64]| f(x[0]);
    let of = 1e-13;
    check("erf", table!("erf"), 1, &[("erf", of, 0.0, &one(erf))]);
    check("erfc", table!("erfc"), 1, &[("erfc", of, 0.0, &one(erfc))]);
    check("ndtr", table!("ndtr"), 1, &[("ndtr", of, 0.0, &one(ndtr))]);
    check("log_ndtr", table!("log_ndtr"), 1, &[("log_ndtr", of, 0.0, &one(log_ndtr)), ("ratio", of, 0.0, &one(ndtr_ratio))]);
    check("ndtri", table!("ndtri"), 1, &[("ndtri", of, 0.0, &one(ndtri))]);
    check("erfinv", table!("erfinv"), 1, &[("erfinv", of, 0.0, &one(erfinv))]);
    check("log1mexp", table!("log1mexp"), 1, &[("log1mexp", of, 0.0, &one(log1mexp))]);
}

#[test]
fn bessel_functions() {
    let one = |f: fn(f64) -> f64| move |x: &[f64]| f(x[0]);
    check("i0e", table!("i0e"), 1, &[("i0e", 1e-13, 0.0, &one(i0e))]);
    check("i1e", table!("i1e"), 1, &[("i1e", 1e-13, 0.0, &one(i1e))]);
    check("log_i0", table!("log_i0"), 1, &[("log_i0", 1e-13, 0.0, &one(log_i0))]);
}

#[test]
fn incomplete_gamma_functions() {
    let two = |f: fn(f64, f64) -> f64| move |x: &[f64]| f(x[0], x[1]);
    check(
        "gamma_inc",
        table!("gamma_inc"),
        2,
        &[
            ("P", 1e-13, 4e-16, &two(gamma_p)),
            ("Q", 1e-13, 4e-16, &two(gamma_q)),
            ("density", 1e-13, 4e-16, &two(gamma_density)),
            ("dP/da", 1e-12, 4e-16, &two(gamma_p_in_shape)),
        ],
    );
}

#[test]
fn incomplete_beta_function() {
    let three = |f: fn(f64, f64, f64) -> f64| move |x: &[f64]| f(x[0], x[1], x[2]);
    check(
        "beta_inc",
        table!("beta_inc"),
        3,
        &[
            ("I", 1e-13, 4e-16, &three(beta_inc)),
            ("density", 1e-13, 4e-16, &three(beta_density)),
            ("dI/da", 1e-12, 4e-16, &three(beta_inc_in_a)),
            ("dI/db", 1e-12, 4e-16, &three(beta_inc_in_b)),
        ],
    );
}
