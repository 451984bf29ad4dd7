use crate::{assert_floats, assert_near, eval, floats};

#[test]
fn products_with_each_transposition() {
    // [1 2 3; 4 5 6] [1 0; 2 1; 0 3] = [5 11; 14 23]
    let (a, a_t) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let (b, b_t) = ([1.0, 0.0, 2.0, 1.0, 0.0, 3.0], [1.0, 2.0, 0.0, 0.0, 1.0, 3.0]);
    let expected = [5.0, 11.0, 14.0, 23.0];
    for transpose_a in [false, true] {
        for transpose_b in [false, true] {
            let left = if transpose_a { floats(&[3, 2], &a_t) } else { floats(&[2, 3], &a) };
            let right = if transpose_b { floats(&[2, 3], &b_t) } else { floats(&[3, 2], &b) };
            assert_floats(&eval(&[left, right], |g, x| g.matmul(x[0], x[1], transpose_a, transpose_b)), &expected);
        }
    }
}

#[test]
fn leading_dimensions_of_size_one_are_repeated() {
    // a[i] (1×2) for i of 2, b[j] (2×1) for j of 3: out[i, j] = a[i]·b[j].
    let a = floats(&[2, 1, 1, 2], &[1.0, 2.0, 3.0, 4.0]);
    let b = floats(&[1, 3, 2, 1], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert_floats(&eval(&[a, b], |g, x| g.matmul(x[0], x[1], false, false)), &[1.0, 2.0, 3.0, 3.0, 4.0, 7.0]);
}

#[test]
fn products_without_elements() {
    let empty_sum = eval(&[floats(&[2, 0], &[]), floats(&[0, 2], &[])], |g, x| g.matmul(x[0], x[1], false, false));
    assert_floats(&empty_sum, &[0.0; 4]);
    let none = eval(&[floats(&[0, 2, 1], &[]), floats(&[1, 1, 2], &[1.0, 2.0])], |g, x| g.matmul(x[0], x[1], false, false));
    assert_floats(&none, &[]);
}

/// `L = [2 0 0; 1 3 0; −1 0.5 1]`, `L Lᵀ = [4 2 −2; 2 10 0.5; −2 0.5 2.25]`.
const FACTOR: [f64; 9] = [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, -1.0, 0.5, 1.0];
const X: f64 = 1e9;

#[test]
fn cholesky_reads_the_lower_triangle_only() {
    let a = [4.0, X, X, 2.0, 10.0, X, -2.0, 0.5, 2.25];
    let twice: Vec<f64> = a.iter().chain(&a.map(|x| 4.0 * x)).copied().collect();
    let found = eval(&[floats(&[2, 3, 3], &twice)], |g, x| g.cholesky(x[0]));
    let expected: Vec<f64> = FACTOR.iter().chain(&FACTOR.map(|x| 2.0 * x)).copied().collect();
    assert_near(&found, &expected, 1e-15);
    let indefinite = eval(&[floats(&[2, 2], &[1.0, 0.0, 2.0, 1.0])], |g, x| g.cholesky(x[0]));
    assert_floats(&indefinite, &[1.0, 0.0, 2.0, f64::NAN]);
    assert_floats(&eval(&[floats(&[2, 0, 0], &[])], |g, x| g.cholesky(x[0])), &[]);
}

#[test]
fn solves_with_the_factor_and_with_its_transpose() {
    let garbage = [2.0, X, X, 1.0, 3.0, X, -1.0, 0.5, 1.0];
    // L [1 0; 2 1; 3 −1] = [2 0; 7 3; 3 −0.5]; Lᵀ [1 0; 2 1; 3 −1] = [1 2; 7.5 2.5; 3 −1].
    let x = [1.0, 0.0, 2.0, 1.0, 3.0, -1.0];
    let solve =
        |b: &[f64], transpose| eval(&[floats(&[3, 3], &garbage), floats(&[3, 2], b)], move |g, x| g.solve_lower(x[0], x[1], transpose));
    assert_near(&solve(&[2.0, 0.0, 7.0, 3.0, 3.0, -0.5], false), &x, 1e-15);
    assert_near(&solve(&[1.0, 2.0, 7.5, 2.5, 3.0, -1.0], true), &x, 1e-15);
    let stack =
        eval(&[floats(&[2, 1, 1], &[2.0, 4.0]), floats(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0])], |g, x| g.solve_lower(x[0], x[1], false));
    assert_floats(&stack, &[0.5, 1.0, 0.75, 1.0]);
}

#[test]
fn triangles_are_put_together_row_by_row() {
    let (below, diagonal) = (floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), floats(&[2, 3], &[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]));
    let expected = [7.0, 0.0, 0.0, 1.0, 8.0, 0.0, 2.0, 3.0, 9.0, 10.0, 0.0, 0.0, 4.0, 11.0, 0.0, 5.0, 6.0, 12.0];
    assert_floats(&eval(&[below, diagonal], |g, x| g.lower_triangle(x[0], x[1])), &expected);
    assert_floats(&eval(&[floats(&[2, 3, 3], &expected)], |g, x| g.below_diagonal(x[0])), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_floats(&eval(&[floats(&[2, 3, 3], &expected)], |g, x| g.diagonal(x[0])), &[7.0, 8.0, 9.0, 10.0, 11.0, 12.0]);
    assert_floats(&eval(&[floats(&[1, 1], &[5.0])], |g, x| g.below_diagonal(x[0])), &[]);
}
