//! The hypergeometric distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::lattice::{UNBOUNDED, cdf_of_parts, entropy_by_sum, tails};
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
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 6.
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

    /// The smallest count, `max(0, draws + successes − population)`.
    fn first(&self) -> Operand<D> {
        (self.draws.clone() + self.successes.clone() - self.population.clone()).map(|n| n.max(0.0), |n| n.clamp_min(0.0))
    }

    /// The largest count, `min(draws, successes)`.
    fn last(&self) -> Operand<D> {
        let undrawn = self.successes.clone() - self.draws.clone();
        self.draws.clone() + undrawn.map(|n| n.min(0.0), |n| n.clamp_max(0.0))
    }

    fn undrawn(&self) -> Operand<D> {
        self.population.clone() - self.draws.clone()
    }

    /// The binomial masses of both kinds over that of the whole, which is the same for every probability; at `n/N` each is
    /// small (Loader 2000). A smooth function between the counts.
    fn log_mass(&self, x: Tensor<D>) -> Tensor<D> {
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

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_mass(self.batch.float(value))
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

impl<const D: usize> Hypergeometric<D> {
    /// `P(X ≤ x)` and `P(X > x)`: masses added on the side of the mean where `x` is.
    fn parts(&self, value: &Tensor<D, Int>) -> [Tensor<D>; 2] {
        let x = self.batch.float(value);
        let mean = detach(self.mean());
        let dims = (x.clone() + mean.clone()).dims();
        let ends = [self.first(), self.last()].map(|end| spread(detach(self.batch.fill(end)), dims));
        tails(spread(x, dims), spread(mean, dims), ends, self.most(), |like, at| self.columns(like).log_mass(at).exp())
    }

    /// At least the number of masses.
    fn most(&self) -> f64 {
        match (&self.successes, &self.draws) {
            (Operand::Number(n), _) | (_, Operand::Number(n)) => n + 1.0,
            _ => UNBOUNDED,
        }
    }
}

cdf_of_parts!(Hypergeometric);
entropy_by_sum!(Hypergeometric { population, successes, draws } from Some(Hypergeometric::first), to Some(Hypergeometric::last));
