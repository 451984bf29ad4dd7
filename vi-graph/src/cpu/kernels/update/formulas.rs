//! The formulas of [`Update`], on vectors.

use crate::cpu::kernels::Vector;
use crate::cpu::update::{SLOTS, Update};

/// The most numbers that a formula works with.
pub(crate) const NUMBERS: usize = 8;

/// COCOB's `L` before the first gradient, so that there is no division by zero where gradients are zero.
const SMALLEST: f64 = 1e-8;

/// The numbers of a formula; those that it does not have are 0.
pub(super) fn numbers(update: &Update, rate: f64, count: u64) -> [f64; NUMBERS] {
    match *update {
        Update::Adam { beta1, beta2, epsilon, decay } => {
            let unbias = |beta: f64| 1.0 - beta.powf(count as f64);
            let (root, moved) = (unbias(beta2).sqrt().recip(), rate / unbias(beta1));
            [beta1, 1.0 - beta1, beta2, 1.0 - beta2, root, epsilon, moved, 1.0 - rate * decay]
        }
        Update::Sgd { momentum, .. } => padded([rate, momentum]),
        Update::RmsProp { decay, epsilon, momentum, .. } => padded([decay, 1.0 - decay, epsilon, rate, momentum]),
        Update::AdaGrad { epsilon } => padded([rate, epsilon]),
        Update::Cocob { alpha } => padded([alpha, SMALLEST]),
        Update::Dog { .. } | Update::Dowg { .. } => padded([rate]),
    }
}

fn padded<const N: usize>(numbers: [f64; N]) -> [f64; NUMBERS] {
    let mut all = [0.0; NUMBERS];
    all[..N].copy_from_slice(&numbers);
    all
}

/// The update of one vector.
pub(crate) trait Formula: 'static {
    /// How many slots it has.
    const SLOTS: usize;

    /// The value that follows `x` after the gradient `g`.
    fn advance<V: Vector>(numbers: &[V; NUMBERS], x: V, g: V, slots: &mut [V; SLOTS]) -> V;
}

pub(crate) struct Adam;

impl Formula for Adam {
    const SLOTS: usize = 2;

    #[inline(always)]
    fn advance<V: Vector>(numbers: &[V; NUMBERS], x: V, g: V, slots: &mut [V; SLOTS]) -> V {
        let [decay1, share1, decay2, share2, unbias, epsilon, rate, keep] = *numbers;
        slots[0] = slots[0] * decay1 + g * share1;
        slots[1] = slots[1] * decay2 + (g * g) * share2;
        x * keep - slots[0] / (slots[1].sqrt() * unbias + epsilon) * rate
    }
}

/// Gradient descent.
pub(crate) struct Plain;

impl Formula for Plain {
    const SLOTS: usize = 0;

    #[inline(always)]
    fn advance<V: Vector>(numbers: &[V; NUMBERS], x: V, g: V, _: &mut [V; SLOTS]) -> V {
        x - g * numbers[0]
    }
}

pub(crate) struct Momentum;

impl Formula for Momentum {
    const SLOTS: usize = 1;

    #[inline(always)]
    fn advance<V: Vector>(&[rate, momentum, ..]: &[V; NUMBERS], x: V, g: V, slots: &mut [V; SLOTS]) -> V {
        slots[0] = slots[0] * momentum + g;
        x - slots[0] * rate
    }
}

pub(crate) struct Nesterov;

impl Formula for Nesterov {
    const SLOTS: usize = 1;

    #[inline(always)]
    fn advance<V: Vector>(&[rate, momentum, ..]: &[V; NUMBERS], x: V, g: V, slots: &mut [V; SLOTS]) -> V {
        slots[0] = slots[0] * momentum + g;
        x - (g + slots[0] * momentum) * rate
    }
}

pub(crate) struct RmsProp<const CENTRED: bool, const MOMENTUM: bool>;

impl<const CENTRED: bool, const MOMENTUM: bool> Formula for RmsProp<CENTRED, MOMENTUM> {
    const SLOTS: usize = 1 + CENTRED as usize + MOMENTUM as usize;

    #[inline(always)]
    fn advance<V: Vector>(&[decay, share, epsilon, rate, momentum, ..]: &[V; NUMBERS], x: V, g: V, slots: &mut [V; SLOTS]) -> V {
        slots[0] = slots[0] * decay + (g * g) * share;
        let mut variance = slots[0];
        if CENTRED {
            slots[1] = slots[1] * decay + g * share;
            // Rounding may leave less than nothing of the variance of equal gradients.
            variance = (variance - slots[1] * slots[1]).greater(x.constant(0.0));
        }
        let mut moved = g / (variance.sqrt() + epsilon);
        if MOMENTUM {
            let last = Self::SLOTS - 1;
            slots[last] = slots[last] * momentum + moved;
            moved = slots[last];
        }
        x - moved * rate
    }
}

pub(crate) struct AdaGrad;

impl Formula for AdaGrad {
    const SLOTS: usize = 1;

    #[inline(always)]
    fn advance<V: Vector>(&[rate, epsilon, ..]: &[V; NUMBERS], x: V, g: V, slots: &mut [V; SLOTS]) -> V {
        slots[0] = slots[0] + g * g;
        x - g / (slots[0].sqrt() + epsilon) * rate
    }
}

pub(crate) struct Cocob;

impl Formula for Cocob {
    const SLOTS: usize = SLOTS;

    #[inline(always)]
    fn advance<V: Vector>(&[alpha, smallest, ..]: &[V; NUMBERS], x: V, g: V, slots: &mut [V; SLOTS]) -> V {
        let [start, largest, sum, reward, lead] = *slots;
        let largest = g.abs().greater(largest).greater(smallest);
        let sum = sum + g.abs();
        let reward = (reward - (x - start) * g).greater(x.constant(0.0));
        let lead = lead - g;
        *slots = [start, largest, sum, reward, lead];
        start + lead / (largest * (sum + largest).greater(largest * alpha)) * (largest + reward)
    }
}
