//! Plates: independent elements, several variables, several levels, subsamples.

use crate::brute::{Case, numbers};
use vi_graph::Key;
use vi_graph::enumerate::{Term, sum};
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Range};

/// A mixture: `z[n]` chooses a row; the cost is that of one element.
fn mixture(units: usize) -> Case {
    let mut case = Case::new(11);
    let weights = case.parameter(&[3]);
    let means = case.parameter(&[3]);
    let y = case.parameter(&[units]);
    let z = case.summed("z", 3, &[units], &[0]);
    let prior = case.look_up(weights, &[z]);
    let mean = case.look_up(means, &[z]);
    let apart = case.graph.sub(y, mean);
    let density = case.graph.unary(vi_graph::ir::Unary::Square, apart);
    let density = case.graph.mul_scalar(density, -0.5);
    case.term(prior);
    case.term(density);
    case
}

#[test]
fn mixtures_by_brute_force() {
    mixture(1).check("one unit");
    mixture(4).check("four units");
}

/// Two densities of one structure with other numbers in it.
#[test]
fn densities_that_differ_in_a_number() {
    let mut case = Case::new(12);
    let means = case.parameter(&[3]);
    let z = case.summed("z", 3, &[2], &[0]);
    for weight in [-0.5, -2.0] {
        let y = case.parameter(&[2]);
        let mean = case.look_up(means, &[z]);
        let apart = case.graph.sub(y, mean);
        let density = case.graph.unary(vi_graph::ir::Unary::Square, apart);
        let density = case.graph.mul_scalar(density, weight);
        case.term(density);
    }
    case.check("two weights");
}

/// 1000 units: 3000 entries.
#[test]
fn a_plate_costs_the_number_of_values() {
    let mut case = mixture(1000);
    case.problem.limit = 3000;
    let (found, gradients) = case.found();
    let [Data::Float(weights), Data::Float(means), Data::Float(y)] = &case.inputs[..3] else { panic!("no mixture") };
    let expected: f64 = y.iter().map(|y| vi_graph::special::logsumexp((0..3).map(|k| weights[k] - 0.5 * (y - means[k]).powi(2)))).sum();
    assert!((found - expected).abs() < 1e-10 * expected.abs());
    assert!((gradients[0].iter().sum::<f64>() - 1000.0).abs() < 1e-8);
    case.problem.limit = 2999;
    assert!(sum(&mut case.graph, &case.problem).is_err());
}

#[test]
fn a_subsampled_plate_counts_as_the_whole() {
    let mut case = mixture(4);
    let (plain, slopes) = case.found();
    case.problem.summed[0].scale = 25.0;
    case.problem.terms.iter_mut().for_each(|term| term.scale = 25.0);
    let (scaled, scaled_slopes) = case.found();
    assert!((scaled - 25.0 * plain).abs() < 1e-10 * scaled.abs());
    for (a, b) in slopes.iter().flatten().zip(scaled_slopes.iter().flatten()) {
        assert!((25.0 * a - b).abs() < 1e-9 * b.abs().max(1.0));
    }
}

/// `g` above a subsample of `z`: `log Σ_g p(g) (Π_n Σ_z p(z_n | g) p(y_n | z_n))^s`.
#[test]
fn a_subsample_below_a_variable_of_the_whole() {
    for units in [1, 3] {
        let mut case = Case::new(12);
        let prior = case.parameter(&[2]);
        let link = case.parameter(&[2, 3]);
        let seen = case.parameter(&[units, 3]);
        let g = case.summed("g", 2, &[1], &[]);
        let z = case.summed("z", 3, &[units], &[0]);
        let of_g = case.look_up(prior, &[g]);
        let g_there = case.graph.expand(g, [units]);
        let of_z = case.look_up(link, &[g_there, z]);
        let position = case.graph.reshape(z, [units, 1]);
        let of_y = case.graph.gather(seen, 1, position);
        let of_y = case.graph.reshape(of_y, [units]);
        case.problem.summed[1].scale = 10.0;
        case.problem.terms = vec![
            Term { node: of_g, scale: 1.0, part: 0 },
            Term { node: of_z, scale: 10.0, part: 0 },
            Term { node: of_y, scale: 10.0, part: 0 },
        ];
        let (found, _) = case.found();
        let [Data::Float(prior), Data::Float(link), Data::Float(seen)] = &case.inputs[..3] else { panic!("no tables") };
        let given = |g: usize| {
            let unit = |n: usize| vi_graph::special::logsumexp((0..3).map(|z| link[g * 3 + z] + seen[n * 3 + z]));
            prior[g] + 10.0 * (0..units).map(unit).sum::<f64>()
        };
        let expected = vi_graph::special::logsumexp((0..2).map(given));
        assert!((found - expected).abs() < 1e-11 * expected.abs(), "{units}: {found}, {expected}");
    }
}

#[test]
fn two_variables_in_a_plate_by_brute_force() {
    let mut case = Case::new(13);
    let (a, b) = (case.parameter(&[2]), case.parameter(&[2, 3]));
    let y = case.parameter(&[3, 2, 3]);
    let u = case.summed("u", 2, &[3], &[0]);
    let v = case.summed("v", 3, &[3], &[0]);
    let of_u = case.look_up(a, &[u]);
    let of_v = case.look_up(b, &[u, v]);
    let unit = case.graph.push(vi_graph::ir::Op::Constant(std::sync::Arc::new(Data::Int(vec![0, 1, 2]))), [], [3], vi_graph::Type::Int);
    let of_y = case.look_up(y, &[unit, u, v]);
    for term in [of_u, of_v, of_y] {
        case.term(term);
    }
    case.check("two variables");
}

#[test]
fn nested_plates_with_variables_at_each_level_by_brute_force() {
    let mut case = Case::new(14);
    let (top, middle, bottom) = (case.parameter(&[2]), case.parameter(&[2, 2]), case.parameter(&[2, 2]));
    let y = case.parameter(&[2, 3]);
    let g = case.summed("g", 2, &[1], &[]);
    let h = case.summed("h", 2, &[2, 1], &[0]);
    let z = case.summed("z", 2, &[2, 3], &[0, 1]);
    let of_g = case.look_up(top, &[g]);
    let g_there = case.graph.broadcast(g, [2, 1]);
    let of_h = case.look_up(middle, &[g_there, h]);
    let h_there = case.graph.expand(h, [2, 3]);
    let of_z = case.look_up(bottom, &[h_there, z]);
    let float = case.graph.cast(z, vi_graph::Type::Float);
    let of_y = case.graph.mul(float, y);
    for term in [of_g, of_h, of_z, of_y] {
        case.term(term);
    }
    case.check("nested plates");
}

/// A chain for each unit of a plate, and one variable above all of them.
#[test]
fn chains_in_a_plate_by_brute_force() {
    let mut case = Case::new(15);
    let kind = case.parameter(&[2]);
    let table = case.parameter(&[2, 2, 2]);
    let seen = case.parameter(&[3, 2]);
    let c = case.summed("c", 2, &[2], &[0]);
    let of_c = case.look_up(kind, &[c]);
    case.term(of_c);
    let mut last = None;
    for t in 0..3 {
        let x = case.summed(&format!("x[{t}]"), 2, &[2], &[0]);
        if let Some(last) = last {
            let of_x = case.look_up(table, &[c, last, x]);
            case.term(of_x);
        }
        let row = case.graph.slice(seen, &[Range { start: t, step: 1, len: 1 }, Range::all(2)]);
        let row = case.graph.reshape(row, [2]);
        let of_y = case.look_up(row, &[x]);
        case.term(of_y);
        last = Some(x);
    }
    case.check("chains");
}

/// What depends on no variable counts as it is.
#[test]
fn constants_are_added() {
    let mut case = mixture(2);
    let (plain, _) = case.found();
    let extra = case.parameter(&[2, 2]);
    case.problem.terms.push(Term { node: extra, scale: 3.0, part: 0 });
    let Data::Float(values) = case.inputs[4].clone() else { panic!("no floats") };
    let (found, _) = case.found();
    assert!((found - plain - 3.0 * values.iter().sum::<f64>()).abs() < 1e-10);
}

/// One-hot values, whose event is an axis.
#[test]
fn values_with_an_event() {
    let mut case = Case::new(16);
    let logits = case.parameter(&[2, 3]);
    let z = case.graph.input("z", vi_graph::ir::Role::Step, [2, 3], vi_graph::Type::Float);
    case.inputs.push(Data::Float(vec![0.0; 6]));
    let values = (0..3).map(|k| Data::Float((0..3).map(|i| f64::from(u8::from(i == k))).collect())).collect();
    case.problem.summed.push(vi_graph::enumerate::Variable {
        name: "z".into(),
        input: 1,
        values,
        event_rank: 1,
        plates: vec![0],
        scale: 1.0,
    });
    let product = case.graph.mul(logits, z);
    let density = case.graph.sum(product, &[1]);
    case.term(density);
    case.check("one-hot");
}

/// Draws inside the graph that do not depend on a variable stay draws.
#[test]
fn random_streams_are_not_enumerated() {
    let mut case = mixture(2);
    let stream = vi_graph::ir::Stream { site: "g".into(), call: 0 };
    let one = case.graph.full(2.0, [2]);
    let draw = case.graph.push(vi_graph::ir::Op::LogGamma { stream, lanes: None }, [one], [2], vi_graph::Type::Float);
    case.term(draw);
    let mut graph = case.graph.clone();
    let total = sum(&mut graph, &case.problem).unwrap()[0];
    graph.outputs = vec![total, draw];
    let found = numbers(interpret(&graph, &case.inputs, Key::new(3)).unwrap());
    let (plain, _) = mixture(2).found();
    assert!((found[0][0] - plain - found[1].iter().sum::<f64>()).abs() < 1e-10);
}
