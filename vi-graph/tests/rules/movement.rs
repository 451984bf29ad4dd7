//! Broadcasting, indices, slices, and matrices.

use vi_graph::interpret::interpret;
use vi_graph::ir::{Binary, Compare, Data, Op, Range, Role, Scalar, Type, Unary};
use vi_graph::optimise::optimise;
use vi_graph::{Graph, Key, Precision};

use super::{constant, form, step};

#[test]
fn expansions_move_to_the_result() {
    let scalars = form(|g| {
        let (a, b) = (step(g, "a", &[1]), step(g, "b", &[1]));
        let (a, b) = (g.expand(a, [8]), g.expand(b, [8]));
        let b = g.unary(Unary::Exp, b);
        let sum = g.add(a, b);
        g.mul_scalar(sum, 3.0)
    });
    assert_eq!(scalars, "expand[8](mul(add(a, exp(b)), 3))");
    let mixed = form(|g| {
        let (a, b) = (step(g, "a", &[1, 1]), step(g, "b", &[1, 4]));
        let (a, b) = (g.expand(a, [8, 4]), g.expand(b, [8, 4]));
        g.mul(a, b)
    });
    assert_eq!(mixed, "expand[8, 4](mul(b, expand[1, 4](a)))");
    let below_reshape = form(|g| {
        let a = step(g, "a", &[1, 3]);
        let a = g.expand(a, [2, 3]);
        let a = g.reshape(a, [2, 1, 3]);
        let a = g.permute(a, &[2, 1, 0]);
        g.unary(Unary::Exp, a)
    });
    assert_eq!(below_reshape, "expand[3, 1, 2](reshape[3, 1, 1](exp(a)))");
}

#[test]
fn matrix_products_take_transposes_and_leave_factors() {
    let product = form(|g| {
        let (a, b, s) = (step(g, "a", &[3, 2]), step(g, "b", &[3, 4]), step(g, "s", &[1, 1]));
        let a = g.transpose(a);
        let s = g.expand(s, [3, 4]);
        let b = g.mul(b, s);
        g.matmul(a, b, false, false)
    });
    assert_eq!(product, "mul(matmul(a, b), expand[2, 4](s))");
}

#[test]
fn triangles_give_back_their_parts_and_need_no_mask() {
    let parts = |g: &mut Graph| (step(g, "below", &[3]), step(g, "diagonal", &[3]));
    let diagonal = form(|g| {
        let (below, diagonal) = parts(g);
        let matrix = g.lower_triangle(below, diagonal);
        let matrix = g.reshape(matrix, [1, 3, 3]);
        g.diagonal(matrix)
    });
    assert_eq!(diagonal, "reshape[1, 3](diagonal)");
    let below = form(|g| {
        let (below, diagonal) = parts(g);
        let matrix = g.lower_triangle(below, diagonal);
        g.below_diagonal(matrix)
    });
    assert_eq!(below, "below");
    let masked = |above: i64, keep: bool| {
        form(|g| {
            let (below, diagonal) = parts(g);
            let matrix = g.lower_triangle(below, diagonal);
            let matrix = g.reshape(matrix, [1, 3, 3]);
            let positions = constant(g, &[0, 1, 2]);
            let (rows, columns) = (g.reshape(positions, [3, 1]), g.reshape(positions, [1, 3]));
            let (rows, columns) = (g.expand(rows, [3, 3]), g.expand(columns, [3, 3]));
            let difference = g.binary(Binary::Sub, rows, columns);
            let limit = g.push(Op::Full(Scalar::Int(above)), [], [3, 3], Type::Int);
            let condition = g.compare(if keep { Compare::GreaterEqual } else { Compare::Less }, difference, limit);
            let condition = g.reshape(condition, [1, 3, 3]);
            let zero = g.full_like(0.0, matrix);
            if keep { g.select(condition, matrix, zero) } else { g.select(condition, zero, matrix) }
        })
    };
    for keep in [false, true] {
        assert_eq!(masked(0, keep), "lower_triangle(reshape[1, 3](below), reshape[1, 3](diagonal))");
        assert_eq!(masked(-1, keep), "lower_triangle(reshape[1, 3](below), reshape[1, 3](diagonal))");
        // This one takes the diagonal away.
        assert!(masked(1, keep).starts_with("where"), "{}", masked(1, keep));
    }
}

#[test]
fn floats_pass_integers_without_them() {
    let (mut graph, values) = (Graph::new(Precision::F64), vec![2.7, -2.7, 1e300, -1e300, f64::NAN, f64::INFINITY, -0.5]);
    let x = step(&mut graph, "x", &[7]);
    let whole = graph.push(Op::Cast, [x], [7], Type::Int);
    let back = graph.push(Op::Cast, [whole], [7], Type::Float);
    graph.outputs = vec![back];
    let plain = optimise(&graph);
    assert!(plain.nodes.iter().all(|node| node.ty != Type::Int), "{plain}");
    let limit = 2f64.powi(63);
    for graph in [graph, plain] {
        let found = interpret(&graph, &[Data::Float(values.clone())], Key::new(0)).unwrap();
        assert_eq!(found, [Data::Float(vec![2.0, -2.0, limit, -limit, 0.0, limit, 0.0])]);
    }
}

#[test]
fn selections_and_slices() {
    let first = form(|g| {
        let x = step(g, "x", &[4]);
        let index = constant(g, &[0, 1, 2, 3]);
        g.take(x, 0, index)
    });
    assert_eq!(first, "x");
    let every_other = form(|g| {
        let x = step(g, "x", &[4]);
        let index = constant(g, &[3, 1]);
        g.take(x, 0, index)
    });
    assert_eq!(every_other, "slice(x)");
    let of_a_part = form(|g| {
        let (a, b) = (step(g, "a", &[2]), step(g, "b", &[3]));
        let all = g.concat(&[a, b], 0);
        let part = g.slice(all, &[Range { start: 2, step: 1, len: 3 }]);
        g.slice(part, &[Range { start: 2, step: -1, len: 3 }])
    });
    assert_eq!(of_a_part, "slice(b)");
    let whole = form(|g| {
        let (a, b) = (step(g, "a", &[2]), step(g, "b", &[3]));
        let all = g.concat(&[a, b], 0);
        g.slice(all, &[Range { start: 0, step: 1, len: 2 }])
    });
    assert_eq!(whole, "a");
    let put_back = form(|g| {
        let y = step(g, "y", &[2]);
        let index = constant(g, &[1, 3]);
        let all = g.take_add(index, 0, y, [4]);
        g.take(all, 0, index)
    });
    assert_eq!(put_back, "y");
    let turned = form(|g| {
        let x = step(g, "x", &[2, 3]);
        let x = g.transpose(x);
        g.transpose(x)
    });
    assert_eq!(turned, "x");
}

#[test]
fn factors_leave_scatters() {
    let scattered = form(|g| {
        let (y, s, at) = (step(g, "y", &[2, 3]), step(g, "s", &[2, 1]), g.input("at", Role::Data, [3], Type::Int));
        let s = g.expand(s, [2, 3]);
        let y = g.mul(y, s);
        let y = g.neg(y);
        g.take_add(at, 1, y, [2, 4])
    });
    assert_eq!(scattered, "neg(mul(take_add(at, y), expand[2, 4](s)))");
    // each row of the product has its own factor, which differs along the other axis
    let rows = form(|g| {
        let (a, b, s, t) = (step(g, "a", &[2, 3]), step(g, "b", &[3, 4]), step(g, "s", &[2, 1]), step(g, "t", &[3, 1]));
        let (s, t) = (g.expand(s, [2, 3]), g.expand(t, [3, 4]));
        let (a, b) = (g.mul(a, s), g.mul(b, t));
        g.matmul(a, b, false, false)
    });
    assert_eq!(rows, "mul(matmul(a, mul(b, expand[3, 4](t))), expand[2, 4](s))");
    // of a transposed operand the rows are what is summed over
    let transposed = form(|g| {
        let (a, b, s) = (step(g, "a", &[3, 2]), step(g, "b", &[3, 4]), step(g, "s", &[1, 2]));
        let s = g.expand(s, [3, 2]);
        let a = g.mul(a, s);
        g.matmul(a, b, true, false)
    });
    assert_eq!(transposed, "matmul(mul(a, expand[3, 2](s)), b)");
}

#[test]
fn index_outside_of_its_axis_stays_an_index() {
    let mut g = Graph::new(Precision::F64);
    let x = step(&mut g, "x", &[2]);
    let index = constant(&mut g, &[1, 2]);
    let taken = g.take(x, 0, index);
    g.outputs = vec![taken];
    let optimised = optimise(&g);
    assert!(interpret(&optimised, &[Data::Float(vec![1.0, 2.0])], Key::new(1)).is_err());
}
