//! The incomplete gamma functions.

use std::f64::consts::TAU;

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use vi_graph::special::coefficients::{DIGAMMA_ASYMPTOTIC, LGAMMA_F32};

use super::super::value::{Mask, Value};
use super::{CUT, LARGE, bound};

/// Below, the series are used up to `x = a + 1`: 24 terms are enough.
const SERIES_END: f64 = 2.0;
const TERMS: usize = 24;

pub(in super::super) fn gamma_p<B: Backend>(a: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    tails::<B>(a, x).0.0
}

pub(in super::super) fn gamma_q<B: Backend>(a: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    tails::<B>(a, x).1.0
}

pub(in super::super) fn gamma_density<B: Backend>(a: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let it = Arguments::<B>::new(a, x);
    let density = &it.weight_over_a * &it.a / &it.x;
    // At 0 the density is infinite, 1 or 0.
    let at_zero = it.a.less(1.0).choose(&it.a.filled(f64::INFINITY), &it.a.equals(1.0).choose(&it.a.filled(1.0), &it.a.filled(0.0)));
    let density = it.zero.choose(&at_zero, &density.fill(&it.infinite, 0.0));
    density.fill(&it.invalid, f64::NAN).0
}

pub(in super::super) fn gamma_p_in_shape<B: Backend>(a: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let it = Arguments::<B>::new(a, x);
    let by_series = it.by_series();
    let (a, x) = (it.a.fill(&by_series, 4.0), it.x.fill(&by_series, 4.0));
    // ln x − ψ(a)
    let large = a.less(LARGE).not();
    let a_large = a.fill(&large.not(), LARGE);
    let z = a_large.recip();
    let square = &z * &z;
    let remainder = &z * (&z * square.polynomial(&DIGAMMA_ASYMPTOTIC[..7]) + 0.5);
    let mu = (&x - &a) / &a;
    let far = mu.less(-0.5);
    let ln_ratio = far.choose(&(&x / &a).ln(), &mu.fill(&far, 0.0).ln_1p());
    let offset = large.choose(&(ln_ratio + remainder), &(x.ln() - a.fill(&large, 1.0).digamma()));
    let lower = offset.less(0.0);
    let sign = lower.choose(&x.filled(1.0), &x.filled(-1.0));
    let distance = (&offset * &sign).as_column();
    let integral = integral(&a, &x, &lower, |u| u - &distance) * &a;

    let series = it.series(&by_series, true);
    let value = -(&it.weight_over_a * by_series.choose(&series, &integral));
    let outside = it.zero.or(&it.infinite);
    value.fill(&outside, 0.0).fill(&it.invalid, f64::NAN).0
}

/// The arguments, replaced by harmless ones where the value is known.
struct Arguments<B: Backend> {
    a: Value<B>,
    x: Value<B>,
    invalid: Mask<B>,
    zero: Mask<B>,
    infinite: Mask<B>,
    /// `xᵃ e^{−x}/Γ(a + 1)`
    weight_over_a: Value<B>,
}

impl<B: Backend> Arguments<B> {
    fn new(a: FloatTensor<B>, x: FloatTensor<B>) -> Self {
        let (a, x) = (Value::<B>(a), Value::<B>(x));
        let positive = a.filled(0.0).less_than(&a).and(&a.less(f64::INFINITY));
        let invalid = positive.not().or(&x.filled(0.0).less_than(&x).or(&x.equals(0.0)).not());
        let (zero, infinite) = (x.equals(0.0), x.equals(f64::INFINITY));
        let special = invalid.or(&zero).or(&infinite);
        let (a, x) = (a.fill(&invalid, 1.0), x.fill(&special, 1.0));
        let large = a.less(LARGE).not();
        let (big, x_big) = (a.fill(&large.not(), LARGE), x.fill(&large.not(), LARGE));
        let ratio = &x_big / &big;
        let far = ratio.less(0.5);
        let near = ((&x_big - &big) / &big).fill(&far, 0.0).log1p_defect();
        let deviance = far.choose(&(&ratio - 1.0 - ratio.ln()), &near);
        let saddle = (-(deviance * &big) - big.stirling_remainder()).exp() / (&big * TAU).sqrt();
        let (small, x_small) = (a.fill(&large, 1.0), x.fill(&large, 1.0));
        let direct = (&small * x_small.ln() - &x_small - (&small + 1.0).lgamma()).exp();
        let weight_over_a = large.choose(&saddle, &direct);
        Arguments { a, x, invalid, zero, infinite, weight_over_a }
    }

    fn by_series(&self) -> Mask<B> {
        self.a.less(SERIES_END).and(&self.x.less_than(&(&self.a + 1.0)))
    }

    /// `Σ xⁿ/(a + 1)ₙ` where the mask holds; each term times `ψ(a + n + 1) − ln x` for the derivative.
    fn series(&self, mask: &Mask<B>, derivative: bool) -> Value<B> {
        let (a, x) = (self.a.fill(&mask.not(), 1.0), self.x.fill(&mask.not(), 1.0));
        let mut factor = derivative.then(|| (&a + 1.0).digamma() - x.ln());
        let mut term = a.filled(1.0);
        let mut sum = factor.clone().unwrap_or_else(|| term.clone());
        for n in 1..TERMS {
            let divisor = &a + n as f64;
            factor = factor.map(|factor| factor + divisor.recip());
            term = term * &x / divisor;
            sum = match &factor {
                Some(factor) => sum + &term * factor,
                None => sum + &term,
            };
        }
        sum
    }
}

/// `P` and `Q`.
fn tails<B: Backend>(a: FloatTensor<B>, x: FloatTensor<B>) -> (Value<B>, Value<B>) {
    let it = Arguments::<B>::new(a, x);
    let by_series = it.by_series();
    let weight = &it.weight_over_a;
    let series = weight * it.series(&by_series, false);
    // For a < 1 neither tail is the complement of the other: P is near 1 for small a, and Q for small x.
    let small = it.a.less(1.0);
    let near = it.x.less(0.5);
    let idle = by_series.and(&small.and(&near.not()).not());
    let (a, x) = (it.a.fill(&idle, 4.0), it.x.fill(&idle, 4.0));
    let lower = x.less_than(&a).and(&small.not());
    let integral = weight * integral(&a, &x, &lower, |u| u.filled(1.0)) * &a;
    let complement = -&integral + 1.0;
    let p = by_series.choose(&series, &lower.choose(&integral, &complement));
    let q = by_series.and(&small.not()).choose(&(-&series + 1.0), &lower.choose(&complement, &integral));
    let tiny = small.and(&near);
    let q = tiny.choose(&it.small(&tiny), &q);
    let finish = |t: Value<B>, at_zero: f64| t.fill(&it.zero, at_zero).fill(&it.infinite, 1.0 - at_zero).fill(&it.invalid, f64::NAN);
    (finish(p, 0.0), finish(q, 1.0))
}

impl<B: Backend> Arguments<B> {
    /// `Q` for `a < 1` and `x < ½`: `1 − xᵃ/Γ(a + 1)` less the rest of the alternating series, of the same sign.
    fn small(&self, mask: &Mask<B>) -> Value<B> {
        let (a, x) = (self.a.fill(&mask.not(), 0.5), self.x.fill(&mask.not(), 0.25));
        // ln Γ(a + 1), relatively accurate around 0.
        let exponent = &a * x.ln() - (&a * a.polynomial(&LGAMMA_F32) - a.ln_1p());
        let mut power = a.filled(1.0);
        let mut sum = a.filled(0.0);
        for n in 1..10 {
            power = &power * &x * (-1.0 / f64::from(n));
            sum = sum + &power * &a / (&a + f64::from(n));
        }
        -exponent.exp_m1() - exponent.exp() * sum
    }
}

/// `∫ f(u) e^{−h(u)} du` over the lower tail, `t = x e^{−u}`, or the upper one, `t = x e^u`.
fn integral<B: Backend>(a: &Value<B>, x: &Value<B>, lower: &Mask<B>, f: impl Fn(&Value<B>) -> Value<B>) -> Value<B> {
    let sign = lower.choose(&x.filled(1.0), &x.filled(-1.0));
    let slope = (a - x) * &sign;
    // Upper tail: (e^u − 1)/2 ≤ e^u − 1 − u from u = 1.26 on.
    let edge = (x.recip() * (2.0 * CUT)).ln_1p().at_least(1.26);
    let end = bound(&slope, x);
    let end = lower.choose(&end, &end.least(&edge));
    let (u, weights) = end.as_column().nodes();
    let (slope, x_column, sign) = (slope.as_column(), x.as_column(), sign.as_column());
    let exponent = &u * slope + x_column * (-(sign * &u)).expm1_defect();
    ((-exponent).exp() * weights * f(&u)).collected(x)
}
