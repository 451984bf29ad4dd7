//! The divergence as a mean over draws.

use std::fmt;

use burn::tensor::{Bool, Tensor};
use vi_graph::Key;

use crate::any_tensor::AnyTensor;
use crate::dist::{Distribution, ScoredDraw};
use crate::error::Result;
use crate::noise::{HostNoise, Noise};
use crate::operand::{AnyOperand, Placement};

/// A divergence that was estimated, not computed.
#[derive(Clone, Debug)]
pub struct KlEstimate<const D: usize> {
    /// The mean of `log p(x) − log q(x)` over draws `x` of `p`, element by element of the batch.
    pub mean: Tensor<D>,
    /// Its standard error.
    pub standard_error: Tensor<D>,
    /// Over how many draws.
    pub draws: usize,
}

impl<const D: usize> fmt::Display for KlEstimate<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = |tensor: &Tensor<D>| AnyTensor::from(tensor).to_f64().map_err(|_| fmt::Error);
        let (means, errors) = (numbers(&self.mean)?, numbers(&self.standard_error)?);
        let each: Vec<String> = means.iter().zip(&errors).map(|(mean, error)| format!("{mean:.4} ± {error:.4}")).collect();
        write!(f, "{} (estimated from {} draws)", each.join(", "), self.draws)
    }
}

/// `KL(p ‖ q)` from independent draws of `p` (at least two), for pairs without [`KlTo`](super::super::KlTo).
///
/// The same seed gives the same draws. Infinite where a draw falls outside the support of `q`; that none did does not show
/// that the divergence is finite. No gradient: [`Elbo`](crate::Elbo) estimates those.
///
/// # Errors
/// Those of the noise source.
pub fn kl_estimate<const D: usize, P, Q>(p: &P, q: &Q, draws: usize, seed: u64) -> Result<KlEstimate<D>>
where
    P: Distribution<D>,
    Q: Distribution<D, Kind = P::Kind>,
{
    let to = placement(p).or_else(|| placement(q)).unwrap_or_default();
    let (p, q) = (p.clone().place(&to), q.clone().place(&to));
    let draws = draws.max(2);
    let mut source = HostNoise::new(Key::new(seed), to);
    let mut so_far: Option<(Tensor<D>, Tensor<D>, Tensor<D, Bool>)> = None;
    for count in 1..=draws {
        let ScoredDraw { value: x, log_prob, .. } = p.draw_scored(&mut Noise::new(&mut source))?;
        let log_p = log_prob.unwrap_or_else(|| p.log_prob(&x));
        let ratio = (log_p - q.log_prob(&x)).without_autodiff();
        let outside = ratio.clone().equal_elem(f64::INFINITY);
        let ratio = ratio.mask_fill(outside.clone(), 0.0);
        // Welford 1962: mean and sum of squares about it in one pass.
        so_far = Some(match so_far {
            None => (ratio.clone(), ratio.zeros_like(), outside),
            Some((mean, squares, any)) => {
                let step = ratio.clone() - mean.clone();
                let mean = mean + step.clone() * (1.0 / count as f64);
                (mean.clone(), squares + step * (ratio - mean), any.bool_or(outside))
            }
        });
    }
    let (mean, squares, outside) = so_far.unwrap_or_else(|| {
        let nothing = Tensor::full([1; D], f64::NAN, &crate::device::default());
        (nothing.clone(), nothing.clone(), nothing.is_inf())
    });
    let standard_error = (squares * (1.0 / (draws as f64 * (draws - 1) as f64))).sqrt();
    let [mean, standard_error] = [mean, standard_error].map(|x| x.mask_fill(outside.clone(), f64::INFINITY));
    Ok(KlEstimate { mean, standard_error, draws })
}

/// Where the parameters are, if any is a tensor.
fn placement<const D: usize>(of: &impl Distribution<D>) -> Option<Placement> {
    let mut found = None;
    of.parameters(&mut |_, parameter, _| {
        if let (AnyOperand::Tensor(tensor), None) = (parameter, &found) {
            found = Some(Placement { device: tensor.device(), dtype: tensor.dtype().into() });
        }
    });
    found
}
