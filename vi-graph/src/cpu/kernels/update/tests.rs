use super::*;
use crate::cpu::kernels::Level;

fn values<R: Real>(n: usize, scale: f64) -> Vec<R> {
    (0..n.next_multiple_of(16)).map(|i| R::from_f64(scale * (((i * 37 + 11) % 101) as f64 / 50.0 - 1.0))).collect()
}

/// One step on whole vectors, in place.
fn apply<R: Real>(
    level: Level,
    update: &Update,
    (rate, count): (f64, u64),
    [clip, scale]: [f64; 2],
    x: &mut [R],
    g: &[R],
    slots: &mut [Vec<R>],
) {
    let constants = Constants { clip: R::from_f64(clip), scale: R::from_f64(scale), numbers: numbers(update, rate, count) };
    let mut at = [std::ptr::null_mut(); SLOTS];
    at.iter_mut().zip(slots).for_each(|(at, slot)| *at = slot.as_mut_ptr());
    // SAFETY: whole vectors, and all slots of the update.
    unsafe { of::<R>(level, update)(x.len(), &constants, x.as_mut_ptr(), g.as_ptr(), &at) }
}

const PLAIN: [f64; 2] = [f64::INFINITY, 1.0];

/// Three steps, element by element in the order of the formulas.
fn adam_is_as_written<R: Real>(root: fn(R) -> R) {
    for level in Level::available() {
        for (n, clip) in [(0, None), (1, None), (16, Some(0.3)), (1000, None), (1003, Some(0.3))] {
            let (mut value, gradient) = (values::<R>(n, 1.0), values::<R>(n, 2.0));
            let mut expected = value.clone();
            let mut slots = vec![vec![R::from_f64(0.0); value.len()]; 2];
            let (mut first, mut second) = (slots[0].clone(), slots[1].clone());
            for update in 1..=3 {
                let (beta1, beta2, epsilon, decay, rate) = (0.9, 0.999, 1e-8, 0.25, 0.02 / update as f64);
                let limit = R::from_f64(clip.unwrap_or(f64::INFINITY)).to_f64();
                let adam = Update::Adam { beta1, beta2, epsilon, decay };
                apply(level, &adam, (rate, update), [limit, 1.0], &mut value, &gradient, &mut slots);
                let unbias1 = 1.0 - beta1.powf(update as f64);
                let unbias2 = 1.0 - beta2.powf(update as f64);
                for i in 0..n {
                    let g = R::from_f64(gradient[i].to_f64().clamp(-limit, limit));
                    first[i] = first[i] * R::from_f64(beta1) + g * R::from_f64(1.0 - beta1);
                    second[i] = second[i] * R::from_f64(beta2) + g * g * R::from_f64(1.0 - beta2);
                    let below = root(second[i]) * R::from_f64(unbias2.sqrt().recip()) + R::from_f64(epsilon);
                    let moved = first[i] / below * R::from_f64(rate / unbias1);
                    expected[i] = expected[i] * R::from_f64(1.0 - rate * decay) - moved;
                }
                let same = value[..n] == expected[..n] && slots[0][..n] == first[..n] && slots[1][..n] == second[..n];
                assert!(same, "{level:?} {n} {update}");
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
    let (mut value, gradient) = ([1.0f64; 8], [3.0f64, -0.5, 100.0, 1e-3, -7.0, 1.0, 2.0, -2.0]);
    let adam = Update::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 };
    apply(Level::detect(), &adam, (0.01, 1), PLAIN, &mut value, &gradient, &mut vec![vec![0.0; 8]; 2]);
    for (value, gradient) in value.iter().zip(gradient) {
        assert!((value - (1.0 - 0.01 * gradient.signum())).abs() < 1e-6, "{value}");
    }
}

#[test]
fn descent_with_and_without_momentum() {
    for level in Level::available() {
        let (mut value, gradient, mut slots) = ([1f32; 16], [0.5; 16], vec![vec![0.0; 16]]);
        apply(level, &Update::Sgd { momentum: 0.0, nesterov: false }, (0.5, 1), PLAIN, &mut value, &gradient, &mut []);
        assert_eq!(value, [0.75; 16]);
        for count in 1..=2 {
            apply(level, &Update::Sgd { momentum: 0.5, nesterov: false }, (0.5, count), PLAIN, &mut value, &gradient, &mut slots);
        }
        // Directions ½ and ¾.
        assert_eq!((value, &slots), ([0.125; 16], &vec![vec![0.75; 16]]));
        // Momentum ⅞, direction ½ + 7/16; the gradient is 4, clipped to 1 and halved.
        let update = Update::Sgd { momentum: 0.5, nesterov: true };
        apply(level, &update, (0.5, 3), [1.0, 0.5], &mut value, &[4.0; 16], &mut slots);
        assert_eq!((value, slots), ([0.125 - 0.46875; 16], vec![vec![0.875; 16]]));
    }
}

/// The formulas are checked against numbers in the library's tests; all vectors must round as the narrowest does.
fn vectors_agree<R: Real>() {
    let updates = [
        Update::Sgd { momentum: 0.9, nesterov: true },
        Update::RmsProp { decay: 0.99, epsilon: 1e-8, momentum: 0.0, centred: false },
        Update::RmsProp { decay: 0.99, epsilon: 1e-8, momentum: 0.0, centred: true },
        Update::RmsProp { decay: 0.9, epsilon: 1e-8, momentum: 0.5, centred: false },
        Update::RmsProp { decay: 0.9, epsilon: 1e-8, momentum: 0.5, centred: true },
        Update::AdaGrad { epsilon: 1e-10 },
        Update::Cocob { alpha: 100.0 },
        Update::Dog { initial: 1e-6, layerwise: false },
    ];
    for update in updates {
        let run = |level: Level| {
            let (mut x, mut slots) = (values::<R>(200, 1.0), vec![vec![R::from_f64(0.0); 208]; update.slots()]);
            for count in 1..=4 {
                let g = values::<R>(200, 3.0 - count as f64);
                apply(level, &update, (0.02, count), [1.5, 0.75], &mut x, &g, &mut slots);
            }
            (x, slots)
        };
        let expected = run(Level::Portable);
        assert!(expected.0.iter().zip(values::<R>(200, 1.0)).filter(|(x, start)| **x != *start).count() > 190, "{update:?}");
        for level in Level::available() {
            assert!(run(level) == expected, "{level:?} {update:?}");
        }
    }
}

#[test]
fn all_levels_agree_bit_for_bit() {
    vectors_agree::<f32>();
    vectors_agree::<f64>();
}

#[test]
fn norms_distances_and_means() {
    for level in Level::available() {
        for n in [0, 16, 48, 1008, 20_000] {
            let (x, y) = (values::<f64>(n, 2.0), values::<f64>(n, 1.0));
            // SAFETY: whole vectors.
            let (norm, clipped, distance) = unsafe {
                let norm = |clip| square_norm::<f64>(level)(n, clip, x.as_ptr());
                (norm(f64::INFINITY), norm(0.5), square_distance::<f64>(level)(n, x.as_ptr(), y.as_ptr()))
            };
            let sum = |f: &dyn Fn(f64, f64) -> f64| x[..n].iter().zip(&y).map(|(x, y)| f(*x, *y).powi(2)).sum::<f64>();
            for (found, expected) in [(norm, sum(&|x, _| x)), (clipped, sum(&|x, _| x.clamp(-0.5, 0.5))), (distance, sum(&|x, y| x - y))] {
                assert!((found - expected).abs() <= 1e-12 * expected, "{level:?} {n}: {found}, by hand {expected}");
            }
            let mut mean = y.clone();
            // SAFETY: whole vectors.
            unsafe { average::<f64>(level)(n, 0.25, x.as_ptr(), mean.as_mut_ptr()) };
            assert!(mean[..n].iter().zip(x.iter().zip(&y)).all(|(mean, (x, y))| *mean == y + (x - y) * 0.25), "{level:?} {n}");
        }
    }
}

#[test]
fn what_is_not_finite_is_found() {
    for level in Level::available() {
        for n in [0, 16, 32, 48, 64, 112, 1008, 5008] {
            let x = values::<f32>(n, 3e38);
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
