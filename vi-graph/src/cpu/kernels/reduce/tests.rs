use super::*;

const SIZES: [usize; 16] = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 255, 1000, 5001];

/// Numbers of both signs.
fn numbers<R: Real>(n: usize) -> Vec<R> {
    (0..n).map(|i| R::from_f64(((i * 7919 + 13) % 1009) as f64 / 504.0 - 0.9)).collect()
}

fn run_of<R: Real>(level: Level, f: Reduce, x: &[R]) -> R {
    let mut out = R::from_f64(99.0);
    // SAFETY: exactly the elements are read, and one is written.
    unsafe { of_run::<R>(level, f)(x.len(), x.as_ptr(), &mut out) };
    out
}

/// Rows of `n` elements that follow each other.
fn rows_of<R: Real>(level: Level, f: Reduce, n: usize, x: &[R]) -> Vec<R> {
    let mut out = vec![R::from_f64(99.0); n];
    let m = x.len().checked_div(n).unwrap_or(0);
    // SAFETY: the shapes are those of the buffers.
    unsafe { of_rows::<R>(level, f)(m, n, n * size_of::<R>(), x.as_ptr(), out.as_mut_ptr()) };
    out
}

fn close<R: Real>(got: R, expected: f64, scale: f64) {
    let unit = if size_of::<R>() == 4 { 1.2e-7 } else { 2.3e-16 };
    assert!((got.to_f64() - expected).abs() <= 8.0 * unit * scale, "{got:?} is not {expected}");
}

fn sum(x: &[impl Real]) -> (f64, f64) {
    x.iter().fold((0.0, 0.0), |(sum, scale), x| (sum + x.to_f64(), scale + x.to_f64().abs()))
}

fn sums_are_right<R: Real>() {
    for level in Level::available() {
        for n in SIZES {
            let x = numbers::<R>(n);
            let (expected, scale) = sum(&x);
            close(run_of(level, Reduce::Sum, &x), expected, scale);
        }
        for m in [0, 1, 2, 7, 8, 9, 33, 300] {
            for n in [0, 1, 2, 3, 5, 8, 10, 15, 16, 17, 50, 63, 85, 200] {
                let x = numbers::<R>(m * n);
                for (j, got) in rows_of(level, Reduce::Sum, n, &x).into_iter().enumerate() {
                    let column: Vec<R> = (0..m).map(|i| x[i * n + j]).collect();
                    let (expected, scale) = sum(&column);
                    close(got, expected, scale);
                }
            }
        }
    }
}

#[test]
fn sums_agree_with_plain_loops() {
    sums_are_right::<f32>();
    sums_are_right::<f64>();
}

/// The extreme, NaN where one is; as bits without the sign of a zero or a NaN.
fn extreme<R: Real>(f: Reduce, x: &[R]) -> u64 {
    let largest = f == Reduce::Max;
    let start = if largest { f64::NEG_INFINITY } else { f64::INFINITY };
    let extreme = x.iter().fold(start, |a, b| match b.to_f64() {
        b if a.is_nan() || b.is_nan() => f64::NAN,
        b => {
            if largest {
                a.max(b)
            } else {
                a.min(b)
            }
        }
    });
    bits(extreme)
}

fn bits(x: f64) -> u64 {
    if x.is_nan() { u64::MAX } else { (x + 0.0).to_bits() }
}

fn extremes_are_exact<R: Real>() {
    for level in Level::available() {
        for f in [Reduce::Max, Reduce::Min] {
            for n in SIZES {
                for spoilt in [None, Some(0), Some(n / 2), Some(n.saturating_sub(1))] {
                    let mut x = numbers::<R>(n);
                    if let Some(at) = spoilt.filter(|&at| at < n) {
                        x[at] = R::from_f64(f64::NAN);
                    }
                    assert_eq!(bits(run_of(level, f, &x).to_f64()), extreme(f, &x), "{level:?} {f:?} {n}");
                    for k in [1, 10, 17] {
                        let x = &x[..n / k * k];
                        for (j, got) in rows_of(level, f, k, x).into_iter().enumerate() {
                            let column: Vec<R> = x.iter().skip(j).step_by(k).copied().collect();
                            assert_eq!(bits(got.to_f64()), extreme(f, &column), "{level:?} {f:?} {n}: column {j} of {k}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn extremes_are_those_of_plain_loops_and_nan_where_one_is() {
    extremes_are_exact::<f32>();
    extremes_are_exact::<f64>();
}

#[test]
fn products_agree_with_plain_loops() {
    for level in Level::available() {
        for n in [0, 1, 5, 16, 33, 100] {
            let x: Vec<f64> = numbers::<f64>(n).iter().map(|x| 1.0 + 0.1 * x).collect();
            let out = run_of(level, Reduce::Prod, &x);
            let expected: f64 = x.iter().product();
            assert!((out - expected).abs() < 1e-14 * expected, "{out} {expected}");
        }
    }
}

/// 10⁷ times 0.1 as f32 has it, and the same in one column; plain summation in single precision is off by 8 %.
#[test]
fn long_sums_keep_their_precision() {
    let n = 10_000_000;
    let x = vec![0.1f32; n];
    let expected = n as f64 * f64::from(0.1f32);
    let near = |sum: f32, parts: f64| (parts * f64::from(sum) / expected - 1.0).abs() < 1e-6;
    for level in Level::available() {
        let sum = run_of(level, Reduce::Sum, &x);
        assert!(near(sum, 1.0), "{level:?}: {sum}");
        for columns in [5, 16] {
            let sums = rows_of(level, Reduce::Sum, columns, &x);
            assert!(sums.iter().all(|&sum| near(sum, columns as f64)), "{level:?}: {sums:?}");
        }
    }
}

#[test]
fn sums_of_infinities_are_infinite() {
    for level in Level::available() {
        let mut x = vec![1f32; 2048];
        x[77] = f32::INFINITY;
        assert_eq!(run_of(level, Reduce::Sum, &x), f32::INFINITY);
        let columns = rows_of(level, Reduce::Sum, 16, &x);
        assert_eq!((columns[13], columns[12]), (f32::INFINITY, 128.0));
    }
}

/// Two columns of three rows that lie five elements apart.
#[test]
fn rows_may_lie_apart() {
    let x: Vec<f64> = (0..15).map(f64::from).collect();
    for level in Level::available() {
        for (f, expected) in
            [(Reduce::Sum, [15.0, 18.0]), (Reduce::Prod, [0.0, 66.0]), (Reduce::Max, [10.0, 11.0]), (Reduce::Min, [0.0, 1.0])]
        {
            let mut out = [0.0; 2];
            // SAFETY: the last element is number 11 of 15.
            unsafe { of_rows::<f64>(level, f)(3, 2, 40, x.as_ptr(), out.as_mut_ptr()) };
            assert_eq!(out, expected);
        }
    }
}
