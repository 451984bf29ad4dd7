//! The map that changes nothing.

use burn::tensor::Tensor;

use super::Bijector;
use crate::operand::Operand;
use crate::support::Support;

/// `y = x`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity {
    /// How many trailing dimensions count as one event.
    pub event_rank: usize,
}

impl<const D: usize> Bijector<D> for Identity {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        x
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let mut dims = x.dims();
        dims[D - self.event_rank..].fill(1);
        Tensor::zeros(dims, (&x.device().inner(), x.dtype()))
    }

    fn event_rank(&self) -> usize {
        self.event_rank
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn slope(&self) -> Option<Operand<D>> {
        Some(Operand::Number(1.0))
    }

    fn codomain(&self) -> Support {
        if self.event_rank == 0 { Support::Real } else { Support::RealVector }
    }

    fn image(&self, of: &Support) -> Support {
        *of
    }
}
