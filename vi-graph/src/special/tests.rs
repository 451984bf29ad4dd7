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

/// A column: its name, the relative error that is allowed, and the function.
type Column<'a> = (&'a str, f64, &'a dyn Fn(&[f64]) -> f64);

/// Each column of a table whose first `arguments` columns are the arguments.
fn check(name: &str, table: &str, arguments: usize, columns: &[Column]) {
    let rows = rows(table);
    assert!(rows.len() >= 40, "{name} has {} rows", rows.len());
    for (k, (column, bound, f)) in columns.iter().enumerate() {
        let mut worst = (0.0, String::new());
        for row in &rows {
            let (found, right) = (f(&row[..arguments]), row[arguments + k]);
            let error = if found == right || (found - right).abs() <= QUANTUM { 0.0 } else { (found - right).abs() / right.abs() };
            if error > worst.0 || error.is_nan() {
                worst = (error, format!("at {:?}: {found:e} against {right:e}", &row[..arguments]));
            }
        }
        println!("{column}: {:.2e} {}", worst.0, worst.1);
        assert!(worst.0 <= *bound, "{column}: {:.2e} {}", worst.0, worst.1);
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
    let of = 2e-15;
    check("erf", table!("erf"), 1, &[("erf", of, &one(erf))]);
    check("erfc", table!("erfc"), 1, &[("erfc", of, &one(erfc))]);
    check("ndtr", table!("ndtr"), 1, &[("ndtr", of, &one(ndtr))]);
    check("log_ndtr", table!("log_ndtr"), 1, &[("log_ndtr", of, &one(log_ndtr)), ("ratio", of, &one(ndtr_ratio))]);
    check("ndtri", table!("ndtri"), 1, &[("ndtri", of, &one(ndtri))]);
    check("erfinv", table!("erfinv"), 1, &[("erfinv", of, &one(erfinv))]);
    check("log1mexp", table!("log1mexp"), 1, &[("log1mexp", of, &one(log1mexp))]);
}

#[test]
fn bessel_functions() {
    let one = |f: fn(f64) -> f64| move |x: &[f64]| f(x[0]);
    check("i0e", table!("i0e"), 1, &[("i0e", 2e-15, &one(i0e))]);
    check("i1e", table!("i1e"), 1, &[("i1e", 2e-15, &one(i1e))]);
    check("log_i0", table!("log_i0"), 1, &[("log_i0", 2e-15, &one(log_i0))]);
}

#[test]
fn incomplete_gamma_functions() {
    let two = |f: fn(f64, f64) -> f64| move |x: &[f64]| f(x[0], x[1]);
    check(
        "gamma_inc",
        table!("gamma_inc"),
        2,
        &[
            ("P", 3e-14, &two(gamma_p)),
            ("Q", 3e-14, &two(gamma_q)),
            ("density", 1e-13, &two(gamma_density)),
            ("dP/da", 5e-14, &two(gamma_p_in_shape)),
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
            ("I", 3e-14, &three(beta_inc)),
            ("density", 6e-14, &three(beta_density)),
            ("dI/da", 2e-13, &three(beta_inc_in_a)),
            ("dI/db", 2e-13, &three(beta_inc_in_b)),
        ],
    );
}
