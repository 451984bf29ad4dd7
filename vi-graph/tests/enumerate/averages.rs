//! Expectations over the variables of a guide.

use crate::brute::Case;
use vi_graph::Id;
use vi_graph::enumerate::Term;
use vi_graph::ir::{Data, Reduce};

/// `log q` of a variable from unnormalised rows `[.., values]`.
fn normalised(case: &mut Case, rows: Id) -> Id {
    let last = case.graph.shape(rows).len() - 1;
    let total = case.graph.reduce(Reduce::LogSumExp, rows, &[last]);
    let total = case.graph.expand(total, case.graph.shape(rows).to_vec());
    case.graph.sub(rows, total)
}

/// Adds a variable of the guide with this log-probability, which the estimate subtracts.
fn averaged(case: &mut Case, name: &str, values: i64, shape: &[usize], density: impl FnOnce(&mut Case, Id) -> Id) -> Id {
    let (id, variable) = case.variable(name, values, shape, &[]);
    let density = density(case, id);
    case.problem.averaged.push((variable, density));
    let minus = case.graph.neg(density);
    case.problem.terms.push(Term { node: minus, scale: 1.0, part: 0 });
    id
}

/// KL(Bernoulli(1/2) ‖ Bernoulli(1/4)) and its derivative `ln 3`.
#[test]
fn divergence_of_two_coins() {
    let mut case = Case::new(1);
    let p = case.parameter(&[1]);
    case.inputs[0] = Data::Float(vec![0.5]);
    let k = averaged(&mut case, "k", 2, &[1], |case, k| {
        let rest = case.graph.neg(p);
        let rest = case.graph.add_scalar(rest, 1.0);
        let both = case.graph.concat(&[rest, p], 0);
        let both = case.graph.unary(vi_graph::ir::Unary::Log, both);
        case.look_up(both, &[k])
    });
    let prior = case.graph.push(
        vi_graph::ir::Op::Constant(std::sync::Arc::new(Data::Float(vec![0.75f64.ln(), 0.25f64.ln()]))),
        [],
        [2],
        vi_graph::Type::Float,
    );
    let prior = case.look_up(prior, &[k]);
    case.term(prior);
    let (elbo, slope) = case.found();
    assert!((elbo + 0.143_841_036_225_890_2).abs() < 1e-14, "{elbo}");
    assert!((slope[0][0] + 3f64.ln()).abs() < 1e-13, "{slope:?}");
}

#[test]
fn chains_of_a_guide_by_brute_force() {
    let mut case = Case::new(2);
    let (first, moves) = (case.parameter(&[2]), case.parameter(&[2, 2]));
    let model = case.parameter(&[2, 2]);
    let mut last: Option<Id> = None;
    for t in 0..4 {
        let x = averaged(&mut case, &format!("x[{t}]"), 2, &[1], |case, x| match last {
            None => {
                let rows = normalised(case, first);
                case.look_up(rows, &[x])
            }
            Some(last) => {
                let rows = normalised(case, moves);
                case.look_up(rows, &[last, x])
            }
        });
        if let Some(last) = last {
            let prior = case.look_up(model, &[last, x]);
            case.term(prior);
        }
        last = Some(x);
    }
    case.check("chain");
}

/// The guide draws `k`, the model sums `z` out below it; in a plate, and with a variable of the guide above it.
#[test]
fn a_model_enumerated_below_the_guide_by_brute_force() {
    let mut case = Case::new(3);
    let (top, rows) = (case.parameter(&[2]), case.parameter(&[2, 2]));
    let (link, seen) = (case.parameter(&[2, 3]), case.parameter(&[3]));
    let top = normalised(&mut case, top);
    let rows = normalised(&mut case, rows);
    let g = averaged(&mut case, "g", 2, &[1], |case, g| case.look_up(top, &[g]));
    let k = averaged(&mut case, "k", 2, &[3], |case, k| {
        let g_there = case.graph.expand(g, [3]);
        case.look_up(rows, &[g_there, k])
    });
    let z = case.summed("z", 3, &[3], &[0]);
    let of_z = case.look_up(link, &[k, z]);
    case.term(of_z);
    let of_y = case.look_up(seen, &[z]);
    case.term(of_y);
    case.check("guide above model");
}

/// A continuous draw that the variable moves: its densities are averaged with it.
#[test]
fn draws_that_depend_on_the_variable() {
    let mut case = Case::new(4);
    let (rows, loc, noise) = (case.parameter(&[3]), case.parameter(&[3]), case.parameter(&[1]));
    let rows = normalised(&mut case, rows);
    let k = averaged(&mut case, "k", 3, &[1], |case, k| case.look_up(rows, &[k]));
    let own = case.look_up(loc, &[k]);
    let x = case.graph.add(own, noise);
    let joint = case.graph.unary(vi_graph::ir::Unary::Sin, x);
    case.term(joint);
    case.check("draws");
}

/// A value that the guide never takes may be impossible under the model.
#[test]
fn what_has_probability_zero_costs_nothing() {
    let mut case = Case::new(5);
    let q = case.parameter(&[2]);
    case.inputs[0] = Data::Float(vec![0.0, f64::NEG_INFINITY]);
    let k = averaged(&mut case, "k", 2, &[1], |case, k| case.look_up(q, &[k]));
    let p = case.parameter(&[2]);
    case.inputs[2] = Data::Float(vec![-0.25, f64::NEG_INFINITY]);
    let prior = case.look_up(p, &[k]);
    case.term(prior);
    let (found, gradients) = case.found();
    assert_eq!(found, -0.25);
    assert!(gradients.iter().flatten().all(|slope| slope.is_finite()), "{gradients:?}");
}

/// Each density of the guide in a part of its own: −E_q log q is the entropy, and E_q log p is what is left.
#[test]
fn parts_add_up() {
    let mut case = Case::new(6);
    let rows = case.parameter(&[3]);
    let rows = normalised(&mut case, rows);
    let k = averaged(&mut case, "k", 3, &[1], |case, k| case.look_up(rows, &[k]));
    let prior = case.parameter(&[3]);
    let prior = case.look_up(prior, &[k]);
    case.term(prior);
    let (whole, _) = case.found();
    case.problem.terms[0].part = 1;
    case.problem.terms[1].part = 2;
    let mut graph = case.graph.clone();
    graph.outputs = vi_graph::enumerate::sum(&mut graph, &case.problem).unwrap();
    let parts = crate::brute::numbers(vi_graph::interpret::interpret(&graph, &case.inputs, vi_graph::Key::new(0)).unwrap()).concat();
    let [Data::Float(logits), _, Data::Float(prior)] = &case.inputs[..] else { panic!("no tables") };
    let total = vi_graph::special::logsumexp(logits.iter().copied());
    let mean = |f: &dyn Fn(usize) -> f64| (0..3).map(|k| (logits[k] - total).exp() * f(k)).sum::<f64>();
    assert!((parts[1] + mean(&|k| logits[k] - total)).abs() < 1e-13, "{parts:?}");
    assert!((parts[2] - mean(&|k| prior[k])).abs() < 1e-13, "{parts:?}");
    assert!(parts[0] == 0.0 && (parts.iter().sum::<f64>() - whole).abs() < 1e-13, "{parts:?}, {whole}");
}
