//! Splittable keys for counter-based random streams: (seed, step, site, call, particle) -> stream.
//!
//! A key is a value. Equal keys give equal streams on every backend and machine, and a key derived with one label
//! is independent of the keys derived with other labels, so that a new site leaves the draws of the others alone.

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// Names one random stream; derive others with [`Key::fold_in`], [`Key::site`] and [`Key::lane`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    words: [u64; 2],
    lane: u32,
}

impl Key {
    /// The root key of a seed.
    pub fn new(seed: u64) -> Self {
        Key { words: [mix(seed ^ 0x9e37_79b9_7f4a_7c15), mix(seed.wrapping_add(0xd1b5_4a32_d192_ed03))], lane: 0 }
    }

    /// The key for `label` below this one (a step, a particle, a draw).
    #[must_use]
    pub fn fold_in(self, label: u64) -> Self {
        self.fold(Label::new(label))
    }

    /// [`Key::fold_in`] of a label that is used with many keys.
    #[inline]
    pub(crate) fn fold(self, label: Label) -> Self {
        let [a, b] = self.words;
        let x = mix(a ^ label.mixed);
        let y = mix(b.wrapping_add(x).rotate_left(23) ^ label.product);
        Key { words: [x.wrapping_add(y.rotate_left(41)), y], lane: self.lane }
    }

    /// The same key for one of many particles; the keys derived from it are in that lane too.
    ///
    /// A lane is a word of the counter and not of the key, so that the streams of all particles are one sweep.
    #[must_use]
    pub fn lane(self, lane: u32) -> Self {
        Key { lane, ..self }
    }

    /// The 128 bits of the key, without the lane.
    pub fn words(self) -> [u64; 2] {
        self.words
    }

    /// Which particle.
    pub fn lane_index(self) -> u32 {
        self.lane
    }

    /// The key of the site or plate called `name` below this one.
    #[must_use]
    pub fn site(self, name: &str) -> Self {
        let [hash, length] = Label::site(name);
        self.fold(hash).fold(length)
    }

    /// The random stream of this key (ChaCha with 8 rounds).
    pub fn stream(self) -> ChaCha8Rng {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.words[0].to_le_bytes());
        seed[8..16].copy_from_slice(&self.words[1].to_le_bytes());
        seed[16..20].copy_from_slice(&self.lane.to_le_bytes());
        ChaCha8Rng::from_seed(seed)
    }
}

/// What of [`Key::fold_in`] depends on the label alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Label {
    mixed: u64,
    product: u64,
}

impl Label {
    pub(crate) fn new(label: u64) -> Self {
        Label { mixed: mix(label.wrapping_add(0x9e37_79b9_7f4a_7c15)), product: label.wrapping_mul(0xff51_afd7_ed55_8ccd) }
    }

    /// The labels that [`Key::site`] folds in, in their order.
    pub(crate) fn site(name: &str) -> [Self; 2] {
        // FNV-1a, 64 bits: names are short and few; the length goes in as well.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, byte| (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        [Label::new(hash), Label::new(name.len() as u64)]
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014), a bijection of the 64-bit words.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
