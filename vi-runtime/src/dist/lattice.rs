//! Sums over consecutive integers whose number is known at run time only, of functions that are smooth away from the ends.

use std::sync::LazyLock;

use burn::tensor::{Tensor, TensorData};

use super::density::{beside, spread};
use super::quadrature::column;
use crate::operand::Operand;

/// Points of a rule, and terms of its shortest block.
const POINTS: usize = 16;
/// Doublings of a block up to sums of more than 2³¹ terms.
const LEVELS: usize = 27;
/// How many terms next to an end are added one by one.
const DIRECT: usize = 2 * POINTS;
/// A number of terms that no sum exceeds.
pub(super) const UNBOUNDED: f64 = 2_147_483_648.0;

/// Points and weights with `Σ w f(x) = f(0) + … + f(n − 1)` for polynomials of degree 31.
struct Rule {
    points: Vec<f64>,
    weights: Vec<f64>,
}

/// For `n = 16 · 2ʲ`.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| (0..=LEVELS).map(|level| Rule::new((POINTS << level) as f64)).collect());

impl Rule {
    /// Gauss's rule for `n` equal masses, whose orthogonal polynomials about the middle satisfy `pₖ₊₁ = y pₖ − bₖ pₖ₋₁`,
    /// `bₖ = k² (n² − k²)/(4 (4k² − 1))` (Chebyshev's discrete polynomials; DLMF 18.22 with `α = β = 0`): the roots by bisection
    /// of Sturm's sequence.
    fn new(n: f64) -> Self {
        let b = |k: usize| {
            let k = k as f64;
            k * k * (n * n - k * k) / (4.0 * (4.0 * k * k - 1.0))
        };
        let below = |y: f64| {
            let mut pivot = 1.0_f64;
            let negative = (0..POINTS).filter(|&k| {
                pivot = -y - if k == 0 { 0.0 } else { b(k) / pivot };
                // An exact 0 stands for a small number.
                pivot = if pivot == 0.0 { f64::MIN_POSITIVE } else { pivot };
                pivot < 0.0
            });
            negative.count()
        };
        let (points, weights) = (0..POINTS)
            .map(|i| {
                let (mut low, mut high) = (-0.5 * n, 0.5 * n);
                for _ in 0..64 {
                    let middle = 0.5 * (low + high);
                    if below(middle) > i { high = middle } else { low = middle }
                }
                let y = 0.5 * (low + high);
                // The sum of the squares of the orthonormal polynomials.
                let (mut before, mut value, mut sum) = (0.0, 1.0, 1.0);
                for k in 1..POINTS {
                    let step = if k == 1 { 0.0 } else { b(k - 1).sqrt() };
                    (before, value) = (value, (y * value - step * before) / b(k).sqrt());
                    sum += value * value;
                }
                (y + 0.5 * (n - 1.0), n / sum)
            })
            .unzip();
        Rule { points, weights }
    }
}

/// Where a sum of `count` terms is evaluated, counted from its first one, and with which weights: 0 stands for no point.
///
/// After the terms next to the end, up to [`DIRECT`] of them, come blocks of 16 or 32, 32 or 64, … terms: so each begins
/// no closer to the end than half its length, and in numerals with the digits 1 and 2 every number of blocks of 16 is of
/// that form. The digits are those of the number after it in base 2, each raised by 1, without its first.
///
/// # Shapes
/// `count: [n, 1]`, no element above `most`; out `[n, points]`.
fn points(count: &Tensor<2>, most: f64) -> [Tensor<2>; 2] {
    let unit = POINTS as f64;
    let row = |values: Vec<f64>| -> Tensor<2> {
        let shape = [1, values.len()];
        Tensor::from_data(TensorData::new(values, shape), (&count.device().inner(), count.dtype()))
    };
    let blocks = ((count.clone() - unit).clamp_min(0.0) * (1.0 / unit)).floor();
    let near = count.clone() - blocks.clone() * unit;
    let steps = row((0..DIRECT.min(most as usize)).map(|i| i as f64).collect());
    let dims = [count.dims()[0], steps.dims()[1]];
    let steps = spread(steps, dims);
    let one_by_one = steps.clone().lower(spread(near.clone(), dims));
    let ones = steps.zeros_like().mask_fill(one_by_one, 1.0);

    let levels = ((most / unit).max(1.0).log2() as usize).min(LEVELS);
    if levels == 0 {
        return [steps, ones];
    }
    let each = |f: &dyn Fn(usize, usize) -> f64| row((0..levels * POINTS).map(|i| f(i / POINTS, i % POINTS)).collect());
    let power = |level: usize| f64::from(level as u32).exp2();
    let digits = blocks + 1.0;
    let left = (digits.clone() * each(&|level, _| 1.0 / power(level))).floor();
    let lower = digits - left.clone() * each(&|level, _| power(level));
    let double = (left.clone() * 0.5).floor().mul_scalar(-2.0).add(left.clone()).greater_elem(0.5);
    let absent = left.lower_elem(2.0);
    let offset = near + (lower + each(&|level, _| power(level) - 1.0)) * unit;
    let dims = absent.dims();
    let chosen = |of: fn(&Rule) -> &[f64]| {
        let of_size = |more: usize| spread(each(&|level, i| of(&RULES[level + more])[i]), dims);
        of_size(0).mask_where(double.clone(), of_size(1))
    };
    let at = (chosen(|rule| &rule.points) + offset).mask_fill(absent.clone(), 0.0);
    let weights = chosen(|rule| &rule.weights).mask_fill(absent, 0.0);
    [Tensor::cat(vec![steps, at], 1), Tensor::cat(vec![ones, weights], 1)]
}

/// `Σ f(first + j)` for `0 ≤ j < count`: the error is that of interpolating `f` on each block by a polynomial of degree 31,
/// 1e-15 and less where `f` is a mass function that is smooth but for powers of the distance to the ends.
///
/// `f` is called with numbers between the integers as well. No `count` is above `most`.
///
/// # Shapes
/// `f` gets its points as `[n, ..]` for the `n` elements of `first` and `count`, and what [`columns`] makes of parameters
/// broadcasts against them.
pub(super) fn sum_between<const D: usize>(
    first: Tensor<D>,
    count: Tensor<D>,
    most: f64,
    f: impl FnOnce(Tensor<2>) -> Tensor<2>,
) -> Tensor<D> {
    let dims = count.dims();
    let (first, count) = (column(first), column(count));
    let upper = (count.clone() * 0.5).floor();
    let [from_first, first_weights] = points(&(count.clone() - upper.clone()), (0.5 * most).ceil());
    let [from_last, last_weights] = points(&upper, (0.5 * most).ceil());
    let last = (first.clone() + count - 1.0).max_pair(first.clone());
    let at = Tensor::cat(vec![from_first + first, from_last.neg() + last], 1);
    weighed(f(at), Tensor::cat(vec![first_weights, last_weights], 1)).reshape(dims)
}

/// `Σ f(first + j)` for `j ≥ 0`, or `Σ f(first − j)` where `up` is false, as [`sum_between`].
pub(super) fn sum_from<const D: usize>(first: Tensor<D>, up: bool, f: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Tensor<D> {
    let dims = first.dims();
    let first = column(first);
    let [steps, weights] = points(&first.full_like(UNBOUNDED), UNBOUNDED);
    let at = if up { first + steps } else { first - steps };
    weighed(f(at), weights).reshape(dims)
}

fn weighed(values: Tensor<2>, weights: Tensor<2>) -> Tensor<2> {
    let none = weights.clone().equal_elem(0.0);
    (values.mask_fill(none, 0.0) * weights).sum_dim(1)
}

/// `P(X ≤ x)` and `P(X > x)` of masses from `first` to `last`: those on the side of the mean where `x` is are added, and the
/// other part is what is left of 1.
///
/// # Shapes
/// All of one shape; `mass` gets a tensor of it, for [`columns`], and the points as in [`sum_between`].
pub(super) fn tails<const D: usize>(
    x: Tensor<D>,
    mean: Tensor<D>,
    [first, last]: [Tensor<D>; 2],
    most: f64,
    mass: impl FnOnce(&Tensor<D>, Tensor<2>) -> Tensor<2>,
) -> [Tensor<D>; 2] {
    let upper = x.clone().greater(mean.without_autodiff());
    let (first, last) = (first.without_autodiff(), last.without_autodiff());
    let below = (x.clone() + 1.0 - first.clone()).clamp_min(0.0);
    let above = (last.clone() - x.clone()).clamp_min(0.0);
    let start = first.clone().mask_where(upper.clone(), (x.clone() + 1.0).min_pair(last).max_pair(first));
    let count = below.mask_where(upper.clone(), above).clamp_max(most);
    let like = x.without_autodiff();
    let tail = sum_between(start, count, most, |at| mass(&like, at)).clamp(0.0, 1.0);
    let rest = tail.clone().neg() + 1.0;
    [tail.clone().mask_where(upper.clone(), rest.clone()), rest.mask_where(upper, tail)]
}

/// `−Σ p ln p` from `first` to `last`, or to infinity where there is none, split at the mean.
///
/// # Shapes
/// All of one shape; `log_mass` gets a tensor of it, for [`columns`], and the points as in [`sum_between`].
pub(super) fn entropy<const D: usize>(
    mean: Tensor<D>,
    ends: [Option<Tensor<D>>; 2],
    most: f64,
    log_mass: impl Fn(&Tensor<D>, Tensor<2>) -> Tensor<2>,
) -> Tensor<D> {
    cross_entropy(mean, ends, most, |like, at| {
        let log_mass = log_mass(like, at);
        [log_mass.clone(), log_mass]
    })
}

/// `−Σ p ln q`, as [`entropy`], for the logarithms of `p` and `q`.
pub(super) fn cross_entropy<const D: usize>(
    mean: Tensor<D>,
    [first, last]: [Option<Tensor<D>>; 2],
    most: f64,
    logarithms: impl Fn(&Tensor<D>, Tensor<2>) -> [Tensor<2>; 2],
) -> Tensor<D> {
    /// Masses below the exponential of this are 0 in every precision.
    const NOTHING: f64 = -2000.0;
    let start = mean.without_autodiff().floor();
    let like = start.clone();
    let bits = |at: Tensor<2>| {
        let [log_p, log_q] = logarithms(&like, at);
        let nothing = log_p.clone().greater_elem(NOTHING).bool_not();
        log_p.mask_fill(nothing.clone(), NOTHING).exp() * log_q.mask_fill(nothing, 0.0).neg()
    };
    let below = match first {
        Some(first) => {
            let first = first.without_autodiff();
            sum_between(first.clone(), start.clone() - first, most, bits)
        }
        None => sum_from(start.clone() - 1.0, false, bits),
    };
    let above = match last {
        Some(last) => sum_between(start.clone(), last.without_autodiff() - start + 1.0, most, bits),
        None => sum_from(start, true, bits),
    };
    below + above
}

/// [`Entropy`](super::Entropy) by [`entropy`], of a family with the fields named.
macro_rules! entropy_by_sum {
    ($name:ident { $($field:ident),+ $(; $copied:ident)? } from $first:expr, to $last:expr) => {
        impl<const D: usize> $crate::dist::Entropy<D> for $name<D> {
            /// `−Σ p ln p`, the terms away from the mean and the ends by Gauss's rule on blocks whose lengths double.
            fn entropy(&self) -> Tensor<D> {
                let mean = $crate::dist::Moments::mean(self);
                let ends: [Option<fn(&Self) -> $crate::operand::Operand<D>>; 2] = [$first, $last];
                let ends = ends.map(|end| end.map(|end| self.batch.fill(end(self))));
                $crate::dist::lattice::entropy(mean, ends, self.most(), |like, at| self.columns(like).log_mass(at))
            }
        }

        impl<const D: usize> $name<D> {
            /// Its parameters one below the other.
            fn columns(&self, like: &Tensor<D>) -> $name<2> {
                let [$($field),+] = $crate::dist::lattice::columns([$(&self.$field),+], like);
                let batch = $crate::dist::Batch::of([$((stringify!($field), &$field)),+]);
                $name { $($field,)+ batch$(, $copied: self.$copied)? }
            }
        }
    };
}
pub(super) use entropy_by_sum;

/// [`Cdf`](super::Cdf) of a family whose method `parts` gives both masses.
macro_rules! cdf_of_parts {
    ($name:ident) => {
        impl<const D: usize> $crate::dist::Cdf<D> for $name<D> {
            fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
                let [below, _] = self.parts(value);
                below
            }

            fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
                let [_, above] = self.parts(value);
                above
            }
        }
    };
}
pub(super) use cdf_of_parts;

/// The parameters one below the other, a number as it is.
///
/// # Shapes
/// Out `[product of dims, 1]`.
pub(super) fn columns<const D: usize, const N: usize>(parameters: [&Operand<D>; N], like: &Tensor<D>) -> [Operand<2>; N] {
    parameters.map(|parameter| match parameter {
        Operand::Number(x) => Operand::Number(*x),
        other => Operand::Tensor(column(spread(beside(other, like), like.dims()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(first: f64, count: usize, most: f64, f: impl Fn(Tensor<2>) -> Tensor<2>) -> f64 {
        let number = |x: f64| Tensor::<1>::from_data(TensorData::new(vec![x], [1]), (&Default::default(), burn::tensor::DType::F64));
        sum_between(number(first), number(count as f64), most, f).into_data().iter::<f64>().next().unwrap()
    }

    #[test]
    fn powers_are_summed_exactly() {
        for count in (0..200).chain([1000, 4097, 65_535, 1_000_003]) {
            // Σ j², n (n − 1) (2n − 1)/6
            let n = count as f64;
            let want = n * (n - 1.0) * (2.0 * n - 1.0) / 6.0;
            for most in [n.max(1.0), UNBOUNDED] {
                let found = total(0.0, count, most, |x| x.square());
                assert!((found - want).abs() <= 1e-13 * want, "{count} up to {most}: {found} instead of {want}");
            }
        }
    }

    #[test]
    fn what_is_singular_beyond_an_end_is_summed_as_well() {
        let n = 100_000;
        let want: f64 = (1..=n).map(|j| (j as f64).recip() + ((n + 1 - j) as f64).powf(-0.5)).sum();
        let found = total(1.0, n, UNBOUNDED, |x| x.clone().recip() + (x.neg() + (n as f64 + 1.0)).powf_scalar(-0.5));
        assert!((found / want - 1.0).abs() < 1e-14, "{found} instead of {want}");
    }
}
