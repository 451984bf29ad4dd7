//! Neural spline flows.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::flowing::{Warp, alternating, draw, hidden, layered, scaled};
use super::joint::{AutoJoint, Family, Frame};
use crate::bijector::Bijector;
use crate::error::{Error, Result};
use crate::flow::{Coupling, Curve};
use crate::program::Ctx;
use crate::program::arg::Fingerprint;

/// Coupling layers with rational-quadratic splines: the family of [`AutoNeuralSpline`].
#[derive(Clone, Debug)]
pub struct SplineCoupling {
    layers: usize,
    hidden: Option<Rc<[usize]>>,
    bins: usize,
    bound: f64,
}

/// A neural spline flow of all latent sites (Durkan et al. 2019): one half of the elements determines splines that bend the
/// others, in turns. It needs two unconstrained elements.
///
/// The defaults: 4 layers, splines of 8 pieces on (−4, 4), and networks of two hidden layers of `max(n, 16)` units. Where tails are
/// long the interval is to be wider: beyond it a spline only shifts and stretches.
///
/// Parameters: `auto.flow.…`, `auto.loc` and `auto.scale`, each `[n]`. A fresh one is an
/// [`AutoDiagonalNormal`](super::AutoDiagonalNormal).
pub type AutoNeuralSpline = AutoJoint<SplineCoupling>;

impl AutoNeuralSpline {
    layered!();

    /// The number of pieces of each spline, and half the width of the interval that it bends, in standard deviations.
    #[must_use]
    pub fn spline(mut self, bins: usize, bound: f64) -> Self {
        self.family.bins = bins;
        self.family.bound = bound;
        self
    }
}

impl Default for SplineCoupling {
    fn default() -> Self {
        SplineCoupling { layers: 4, hidden: None, bins: 8, bound: 4.0 }
    }
}

impl Family for SplineCoupling {
    const NAME: &'static str = "AutoNeuralSpline";

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        draw(self, ctx, frame)
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.layers as u64);
        self.hidden.iter().for_each(|hidden| hidden.iter().for_each(|size| key.write_u64(*size as u64)));
        key.write_u64(self.bins as u64);
        key.write_u64(self.bound.to_bits());
    }
}

impl Warp for SplineCoupling {
    fn bijector(&self, ctx: &Ctx, frame: &Frame) -> Result<Rc<dyn Bijector<1>>> {
        let n = frame.dim();
        if n < 2 {
            let problem = format!("{n} unconstrained element has no two halves that could bend each other; use `AutoIAF` or `AutoNormal`");
            return Err(Error::Config { setting: Self::NAME.into(), problem });
        }
        let sizes = hidden(self.hidden.as_deref(), n);
        scaled(ctx, frame, |device| {
            alternating(n, self.layers, |i| {
                Ok(Coupling::new(n, &sizes, Curve::Spline { bins: self.bins, bound: self.bound }, device)?
                    .seeded(frame.key().site("flow").fold_in(i)))
            })
        })
    }
}
