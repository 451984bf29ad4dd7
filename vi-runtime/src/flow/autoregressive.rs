//! Autoregressive flows.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use vi_graph::Key;

use super::network::{Masked, check};
use super::{Curve, Flow};
use crate::Arg;
use crate::error::Result;

/// Each element is mapped by a curve that the elements before it determine, by a masked network.
///
/// One direction costs a single pass of the network and the other one pass for each element. [`iaf`](Self::iaf) is fast where a
/// guide draws and scores its own draws (Kingma et al. 2016); [`maf`](Self::maf) where the density of given values is wanted
/// (Papamakarios et al. 2017).
#[derive(Module, Debug, Arg)]
pub struct Autoregressive {
    network: Masked,
    /// Whether the network reads the image, and `f⁻¹` is the fast direction.
    reads_image: bool,
    #[module(skip)]
    curve: Curve,
}

impl Autoregressive {
    /// `yᵢ = curve(xᵢ; x₁, …, xᵢ₋₁)` for vectors of `features` elements; a fresh one is the identity.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where a size is impossible.
    pub fn iaf(features: usize, hidden: &[usize], curve: Curve, device: &Device) -> Result<Self> {
        curve.check()?;
        check(hidden)?;
        let network = Masked::new(features, hidden, curve.parameters(), device);
        Ok(Autoregressive { network, reads_image: false, curve })
    }

    /// `xᵢ = curve(yᵢ; y₁, …, yᵢ₋₁)` for vectors of `features` elements; a fresh one is the identity.
    ///
    /// # Errors
    /// As for [`iaf`](Self::iaf).
    pub fn maf(features: usize, hidden: &[usize], curve: Curve, device: &Device) -> Result<Self> {
        Ok(Autoregressive { reads_image: true, ..Self::iaf(features, hidden, curve, device)? })
    }

    /// The same layer, fresh weights drawn from the key alone instead of Burn's generator.
    #[must_use]
    pub fn seeded(self, key: Key) -> Self {
        Autoregressive { network: self.network.seeded(key), ..self }
    }

    /// In the fast direction: the image of `x` and the logarithm of the determinant.
    fn at_once(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (y, log_slope) = self.curve.forward(x.clone(), self.network.forward(x));
        (y, log_slope.sum_dim(1))
    }

    /// What [`at_once`](Self::at_once) maps to `y`: each pass of the network settles one more element.
    fn one_by_one(&self, y: Tensor<2>) -> Tensor<2> {
        (0..self.network.features()).fold(y.clone().without_autodiff().zeros_like(), |x, _| {
            let parameters = self.network.forward(x);
            self.curve.inverse(y.clone(), parameters)
        })
    }
}

impl Flow for Autoregressive {
    fn push(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        if self.reads_image {
            let y = self.one_by_one(x.clone());
            let log_det = self.log_det(x, y.clone());
            (y, log_det)
        } else {
            self.at_once(x)
        }
    }

    fn pull(&self, y: Tensor<2>) -> Tensor<2> {
        if self.reads_image { self.at_once(y).0 } else { self.one_by_one(y) }
    }

    fn log_det(&self, x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
        if self.reads_image { self.at_once(y).1.neg() } else { self.at_once(x).1 }
    }
}
