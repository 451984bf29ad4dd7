//! What cannot be summed out, or only at too high a price.

use crate::brute::Case;
use crate::chains::chain;
use vi_graph::Error;
use vi_graph::enumerate::sum;

#[test]
fn a_density_of_several_elements() {
    let mut case = Case::new(1);
    let z = case.summed("z", 2, &[3], &[0]);
    let float = case.graph.cast(z, vi_graph::Type::Float);
    let total = case.graph.sum(float, &[0]);
    case.term(total);
    let error = sum(&mut case.graph, &case.problem).unwrap_err();
    assert!(matches!(&error, Error::Coupled { variable, .. } if variable == "z"), "{error}");
}

#[test]
fn crossed_plates() {
    let mut case = Case::new(2);
    let table = case.parameter(&[2, 2]);
    let a = case.summed("a", 2, &[3, 1], &[0]);
    let b = case.summed("b", 2, &[1, 2], &[1]);
    let (a, b) = (case.graph.expand(a, [3, 2]), case.graph.expand(b, [3, 2]));
    let term = case.look_up(table, &[a, b]);
    case.term(term);
    let error = sum(&mut case.graph, &case.problem).unwrap_err();
    assert!(matches!(error, Error::Coupled { .. }), "{error}");
}

#[test]
fn tables_beyond_the_limit() {
    let mut case = chain(1, 4, 6);
    case.problem.limit = 15;
    let error = sum(&mut case.graph.clone(), &case.problem).unwrap_err();
    assert!(matches!(error, Error::TooLarge { entries: 16, limit: 15, .. }), "{error}");
    assert!(error.to_string().contains("`x[0]`"), "{error}");
    // At the limit the ends of the chain go first, with tables of two variables.
    case.problem.limit = 16;
    assert!(sum(&mut case.graph, &case.problem).is_ok());
}
