//! Priors that integrate in closed form against likelihoods of their own shape.
//!
//! A likelihood is conjugate to a prior of the exponential family where its logarithm is `c + Σ sₖ tₖ(θ)` for the prior's own
//! statistics `t` (Raiffa and Schlaifer 1961, chapter 3). Then one more of its values than there are statistics decide `c` and `s`,
//! whatever the distributions and the operations are that it was computed by, and one more shows whether it is.

use burn::tensor::{Float, Tensor};

use super::{Beta, Dirichlet, Gamma};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::Result;
use crate::program::{DynDistribution, erase};
use crate::special::{detach, lgamma, log_beta};

/// Where a likelihood is looked at: for Beta a probability, for Gamma in units of the prior's mean. The first is the one that
/// differences are taken from, the last a check.
const BETA: [f64; 4] = [0.5, 0.25, 0.75, 0.4];
const GAMMA: [f64; 4] = [1.0, 0.5, 2.0, 1.4];
/// For Dirichlet all probabilities are alike at first; then one after the other weighs as much as this many others.
const DIRICHLET: f64 = 4.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// `t = (ln θ, ln(1 − θ))`
    Beta,
    /// `t = (ln θ, −θ/unit)`, the unit being the prior's mean.
    Gamma,
    /// `tₖ = ln θₖ`
    Dirichlet,
}

/// A prior with a closed form, element by element, flat.
#[derive(Clone, Debug)]
pub(crate) struct Conjugate {
    family: Family,
    dims: Vec<usize>,
    /// What counts each of the statistics.
    parameters: Vec<Tensor<1>>,
    /// The unit of the points, without gradient.
    unit: Tensor<1>,
}

/// What a likelihood says of each element: how often each statistic counts in it.
#[derive(Clone, Debug)]
pub(crate) struct Counts(Vec<Tensor<1>>);

impl Conjugate {
    /// The prior as such a one; absent for other families.
    pub(crate) fn of(prior: &dyn DynDistribution) -> Result<Option<Self>> {
        let dims = prior.shape();
        let found: Option<(Family, Vec<AnyTensor>)> = each_rank!(dims.len(), D => {
            let any = prior.as_any();
            if let Some(beta) = any.downcast_ref::<Beta<D>>() {
                let both = [&beta.concentration1, &beta.concentration0].map(|parameter| beta.batch.fill(parameter.clone()).into());
                Some((Family::Beta, both.into()))
            } else if let Some(gamma) = any.downcast_ref::<Gamma<D>>() {
                let both = [&gamma.concentration, &gamma.rate].map(|parameter| gamma.batch.fill(parameter.clone()).into());
                Some((Family::Gamma, both.into()))
            } else if let Some(dirichlet) = any.downcast_ref::<Dirichlet<D>>() {
                let all = dirichlet.batch.fill(dirichlet.concentration.clone());
                Some((Family::Dirichlet, (0..dims[D - 1]).map(|k| all.clone().narrow(D - 1, k, 1).into()).collect()))
            } else {
                None
            }
        });
        let Some((family, parameters)) = found else { return Ok(None) };
        let flat = |x: AnyTensor| x.reshaped(&[x.len()]).typed::<1, Float>("a parameter of a prior");
        let parameters = parameters.into_iter().map(flat).collect::<Result<Vec<_>>>()?;
        let unit = match family {
            Family::Beta | Family::Dirichlet => parameters[0].ones_like(),
            Family::Gamma => detach(parameters[0].clone() / parameters[1].clone()),
        };
        Ok(Some(Conjugate { family, dims, parameters, unit }))
    }

    /// How many points there are besides the first and the check, which is the last.
    pub(crate) fn points(&self) -> usize {
        self.parameters.len()
    }

    /// The value at point `number`, of the site's shape.
    pub(crate) fn point(&self, number: usize) -> AnyTensor {
        let like = self.unit.clone();
        let value = match self.family {
            Family::Beta => AnyTensor::from(like * BETA[number]),
            Family::Gamma => AnyTensor::from(like * GAMMA[number]),
            Family::Dirichlet => {
                let columns = self.simplex(number).into_iter().map(|p| like.clone().mul_scalar(p)).collect();
                AnyTensor::from(Tensor::<1>::stack::<2>(columns, 1))
            }
        };
        value.reshaped(&self.dims)
    }

    /// The probabilities at point `number`.
    fn simplex(&self, number: usize) -> Vec<f64> {
        let count = self.points();
        let weight = |k: usize| match number {
            0 => 1.0,
            _ if number <= count => {
                if k + 1 == number {
                    DIRICHLET
                } else {
                    1.0
                }
            }
            _ => (k + 1) as f64,
        };
        let total: f64 = (0..count).map(weight).sum();
        (0..count).map(|k| weight(k) / total).collect()
    }

    /// By how much each statistic differs between a point and the first.
    fn apart(&self, number: usize) -> Vec<f64> {
        match self.family {
            Family::Beta => vec![(BETA[number] / BETA[0]).ln(), ((1.0 - BETA[number]) / (1.0 - BETA[0])).ln()],
            Family::Gamma => vec![GAMMA[number].ln(), 1.0 - GAMMA[number]],
            Family::Dirichlet => self.simplex(number).into_iter().map(|p| (p * self.points() as f64).ln()).collect(),
        }
    }

    /// From by how much the log-likelihood of each element differs between each of the [`points`](Self::points) and the first.
    pub(crate) fn counts(&self, differences: &[Tensor<1>]) -> Counts {
        let rows = match self.family {
            Family::Beta | Family::Gamma => {
                let (first, second) = (self.apart(1), self.apart(2));
                let scale = (first[0] * second[1] - second[0] * first[1]).recip();
                vec![vec![second[1] * scale, -first[1] * scale], vec![-second[0] * scale, first[0] * scale]]
            }
            Family::Dirichlet => {
                // The inverse of a · 1 1ᵀ + c · 1 (Sherman and Morrison 1950).
                let count = self.points();
                let (a, c) = ((count as f64 / (count as f64 + DIRICHLET - 1.0)).ln(), DIRICHLET.ln());
                let other = -a / (c * (c + count as f64 * a));
                (0..count).map(|i| (0..count).map(|k| other + if i == k { c.recip() } else { 0.0 }).collect()).collect()
            }
        };
        Counts(rows.iter().map(|row| self.weighted(differences, row)).collect())
    }

    /// `Σₖ weightₖ xₖ`
    fn weighted(&self, x: &[Tensor<1>], weights: &[f64]) -> Tensor<1> {
        x.iter().zip(weights).fold(self.unit.zeros_like(), |sum, (x, weight)| sum + x.clone() * *weight)
    }

    /// By how much the log-likelihood differs between the check and the first point, if it is conjugate.
    pub(crate) fn expected(&self, counts: &Counts) -> Tensor<1> {
        self.weighted(&counts.0, &self.apart(self.points() + 1))
    }

    /// The parameters given the data.
    fn updated(&self, counts: &Counts) -> Vec<Tensor<1>> {
        let mut parameters: Vec<Tensor<1>> = self.parameters.iter().zip(&counts.0).map(|(a, s)| a.clone() + s.clone()).collect();
        if self.family == Family::Gamma {
            parameters[1] = self.parameters[1].clone() + counts.0[1].clone() / self.unit.clone();
        }
        parameters
    }

    /// The logarithm of the integral of the prior's kernel.
    fn log_normaliser(&self, parameters: Vec<Tensor<1>>) -> Tensor<1> {
        let zeros = self.unit.zeros_like();
        let [a, b] = [parameters[0].clone(), parameters[parameters.len() - 1].clone()];
        match self.family {
            Family::Beta => log_beta(a, b),
            Family::Gamma => lgamma(a.clone()) - a * b.log(),
            Family::Dirichlet => {
                let total = parameters.iter().fold(zeros.clone(), |sum, a| sum + a.clone());
                parameters.into_iter().fold(zeros, |sum, a| sum + lgamma(a)) - lgamma(total)
            }
        }
    }

    /// The logarithm of the likelihood's mean under the prior, less the log-likelihood at the first point.
    pub(crate) fn log_mean(&self, counts: &Counts) -> Tensor<1> {
        let gain = self.log_normaliser(self.updated(counts)) - self.log_normaliser(self.parameters.clone());
        let count = counts.0.iter().fold(self.unit.zeros_like(), |sum, s| sum + s.clone());
        match self.family {
            Family::Beta => gain - count * BETA[0].ln(),
            Family::Gamma => gain - counts.0[0].clone() * self.unit.clone().log() + counts.0[1].clone(),
            Family::Dirichlet => gain + count * (self.points() as f64).ln(),
        }
    }

    /// The distribution given the data.
    pub(crate) fn posterior(&self, counts: &Counts) -> Result<Box<dyn DynDistribution>> {
        let parameters = self.updated(counts);
        let shaped = |x: Tensor<1>| AnyTensor::from(x).reshaped(&self.dims);
        each_rank!(self.dims.len(), D => {
            let typed = |x: AnyTensor| x.typed::<D, Float>("a parameter of a posterior");
            Ok(match self.family {
                Family::Beta => erase::<D, _>(Beta::new(typed(shaped(parameters[0].clone()))?, typed(shaped(parameters[1].clone()))?)),
                Family::Gamma => erase::<D, _>(Gamma::new(typed(shaped(parameters[0].clone()))?, typed(shaped(parameters[1].clone()))?)),
                Family::Dirichlet => {
                    let all = AnyTensor::from(Tensor::<1>::stack::<2>(parameters, 1)).reshaped(&self.dims);
                    erase::<D, _>(Dirichlet::new(typed(all)?))
                }
            })
        })
    }

    /// Whether all parameters stay positive.
    pub(crate) fn is_proper(&self, counts: &Counts) -> Result<bool> {
        let mut all = Vec::new();
        for parameter in self.updated(counts) {
            all.extend(AnyTensor::from(parameter).to_f64()?);
        }
        Ok(all.iter().all(|x| *x > 0.0))
    }
}
