//! Multivariate normal distributions.

use burn::tensor::Tensor;

use super::excess;
use crate::dist::density::spread;
use crate::dist::rows::align;
use crate::dist::{KlTo, MultivariateNormal};
use crate::linalg::{diagonal, solve_lower};
use crate::operand::{Operand, Placement};

impl<const D: usize> KlTo<D, MultivariateNormal<D>> for MultivariateNormal<D> {
    /// `½ (‖L'⁻¹ L‖² + ‖L'⁻¹ (loc − loc')‖² − K) + Σₖ ln(L'ₖₖ/Lₖₖ)`
    fn kl_to(&self, q: &MultivariateNormal<D>) -> Tensor<D> {
        let batch = self.batch.join(&q.batch);
        let dims = batch.dims();
        let (size, rows) = (dims[D - 1], dims[..D - 1].iter().product());
        let apart = (batch.fill(self.loc.clone()) - batch.fill(q.loc.clone())).reshape([rows, size, 1]);
        let to = Placement { device: apart.device().inner(), dtype: apart.dtype().into() };
        let factors = |of: &MultivariateNormal<D>| {
            let factors: Operand<3> = of.factors.clone();
            spread(align(factors.tensor(&to), &of.own[..D - 1], &dims[..D - 1]), [rows, size, size]).tril(0)
        };
        let (l, l2) = (factors(self), factors(q));
        // The diagonal of L'⁻¹ L is the ratio of the diagonals; what a scale adds is 0 in second order around 1.
        let (d, d2) = (diagonal(l.clone()), diagonal(l2.clone()));
        let beyond = (d - d2.clone()) / d2;
        let scales = excess(beyond.clone() * (beyond + 2.0)).sum_dim(1);
        let turned = solve_lower(l2.clone(), l).tril(-1).square().sum_dim(2).sum_dim(1).reshape([rows, 1]);
        let moved = solve_lower(l2, apart).square().sum_dim(1).reshape([rows, 1]);
        let mut out = dims;
        out[D - 1] = 1;
        ((scales + turned + moved) * 0.5).reshape(out)
    }
}
