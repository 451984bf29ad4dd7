//! Round trips of the bijectors onto vectors and matrices, as accurate as the condition of their inverses allows.
//!
//! Where the image is a surface in a space of more dimensions, or a matrix holds a number twice, many functions of all elements
//! of `y` are an inverse, and each has its own condition. Here it is that of the one that errors in `y` move least: the left inverse
//! `P` of the Jacobian `J` of the map whose rows are shortest in units of the error of each element, the pseudo-inverse. An
//! implementation that reads digits that have cancelled is worse than that, and fails.

use std::rc::Rc;

use burn::tensor::{DType, Device, Tensor};
use vi_runtime::Support;
use vi_runtime::bijector::*;

use super::bijectors::{evaluated, precisions};
use super::density::function::flat;
use super::structured::{self, STRUCTURED, jacobian};
use super::{Uniforms, burn, has_f64, test_device};

/// The largest magnitude of an unconstrained number.
const FARTHEST: f64 = 30.0;
const NEAREST: f64 = 1e-3;
const LARGEST_CONDITION: f64 = 1e6;
/// Beyond this a bound of first order says nothing of a logarithm; of single precision it is the narrower limit.
const LARGEST_MOVE: f64 = 0.25;
/// Units in the last place, for each of the two directions and for the numbers themselves.
const FEW: f64 = 2.0;
const POINTS: usize = 96;

/// Which numbers a map can return.
pub(super) struct Range {
    pub(super) smallest: f64,
    pub(super) largest: f64,
    /// Smaller ones are rounded as if they were this large.
    pub(super) least: f64,
}

pub(super) const DOUBLE: Range = Range { smallest: f64::MIN_POSITIVE, largest: f64::MAX, least: 0.0 };
const SINGLE: Range = Range { smallest: f32::MIN_POSITIVE as f64, largest: f32::MAX as f64, least: 0.0 };

/// Points of `count` numbers: a third of one scale each, a third with a scale for each number, a third uniform up to the farthest.
pub(super) fn points(count: usize) -> Vec<f64> {
    let mut uniforms = Uniforms(3);
    let mut next = |low: f64, high: f64| low + (high - low) * uniforms.next().unwrap();
    let (near, far) = (NEAREST.ln(), FARTHEST.ln());
    let mut points = Vec::new();
    for point in 0..POINTS {
        let scale = next(near, far).exp();
        for _ in 0..count {
            let own = next(near, far).exp();
            let at = next(-1.0, 1.0);
            points.push(match point % 3 {
                0 => scale * at,
                1 => own * at.signum(),
                _ => FARTHEST * at,
            });
        }
    }
    points
}

fn is_covariance(codomain: Support) -> bool {
    matches!(codomain, Support::Correlation | Support::PositiveDefinite)
}

/// What an element is rounded to a few units in the last place of: itself, and in a matrix of covariances the root of the product of
/// the diagonal elements beside it, because that is how far Cholesky's method moves it (Higham 2002, theorem 10.5).
fn scales(codomain: Support, y: &[f64], least: f64) -> Vec<f64> {
    if !is_covariance(codomain) {
        return y.iter().map(|y| y.abs().max(least)).collect();
    }
    let size = y.len().isqrt();
    let diagonal = |i: usize| y[i * (size + 1)];
    (0..y.len()).map(|k| (diagonal(k / size) * diagonal(k % size)).sqrt()).collect()
}

/// The pseudo-inverse of the matrix with these columns, in columns of their own: row `i` is `Σₖ R⁻¹ᵢₖ qₖ` of the factors `QR`, by the
/// modified method of Gram and Schmidt, twice. Absent where a column depends on the others.
fn pseudo_inverse(columns: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let count = columns.len();
    let (mut q, mut r) = (Vec::<Vec<f64>>::new(), vec![vec![0.0; count]; count]);
    for (j, column) in columns.iter().enumerate() {
        let mut rest = column.clone();
        for _ in 0..2 {
            for (i, q) in q.iter().enumerate() {
                let along = dot(q, &rest);
                r[i][j] += along;
                rest.iter_mut().zip(q).for_each(|(x, q)| *x -= along * q);
            }
        }
        r[j][j] = dot(&rest, &rest).sqrt();
        if r[j][j].is_nan() || r[j][j] <= 1e-14 * dot(column, column).sqrt() {
            return None;
        }
        q.push(rest.iter().map(|x| x / r[j][j]).collect());
    }
    let mut rows = q;
    for i in (0..count).rev() {
        let (before, after) = rows.split_at_mut(i + 1);
        for (later, r) in after.iter().zip(&r[i][i + 1..]) {
            before[i].iter_mut().zip(later).for_each(|(x, y)| *x -= r * y);
        }
        rows[i].iter_mut().for_each(|x| *x /= r[i][i]);
    }
    Some(rows)
}

/// How errors come back in one number of a point.
pub(super) struct Sensitivity {
    /// How far errors of one unit in each element of `f(x)` move the inverse, relative to the number.
    condition: f64,
    /// How far the rounding of `x` and `f(x)` moves it, in units of the last place of 1.
    units: f64,
    /// The largest such number on which the bound depends: its own, or in a matrix of covariances, which is factored whole, that of
    /// any number of the point.
    largest: f64,
}

/// Of each number of each point, in double precision; infinite where the map is cut off, or leaves the range.
pub(super) fn sensitivities(bijector: &dyn Bijector<3>, x: &[f64], count: usize, range: &Range) -> Vec<Sensitivity> {
    let batch = x.len() / count;
    let (values, rows) = jacobian(bijector, x, [batch, 1, count]);
    let (elements, codomain) = (rows.len(), bijector.codomain());
    let of_point = |point: usize| {
        let x = &x[point * count..(point + 1) * count];
        let y = &values[point * elements..(point + 1) * elements];
        let scales = scales(codomain, y, range.least);
        // In units of the errors; a zero above a diagonal has neither a slope nor a unit.
        let in_units = |k: usize, i: usize| match rows[k][point * count + i] {
            0.0 => 0.0,
            slope => slope / scales[k],
        };
        let columns: Vec<Vec<f64>> = (0..count).map(|i| (0..elements).map(|k| in_units(k, i)).collect()).collect();
        let cut_off = y.iter().any(|&y| y != 0.0 && !(range.smallest..range.largest).contains(&y.abs()));
        let inverse = pseudo_inverse(&columns).filter(|_| !cut_off).unwrap_or(vec![vec![f64::INFINITY; elements]; count]);
        // Sums on the way to an element are rounded as if `x` had been.
        let rounded: Vec<f64> = (0..elements).map(|k| columns.iter().zip(x).map(|(column, x)| (column[k] * x).abs()).sum()).collect();
        // What keeps a matrix definite grows its diagonal by four units for each row.
        let ridge = if is_covariance(codomain) { 4.0 * elements.isqrt() as f64 } else { 0.0 };
        let of = |(row, x): (Vec<f64>, &f64)| {
            let moved = row.iter().map(|p| p.abs()).sum::<f64>();
            let by_sums = row.iter().zip(&rounded).map(|(p, rounded)| p.abs() * rounded).sum::<f64>();
            let units = FEW * (moved + by_sums + x.abs().max(range.least)) + ridge * moved;
            Sensitivity { condition: moved / x.abs(), units, largest: units }
        };
        let mut found: Vec<Sensitivity> = inverse.into_iter().zip(x).map(of).collect();
        if is_covariance(codomain) {
            let largest = found.iter().fold(0.0, |largest: f64, of| largest.max(of.units));
            found.iter_mut().for_each(|of| of.largest = largest);
        }
        found
    };
    (0..batch).flat_map(of_point).collect()
}

/// The maps with how many unconstrained numbers they take.
fn every(device: &Device, dtype: DType) -> Vec<(Rc<dyn Bijector<3>>, usize)> {
    let small = structured::every::<3>(device, dtype).into_iter().map(|(bijector, count, _)| (bijector, count));
    let large = STRUCTURED.into_iter().map(|support| {
        let bijector = biject_to::<3>(&support).unwrap();
        let count = bijector.unconstrained_shape(&[1, if support.event_rank() == 2 { 6 } else { 1 }, 6])[2];
        (bijector, count)
    });
    small.chain(large).collect()
}

/// Asserts that the numbers `x` of which the condition is small came back, and that they are many.
pub(super) fn agrees(place: &str, x: &[f64], back: &[f64], sensitivities: &[Sensitivity], epsilon: f64) {
    let mut compared = 0;
    for ((x, back), of) in x.iter().zip(back).zip(sensitivities) {
        if of.condition < LARGEST_CONDITION && of.largest * epsilon < LARGEST_MOVE {
            compared += 1;
            let (error, allowed) = ((back - x).abs(), of.units * epsilon);
            assert!(error <= allowed, "{place}: {x} comes back as {back} ({:e})", of.condition);
        }
    }
    assert!(4 * compared >= x.len(), "{place}: {compared} of {}", x.len());
}

#[test]
fn the_inverse_is_as_accurate_as_its_condition_allows() {
    if !has_f64() {
        return;
    }
    for dtype in precisions() {
        for (which, (bijector, count)) in every(&test_device(), DType::F64).into_iter().enumerate() {
            let epsilon = if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
            let x = points(count).into_iter().map(|x| if dtype == DType::F64 { x } else { f64::from(x as f32) }).collect::<Vec<_>>();
            let dims = [x.len() / count, 1, count];
            let range = if dtype == DType::F64 { DOUBLE } else { SINGLE };
            let sensitivities = sensitivities(&*bijector, &x, count, &range);
            let round = |x: Tensor<1>| {
                let (bijector, _) = every(&x.device().inner(), dtype).swap_remove(which);
                flat(bijector.inverse(bijector.forward(x.reshape(dims))))
            };
            for (by, found) in evaluated(round, &x, dtype) {
                let place = format!("{bijector:?} of {count} {by} in {dtype:?}");
                agrees(&place, &x, &found.value, &sensitivities, epsilon);
            }
        }
    }
}
