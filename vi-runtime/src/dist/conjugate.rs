//! Priors that integrate in closed form against likelihoods of their own shape.
//!
//! A likelihood is conjugate to a prior of the exponential family where its logarithm is `c + s t₁(θ) + f t₂(θ)` for the prior's own
//! statistics `t` (Raiffa and Schlaifer 1961, chapter 3). Then three of its values decide `c`, `s` and `f`, whatever the distributions
//! and the operations are that it was computed by, and a fourth shows whether it is.

use burn::tensor::{Float, Tensor};

use super::{Beta, Gamma};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::Result;
use crate::program::{DynDistribution, erase};
use crate::special::{detach, lgamma, log_beta};

/// Where a likelihood is looked at: for Beta a probability, for Gamma in units of the prior's mean. The first is the one that
/// differences are taken from, the last a check.
const BETA: [f64; 4] = [0.5, 0.25, 0.75, 0.4];
const GAMMA: [f64; 4] = [1.0, 0.5, 2.0, 1.4];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// `t = (ln θ, ln(1 − θ))`
    Beta,
    /// `t = (ln θ, −θ/unit)`, the unit being the prior's mean.
    Gamma,
}

/// A prior with a closed form, element by element, flat.
#[derive(Clone, Debug)]
pub(crate) struct Conjugate {
    family: Family,
    dims: Vec<usize>,
    /// Both parameters, which count `ln θ` and the other statistic.
    parameters: [Tensor<1>; 2],
    /// The unit of the points, without gradient.
    unit: Tensor<1>,
}

/// What a likelihood says of each element: how often each statistic counts in it.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    s: Tensor<1>,
    f: Tensor<1>,
}

impl Conjugate {
    /// The prior as such a one; absent for other families.
    pub(crate) fn of(prior: &dyn DynDistribution) -> Result<Option<Self>> {
        let dims = prior.shape();
        let found: Option<(Family, [AnyTensor; 2])> = each_rank!(dims.len(), D => {
            let any = prior.as_any();
            if let Some(beta) = any.downcast_ref::<Beta<D>>() {
                let [a, b] = [&beta.concentration1, &beta.concentration0].map(|parameter| beta.batch.fill(parameter.clone()).into());
                Some((Family::Beta, [a, b]))
            } else if let Some(gamma) = any.downcast_ref::<Gamma<D>>() {
                let [a, b] = [&gamma.concentration, &gamma.rate].map(|parameter| gamma.batch.fill(parameter.clone()).into());
                Some((Family::Gamma, [a, b]))
            } else {
                None
            }
        });
        let Some((family, [a, b])) = found else { return Ok(None) };
        let flat = |x: AnyTensor| x.reshaped(&[x.len()]).typed::<1, Float>("a parameter of a prior");
        let (a, b) = (flat(a)?, flat(b)?);
        let unit = match family {
            Family::Beta => a.ones_like(),
            Family::Gamma => detach(a.clone() / b.clone()),
        };
        Ok(Some(Conjugate { family, dims, parameters: [a, b], unit }))
    }

    /// The value at point `number`, of the site's shape.
    pub(crate) fn point(&self, number: usize) -> AnyTensor {
        let point = match self.family {
            Family::Beta => BETA[number],
            Family::Gamma => GAMMA[number],
        };
        AnyTensor::from(self.unit.clone() * point).reshaped(&self.dims)
    }

    /// By how much each statistic differs between a point and the first.
    fn apart(&self, number: usize) -> [f64; 2] {
        match self.family {
            Family::Beta => [(BETA[number] / BETA[0]).ln(), ((1.0 - BETA[number]) / (1.0 - BETA[0])).ln()],
            Family::Gamma => [GAMMA[number].ln(), 1.0 - GAMMA[number]],
        }
    }

    /// From by how much the log-likelihood of each element differs between the second point and the first, and the third and the first.
    pub(crate) fn counts(&self, second: Tensor<1>, third: Tensor<1>) -> Counts {
        let ([x, y], [u, v]) = (self.apart(1), self.apart(2));
        let scale = (x * v - u * y).recip();
        Counts { s: second.clone() * (v * scale) - third.clone() * (y * scale), f: third * (x * scale) - second * (u * scale) }
    }

    /// By how much the log-likelihood differs between the last point and the first, if it is conjugate.
    pub(crate) fn expected(&self, counts: &Counts) -> Tensor<1> {
        let [x, y] = self.apart(3);
        counts.s.clone() * x + counts.f.clone() * y
    }

    /// The parameters given the data.
    fn updated(&self, counts: &Counts) -> [Tensor<1>; 2] {
        let [a, b] = self.parameters.clone();
        [a + counts.s.clone(), b + counts.f.clone() / self.unit.clone()]
    }

    /// The logarithm of the likelihood's mean under the prior, less the log-likelihood at the first point.
    pub(crate) fn log_mean(&self, counts: &Counts) -> Tensor<1> {
        let ([a, b], [c, d]) = (self.parameters.clone(), self.updated(counts));
        match self.family {
            Family::Beta => log_beta(c, d) - log_beta(a, b) - (counts.s.clone() + counts.f.clone()) * BETA[0].ln(),
            Family::Gamma => {
                let normaliser = |a: Tensor<1>, b: Tensor<1>| lgamma(a.clone()) - a * b.log();
                normaliser(c, d) - normaliser(a, b) - counts.s.clone() * self.unit.clone().log() + counts.f.clone()
            }
        }
    }

    /// The distribution given the data.
    pub(crate) fn posterior(&self, counts: &Counts) -> Result<Box<dyn DynDistribution>> {
        let [a, b] = self.updated(counts).map(|parameter| AnyTensor::from(parameter).reshaped(&self.dims));
        each_rank!(self.dims.len(), D => {
            let (a, b): (Tensor<D>, Tensor<D>) = (a.typed("a parameter")?, b.typed("a parameter")?);
            Ok(match self.family {
                Family::Beta => erase::<D, _>(Beta::new(a, b)),
                Family::Gamma => erase::<D, _>(Gamma::new(a, b)),
            })
        })
    }

    /// Whether both parameters stay positive.
    pub(crate) fn is_proper(&self, counts: &Counts) -> Result<bool> {
        let mut all = Vec::new();
        for parameter in self.updated(counts) {
            all.extend(AnyTensor::from(parameter).to_f64()?);
        }
        Ok(all.iter().all(|x| *x > 0.0))
    }
}
