//! Rules of descent: what the update of a step is, in plain numbers.

use std::ops::Range;

/// How the gradient `g` of the loss moves a parameter `x`; `η` is the rate of the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `x ← (1 − η λ) x − η m̂ / (√v̂ + ε)` with bias-corrected `m̂`, `v̂`
    /// (Kingma and Ba 2015; Loshchilov and Hutter 2019 for `λ`).
    Adam {
        /// The decay of `m`.
        beta1: f64,
        /// The decay of `v`.
        beta2: f64,
        /// `ε`
        epsilon: f64,
        /// `λ`, the decay of the parameter.
        decay: f64,
    },
    /// `b ← μ b + g`, `x ← x − η d` where `d` is `b`, or `g + μ b` as Nesterov has it.
    Sgd {
        /// `μ`
        momentum: f64,
        /// Whether the step looks ahead (Sutskever et al. 2013).
        nesterov: bool,
    },
    /// `v ← α v + (1 − α) g²`, `b ← μ b + g / (√v + ε)`, `x ← x − η b` (Tieleman and Hinton 2012).
    RmsProp {
        /// `α`
        decay: f64,
        /// `ε`
        epsilon: f64,
        /// `μ`
        momentum: f64,
        /// Whether the square of a running mean of `g` is taken off `v` first (Graves 2013).
        centred: bool,
    },
    /// `s ← s + g²`, `x ← x − η g / (√s + ε)` (Duchi, Hazan and Singer 2011).
    AdaGrad {
        /// `ε`
        epsilon: f64,
    },
    /// Coin betting for every element (Orabona and Tommasi 2017, algorithm 2); there is no rate.
    ///
    /// `L ← max(L, |g|)`, `G ← G + |g|`, `R ← max(R − (x − x₀) g, 0)`, `θ ← θ − g`,
    /// `x ← x₀ + θ (L + R) / (L max(G + L, α L))`.
    Cocob {
        /// `α`, which bounds the first steps: the first moves by `1/α` at most.
        alpha: f64,
    },
    /// `r ← max(r, ‖x − x₀‖)`, `s ← s + ‖g‖²`, `x ← x − η r / √s · g` (Ivgi, Hinder and Carmon 2023).
    Dog {
        /// `r` before the first step, relative to `1 + ‖x₀‖`.
        initial: f64,
        /// Whether norms are those of one parameter, and not of all in the group.
        layerwise: bool,
    },
    /// `r ← max(r, ‖x − x₀‖)`, `s ← s + r² ‖g‖²`, `x ← x − η r² / √s · g` (Khaled, Mishchenko and Jin 2023).
    Dowg {
        /// `r` before the first step, relative to `1 + ‖x₀‖`.
        initial: f64,
        /// Whether norms are those of one parameter, and not of all in the group.
        layerwise: bool,
    },
}

/// The most numbers that an update remembers of an element.
pub(crate) const SLOTS: usize = 5;

impl Update {
    /// How many numbers it remembers of every element.
    pub fn slots(&self) -> usize {
        match *self {
            Update::Adam { .. } => 2,
            Update::Sgd { momentum, .. } => usize::from(momentum != 0.0),
            Update::RmsProp { momentum, centred, .. } => 1 + usize::from(centred) + usize::from(momentum != 0.0),
            Update::AdaGrad { .. } | Update::Dog { .. } | Update::Dowg { .. } => 1,
            Update::Cocob { .. } => SLOTS,
        }
    }

    /// How many numbers it remembers of a parameter as a whole: those of the distance rules, `r` and `s`.
    pub fn scalars(&self) -> usize {
        if self.distance().is_some() { 2 } else { 0 }
    }

    /// What the numbers mean that it remembers: those of one update are of use to another with the same answer.
    pub fn memory(&self) -> &'static str {
        match *self {
            Update::Adam { .. } => "moments",
            Update::Sgd { momentum: 0.0, .. } => "nothing",
            Update::Sgd { .. } => "momentum",
            Update::RmsProp { momentum: 0.0, centred: false, .. } => "mean square",
            Update::RmsProp { momentum: 0.0, centred: true, .. } => "variance",
            Update::RmsProp { centred: false, .. } => "mean square and momentum",
            Update::RmsProp { centred: true, .. } => "variance and momentum",
            Update::AdaGrad { .. } => "sum of squares",
            Update::Cocob { .. } => "wealth",
            Update::Dog { layerwise: false, .. } => "distance",
            Update::Dog { layerwise: true, .. } => "distance of a layer",
            Update::Dowg { layerwise: false, .. } => "weighted distance",
            Update::Dowg { layerwise: true, .. } => "weighted distance of a layer",
        }
    }

    /// Whether the first slot is the parameter before the first update.
    pub(crate) fn anchored(&self) -> bool {
        matches!(self, Update::Cocob { .. } | Update::Dog { .. } | Update::Dowg { .. })
    }

    /// The rules whose rate comes from distances: `initial`, `layerwise`, and whether gradients are weighted by `r²`.
    pub(crate) fn distance(&self) -> Option<(f64, bool, bool)> {
        match *self {
            Update::Dog { initial, layerwise } => Some((initial, layerwise, false)),
            Update::Dowg { initial, layerwise } => Some((initial, layerwise, true)),
            _ => None,
        }
    }
}

/// What is done to gradients before an update.
#[derive(Clone, Debug, PartialEq)]
pub enum Clip {
    /// Elements are clipped to this absolute value.
    Value(f64),
    /// Gradients are scaled down to this Euclidean norm where theirs is larger (Pascanu, Mikolov and Bengio 2013).
    Norm {
        /// The largest norm.
        limit: f64,
        /// The groups of parameters whose gradients make up the norm.
        groups: Range<usize>,
    },
}

/// The most clips of a rule.
pub const CLIPS: usize = 4;

/// The update of one step for one group of parameters, in plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The formula.
    pub update: Update,
    /// The learning rate, `η`.
    pub rate: f64,
    /// What happens to the gradients before, in order.
    pub clips: [Option<Clip>; CLIPS],
}

impl Rule {
    /// Without clips.
    pub fn new(update: Update, rate: f64) -> Self {
        Rule { update, rate, clips: [const { None }; CLIPS] }
    }

    /// With a clip before those that it has; absent where there are [`CLIPS`] already.
    #[must_use]
    pub fn clipped(mut self, clip: Clip) -> Option<Self> {
        if self.clips[CLIPS - 1].is_some() {
            return None;
        }
        self.clips.rotate_right(1);
        self.clips[0] = Some(clip);
        Some(self)
    }

    /// For groups that are counted from `first` on.
    #[must_use]
    pub fn shifted(mut self, first: usize) -> Self {
        for clip in self.clips.iter_mut().flatten() {
            if let Clip::Norm { groups, .. } = clip {
                *groups = groups.start + first..groups.end + first;
            }
        }
        self
    }
}

/// A mean of the iterates: after each update, `average ← average + w (x − average)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Averaging {
    /// The mean of all iterates: `w = 1/t` for iterate `t`, counted from 1 (Polyak and Juditsky 1992).
    Uniform,
    /// Weights that fall by `decay` with each newer iterate, and sum to 1: `w = (1 − decay)/(1 − decayᵗ)`.
    Exponential {
        /// Between 0 and 1.
        decay: f64,
    },
    /// Weights that grow as `t^power`: `w = (power + 1)/(power + t)` (Shamir and Zhang 2013).
    Polynomial {
        /// 0 is the uniform mean.
        power: f64,
    },
}

impl Averaging {
    /// The weight of iterate `count`, counted from 1.
    pub fn weight(&self, count: u64) -> f64 {
        let count = count as f64;
        match *self {
            Averaging::Uniform => count.recip(),
            Averaging::Exponential { decay } => (1.0 - decay) / (1.0 - decay.powf(count)),
            Averaging::Polynomial { power } => (power + 1.0) / (power + count),
        }
    }
}
