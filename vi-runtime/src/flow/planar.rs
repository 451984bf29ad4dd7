//! Planar flows.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{DType, Device, Tensor};

use super::Flow;
use crate::Arg;
use crate::dist::softplus;
use crate::special::log1p;

/// `y = x + û tanh(w·x + b)`: space stretched along one direction (Rezende and Mohamed 2015).
///
/// It is invertible where `w·û > −1`. The component of `û` along `w` is therefore not that of the parameter `u`, which is `a`, but
/// `m(a) = ln(1 + c eᵃ) − 1 + ε`, with `ε = 0.001` the least determinant and `c` such that `m(0) = 0` (the map of the paper starts
/// at `ln 2 − 1`, and comes as close to −1 as rounding allows).
///
/// The inverse is found by bisection along `w`.
#[derive(Module, Debug, Arg)]
pub struct Planar {
    w: Param<Tensor<1>>,
    u: Param<Tensor<1>>,
    b: Param<Tensor<1>>,
}

/// The least determinant.
const LEAST: f64 = 1e-3;

impl Planar {
    /// For vectors of `features` elements; a fresh one is the identity.
    pub fn new(features: usize, device: &Device) -> Self {
        let reach = (features.max(1) as f64).sqrt().recip();
        Planar {
            w: Initializer::Normal { mean: 0.0, std: reach }.init([features], device),
            u: Initializer::Zeros.init([features], device),
            b: Initializer::Zeros.init([1], device),
        }
    }

    /// `w` and `û` as rows, and `m = w·û`, `[1, 1]`.
    fn directions(&self) -> [Tensor<2>; 3] {
        let (w, u): (Tensor<2>, Tensor<2>) = (self.w.val().unsqueeze(), self.u.val().unsqueeze());
        let along = (w.clone() * u.clone()).sum_dim(1);
        let at_zero = ((1.0 - LEAST).exp() - 1.0).ln();
        let m = softplus(along.clone().add_scalar(at_zero)).sub_scalar(1.0 - LEAST);
        let square = w.clone().square().sum_dim(1).add_scalar(f64::from(f32::MIN_POSITIVE));
        let u = u + (m.clone() - along) * w.clone() / square;
        [w, u, m]
    }

    fn shift(&self) -> Tensor<2> {
        self.b.val().unsqueeze()
    }
}

impl Flow for Planar {
    /// `det = 1 + (1 − tanh²) w·û`
    fn push(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let [w, u, m] = self.directions();
        let bend = ((x.clone() * w).sum_dim(1) + self.shift()).tanh();
        let log_det = log1p((bend.clone().square().neg().add_scalar(1.0)) * m);
        (x + bend * u, log_det)
    }

    /// The coordinate `a = w·x` solves `a + m tanh(a + b) = w·y`, increasing in `a`. Halving an interval cannot fail where Newton's
    /// method would; one step of Newton's at the end carries the derivative.
    fn pull(&self, y: Tensor<2>) -> Tensor<2> {
        let [w, u, m] = self.directions();
        let target = (y.clone() * w).sum_dim(1);
        let bend = |a: &Tensor<2>| (a.clone() + self.shift()).tanh();
        let image = |a: &Tensor<2>| a.clone() + m.clone() * bend(a);
        let (mut low, mut high) = (target.clone() - m.clone().abs(), target.clone() + m.clone().abs());
        let halvings = if y.dtype() == DType::F64 { 52 } else { 24 };
        for _ in 0..halvings {
            let middle = (low.clone() + high.clone()).mul_scalar(0.5);
            let under = image(&middle).lower(target.clone());
            low = low.mask_where(under.clone(), middle.clone());
            high = middle.mask_where(under, high);
        }
        let a = (low + high).mul_scalar(0.5);
        let slope = (bend(&a).square().neg().add_scalar(1.0) * m.clone()).add_scalar(1.0);
        let a = a.clone() - (image(&a) - target) / slope;
        y - bend(&a) * u
    }
}
