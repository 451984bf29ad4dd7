//! Matrix products, factors and triangular systems.

use vi_graph::diff::gradient;
use vi_graph::{Graph, Id};

use crate::check::{check, constant, derivatives, parameters, point, slopes, spread};

/// `shape` with its last two dimensions exchanged where `transposed`.
fn stored(shape: &[usize], transposed: bool) -> Vec<usize> {
    let mut shape = shape.to_vec();
    let rank = shape.len();
    if transposed {
        shape.swap(rank - 2, rank - 1);
    }
    shape
}

#[test]
fn matrix_products() {
    let cases: [(&[usize], &[usize]); 10] = [
        (&[2, 3], &[3, 4]),
        (&[1, 1], &[1, 1]),
        (&[5, 2, 3], &[5, 3, 2]),
        (&[1, 2, 3], &[4, 3, 2]),
        (&[4, 2, 3], &[1, 3, 2]),
        (&[2, 1, 2, 3], &[1, 3, 3, 2]),
        (&[2, 3, 2, 3], &[1, 1, 3, 2]),
        (&[2, 3, 2, 3], &[1, 3, 3, 2]),
        (&[2, 0], &[0, 3]),
        (&[0, 2, 3], &[1, 3, 2]),
    ];
    for (a, b) in cases {
        for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
            let points = [spread(&stored(a, ta), (-2.0, 2.0), 1), spread(&stored(b, tb), (-2.0, 2.0), 2)];
            check(&format!("{a:?} · {b:?}, transposed: {ta}, {tb}"), &points, |graph, x| graph.matmul(x[0], x[1], ta, tb));
        }
    }
}

/// Weights without a batch, as in a layer of a network: their cotangent is one product over all rows.
#[test]
fn the_cotangent_of_shared_weights_is_not_stored_for_each_of_the_batch() {
    for transpose_b in [false, true] {
        let (mut graph, x) = parameters(&[spread(&[50, 2, 3], (-2.0, 2.0), 1), spread(&[1, 3, 3], (-2.0, 2.0), 2)]);
        let product = graph.matmul(x[0], x[1], false, transpose_b);
        let loss = graph.sum_all(product);
        assert!(gradient(&mut graph, loss, &x[1..]).unwrap()[0].is_some());
        assert!(graph.nodes.iter().all(|node| node.len() <= 50 * 2 * 3));
    }
}

#[test]
fn a_gram_matrix() {
    check("x xᵀ", &[spread(&[3, 4], (-2.0, 2.0), 1)], |graph, x| graph.matmul(x[0], x[0], false, true));
}

/// `m mᵀ` and 1 on the diagonal.
fn positive_definite(graph: &mut Graph, m: Id) -> Id {
    let shape = graph.shape(m).to_vec();
    let n = shape[shape.len() - 1];
    let gram = graph.matmul(m, m, false, true);
    let identity = constant(graph, &[n, n], (0..n * n).map(|i| f64::from(u8::from(i / n == i % n))).collect());
    let identity = graph.broadcast(identity, shape);
    graph.add(gram, identity)
}

#[test]
fn cholesky_factors() {
    for shape in [[1, 1].as_slice(), &[3, 3], &[2, 4, 4], &[0, 2, 2], &[0, 0]] {
        check("cholesky", &[spread(shape, (-1.0, 1.5), 1)], |graph, x| {
            let a = positive_definite(graph, x[0]);
            graph.cholesky(a)
        });
    }
}

/// With `a = [[p, r], [r, q]]`: `l = [[√p, 0], [r/√p, √(q − r²/p)]]`, here for `p = 4, q = 10, r = 2` (`l = [2, 0, 1, 3]`).
///
/// `∂Σl/∂p = ½p^-½ − ½ r p^-3⁄2 + ½ (r/p)²/l₂₂`, `∂Σl/∂r = 1/√p − (r/p)/l₂₂`, shared by both triangles, `∂Σl/∂q = ½/l₂₂`.
#[test]
fn the_cotangent_of_a_symmetric_matrix_is_symmetric() {
    let found = slopes(&[point(&[2, 2], &[4.0, 2.0, 2.0, 10.0])], |graph, x| graph.cholesky(x[0]));
    let p = 0.25 - 0.125 + 0.5 * 0.25 / 3.0;
    let r = 0.5 - 0.5 / 3.0;
    let q = 0.5 / 3.0;
    for (found, expected) in found[0].iter().zip([p, 0.5 * r, 0.5 * r, q]) {
        assert!((found - expected).abs() < 1e-15, "{found} instead of {expected}");
    }
}

#[test]
fn triangles_of_their_elements() {
    for (n, batch) in [(1, vec![]), (4, vec![]), (3, vec![2])] {
        let shape = |last: usize| batch.iter().copied().chain([last]).collect::<Vec<_>>();
        let points = [spread(&shape(n * (n - 1) / 2), (-2.0, 2.0), 1), spread(&shape(n), (0.5, 2.0), 2)];
        check("lower_triangle", &points, |graph, x| graph.lower_triangle(x[0], x[1]));
        let square: Vec<usize> = batch.iter().copied().chain([n, n]).collect();
        check("below_diagonal", &[spread(&square, (-2.0, 2.0), 1)], |graph, x| graph.below_diagonal(x[0]));
    }
}

#[test]
fn triangular_systems() {
    let cases: [(&[usize], &[usize]); 6] =
        [(&[1, 1], &[1, 1]), (&[3, 3], &[3, 1]), (&[3, 3], &[3, 4]), (&[2, 3, 3], &[2, 3, 2]), (&[0, 0], &[0, 2]), (&[2, 2], &[2, 0])];
    for (l, b) in cases {
        for transpose in [false, true] {
            let mut factor = spread(l, (-1.0, 1.0), 1);
            let n = l[l.len() - 1];
            for i in 0..factor.values.len() {
                if i / n % n == i % n {
                    factor.values[i] += 2.5;
                }
            }
            let points = [factor, spread(b, (-2.0, 2.0), 2)];
            check(&format!("{l:?} x = {b:?}, transposed: {transpose}"), &points, |graph, x| graph.solve_lower(x[0], x[1], transpose));
        }
    }
}

#[test]
fn what_stands_above_the_diagonal_does_not_matter() {
    for transpose in [false, true] {
        let at = |above: f64| {
            let points = [point(&[2, 2], &[2.0, above, 1.0, 4.0]), point(&[2, 1], &[3.0, 5.0])];
            derivatives(&points, |graph, x| graph.solve_lower(x[0], x[1], transpose))
        };
        let found = at(f64::NAN);
        assert_eq!(found, at(0.0));
        assert_eq!(found[0].as_ref().unwrap()[1], 0.0);
    }
}

/// `log N(y; 0, m mᵀ + 1)` up to its constant, through the factor.
#[test]
fn a_multivariate_normal_density() {
    check("log density", &[spread(&[3, 3], (-1.0, 1.5), 1), spread(&[3, 1], (-2.0, 2.0), 2)], |graph, x| {
        let covariance = positive_definite(graph, x[0]);
        let l = graph.cholesky(covariance);
        let z = graph.solve_lower(l, x[1], false);
        let square = graph.mul(z, z);
        let square = graph.sum_all(square);
        let diagonal = {
            let flat = graph.reshape(l, [9]);
            graph.slice(flat, &[vi_graph::ir::Range { start: 0, step: 4, len: 3 }])
        };
        let log = graph.unary(vi_graph::ir::Unary::Log, diagonal);
        let log = graph.sum_all(log);
        let log = graph.reshape(log, [1, 1]);
        let half = graph.mul_scalar(square, -0.5);
        graph.sub(half, log)
    });
}
