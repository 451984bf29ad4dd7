//! Mixtures of multivariate normals whose draws carry gradients.

use std::f64::consts::TAU;

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Float, Int, Tensor, TensorData};

use crate::dist::{Constraint, Distribution, draw_gumbel, limits, spread};
use crate::error::Result;
use crate::linalg::{diagonal, solve_lower};
use crate::noise::Noise;
use crate::operand::{AnyOperand, Placement};
use crate::special::{detach, logsumexp, ndtr};
use crate::support::Support;

/// `Σₖ πₖ N(locₖ, Lₖ Lₖᵀ)` of vectors with `n` elements, `π = softmax(logits)`, each covariance given by `Lₖ⁻¹`.
///
/// A draw chooses a component and is one of that component's; its gradient is implicit (Figurnov, Mohamed and Mnih 2018): of the
/// distribution functions of each element given those before it,
/// `F_d(z; θ) = Σₖ rₖ(z₁ … z_{d−1}) Φ((Lₖ⁻¹ (z − locₖ))_d)` with the responsibilities `rₖ` of what came before, a draw keeps the values
/// where the parameters move, so `dz/dθ = −J⁻¹ ∂F/∂θ` with the lower triangular `J = ∂F/∂z`. It is unbiased, the weights
/// included, and needs one draw where a sum over the components needs one of each.
#[derive(Clone, Debug)]
pub(super) struct NormalMixture {
    /// `[K]`
    pub(super) logits: Tensor<1>,
    /// `[K, n]`
    pub(super) loc: Tensor<2>,
    /// `Lₖ⁻¹`, `[K, n, n]`, lower triangular
    pub(super) whiten: Tensor<3>,
}

impl NormalMixture {
    /// `Lₖ⁻¹ (z − locₖ)`, `[K, n]`.
    fn whitened(&self, z: &Tensor<1>) -> Tensor<2> {
        let [k, n] = self.loc.dims();
        let apart = z.clone().reshape([1, n]).expand([k, n]) - self.loc.clone();
        self.whiten.clone().matmul(apart.reshape([k, n, 1])).reshape([k, n])
    }

    /// `ln πₖ`, `[K, 1]`.
    fn log_weights(&self) -> Tensor<2> {
        let [k] = self.logits.dims();
        log_softmax(self.logits.clone(), 0).reshape([k, 1])
    }

    /// The log density of each whitened element in units of its own, less `½ ln 2π`.
    fn scores(&self, whitened: &Tensor<2>) -> Tensor<2> {
        diagonal(self.whiten.clone()).log() - whitened.clone().square().mul_scalar(0.5)
    }

    /// `[n, n]`: 1 where the column stands before the row.
    fn before(&self) -> Tensor<2> {
        let n = self.loc.dims()[1];
        let ones = (0..n * n).map(|i| f64::from(u8::from(i % n < i / n))).collect::<Vec<f64>>();
        Tensor::from_data(TensorData::new(ones, [n, n]), (&self.loc.device().inner(), self.loc.dtype()))
    }

    /// The weights of the components given the elements before each, `[K, n]`.
    fn responsibilities(&self, scores: Tensor<2>, before: &Tensor<2>) -> Tensor<2> {
        softmax(scores.matmul(before.clone().transpose()) + self.log_weights(), 0)
    }

    /// `F` at `z`, `[n]`, less 1 where `upper`: what is left of 1 has all its digits there.
    fn conditional_cdfs(&self, z: &Tensor<1>, before: &Tensor<2>, upper: &dyn Fn(&Tensor<2>) -> Tensor<2>) -> Tensor<1> {
        let n = z.dims()[0];
        let whitened = self.whitened(z);
        let tails = upper(&whitened);
        (self.responsibilities(self.scores(&whitened), before) * tails).sum_dim(0).reshape([n])
    }

    /// `∂F_d/∂z_e`, `[n, n]`, from responsibilities, whitened elements and the tails whose mean `F` is, all held constant.
    fn jacobian(&self, whitened: &Tensor<2>, responsibilities: &Tensor<2>, tails: &Tensor<2>, before: &Tensor<2>) -> Tensor<3> {
        let [k, n] = whitened.dims();
        let column = |x: &Tensor<2>| x.clone().reshape([k, n, 1]);
        // How the log density of what came before an element changes: −Σᵢ₍ᵢ<d₎ eᵢ ∂eᵢ/∂z_e.
        let earlier: Tensor<3> = before.clone().reshape([1, n, n]).expand([k, n, n]) * whitened.clone().reshape([k, 1, n]);
        let scores = earlier.matmul(self.whiten.clone()).neg();
        let weights = column(responsibilities);
        let mean = (scores.clone() * weights.clone()).sum_dim(0);
        let density = column(whitened).square().mul_scalar(-0.5).exp().mul_scalar(TAU.sqrt().recip());
        let (tiny, ..) = limits(whitened.dtype());
        let slopes = (scores - mean.expand([k, n, n])) * column(tails) + self.whiten.clone() * density;
        // A draw so far out that its density is 0 in this precision does not move.
        let floor = before.clone().zeros_like() + identity(before).mul_scalar(tiny);
        (slopes * weights).sum_dim(0) + floor.reshape([1, n, n])
    }
}

fn identity(like: &Tensor<2>) -> Tensor<2> {
    let n = like.dims()[0];
    let ones = (0..n * n).map(|i| f64::from(u8::from(i % n == i / n))).collect::<Vec<f64>>();
    Tensor::from_data(TensorData::new(ones, [n, n]), (&like.device(), like.dtype()))
}

impl Distribution<1> for NormalMixture {
    type Kind = Float;

    fn name(&self) -> String {
        "NormalMixture".to_owned()
    }

    fn shape(&self) -> [usize; 1] {
        [self.loc.dims()[1]]
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::RealVector
    }

    fn log_prob(&self, value: &Tensor<1>) -> Tensor<1> {
        let n = self.loc.dims()[1];
        let each = self.scores(&self.whitened(value)).sum_dim(1).sub_scalar(0.5 * n as f64 * TAU.ln());
        logsumexp(each + self.log_weights(), 0).reshape([1])
    }

    /// The draw is `z − J⁻¹ (F(z; θ) − F₀)`, where `z`, `J` and `F₀ = F(z; θ)` are held constant.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<1>> {
        let [k, n] = self.loc.dims();
        let fixed =
            NormalMixture { logits: detach(self.logits.clone()), loc: detach(self.loc.clone()), whiten: detach(self.whiten.clone()) };
        let chosen: Tensor<2, Int> = (draw_gumbel(noise, [k, 1])? + fixed.log_weights()).argmax(0);
        let normal: Tensor<3> = noise.normal([1, n, 1])?;
        let each = solve_lower(fixed.whiten.clone(), normal).reshape([k, n]) + fixed.loc.clone();
        let z = detach(each.gather(0, spread(chosen, [1, n])).reshape([n]));
        let before = self.before();
        let whitened = fixed.whitened(&z);
        let responsibilities = fixed.responsibilities(fixed.scores(&whitened), &before);
        // Φ(e), or Φ(e) − 1 = −Φ(−e) for an element in the upper half of its distribution.
        let lower = (responsibilities.clone() * ndtr(whitened.clone())).sum_dim(0);
        let high = spread(lower.greater_elem(0.5), [k, n]);
        let tails = |e: &Tensor<2>| ndtr(e.clone()).mask_where(high.clone(), ndtr(e.clone().neg()).neg());
        let jacobian = fixed.jacobian(&whitened, &responsibilities, &tails(&whitened), &before);
        let moved = self.conditional_cdfs(&z, &before, &tails);
        let change = moved.clone() - detach(moved);
        Ok(z - solve_lower(detach(jacobian), change.reshape([1, n, 1])).reshape([n]))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(self, _: &Placement) -> Self {
        self
    }

    fn grow(self, _: [usize; 1]) -> Self {
        self
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("logits", AnyOperand::Tensor((&self.logits).into()), Constraint::Logit);
        visit("loc", AnyOperand::Tensor((&self.loc).into()), Constraint::Real);
        visit("whiten", AnyOperand::Tensor((&self.whiten).into()), Constraint::LowerCholesky);
    }
}

/// A draw of one component of a mixture, whose log density is that of the mixture less that of the choice: with the choice it is the
/// mixture's.
#[derive(Clone, Debug)]
pub(super) struct Component {
    mixture: NormalMixture,
    chosen: Tensor<1, Int>,
}

impl Component {
    /// `chosen` is the number of the component, `[1]`.
    pub(super) fn new(mixture: NormalMixture, chosen: Tensor<1, Int>) -> Self {
        Component { mixture, chosen }
    }
}

impl Distribution<1> for Component {
    type Kind = Float;

    fn name(&self) -> String {
        "Component".to_owned()
    }

    fn shape(&self) -> [usize; 1] {
        self.mixture.shape()
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::RealVector
    }

    fn log_prob(&self, value: &Tensor<1>) -> Tensor<1> {
        let log_weights = log_softmax(self.mixture.logits.clone(), 0);
        self.mixture.log_prob(value) - log_weights.select(0, self.chosen.clone())
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<1>> {
        let [n] = self.shape();
        let normal: Tensor<3> = noise.normal([1, n, 1])?;
        let whiten = self.mixture.whiten.clone().select(0, self.chosen.clone());
        let loc = self.mixture.loc.clone().select(0, self.chosen.clone());
        Ok(solve_lower(whiten, normal).reshape([n]) + loc.reshape([n]))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(self, _: &Placement) -> Self {
        self
    }

    fn grow(self, _: [usize; 1]) -> Self {
        self
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.mixture.parameters(visit);
    }
}
