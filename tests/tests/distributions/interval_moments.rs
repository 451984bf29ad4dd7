//! Means and variances of truncated, censored and folded variables, and gradients of what is added up or integrated.

use burn::tensor::{DType, FloatDType, Tensor};
use vi_runtime::dist::*;

use super::bijectors::{evaluated, precisions};
use super::differences::check;
use super::{burn, has_f64, numbers, placement};

#[test]
fn gradients_agree_with_differences() {
    let (loc, scale, low, high) = (&[0.3, 9.0, -2.0][..], &[1.2, 2.0, 0.5][..], &[-1.0, -3.0, 1.0][..], &[2.0, 1.0, 1.3][..]);
    let bounds = [loc, scale, low, high];
    check("moments of a truncated Laplace", &bounds, |t| both_moments(&Laplace::new(&t[0], &t[1]).truncated(&t[2], &t[3])));
    check("moments of a truncated Logistic", &bounds, |t| both_moments(&Logistic::new(&t[0], &t[1]).truncated(&t[2], &t[3])));
    check("moments of a censored Logistic", &bounds, |t| both_moments(&Logistic::new(&t[0], &t[1]).censored(&t[2], &t[3])));
    check("moments of a folded Logistic", &[loc, scale], |t| both_moments(&Logistic::new(&t[0], &t[1]).folded()));
    check("moments of a truncated Exponential", &[scale, &[0.5, -1.0, 7.0], &[0.9, 2.0, 9.0]], |t| {
        both_moments(&Exponential::new(&t[0]).truncated(&t[1], &t[2]))
    });
    check("moments of a truncated Uniform", &[&[-3.0, -1.0], &[2.0, 3.0], &[-1.5, -2.0], &[1.0, 5.0]], |t| {
        both_moments(&Uniform::new(&t[0], &t[1]).truncated(&t[2], &t[3]))
    });
    check("moments of a censored Normal", &bounds, |t| both_moments(&Normal::new(&t[0], &t[1]).censored(&t[2], &t[3])));
    check("moments of a censored Laplace", &bounds, |t| both_moments(&Laplace::new(&t[0], &t[1]).censored(&t[2], &t[3])));
    check("moments of a folded Laplace", &[loc, scale], |t| both_moments(&Laplace::new(&t[0], &t[1]).folded()));
    check("entropy of counts", &[&[0.7, -1.0, 0.3]], |t| Multinomial::logits(12.0, &t[0]).entropy());
    check("entropy of mixed counts", &[&[0.7, 1.5, 4.0]], |t| DirichletMultinomial::new(&t[0], 12.0).entropy());
}

fn both_moments(of: &impl Moments<1>) -> Tensor<1> {
    of.mean() + of.variance()
}

/// Moments between two points are those of quadrature over the density; a variable folded or censored has the mean of its draws.
#[test]
fn moments_between_two_points_are_integrals_of_the_density() {
    let near = |name: &str, found: Tensor<1>, want: f64| {
        let [found] = numbers(found)[..] else { panic!("one number") };
        let tolerance = if has_f64() { 1e-9 } else { 1e-5 };
        assert!((found - want).abs() <= tolerance * want.abs().max(1e-3), "{name}: {found} instead of {want}");
    };
    // Simpson's rule between the points where the density has a kink.
    let integral = |ends: &[f64], f: &dyn Fn(f64) -> f64| -> f64 {
        let piece = |low: f64, high: f64| {
            let n = 20_000;
            let step = (high - low) / f64::from(n);
            let weight = |i: i32| {
                if i == 0 || i == n {
                    1.0
                } else if i % 2 == 1 {
                    4.0
                } else {
                    2.0
                }
            };
            (0..=n).map(|i| weight(i) * f(low + f64::from(i) * step)).sum::<f64>() * step / 3.0
        };
        ends.windows(2).map(|ends| piece(ends[0], ends[1])).sum()
    };
    let laplace = |loc: f64, scale: f64| move |x: f64| (-(x - loc).abs() / scale).exp() / (2.0 * scale);
    let to = placement(if has_f64() { FloatDType::F64 } else { FloatDType::F32 });
    for (loc, scale, low, high) in [(0.3, 1.2, -1.0, 2.0), (5.0, 0.7, -1.0, 2.0), (-4.0, 0.7, -1.0, 2.0), (0.0, 1.0, -30.0, 25.0)] {
        let density = laplace(loc, scale);
        let kink = loc.clamp(low, high);
        let of = |f: &dyn Fn(f64) -> f64| integral(&[low, kink, high], &|x| f(x) * density(x));
        let mass = of(&|_| 1.0);
        let mean = of(&|x| x) / mass;
        let truncated = Laplace::new(loc, scale).truncated(low, high).place(&to);
        near("mean of a truncated Laplace", truncated.mean(), mean);
        near("its variance", truncated.variance(), of(&|x| (x - mean).powi(2)) / mass);
        // What lies beyond an end counts at the end.
        let tail = |distance: f64| if distance > 0.0 { 0.5 * (-distance / scale).exp() } else { 1.0 - 0.5 * (distance / scale).exp() };
        let (below, above) = (tail(loc - low), tail(high - loc));
        let mean = below * low + above * high + of(&|x| x);
        let variance = below * (low - mean).powi(2) + above * (high - mean).powi(2) + of(&|x| (x - mean).powi(2));
        let censored = Laplace::new(loc, scale).censored(low, high).place(&to);
        near("mean of a censored Laplace", censored.mean(), mean);
        near("its variance", censored.variance(), variance);
    }
    for (loc, scale) in [(0.3, 1.2), (-3.0, 0.5)] {
        let density = laplace(loc, scale);
        let of = |f: &dyn Fn(f64) -> f64| integral(&[-40.0, loc.min(0.0), loc.max(0.0), 40.0], &|x| f(x) * density(x));
        let mean = of(&|x| x.abs());
        let folded = Laplace::new(loc, scale).folded().place(&to);
        near("mean of a folded Laplace", folded.mean(), mean);
        near("its variance", folded.variance(), of(&|x| (x.abs() - mean).powi(2)));
    }
    let uniform = Uniform::new(-3.0, 2.0).truncated(-1.0, 5.0).place(&to);
    near("mean of a truncated Uniform", uniform.mean(), 0.5);
    near("its variance", uniform.variance(), 0.75);
}

/// Parameters and ends of an interval, the mean and the variance by 40-digit arithmetic.
type Known = ([f64; 4], [f64; 2]);

fn agrees<M: Moments<1>>(name: &str, of: impl Fn(Logistic<1>) -> M, parameters: &[f64], want: [f64; 2], dtype: DType) {
    let tolerance = if dtype == DType::F64 { 1e-10 } else { 2e-5 };
    let both = |x: Tensor<1>| {
        let of = of(Logistic::new(x.clone().narrow(0, 0, 1), x.narrow(0, 1, 1)));
        Tensor::cat(vec![of.mean(), of.variance()], 0)
    };
    for (by, found) in evaluated(both, parameters, dtype) {
        for ((what, found), want) in ["mean", "variance"].iter().zip(found.value).zip(want) {
            assert!((found - want).abs() <= tolerance * want.abs(), "{what} of {name} {by} in {dtype:?}: {found} instead of {want}");
        }
    }
}

/// Wide and short intervals, about the peak and far out in the tails.
#[test]
fn moments_of_a_logistic_variable_between_two_points() {
    let (none, all) = (f64::NEG_INFINITY, f64::INFINITY);
    let known: [Known; 11] = [
        ([0.3, 1.2, -1.0, 2.0], [0.456_144_037_940_839_1, 0.677_824_269_881_172_7]),
        ([5.0, 0.7, -1.0, 2.0], [1.337_581_592_696_546_6, 0.364_674_694_259_698_84]),
        ([-4.0, 0.7, -1.0, 2.0], [-0.337_581_592_696_546_64, 0.364_674_694_259_698_84]),
        ([0.5, 1.0, -90.0, 75.0], [0.5, 3.289_868_133_696_453]),
        ([-3.0, 0.1, -3.5, 60.0], [-2.995_954_966_885_325_4, 0.030_608_003_159_153_657]),
        ([1.0, 2.0, 3.0, all], [5.329_590_480_502_848, 4.646_517_723_318_675]),
        ([1.0, 2.0, none, -7.0], [-9.018_204_830_930_278, 4.036_372_726_847_786]),
        ([0.25, 0.5, 40.0, 43.0], [40.492_545_265_029_46, 0.227_580_222_014_917_84]),
        ([0.25, 0.5, 40.0, all], [40.5, 0.25]),
        ([0.0, 1.0, -800.0, -790.0], [-790.999_545_980_089_9, 0.995_459_594_764_952_5]),
        ([0.0, 1.0, 700.0, all], [701.0, 1.0]),
    ];
    let short = [
        ([0.5, 1.0, 2.0, 2.0 + 2f64.powi(-20)], [2.000_000_476_837_110_2, 7.579_122_514_774_195e-14]),
        ([0.5, 1.0, 0.5 - 2f64.powi(-20), 0.5 + 2f64.powi(-18)], [0.500_001_430_511_474_6, 1.894_780_628_692_882_5e-12]),
    ];
    for dtype in precisions() {
        // The ends of the short ones are one number in single precision.
        let short = short.into_iter().filter(|_| dtype == DType::F64);
        for ([loc, scale, low, high], want) in known.into_iter().chain(short) {
            let name = format!("Logistic({loc}, {scale}) from {low} to {high}");
            agrees(&name, |base| base.truncated(low, high), &[loc, scale], want, dtype);
        }
        for ([loc, scale, low, high], want) in [
            ([0.3, 1.2, -1.0, 2.0], [0.389_257_574_697_512_27, 1.371_051_657_421_094]),
            ([5.0, 0.7, -1.0, 2.0], [1.990_563_648_454_200_4, 0.012_372_110_255_521_152]),
        ] {
            agrees("a censored Logistic", |base| base.censored(low, high), &[loc, scale], want, dtype);
        }
        for (parameters, want) in [
            ([0.3, 1.2], [1.682_254_607_709_224_4, 1.997_429_547_363_975]),
            ([-3.0, 0.5], [3.002_475_685_137_730_6, 0.807_606_793_580_829_3]),
        ] {
            agrees("a folded Logistic", DistributionExt::folded, &parameters, want, dtype);
        }
    }
}
