//! Second derivatives of the log density.

use super::density::LogDensity;
use crate::error::Result;
use crate::program::Program;

impl<M: Program + Clone> LogDensity<M> {
    /// The Hessian at `x`, `[dim, dim]` in row-major order, symmetric.
    ///
    /// Exact where the density is compiled and each of its operations has a second derivative: column by column, as the
    /// gradient of the gradient's product with a unit vector. Else from central differences of the gradient, whose error is
    /// near the 2/3rd power of its rounding.
    ///
    /// # Errors
    /// As [`log_density`](Self::log_density).
    pub fn hessian(&self, x: &[f64]) -> Result<Vec<f64>> {
        let n = self.dim();
        self.fits("the point", x.len(), n)?;
        let mut hessian = vec![0.0; n * n];
        let mut unit = vec![0.0; n];
        for (i, row) in hessian.chunks_exact_mut(n).enumerate() {
            unit[i] = 1.0;
            if !self.hessian_product(x, &unit, row)? {
                self.difference(x, i, row)?;
            }
            unit[i] = 0.0;
        }
        for i in 0..n {
            for j in 0..i {
                let mean = f64::midpoint(hessian[i * n + j], hessian[j * n + i]);
                (hessian[i * n + j], hessian[j * n + i]) = (mean, mean);
            }
        }
        Ok(hessian)
    }

    /// Row `i` of the Hessian by a central difference.
    fn difference(&self, x: &[f64], i: usize, row: &mut [f64]) -> Result<()> {
        let step = self.rounding().cbrt() * x[i].abs().max(1.0);
        let mut moved = x.to_vec();
        let mut below = vec![0.0; row.len()];
        moved[i] = x[i] + step;
        let above_at = moved[i];
        self.log_density_and_gradient(&moved, row)?;
        moved[i] = x[i] - step;
        self.log_density_and_gradient(&moved, &mut below)?;
        let width = above_at - moved[i];
        row.iter_mut().zip(below).for_each(|(above, below)| *above = (*above - below) / width);
        Ok(())
    }
}
