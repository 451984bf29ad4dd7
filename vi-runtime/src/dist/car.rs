//! Conditional autoregression over the nodes of a graph.

use burn::tensor::{Float, Int, Tensor, TensorData};

use super::adjacency::Adjacency;
use super::density::{minus_infinity, spread};
use super::matrices::{
    EventParam, columns, constant, event, event_methods, finite, identity, merged, one_an_event, part, placement_of, repeated, scored,
    vectors,
};
use super::normal::HALF_LN_2PI;
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, Moments, ShapeConflict};
use crate::error::Result;
use crate::linalg;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};

/// Normal numbers at the nodes of a graph: given its neighbours, each deviates from `loc` by `correlation` times the mean
/// deviation of theirs, with precision `precision` times its degree; support: the real vectors.
///
/// `log p(x) = ½ (K ln τ + Σᵢ ln dᵢ + Σᵢ ln(1 − α λᵢ) − τ yᵀ(D − α W) y − K ln 2π)`, `y = x − loc`, `α` = correlation, `τ` =
/// precision, `W` the weights of the adjacency, `d` their sums and `λ` the eigenvalues of `D^−½ W D^−½`
///
/// Source: Besag (1974), "Spatial Interaction and the Statistical Analysis of Lattice Systems"; Jin, Carlin and Banerjee (2005),
/// "Generalized Hierarchical Multivariate CAR Models for Areal Data", for the determinant by the eigenvalues.
///
/// The density costs a term for each node and each pair of neighbours. A draw factorises the `K × K` precision. The
/// distribution is proper for `1/λ₁ < α < 1`, `λ₁` the smallest eigenvalue.
///
/// # Shapes
/// `loc` and the value: `[batch, K]`, `correlation` and `precision`: `[batch, 1]`; the last dimension of the value is the
/// event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `precision` or a `1 − α λᵢ` is not positive or a
/// parameter is not finite; [`Error::Shape`](crate::Error::Shape) where they do not fit.
#[derive(Clone, Debug)]
pub struct CAR<const D: usize> {
    loc: Operand<D>,
    correlation: Operand<D>,
    precision: Operand<D>,
    adjacency: Adjacency,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize> CAR<D> {
    /// With the means and the two strengths, numbers, tensors, references or arrays of `f64`, over the nodes of
    /// `adjacency`; a number as `loc` stands for every node.
    pub fn new<L, A, T>(loc: L, correlation: A, precision: T, adjacency: &Adjacency) -> Self
    where
        L: EventParam<D>,
        A: EventParam<D>,
        T: EventParam<D>,
    {
        Self::of(loc.operand(), correlation.operand(), precision.operand(), adjacency.clone())
    }

    fn of(loc: Operand<D>, correlation: Operand<D>, precision: Operand<D>, adjacency: Adjacency) -> Self {
        let (batch, conflict) = merged([
            event("adjacency", &[adjacency.nodes()]),
            part("loc", &loc),
            part("correlation", &correlation),
            part("precision", &precision),
        ]);
        let single = one_an_event("correlation", &correlation, 1).or(one_an_event("precision", &precision, 1));
        CAR { loc, correlation, precision, adjacency, batch, conflict: single.or(conflict) }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimension is K; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> CAR<E> {
        let mut expanded = CAR::of(self.loc.lift::<E>(), self.correlation.lift(), self.precision.lift(), self.adjacency);
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    /// `ln |τ (D − α W)|`
    fn log_det(&self) -> Operand<D> {
        let (eigenvalues, nodes) = (self.adjacency.eigenvalues(), self.adjacency.nodes());
        let shrunk = self.correlation.clone().map(
            |alpha| eigenvalues.iter().map(|lambda| (-alpha * lambda).ln_1p()).sum(),
            |alpha| {
                let mut dims = [1; D];
                dims[D - 1] = nodes;
                let eigenvalues = constant(eigenvalues.iter().map(|lambda| -lambda).collect(), dims, &placement_of(&alpha));
                crate::special::log1p(alpha * eigenvalues).sum_dim(D - 1)
            },
        );
        let degrees: f64 = self.adjacency.degrees().iter().map(|degree| degree.ln()).sum();
        shrunk + self.precision.clone().ln() * nodes as f64 + degrees
    }

    /// The factor of `D − α W`, `[rows, K, K]`: one where one correlation serves all.
    fn factor(&self, to: &Placement) -> Tensor<3> {
        let (dims, nodes) = (self.shape(), self.adjacency.nodes());
        let alpha = self.correlation.clone().tensor(to);
        let alpha = match alpha.dims().iter().all(|&size| size == 1) {
            true => alpha.reshape([1, 1, 1]),
            false => {
                let count = dims[..D - 1].iter().product();
                spread(alpha, scored(dims, 1)).reshape([count, 1, 1])
            }
        };
        let (mut weights, mut degrees) = (vec![0.0; nodes * nodes], vec![0.0; nodes * nodes]);
        for &(i, j, weight) in self.adjacency.pairs() {
            weights[i * nodes + j] = -weight;
            weights[j * nodes + i] = -weight;
        }
        for (i, &degree) in self.adjacency.degrees().iter().enumerate() {
            degrees[i * nodes + i] = degree;
        }
        let [weights, degrees] = [weights, degrees].map(|matrix| constant(matrix, [1, nodes, nodes], to));
        linalg::cholesky(alpha * weights + degrees)
    }
}

impl<const D: usize> Distribution<D> for CAR<D> {
    type Kind = Float;

    event_methods! { CAR, RealVector, 1, loc, correlation, precision }

    /// The quadratic form is `(1 − α) Σᵢ dᵢ yᵢ² + α Σ wᵢⱼ (yᵢ − yⱼ)²` over the pairs of neighbours: for `α ≥ 0` nothing cancels.
    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape())).unwrap_or(value.dims());
        let (value, outside) = finite(value, 1);
        let (to, pairs) = (placement_of(&value), self.adjacency.pairs());
        let difference = spread((Operand::Tensor(value) - self.loc.clone()).into_tensor(), dims);
        let ends = |end: fn(&(usize, usize, f64)) -> usize| {
            let index: Vec<i64> = pairs.iter().map(|pair| end(pair) as i64).collect();
            let index: Tensor<1, Int> = Tensor::from_data(TensorData::new(index, [pairs.len()]), &to.device);
            difference.clone().select(D - 1, index)
        };
        let apart = ends(|pair| pair.0) - ends(|pair| pair.1);
        let row = |values: Vec<f64>| {
            let mut dims = [1; D];
            dims[D - 1] = values.len();
            constant(values, dims, &to)
        };
        let weights = row(pairs.iter().map(|pair| pair.2).collect());
        let own = Operand::Tensor((difference.square() * row(self.adjacency.degrees().to_vec())).sum_dim(D - 1));
        let between = Operand::Tensor((apart.square() * weights).sum_dim(D - 1));
        let alpha = self.correlation.clone();
        let squares = (own * (1.0 - alpha.clone()) + between * alpha) * self.precision.clone();
        minus_infinity(((self.log_det() - squares) * 0.5 - dims[D - 1] as f64 * HALF_LN_2PI).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let dims = self.shape();
        let factor = self.factor(noise.placement());
        let standard = columns(noise.normal(dims)?, factor.dims()[0]);
        let draw = Operand::Tensor(vectors(linalg::solve_lower_transposed(factor, standard), dims));
        Ok((draw / self.precision.clone().sqrt() + self.loc.clone()).into_tensor())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("loc", self.loc.any(), Constraint::Real);
        visit("correlation", self.correlation.any(), Constraint::Real);
        let ends = [self.adjacency.eigenvalues().first(), self.adjacency.eigenvalues().last()];
        for lambda in ends.into_iter().flatten() {
            visit("1 - correlation * eigenvalue", (1.0 - self.correlation.clone() * *lambda).any(), Constraint::Positive);
        }
        visit("precision", self.precision.any(), Constraint::Positive);
    }
}

impl<const D: usize> Moments<D> for CAR<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// The diagonal of `(D − α W)⁻¹/τ`.
    fn variance(&self) -> Tensor<D> {
        let to = self.batch.placement();
        let root = linalg::solve_lower(self.factor(&to), identity(self.adjacency.nodes(), &to));
        let variance = Operand::Tensor(repeated(root.square().sum_dim(1), self.shape(), 1));
        (variance / self.precision.clone()).into_tensor()
    }
}

impl<const D: usize> Entropy<D> for CAR<D> {
    /// `½ (K ln 2πe − ln |τ (D − α W)|)`
    fn entropy(&self) -> Tensor<D> {
        let entropy = self.log_det() * -0.5 + self.adjacency.nodes() as f64 * (HALF_LN_2PI + 0.5);
        spread(entropy.tensor(&self.batch.placement()), scored(self.shape(), 1))
    }
}
