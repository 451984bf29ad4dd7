//! The data of the examples: tables in `examples/data`, and handwritten digits; `examples/data/README.md` has the sources.

use std::path::{Path, PathBuf};

use vi_runtime::burn::tensor::TensorData;
use vi_runtime::prelude::*;

/// A table of numbers with a name for each column.
pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<f64>>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

impl Table {
    /// Reads `examples/data/<name>.csv`: a line of names, then numbers.
    ///
    /// # Errors
    /// A file that is not there, or a cell that is no number.
    pub fn read(name: &str) -> Result<Self> {
        let text = std::fs::read_to_string(folder().join(name).with_extension("csv")).map_err(Error::other)?;
        let mut lines = text.lines();
        let names = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let number = |cell: &str| cell.parse::<f64>().map_err(Error::other);
        let rows = lines.map(|line| line.split(',').map(number).collect()).collect::<Result<_>>()?;
        Ok(Table { names, rows })
    }

    /// A column.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is none of that name.
    pub fn column(&self, name: &str) -> Result<Vec<f64>> {
        let at = self.names.iter().position(|known| known == name).ok_or_else(|| Error::Unknown {
            what: "column",
            name: name.to_owned(),
            available: self.names.join(", "),
        })?;
        Ok(self.rows.iter().map(|row| row[at]).collect())
    }
}

/// `(x − mean)/sd`, with the mean and the standard deviation.
pub fn standardised(x: &[f64]) -> (Vec<f64>, f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    (x.iter().map(|x| (x - mean) / sd).collect(), mean, sd)
}

/// Numbers in single precision.
pub fn vector(values: &[f64], device: &Device) -> Tensor<1> {
    Tensor::from_floats(values, device)
}

/// Whole numbers.
pub fn integers(values: &[f64], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.iter().map(|x| *x as i64).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

/// The columns side by side, `[row, column]`.
pub fn matrix(columns: &[Vec<f64>], device: &Device) -> Tensor<2> {
    Tensor::cat(columns.iter().map(|column| vector(column, device).unsqueeze_dim(1)).collect(), 1)
}

/// Handwritten digits of 28 × 28 pixels, 0 or 1: `[10000, 784]`.
///
/// # Errors
/// A file that is not there or has another length.
pub fn digits(device: &Device) -> Result<Tensor<2>> {
    const HEADER: usize = 128;
    let path = folder().join("../../vi-runtime/benches/data/digits.npy");
    let bytes = std::fs::read(path).map_err(Error::other)?;
    if bytes.len() != HEADER + 10_000 * 784 / 8 {
        return Err(Error::other(format!("digits.npy has {} bytes", bytes.len())));
    }
    let pixels: Vec<f32> = bytes[HEADER..].iter().flat_map(|byte| (0..8).rev().map(move |bit| f32::from(byte >> bit & 1))).collect();
    Ok(Tensor::from_data(TensorData::new(pixels, [10_000, 784]), device))
}
