use super::*;
use crate::cpu::kernels::reduce::{Largest, Sum};

fn numbers<R: Real>(n: usize) -> Vec<R> {
    (0..n).map(|i| R::from_f64(((i * 37 + 11) % 257) as f64 / 16.0 - 8.0)).collect()
}

fn positions(n: usize, below: usize) -> Vec<i64> {
    (0..n).map(|i| ((i / 3 * 7 + i % 2 * 5) % (below + 2)) as i64 - 1).collect()
}

const SHAPES: [[usize; 4]; 14] = [
    [1, 5, 0, 1],
    [1, 1, 1, 1],
    [1, 7, 15, 1],
    [1, 7, 16, 1],
    [1, 7, 17, 1],
    [1, 85, 919, 1],
    [1, 1000, 100, 1],
    [64, 85, 100, 1],
    [3, 5, 2, 7],
    [1, 6, 20, 16],
    [1, 6, 20, 17],
    [2, 6, 200, 3],
    [0, 4, 4, 4],
    [2, 4, 4, 0],
];

/// All four ways against the formulas of their documentation; some positions are outside of the axis.
fn indexed_is_as_written<R: Real>() {
    for level in Level::available() {
        for [outer, from, to, inner] in SHAPES {
            let (x, y) = (numbers::<R>(outer * from * inner), numbers::<R>(outer * to * inner));
            let zero = R::from_f64(0.0);
            for whole in [false, true] {
                let index = positions(if whole { outer * to * inner } else { to }, from);
                let short: Vec<i32> = index.iter().map(|&i| i as i32).collect();
                let at = |o: usize, i: usize, k: usize| index[if whole { (o * to + i) * inner + k } else { i }];
                let outside = R::from_f64(99.0);
                let (mut taken, mut added) = (vec![outside; y.len()], vec![zero; x.len()]);
                for o in 0..outer {
                    for i in 0..to {
                        for k in 0..inner {
                            if !(0..from as i64).contains(&at(o, i, k)) {
                                continue;
                            }
                            let (there, here) = ((o * from + at(o, i, k) as usize) * inner + k, (o * to + i) * inner + k);
                            taken[here] = x[there];
                            // Sixteenths: the sums are exact in any order.
                            added[there] = added[there] + y[here];
                        }
                    }
                }
                let nan = R::from_f64(f64::NAN);
                let (mut got, mut got_short, mut sums) = (vec![nan; y.len()], vec![nan; y.len()], vec![nan; x.len()]);
                let (forward, forward_short, back) = if whole {
                    (gather::<R, i64>(level), gather::<R, i32>(level), scatter_add::<R, i64>(level))
                } else {
                    (take::<R, i64>(level), take::<R, i32>(level), take_add::<R, i64>(level))
                };
                // SAFETY: the shapes are those of the buffers.
                unsafe {
                    forward(outer, from, to, inner, x.as_ptr(), index.as_ptr(), outside, got.as_mut_ptr());
                    forward_short(outer, from, to, inner, x.as_ptr(), short.as_ptr(), outside, got_short.as_mut_ptr());
                    back(outer, from, to, inner, index.as_ptr(), y.as_ptr(), sums.as_mut_ptr());
                }
                assert!(got == taken && got_short == taken, "{level:?} {outer} {from} {to} {inner}");
                assert!(sums == added, "{level:?} {outer} {from} {to} {inner}");
            }
        }
    }
}

#[test]
fn gathers_and_scatters_agree_with_plain_loops() {
    indexed_is_as_written::<f32>();
    indexed_is_as_written::<f64>();
}

#[test]
fn scans() {
    for level in Level::available() {
        let x = [1.0, 5.0, 3.0, f64::NAN, 2.0, 4.0];
        let mut out = [0.0; 6];
        // SAFETY: two rows of three.
        unsafe { scan::<f64, Sum>(level)(2, 3, 1, false, x.as_ptr(), out.as_mut_ptr()) };
        assert!(out[..3] == [1.0, 6.0, 9.0] && out[3..].iter().all(|x| x.is_nan()));
        // SAFETY: three rows of two.
        unsafe { scan::<f64, Largest>(level)(1, 3, 2, true, x.as_ptr(), out.as_mut_ptr()) };
        assert!(out[0] == 3.0 && out[1].is_nan() && out[2] == 3.0 && out[3].is_nan() && out[4..] == [2.0, 4.0], "{out:?}");
    }
}

/// Element `index` of a shape is at the sum of the products with the strides.
fn plain(dims: &[(usize, isize)]) -> Vec<isize> {
    dims.iter().fold(vec![0], |at, &(size, stride)| at.iter().flat_map(|at| (0..size).map(move |i| at + i as isize * stride)).collect())
}

#[test]
fn strided_copies_agree_with_plain_loops() {
    let layouts: [(&[(usize, isize)], isize); 14] = [
        (&[], 0),
        (&[(1, 0)], 0),
        (&[(100, 1)], 0),
        (&[(0, 1), (3, 1)], 0),
        (&[(4, 6), (6, 1)], 0),
        (&[(50, 1), (37, 50)], 0),
        (&[(5, 40), (8, 1), (5, 8)], 0),
        (&[(4, 3), (3, 1), (2, 20)], 0),
        (&[(7, 0), (5, 1)], 0),
        (&[(7, 1), (5, 0)], 0),
        (&[(2, 0), (7, 2), (3, 0)], 0),
        (&[(10, -1)], 9),
        (&[(3, 20), (4, -2)], 17),
        (&[(2, 100), (3, 30), (2, 10), (5, 2)], 1),
    ];
    for level in Level::available() {
        for (dims, start) in layouts {
            let strides = Strides::new(dims.iter().copied());
            let at = plain(dims);
            let x: Vec<f32> = (0..2000).map(|i| i as f32).collect();
            let mut out = vec![-1.0; at.len() + 1];
            // SAFETY: the offsets are within `x`, the elements within `out`.
            unsafe { copy::<f32>(level)(&strides, x.as_ptr().offset(start), out.as_mut_ptr()) };
            let expected: Vec<f32> = at.iter().map(|at| (start + at) as f32).chain([-1.0]).collect();
            assert_eq!(out, expected, "{dims:?}");
            if dims.iter().all(|dim| dim.1 != 0) {
                let mut out = vec![-1i64; 2000];
                let values: Vec<i64> = (0..at.len() as i64).collect();
                // SAFETY: as above, the other way round.
                unsafe { place::<i64>(level)(&strides, values.as_ptr(), out.as_mut_ptr().offset(start)) };
                let mut expected = vec![-1; 2000];
                for (i, at) in at.iter().enumerate() {
                    expected[(start + at) as usize] = i as i64;
                }
                assert_eq!(out, expected, "{dims:?}");
            }
        }
    }
}

#[test]
fn what_is_contiguous_is_one_run() {
    assert_eq!(Strides::new([(4, 6), (1, 77), (2, 3), (3, 1)]), Strides::new([(24, 1)]));
    assert_eq!(Strides::new([(4, 0), (5, 0)]), Strides::new([(20, 0)]));
}
