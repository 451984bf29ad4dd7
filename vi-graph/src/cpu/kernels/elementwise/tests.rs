//! Known answers, at every level that the processor has, for lengths on both sides of whole vectors.

use super::fused::{Contraction, contraction};
use super::*;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

type Expected = fn(f64, f64) -> f64;
type ExpectedOfThree = fn(f32, f32, f32) -> f32;
type ExpectedOfThreeWide = fn(f64, f64, f64) -> f64;

/// `pattern` again and again, padded.
fn buffer<R: Real>(pattern: &[f64], n: usize) -> Vec<R> {
    (0..n.next_multiple_of(16)).map(|i| R::from_f64(pattern[i % pattern.len()])).collect()
}

fn assert_pattern<R: Real>(found: &[R], n: usize, expected: &[f64], what: &str) {
    for (i, y) in found[..n].iter().enumerate() {
        let expected = R::from_f64(expected[i % expected.len()]).to_f64();
        let y = y.to_f64();
        assert!(y == expected || (y.is_nan() && expected.is_nan()), "{what}, element {i} of {n}: {y}, not {expected}");
    }
}

fn check_unary<R: Real>(f: Unary, x: &[f64], expected: &[f64]) {
    for level in Level::available() {
        for n in [0, 1, 7, 16, 17, 40] {
            let (x, mut out) = (buffer::<R>(x, n), buffer::<R>(&[0.0], n));
            // SAFETY: padded buffers.
            unsafe { unary::<R>(level, f)(n, x.as_ptr(), out.as_mut_ptr()) };
            assert_pattern(&out, n, expected, &format!("{level:?} {f:?}"));
        }
    }
}

#[test]
fn functions_of_one_operand() {
    let x = [2.5, -2.5, 0.5, -1.5, 0.0, NAN, INF];
    for (f, expected) in [
        (Unary::Neg, [-2.5, 2.5, -0.5, 1.5, 0.0, NAN, -INF]),
        (Unary::Abs, [2.5, 2.5, 0.5, 1.5, 0.0, NAN, INF]),
        (Unary::Sign, [1.0, -1.0, 1.0, -1.0, 0.0, NAN, 1.0]),
        (Unary::Detach, [2.5, -2.5, 0.5, -1.5, 0.0, NAN, INF]),
        (Unary::Square, [6.25, 6.25, 0.25, 2.25, 0.0, NAN, INF]),
        (Unary::Floor, [2.0, -3.0, 0.0, -2.0, 0.0, NAN, INF]),
        (Unary::Ceil, [3.0, -2.0, 1.0, -1.0, 0.0, NAN, INF]),
        (Unary::Round, [2.0, -2.0, 0.0, -2.0, 0.0, NAN, INF]),
        (Unary::Trunc, [2.0, -2.0, 0.0, -1.0, 0.0, NAN, INF]),
        (Unary::Recip, [0.4, -0.4, 2.0, 1.0 / -1.5, INF, NAN, 0.0]),
    ] {
        check_unary::<f64>(f, &x, &expected);
        if f != Unary::Recip {
            check_unary::<f32>(f, &x, &expected);
        }
    }
}

fn check_binary<R: Real>(f: Binary, x: &[f64], y: &[f64], expected: impl Fn(f64, f64) -> f64) {
    for level in Level::available() {
        for n in [0, 1, 15, 33] {
            for (mode, x, y) in [(Mode::VectorVector, x, y), (Mode::VectorScalar, x, &y[..1]), (Mode::ScalarVector, &x[..1], y)] {
                let (left, right, mut out) = (buffer::<R>(x, n.max(1)), buffer::<R>(y, n.max(1)), buffer::<R>(&[0.0], n));
                // SAFETY: padded buffers.
                unsafe { binary::<R>(level, f, mode)(n, left.as_ptr(), right.as_ptr(), out.as_mut_ptr()) };
                let expected: Vec<f64> =
                    (0..n.max(1)).map(|i| expected(left[i % left.len()].to_f64(), right[i % right.len()].to_f64())).collect();
                assert_pattern(&out, n, &expected, &format!("{level:?} {f:?} {mode:?}"));
            }
        }
    }
}

#[test]
fn functions_of_two_operands() {
    let x = [5.5, -5.5, 3.0, NAN, 1.0, INF];
    let y = [2.0, 2.0, -2.0, 1.0, NAN, 4.0];
    let cases: [(Binary, Expected); 7] = [
        (Binary::Add, |x, y| x + y),
        (Binary::Sub, |x, y| x - y),
        (Binary::Mul, |x, y| x * y),
        (Binary::Rem, |x, y| if x.is_finite() { x.rem_euclid(y.abs()) + if y < 0.0 { y } else { 0.0 } } else { f64::NAN }),
        (Binary::Max, |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) }),
        (Binary::Min, |x, y| if x.is_nan() || y.is_nan() { f64::NAN } else { x.min(y) }),
        (Binary::Atan2, f64::atan2),
    ];
    for (f, expected) in cases {
        check_binary::<f64>(f, &x, &y, expected);
        check_binary::<f32>(f, &x, &y, expected);
    }
    check_binary::<f64>(Binary::Div, &x, &y, |x, y| x / y);
    check_binary::<f64>(Binary::Pow, &x, &y, f64::powf);
}

#[test]
fn the_logarithm_times_zero_is_zero() {
    for level in Level::available() {
        let x = buffer::<f64>(&[0.0, 0.0, 0.0, 2.0, 2.0], 5);
        let y = buffer::<f64>(&[0.0, NAN, INF, 0.0, 1.0], 5);
        let mut out = buffer::<f64>(&[7.0], 5);
        // SAFETY: padded buffers.
        unsafe { binary::<f64>(level, Binary::Xlogy, Mode::VectorVector)(5, x.as_ptr(), y.as_ptr(), out.as_mut_ptr()) };
        assert_eq!(out[..5], [0.0, 0.0, 0.0, -INF, 0.0]);
    }
}

#[test]
fn functions_of_the_host_get_their_operands_in_order() {
    let pairs = [(2.0, 3.0), (0.5, 20.0)];
    let cases: [(Binary, Expected); 3] = [
        (Binary::LogBeta, special::log_beta),
        (Binary::DigammaDifference, special::digamma_difference),
        (Binary::GammaLogDerivative, gamma::gamma_log_derivative),
    ];
    for (f, expected) in cases {
        for (x, y) in pairs {
            check_binary::<f64>(f, &[x], &[y], expected);
        }
    }
}

fn check_compare<R: Real>() {
    let x = [1.0, 2.0, 3.0, NAN, 0.0];
    let y = [2.0, 2.0, 2.0, NAN, -0.0];
    for (f, expected) in [
        (Compare::Equal, [0, 1, 0, 0, 1]),
        (Compare::NotEqual, [1, 0, 1, 1, 0]),
        (Compare::Less, [1, 0, 0, 0, 0]),
        (Compare::LessEqual, [1, 1, 0, 0, 1]),
        (Compare::Greater, [0, 0, 1, 0, 0]),
        (Compare::GreaterEqual, [0, 1, 1, 0, 1]),
    ] {
        for level in Level::available() {
            for n in [0usize, 3, 16, 37] {
                let (left, right, mut out) = (buffer::<R>(&x, n.max(1)), buffer::<R>(&y, n.max(1)), vec![9; n.next_multiple_of(64)]);
                // SAFETY: padded buffers.
                unsafe { compare::<R>(level, f, Mode::VectorVector)(n, left.as_ptr(), right.as_ptr(), out.as_mut_ptr()) };
                assert!((0..n).all(|i| out[i] == expected[i % 5]), "{level:?} {f:?}: {out:?}");
            }
            // 1 < 2 and 2 > 1 with either scalar.
            let (one, two, mut out) = ([R::from_f64(1.0)], buffer::<R>(&[2.0, 1.0, 0.5], 3), vec![9; 64]);
            // SAFETY: padded buffers, and one element for the scalar.
            unsafe { compare::<R>(level, Compare::Less, Mode::ScalarVector)(3, one.as_ptr(), two.as_ptr(), out.as_mut_ptr()) };
            assert_eq!(out[..3], [1, 0, 0]);
            // SAFETY: the same.
            unsafe { compare::<R>(level, Compare::Less, Mode::VectorScalar)(3, two.as_ptr(), one.as_ptr(), out.as_mut_ptr()) };
            assert_eq!(out[..3], [0, 0, 1]);
        }
    }
}

#[test]
fn comparisons_are_false_for_nan() {
    check_compare::<f32>();
    check_compare::<f64>();
}

fn check_select_and_test<R: Real>() {
    for level in Level::available() {
        for n in [0usize, 1, 9, 35] {
            let condition: Vec<u8> = (0..n.next_multiple_of(64)).map(|i| u8::from(i % 3 == 0)).collect();
            let (a, b) = (buffer::<R>(&[1.0, 2.0], n.max(1)), buffer::<R>(&[5.0, 6.0, 7.0], n.max(1)));
            for (scalar_a, scalar_b) in [(false, false), (false, true), (true, false), (true, true)] {
                let mut out = buffer::<R>(&[0.0], n);
                // SAFETY: padded buffers.
                unsafe { select::<R>(level, scalar_a, scalar_b)(n, condition.as_ptr(), a.as_ptr(), b.as_ptr(), out.as_mut_ptr()) };
                for (i, &y) in out[..n].iter().enumerate() {
                    let expected = if i % 3 == 0 { a[if scalar_a { 0 } else { i }] } else { b[if scalar_b { 0 } else { i }] };
                    assert_eq!(y, expected, "{level:?}, element {i} of {n}");
                }
            }
            let x = buffer::<R>(&[NAN, INF, -INF, 1.0], n.max(1));
            let mut out = vec![9; n.next_multiple_of(64)];
            for (f, expected) in [(Test::IsNan, [1, 0, 0, 0]), (Test::IsInfinite, [0, 1, 1, 0])] {
                // SAFETY: padded buffers.
                unsafe { test::<R>(level, f)(n, x.as_ptr(), out.as_mut_ptr()) };
                assert!((0..n).all(|i| out[i] == expected[i % 4]), "{level:?} {f:?}: {out:?}");
            }
        }
    }
}

#[test]
fn choices_and_tests() {
    check_select_and_test::<f32>();
    check_select_and_test::<f64>();
}

#[test]
fn multiplication_and_addition() {
    let (x, y, z) = ([2.0, 3.0, -1.0], [5.0, 7.0], [0.5, 1.5, 2.5, 3.5]);
    for level in Level::available() {
        for scalars in 0..8 {
            let scalar = [scalars & 1 != 0, scalars & 2 != 0, scalars & 4 != 0];
            let (x, y, z, n) = (buffer::<f32>(&x, 19), buffer::<f32>(&y, 19), buffer::<f32>(&z, 19), 19);
            let cases: [(Contraction, ExpectedOfThree); 3] = [
                (Contraction::MulAdd, |x, y, z| x * y + z),
                (Contraction::MulSub, |x, y, z| x * y - z),
                (Contraction::NegMulAdd, |x, y, z| z - x * y),
            ];
            for (f, expected) in cases {
                let mut out = buffer::<f32>(&[0.0], n);
                // SAFETY: padded buffers.
                unsafe { contraction::<f32>(level, f, scalar)(n, x.as_ptr(), y.as_ptr(), z.as_ptr(), out.as_mut_ptr()) };
                for (i, &found) in out[..n].iter().enumerate() {
                    let at = |k: usize| if scalar[k] { 0 } else { i };
                    assert_eq!(found, expected(x[at(0)], y[at(1)], z[at(2)]), "{level:?} {f:?} {scalar:?}");
                }
            }
        }
    }
}

#[test]
fn functions_of_three_numbers() {
    let (a, b, x) = ([2.0, 3.0, 0.5], [5.0, 7.0], [0.25, 0.5, 0.125, 0.75]);
    for scalars in 0..8 {
        let scalar = [scalars & 1 != 0, scalars & 2 != 0, scalars & 4 != 0];
        let (a, b, x, n) = (buffer::<f64>(&a, 19), buffer::<f64>(&b, 19), buffer::<f64>(&x, 19), 19);
        let cases: [(Ternary, ExpectedOfThreeWide); 4] = [
            (Ternary::BetaInc, special::beta_inc),
            (Ternary::BetaDensity, special::beta_density),
            (Ternary::BetaIncInA, special::beta_inc_in_a),
            (Ternary::BetaIncInB, special::beta_inc_in_b),
        ];
        for (f, expected) in cases {
            let mut out = buffer::<f64>(&[0.0], n);
            // SAFETY: buffers of n elements.
            unsafe { ternary::<f64>(f, scalar)(n, a.as_ptr(), b.as_ptr(), x.as_ptr(), out.as_mut_ptr()) };
            for (i, &found) in out[..n].iter().enumerate() {
                let at = |k: usize| if scalar[k] { 0 } else { i };
                assert_eq!(found, expected(a[at(0)], b[at(1)], x[at(2)]), "{f:?} {scalar:?}");
            }
        }
    }
}

#[test]
fn a_result_may_take_the_place_of_an_operand() {
    for level in Level::available() {
        let mut x = buffer::<f32>(&[1.0, 2.0, 3.0], 40);
        let y = buffer::<f32>(&[10.0], 1);
        // SAFETY: padded buffers, one of them both operand and result.
        unsafe { binary::<f32>(level, Binary::Sub, Mode::VectorScalar)(40, x.as_ptr(), y.as_ptr(), x.as_mut_ptr()) };
        assert_pattern(&x, 40, &[-9.0, -8.0, -7.0], "in place");
    }
}
