//! Autoregressive series.

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, spread};
use super::kalman::Model;
use super::matrices::{
    EventParam, columns, constant, event, event_methods, finite, merged, one_an_event, part, placement_of, scored, vectors,
};
use super::normal::HALF_LN_2PI;
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, Moments, Params, ShapeConflict};
use crate::error::Result;
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
/// Source: Brockwell and Davis (1991), Time Series: Theory and Methods, section 5.2 for the recursion and chapter 8 for the
/// likelihood.
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
    ///
    /// Near a unit root the first partial autocorrelation is nearly ±1, and rounded. So `1 − κ` and `1 + κ` of order 1 come from
    /// `A(±1)`, `A(z) = 1 − Σ φⱼ zʲ`, which each step divides by `1 − κ (±1)ᵏ`.
    fn predictors(&self, to: &Placement) -> Predictors<D> {
        let mut all = Vec::new();
        let mut current = self.each_coefficient(to);
        let at = |z: f64| {
            let ones = current.first()?.ones_like();
            Some(current.iter().zip(1..).fold(ones, |sum, (coefficient, power)| sum - coefficient.clone() * z.powi(power)))
        };
        let (mut at_one, mut at_minus_one) = (at(1.0), at(-1.0));
        while let Some(last) = current.last().cloned() {
            let [less, more] = [last.clone().neg() + 1.0, last.clone() + 1.0];
            let left = match (&at_one, &at_minus_one) {
                (Some(less), Some(more)) if current.len() == 1 => less.clone() * more.clone(),
                _ => less.clone() * more.clone(),
            };
            let even = current.len().is_multiple_of(2);
            at_one = at_one.map(|at| at / less.clone());
            at_minus_one = at_minus_one.map(|at| at / if even { less } else { more });
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

    /// `Πⱼ (1 − κⱼ²)` over the orders above each `t < p`: the variance of the innovation is `scale²` over it.
    fn shrinkages(predictors: &Predictors<D>) -> Vec<Tensor<D>> {
        let mut products: Vec<Tensor<D>> = Vec::new();
        for (_, left) in predictors.0.iter().rev() {
            let product = products.last().map_or(left.clone(), |product| product.clone() * left.clone());
            products.push(product);
        }
        products.reverse();
        products
    }

    /// The first `len ≤ p` numbers of a stationary series less `loc`, from their innovations, `[batch, len]`.
    fn head(&self, predictors: &Predictors<D>, innovations: &Tensor<D>, len: usize) -> Vec<Tensor<D>> {
        let mut head: Vec<Tensor<D>> = Vec::with_capacity(len);
        for (t, shrinkage) in Self::shrinkages(predictors).into_iter().enumerate().take(len) {
            let mut next = innovations.clone().narrow(D - 1, t, 1) / shrinkage.sqrt();
            if t > 0 {
                for (j, coefficient) in predictors.0[t - 1].0.iter().enumerate() {
                    next = next + head[t - j - 1].clone() * coefficient.clone();
                }
            }
            head.push(next);
        }
        head
    }

    /// The numbers that follow `head`, `[batch, p]`, with these innovations, `[batch, m]`: a state space whose state is the
    /// last `p` numbers, run in blocks.
    fn follow(&self, head: Tensor<D>, innovations: Tensor<D>, to: &Placement) -> Tensor<D> {
        let (order, mut dims) = (self.order(), self.shape());
        let count: usize = dims[..D - 1].iter().product();
        let moves = innovations.dims()[D - 1];
        if moves == 0 {
            return innovations;
        }
        let coefficients = self.coefficients.clone().tensor(to);
        let coefficients = match coefficients.dims()[..D - 1].iter().all(|&size| size == 1) {
            true => coefficients.reshape([1, 1, order]),
            false => {
                dims[D - 1] = order;
                spread(coefficients, dims).reshape([count, 1, order])
            }
        };
        let rows = coefficients.dims()[0];
        let known = |values: Vec<f64>, size: [usize; 2]| spread(constant::<3>(values, [1, size[0], size[1]], to), [rows, size[0], size[1]]);
        let shift = (0..(order - 1) * order).map(|i| f64::from(i / order == i % order)).collect();
        let transition = if order > 1 { Tensor::cat(vec![coefficients, known(shift, [order - 1, order])], 1) } else { coefficients };
        let latest: Vec<f64> = (0..order).map(|i| f64::from(i == 0)).collect();
        let model = Model { transition, process: known(latest.clone(), [order, 1]), observation: known(latest, [1, order]) };
        let len = model.block_len(moves + 1);
        let blocks = (moves + 1).div_ceil(len);
        dims[D - 1] = blocks * len - moves;
        let nothing = constant(vec![0.0; dims.iter().product()], dims, to);
        let innovations = columns(Tensor::cat(vec![innovations, nothing], D - 1), rows);
        let innovations: Vec<Tensor<3>> = (0..blocks).map(|block| innovations.clone().narrow(1, block * len, len)).collect();
        dims[D - 1] = order;
        // The first number that the state shows is the last of the head.
        let first = columns(spread(head, dims).flip([D - 1]), rows);
        dims[D - 1] = moves;
        vectors(model.block(len).run(first, &innovations).narrow(1, 1, moves), dims)
    }

    /// `Σₜ ln(vₜ/scale²)`, `[batch, 1]`.
    fn log_spread(&self, predictors: &Predictors<D>) -> Option<Tensor<D>> {
        let logs = predictors.0.iter().enumerate().map(|(k, (_, left))| left.clone().log() * -((k + 1).min(self.num_steps) as f64));
        logs.reduce(|a, b| a + b)
    }
}

impl<const D: usize> Distribution<D> for AR<D> {
    type Kind = Float;

    event_methods! { AR, RealVector, 1, coefficients, loc, scale, initial }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape())).unwrap_or(value.dims());
        let (value, outside) = finite(value, 1);
        let (to, steps, order) = (placement_of(&value), self.num_steps, self.order());
        let series = spread((Operand::Tensor(value) - self.loc.clone()).into_tensor(), dims);
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
            let log_prob = -(Operand::Tensor(innovations(series, steps)) / variance) - constant;
            return minus_infinity(log_prob.into_tensor(), outside);
        }
        let predictors = self.predictors(&to);
        let mut squares = Vec::new();
        for (t, shrinkage) in Self::shrinkages(&predictors).into_iter().enumerate().take(steps) {
            let mut innovation = series.clone().narrow(D - 1, t, 1);
            if t > 0 {
                for (j, coefficient) in predictors.0[t - 1].0.iter().enumerate() {
                    innovation = innovation - series.clone().narrow(D - 1, t - j - 1, 1) * coefficient.clone();
                }
            }
            squares.push(innovation.square() * shrinkage);
        }
        if steps > order {
            squares.push(innovations(series, steps - order));
        }
        let total = squares.into_iter().reduce(|a, b| a + b);
        let log_prob = match total {
            Some(total) => -(Operand::Tensor(total) / variance) - constant,
            None => -constant,
        };
        let log_prob = match self.log_spread(&predictors) {
            Some(logs) => log_prob - Operand::Tensor(logs) * 0.5,
            None => log_prob,
        };
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let (to, steps, order) = (noise.placement().clone(), self.num_steps, self.order());
        let innovations = (Operand::Tensor(noise.normal(self.shape())?) * self.scale.clone()).into_tensor();
        let series = match &self.initial {
            Some(initial) => self.follow(self.before(initial, &to), innovations, &to),
            None => {
                let mut parts = self.head(&self.predictors(&to), &innovations, order.min(steps));
                if steps > order {
                    let head = Tensor::cat(parts.clone(), D - 1);
                    parts.push(self.follow(head, innovations.narrow(D - 1, order, steps - order), &to));
                }
                Tensor::cat(parts, D - 1)
            }
        };
        Ok((Operand::Tensor(series) + self.loc.clone()).into_tensor())
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
            Some(initial) => self.follow(self.before(initial, &to), loc.zeros_like(), &to) + loc,
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
        // The responses to one innovation, as those of the numbers after 0, …, 0, 1.
        let mut dims = [1; D];
        dims[D - 1] = self.order();
        let impulse = constant((1..=self.order()).map(|i| f64::from(i == self.order())).collect(), dims, &to);
        let first = self.batch.fill(Operand::Number(1.0)).narrow(D - 1, 0, 1);
        let later = self.follow(impulse, self.batch.fill(Operand::Number(0.0)), &to);
        let responses = Tensor::cat(vec![first, later], D - 1).narrow(D - 1, 0, self.num_steps);
        (Operand::Tensor(responses.square().cumsum(D - 1)) * squares).into_tensor()
    }
}

impl<const D: usize> Entropy<D> for AR<D> {
    /// `½ Σₜ ln 2πe vₜ`
    fn entropy(&self) -> Tensor<D> {
        let to = self.batch.placement();
        let mut entropy = (self.scale.clone().ln() + (HALF_LN_2PI + 0.5)) * self.num_steps as f64;
        if self.initial.is_none()
            && let Some(logs) = self.log_spread(&self.predictors(&to))
        {
            entropy = entropy + Operand::Tensor(logs) * 0.5;
        }
        spread(entropy.tensor(&to), scored(self.shape(), 1))
    }
}
