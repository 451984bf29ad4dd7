//! The coordinates that a guide's parameters live in.

use burn::tensor::{Tensor, TensorData};
use vi_graph::Key;

use crate::device;
use crate::error::{Error, Result};
use crate::execution::Executed;
use crate::operand::Placement;
use crate::posterior::{Gaussian, Unconstrained, approximate};
use crate::program::Program;
use crate::program::arg::Fingerprint;

/// An affine map `z = loc + factor · u` from the coordinates `u` of a guide's parameters to the unconstrained vector `z` of the
/// latent sites. It is fixed: a guide starts at `u ~ N(0, I)` and learns in units of `factor`.
///
/// The vector holds the latent sites in the order of their first occurrence, each one's unconstrained elements row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Where `u = 0` lies, `[n]`.
    pub loc: Vec<f64>,
    /// What a unit of `u` is.
    pub factor: Factor,
}

/// The most elements of a start that is looked for: its factor has their square.
const MOST: usize = 1_024;

/// The linear part of a [`Start`].
#[derive(Clone, Debug, PartialEq)]
pub enum Factor {
    /// A positive number for each element, `[n]`.
    Diagonal(Vec<f64>),
    /// A lower triangular matrix with a positive diagonal, `[n, n]` row by row; what stands above the diagonal is not read.
    LowerTriangular(Vec<f64>),
}

/// A normal approximation of one mode of the posterior, and its ELBO.
#[derive(Clone, Debug, PartialEq)]
pub struct Mode {
    /// Its mean and a triangular factor of its covariance.
    pub start: Start,
    /// The ELBO of the approximation in nats, estimated: the logarithm of the mass about the mode, where the mode is normal.
    pub log_mass: f64,
}

impl Mode {
    /// The best normal approximations of at most `most` modes that ways to them give, the one with the largest ELBO first; none where
    /// there is none, and where looking for them would cost more than it is worth or say little: a model with learnable parameters of
    /// its own, with more than 1 024 elements, or with a log density that cannot be compiled.
    ///
    /// # Errors
    /// Those of a run of the model.
    pub(crate) fn find<M: Program + Clone>(model: &M, key: Key, most: usize) -> Result<Vec<Self>> {
        // The same search for every device that the fit may run on.
        let density = match Unconstrained::new(model).device(device::default()).build() {
            Ok(density) if density.executed() == Executed::Compiled && !density.has_parameters() && density.dim() <= MOST => density,
            Ok(_) | Err(Error::Unsupported { .. } | Error::Config { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mode = |(Gaussian { mean, factor }, log_mass): (Gaussian, f64)| Mode {
            start: Start { loc: mean, factor: Factor::LowerTriangular(factor) },
            log_mass,
        };
        match approximate(&density, key.words()[0], most) {
            Ok(modes) => Ok(modes.into_iter().map(mode).collect()),
            Err(Error::NonFinite { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

impl Start {
    /// # Errors
    /// [`Error::Config`] where a size is not that of `n` elements, a number is not finite, or a diagonal is not positive.
    pub(crate) fn check(&self, n: usize) -> Result<()> {
        let wrong = |problem: String| Err(Error::Config { setting: "start".into(), problem });
        let (found, expected) = match &self.factor {
            Factor::Diagonal(scale) => (scale.len(), n),
            Factor::LowerTriangular(matrix) => (matrix.len(), n * n),
        };
        if self.loc.len() != n || found != expected {
            return wrong(format!("{} and {found} numbers for {n} unconstrained elements, which need {n} and {expected}", self.loc.len()));
        }
        if let Some(bad) = self.loc.iter().chain(self.numbers()).find(|x| !x.is_finite()) {
            return wrong(format!("it holds {bad}"));
        }
        match self.diagonal().find(|x| *x <= 0.0) {
            Some(bad) => wrong(format!("{bad} stands on the diagonal of the factor, which must be positive")),
            None => Ok(()),
        }
    }

    fn numbers(&self) -> &[f64] {
        match &self.factor {
            Factor::Diagonal(numbers) | Factor::LowerTriangular(numbers) => numbers,
        }
    }

    /// The diagonal of the factor.
    pub(crate) fn diagonal(&self) -> impl Iterator<Item = f64> + '_ {
        let step = match self.factor {
            Factor::Diagonal(_) => 1,
            Factor::LowerTriangular(_) => self.loc.len() + 1,
        };
        self.numbers().iter().step_by(step).copied()
    }

    /// The best start of a guide whose elements are independent: the factor of the normal distribution with the same
    /// conditional variances, `1/Λᵢᵢ` with the precision `Λ = (F Fᵀ)⁻¹` (Turner and Sahani 2011).
    #[must_use]
    pub fn independent(&self) -> Start {
        let Factor::LowerTriangular(factor) = &self.factor else { return self.clone() };
        let n = self.loc.len();
        let mut precision = vec![0.0; n];
        // Column j of F⁻¹ by forward substitution; Λⱼⱼ is the sum of its squares.
        for (j, precision) in precision.iter_mut().enumerate() {
            let mut column = vec![0.0; n];
            for i in j..n {
                let known: f64 = (j..i).map(|k| factor[i * n + k] * column[k]).sum();
                column[i] = (f64::from(u8::from(i == j)) - known) / factor[i * n + i];
            }
            *precision = column.iter().map(|x| x * x).sum();
        }
        Start { loc: self.loc.clone(), factor: Factor::Diagonal(precision.into_iter().map(|p: f64| p.sqrt().recip()).collect()) }
    }

    /// The variance of each element where `u ~ N(0, I)`.
    pub(super) fn variances(&self) -> Vec<f64> {
        match &self.factor {
            Factor::Diagonal(scale) => scale.iter().map(|x| x * x).collect(),
            Factor::LowerTriangular(factor) => {
                let n = self.loc.len();
                (0..n).map(|i| factor[i * n..=i * n + i].iter().map(|x| x * x).sum()).collect()
            }
        }
    }

    /// `z` for `u`, both `[n]`.
    pub(crate) fn forward(&self, u: Tensor<1>, to: &Placement) -> Tensor<1> {
        let n = self.loc.len();
        let loc = constant(self.loc.clone(), [n], to);
        match &self.factor {
            Factor::Diagonal(scale) => u * constant(scale.clone(), [n], to) + loc,
            Factor::LowerTriangular(factor) => {
                let lower = (0..n * n).map(|k| if k % n <= k / n { factor[k] } else { 0.0 }).collect();
                let factor: Tensor<2> = constant(lower, [n, n], to);
                u.reshape([1, n]).matmul(factor.transpose()).reshape([n]) + loc
            }
        }
    }

    /// `u` for `z`.
    pub(crate) fn inverse(&self, z: &[f64]) -> Vec<f64> {
        self.solve(z.iter().zip(&self.loc).map(|(z, loc)| z - loc).collect())
    }

    /// `factor⁻¹ x`.
    pub(super) fn solve(&self, mut u: Vec<f64>) -> Vec<f64> {
        let n = self.loc.len();
        match &self.factor {
            Factor::Diagonal(scale) => u.iter_mut().zip(scale).for_each(|(u, scale)| *u /= scale),
            Factor::LowerTriangular(factor) => {
                for i in 0..n {
                    let known: f64 = (0..i).map(|k| factor[i * n + k] * u[k]).sum();
                    u[i] = (u[i] - known) / factor[i * n + i];
                }
            }
        }
        u
    }

    /// `factor · x`.
    pub(crate) fn scaled(&self, x: &[f64]) -> Vec<f64> {
        let n = self.loc.len();
        match &self.factor {
            Factor::Diagonal(scale) => x.iter().zip(scale).map(|(x, scale)| x * scale).collect(),
            Factor::LowerTriangular(factor) => (0..n).map(|i| (0..=i).map(|k| factor[i * n + k] * x[k]).sum()).collect(),
        }
    }

    pub(crate) fn fingerprint(&self, key: &mut Fingerprint) {
        self.loc.iter().chain(self.numbers()).for_each(|x| key.write_u64(x.to_bits()));
    }
}

/// Numbers of the host as a tensor.
pub(crate) fn constant<const D: usize>(numbers: Vec<f64>, dims: [usize; D], to: &Placement) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, dims), (&to.device, to.dtype.into()))
}
