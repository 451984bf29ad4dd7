//! Reductions and scans.

use vi_graph::ir::{Reduce, Scan};

use crate::check::{check, point, spread};

#[test]
fn reductions_agree_with_central_differences() {
    let cases: [(&[usize], &[usize]); 10] = [
        (&[5], &[0]),
        (&[1], &[0]),
        (&[3, 4], &[0]),
        (&[3, 4], &[1]),
        (&[3, 4], &[0, 1]),
        (&[2, 3, 4], &[1]),
        (&[2, 3, 4], &[0, 2]),
        (&[2, 3, 4], &[0, 1, 2]),
        (&[2, 1, 3], &[1, 2]),
        (&[], &[]),
    ];
    for f in [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min, Reduce::LogSumExp] {
        for (shape, axes) in cases {
            check(&format!("{f:?} along {axes:?}"), &[spread(shape, (-1.5, 2.0), 1)], |graph, x| graph.reduce(f, x[0], axes));
        }
    }
}

#[test]
fn reductions_of_nothing() {
    for f in [Reduce::Sum, Reduce::Prod, Reduce::LogSumExp] {
        for (shape, axes) in [([2, 0], [1]), ([0, 3], [1])] {
            check(&format!("{f:?} along {axes:?} of {shape:?}"), &[spread(&shape, (-1.0, 1.0), 1)], |graph, x| {
                graph.reduce(f, x[0], &axes)
            });
        }
    }
    for f in [Reduce::Max, Reduce::Min] {
        check(&format!("{f:?}"), &[spread(&[0, 3], (-1.0, 1.0), 1)], |graph, x| graph.reduce(f, x[0], &[1]));
    }
}

#[test]
fn scans_agree_with_central_differences() {
    let cases: [(&[usize], usize); 6] = [(&[6], 0), (&[1], 0), (&[3, 4], 0), (&[3, 4], 1), (&[2, 5, 2], 1), (&[0, 3], 1)];
    for scan in [Scan::Sum, Scan::Prod, Scan::Max, Scan::Min] {
        for (shape, axis) in cases {
            for reverse in [false, true] {
                check(&format!("{scan:?} along {axis}, reverse {reverse}"), &[spread(shape, (-1.5, 2.0), 1)], |graph, x| {
                    graph.scan(scan, x[0], axis, reverse)
                });
            }
        }
    }
}

#[test]
fn products_with_zeros_agree_with_central_differences() {
    let x = point(&[2, 4], &[2.0, 0.0, -3.0, 0.5, 0.0, 1.5, 0.0, 2.0]);
    for axes in [[0].as_slice(), &[1], &[0, 1]] {
        check("product", std::slice::from_ref(&x), |graph, x| graph.reduce(Reduce::Prod, x[0], axes));
    }
    for axis in [0, 1] {
        for reverse in [false, true] {
            check("running product", std::slice::from_ref(&x), |graph, x| graph.scan(Scan::Prod, x[0], axis, reverse));
        }
    }
}

#[test]
fn scans_of_a_zero_size_axis() {
    for scan in [Scan::Sum, Scan::Prod, Scan::Max, Scan::Min] {
        check(&format!("{scan:?}"), &[spread(&[2, 0], (-1.0, 1.0), 1)], |graph, x| graph.scan(scan, x[0], 1, true));
    }
}
