//! The evidence lower bound as a number with its terms.
//!
//! `ELBO = E_q[log p(x, z) − log q(z)] = E_q[log p(x | z)] − KL(q ‖ p(z)) = log p(x) − KL(q ‖ p(z | x))`.

use std::fmt;

/// An estimate of the evidence lower bound and of its two terms, in nats.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elbo {
    /// The estimate: the mean over the draws.
    pub value: f64,
    /// The standard error of that mean; NaN for one draw, which says nothing of its scatter.
    pub standard_error: f64,
    /// `E_q[log p(x | z)]`, factors included.
    pub reconstruction: f64,
    /// `KL(q ‖ p(z))`, estimated from the same draws.
    pub kl: f64,
    /// How many draws were used.
    pub draws: usize,
}

impl Elbo {
    pub(crate) fn of(draws: &[(f64, f64)]) -> Self {
        let n = draws.len() as f64;
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| draws.iter().map(f).sum::<f64>() / n;
        let value = mean(&|(reconstruction, kl)| reconstruction - kl);
        let variance = draws.iter().map(|(r, k)| (r - k - value).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Elbo {
            value,
            standard_error: if draws.len() > 1 { (variance / n).sqrt() } else { f64::NAN },
            reconstruction: mean(&|(reconstruction, _)| *reconstruction),
            kl: mean(&|(_, kl)| *kl),
            draws: draws.len(),
        }
    }

    /// `log p(x) − ELBO = KL(q ‖ p(z | x))` where the log evidence is known.
    pub fn gap(&self, log_evidence: f64) -> f64 {
        log_evidence - self.value
    }
}

impl fmt::Display for Elbo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ELBO {:.4}", self.value)?;
        match self.draws {
            1 => write!(f, " (estimated from 1 draw)")?,
            draws => write!(f, " ± {:.4} (estimated from {draws} draws)", self.standard_error)?,
        }
        write!(f, " = reconstruction {:.4} − KL {:.4}", self.reconstruction, self.kl)
    }
}
