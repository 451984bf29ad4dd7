//! Where guides begin under wrappers: what cannot be drawn says so, and others pass it on.

use std::rc::Rc;

use burn::tensor::{FloatDType, Int, Tensor};
use vi_runtime::bijector::{Affine, Exp, StickBreaking};
use vi_runtime::dist::*;
use vi_runtime::noise::Noise;
use vi_runtime::{AnyOperand, Placement, Support};

use super::density::function::Elements;
use super::{burn, has_f64, numbers, placement};

fn close(found: &[f64], expected: &[f64]) {
    let tolerance = if has_f64() { 1e-12 } else { 1e-5 };
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance * b.abs()), "{found:?} instead of {expected:?}");
}

/// What cannot be drawn has a place to begin, through whatever wraps it.
#[test]
fn a_beginning_passes_through_what_wraps_it() {
    let at = placement(if has_f64() { FloatDType::F64 } else { FloatDType::F32 });
    let flat = |support: Support| ImproperUniform::new(support, [2]);
    let of = |begin: vi_runtime::Result<Option<Tensor<1>>>| numbers(begin.unwrap().unwrap());
    // 0, moved; e⁰ + 3; the fold's support begins inside; the simplex of a stick broken where 0 breaks it.
    assert_eq!(of(flat(Support::Real).transformed(Rc::new(Affine::new(3.0, 2.0))).begin(&at)), [3.0; 2]);
    close(&of(flat(Support::Real).transformed(Rc::new(Exp)).begin(&at)), &[1.0; 2]);
    close(&of(flat(Support::Real).folded().begin(&at)), &[1.0; 2]);
    close(&of(flat(Support::RealVector).transformed(Rc::new(StickBreaking)).begin(&at)), &[1.0 / 3.0; 3]);
    let expanded = flat(Support::Positive).independent(1).transformed(Rc::new(Affine::new(3.0, 2.0))).expand([4, 2]);
    let begin: Tensor<2> = expanded.begin(&at).unwrap().unwrap();
    assert_eq!(begin.dims(), [4, 2]);
    close(&numbers(begin), &[5.0; 8]);
    let components = ImproperUniform::new(Support::Positive, [1, 2]);
    close(&of(MixtureSameFamily::new([0.5, 0.5], components).begin(&at)), &[1.0]);
    let mixture = MixtureGeneral::new([0.5, 0.5], (Normal::new(0.0, 1.0).expand([2]), flat(Support::Real)));
    close(&of(mixture.begin(&at)), &[0.0; 2]);
    assert!(Normal::new(0.0, 1.0).folded().expand([3]).begin(&at).unwrap().is_none());
    // The median between the bounds; the limit beyond which it would be; what the base says; the first state's, at each time.
    close(&of(Beginning { base: Uniform::new(0.0, 1.0), at: 0.9 }.truncated(0.2, 0.6).place(&at).begin(&at)), &[0.4]);
    close(&of(Beginning { base: Normal::new(0.0, 1.0), at: 5.0 }.censored(-1.0, 2.0).place(&at).begin(&at)), &[2.0]);
    close(&of(Beginning { base: Normal::new(0.0, 1.0), at: 0.5 }.censored(-1.0, 2.0).place(&at).begin(&at)), &[0.5]);
    let three = || Beginning { base: Poisson::new(2.0), at: 3.0 };
    let count = |begin: vi_runtime::Result<Option<Tensor<1, Int>>>| begin.unwrap().unwrap().into_data().iter::<i64>().collect::<Vec<_>>();
    assert_eq!(count(ZeroInflated::new(0.3, three()).place(&at).begin(&at)), [3]);
    assert_eq!(count(Hurdle::new(0.3, three()).place(&at).begin(&at)), [3]);
    assert_eq!(count(three().truncated(1.0, f64::INFINITY).place(&at).begin(&at)), [2]);
    let hidden = DiscreteHmm::new([0.5, 0.5], [[0.9, 0.1], [0.2, 0.8]], ImproperUniform::new(Support::GreaterThan(2.0), [4, 2]));
    close(&of(hidden.begin(&at)), &[3.0; 4]);
}

/// A distribution with a place of its own to begin.
#[derive(Clone, Debug)]
struct Beginning<T> {
    base: T,
    at: f64,
}

impl<T: Distribution<1, Kind: Elements>> Distribution<1> for Beginning<T> {
    type Kind = T::Kind;

    fn name(&self) -> String {
        self.base.name()
    }

    fn shape(&self) -> [usize; 1] {
        self.base.shape()
    }

    fn support(&self) -> Support {
        self.base.support()
    }

    fn log_prob(&self, value: &Tensor<1, T::Kind>) -> Tensor<1> {
        self.base.log_prob(value)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> vi_runtime::Result<Tensor<1, T::Kind>> {
        self.base.draw(noise)
    }

    fn begin(&self, at: &Placement) -> vi_runtime::Result<Option<Tensor<1, T::Kind>>> {
        Ok(Some(T::Kind::tensor(&[self.at], &at.device, at.dtype.into())))
    }

    fn place(self, to: &Placement) -> Self {
        Beginning { base: self.base.place(to), at: self.at }
    }

    fn grow(self, shape: [usize; 1]) -> Self {
        Beginning { base: self.base.grow(shape), at: self.at }
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.base.parameters(visit);
    }
}

impl<T: Cdf<1, Kind: Elements>> Cdf<1> for Beginning<T> {
    fn cdf(&self, value: &Tensor<1, T::Kind>) -> Tensor<1> {
        self.base.cdf(value)
    }
}

impl<T: InverseCdf<1, Kind: Elements>> InverseCdf<1> for Beginning<T> {
    fn icdf(&self, p: &Tensor<1>) -> Tensor<1, T::Kind> {
        self.base.icdf(p)
    }
}

impl<T: DrawPositive<1>> DrawPositive<1> for Beginning<T> {
    fn draw_positive(&self, noise: &mut Noise<'_>) -> vi_runtime::Result<Tensor<1, Int>> {
        self.base.draw_positive(noise)
    }
}
