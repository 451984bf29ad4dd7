//! A guide that is normal in unconstrained space, as numbers.

use super::start::Start;

/// A normal distribution of the unconstrained vector: mean `loc` and covariance `root · rootᵀ`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    /// The mean, `[n]`.
    pub loc: Vec<f64>,
    /// A root of the covariance.
    pub root: Root,
}

/// A matrix `R` with covariance `R Rᵀ`.
#[derive(Clone, Debug, PartialEq)]
pub enum Root {
    /// Standard deviations of independent elements, `[n]`.
    Diagonal(Vec<f64>),
    /// The columns of the matrix, each `[n]`.
    Columns(Vec<Vec<f64>>),
}

impl Gaussian {
    /// The standard deviation of each element.
    pub fn sd(&self) -> Vec<f64> {
        match &self.root {
            Root::Diagonal(sd) => sd.clone(),
            Root::Columns(columns) => {
                (0..self.loc.len()).map(|i| columns.iter().map(|column| column[i] * column[i]).sum::<f64>().sqrt()).collect()
            }
        }
    }

    /// The covariance matrix, `[n, n]` row by row.
    pub fn covariance(&self) -> Vec<f64> {
        let n = self.loc.len();
        let mut covariance = vec![0.0; n * n];
        for (i, row) in covariance.chunks_exact_mut(n.max(1)).enumerate() {
            match &self.root {
                Root::Diagonal(sd) => row[i] = sd[i] * sd[i],
                Root::Columns(columns) => {
                    row.iter_mut().enumerate().for_each(|(j, x)| *x = columns.iter().map(|column| column[i] * column[j]).sum());
                }
            }
        }
        covariance
    }

    /// With the rows of a matrix, `[n, k]` row by row, as the root.
    pub(crate) fn with_rows(loc: Vec<f64>, rows: &[f64]) -> Self {
        let n = loc.len().max(1);
        let k = rows.len() / n;
        let columns = (0..k).map(|j| (0..loc.len()).map(|i| rows[i * k + j]).collect()).collect();
        Gaussian { loc, root: Root::Columns(columns) }
    }

    /// The distribution of the image under the affine map.
    pub(crate) fn through(&self, start: &Start) -> Self {
        let loc = start.scaled(&self.loc).iter().zip(&start.loc).map(|(x, loc)| x + loc).collect();
        let unit = |i: usize, sd: f64| (0..self.loc.len()).map(|j| if i == j { sd } else { 0.0 }).collect::<Vec<f64>>();
        let root = match (&self.root, &start.factor) {
            (Root::Diagonal(sd), super::start::Factor::Diagonal(_)) => Root::Diagonal(start.scaled(sd)),
            (Root::Diagonal(sd), _) => Root::Columns(sd.iter().enumerate().map(|(i, sd)| start.scaled(&unit(i, *sd))).collect()),
            (Root::Columns(columns), _) => Root::Columns(columns.iter().map(|column| start.scaled(column)).collect()),
        };
        Gaussian { loc, root }
    }
}
