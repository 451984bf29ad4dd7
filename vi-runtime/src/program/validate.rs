//! The checks at a site: shapes always, parameters and values where asked for.

use super::plate::Plate;
use super::site::{DynDistribution, Site};
use crate::any_tensor::AnyTensor;
use crate::dist::{Constraint, Distribution, ShapeConflict};
use crate::error::{Error, Result, list};
use crate::operand::AnyOperand;

/// Grows the distribution to the plates around it.
pub(crate) fn fit_plates<const D: usize, T: Distribution<D>>(name: &str, distribution: T, plates: &[Plate]) -> Result<T> {
    if let Some(ShapeConflict { left, right }) = distribution.conflict() {
        return Err(Error::Shape {
            site: name.to_owned(),
            left_what: format!("{} of {}", left.0, distribution.name()),
            left: left.1,
            right_what: right.0.to_owned(),
            right: right.1,
            hint: "; each dimension must be equal or 1".to_owned(),
        });
    }
    let mut shape = distribution.shape();
    if plates.is_empty() {
        return Ok(distribution);
    }
    let batch_rank = D.saturating_sub(distribution.event_rank());
    if batch_rank < plates.len() {
        return Err(Error::PlateRank {
            site: name.to_owned(),
            shape: shape.to_vec(),
            batch_rank,
            event_rank: distribution.event_rank(),
            plates: plates.len(),
            plate_names: list(plates.iter().map(|plate| plate.name)),
            more: ", 1".repeat(plates.len() + distribution.event_rank() - 1),
        });
    }
    let mut grown = false;
    for (dim, plate) in plates.iter().enumerate() {
        if shape[dim] == plate.len {
            continue;
        }
        if shape[dim] != 1 {
            return Err(Error::PlateSize {
                site: name.to_owned(),
                plate: plate.name.to_owned(),
                plate_size: plate.len,
                dim,
                found: shape[dim],
                shape: shape.to_vec(),
            });
        }
        shape[dim] = plate.len;
        grown = true;
    }
    Ok(if grown { distribution.grow(shape) } else { distribution })
}

/// A given value has exactly the shape of its distribution.
pub(crate) fn shape(site: &Site, value: &AnyTensor, distribution: &dyn DynDistribution) -> Result<()> {
    let (found, wanted) = (value.shape(), distribution.shape());
    if found == wanted {
        return Ok(());
    }
    Err(Error::Shape {
        site: site.name.clone(),
        left_what: "the given value".to_owned(),
        left: found,
        right_what: distribution.name(),
        right: wanted,
        hint: "; a value never broadcasts against its distribution: put the site in a plate, or `.expand(..)` the distribution".to_owned(),
    })
}

/// A mask broadcasts against the distribution.
pub(crate) fn mask(site: &Site, mask: &AnyTensor, distribution: &dyn DynDistribution) -> Result<()> {
    let (found, wanted) = (mask.shape(), distribution.shape());
    let batch = wanted.len().saturating_sub(distribution.event_rank());
    let fits = found.len() == wanted.len() && (0..found.len()).all(|i| found[i] == 1 || (i < batch && found[i] == wanted[i]));
    if fits {
        return Ok(());
    }
    Err(Error::Shape {
        site: site.name.clone(),
        left_what: "the mask".to_owned(),
        left: found,
        right_what: distribution.name(),
        right: wanted,
        hint: "; a mask has the batch dimensions of the distribution, or 1, and 1 for each event dimension".to_owned(),
    })
}

/// Every parameter satisfies its constraint.
pub(crate) fn parameters(site: &Site, distribution: &dyn DynDistribution) -> Result<()> {
    let mut result = Ok(());
    distribution.parameters(&mut |name, operand, constraint| {
        if result.is_ok() {
            result = parameter(site, distribution, name, &operand, constraint);
        }
    });
    result
}

fn parameter(site: &Site, distribution: &dyn DynDistribution, name: &str, operand: &AnyOperand, constraint: Constraint) -> Result<()> {
    let (values, shape) = match operand {
        AnyOperand::Host(values) => (values.clone(), vec![values.len()]),
        AnyOperand::Tensor(tensor) => (tensor.to_f64()?, tensor.shape()),
    };
    let fail = |found: String| {
        Err(Error::Parameter {
            site: site.name.clone(),
            distribution: distribution.name(),
            parameter: name.to_owned(),
            constraint: constraint.to_string(),
            found,
        })
    };
    if let Some((i, x)) = values.iter().enumerate().find(|(_, x)| !constraint.holds(**x)) {
        return fail(at(*x, i, values.len()));
    }
    let last = shape.last().copied().unwrap_or(1).max(1);
    match constraint {
        Constraint::Simplex => {
            for (row, entries) in values.chunks(last).enumerate() {
                let sum: f64 = entries.iter().sum();
                if (sum - 1.0).abs() > 1e-4 {
                    return fail(format!("row {row} with sum {sum}"));
                }
            }
        }
        Constraint::LowerCholesky => {
            for (row, entries) in values.chunks(last).enumerate() {
                let i = row % last;
                if entries[i] <= 0.0 {
                    return fail(format!("{} on the diagonal", entries[i]));
                }
                if let Some(above) = entries[i + 1..].iter().find(|x| **x != 0.0) {
                    return fail(format!("{above} above the diagonal"));
                }
            }
        }
        Constraint::PositiveDefinite => {
            for (number, matrix) in values.chunks(last * last).enumerate() {
                if let Some(problem) = indefinite(matrix, last) {
                    return fail(format!("{problem} in matrix {number}"));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// What keeps a matrix from being symmetric and positive definite, by its Cholesky factorisation.
fn indefinite(matrix: &[f64], size: usize) -> Option<String> {
    let at = |row: usize, column: usize| matrix[row * size + column];
    let mut factor = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let (below, above) = (at(row, column), at(column, row));
            if (below - above).abs() > 1e-4 * (at(row, row) * at(column, column)).abs().sqrt() {
                return Some(format!("{below} below and {above} above the diagonal at ({row}, {column})"));
            }
            let inner: f64 = (0..column).map(|i| factor[row * size + i] * factor[column * size + i]).sum();
            let rest = below - inner;
            if row == column && rest <= 0.0 {
                return Some(format!("a leading minor of size {} that is not positive", row + 1));
            }
            factor[row * size + column] = if row == column { rest.sqrt() } else { rest / factor[column * size + column] };
        }
    }
    None
}

/// Every counted element of a given value lies in the support.
pub(crate) fn value(site: &Site, value: &AnyTensor, distribution: &dyn DynDistribution) -> Result<()> {
    let support = distribution.support();
    let values = value.to_f64()?;
    let shape = value.shape();
    let counted = match &site.mask {
        Some(mask) => broadcast(&mask.to_f64()?, &mask.shape(), &shape),
        None => vec![true; values.len()],
    };
    let fail = |found: String| {
        Err(Error::Value { site: site.name.clone(), distribution: distribution.name(), support: support.to_string(), found })
    };
    if let Some((i, x)) = values.iter().enumerate().find(|(i, x)| counted[*i] && !support.contains(**x)) {
        return fail(at(*x, i, values.len()));
    }
    match support.fault(&values, &shape, |i| counted[i]) {
        Some(found) => fail(found),
        None => Ok(()),
    }
}

fn at(x: f64, i: usize, len: usize) -> String {
    if len == 1 { format!("{x}") } else { format!("{x} at element {i} of {len}") }
}

fn broadcast(mask: &[f64], mask_shape: &[usize], shape: &[usize]) -> Vec<bool> {
    let count: usize = shape.iter().product();
    (0..count)
        .map(|flat| {
            let (mut rest, mut offset, mut stride) = (flat, 0, 1);
            for (size, mask_size) in shape.iter().zip(mask_shape).rev() {
                let index = rest % size;
                rest /= size;
                offset += if *mask_size == 1 { 0 } else { index * stride };
                stride *= mask_size;
            }
            mask[offset] != 0.0
        })
        .collect()
}
