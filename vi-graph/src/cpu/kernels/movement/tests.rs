use super::*;

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

/// Both ways against the formulas of their documentation; some positions are outside of the axis.
fn indexed_is_as_written<R: Real>() {
    for level in Level::available() {
        for [outer, from, to, inner] in SHAPES {
            let (x, y) = (numbers::<R>(outer * from * inner), numbers::<R>(outer * to * inner));
            let index = positions(to, from);
            let outside = R::from_f64(99.0);
            let (mut taken, mut added) = (vec![outside; y.len()], vec![R::from_f64(0.0); x.len()]);
            for o in 0..outer {
                for (i, &at) in index.iter().enumerate().filter(|&(_, at)| (0..from as i64).contains(at)) {
                    for k in 0..inner {
                        let (there, here) = ((o * from + at as usize) * inner + k, (o * to + i) * inner + k);
                        taken[here] = x[there];
                        // Sixteenths: the sums are exact in any order.
                        added[there] = added[there] + y[here];
                    }
                }
            }
            let nan = R::from_f64(f64::NAN);
            let (mut got, mut sums) = (vec![nan; y.len()], vec![nan; x.len()]);
            // SAFETY: the shapes are those of the buffers.
            unsafe {
                take::<R>(level)(outer, from, to, inner, x.as_ptr(), index.as_ptr(), outside, got.as_mut_ptr());
                take_add::<R>(level)(outer, from, to, inner, index.as_ptr(), y.as_ptr(), sums.as_mut_ptr());
            }
            assert!(got == taken, "{level:?} {outer} {from} {to} {inner}");
            assert!(sums == added, "{level:?} {outer} {from} {to} {inner}");
        }
    }
}

#[test]
fn elements_and_sums_at_positions_agree_with_plain_loops() {
    indexed_is_as_written::<f32>();
    indexed_is_as_written::<f64>();
}
