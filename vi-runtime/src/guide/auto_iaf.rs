//! Inverse autoregressive flows.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::flowing::{Warp, alternating, draw, hidden, layered, scaled};
use super::joint::{AutoJoint, Family, Frame};
use crate::bijector::Bijector;
use crate::error::Result;
use crate::flow::{Autoregressive, Curve};
use crate::program::Ctx;
use crate::program::arg::Fingerprint;

/// Inverse autoregressive layers: the family of [`AutoIAF`].
#[derive(Clone, Debug)]
pub struct InverseAutoregressive {
    layers: usize,
    hidden: Option<Rc<[usize]>>,
}

/// An inverse autoregressive flow of all latent sites (Kingma et al. 2016): each element is shifted and stretched by what those
/// before it say.
///
/// The defaults: 3 layers, each with two hidden layers of `max(n, 16)` units.
///
/// Parameters: `auto.flow.…`, `auto.loc` and `auto.scale`, each `[n]`. A fresh one is an
/// [`AutoDiagonalNormal`](super::AutoDiagonalNormal).
pub type AutoIAF = AutoJoint<InverseAutoregressive>;

impl AutoIAF {
    layered!();
}

impl Default for InverseAutoregressive {
    fn default() -> Self {
        InverseAutoregressive { layers: 3, hidden: None }
    }
}

impl Family for InverseAutoregressive {
    const NAME: &'static str = "AutoIAF";

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        draw(self, ctx, frame)
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.layers as u64);
        self.hidden.iter().for_each(|hidden| hidden.iter().for_each(|size| key.write_u64(*size as u64)));
    }
}

impl Warp for InverseAutoregressive {
    fn bijector(&self, ctx: &Ctx, frame: &Frame) -> Result<Rc<dyn Bijector<1>>> {
        let n = frame.dim();
        let sizes = hidden(self.hidden.as_deref(), n);
        scaled(ctx, frame, |device| {
            alternating(n, self.layers, |i| {
                Ok(Autoregressive::iaf(n, &sizes, Curve::Affine, device)?.seeded(frame.key().site("flow").fold_in(i)))
            })
        })
    }
}
