//! Rational-quadratic splines.

use burn::tensor::Tensor;

use crate::dist::softplus;
use crate::special::logsumexp;

/// The least width and height of a piece, as parts of the whole, and the least slope at a knot.
const LEAST: f64 = 1e-3;

/// The number of pieces of which the least take half of the whole.
pub(super) const MOST_BINS: usize = 500;

/// Increasing splines on `(−bound, bound)`, one for each element, each piece the quotient of two parabolas that meets given
/// slopes at its ends (Gregory and Delbourgo 1982; Durkan et al. 2019, equations 4 to 8). Outside the identity, with slope 1 at
/// the ends.
pub(super) struct Spline {
    /// Left ends of the pieces, `[rows, n, bins]`; so are all of these.
    left: Tensor<3>,
    width: Tensor<3>,
    bottom: Tensor<3>,
    height: Tensor<3>,
    /// The slope at the left end of each piece.
    slope: Tensor<3>,
    /// The slope at the right end of each piece.
    next_slope: Tensor<3>,
    bound: f64,
}

/// The piece that an element lies in.
struct Piece {
    left: Tensor<2>,
    width: Tensor<2>,
    bottom: Tensor<2>,
    height: Tensor<2>,
    slope: Tensor<2>,
    next_slope: Tensor<2>,
}

impl Spline {
    /// From `[rows, n, 3 bins − 1]` real numbers: widths, heights, and the slopes at the knots between; zeros make the identity.
    pub(super) fn new(parameters: Tensor<3>, bins: usize, bound: f64) -> Self {
        let part = |first: usize| {
            let logits = parameters.clone().narrow(2, first, bins);
            let shares = (logits.clone() - logsumexp(logits, 2)).exp();
            shares.mul_scalar(1.0 - LEAST * bins as f64).add_scalar(LEAST).mul_scalar(2.0 * bound)
        };
        let (width, height) = (part(0), part(bins));
        let start = |size: &Tensor<3>| (size.clone().cumsum(2) - size.clone()).sub_scalar(bound);
        let [rows, n, _] = width.dims();
        let ends = Tensor::ones([rows, n, 1], (&width.device().inner(), width.dtype()));
        let (slope, next_slope) = if bins > 1 {
            let at_zero = ((1.0 - LEAST).exp() - 1.0).ln();
            let between = softplus(parameters.narrow(2, 2 * bins, bins - 1).add_scalar(at_zero)).add_scalar(LEAST);
            (Tensor::cat(vec![ends.clone(), between.clone()], 2), Tensor::cat(vec![between, ends], 2))
        } else {
            (ends.clone(), ends)
        };
        Spline { left: start(&width), width, bottom: start(&height), height, slope, next_slope, bound }
    }

    /// The piece of each element of `x`, where the pieces start at `starts`.
    fn piece(&self, x: &Tensor<2>, starts: &Tensor<3>) -> Piece {
        let [rows, n, bins] = starts.dims();
        let x: Tensor<3> = x.clone().unsqueeze_dim(2);
        // 1 for each piece that starts at or before x; the first starts before everything.
        let zeros = Tensor::<3>::zeros([rows, n, bins], (&starts.device().inner(), starts.dtype()));
        let reached = zeros.clone().mask_fill(x.expand([rows, n, bins]).greater_equal(starts.clone()), 1.0);
        let none = zeros.narrow(2, 0, 1);
        let first = none.clone().add_scalar(1.0);
        let chosen = if bins > 1 {
            let later = reached.narrow(2, 1, bins - 1);
            Tensor::cat(vec![first, later.clone()], 2) - Tensor::cat(vec![later, none], 2)
        } else {
            first
        };
        let pick = |of: &Tensor<3>| (of.clone() * chosen.clone()).sum_dim(2).squeeze_dim::<2>(2);
        Piece {
            left: pick(&self.left),
            width: pick(&self.width),
            bottom: pick(&self.bottom),
            height: pick(&self.height),
            slope: pick(&self.slope),
            next_slope: pick(&self.next_slope),
        }
    }

    /// With `ξ = (x − left)/width` and `s = height/width`: `y = bottom + height (s ξ² + d ξ(1−ξ))/(s + (d + d' − 2s) ξ(1−ξ))`, and the
    /// logarithm of its derivative.
    pub(super) fn forward(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let outside = x.clone().abs().greater_equal_elem(self.bound);
        let inner = x.clone().mask_fill(outside.clone(), 0.0);
        let Piece { left, width, bottom, height, slope, next_slope } = self.piece(&inner, &self.left);
        let mean = height.clone() / width.clone();
        let at = (inner - left) / width;
        let rest = at.clone().neg().add_scalar(1.0);
        let product = at.clone() * rest.clone();
        let curvature = slope.clone() + next_slope.clone() - mean.clone().mul_scalar(2.0);
        let denominator = mean.clone() + curvature * product.clone();
        let numerator = mean.clone() * at.clone().square() + slope.clone() * product.clone();
        let y = bottom + height * numerator / denominator.clone();
        let slopes = next_slope * at.square() + (mean.clone() * product).mul_scalar(2.0) + slope * rest.square();
        let log_slope = (mean.log() - denominator.log()).mul_scalar(2.0) + slopes.log();
        (y.mask_where(outside.clone(), x), log_slope.mask_fill(outside, 0.0))
    }

    /// The root of the quadratic equation for `ξ`, in the form that does not cancel.
    pub(super) fn inverse(&self, y: Tensor<2>) -> Tensor<2> {
        let outside = y.clone().abs().greater_equal_elem(self.bound);
        let inner = y.clone().mask_fill(outside.clone(), 0.0);
        let Piece { left, width, bottom, height, slope, next_slope } = self.piece(&inner, &self.bottom);
        let mean = height.clone() / width.clone();
        let above = inner - bottom;
        let bend = above.clone() * (slope.clone() + next_slope - mean.clone().mul_scalar(2.0));
        let a = height.clone() * (mean.clone() - slope.clone()) + bend.clone();
        let b = height * slope - bend;
        let c = (mean * above).neg();
        let root = (b.clone().square() - (a * c.clone()).mul_scalar(4.0)).clamp_min(0.0).sqrt();
        let at = c.mul_scalar(-2.0) / (b + root);
        (at * width + left).mask_where(outside, y)
    }
}
