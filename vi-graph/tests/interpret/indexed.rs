use vi_graph::ir::Data;
use vi_graph::{Error, Precision};

use crate::{assert_floats, eval, floats, ints, run};

#[test]
fn gather_picks_one_element_for_each_index() {
    let x = || floats(&[3, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    // out[i, j] = x[index[i, j], j]
    let rows = eval(&[x(), ints(&[2, 2], &[2, 0, 1, 1])], |g, x| g.gather(x[0], 0, x[1]));
    assert_floats(&rows, &[4.0, 1.0, 2.0, 3.0]);
    // out[i, j] = x[i, index[i, j]]
    let columns = eval(&[x(), ints(&[3, 3], &[0, 0, 1, 1, 0, 1, 1, 1, 1])], |g, x| g.gather(x[0], 1, x[1]));
    assert_floats(&columns, &[0.0, 0.0, 1.0, 3.0, 2.0, 3.0, 5.0, 5.0, 5.0]);
}

#[test]
fn scatter_add_sums_what_falls_on_the_same_place() {
    let y = || floats(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    // out[index[i, j], j] += y[i, j]
    let rows = eval(&[ints(&[3, 2], &[0, 3, 0, 0, 3, 3]), y()], |g, x| g.scatter_add(x[0], 0, x[1], [4, 2]));
    assert_floats(&rows, &[4.0, 4.0, 0.0, 0.0, 0.0, 0.0, 5.0, 8.0]);
    let columns = eval(&[ints(&[3, 2], &[1, 1, 0, 2, 2, 0]), y()], |g, x| g.scatter_add(x[0], 1, x[1], [3, 3]));
    assert_floats(&columns, &[0.0, 3.0, 0.0, 3.0, 0.0, 4.0, 6.0, 0.0, 5.0]);
}

#[test]
fn take_repeats_slices_and_take_add_sums_them() {
    let x = || floats(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let columns = eval(&[x(), ints(&[4], &[2, 2, 0, 1])], |g, x| g.take(x[0], 1, x[1]));
    assert_floats(&columns, &[2.0, 2.0, 0.0, 1.0, 5.0, 5.0, 3.0, 4.0]);
    let rows = eval(&[x(), ints(&[3], &[1, 0, 1])], |g, x| g.take(x[0], 0, x[1]));
    assert_floats(&rows, &[3.0, 4.0, 5.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let sums = eval(&[ints(&[3], &[3, 0, 3]), x()], |g, x| g.take_add(x[0], 1, x[1], [2, 4]));
    assert_floats(&sums, &[1.0, 0.0, 0.0, 2.0, 4.0, 0.0, 0.0, 8.0]);
    assert_floats(&eval(&[x(), ints(&[0], &[])], |g, x| g.take(x[0], 0, x[1])), &[]);
    let counts = eval(&[ints(&[4], &[1, 1, 0, 1]), ints(&[4], &[1; 4])], |g, x| g.take_add(x[0], 0, x[1], [3]));
    assert_eq!(counts, Data::Int(vec![1, 3, 0]));
}

#[test]
fn an_index_outside_of_the_axis_is_an_error() {
    for index in [-1, 3] {
        let found = run(Precision::F64, &[floats(&[3], &[0.0; 3]), ints(&[1], &[index])], |g, x| g.take(x[0], 0, x[1]));
        assert_eq!(found, Err(Error::Index { op: "take", index, size: 3 }));
    }
}
