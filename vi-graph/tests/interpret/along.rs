use vi_graph::ir::{Data, Op, Reduce, Scan};
use vi_graph::{Graph, Id, Precision, Type};

use crate::{Value, assert_floats, assert_near, bools, eval, floats, ints, run};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// `0, 1, …` in the shape `[2, 3, 2]`.
fn cube() -> Value {
    floats(&[2, 3, 2], &(0..12).map(f64::from).collect::<Vec<_>>())
}

#[test]
fn reductions_over_one_axis_and_over_many() {
    let reduce = |f, axes: &[usize]| eval(&[cube()], |g, x| g.reduce(f, x[0], axes));
    assert_floats(&reduce(Reduce::Sum, &[1]), &[6.0, 9.0, 24.0, 27.0]);
    assert_floats(&reduce(Reduce::Sum, &[0, 2]), &[14.0, 22.0, 30.0]);
    assert_floats(&reduce(Reduce::Max, &[0, 1, 2]), &[11.0]);
    assert_floats(&reduce(Reduce::Min, &[0, 1]), &[0.0, 1.0]);
    assert_floats(&reduce(Reduce::Prod, &[2]), &[0.0, 6.0, 20.0, 42.0, 72.0, 110.0]);
    let counts = eval(&[ints(&[2, 2], &[1, -2, 3, 4])], |g, x| g.reduce(Reduce::Sum, x[0], &[0]));
    assert_eq!(counts, Data::Int(vec![4, 2]));
    let truth = || [bools(&[3, 2], &[false, true, false, false, true, true])];
    assert_eq!(eval(&truth(), |g, x| g.reduce(Reduce::Any, x[0], &[1])), Data::Bool(vec![true, false, true]));
    assert_eq!(eval(&truth(), |g, x| g.reduce(Reduce::All, x[0], &[1])), Data::Bool(vec![false, false, true]));
}

#[test]
fn the_maximum_is_nan_where_any_is() {
    let x = || [floats(&[3, 2], &[NAN, 1.0, 1.0, NAN, -INF, INF])];
    assert_floats(&eval(&x(), |g, x| g.reduce(Reduce::Max, x[0], &[1])), &[NAN, NAN, INF]);
    assert_floats(&eval(&x(), |g, x| g.reduce(Reduce::Min, x[0], &[1])), &[NAN, NAN, -INF]);
}

#[test]
fn logsumexp_of_extreme_terms() {
    let ln3 = 3f64.ln();
    let rows = [1e4, 1e4, 1e4, -INF, -INF, -INF, 0.0, INF, 1.0, NAN, INF, 0.0, -INF, 2.0, -INF, -1e4, -1e4, -1e4];
    let found = eval(&[floats(&[6, 3], &rows)], |g, x| g.reduce(Reduce::LogSumExp, x[0], &[1]));
    assert_near(&found, &[1e4 + ln3, -INF, INF, NAN, 2.0, -1e4 + ln3], 1e-15);
}

#[test]
fn nothing_to_reduce_gives_the_neutral_element() {
    let reduce = |f| eval(&[floats(&[2, 0], &[])], move |g, x| g.reduce(f, x[0], &[1]));
    assert_floats(&reduce(Reduce::Sum), &[0.0, 0.0]);
    assert_floats(&reduce(Reduce::Prod), &[1.0, 1.0]);
    assert_floats(&reduce(Reduce::Max), &[-INF, -INF]);
    assert_floats(&reduce(Reduce::LogSumExp), &[-INF, -INF]);
    assert_floats(&eval(&[floats(&[2, 0], &[])], |g, x| g.reduce(Reduce::Sum, x[0], &[0])), &[]);
}

#[test]
fn a_sum_in_single_precision_is_rounded_once() {
    // 2^24 + 1 + 1 = 2^24 + 2 is an f32; 2^24 + 1 is none.
    let found = run(Precision::F32, &[floats(&[3], &[16_777_216.0, 1.0, 1.0])], |g, x| g.sum(x[0], &[0])).unwrap();
    assert_floats(&found, &[16_777_218.0]);
}

#[test]
fn scans_forwards_and_from_the_end() {
    let scan = |f, axis, reverse| eval(&[floats(&[2, 3], &[3.0, 1.0, 2.0, 4.0, 6.0, 5.0])], move |g, x| g.scan(f, x[0], axis, reverse));
    assert_floats(&scan(Scan::Sum, 1, false), &[3.0, 4.0, 6.0, 4.0, 10.0, 15.0]);
    assert_floats(&scan(Scan::Sum, 1, true), &[6.0, 3.0, 2.0, 15.0, 11.0, 5.0]);
    assert_floats(&scan(Scan::Sum, 0, true), &[7.0, 7.0, 7.0, 4.0, 6.0, 5.0]);
    assert_floats(&scan(Scan::Prod, 1, true), &[6.0, 2.0, 2.0, 120.0, 30.0, 5.0]);
    assert_floats(&scan(Scan::Max, 1, false), &[3.0, 3.0, 3.0, 4.0, 6.0, 6.0]);
    assert_floats(&scan(Scan::Min, 1, true), &[1.0, 1.0, 2.0, 4.0, 5.0, 5.0]);
    assert_floats(&eval(&[floats(&[3], &[1.0, NAN, 2.0])], |g, x| g.scan(Scan::Max, x[0], 0, false)), &[1.0, NAN, NAN]);
    assert_eq!(eval(&[ints(&[3], &[1, 2, 3])], |g, x| g.scan(Scan::Sum, x[0], 0, true)), Data::Int(vec![6, 5, 3]));
}

fn argsort(g: &mut Graph, x: Id, axis: usize, descending: bool) -> Id {
    let shape = g.shape(x).to_vec();
    g.push(Op::ArgSort { axis, descending }, [x], shape, Type::Int)
}

#[test]
fn sorting_is_stable_with_nan_last_in_both_directions() {
    let x = || [floats(&[7], &[2.0, NAN, 1.0, 2.0, -INF, NAN, 1.0])];
    assert_eq!(eval(&x(), |g, x| argsort(g, x[0], 0, false)), Data::Int(vec![4, 2, 6, 0, 3, 1, 5]));
    assert_eq!(eval(&x(), |g, x| argsort(g, x[0], 0, true)), Data::Int(vec![0, 3, 2, 6, 4, 1, 5]));
    let columns = eval(&[ints(&[3, 2], &[3, 1, 1, 2, 2, 3])], |g, x| argsort(g, x[0], 0, false));
    assert_eq!(columns, Data::Int(vec![1, 0, 2, 1, 0, 2]));
}

#[test]
fn argmax_is_the_first_of_the_largest() {
    let argmax = |x: Value, axis: usize| {
        eval(&[x], |g, x| {
            let mut shape = g.shape(x[0]).to_vec();
            shape[axis] = 1;
            g.push(Op::ArgMax(axis), [x[0]], shape, Type::Int)
        })
    };
    let x = [1.0, 3.0, 3.0, -INF, -INF, -INF, 5.0, NAN, NAN];
    assert_eq!(argmax(floats(&[3, 3], &x), 1), Data::Int(vec![1, 0, 1]));
    assert_eq!(argmax(floats(&[3, 3], &x), 0), Data::Int(vec![2, 2, 2]));
    assert_eq!(argmax(ints(&[4], &[-5, -2, -9, -2]), 0), Data::Int(vec![1]));
}
