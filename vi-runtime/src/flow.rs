//! Normalising flows: bijectors of vectors whose parameters are learnt.
//!
//! Each is a Burn module, so that `module!` registers its parameters, and a bijector over the last dimension, so that
//! `Normal::new(0.0, 1.0).expand([n]).independent(1).transformed(Rc::new(flow))` is a distribution. A fresh flow is the identity, or
//! nearly: a guide starts at its base.
//!
//! | flow | `f`, with its Jacobian | `f⁻¹` |
//! |---|---|---|
//! | [`Coupling`] | one pass of the network | one pass |
//! | [`Autoregressive::iaf`] | one pass | a pass for each element |
//! | [`Autoregressive::maf`] | a pass for each element | one pass |
//! | [`Planar`] | a formula | bisection along one direction |
//! | [`BlockAutoregressive`] | one pass | bisection for each element |
//!
//! A guide draws and scores its draws by `f` alone; `f⁻¹` is needed for the density of given values.
//!
//! ```
//! # use std::rc::Rc;
//! # use vi_runtime::prelude::*;
//! use vi_runtime::flow::{Chain, Coupling, Curve};
//!
//! #[model]
//! fn pair() {
//!     let x = sample!("x", Normal::new([0.0, 0.0], 1.0));
//!     factor!("bend", (x.clone().narrow(0, 1, 1) - x.narrow(0, 0, 1).square()).square() * -2.0);
//! }
//!
//! #[guide(model = pair)]
//! fn flowing(flow: Chain<Coupling>) {
//!     let flow = module!("flow", flow);
//!     sample!("x", Normal::new([0.0, 0.0], 1.0).independent(1).transformed(Rc::new(flow)));
//! }
//!
//! # fn main() -> Result<()> {
//! let layer = || Coupling::new(2, &[8], Curve::Affine, &Device::default());
//! let flow = Chain::alternating(2, vec![layer()?, layer()?]);
//! let fit = Svi::new(&pair(), flowing(flow)).steps(20).run()?;
//! # assert_eq!(fit.history().len(), 20);
//! # Ok(())
//! # }
//! ```

mod autoregressive;
mod block_autoregressive;
mod chain;
mod coupling;
mod curve;
mod network;
mod planar;
mod spline;

use std::fmt::Debug;

use burn::tensor::Tensor;

pub use autoregressive::Autoregressive;
pub use block_autoregressive::BlockAutoregressive;
pub use chain::Chain;
pub use coupling::Coupling;
pub use curve::Curve;
pub use planar::Planar;

use crate::bijector::Bijector;
use crate::support::Support;

/// A bijector of rows: what a flow implements to be a [`Bijector`] of any rank over the last dimension.
pub trait Flow: Debug {
    /// `y = f(x)` and `ln |det ∂y/∂x|` of each row.
    ///
    /// # Shapes
    /// `x`, `y`: `[rows, n]`, the determinant `[rows, 1]`.
    fn push(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>);

    /// `f⁻¹(y)` of each row.
    fn pull(&self, y: Tensor<2>) -> Tensor<2>;

    /// `ln |det ∂y/∂x|` of each row where both sides are known.
    fn log_det(&self, x: Tensor<2>, _y: Tensor<2>) -> Tensor<2> {
        self.push(x).1
    }
}

/// `[.., n]` as `[rows, n]`.
fn rows<const D: usize>(x: Tensor<D>) -> Tensor<2> {
    let dims = x.dims();
    x.reshape([dims[..D - 1].iter().product(), dims[D - 1]])
}

/// `[rows, m]` with the batch dimensions of `dims`.
fn shaped<const D: usize>(x: Tensor<2>, mut dims: [usize; D]) -> Tensor<D> {
    dims[D - 1] = x.dims()[1];
    x.reshape(dims)
}

impl<const D: usize, F: Flow> Bijector<D> for F {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let dims = x.dims();
        shaped(self.push(rows(x)).0, dims)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let dims = y.dims();
        shaped(self.pull(rows(y)), dims)
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D> {
        shaped(self.log_det(rows(x.clone()), rows(y.clone())), x.dims())
    }

    fn forward_and_jacobian(&self, x: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let dims = x.dims();
        let (y, log_det) = self.push(rows(x));
        (shaped(y, dims), shaped(log_det, dims))
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn domain(&self) -> Support {
        Support::RealVector
    }

    fn codomain(&self) -> Support {
        Support::RealVector
    }
}
