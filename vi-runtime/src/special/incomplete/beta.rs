//! The incomplete beta function.

use std::f64::consts::TAU;

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use super::super::value::{Mask, Value};
use super::{CUT, LARGE, bound};

/// The series is used up to `x = ½`, where each term is at most about half the one before.
const TERMS: usize = 30;

pub(in super::super) fn beta_inc<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let it = Arguments::<B>::new(a, b, x);
    // As in the scalar function: with a parameter below 1 one of the tails may be tiny on both sides of the mean.
    let near_zero = ((&it.a + &it.b) * &it.x).less(2.0).and(&it.x.less(0.5));
    let below_mean = it.excess().less(0.0).not();
    let lower = it.b.less(1.0).or(&it.a.less(1.0).and(&near_zero)).or(&it.a.less(1.0).not().and(&below_mean));
    let value = it.tail(&lower).integrate(&Moment::One);
    let value = lower.choose(&value, &(-&value + 1.0));
    it.finish(value, 0.0, 1.0)
}

pub(in super::super) fn beta_density<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let it = Arguments::<B>::new(a, b, x);
    let all = it.invalid.or(&it.invalid.not());
    let density = it.tail(&all).weight() / &it.x / &it.y;
    let edge = |a: &Value<B>, b: &Value<B>| {
        let at_least = a.equals(1.0).choose(b, &a.filled(0.0));
        a.less(1.0).choose(&a.filled(f64::INFINITY), &at_least)
    };
    let density = it.at_one.choose(&edge(&it.b, &it.a), &it.at_zero.choose(&edge(&it.a, &it.b), &density));
    density.fill(&it.invalid, f64::NAN).0
}

pub(in super::super) fn beta_inc_in_a<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    let it = Arguments::<B>::new(a, b, x);
    // Which side of the geometric mean of t.
    let lower = (it.x.ln() - it.a.digamma_difference(&it.b)).less(0.0);
    let tail = it.tail(&lower);
    // Exchanged, what was ln t is ln(1 − t).
    let value = lower.choose(&tail.integrate(&Moment::LnT), &-tail.integrate(&Moment::LnRest));
    it.finish(value, 0.0, 0.0)
}

pub(in super::super) fn beta_inc_in_b<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>, x: FloatTensor<B>) -> FloatTensor<B> {
    // ∂I_x(a, b)/∂b = −∂I_{1−x}(b, a)/∂b with the roles exchanged.
    let it = Arguments::<B>::new(a, b, x);
    let lower = ((-&it.x).ln_1p() - it.b.digamma_difference(&it.a)).less(0.0).not();
    let tail = it.tail(&lower);
    let value = lower.choose(&tail.integrate(&Moment::LnRest), &-tail.integrate(&Moment::LnT));
    it.finish(value, 0.0, 0.0)
}

/// The arguments, replaced by harmless ones where the value is known.
struct Arguments<B: Backend> {
    a: Value<B>,
    b: Value<B>,
    x: Value<B>,
    /// `1 − x`
    y: Value<B>,
    invalid: Mask<B>,
    at_zero: Mask<B>,
    at_one: Mask<B>,
}

impl<B: Backend> Arguments<B> {
    fn new(a: FloatTensor<B>, b: FloatTensor<B>, x: FloatTensor<B>) -> Self {
        let (a, b, x) = (Value::<B>(a), Value::<B>(b), Value::<B>(x));
        let positive = |t: &Value<B>| t.filled(0.0).less_than(t).and(&t.less(f64::INFINITY));
        let (at_zero, at_one) = (x.equals(0.0), x.equals(1.0));
        let inside = x.filled(0.0).less_than(&x).and(&x.less(1.0)).or(&at_zero).or(&at_one);
        let invalid = positive(&a).and(&positive(&b)).and(&inside).not();
        let x = x.fill(&invalid.or(&at_zero).or(&at_one), 0.5);
        let y = -&x + 1.0;
        Arguments { a: a.fill(&invalid, 1.0), b: b.fill(&invalid, 1.0), x, y, invalid, at_zero, at_one }
    }

    fn excess(&self) -> Value<B> {
        &self.a * &self.y - &self.b * &self.x
    }

    /// The lower tail where the mask holds, elsewhere the upper one as a lower one with the roles exchanged.
    fn tail(&self, lower: &Mask<B>) -> Tail<B> {
        let (a, b) = (lower.choose(&self.a, &self.b), lower.choose(&self.b, &self.a));
        let (x, y) = (lower.choose(&self.x, &self.y), lower.choose(&self.y, &self.x));
        let upper_half = y.less(0.5);
        let ln_x = upper_half.choose(&(-&y).fill(&upper_half.not(), 0.0).ln_1p(), &x.ln());
        let ln_y = upper_half.choose(&y.ln(), &(-&x).fill(&upper_half, 0.0).ln_1p());
        Tail { slope: &a * &y - &b * &x, a, b, x, y, ln_x, ln_y }
    }

    fn finish(&self, value: Value<B>, at_zero: f64, at_one: f64) -> FloatTensor<B> {
        value.fill(&self.at_zero, at_zero).fill(&self.at_one, at_one).fill(&self.invalid, f64::NAN).0
    }
}

/// What is integrated against the density, each less its expectation.
enum Moment {
    One,
    LnT,
    LnRest,
}

struct Tail<B: Backend> {
    a: Value<B>,
    b: Value<B>,
    x: Value<B>,
    y: Value<B>,
    ln_x: Value<B>,
    ln_y: Value<B>,
    slope: Value<B>,
}

impl<B: Backend> Tail<B> {
    /// `xᵃ yᵇ/B(a, b)`
    fn weight(&self) -> Value<B> {
        let Tail { a, b, .. } = self;
        let large = a.less(LARGE).or(&b.less(LARGE)).not();
        let (a_big, b_big) = (a.fill(&large.not(), LARGE), b.fill(&large.not(), LARGE));
        let slope = self.slope.fill(&large.not(), 0.0);
        let sum = &a_big + &b_big;
        let side = |a: &Value<B>, b: &Value<B>, ln_x: &Value<B>, mu: Value<B>| {
            let far = mu.less(-0.5);
            let direct = &mu - (ln_x + (b / a).ln_1p());
            far.choose(&direct, &mu.fill(&far, 0.0).log1p_defect()) * a
        };
        let deviance = side(&a_big, &b_big, &self.ln_x, -(&slope / &a_big)) + side(&b_big, &a_big, &self.ln_y, &slope / &b_big);
        let remainder = sum.stirling_remainder() - a_big.stirling_remainder() - b_big.stirling_remainder();
        let saddle = (&a_big / &sum * &b_big * TAU.recip()).sqrt() * (remainder - deviance).exp();
        let direct = (a * &self.ln_x + b * &self.ln_y - a.log_beta(b)).exp();
        large.choose(&saddle, &direct)
    }

    fn offset(&self, moment: &Moment) -> Value<B> {
        match moment {
            Moment::One => self.a.filled(1.0),
            Moment::LnT => &self.ln_x - self.a.digamma_difference(&self.b),
            Moment::LnRest => &self.ln_y - self.b.digamma_difference(&self.a),
        }
    }

    fn integrate(&self, moment: &Moment) -> Value<B> {
        let offset = self.offset(moment);
        let small = self.a.less(1.0);
        let integral = self.weight() * self.integral(&offset, moment, &small);
        // Below x = ½ the density of the log-odds falls slowly for a small parameter: the rest by the series.
        let half = self.a.filled(0.5);
        let split = small.and(&self.x.less(0.5).not());
        let start = Tail {
            a: self.a.fill(&small.not(), 0.5),
            b: self.b.fill(&small.not(), 0.5),
            x: split.choose(&half, &self.x.fill(&small.not(), 0.5)),
            y: split.choose(&half, &self.y.fill(&small.not(), 0.5)),
            ln_x: self.ln_x.fill(&split.or(&small.not()), 0.5f64.ln()),
            ln_y: self.ln_y.fill(&split.or(&small.not()), 0.5f64.ln()),
            slope: self.slope.filled(0.0),
        };
        let series = (start.weight() * start.series(moment)).fill(&small.not(), 0.0);
        integral.fill(&small.and(&split.not()), 0.0) + series
    }

    /// To where the density has fallen to nothing, or to `x = ½` for a small parameter.
    fn integral(&self, offset: &Value<B>, moment: &Moment, small: &Mask<B>) -> Value<B> {
        let Tail { a, b, x, y, slope, .. } = self;
        let sum = a + b;
        // The curvature of the exponent is at least that at 0 times e^{−u}; for large u it is a u + (a + b) ln y.
        let far = (-(&sum * &self.ln_y) + CUT) / a;
        let usable = slope.less(0.0).not();
        let near = bound(&slope.fill(&usable.not(), 0.0), &(&sum * x * y));
        let end = usable.choose(&near.least(&far), &far);
        let end = small.choose(&(&self.ln_x - &self.ln_y).at_least(0.0), &end);
        let (u, weights) = end.as_column().nodes();

        let (b, x, y, sum, slope) = (b.as_column(), x.as_column(), y.as_column(), sum.as_column(), slope.as_column());
        // (1 − x)/(1 − t) = 1 + x (e^{−u} − 1) up to x = ½, else x/t = 1 + (1 − x) (e^u − 1).
        let right = x.filled(0.5).less_than(&x);
        let (sign, base) = (right.choose(&x.filled(1.0), &x.filled(-1.0)), right.choose(&y, &x));
        let moved = &sign * &u;
        let w = &base * moved.exp_m1();
        let log = w.ln_1p();
        let beyond = w.less(1.0).not();
        let near = &slope * &u + &sum * (&base * moved.fill(&beyond, 0.0).expm1_defect() - w.fill(&beyond, 0.0).log1p_defect());
        let h = beyond.choose(&(&sum * &log - &b * &u), &near);
        // ln(t/x) and ln((1 − t)/(1 − x)): one is −log, the other ±u − log.
        let to_right = (&sign + 1.0) * 0.5;
        let factor = match moment {
            Moment::One => u.filled(1.0),
            Moment::LnT => offset.as_column() - (-&to_right + 1.0) * &u - &log,
            Moment::LnRest => offset.as_column() + to_right * &u - &log,
        };
        ((-h).exp() * weights * factor).collected(offset)
    }

    /// `Σ xⁿ (a + b)ₙ/(a)ₙ₊₁` times the factor.
    fn series(&self, moment: &Moment) -> Value<B> {
        let Tail { a, b, x, .. } = self;
        let mut term = a.recip();
        let mut factor = self.offset(moment);
        if matches!(moment, Moment::LnT) {
            factor = factor - &term;
        }
        let mut sum = &term * &factor;
        for n in 0..TERMS {
            let (upper, lower) = ((a + b + n as f64), (a + (n + 1) as f64));
            match moment {
                Moment::One => {}
                Moment::LnT => factor = factor + upper.recip() - lower.recip(),
                Moment::LnRest => factor = factor + upper.recip(),
            }
            term = term * x * upper / lower;
            sum = sum + &term * &factor;
        }
        sum
    }
}
