//! The same sums by statrs, one scalar after the other.

use statrs::distribution::{
    Bernoulli, Beta, Binomial, Categorical, Continuous, Discrete, Exp, Gamma, LogNormal, Normal, Poisson, StudentsT,
};
use vi_runtime::{Error, Result};

/// The sum over the values under one set of parameters.
pub type Density = fn(&[Vec<f64>], &[f64]) -> Result<f64>;

fn continuous(distribution: impl Continuous<f64, f64>, x: &[f64]) -> f64 {
    x.iter().map(|&x| distribution.ln_pdf(x)).sum()
}

fn discrete(distribution: impl Discrete<u64, f64>, x: &[f64]) -> f64 {
    x.iter().map(|&x| distribution.ln_pmf(x as u64)).sum()
}

pub fn normal(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(continuous(Normal::new(p[0][0], p[1][0]).map_err(Error::other)?, x))
}

pub fn log_normal(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(continuous(LogNormal::new(p[0][0], p[1][0]).map_err(Error::other)?, x))
}

pub fn gamma(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(continuous(Gamma::new(p[0][0], p[1][0]).map_err(Error::other)?, x))
}

pub fn beta(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(continuous(Beta::new(p[0][0], p[1][0]).map_err(Error::other)?, x))
}

pub fn exponential(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(continuous(Exp::new(p[0][0]).map_err(Error::other)?, x))
}

pub fn student_t(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(continuous(StudentsT::new(p[1][0], p[2][0], p[0][0]).map_err(Error::other)?, x))
}

pub fn bernoulli(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(discrete(Bernoulli::new(p[0][0]).map_err(Error::other)?, x))
}

pub fn binomial(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(discrete(Binomial::new(p[1][0], p[0][0] as u64).map_err(Error::other)?, x))
}

pub fn poisson(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    Ok(discrete(Poisson::new(p[0][0]).map_err(Error::other)?, x))
}

pub fn categorical(p: &[Vec<f64>], x: &[f64]) -> Result<f64> {
    let weights: Vec<f64> = p[0].iter().map(|logit| logit.exp()).collect();
    Ok(discrete(Categorical::new(&weights).map_err(Error::other)?, x))
}
