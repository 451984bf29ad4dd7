//! Autoregressive series.

use burn::tensor::{Float, Tensor};

use super::density::spread;
use super::matrices::{
    EventParam, columns, constant, event, event_methods, identity, merged, one_an_event, part, placement_of, repeated, scored, vectors,
};
use super::normal::HALF_LN_2PI;
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, Moments, Params, ShapeConflict};
use crate::error::Result;
use crate::linalg;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};

/// Series of `T` numbers, each a combination of the `p` before it plus normal noise of standard deviation `scale`; support:
/// the real vectors.
///
/// `xₜ − loc = Σⱼ φⱼ (xₜ₋ⱼ − loc) + scale εₜ`, `j` from 1 to `p`, `φ` = coefficients, `loc` = 0 unless [`loc`](Self::loc) sets it
///
/// `log p(x) = Σₜ log N(xₜ; mₜ, vₜ)`, where `mₜ` and `vₜ` are the mean and variance of `xₜ` given what is before it. The
/// series starts in its stationary distribution: the best predictors from fewer than `p` numbers and their variances
/// follow from the coefficients by the recursion of Levinson and Durbin, run backwards. With [`given`](Self::given) it
/// follows `p` known numbers instead, and need not be stationary.
///
/// # Shapes
/// `coefficients`: `[batch, p]`, `loc` and `scale`: `[batch, 1]`, the value: `[batch, T]`; the last dimension of the value is
/// the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive, a parameter is not finite, or
/// the series starts stationary and has no stationary distribution; [`Error::Shape`](crate::Error::Shape) where they do not fit.
#[derive(Clone, Debug)]
pub struct AR<const D: usize> {
    num_steps: usize,
    coefficients: Operand<D>,
    loc: Operand<D>,
    scale: Operand<D>,
    initial: Option<Operand<D>>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

/// Predictors of each order up to `p`: element `k − 1` holds the coefficients of the best predictor from `k` numbers, each
/// `[batch, 1]`, and 1 less the square of its last one (the partial autocorrelation).
struct Predictors<const D: usize>(Vec<(Vec<Tensor<D>>, Tensor<D>)>);

impl<const D: usize> AR<D> {
    /// Series of `num_steps` numbers; coefficients and scale are tensors, references, numbers or arrays of `f64`. A number as
    /// `coefficients` makes order 1.
    pub fn new<C, S>(num_steps: usize, coefficients: C, scale: S) -> Self
    where
        (C, S): Params<D, 2>,
    {
        let [coefficients, scale] = Params::operands((coefficients, scale));
        AR { num_steps, coefficients, loc: Operand::Number(0.0), scale, initial: None, batch: Batch::of([]), conflict: None }.checked()
    }

    /// Around `loc` instead of 0.
    #[must_use]
    pub fn loc<L: EventParam<D>>(mut self, loc: L) -> Self {
        self.loc = loc.operand();
        self.checked()
    }

    /// After the `p` numbers `initial`, `[batch, p]`, the last of which is the latest; a number stands for all.
    #[must_use]
    pub fn given<I: EventParam<D>>(mut self, initial: I) -> Self {
        self.initial = Some(initial.operand());
        self.checked()
    }

    /// The same distribution over independent series that fill `shape`, whose last dimension is T; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> AR<E> {
        let mut expanded = AR {
            num_steps: self.num_steps,
            coefficients: self.coefficients.lift::<E>(),
            loc: self.loc.lift(),
            scale: self.scale.lift(),
            initial: self.initial.map(Operand::lift),
            batch: Batch::of([]),
            conflict: None,
        }
        .checked();
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    fn checked(mut self) -> Self {
        let order = self.order();
        let initial = self.initial.clone().unwrap_or(Operand::Number(0.0));
        let (batch, conflict) = merged([
            event("num_steps", &[self.num_steps]),
            part("coefficients", &self.coefficients).without_event(1),
            part("initial", &initial).without_event(1),
            part("loc", &self.loc),
            part("scale", &self.scale),
        ]);
        let known = initial.dims();
        let differs = known[D - 1] != 1 && known[D - 1] != order;
        let differs = differs
            .then(|| ShapeConflict { left: ("initial", known.to_vec()), right: ("coefficients", self.coefficients.dims().to_vec()) });
        self.batch = batch;
        self.conflict = one_an_event("scale", &self.scale, 1).or(one_an_event("loc", &self.loc, 1)).or(differs).or(conflict);
        self
    }

    fn order(&self) -> usize {
        self.coefficients.dims()[D - 1]
    }

    /// Each coefficient, `[batch, 1]`.
    fn each_coefficient(&self, to: &Placement) -> Vec<Tensor<D>> {
        let coefficients = self.coefficients.clone().tensor(to);
        (0..self.order()).map(|j| coefficients.clone().narrow(D - 1, j, 1)).collect()
    }

    /// Durbin's step backwards: the predictor of order `k − 1` from that of order `k`, whose last coefficient is `κ`, is
    /// `(φⱼ + κ φₖ₋ⱼ)/(1 − κ²)`.
    fn predictors(&self, to: &Placement) -> Predictors<D> {
        let mut all = Vec::new();
        let mut current = self.each_coefficient(to);
        while let Some(last) = current.last().cloned() {
            let left = (last.clone() + 1.0) * (last.clone().neg() + 1.0);
            let shorter: Vec<Tensor<D>> = (0..current.len() - 1)
                .map(|j| (current[j].clone() + last.clone() * current[current.len() - 2 - j].clone()) / left.clone())
                .collect();
            all.push((std::mem::replace(&mut current, shorter), left));
        }
        all.reverse();
        Predictors(all)
    }

    /// The known numbers less `loc`, `[batch, p]`.
    fn before(&self, initial: &Operand<D>, to: &Placement) -> Tensor<D> {
        let before = initial.clone().tensor(to) - self.loc.clone().tensor(to);
        let mut dims = before.dims();
        dims[D - 1] = self.order();
        spread(before, dims)
    }

    /// The lower triangular matrix that takes a series less `loc` to its innovations, `[rows, T, T]`: one where one row of
    /// coefficients serves all.
    fn whitening(&self, predictors: &Predictors<D>, to: &Placement) -> Tensor<3> {
        let (dims, steps, order) = (self.shape(), self.num_steps, self.order());
        let count: usize = dims[..D - 1].iter().product();
        let flat = |coefficient: Tensor<D>| match coefficient.dims().iter().all(|&size| size == 1) {
            true => coefficient.reshape([1, 1, 1]),
            false => spread(coefficient, scored(dims, 1)).reshape([count, 1, 1]),
        };
        let places = |of: &dyn Fn(usize, usize) -> bool| {
            constant::<3>((0..steps * steps).map(|i| f64::from(of(i / steps, i % steps))).collect(), [1, steps, steps], to)
        };
        let start = if self.initial.is_some() { 0 } else { order };
        let mut matrix = places(&|t, s| t == s);
        for (j, coefficient) in self.each_coefficient(to).into_iter().enumerate() {
            matrix = matrix - flat(coefficient) * places(&|t, s| t >= start && t == s + j + 1);
        }
        for t in 1..start.min(steps) {
            for (j, coefficient) in predictors.0[t - 1].0.iter().enumerate() {
                matrix = matrix - flat(coefficient.clone()) * places(&|row, s| row == t && t == s + j + 1);
            }
        }
        matrix
    }

    /// Standard deviations of the innovations over `scale`, `[batch, T]`: `Πₖ (1 − κₖ²)^−½` over the orders above `t`.
    fn spreads(&self, predictors: &Predictors<D>, to: &Placement) -> Tensor<D> {
        let mut dims = [1; D];
        dims[D - 1] = self.num_steps;
        if self.initial.is_some() {
            return constant(vec![1.0; self.num_steps], dims, to);
        }
        let mut logs = constant(vec![0.0; self.num_steps], dims, to);
        for (k, (_, left)) in predictors.0.iter().enumerate() {
            let early = constant((0..self.num_steps).map(|t| if t <= k { -0.5 } else { 0.0 }).collect(), dims, to);
            logs = logs + left.clone().log() * early;
        }
        logs.exp()
    }

    /// What the known numbers contribute to the first `p` steps, `[batch, T]`.
    fn contribution(&self, initial: &Operand<D>, to: &Placement) -> Tensor<D> {
        let (steps, order) = (self.num_steps, self.order());
        let before = self.before(initial, to);
        let mut own = before.dims();
        own[D - 1] = steps;
        let mut total = constant(vec![0.0; own.iter().product()], own, to);
        for (j, coefficient) in self.each_coefficient(to).into_iter().enumerate() {
            // Step t takes number t − j − 1, which is element p + t − j − 1 of those before.
            let taken = (j + 1).min(steps);
            let part = before.clone().narrow(D - 1, order - j - 1, taken) * coefficient;
            let mut dims = part.dims();
            dims[D - 1] = steps - taken;
            let padded = match steps > taken {
                true => Tensor::cat(vec![part, constant(vec![0.0; dims.iter().product()], dims, to)], D - 1),
                false => part,
            };
            total = total + padded;
        }
        total
    }

    /// `Σₜ ln(vₜ/scale²)`, `[batch, 1]`.
    fn log_spread(&self, predictors: &Predictors<D>) -> Option<Tensor<D>> {
        let logs = predictors.0.iter().enumerate().map(|(k, (_, left))| left.clone().log() * -((k + 1).min(self.num_steps) as f64));
        logs.reduce(|a, b| a + b)
    }

    /// `U⁻¹ b` for the whitening matrix `U` and vectors `b`.
    fn unwhitened(&self, matrix: Tensor<3>, right: Tensor<D>) -> Tensor<D> {
        let dims = right.dims();
        let right = columns(right, matrix.dims()[0]);
        vectors(linalg::solve_lower(matrix, right), dims)
    }
}

impl<const D: usize> Distribution<D> for AR<D> {
    type Kind = Float;

    event_methods! { AR, RealVector, 1, coefficients, loc, scale, initial }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape())).unwrap_or(value.dims());
        let (to, steps, order) = (placement_of(value), self.num_steps, self.order());
        let series = spread((Operand::Tensor(value.clone()) - self.loc.clone()).into_tensor(), dims);
        let coefficients = self.each_coefficient(&to);
        // The innovations of the steps that have p numbers before them.
        let innovations = |series: Tensor<D>, len: usize| {
            let mut innovation = series.clone().narrow(D - 1, order, len);
            for (j, coefficient) in coefficients.iter().enumerate() {
                innovation = innovation - series.clone().narrow(D - 1, order - j - 1, len) * coefficient.clone();
            }
            innovation.square().sum_dim(D - 1)
        };
        let constant = (self.scale.clone().ln() + HALF_LN_2PI) * steps as f64;
        let variance = self.scale.clone().square() * 2.0;
        if let Some(initial) = &self.initial {
            let mut known = dims;
            known[D - 1] = order;
            let series = Tensor::cat(vec![spread(self.before(initial, &to), known), series], D - 1);
            return (-(Operand::Tensor(innovations(series, steps)) / variance) - constant).into_tensor();
        }
        let predictors = self.predictors(&to);
        let mut squares = Vec::new();
        // The product of the 1 − κ² of the orders above t.
        let mut shrunk: Option<Tensor<D>> = None;
        for t in (0..order).rev() {
            let left = predictors.0[t].1.clone();
            let product = shrunk.map_or(left.clone(), |product| product * left);
            shrunk = Some(product.clone());
            if t < steps {
                let mut innovation = series.clone().narrow(D - 1, t, 1);
                if t > 0 {
                    for (j, coefficient) in predictors.0[t - 1].0.iter().enumerate() {
                        innovation = innovation - series.clone().narrow(D - 1, t - j - 1, 1) * coefficient.clone();
                    }
                }
                squares.push(innovation.square() * product);
            }
        }
        if steps > order {
            squares.push(innovations(series, steps - order));
        }
        let total = squares.into_iter().reduce(|a, b| a + b);
        let log_prob = match total {
            Some(total) => -(Operand::Tensor(total) / variance) - constant,
            None => -constant,
        };
        match self.log_spread(&predictors) {
            Some(logs) => (log_prob - Operand::Tensor(logs) * 0.5).into_tensor(),
            None => log_prob.into_tensor(),
        }
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let to = noise.placement().clone();
        let predictors = if self.initial.is_some() { Predictors(Vec::new()) } else { self.predictors(&to) };
        let spreads = Operand::Tensor(self.spreads(&predictors, &to)) * self.scale.clone();
        let mut right = Operand::Tensor(noise.normal(self.shape())?) * spreads;
        if let Some(initial) = &self.initial {
            right = right + Operand::Tensor(self.contribution(initial, &to));
        }
        let draw = self.unwhitened(self.whitening(&predictors, &to), right.into_tensor());
        Ok((Operand::Tensor(draw) + self.loc.clone()).into_tensor())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("coefficients", self.coefficients.any(), Constraint::Real);
        visit("loc", self.loc.any(), Constraint::Real);
        visit("scale", self.scale.any(), Constraint::Positive);
        match &self.initial {
            Some(initial) => visit("initial", initial.any(), Constraint::Real),
            None => {
                for (_, left) in self.predictors(&self.batch.placement()).0 {
                    visit("1 - squared partial autocorrelation", Operand::Tensor(left).any(), Constraint::Positive);
                }
            }
        }
    }
}

impl<const D: usize> Moments<D> for AR<D> {
    /// `loc` where the series starts stationary, else what the known numbers decay to.
    fn mean(&self) -> Tensor<D> {
        let to = self.batch.placement();
        let loc = self.batch.fill(self.loc.clone());
        match &self.initial {
            Some(initial) => {
                let right = spread(self.contribution(initial, &to), self.shape());
                self.unwhitened(self.whitening(&Predictors(Vec::new()), &to), right) + loc
            }
            None => loc,
        }
    }

    /// `scale²/Πₖ (1 − κₖ²)` where the series starts stationary, `κ` its partial autocorrelations; else growing from `scale²`.
    fn variance(&self) -> Tensor<D> {
        let to = self.batch.placement();
        let squares = self.scale.clone().square();
        if self.initial.is_none() {
            let product = self.predictors(&to).0.into_iter().map(|(_, left)| left).reduce(|a, b| a * b);
            return match product {
                Some(product) => self.batch.fill(squares / Operand::Tensor(product)),
                None => self.batch.fill(squares),
            };
        }
        let matrix = self.whitening(&Predictors(Vec::new()), &to);
        let responses = linalg::solve_lower(matrix, identity(self.num_steps, &to));
        let gains = repeated(responses.square().sum_dim(2), self.shape(), 1);
        (Operand::Tensor(gains) * squares).into_tensor()
    }
}

impl<const D: usize> Entropy<D> for AR<D> {
    /// `½ Σₜ ln 2πe vₜ`
    fn entropy(&self) -> Tensor<D> {
        let to = self.batch.placement();
        let mut entropy = (self.scale.clone().ln() + (HALF_LN_2PI + 0.5)) * self.num_steps as f64;
        if self.initial.is_none() {
            if let Some(logs) = self.log_spread(&self.predictors(&to)) {
                entropy = entropy + Operand::Tensor(logs) * 0.5;
            }
        }
        spread(entropy.tensor(&to), scored(self.shape(), 1))
    }
}
