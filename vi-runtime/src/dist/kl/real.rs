//! Location and scale on the real line, and what a normal distribution is compared with.

use burn::tensor::Tensor;

use super::excess;
use crate::dist::{Cauchy, KlTo, Normal};

/// `½ (r² − 1 − ln r²)`, `r = a/b`: the part of the scales in a divergence between normal distributions.
pub(super) fn of_scales<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let beyond = (a - b.clone()) / b;
    excess(beyond.clone() * (beyond + 2.0)) * 0.5
}

/// Parameters of two distributions as tensors of their common shape.
macro_rules! common {
    ($p:ident, $q:ident: $($operand:expr),+) => {{
        let joint = $p.batch.join(&$q.batch);
        ($(joint.fill($operand.clone()),)+)
    }};
}
pub(super) use common;

impl<const D: usize> KlTo<D, Normal<D>> for Normal<D> {
    /// `½ (r² + ((loc − loc')/scale')² − 1) − ln r`, `r = scale/scale'`
    fn kl_to(&self, q: &Normal<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        of_scales(s, s2.clone()) + ((m - m2) / s2).square() * 0.5
    }
}

impl<const D: usize> KlTo<D, Cauchy<D>> for Cauchy<D> {
    /// `ln(((s + s')² + (m − m')²)/(4 s s'))` (Chyzak and Nielsen 2019, arXiv:1905.10965)
    fn kl_to(&self, q: &Cauchy<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        let apart = (s.clone() - s2.clone()).square() + (m - m2).square();
        crate::special::log1p(apart / (s * s2 * 4.0))
    }
}
