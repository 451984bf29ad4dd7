//! Errors in units in the last place, at every level that the processor has.

use crate::cpu::kernels::{Level, Real, unary};
use crate::ir::Unary;
use crate::special;

/// Function, and the largest error in single and in double precision.
const BOUNDS: [(Unary, &str, f64, f64); 16] = [
    (Unary::Exp, "exp", 0.9, 1.0),
    (Unary::Expm1, "expm1", 2.0, 1.8),
    (Unary::Log, "log", 0.8, 0.8),
    (Unary::Log1p, "log1p", 1.4, 1.1),
    (Unary::Sigmoid, "sigmoid", 2.3, 1.9),
    (Unary::Softplus, "softplus", 1.7, 1.5),
    (Unary::Tanh, "tanh", 1.0, 1.1),
    (Unary::Sinh, "sinh", 2.1, 2.0),
    (Unary::Cosh, "cosh", 1.3, 1.1),
    (Unary::Sin, "sin", 1.5, 1.2),
    (Unary::Cos, "cos", 1.5, 1.4),
    (Unary::Tan, "tan", 2.8, 2.4),
    (Unary::Erf, "erf", 1.2, 1.2),
    (Unary::Lgamma, "lgamma", 6.9, 4.6),
    (Unary::Digamma, "digamma", 3.8, 3.2),
    (Unary::Trigamma, "trigamma", 2.7, 2.7),
];

/// Through the kernel, with padding behind it.
fn apply<R: Real>(level: Level, f: Unary, x: &[f64]) -> Vec<f64> {
    let mut buffer: Vec<R> = x.iter().map(|&x| R::from_f64(x)).collect();
    buffer.resize(x.len() + 16, R::from_f64(0.5));
    // SAFETY: the processor has the level; one buffer in place, padded.
    unsafe { unary::<R>(level, f)(x.len(), buffer.as_ptr(), buffer.as_mut_ptr()) };
    buffer[..x.len()].iter().map(|y| y.to_f64()).collect()
}

/// In double precision, by other means than the kernels.
fn reference(f: Unary, x: f64) -> f64 {
    match f {
        Unary::Exp => x.exp(),
        Unary::Expm1 => x.exp_m1(),
        Unary::Log => x.ln(),
        Unary::Log1p => x.ln_1p(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
        Unary::Tanh => x.tanh(),
        Unary::Sinh => x.sinh(),
        Unary::Cosh => x.cosh(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        // Held against the table in double precision.
        Unary::Erf => apply::<f64>(Level::Portable, Unary::Erf, &[x])[0],
        Unary::Lgamma => special::lgamma(x),
        Unary::Digamma => special::digamma(x),
        Unary::Trigamma => special::trigamma(x),
        _ => f64::NAN,
    }
}

/// `2^(e − digits + 1)` for `2^e ≤ |x| < 2^(e + 1)`, and at least that of the smallest normal number.
fn last_place(x: f64, digits: i32, least: i32) -> f64 {
    let exponent = ((x.abs().to_bits() >> 52) as i32 - 1023).max(least);
    // In two factors: the power may be subnormal.
    2f64.powi(exponent) * 2f64.powi(1 - digits)
}

/// Whether `y` is the 0 that stands for an exponential below the smallest normal number.
fn vanishes(f: Unary, y: f64, expected: f64, smallest: f64) -> bool {
    matches!(f, Unary::Exp | Unary::Sigmoid | Unary::Softplus) && y == 0.0 && expected < smallest
}

/// Floats of every magnitude, and more of them where the functions bend.
fn singles() -> Vec<f64> {
    let all = (0..=u32::MAX).step_by(8009).map(f32::from_bits).filter(|x| !x.is_nan());
    let bend = (-200_000..200_000).map(|i| i as f32 * 1e-4);
    all.chain(bend).map(f64::from).collect()
}

#[test]
fn single_precision_agrees_with_double_precision_over_the_whole_range() {
    let x = singles();
    for (f, name, bound, _) in BOUNDS {
        let expected: Vec<f64> = x.iter().map(|&x| reference(f, x)).collect();
        for level in Level::available() {
            let mut worst = (0.0, 0.0);
            for ((&x, y), &expected) in x.iter().zip(apply::<f32>(level, f, &x)).zip(&expected) {
                // Infinite where the rounded value is, NaN where there is none.
                let rounded = f64::from(expected as f32);
                let same = rounded == y || (rounded.is_nan() && y.is_nan());
                let error = if (same && !y.is_finite()) || vanishes(f, y, expected, f64::from(f32::MIN_POSITIVE)) {
                    0.0
                } else {
                    (y - expected).abs() / last_place(expected, 24, -126)
                };
                if error.is_nan() || error > worst.0 {
                    worst = (error, x);
                }
            }
            println!("f32 {level:?} {name}: {:.2} at {:e}", worst.0, worst.1);
            assert!(worst.0 <= bound, "f32 {level:?} {name}: {worst:?}");
        }
    }
}

#[test]
fn double_precision_agrees_with_mpmath() {
    let table: Vec<(&str, Vec<f64>)> = include_str!("../../../../../tests/data/elementary.csv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (name, row) = line.split_once(',').unwrap();
            (name, row.split(',').map(|x| x.parse().unwrap()).collect())
        })
        .collect();
    for (f, name, _, bound) in BOUNDS {
        let rows: Vec<&Vec<f64>> = table.iter().filter(|row| row.0 == name).map(|row| &row.1).collect();
        assert!(rows.len() > 40);
        let x: Vec<f64> = rows.iter().map(|row| row[0]).collect();
        for level in Level::available() {
            let mut worst = (0.0, 0.0);
            for (row, y) in rows.iter().zip(apply::<f64>(level, f, &x)) {
                let error = ((y - row[1]) - row[2]).abs() / last_place(row[1], 53, -1022);
                if error.is_nan() || error > worst.0 {
                    worst = (error, row[0]);
                }
            }
            println!("f64 {level:?} {name}: {:.2} at {:e}", worst.0, worst.1);
            assert!(worst.0 <= bound, "f64 {level:?} {name}: {worst:?}");
        }
    }
}

/// More points than the table has, in a way that needs no reference.
#[test]
fn double_precision_inverts_itself_at_random_points() {
    let x: Vec<f64> = (0..20_000).map(|i| 1e-3 * f64::from(i) - 10.0).collect();
    for level in Level::available() {
        let logs = apply::<f64>(level, Unary::Log, &apply::<f64>(level, Unary::Exp, &x));
        let logs1p = apply::<f64>(level, Unary::Log1p, &apply::<f64>(level, Unary::Expm1, &x));
        for ((&x, log), log1p) in x.iter().zip(logs).zip(logs1p) {
            // An error e of exp is one of e in its logarithm, beside the rounding of the logarithm.
            assert!((log - x).abs() <= 4e-16 + 2e-16 * x.abs(), "{level:?} {x}: {log}");
            // Of expm1 close to −1 only 2^-53/(1 + p) is known.
            assert!((log1p - x).abs() <= 4e-16 * (x.abs() + (-x).exp()), "{level:?} {x}: {log1p}");
        }
    }
}

#[test]
fn the_ends_of_the_domains() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let points = [0.0, -0.0, INF, -INF, NAN, -1.0, -2.5];
    let expected = [
        (Unary::Exp, [1.0, 1.0, INF, 0.0, NAN, (-1f64).exp(), (-2.5f64).exp()]),
        (Unary::Expm1, [0.0, 0.0, INF, -1.0, NAN, (-1f64).exp_m1(), (-2.5f64).exp_m1()]),
        (Unary::Log, [-INF, -INF, INF, NAN, NAN, NAN, NAN]),
        (Unary::Log1p, [0.0, 0.0, INF, NAN, NAN, -INF, NAN]),
        (Unary::Sqrt, [0.0, 0.0, INF, NAN, NAN, NAN, NAN]),
        (Unary::Recip, [INF, -INF, 0.0, 0.0, NAN, -1.0, -0.4]),
        (Unary::Sigmoid, [0.5, 0.5, 1.0, 0.0, NAN, 1.0 / (1.0 + 1f64.exp()), 1.0 / (1.0 + 2.5f64.exp())]),
        (Unary::Softplus, [2f64.ln(), 2f64.ln(), INF, 0.0, NAN, (-1f64).exp().ln_1p(), (-2.5f64).exp().ln_1p()]),
        (Unary::Tanh, [0.0, 0.0, 1.0, -1.0, NAN, (-1f64).tanh(), (-2.5f64).tanh()]),
        (Unary::Sinh, [0.0, 0.0, INF, -INF, NAN, (-1f64).sinh(), (-2.5f64).sinh()]),
        (Unary::Cosh, [1.0, 1.0, INF, INF, NAN, 1f64.cosh(), 2.5f64.cosh()]),
        (Unary::Sin, [0.0, 0.0, NAN, NAN, NAN, (-1f64).sin(), (-2.5f64).sin()]),
        (Unary::Cos, [1.0, 1.0, NAN, NAN, NAN, 1f64.cos(), 2.5f64.cos()]),
        (Unary::Tan, [0.0, 0.0, NAN, NAN, NAN, (-1f64).tan(), (-2.5f64).tan()]),
        (Unary::Erf, [0.0, 0.0, 1.0, -1.0, NAN, -0.842_700_792_949_714_9, -0.999_593_047_982_555]),
        (Unary::Lgamma, [INF, INF, INF, NAN, NAN, NAN, NAN]),
        (Unary::Digamma, [-INF, -INF, INF, NAN, NAN, NAN, NAN]),
        (Unary::Trigamma, [INF, INF, 0.0, NAN, NAN, NAN, NAN]),
    ];
    for level in Level::available() {
        for (f, expected) in expected {
            for (precision, found) in [(3e-7, apply::<f32>(level, f, &points)), (1e-15, apply::<f64>(level, f, &points))] {
                for ((y, expected), x) in found.into_iter().zip(expected).zip(points) {
                    let same = y == expected || (y.is_nan() && expected.is_nan()) || (y - expected).abs() <= precision * expected.abs();
                    assert!(same, "{level:?} {f:?}({x}): {y}, not {expected}");
                }
            }
        }
    }
}

#[test]
fn results_overflow_and_underflow_where_they_must() {
    for level in Level::available() {
        // ln of the largest and the smallest normal number, and a unit beyond.
        let y = apply::<f32>(level, Unary::Exp, &[88.722_83, 88.722_84, -87.336_54, -87.336_55, 1e30, -1e30]);
        let smallest = f64::from(f32::MIN_POSITIVE);
        assert!(y[0].is_finite() && y[0] > 3.402e38 && y[1] == f64::INFINITY, "{level:?} {y:?}");
        assert!((y[2] / smallest - 1.0).abs() < 1e-5 && y[2] >= smallest, "{level:?} {y:?}");
        assert_eq!((y[3], y[4], y[5]), (0.0, f64::INFINITY, 0.0), "{level:?}");
        let y = apply::<f64>(
            level,
            Unary::Exp,
            &[709.782_712_893_383_9, 709.782_712_893_384_1, -708.396_418_532_264_1, -708.396_418_532_264_3, 1e300, -1e300],
        );
        assert!(y[0].is_finite() && y[0] > 1.797e308 && y[1] == f64::INFINITY, "{level:?} {y:?}");
        assert!((y[2] / f64::MIN_POSITIVE - 1.0).abs() < 1e-12 && y[2] >= f64::MIN_POSITIVE, "{level:?} {y:?}");
        assert_eq!((y[3], y[4], y[5]), (0.0, f64::INFINITY, 0.0), "{level:?}");
        // sinh and cosh are finite beyond the exponential.
        for f in [Unary::Sinh, Unary::Cosh] {
            let y = apply::<f32>(level, f, &[89.41, 89.42]);
            let expected = 0.5 * f64::from(89.41f32).exp();
            assert!((y[0] / expected - 1.0).abs() < 1e-6 && y[1] == f64::INFINITY, "{level:?} {f:?} {y:?}");
            let y = apply::<f64>(level, f, &[710.475, 710.476]);
            assert!(y[0].is_finite() && y[0] > 1.79e308 && y[1] == f64::INFINITY, "{level:?} {f:?} {y:?}");
        }
        // The logarithms of subnormal numbers.
        assert_eq!(apply::<f32>(level, Unary::Log, &[2f64.powi(-149)]), [f64::from((-149.0 * 2f64.ln()) as f32)]);
        assert_eq!(apply::<f64>(level, Unary::Log, &[f64::from_bits(1)]), [-1074.0 * 2f64.ln()]);
    }
}

#[test]
fn angles_beyond_the_reduction_go_through_the_library() {
    let x = [1e5, 1.1e5, 1e9, -1e22, 3.0];
    for level in Level::available() {
        for (f, library) in [(Unary::Sin, f64::sin as fn(f64) -> f64), (Unary::Cos, f64::cos), (Unary::Tan, f64::tan)] {
            for (y, x) in apply::<f64>(level, f, &x).into_iter().zip(x) {
                assert!((y / library(x) - 1.0).abs() < 1e-15, "{level:?} {f:?}({x}): {y}");
            }
            // What stands beside a far angle has the bits that it has elsewhere.
            assert_eq!(apply::<f64>(level, f, &x)[4], apply::<f64>(level, f, &[3.0])[0]);
        }
    }
}

type Library = fn(f64) -> f64;

#[test]
fn functions_of_the_library_in_both_precisions() {
    let x = [0.3, 0.9, -0.4];
    let expected: [(Unary, Library); 5] = [
        (Unary::Asin, f64::asin),
        (Unary::Acos, f64::acos),
        (Unary::Atan, f64::atan),
        (Unary::Asinh, f64::asinh),
        (Unary::Atanh, f64::atanh),
    ];
    for (f, library) in expected {
        assert_eq!(apply::<f64>(Level::Portable, f, &x), x.map(library));
        assert_eq!(apply::<f32>(Level::Portable, f, &x), x.map(|x| f64::from(library(f64::from(x as f32)) as f32)));
    }
    assert_eq!(apply::<f64>(Level::Portable, Unary::Acosh, &[1.5]), [1.5f64.acosh()]);
}
