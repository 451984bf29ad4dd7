//! Arithmetic on floats and integers.

use burn::backend::ir::{
    BinaryOpIr, FloatOperationIr, IntOperationIr, NumericOperationIr, PadModeIr, PadOpIr, ScalarIr, ScalarOpIr, TensorIr, UnaryOpIr,
};
use vi_graph::ir::{Binary, Compare, Op, Range, Reduce, Scan, Test, Unary};
use vi_graph::{Id, Type};

use super::{Importer, Outcome, float, int, shape, unsupported};

impl Importer {
    pub(super) fn numeric(&mut self, op: &NumericOperationIr) -> Outcome {
        use NumericOperationIr as N;
        match op {
            N::Add(op) => self.binary(Binary::Add, op),
            N::Sub(op) => self.binary(Binary::Sub, op),
            N::Mul(op) => self.binary(Binary::Mul, op),
            N::Div(op) => self.binary(Binary::Div, op),
            N::Rem(op) => self.binary(Binary::Rem, op),
            N::AddScalar(op) => self.scalar(Binary::Add, op),
            N::SubScalar(op) => self.scalar(Binary::Sub, op),
            N::MulScalar(op) => self.scalar(Binary::Mul, op),
            N::DivScalar(op) => self.scalar(Binary::Div, op),
            N::RemScalar(op) => self.scalar(Binary::Rem, op),
            N::Abs(op) => self.unary(Unary::Abs, op),
            N::Neg(op) => self.unary(Unary::Neg, op),
            N::Sign(op) => self.unary(Unary::Sign, op),
            N::Full(op) => {
                let out = self.full(op.value, &op.out)?;
                self.set(&op.out, out)
            }
            N::Sum(op) => self.reduce(Reduce::Sum, &op.input, &op.out, None),
            N::SumDim(op) => self.reduce(Reduce::Sum, &op.input, &op.out, Some(&[op.axis])),
            N::SumDims(op) => self.reduce(Reduce::Sum, &op.input, &op.out, Some(&op.axes)),
            N::Mean(op) => self.mean(&op.input, &op.out, None),
            N::MeanDim(op) => self.mean(&op.input, &op.out, Some(op.axis)),
            N::Prod(op) => self.reduce(Reduce::Prod, &op.input, &op.out, None),
            N::ProdDim(op) => self.reduce(Reduce::Prod, &op.input, &op.out, Some(&[op.axis])),
            N::Max(op) => self.reduce(Reduce::Max, &op.input, &op.out, None),
            N::MaxDim(op) => self.reduce(Reduce::Max, &op.input, &op.out, Some(&[op.axis])),
            N::Min(op) => self.reduce(Reduce::Min, &op.input, &op.out, None),
            N::MinDim(op) => self.reduce(Reduce::Min, &op.input, &op.out, Some(&[op.axis])),
            N::MaxAbs(op) => self.max_abs(&op.input, &op.out, None),
            N::MaxAbsDim(op) => self.max_abs(&op.input, &op.out, Some(op.axis)),
            N::Greater(op) => self.compare(Compare::Greater, op),
            N::GreaterEqual(op) => self.compare(Compare::GreaterEqual, op),
            N::Lower(op) => self.compare(Compare::Less, op),
            N::LowerEqual(op) => self.compare(Compare::LessEqual, op),
            N::GreaterElem(op) => self.compare_scalar(Compare::Greater, op),
            N::GreaterEqualElem(op) => self.compare_scalar(Compare::GreaterEqual, op),
            N::LowerElem(op) => self.compare_scalar(Compare::Less, op),
            N::LowerEqualElem(op) => self.compare_scalar(Compare::LessEqual, op),
            N::ArgMax(op) => self.arg_extreme(&op.input, op.axis, false, &op.out),
            N::ArgMin(op) => self.arg_extreme(&op.input, op.axis, true, &op.out),
            N::MaxDimWithIndices(op) => {
                self.reduce(Reduce::Max, &op.tensor, &op.out, Some(&[op.dim]))?;
                self.arg_extreme(&op.tensor, op.dim, false, &op.out_indices)
            }
            N::MinDimWithIndices(op) => {
                self.reduce(Reduce::Min, &op.tensor, &op.out, Some(&[op.dim]))?;
                self.arg_extreme(&op.tensor, op.dim, true, &op.out_indices)
            }
            N::ArgTopK(op) => {
                let order = self.order(&op.input, op.axis, true, op.accumulator_len)?;
                self.set(&op.out, order)
            }
            N::TopK(op) => {
                let order = self.order(&op.input, op.axis, true, op.accumulator_len)?;
                self.ordered(&op.input, op.axis, order, &op.out)
            }
            N::TopKWithIndices(op) => {
                let order = self.order(&op.tensor, op.dim, true, op.k)?;
                self.ordered(&op.tensor, op.dim, order, &op.out)?;
                self.set(&op.out_indices, order)
            }
            N::Sort(op) => {
                let order = self.order(&op.input, op.dim, op.descending, usize::MAX)?;
                self.ordered(&op.input, op.dim, order, &op.out)
            }
            N::SortWithIndices(op) => {
                let order = self.order(&op.input, op.dim, op.descending, usize::MAX)?;
                self.ordered(&op.input, op.dim, order, &op.out)?;
                self.set(&op.out_indices, order)
            }
            N::ArgSort(op) => {
                let order = self.order(&op.input, op.dim, op.descending, usize::MAX)?;
                self.set(&op.out, order)
            }
            N::ClampMin(op) => self.clamp(&op.lhs, Some(op.rhs), None, &op.out),
            N::ClampMax(op) => self.clamp(&op.lhs, None, Some(op.rhs), &op.out),
            N::Clamp(op) => self.clamp(&op.tensor, Some(op.min), Some(op.max), &op.out),
            N::Powi(op) => self.power(op),
            N::PowiScalar(op) => self.power_scalar(op),
            N::CumSum(op) => self.scan(Scan::Sum, &op.input, op.axis, &op.out),
            N::CumProd(op) => self.scan(Scan::Prod, &op.input, op.axis, &op.out),
            N::CumMax(op) => self.scan(Scan::Max, &op.input, op.axis, &op.out),
            N::CumMin(op) => self.scan(Scan::Min, &op.input, op.axis, &op.out),
            N::Pad(op) => self.pad(op),
            N::IntRandom(_) => Err("it draws from Burn's generator".into()),
        }
    }

    pub(super) fn float(&mut self, op: &FloatOperationIr) -> Outcome {
        use FloatOperationIr as F;
        match op {
            F::Exp(op) => self.unary(Unary::Exp, op),
            F::Log(op) => self.unary(Unary::Log, op),
            F::Log1p(op) => self.unary(Unary::Log1p, op),
            F::Erf(op) => self.unary(Unary::Erf, op),
            F::Sqrt(op) => self.unary(Unary::Sqrt, op),
            F::Cos(op) => self.unary(Unary::Cos, op),
            F::Cosh(op) => self.unary(Unary::Cosh, op),
            F::Sin(op) => self.unary(Unary::Sin, op),
            F::Sinh(op) => self.unary(Unary::Sinh, op),
            F::Tan(op) => self.unary(Unary::Tan, op),
            F::Tanh(op) => self.unary(Unary::Tanh, op),
            F::ArcCos(op) => self.unary(Unary::Acos, op),
            F::ArcCosh(op) => self.unary(Unary::Acosh, op),
            F::ArcSin(op) => self.unary(Unary::Asin, op),
            F::ArcSinh(op) => self.unary(Unary::Asinh, op),
            F::ArcTan(op) => self.unary(Unary::Atan, op),
            F::ArcTanh(op) => self.unary(Unary::Atanh, op),
            F::ArcTan2(op) => self.binary(Binary::Atan2, op),
            F::Round(op) => self.unary(Unary::Round, op),
            F::Floor(op) => self.unary(Unary::Floor, op),
            F::Ceil(op) => self.unary(Unary::Ceil, op),
            F::Trunc(op) => self.unary(Unary::Trunc, op),
            F::Recip(op) => self.unary(Unary::Recip, op),
            F::IntoInt(op) => self.convert(&op.input, &op.out),
            F::Powf(op) => self.power(op),
            F::PowfScalar(op) => self.power_scalar(op),
            F::IsNan(op) => self.test(Test::IsNan, op),
            F::IsInf(op) => self.test(Test::IsInfinite, op),
            F::Matmul(op) => {
                let (a, b) = (self.get(&op.lhs)?, self.get(&op.rhs)?);
                let out = self.graph.matmul(a, b, false, false);
                self.set(&op.out, out)
            }
            F::Hypot(op) => {
                let (x, y) = (self.get_as(&op.lhs, &op.out)?, self.get_as(&op.rhs, &op.out)?);
                let (x, y) = (self.graph.unary(Unary::Square, x), self.graph.unary(Unary::Square, y));
                let sum = self.graph.add(x, y);
                let out = self.graph.unary(Unary::Sqrt, sum);
                self.set(&op.out, out)
            }
            F::Random(_) => Err("it draws from Burn's generator".into()),
            F::Cross(_) | F::Quantize(_) | F::Dequantize(_) | F::GridSample2d(_) => unsupported(op),
        }
    }

    pub(super) fn int(&mut self, op: &IntOperationIr) -> Outcome {
        match op {
            IntOperationIr::IntoFloat(op) => self.convert(&op.input, &op.out),
            _ => unsupported(op),
        }
    }

    pub(super) fn unary(&mut self, f: Unary, op: &UnaryOpIr) -> Outcome {
        let x = self.get(&op.input)?;
        let out = self.graph.unary(f, x);
        self.set(&op.out, out)
    }

    fn test(&mut self, f: Test, op: &UnaryOpIr) -> Outcome {
        let x = self.get(&op.input)?;
        let out = self.graph.test(f, x);
        self.set(&op.out, out)
    }

    fn binary(&mut self, f: Binary, op: &BinaryOpIr) -> Outcome {
        let (x, y) = (self.get_as(&op.lhs, &op.out)?, self.get_as(&op.rhs, &op.out)?);
        let out = self.graph.binary(f, x, y);
        self.set(&op.out, out)
    }

    fn scalar(&mut self, f: Binary, op: &ScalarOpIr) -> Outcome {
        let (x, c) = (self.get(&op.lhs)?, self.full(op.rhs, &op.lhs)?);
        let out = self.graph.binary(f, x, c);
        self.set(&op.out, out)
    }

    fn compare(&mut self, f: Compare, op: &BinaryOpIr) -> Outcome {
        let (x, y) = (self.get_as(&op.lhs, &op.out)?, self.get_as(&op.rhs, &op.out)?);
        let out = self.graph.compare(f, x, y);
        self.set(&op.out, out)
    }

    fn compare_scalar(&mut self, f: Compare, op: &ScalarOpIr) -> Outcome {
        let (x, c) = (self.get(&op.lhs)?, self.full(op.rhs, &op.lhs)?);
        let out = self.graph.compare(f, x, c);
        self.set(&op.out, out)
    }

    /// Over `axes`, or over all.
    fn reduce(&mut self, f: Reduce, input: &TensorIr, out: &TensorIr, axes: Option<&[usize]>) -> Outcome {
        let x = self.get(input)?;
        let all: Vec<usize> = (0..input.shape.num_dims()).collect();
        let reduced = self.graph.reduce(f, x, axes.unwrap_or(&all));
        self.set(out, reduced)
    }

    fn mean(&mut self, input: &TensorIr, out: &TensorIr, axis: Option<usize>) -> Outcome {
        let x = self.get(input)?;
        let mean = match axis {
            Some(axis) => self.mean_of(x, &[axis]),
            None => self.mean_of(x, &(0..input.shape.num_dims()).collect::<Vec<_>>()),
        };
        self.set(out, mean)
    }

    pub(super) fn mean_of(&mut self, x: Id, axes: &[usize]) -> Id {
        let count: usize = axes.iter().map(|&axis| self.graph.shape(x)[axis]).product();
        let sum = self.graph.sum(x, axes);
        let (shape, ty) = (self.graph.shape(sum).to_vec(), self.graph.ty(sum));
        let count = self.splat(ScalarIr::UInt(count as u64), shape, ty);
        self.graph.div(sum, count)
    }

    fn max_abs(&mut self, input: &TensorIr, out: &TensorIr, axis: Option<usize>) -> Outcome {
        let x = self.get(input)?;
        let x = self.graph.unary(Unary::Abs, x);
        let axes = axis.map_or_else(|| (0..input.shape.num_dims()).collect(), |axis| vec![axis]);
        let reduced = self.graph.reduce(Reduce::Max, x, &axes);
        self.set(out, reduced)
    }

    fn arg_extreme(&mut self, input: &TensorIr, axis: usize, smallest: bool, out: &TensorIr) -> Outcome {
        let mut x = self.get(input)?;
        if smallest {
            x = self.graph.neg(x);
        }
        let mut reduced = shape(input);
        reduced[axis] = 1;
        let index = self.graph.push(Op::ArgMax(axis), [x], reduced, Type::Int);
        self.set(out, index)
    }

    /// Which elements come first along the axis, the first `count` of them.
    fn order(&mut self, input: &TensorIr, axis: usize, descending: bool, count: usize) -> Outcome<Id> {
        let x = self.get(input)?;
        let sizes = shape(input);
        let order = self.graph.push(Op::ArgSort { axis, descending }, [x], sizes.clone(), Type::Int);
        let ranges: Vec<Range> =
            sizes.iter().enumerate().map(|(i, &size)| Range::all(if i == axis { size.min(count) } else { size })).collect();
        Ok(self.graph.slice(order, &ranges))
    }

    fn ordered(&mut self, input: &TensorIr, axis: usize, order: Id, out: &TensorIr) -> Outcome {
        let x = self.get(input)?;
        let sorted = self.graph.gather(x, axis, order);
        self.set(out, sorted)
    }

    /// The operand first: in a tie the derivative is 1, as Burn has it.
    fn clamp(&mut self, input: &TensorIr, low: Option<ScalarIr>, high: Option<ScalarIr>, out: &TensorIr) -> Outcome {
        let mut x = self.get(input)?;
        for (bound, f) in [(low, Binary::Max), (high, Binary::Min)] {
            if let Some(bound) = bound {
                let bound = self.full(bound, input)?;
                x = self.graph.binary(f, x, bound);
            }
        }
        self.set(out, x)
    }

    fn power(&mut self, op: &BinaryOpIr) -> Outcome {
        let x = self.get_as(&op.lhs, &op.out)?;
        let y = self.get_as(&op.rhs, &op.out)?;
        if self.graph.ty(x) != Type::Float {
            return Err("the graph has no power of integers".into());
        }
        let y = self.graph.cast(y, Type::Float);
        let out = self.graph.binary(Binary::Pow, x, y);
        self.set(&op.out, out)
    }

    fn power_scalar(&mut self, op: &ScalarOpIr) -> Outcome {
        let x = self.get(&op.lhs)?;
        let power = self.power_of(x, op.rhs)?;
        self.set(&op.out, power)
    }

    /// Small whole exponents are products, which are exact where the elements are whole.
    fn power_of(&mut self, x: Id, exponent: ScalarIr) -> Outcome<Id> {
        let whole = float(exponent).fract() == 0.0 && float(exponent).abs() <= 4.0;
        let is_float = self.graph.ty(x) == Type::Float;
        if !whole || (!is_float && float(exponent) < 0.0) {
            if !is_float {
                return Err(format!("the graph has no power {} of integers", float(exponent)));
            }
            let (sizes, y) = (self.graph.shape(x).to_vec(), exponent);
            let y = self.splat(y, sizes, Type::Float);
            return Ok(self.graph.binary(Binary::Pow, x, y));
        }
        let square = |graph: &mut vi_graph::Graph, x: Id| {
            if is_float { graph.unary(Unary::Square, x) } else { graph.mul(x, x) }
        };
        let power = match int(exponent).unsigned_abs() {
            0 => {
                let (sizes, ty) = (self.graph.shape(x).to_vec(), self.graph.ty(x));
                self.splat(ScalarIr::Int(1), sizes, ty)
            }
            1 => x,
            2 => square(&mut self.graph, x),
            3 => {
                let squared = square(&mut self.graph, x);
                self.graph.mul(squared, x)
            }
            _ => {
                let squared = square(&mut self.graph, x);
                square(&mut self.graph, squared)
            }
        };
        Ok(if float(exponent) < 0.0 { self.graph.unary(Unary::Recip, power) } else { power })
    }

    fn scan(&mut self, f: Scan, input: &TensorIr, axis: usize, out: &TensorIr) -> Outcome {
        let x = self.get(input)?;
        let scanned = self.graph.scan(f, x, axis, false);
        self.set(out, scanned)
    }

    fn pad(&mut self, op: &PadOpIr) -> Outcome {
        let PadModeIr::Constant(value) = op.mode else { return unsupported(op) };
        let x = self.get(&op.input)?;
        let padded = self.padded(x, &op.padding, value);
        self.set(&op.out, padded)
    }

    /// `x` with `value` around it: `(before, after)` for each axis.
    pub(super) fn padded(&mut self, x: Id, padding: &[(usize, usize)], value: ScalarIr) -> Id {
        if padding.iter().all(|&sides| sides == (0, 0)) {
            return x;
        }
        let (inside, ty) = (self.graph.shape(x).to_vec(), self.graph.ty(x));
        let ranges: Vec<Range> = inside.iter().zip(padding).map(|(&len, &(start, _))| Range { start, step: 1, len }).collect();
        let sizes: Vec<usize> = inside.iter().zip(padding).map(|(&len, &(before, after))| before + len + after).collect();
        let padded = self.graph.unslice(x, &ranges, sizes.clone());
        if float(value) == 0.0 {
            return padded;
        }
        let ones = self.splat(ScalarIr::Bool(true), inside, Type::Bool);
        let inner = self.graph.unslice(ones, &ranges, sizes.clone());
        let around = self.splat(value, sizes, ty);
        self.graph.select(inner, padded, around)
    }
}
