use vi_graph::ir::{Data, Range};

use crate::{Value, assert_floats, bools, eval, floats, ints};

/// `0, 1, …` in this shape.
fn count(shape: &[usize]) -> Value {
    floats(shape, &(0..shape.iter().product::<usize>()).map(|i| i as f64).collect::<Vec<_>>())
}

fn range(start: usize, step: isize, len: usize) -> Range {
    Range { start, step, len }
}

#[test]
fn permutations() {
    assert_floats(&eval(&[count(&[2, 3])], |g, x| g.permute(x[0], &[1, 0])), &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    // out[k, i, j] = x[i, j, k]: dimension 0 of the result is dimension 2 of the operand.
    let found = eval(&[count(&[2, 2, 3])], |g, x| g.permute(x[0], &[2, 0, 1]));
    assert_floats(&found, &[0.0, 3.0, 6.0, 9.0, 1.0, 4.0, 7.0, 10.0, 2.0, 5.0, 8.0, 11.0]);
}

#[test]
fn broadcasting_repeats() {
    let found = eval(&[count(&[2, 1])], |g, x| g.expand(x[0], [2, 3]));
    assert_floats(&found, &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    let found = eval(&[count(&[2])], |g, x| g.broadcast(x[0], [3, 2]));
    assert_floats(&found, &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    assert_floats(&eval(&[floats(&[], &[7.0])], |g, x| g.broadcast(x[0], [2, 1, 2])), &[7.0; 4]);
    assert_floats(&eval(&[count(&[1])], |g, x| g.expand(x[0], [0])), &[]);
}

#[test]
fn slices_forwards_and_backwards() {
    let rows = eval(&[count(&[4, 3])], |g, x| g.slice(x[0], &[range(3, -2, 2), range(1, 1, 2)]));
    assert_floats(&rows, &[10.0, 11.0, 4.0, 5.0]);
    assert_eq!(eval(&[ints(&[5], &[0, 1, 2, 3, 4])], |g, x| g.slice(x[0], &[range(4, -1, 5)])), Data::Int(vec![4, 3, 2, 1, 0]));
    assert_floats(&eval(&[count(&[4, 3])], |g, x| g.slice(x[0], &[range(0, 1, 4), range(3, 1, 0)])), &[]);
}

#[test]
fn unslice_puts_elements_back_where_slice_found_them() {
    let found = eval(&[floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0])], |g, x| g.unslice(x[0], &[range(2, -2, 2), range(0, 2, 2)], [3, 4]));
    assert_floats(&found, &[3.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0]);
    let truth = eval(&[bools(&[1], &[true])], |g, x| g.unslice(x[0], &[range(1, 1, 1)], [3]));
    assert_eq!(truth, Data::Bool(vec![false, true, false]));
    let none = eval(&[floats(&[0], &[])], |g, x| g.unslice(x[0], &[range(0, 1, 0)], [2]));
    assert_floats(&none, &[0.0, 0.0]);
}

#[test]
fn concatenation_along_each_axis() {
    let parts = || [count(&[2, 2]), floats(&[1, 2], &[8.0, 9.0])];
    assert_floats(&eval(&parts(), |g, x| g.concat(x, 0)), &[0.0, 1.0, 2.0, 3.0, 8.0, 9.0]);
    let parts = [count(&[2, 2]), floats(&[2, 0], &[]), floats(&[2, 1], &[8.0, 9.0])];
    assert_floats(&eval(&parts, |g, x| g.concat(x, 1)), &[0.0, 1.0, 8.0, 2.0, 3.0, 9.0]);
}

#[test]
fn reshape_keeps_the_order() {
    assert_floats(&eval(&[count(&[2, 3])], |g, x| g.reshape(x[0], [3, 1, 2])), &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}
