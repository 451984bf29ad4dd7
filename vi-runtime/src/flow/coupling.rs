//! Coupling layers.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use vi_graph::Key;

use super::network::{Dense, check};
use super::{Curve, Flow};
use crate::Arg;
use crate::error::{Error, Result};

/// The first half of the elements stays, and determines by a network the curves that map the others (Dinh et al. 2017).
///
/// Both directions cost one pass of the network. [`Chain::alternating`](super::Chain::alternating) lets the halves take turns.
#[derive(Module, Debug, Arg)]
pub struct Coupling {
    network: Dense,
    features: usize,
    #[module(skip)]
    curve: Curve,
}

impl Coupling {
    /// For vectors of `features` elements, with hidden layers of the given sizes; a fresh one is the identity.
    ///
    /// # Errors
    /// [`Error::Config`] where `features` is less than 2, because there is nothing to condition on, or a size is impossible.
    pub fn new(features: usize, hidden: &[usize], curve: Curve, device: &Device) -> Result<Self> {
        if features < 2 {
            let problem = format!("{features} element(s) have no two halves");
            return Err(Error::Config { setting: "features of a coupling layer".to_owned(), problem });
        }
        curve.check()?;
        check(hidden)?;
        let kept = features / 2;
        let network = Dense::new(kept, hidden, (features - kept) * curve.parameters(), device);
        Ok(Coupling { network, features, curve })
    }

    /// The same layer, fresh weights drawn from the key alone instead of Burn's generator.
    #[must_use]
    pub fn seeded(self, key: Key) -> Self {
        Coupling { network: self.network.seeded(key), ..self }
    }

    /// The elements that stay, the others, and the parameters of the curves.
    fn split(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>, Tensor<3>) {
        let (kept, count) = (self.features / 2, self.features - self.features / 2);
        let (first, second) = (x.clone().narrow(1, 0, kept), x.narrow(1, kept, count));
        let parameters = self.network.forward(first.clone());
        let rows = first.dims()[0];
        (first, second, parameters.reshape([rows, count, self.curve.parameters()]))
    }
}

impl Flow for Coupling {
    fn push(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (first, second, parameters) = self.split(x);
        let (second, log_slope) = self.curve.forward(second, parameters);
        (Tensor::cat(vec![first, second], 1), log_slope.sum_dim(1))
    }

    fn pull(&self, y: Tensor<2>) -> Tensor<2> {
        let (first, second, parameters) = self.split(y);
        Tensor::cat(vec![first, self.curve.inverse(second, parameters)], 1)
    }
}
