//! Operations that move elements.

use vi_graph::Type;
use vi_graph::ir::{Compare, Op, Range};

use crate::check::{check, indices, spread};

#[test]
fn shapes() {
    let x = [spread(&[2, 3, 4], (-2.0, 2.0), 1)];
    check("reshape", &x, |graph, x| graph.reshape(x[0], [4, 6]));
    check("permute", &x, |graph, x| graph.permute(x[0], &[2, 0, 1]));
    check("transpose", &x, |graph, x| graph.transpose(x[0]));
    check("to a scalar", &[spread(&[1, 1], (-2.0, 2.0), 1)], |graph, x| graph.reshape(x[0], []));
}

#[test]
fn expansion() {
    check("one dimension", &[spread(&[1, 3], (-2.0, 2.0), 1)], |graph, x| graph.expand(x[0], [4, 3]));
    check("two dimensions", &[spread(&[1, 3, 1], (-2.0, 2.0), 1)], |graph, x| graph.expand(x[0], [2, 3, 5]));
    check("a scalar", &[spread(&[], (-2.0, 2.0), 1)], |graph, x| graph.broadcast(x[0], [2, 3]));
    check("to nothing", &[spread(&[1, 3], (-2.0, 2.0), 1)], |graph, x| graph.expand(x[0], [0, 3]));
}

#[test]
fn slices() {
    let ranges = [Range { start: 1, step: 2, len: 3 }, Range { start: 3, step: -1, len: 4 }];
    check("slice", &[spread(&[7, 5], (-2.0, 2.0), 1)], |graph, x| graph.slice(x[0], &ranges));
    check("unslice", &[spread(&[3, 4], (-2.0, 2.0), 1)], |graph, x| graph.unslice(x[0], &ranges, [7, 5]));
    check("an empty slice", &[spread(&[7], (-2.0, 2.0), 1)], |graph, x| graph.slice(x[0], &[Range { start: 2, step: 1, len: 0 }]));
}

/// Pieces of one operand, in every arrangement in which their cotangents come back.
#[test]
fn pieces() {
    let cases: [&[(usize, usize)]; 7] = [
        &[(0, 3), (3, 2), (5, 2)],
        &[(5, 2), (0, 3), (3, 2)],
        &[(1, 2), (5, 1)],
        &[(0, 4), (2, 4)],
        &[(2, 3), (2, 3)],
        &[(0, 2), (2, 0), (2, 5)],
        &[(3, 1)],
    ];
    for pieces in cases {
        for axis in [0, 1] {
            check(&format!("pieces {pieces:?} along {axis}"), &[spread(&[7, 7], (-2.0, 2.0), 1)], |graph, x| {
                let parts: Vec<_> = pieces
                    .iter()
                    .map(|&(start, len)| {
                        let mut ranges = [Range::all(7), Range::all(7)];
                        ranges[axis] = Range { start, step: 1, len };
                        graph.slice(x[0], &ranges)
                    })
                    .collect();
                let all = graph.concat(&parts, axis);
                graph.mul(all, all)
            });
        }
    }
    check("pieces of both axes, and the whole", &[spread(&[4, 4], (-2.0, 2.0), 1)], |graph, x| {
        let half = |start| Range { start, step: 1, len: 2 };
        let left = graph.slice(x[0], &[Range::all(4), half(0)]);
        let right = graph.slice(x[0], &[Range::all(4), half(2)]);
        let top = graph.slice(x[0], &[half(0), Range::all(4)]);
        let top = graph.reshape(top, [4, 2]);
        let product = graph.mul(left, top);
        let both = graph.concat(&[product, right], 1);
        graph.mul(both, x[0])
    });
}

#[test]
fn concatenation() {
    let parts = [spread(&[2, 3], (-2.0, 2.0), 1), spread(&[2, 0], (-2.0, 2.0), 2), spread(&[2, 4], (-2.0, 2.0), 3)];
    check("concat", &parts, |graph, x| graph.concat(x, 1));
    check("the same part twice", &parts[..1], |graph, x| graph.concat(&[x[0], x[0]], 0));
}

#[test]
fn gathers_and_their_adjoints() {
    let index = [2, 0, 2, 1, 1, 1];
    check("gather along 1", &[spread(&[2, 3], (-2.0, 2.0), 1)], |graph, x| {
        let index = indices(graph, &[2, 3], index.to_vec());
        graph.gather(x[0], 1, index)
    });
    check("gather along 0", &[spread(&[3, 2], (-2.0, 2.0), 1)], |graph, x| {
        let index = indices(graph, &[3, 2], index.to_vec());
        graph.gather(x[0], 0, index)
    });
    check("scatter", &[spread(&[2, 3], (-2.0, 2.0), 1)], |graph, x| {
        let index = indices(graph, &[2, 3], index.to_vec());
        graph.scatter_add(index, 1, x[0], [2, 4])
    });
    check("take", &[spread(&[2, 3, 2], (-2.0, 2.0), 1)], |graph, x| {
        let index = indices(graph, &[4], vec![2, 0, 2, 2]);
        graph.take(x[0], 1, index)
    });
    check("take of nothing", &[spread(&[3], (-2.0, 2.0), 1)], |graph, x| {
        let index = indices(graph, &[0], vec![]);
        graph.take(x[0], 0, index)
    });
    check("take's adjoint", &[spread(&[4, 2], (-2.0, 2.0), 1)], |graph, x| {
        let index = indices(graph, &[4], vec![2, 0, 2, 2]);
        graph.take_add(index, 0, x[0], [3, 2])
    });
}

#[test]
fn sorting() {
    check("sort", &[spread(&[3, 5], (-2.0, 2.0), 1)], |graph, x| {
        let order = graph.push(Op::ArgSort { axis: 1, descending: true }, [x[0]], [3, 5], Type::Int);
        graph.gather(x[0], 1, order)
    });
}

#[test]
fn choice() {
    let points = [spread(&[2, 3], (-2.0, 2.0), 1), spread(&[2, 3], (-2.0, 2.0), 2)];
    check("where", &points, |graph, x| {
        let condition = graph.compare(Compare::Less, x[0], x[1]);
        let square = graph.mul(x[0], x[0]);
        graph.select(condition, square, x[1])
    });
}
