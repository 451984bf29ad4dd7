use super::*;

const SIZES: [usize; 16] = [0, 1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 255, 1000, 5001];

/// Numbers of both signs, and a buffer as the executor has it: whole vectors, with NaN where no element is.
fn numbers<R: Real>(n: usize) -> Vec<R> {
    let element = |i: usize| ((i * 7919 + 13) % 1009) as f64 / 504.0 - 0.9;
    (0..n.next_multiple_of(16)).map(|i| R::from_f64(if i < n { element(i) } else { f64::NAN })).collect()
}

fn close<R: Real>(got: R, expected: f64, scale: f64) {
    let unit = if size_of::<R>() == 4 { 1.2e-7 } else { 2.3e-16 };
    assert!((got.to_f64() - expected).abs() <= 8.0 * unit * scale, "{got:?} is not {expected}");
}

fn sum(x: &[impl Real]) -> (f64, f64) {
    x.iter().fold((0.0, 0.0), |(sum, scale), x| (sum + x.to_f64(), scale + x.to_f64().abs()))
}

fn sums_are_right<R: Real>() {
    let zero = R::from_f64(0.0);
    for level in Level::available() {
        for n in SIZES {
            let (x, y) = (numbers::<R>(n), numbers::<R>(n + 16)[16..].to_vec());
            let y: Vec<R> = if y.len() < x.len() { x.clone() } else { y };
            let (expected, scale) = sum(&x[..n]);
            let mut out = R::from_f64(f64::NAN);
            // SAFETY: the buffers are padded.
            unsafe { all::<R, Sum, false>(level)(n, x.as_ptr(), &mut out) };
            close(out, expected, scale);
            // SAFETY: exactly the elements are read.
            unsafe { of_run::<R>(level, Reduce::Sum)(n, x[..n].to_vec().as_ptr(), &mut out) };
            close(out, expected, scale);
            out = R::from_f64(2.0);
            // SAFETY: as above.
            unsafe { all::<R, Sum, true>(level)(n, x.as_ptr(), &mut out) };
            close(out, expected + 2.0, scale + 2.0);
            let products: Vec<f64> = x[..n].iter().zip(&y).map(|(x, y)| x.to_f64() * y.to_f64()).collect();
            let (expected, scale) = sum(&products);
            // SAFETY: as above.
            unsafe { dot::<R, false>(level)(n, x.as_ptr(), y.as_ptr(), &mut out) };
            close(out, expected, scale);
        }
        for m in [0, 1, 2, 7, 8, 9, 33, 300] {
            for n in [0, 1, 2, 3, 5, 8, 10, 15, 16, 17, 50, 63, 85, 200] {
                // Exactly so long: nothing beyond may be read.
                let x = numbers::<R>(m * n)[..m * n].to_vec();
                let mut out = vec![R::from_f64(1.0); m];
                // SAFETY: the shapes are those of the buffers.
                unsafe { rows::<R, Sum, true>(level)(m, n, x.as_ptr(), out.as_mut_ptr()) };
                for (i, out) in out.iter().enumerate() {
                    let (expected, scale) = sum(&x[i * n..(i + 1) * n]);
                    close(*out, expected + 1.0, scale + 1.0);
                }
                let mut out = vec![zero; m];
                // SAFETY: as above.
                unsafe { row_dots::<R, false>(level)(m, n, x.as_ptr(), x.as_ptr(), out.as_mut_ptr()) };
                for (i, out) in out.iter().enumerate() {
                    let expected = x[i * n..(i + 1) * n].iter().map(|x| x.to_f64() * x.to_f64()).sum();
                    close(*out, expected, expected);
                }
                for add in [false, true] {
                    let mut out = vec![R::from_f64(1.0); n];
                    let kernel = if add { columns::<R, Sum, true>(level) } else { columns::<R, Sum, false>(level) };
                    // SAFETY: as above.
                    unsafe { kernel(m, n, n * size_of::<R>(), x.as_ptr(), out.as_mut_ptr()) };
                    for (j, out) in out.iter().enumerate() {
                        let column: Vec<R> = (0..m).map(|i| x[i * n + j]).collect();
                        let (expected, scale) = sum(&column);
                        let before = f64::from(u8::from(add));
                        close(*out, expected + before, scale + before);
                    }
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

fn extremes_are_exact<R: Real>() {
    for level in Level::available() {
        for n in SIZES {
            for spoilt in [None, Some(0), Some(n / 2), Some(n.saturating_sub(1))] {
                let mut x = numbers::<R>(n);
                if let Some(at) = spoilt.filter(|&at| at < n) {
                    x[at] = R::from_f64(f64::NAN);
                }
                let nan = spoilt.is_some() && n > 0;
                let plain = |x: &[R], start: f64, f: fn(f64, f64) -> f64| x.iter().fold(start, |a, b| f(a, b.to_f64()));
                let (mut high, mut low) = (R::from_f64(0.0), R::from_f64(0.0));
                // SAFETY: the buffers are padded.
                unsafe {
                    all::<R, Largest, false>(level)(n, x.as_ptr(), &mut high);
                    all::<R, Smallest, false>(level)(n, x.as_ptr(), &mut low);
                }
                for (f, expected) in [(Reduce::Max, high), (Reduce::Min, low)] {
                    let mut got = R::from_f64(0.0);
                    // SAFETY: as above.
                    unsafe { of_run::<R>(level, f)(n, x.as_ptr(), &mut got) };
                    assert_eq!(got.to_f64().to_bits() << 1, expected.to_f64().to_bits() << 1);
                }
                if nan {
                    assert!(high.to_f64().is_nan() && low.to_f64().is_nan(), "{level:?} {n}");
                } else {
                    assert_eq!(high.to_f64(), plain(&x[..n], f64::NEG_INFINITY, f64::max));
                    assert_eq!(low.to_f64(), plain(&x[..n], f64::INFINITY, f64::min));
                }
                let (m, k) = (n / 10, 10);
                let mut out = vec![R::from_f64(0.0); k.max(m)];
                // SAFETY: `m · k ≤ n`.
                unsafe { rows::<R, Largest, false>(level)(m, k, x.as_ptr(), out.as_mut_ptr()) };
                for i in 0..m {
                    let row = &x[i * k..(i + 1) * k];
                    let expected = if row.iter().any(|x| x.to_f64().is_nan()) { f64::NAN } else { plain(row, f64::NEG_INFINITY, f64::max) };
                    assert_eq!(out[i].to_f64().to_bits() << 1, expected.to_bits() << 1, "{level:?} {n}: row {i}");
                }
                // SAFETY: as above.
                unsafe { columns::<R, Smallest, false>(level)(m, k, k * size_of::<R>(), x.as_ptr(), out.as_mut_ptr()) };
                for j in 0..k {
                    let column: Vec<R> = (0..m).map(|i| x[i * k + j]).collect();
                    let nan = column.iter().any(|x| x.to_f64().is_nan());
                    let expected = if nan { f64::NAN } else { plain(&column, f64::INFINITY, f64::min) };
                    assert_eq!(out[j].to_f64().to_bits() << 1, expected.to_bits() << 1, "{level:?} {n}: column {j}");
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
            let mut out = 0.0;
            // SAFETY: the buffer is padded.
            unsafe { all::<f64, Product, false>(level)(n, x.as_ptr(), &mut out) };
            let expected: f64 = x[..n].iter().product();
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
    for level in Level::available() {
        let mut out = [0f32; 16];
        // SAFETY: whole vectors; as a matrix, `n / 16` rows of 16.
        unsafe { all::<f32, Sum, false>(level)(n, x.as_ptr(), out.as_mut_ptr()) };
        assert!((f64::from(out[0]) / expected - 1.0).abs() < 1e-6, "{}", out[0]);
        // SAFETY: as above.
        unsafe { columns::<f32, Sum, false>(level)(n / 16, 16, 64, x.as_ptr(), out.as_mut_ptr()) };
        assert!((16.0 * f64::from(out[3]) / expected - 1.0).abs() < 1e-6, "{}", out[3]);
        // SAFETY: as above, `n / 5` rows of 5.
        unsafe { columns::<f32, Sum, false>(level)(n / 5, 5, 20, x.as_ptr(), out.as_mut_ptr()) };
        assert!((5.0 * f64::from(out[3]) / expected - 1.0).abs() < 1e-6, "{}", out[3]);
    }
}

#[test]
fn sums_of_infinities_are_infinite() {
    for level in Level::available() {
        let mut x = vec![1f32; 2048];
        x[77] = f32::INFINITY;
        let mut out = [0f32; 16];
        // SAFETY: whole vectors; as a matrix, 128 rows of 16.
        unsafe { all::<f32, Sum, false>(level)(x.len(), x.as_ptr(), out.as_mut_ptr()) };
        assert_eq!(out[0], f32::INFINITY);
        // SAFETY: as above.
        unsafe { columns::<f32, Sum, false>(level)(128, 16, 64, x.as_ptr(), out.as_mut_ptr()) };
        assert_eq!((out[13], out[12]), (f32::INFINITY, 128.0));
    }
}

fn log_sum_exp_is_right<R: Real>() {
    let unit = if size_of::<R>() == 4 { 3e-7 } else { 5e-16 };
    for level in Level::available() {
        for m in [0, 1, 2, 15, 16, 17, 40] {
            for n in [0, 1, 2, 3, 8, 15, 16, 17, 64, 100, 1000] {
                let x = numbers::<R>(m * n)[..m * n].to_vec();
                let mut out = vec![R::from_f64(f64::NAN); m];
                // SAFETY: the shapes are those of the buffers.
                unsafe { log_sum_exp::<R>(level)(m, n, x.as_ptr(), out.as_mut_ptr()) };
                for (i, out) in out.iter().enumerate() {
                    let sum: f64 = x[i * n..(i + 1) * n].iter().map(|x| x.to_f64().exp()).sum();
                    let (got, expected) = (out.to_f64(), sum.ln());
                    assert!(got == expected || (got - expected).abs() <= unit * (1.0 + expected.abs()), "{m} × {n}: {got}, not {expected}");
                }
            }
        }
        // log(e^1000 + e^1000) = 1000 + log 2; nothing; infinity; NaN
        let x = [1000.0, 1000.0, f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY, 1.0, f64::NAN, f64::INFINITY].map(R::from_f64);
        let mut out = [R::from_f64(0.0); 4];
        // SAFETY: as above.
        unsafe { log_sum_exp::<R>(level)(4, 2, x.as_ptr(), out.as_mut_ptr()) };
        assert!((out[0].to_f64() - 1000.0 - std::f64::consts::LN_2).abs() < 1000.0 * unit);
        assert_eq!((out[1].to_f64(), out[2].to_f64(), out[3].to_f64().is_nan()), (f64::NEG_INFINITY, f64::INFINITY, true));
    }
}

#[test]
fn log_sums_of_exponentials_agree_with_plain_loops() {
    log_sum_exp_is_right::<f32>();
    log_sum_exp_is_right::<f64>();
}

#[test]
fn any_and_all_of_rows() {
    let x = [0, 0, 1, 0, 1, 1];
    let mut out = [7; 3];
    // SAFETY: the shapes are those of the buffers.
    unsafe { any_rows(3, 2, x.as_ptr(), out.as_mut_ptr()) };
    assert_eq!(out, [0, 1, 1]);
    // SAFETY: as above.
    unsafe { all_rows(3, 2, x.as_ptr(), out.as_mut_ptr()) };
    assert_eq!(out, [0, 0, 1]);
    // SAFETY: as above, empty rows.
    unsafe { all_rows(3, 0, x.as_ptr(), out.as_mut_ptr()) };
    assert_eq!(out, [1, 1, 1]);
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
