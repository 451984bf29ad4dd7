//! The hypergeometric distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::saddle_point::binomial;
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::{Counts, Noise};
use crate::operand::Operand;
use crate::special::detach;
use crate::support::Support;

family! {
    /// Number of successes among `draws` that are taken without replacement from `population`, of which `successes` are
    /// successes; support: `{max(0, draws + successes − population), …, min(draws, successes)}`.
    ///
    /// `log p(x) = ln C(K, x) + ln C(N − K, n − x) − ln C(N, n)`, `N` = population, `K` = successes, `n` = draws
    ///
    /// Its parameters are counts: no gradient reaches them.
    ///
    /// # Shapes
    /// `population`, `successes`, `draws` (whole numbers as floats) and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not one of 0, 1, 2, …, or `successes` or
    /// `draws` exceeds `population`.
    Hypergeometric { population: N, successes: K, draws: M }
}

impl<const D: usize> Hypergeometric<D> {
    fn failures(&self) -> Operand<D> {
        self.population.clone() - self.successes.clone()
    }

    fn undrawn(&self) -> Operand<D> {
        self.population.clone() - self.draws.clone()
    }
}

impl<const D: usize> Distribution<D> for Hypergeometric<D> {
    type Kind = Int;

    family_methods! {
        Hypergeometric { population: NonNegativeInteger, successes: NonNegativeInteger, draws: NonNegativeInteger }
        and "population - successes" = failures: NonNegative
        and "population - draws" = undrawn: NonNegative
    }

    fn support(&self) -> Support {
        match (&self.population, &self.successes, &self.draws) {
            (Operand::Number(population), Operand::Number(successes), Operand::Number(draws)) => {
                Support::IntegerInterval((draws + successes - population).max(0.0) as i64, draws.min(*successes) as i64)
            }
            _ => Support::NonNegativeInteger,
        }
    }

    /// The binomial masses of both kinds over that of the whole, which is the same for every probability; at `n/N` each is
    /// small (Loader 2000).
    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let x = self.batch.float(value);
        let [population, successes, draws] = [&self.population, &self.successes, &self.draws].map(|p| detach(beside(p, &x)));
        let dims = (x.clone() + population.clone() + successes.clone() + draws.clone()).dims();
        let [x, population, successes, draws] = [x, population, successes, draws].map(|tensor| spread(tensor, dims));
        let remaining = successes.clone() - x.clone();
        let failures = draws.clone() - x.clone();
        let left = population.clone() - successes - failures.clone();
        let counts = [x, remaining, failures, left];
        let [a, b, c, d] = counts.clone().map(|count| count.lower_elem(0.0));
        let outside = a.bool_or(b).bool_or(c).bool_or(d);
        let [x, remaining, failures, left] = counts.map(|count| count.clamp_min(0.0));
        let kept = population.clone() - draws.clone();
        let p = draws.clone() / population.clone().clamp_min(1.0);
        let q = kept.clone() / population.clamp_min(1.0);
        let whole = binomial(draws, kept.clamp_min(0.0), p.clone(), q.clone());
        let successes = binomial(x, remaining, p.clone(), q.clone());
        let log_prob = successes - whole + binomial(failures, left, p, q);
        // The product ties the density to the parameters, so that one that reaches only this site has a gradient: 0.
        let tie = (self.population.clone() + self.successes.clone() + self.draws.clone()) * 0.0;
        minus_infinity((Operand::Tensor(log_prob) + tie).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let parameters = [&self.population, &self.successes, &self.draws].map(|p| full(p, shape, noise).without_autodiff());
        noise.counts(Counts::Hypergeometric, parameters)
    }
}

impl<const D: usize> Moments<D> for Hypergeometric<D> {
    /// `n K/N`
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.draws.clone() * (self.successes.clone() / self.population.clone()))
    }

    /// `n K/N (1 − K/N) (N − n)/(N − 1)`
    fn variance(&self) -> Tensor<D> {
        let (population, draws) = (self.population.clone(), self.draws.clone());
        let share = self.successes.clone() / population.clone();
        let failures = (population.clone() - self.successes.clone()) / population.clone();
        // A population of one leaves nothing to chance: 0/1 instead of 0/0.
        let others = (population.clone() - 1.0).map(|n| n.max(1.0), |n| n.clamp_min(1.0));
        self.batch.fill(draws.clone() * share * failures * ((population - draws) / others))
    }
}
