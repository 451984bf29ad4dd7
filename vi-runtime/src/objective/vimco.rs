//! Variational inference for Monte Carlo objectives.

use burn::tensor::Tensor;

use super::importance::{check_samples, log_mean};
use super::{Estimate, Needs, Objective, Particles};
use crate::error::Result;
use crate::special::{detach, logsumexp};

/// The importance-weighted bound for sites without a pathwise gradient: the score of draw `k` is weighted by the bound less the
/// bound without that draw, whose weight is replaced by the geometric mean of the others (Mnih and Rezende 2016).
#[derive(Clone, Copy, Debug)]
pub struct Vimco {
    samples: usize,
}

impl Vimco {
    /// With `samples` draws for an estimate, at least 2.
    pub fn new(samples: usize) -> Self {
        Vimco { samples }
    }
}

impl Objective for Vimco {
    fn name(&self) -> String {
        format!("importance-weighted bound of {} samples, VIMCO", self.samples)
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn needs(&self) -> Needs {
        Needs { score: true, ..Needs::default() }
    }

    fn check(&self) -> Result<()> {
        check_samples("Vimco", self.samples, 2)
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let log_weights = particles.log_weights();
        let bounds = log_mean(log_weights.clone());
        let bound = bounds.clone().mean();
        let [rows, samples] = log_weights.dims();
        let scores = particles.scores.iter().map(|score| score.log_prob.clone().sum_dim(2).reshape([rows, samples]));
        let loss = match scores.reduce(|sum: Tensor<2>, score| sum + score) {
            None => bound.clone().neg(),
            Some(score) => {
                let signal = bounds.clone().expand([rows, samples]) - without_each(detach(log_weights));
                (bounds + (score * detach(signal)).sum_dim(1)).mean().neg()
            }
        };
        Estimate { bound, loss }
    }
}

/// The bound with the log weight of each draw replaced by the mean of the others.
fn without_each(log_weights: Tensor<2>) -> Tensor<2> {
    let [rows, samples] = log_weights.dims();
    let sum = log_weights.clone().sum_dim(1).expand([rows, samples]);
    let others = (sum - log_weights.clone()) * ((samples - 1) as f64).recip();
    let all = [rows, samples, samples];
    let each: Tensor<3> = log_weights.reshape([rows, 1, samples]).expand(all);
    let replaced: Tensor<3> = others.reshape([rows, samples, 1]).expand(all);
    let own = Tensor::<2>::eye(samples, &each.device()).equal_elem(1.0).reshape([1, samples, samples]).expand(all);
    let bounds: Tensor<2> = logsumexp(each.mask_where(own, replaced), 2).reshape([rows, samples]);
    bounds - (samples as f64).ln()
}
