//! Independent copies of a distribution.

use burn::tensor::Tensor;
use burn::tensor::kind::Basic;

use super::density::spread;
use super::rows::broadcast;
use super::{Cdf, Distribution, Entropy, InverseCdf, KlTo, Moments, ScoredDraw, ShapeConflict, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Placement;

/// Independent copies of a distribution that fill a shape, each with a draw of its own; see
/// [`DistributionExt::expand`](super::DistributionExt::expand).
///
/// `log p(x) = log p_base(xᵢ)` for each copy `xᵢ`
///
/// Source: Billingsley (1995), Probability and Measure, section 20.
///
/// Families have an `expand` of their own, which only changes the shape of the parameters.
///
/// # Shapes
/// `shape`: new dimensions, then the batch of the base, whose sizes of 1 may grow, then its event. All copies are evaluated
/// at once where the base has a batch dimension of size 1, which then holds them; else one after the other.
///
/// ```
/// use vi_runtime::prelude::*;
///
/// let slopes = Logistic::new(0.0, 1.0).truncated(0.0, 3.0).expand([8, 3]);
/// assert_eq!((slopes.shape(), slopes.support()), ([8, 3], Support::Interval(0.0, 3.0)));
/// ```
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where `shape` does not end with what the base broadcasts to. Fewer
/// dimensions than the base has are refused by the compiler.
#[derive(Clone, Debug)]
pub struct Expanded<const D: usize, const E: usize, T> {
    pub(super) base: T,
    shape: [usize; E],
    conflict: Option<ShapeConflict>,
}

impl<const D: usize, const E: usize, T: Distribution<D>> Expanded<D, E, T> {
    /// Copies of `base` that fill `shape`.
    pub fn new(base: T, shape: [usize; E]) -> Self {
        const { assert!(E >= D, "an expanded distribution has at least as many dimensions as its base") };
        let (own, one) = (base.shape(), last::<D, E>(shape));
        let batch = D - base.event_rank();
        let fits = (0..D).all(|i| own[i] == one[i] || (i < batch && own[i] == 1));
        let conflict = (!fits).then(|| ShapeConflict { left: ("the distribution", own.to_vec()), right: ("expand", shape.to_vec()) });
        Expanded { base, shape, conflict }
    }

    /// The base beside tensors whose batch dimensions are those of `dims`.
    fn copies(&self, dims: [usize; E]) -> Copies<D, E, T> {
        let (own, batch) = (self.base.shape(), D - self.base.event_rank());
        let leading: [usize; E] = std::array::from_fn(|i| if i < E - D { dims[i] } else { 1 });
        let count = leading.iter().product();
        // Where there is one copy any dimension will do.
        let into = if count <= 1 { Some(0) } else { (0..batch).find(|&i| own[i] == 1) };
        let mut one = last::<D, E>(dims);
        one[batch..].copy_from_slice(&own[batch..]);
        let mut held = one;
        if let Some(at) = into {
            held[at] *= count;
        }
        let base = if held == own { self.base.clone() } else { self.base.clone().grow(held) };
        Copies { base, batch, leading, count, into, one }
    }

    /// What `of` gives at a value, for all copies.
    fn at<K: Basic, L: Basic>(&self, value: &Tensor<E, K>, of: impl Fn(&T, &Tensor<D, K>) -> Tensor<D, L>) -> Tensor<E, L> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape)).unwrap_or(value.dims());
        let copies = self.copies(dims);
        let parts = copies.apart(spread(value.clone(), dims));
        copies.together(parts.iter().map(|part| of(&copies.base, part)).collect())
    }

    /// What the parameters alone give, the same for all copies that fill the batch dimensions of `dims`.
    fn same<K: Basic>(&self, one: Tensor<D, K>, dims: [usize; E]) -> Tensor<E, K> {
        let (own, batch) = (one.dims(), E - self.base.event_rank());
        let lifted = one.reshape::<E, _>(std::array::from_fn::<usize, E, _>(|i| if i + D < E { 1 } else { own[i + D - E] }));
        let filled = std::array::from_fn(|i| if i < batch { dims[i] } else { own[i + D - E] });
        spread(lifted, filled)
    }
}

/// The last dimensions.
fn last<const D: usize, const E: usize>(dims: [usize; E]) -> [usize; D] {
    std::array::from_fn(|i| dims[i + E - D])
}

/// The base with how tensors of copies are laid out for it.
struct Copies<const D: usize, const E: usize, T> {
    /// With room for the copies where one of its dimensions takes them.
    base: T,
    /// How many dimensions of the base are batch dimensions.
    batch: usize,
    /// The new dimensions, then ones.
    leading: [usize; E],
    /// How many copies that makes.
    count: usize,
    /// The dimension of the base that takes the copies; absent where they follow each other.
    into: Option<usize>,
    /// The shape of one copy.
    one: [usize; D],
}

impl<const D: usize, const E: usize, T> Copies<D, E, T> {
    /// How many tensors hold all copies.
    fn parts(&self) -> usize {
        if self.into.is_some() { 1 } else { self.count }
    }

    /// The dimension that counts copies in a tensor of rank `E`, where `E > D`.
    const LINE: usize = (E - D).saturating_sub(1);

    /// One dimension for all copies, then `one`.
    fn in_line(&self, one: [usize; D]) -> [usize; E] {
        std::array::from_fn(|i| match i + D {
            before if before + 1 < E => 1,
            line if line < E => self.count,
            after => one[after - E],
        })
    }

    /// The order of the dimensions that has the one of the copies before dimension `at` of the base.
    fn order(at: usize) -> [usize; E] {
        std::array::from_fn(|i| match i {
            moved if moved >= Self::LINE && moved < Self::LINE + at => moved + 1,
            line if line == Self::LINE + at => Self::LINE,
            kept => kept,
        })
    }

    /// A tensor for all copies as tensors of the base's rank.
    fn apart<K: Basic>(&self, all: Tensor<E, K>) -> Vec<Tensor<D, K>> {
        let mut one = last::<D, E>(all.dims());
        let line = all.reshape(self.in_line(one));
        let Some(at) = self.into else {
            return (0..self.count).map(|k| line.clone().narrow(Self::LINE, k, 1).reshape(one)).collect();
        };
        one[at] *= self.count;
        let line = if at == 0 || self.count == 1 { line } else { line.permute(Self::order(at).map(|axis| axis as isize)) };
        vec![line.reshape(one)]
    }

    /// The inverse of [`apart`](Self::apart); batch dimensions that were left at size 1 are filled.
    fn together<K: Basic>(&self, mut parts: Vec<Tensor<D, K>>) -> Tensor<E, K> {
        let mut one = parts[0].dims();
        one[..self.batch].copy_from_slice(&self.one[..self.batch]);
        let line = self.in_line(one);
        let all = match self.into {
            Some(at) => {
                let mut held = one;
                held[at] *= self.count;
                let part = spread(parts.swap_remove(0), held);
                if at == 0 || self.count == 1 {
                    part.reshape(line)
                } else {
                    let order = Self::order(at);
                    let mut back = [0; E];
                    order.iter().enumerate().for_each(|(i, &axis)| back[axis] = i as isize);
                    part.reshape(order.map(|axis| line[axis])).permute(back)
                }
            }
            None => {
                let mut row = line;
                row[Self::LINE] = 1;
                Tensor::cat(parts.into_iter().map(|part| spread(part, one).reshape(row)).collect(), Self::LINE)
            }
        };
        all.reshape(std::array::from_fn::<usize, E, _>(|i| if i + D < E { self.leading[i] } else { one[i + D - E] }))
    }
}

impl<const D: usize, const E: usize, T: Distribution<D>> Distribution<E> for Expanded<D, E, T> {
    type Kind = T::Kind;

    of_base! { event_rank support score_vanishes is_reparameterised place own_conflict parameters }

    fn name(&self) -> String {
        format!("Expanded({})", self.base.name())
    }

    fn shape(&self) -> [usize; E] {
        self.shape
    }

    fn log_prob(&self, value: &Tensor<E, T::Kind>) -> Tensor<E> {
        self.at(value, T::log_prob)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<E, T::Kind>> {
        let copies = self.copies(self.shape);
        let parts = (0..copies.parts()).map(|_| copies.base.draw(noise)).collect::<Result<_>>()?;
        Ok(copies.together(parts))
    }

    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<E, T::Kind>> {
        let copies = self.copies(self.shape);
        let (mut values, mut log_probs, mut bases) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..copies.parts() {
            let ScoredDraw { value, log_prob, base } = copies.base.draw_scored(noise)?;
            values.push(value);
            log_probs.push(log_prob);
            bases.push(base);
        }
        let known = |parts: Vec<Option<_>>| parts.into_iter().collect::<Option<_>>().map(|parts| copies.together(parts));
        Ok(ScoredDraw { log_prob: known(log_probs), base: known(bases), value: copies.together(values) })
    }

    fn log_prob_from(&self, base: &Tensor<E>, value: &Tensor<E, T::Kind>) -> Tensor<E> {
        let copies = self.copies(value.dims());
        let (bases, values) = (copies.apart(base.clone()), copies.apart(value.clone()));
        copies.together(bases.iter().zip(&values).map(|(base, value)| copies.base.log_prob_from(base, value)).collect())
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<E, T::Kind>>> {
        Ok(self.base.begin(at)?.map(|begin| self.same(begin, self.shape)))
    }

    fn grow(mut self, shape: [usize; E]) -> Self {
        self.shape = shape;
        self
    }
}

impl<const D: usize, const E: usize, T: Moments<D>> Moments<E> for Expanded<D, E, T> {
    fn mean(&self) -> Tensor<E> {
        self.same(self.base.mean(), self.shape)
    }

    fn variance(&self) -> Tensor<E> {
        self.same(self.base.variance(), self.shape)
    }
}

impl<const D: usize, const E: usize, T: Entropy<D>> Entropy<E> for Expanded<D, E, T> {
    fn entropy(&self) -> Tensor<E> {
        self.same(self.base.entropy(), self.shape)
    }
}

impl<const D: usize, const E: usize, T: Cdf<D>> Cdf<E> for Expanded<D, E, T> {
    fn cdf(&self, value: &Tensor<E, T::Kind>) -> Tensor<E> {
        self.at(value, T::cdf)
    }

    fn survival(&self, value: &Tensor<E, T::Kind>) -> Tensor<E> {
        self.at(value, T::survival)
    }

    fn log_cdf(&self, value: &Tensor<E, T::Kind>) -> Tensor<E> {
        self.at(value, T::log_cdf)
    }

    fn log_survival(&self, value: &Tensor<E, T::Kind>) -> Tensor<E> {
        self.at(value, T::log_survival)
    }
}

impl<const D: usize, const E: usize, T: InverseCdf<D>> InverseCdf<E> for Expanded<D, E, T> {
    fn icdf(&self, p: &Tensor<E>) -> Tensor<E, T::Kind> {
        self.at(p, T::icdf)
    }

    fn inverse_survival(&self, q: &Tensor<E>) -> Tensor<E, T::Kind> {
        self.at(q, T::inverse_survival)
    }
}

impl<const D: usize, const E: usize, P: KlTo<D, Q>, Q: Distribution<D>> KlTo<E, Expanded<D, E, Q>> for Expanded<D, E, P> {
    /// That of the bases, for each copy.
    fn kl_to(&self, q: &Expanded<D, E, Q>) -> Tensor<E> {
        self.same(self.base.kl_to(&q.base), broadcast(("p", self.shape), ("q", q.shape)).unwrap_or(self.shape))
    }
}
