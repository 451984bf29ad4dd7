//! How a gradient moves the parameters, and whether numbers are finite.
//!
//! Every operation is rounded by itself, in the order in which the runtime's optimisers do them on tensors, so that both
//! give the same parameters.

use super::reduce::{Sum, Terms, fold_all};
use super::{Real, Vector, kernel};

/// What Adam's update of one step multiplies with and adds, the same for every element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adam<R> {
    decay1: R,
    share1: R,
    decay2: R,
    share2: R,
    unbias: R,
    epsilon: R,
    rate: R,
    clip: R,
}

impl<R: Real> Adam<R> {
    /// For update number `update`, counted from 1, of a rule with these decays of the moments.
    pub(crate) fn new(beta1: f64, beta2: f64, epsilon: f64, clip: Option<f64>, rate: f64, update: u64) -> Self {
        let update = update as f64;
        Adam {
            decay1: R::from_f64(beta1),
            share1: R::from_f64(1.0 - beta1),
            decay2: R::from_f64(beta2),
            share2: R::from_f64(1.0 - beta2),
            unbias: R::from_f64((1.0 - beta2.powf(update)).sqrt().recip()),
            epsilon: R::from_f64(epsilon),
            rate: R::from_f64(rate / (1.0 - beta1.powf(update))),
            clip: R::from_f64(clip.unwrap_or(f64::INFINITY)),
        }
    }
}

kernel! {
    /// One step of Adam on whole vectors of values, with gradient and both moments.
    pub(crate) fn adam<R: Real>(n: usize, step: *const Adam<R>, value: *mut R, gradient: *const R, m: *mut R, v: *mut R) = adam_body;
}

#[inline(always)]
unsafe fn adam_body<V: Vector>(
    n: usize,
    step: *const Adam<V::Element>,
    value: *mut V::Element,
    gradient: *const V::Element,
    m: *mut V::Element,
    v: *mut V::Element,
) {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    let (step, clip) = unsafe { (*step, V::new((*step).clip)) };
    let [decay1, share1, decay2, share2, unbias, epsilon, rate] =
        [step.decay1, step.share1, step.decay2, step.share2, step.unbias, step.epsilon, step.rate].map(|x| clip.splat(x));
    let mut i = 0;
    while i < n {
        // SAFETY: the buffers hold whole vectors.
        unsafe {
            // NaN passes both comparisons.
            let g = (-clip).greater(clip.lesser(V::load(gradient.add(i))));
            let first = V::load(m.add(i)) * decay1 + g * share1;
            let second = V::load(v.add(i)) * decay2 + (g * g) * share2;
            let moved = first / (second.sqrt() * unbias + epsilon) * rate;
            first.store(m.add(i));
            second.store(v.add(i));
            (V::load(value.add(i)) - moved).store(value.add(i));
        }
        i += V::LANES;
    }
}

kernel! {
    /// One step of gradient descent on whole vectors; with a momentum, `m` is the direction of the last step and of this one.
    pub(crate) fn descend<R: Real; const MOMENTUM: bool>(n: usize, rate: R, momentum: R, value: *mut R, gradient: *const R, m: *mut R)
        = descend_body;
}

#[inline(always)]
unsafe fn descend_body<V: Vector, const MOMENTUM: bool>(
    n: usize,
    rate: V::Element,
    momentum: V::Element,
    value: *mut V::Element,
    gradient: *const V::Element,
    m: *mut V::Element,
) {
    // SAFETY: the kernel runs at the level of the vector.
    let rate = unsafe { V::new(rate) };
    let momentum = rate.splat(momentum);
    let mut i = 0;
    while i < n {
        // SAFETY: the buffers hold whole vectors.
        unsafe {
            let mut direction = V::load(gradient.add(i));
            if MOMENTUM {
                direction = V::load(m.add(i)) * momentum + direction;
                direction.store(m.add(i));
            }
            (V::load(value.add(i)) - direction * rate).store(value.add(i));
        }
        i += V::LANES;
    }
}

kernel! {
    /// Whether none of `n` elements, which fill whole vectors, is infinite or NaN.
    pub(crate) fn finite<R: Real>(n: usize, x: *const R) -> bool = finite_body;
}

#[inline(always)]
unsafe fn finite_body<V: Vector>(n: usize, x: *const V::Element) -> bool {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe {
        let zeros = Zeros(x, V::new(V::Element::from_f64(0.0)));
        fold_all::<V, Sum, _>(n / V::LANES, zeros).to_f64() == 0.0
    }
}

/// `0 · x[i]`, which is NaN where `x[i]` is not finite.
#[derive(Clone, Copy)]
struct Zeros<V: Vector>(*const V::Element, V);

impl<V: Vector> Terms<V> for Zeros<V> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        unsafe { V::load(self.0.add(i)) * self.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::kernels::Level;

    fn numbers<R: Real>(n: usize, scale: f64) -> Vec<R> {
        (0..n.next_multiple_of(16)).map(|i| R::from_f64(scale * (((i * 37 + 11) % 101) as f64 / 50.0 - 1.0))).collect()
    }

    /// Three steps, element by element in the order of the formulas.
    fn adam_is_as_written<R: Real>(root: fn(R) -> R) {
        for level in Level::available() {
            for (n, clip) in [(0, None), (1, None), (16, Some(0.3)), (1000, None), (1003, Some(0.3))] {
                let (mut value, gradient) = (numbers::<R>(n, 1.0), numbers::<R>(n + 5, 2.0));
                let mut expected = value.clone();
                let zero = R::from_f64(0.0);
                let (mut m, mut v) = (vec![zero; value.len()], vec![zero; value.len()]);
                let (mut first, mut second) = (m.clone(), v.clone());
                for update in 1..=3 {
                    let (beta1, beta2, epsilon, rate) = (0.9, 0.999, 1e-8, 0.02 / update as f64);
                    let step = Adam::<R>::new(beta1, beta2, epsilon, clip, rate, update);
                    // SAFETY: whole vectors.
                    unsafe {
                        adam::<R>(level)(n, &step, value.as_mut_ptr(), gradient.as_ptr(), m.as_mut_ptr(), v.as_mut_ptr());
                    }
                    let unbias1 = 1.0 - beta1.powf(update as f64);
                    let unbias2 = 1.0 - beta2.powf(update as f64);
                    for i in 0..n {
                        let limit = clip.unwrap_or(f64::INFINITY);
                        let g = R::from_f64(gradient[i].to_f64().clamp(-R::from_f64(limit).to_f64(), R::from_f64(limit).to_f64()));
                        first[i] = first[i] * R::from_f64(beta1) + g * R::from_f64(1.0 - beta1);
                        second[i] = second[i] * R::from_f64(beta2) + g * g * R::from_f64(1.0 - beta2);
                        let below = root(second[i]) * R::from_f64(unbias2.sqrt().recip()) + R::from_f64(epsilon);
                        expected[i] = expected[i] - first[i] / below * R::from_f64(rate / unbias1);
                    }
                    assert!(value[..n] == expected[..n] && m[..n] == first[..n] && v[..n] == second[..n], "{level:?} {n} {update}");
                }
            }
        }
    }

    #[test]
    fn adam_agrees_bit_for_bit_with_the_formulas() {
        adam_is_as_written::<f32>(f32::sqrt);
        adam_is_as_written::<f64>(f64::sqrt);
    }

    /// The first step of Adam is the learning rate against the sign of the gradient (Kingma and Ba 2015, section 2.1).
    #[test]
    fn the_first_step_is_the_learning_rate() {
        let (mut value, gradient) = ([1.0; 8], [3.0, -0.5, 100.0, 1e-3, -7.0, 1.0, 2.0, -2.0]);
        let (mut m, mut v) = ([0.0; 8], [0.0; 8]);
        let step = Adam::<f64>::new(0.9, 0.999, 1e-8, None, 0.01, 1);
        // SAFETY: whole vectors.
        unsafe { adam::<f64>(Level::detect())(8, &step, value.as_mut_ptr(), gradient.as_ptr(), m.as_mut_ptr(), v.as_mut_ptr()) };
        for (value, gradient) in value.iter().zip(gradient) {
            assert!((value - (1.0 - 0.01 * gradient.signum())).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn descent_with_and_without_momentum() {
        for level in Level::available() {
            let (mut value, gradient, mut m) = ([1f32; 16], [0.5; 16], [0.0; 16]);
            // SAFETY: whole vectors.
            unsafe { descend::<f32, false>(level)(16, 0.5, 0.0, value.as_mut_ptr(), gradient.as_ptr(), std::ptr::null_mut()) };
            assert_eq!(value, [0.75; 16]);
            for _ in 0..2 {
                // SAFETY: as above.
                unsafe { descend::<f32, true>(level)(16, 0.5, 0.5, value.as_mut_ptr(), gradient.as_ptr(), m.as_mut_ptr()) };
            }
            // Directions ½ and ¾.
            assert_eq!((value, m), ([0.125; 16], [0.75; 16]));
        }
    }

    #[test]
    fn what_is_not_finite_is_found() {
        for level in Level::available() {
            for n in [0, 16, 32, 48, 64, 112, 1008, 5008] {
                let x = numbers::<f32>(n, 3e38);
                // SAFETY: whole vectors.
                assert!(unsafe { finite::<f32>(level)(n, x.as_ptr()) });
                for at in [0, n / 2, n.saturating_sub(1)] {
                    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                        let mut x = x.clone();
                        if at < n {
                            x[at] = bad;
                            // SAFETY: as above.
                            assert!(!unsafe { finite::<f32>(level)(n, x.as_ptr()) });
                        }
                    }
                }
            }
        }
    }
}
