//! Numbers for the inputs of a graph, and the comparison of what two graphs make of them.

use vi_graph::Graph;
use vi_graph::ir::{Data, NoiseKind, Op, Role, Type};

/// A sequence of well-mixed 64-bit numbers (SplitMix64).
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In (0, 1).
    pub fn unit(&mut self) -> f64 {
        ((self.next() >> 41) as f64 + 0.5) / (1u64 << 23) as f64
    }

    /// Below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}

/// Elements for each input of `graph`: uniform noise in (0, 1), other floats in (−1.5, 1.5), integers 0 and 1.
pub fn inputs(graph: &Graph, numbers: &mut Numbers) -> Vec<Data> {
    graph
        .nodes
        .iter()
        .filter_map(|node| match node.op {
            Op::Input(input) => Some((input, node)),
            _ => None,
        })
        .map(|(input, node)| {
            let is_unit = matches!(graph.inputs[input].role, Role::Noise(_, NoiseKind::Uniform));
            match node.ty {
                Type::Float if is_unit => Data::Float((0..node.len()).map(|_| numbers.unit()).collect()),
                Type::Float => Data::Float((0..node.len()).map(|_| f64::from((3.0 * numbers.unit() - 1.5) as f32)).collect()),
                Type::Int => Data::Int((0..node.len()).map(|_| numbers.below(2) as i64).collect()),
                Type::Bool => Data::Bool((0..node.len()).map(|_| numbers.below(2) == 0).collect()),
            }
        })
        .collect()
}

/// Whether the elements agree up to `tolerance`, relative to the larger of 1 and their size; NaN agrees with NaN.
pub fn close(a: &Data, b: &Data, tolerance: f64) -> bool {
    match (a, b) {
        (Data::Float(a), Data::Float(b)) => {
            let near = |(&x, &y): (&f64, &f64)| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * x.abs().max(1.0);
            a.len() == b.len() && a.iter().zip(b).all(near)
        }
        _ => a == b,
    }
}
