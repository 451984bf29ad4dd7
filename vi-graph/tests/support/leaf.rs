use std::f64::consts::TAU;

use vi_graph::ir::{Data, NoiseKind, Op, Role, Scalar, Shape, Stream};
use vi_graph::{Id, Type};

use super::{Generator, LARGEST, Values};

impl Generator {
    /// Of rank 0 to 4.
    pub(super) fn new_shape(&mut self) -> Shape {
        let rank = self.one_of(&[0, 1, 1, 2, 2, 2, 3, 3, 4]);
        let mut shape: Shape = Vec::new();
        for _ in 0..rank {
            let sizes = self.sizes.clone();
            let size = self.one_of(&sizes);
            let len: usize = shape.iter().product();
            shape.push(if len * size > LARGEST / 3 { 1 } else { size });
        }
        shape
    }

    /// An input, a constant or one value everywhere.
    pub(super) fn new_leaf(&mut self) -> Id {
        let shape = self.new_shape();
        let ty = self.one_of(&[Type::Float, Type::Float, Type::Float, Type::Float, Type::Int, Type::Bool]);
        self.leaf(shape, ty)
    }

    pub(super) fn leaf(&mut self, shape: impl Into<Shape>, ty: Type) -> Id {
        let shape = shape.into();
        let len = shape.iter().product();
        match (self.below(10), ty) {
            (0, _) => {
                let value = match ty {
                    Type::Float => Scalar::Float(self.sixteenth()),
                    Type::Int => Scalar::Int(self.below(9) as i64 - 3),
                    Type::Bool => Scalar::Bool(self.chance(50)),
                };
                self.graph.push(Op::Full(value), [], shape, ty)
            }
            (1, _) => {
                let data = self.data(len, ty);
                self.graph.push(Op::Constant(data.into()), [], shape, ty)
            }
            (2..=4, Type::Float) => self.noise(shape),
            (5..=6, Type::Float) => {
                let data = self.data(len, ty);
                self.input(Role::Parameter, shape, data)
            }
            _ => {
                let role = self.given();
                let data = self.data(len, ty);
                self.input(role, shape, data)
            }
        }
    }

    pub(super) fn input(&mut self, role: Role, shape: Shape, data: Data) -> Id {
        let (name, ty) = (format!("x{}", self.inputs.len()), data.ty());
        self.inputs.push(data);
        self.graph.input(name, role, shape, ty)
    }

    fn given(&mut self) -> Role {
        if self.chance(60) { Role::Data } else { Role::Step }
    }

    fn noise(&mut self, shape: Shape) -> Id {
        let kind = self.one_of(&[NoiseKind::Normal, NoiseKind::Uniform]);
        let stream = Stream { site: format!("site{}", self.inputs.len()), call: 0 };
        let len = shape.iter().product();
        let draws = (0..len).map(|_| {
            let (u, v) = (0.5 + 0.5 * self.symmetric(), self.symmetric());
            let x = match kind {
                NoiseKind::Uniform => u,
                // Box and Muller 1958.
                NoiseKind::Normal => (-2.0 * u.ln()).sqrt() * (0.5 * TAU * v).cos(),
            };
            f64::from(x as f32)
        });
        let data = Data::Float(draws.collect());
        self.input(Role::Noise(stream, kind), shape, data)
    }

    /// Integers below `size`.
    pub(super) fn index_leaf(&mut self, shape: impl Into<Shape>, size: usize) -> Id {
        let shape = shape.into();
        let len: usize = shape.iter().product();
        let data = Data::Int((0..len).map(|_| self.below(size) as i64).collect());
        if self.chance(30) {
            return self.graph.push(Op::Constant(data.into()), [], shape, Type::Int);
        }
        let role = self.given();
        self.input(role, shape, data)
    }

    fn data(&mut self, len: usize, ty: Type) -> Data {
        match ty {
            Type::Float => {
                let mut x: Vec<f64> = (0..len).map(|_| self.sixteenth()).collect();
                if self.values == Values::Special && self.chance(50) {
                    for _ in 0..len.div_ceil(10) {
                        let place = self.below(len);
                        x[place] = self.one_of(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
                    }
                }
                Data::Float(x)
            }
            Type::Int => Data::Int((0..len).map(|_| self.below(13) as i64 - 4).collect()),
            Type::Bool => Data::Bool((0..len).map(|_| self.chance(50)).collect()),
        }
    }

    /// A multiple of 1/16: sums and products of few are exact.
    fn sixteenth(&mut self) -> f64 {
        (self.below(97) as f64 - 48.0) / 16.0
    }
}
