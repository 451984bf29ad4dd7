use vi_graph::ir::{Op, Reduce, Scan};
use vi_graph::{Id, Type};

use super::Generator;

pub(super) fn reduce(g: &mut Generator) -> Option<Id> {
    let x = g.pick(|g, id| !g.graph.shape(id).is_empty())?;
    let f = match g.graph.ty(x) {
        Type::Float => g.one_of(&[Reduce::Sum, Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::Min, Reduce::LogSumExp]),
        Type::Int => g.one_of(&[Reduce::Sum, Reduce::Max, Reduce::Min]),
        Type::Bool => g.one_of(&[Reduce::Any, Reduce::All]),
    };
    let rank = g.graph.shape(x).len();
    let mut axes: Vec<usize> = (0..rank).filter(|_| g.chance(50)).collect();
    if axes.is_empty() {
        axes.push(g.below(rank));
    }
    Some(g.graph.reduce(f, x, &axes))
}

/// Scans, `argmax` and `argsort`.
pub(super) fn run(g: &mut Generator) -> Option<Id> {
    let what = g.below(5);
    let fits = |g: &Generator, id: Id| g.graph.ty(id) != Type::Bool && (what < 3 || g.is_exact(id));
    let x = g.pick(fits)?;
    let axis = g.pick_axis(x)?;
    let mut shape = g.graph.shape(x).to_vec();
    match what {
        0..=2 => {
            let all = [Scan::Sum, Scan::Sum, Scan::Prod, Scan::Max, Scan::Min];
            let scan = if g.graph.ty(x) == Type::Int { Scan::Sum } else { g.one_of(&all) };
            let reverse = g.chance(50);
            Some(g.graph.scan(scan, x, axis, reverse))
        }
        3 => {
            if shape[axis] == 0 {
                return None;
            }
            shape[axis] = 1;
            Some(g.graph.push(Op::ArgMax(axis), [x], shape, Type::Int))
        }
        _ => {
            let descending = g.chance(50);
            Some(g.graph.push(Op::ArgSort { axis, descending }, [x], shape, Type::Int))
        }
    }
}
