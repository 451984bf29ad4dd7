//! Blocks of the generator and the numbers made from them, sixteen blocks at a time.
//!
//! The generator is Threefry-4×32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
//! 1, 2, 3", 2011). Nothing here uses a fused multiply-add, and square roots and divisions are exact by IEEE 754, so
//! that a key gives the same bits at every [`Level`].

#![allow(clippy::needless_range_loop, reason = "lanes of several arrays at once")]

mod rows;

use super::Level;
pub(crate) use rows::Rows;

/// How many blocks are made at once: a 512-bit register of counters.
pub(crate) const BLOCKS: usize = 16;

/// The numbers of [`BLOCKS`] blocks, two each.
pub(crate) type Pairs<T> = [T; 2 * BLOCKS];

/// Exclusive or of this and all words of a key is the fifth word of its schedule.
const PARITY: u32 = 0x1bd1_1bda;

/// One block: the four words of counter `x` under `key`.
#[inline(always)]
pub(crate) fn threefry([k0, k1, k2, k3]: [u32; 4], [x0, x1, x2, x3]: [u32; 4]) -> [u32; 4] {
    let k4 = PARITY ^ k0 ^ k1 ^ k2 ^ k3;
    let mut x = inject([x0, x1, x2, x3], [k0, k1, k2, k3], 0);
    x = inject(four::<10, 26, 11, 21, 13, 27, 23, 5>(x), [k1, k2, k3, k4], 1);
    x = inject(four::<6, 20, 17, 11, 25, 10, 18, 20>(x), [k2, k3, k4, k0], 2);
    x = inject(four::<10, 26, 11, 21, 13, 27, 23, 5>(x), [k3, k4, k0, k1], 3);
    x = inject(four::<6, 20, 17, 11, 25, 10, 18, 20>(x), [k4, k0, k1, k2], 4);
    inject(four::<10, 26, 11, 21, 13, 27, 23, 5>(x), [k0, k1, k2, k3], 5)
}

#[inline(always)]
fn inject(x: [u32; 4], k: [u32; 4], n: u32) -> [u32; 4] {
    [x[0].wrapping_add(k[0]), x[1].wrapping_add(k[1]), x[2].wrapping_add(k[2]), x[3].wrapping_add(k[3].wrapping_add(n))]
}

/// Four rounds with their rotations.
#[inline(always)]
fn four<const A: u32, const B: u32, const C: u32, const D: u32, const E: u32, const F: u32, const G: u32, const H: u32>(
    [x0, x1, x2, x3]: [u32; 4],
) -> [u32; 4] {
    let ((x0, x1), (x2, x3)) = (mix::<A>(x0, x1), mix::<B>(x2, x3));
    let ((x0, x3), (x2, x1)) = (mix::<C>(x0, x3), mix::<D>(x2, x1));
    let ((x0, x1), (x2, x3)) = (mix::<E>(x0, x1), mix::<F>(x2, x3));
    let ((x0, x3), (x2, x1)) = (mix::<G>(x0, x3), mix::<H>(x2, x1));
    [x0, x1, x2, x3]
}

#[inline(always)]
fn mix<const R: u32>(x: u32, y: u32) -> (u32, u32) {
    let sum = x.wrapping_add(y);
    (sum, y.rotate_left(R) ^ sum)
}

/// What the words of a block become; `[w0, w1]` and `[w2, w3]` are two integers of 64 bits, the low word first.
pub(crate) trait Draw: Copy + Default + 'static {
    /// Two numbers of the open interval (0, 1).
    fn uniform(w: [u32; 4]) -> [Self; 2];
    /// Two standard normal numbers (Box and Muller 1958): `√(−2 ln u) (cos 2πv, sin 2πv)`.
    fn normal(w: [u32; 4]) -> [Self; 2];
}

impl Draw for f32 {
    #[inline(always)]
    fn uniform(w: [u32; 4]) -> [f32; 2] {
        // (h + ½) / 2³², which would round to 1 for the last few
        let one = |h: u32| (h as f32 * SCALE + 0.5 * SCALE).min(1.0 - f32::EPSILON / 2.0);
        [one(w[1]), one(w[3])]
    }

    #[inline(always)]
    fn normal(w: [u32; 4]) -> [f32; 2] {
        let r = radius_f32(w[1]);
        let (sin, cos) = turn_f32(w[3]);
        [r * cos, r * sin]
    }
}

/// 2⁻³²
const SCALE: f32 = 1.0 / 4_294_967_296.0;

/// `√(−2 ln u)` for `u = (h + ½) / 2³²`.
#[inline(always)]
fn radius_f32(h: u32) -> f32 {
    // As a signed integer h is u where u < ½ and u − 1 elsewhere, both to full relative precision.
    let a = h as i32 as f32 * SCALE + 0.5 * SCALE;
    let u = if a < 0.0 { a + 1.0 } else { a };
    // u = 2^e (1 + f), 1 + f in [⅔, 4/3)
    let shifted = u.to_bits().wrapping_sub(0x3f2a_aaab);
    let e = shifted as i32 >> 23;
    let f = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f2a_aaab)) - 1.0;
    // Where e = 0 the sum a + 1 has lost digits of a.
    let f = if e == 0 { a } else { f };
    // ln(1 + f) = f − f²/2 + f³ P(f), P minimax for the relative error on |f| ≤ ⅓: 5e-9
    let f2 = f * f;
    let p0 = 0.333_332_15 + f * -0.249_997_97;
    let p1 = 0.200_104_06 + f * -0.166_804_87;
    let p2 = 0.140_058_62 + f * -0.121_842_675;
    let p3 = 0.139_844_72 + f * -0.128_916_67;
    let p = (p0 + f2 * p1) + (f2 * f2) * (p2 + f2 * p3);
    let ln = f + f2 * (f * p - 0.5);
    (-2.0 * (e as f32 * std::f32::consts::LN_2 + ln)).sqrt()
}

/// Sine and cosine of `(h + ½) / 2³²` turns.
#[inline(always)]
fn turn_f32(h: u32) -> (f32, f32) {
    // The nearest quarter turn and what is left, at most an eighth either way.
    let quarter = h.wrapping_add(1 << 29) >> 30;
    let x = h.wrapping_sub(quarter << 30) as i32 as f32 * SCALE + 0.5 * SCALE;
    let z = x * x;
    // minimax on |x| ≤ ⅛: sin 2πx = x (2π + z S(z)), relative error 5e-12; cos 2πx = 1 + z C(z), 5e-11
    let s = (-41.341_7 + z * 81.605_21) + (z * z) * (-76.698_38 + z * 41.487_576);
    let c = (-19.739_208 + z * 64.939_32) + (z * z) * (-85.443_74 + z * 59.245_964);
    let (s, c) = (x * (std::f32::consts::TAU + z * s), 1.0 + z * c);
    let (sin, cos) = if quarter & 1 == 1 { (c, s) } else { (s, c) };
    // The sine is negative in quarters 2 and 3, the cosine in 1 and 2.
    let sin = f32::from_bits(sin.to_bits() ^ ((quarter & 2) << 30));
    let cos = f32::from_bits(cos.to_bits() ^ ((quarter.wrapping_add(1) & 2) << 30));
    (sin, cos)
}

impl Draw for f64 {
    #[inline(always)]
    fn uniform(w: [u32; 4]) -> [f64; 2] {
        // (k + ½) / 2⁵², k the upper 52 bits: 1 + k / 2⁵² by its bits, then an exact difference
        let one = |w: u64| f64::from_bits(ONE | (w >> 12)) - (1.0 - f64::EPSILON / 2.0);
        [one(wide(w[0], w[1])), one(wide(w[2], w[3]))]
    }

    #[inline(always)]
    fn normal(w: [u32; 4]) -> [f64; 2] {
        let r = radius_f64(wide(w[0], w[1]) >> 12);
        let (sin, cos) = turn_f64(wide(w[2], w[3]) >> 12);
        [r * cos, r * sin]
    }
}

/// The bits of 1.
const ONE: u64 = 0x3ff0_0000_0000_0000;
/// 2⁻⁵³
const HALF: f64 = f64::EPSILON / 2.0;

#[inline(always)]
fn wide(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// `√(−2 ln u)` for `u = (k + ½) / 2⁵²`.
#[inline(always)]
fn radius_f64(k: u64) -> f64 {
    // u where u < ½, u − 1 elsewhere, exact: the bits make 1 + (k ± 2⁵¹) / 2⁵².
    let a = (f64::from_bits(ONE | (k ^ (1 << 51))) - 1.5) + HALF;
    let u = if a < 0.0 { a + 1.0 } else { a };
    // u = 2^e (1 + f), 1 + f in [√½, √2)
    let shifted = u.to_bits().wrapping_sub(0x3fe6_a09e_667f_3bcd);
    let e = shifted >> 52;
    let f = f64::from_bits((shifted & 0x000f_ffff_ffff_ffff).wrapping_add(0x3fe6_a09e_667f_3bcd)) - 1.0;
    let f = if e == 0 { a } else { f };
    // e, of 12 bits and signed, by the bits of 2⁵² + 2¹¹ + e: before AVX-512 no vector of 64-bit integers converts
    let e = f64::from_bits(0x4330_0000_0000_0000 | (e ^ 0x800)) - (4_503_599_627_370_496.0 + 2048.0);
    // ln(1 + f) = 2s + s z P(z), s = f / (2 + f), z = s²; P minimax: 1.3e-18
    let s = f / (2.0 + f);
    let z = s * s;
    let z2 = z * z;
    let low = 0.666_666_666_666_673_4 + z * 0.399_999_999_994_146_9;
    let mid = 0.285_714_287_423_851_1 + z * 0.222_221_985_735_519_78;
    let high = (0.181_835_643_208_169_14 + z * 0.153_140_506_234_909_24) + z2 * 0.147_959_494_784_814_57;
    let ln = s * (2.0 + z * ((low + z2 * mid) + (z2 * z2) * high));
    (-2.0 * (e * std::f64::consts::LN_2 + ln)).sqrt()
}

/// Sine and cosine of `(k + ½) / 2⁵²` turns.
#[inline(always)]
fn turn_f64(k: u64) -> (f64, f64) {
    let shifted = k.wrapping_add(1 << 49);
    let quarter = (shifted >> 50) & 3;
    let x = (f64::from_bits(ONE | (shifted & ((1 << 50) - 1))) - 1.125) + HALF;
    let z = x * x;
    let z2 = z * z;
    // minimax on |x| ≤ ⅛, as in single precision: 3e-18 and 4e-20
    let s = ((-41.341_702_240_399_68 + z * 81.605_249_275_968_23) + z2 * (-76.705_859_708_784_54 + z * 42.058_685_506_736_89))
        + (z2 * z2) * (-15.093_829_321_762_184 + z * 3.781_366_388_729_234_4);
    let c = ((-19.739_208_802_178_716 + z * 64.939_394_022_668_01) + z2 * (-85.456_817_206_540_05 + z * 60.244_641_331_611_66))
        + (z2 * z2) * ((-26.426_251_140_427_7 + z * 7.903_101_637_915_091) + z2 * -1.697_020_078_717_853_3);
    let (s, c) = (x * (std::f64::consts::TAU + z * s), 1.0 + z * c);
    let (sin, cos) = if quarter & 1 == 1 { (c, s) } else { (s, c) };
    let sin = f64::from_bits(sin.to_bits() ^ ((quarter & 2) << 62));
    let cos = f64::from_bits(cos.to_bits() ^ ((quarter.wrapping_add(1) & 2) << 62));
    (sin, cos)
}

/// Where the blocks of a sweep lie: lane by lane, `row` blocks each.
#[derive(Clone, Copy, Debug)]
struct Walk {
    /// Words of the key.
    key: [u32; 4],
    /// The lane of the first block.
    lane: u32,
    /// The number of the first block within its lane, upper half.
    high: u32,
    /// The number of the first block within its lane, lower half; 0 where the sweep goes over several lanes.
    low: u32,
    /// Blocks in a lane; without effect where the sweep stays in one.
    row: u32,
}

/// Where the numbers of block `i` of a sweep go, and so which blocks follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// To `2i` and `2i + 1`, all in one lane.
    Lane,
    /// To `2i` and `2i + 1`: rows of an even length.
    Even,
    /// To `2i − l` and the position after it, `l` the lane less the first lane: rows of an odd length.
    Odd,
    /// The first to `i`, the second nowhere: rows of length 1.
    One,
}

/// [`BLOCKS`] blocks at a time, `chunks` times; writes at `out` all that [`Layout`] says.
///
/// # Safety
///
/// `out` is valid for the writes, and the machine has the instructions of the kernel.
type Sweep<T> = unsafe fn(walk: Walk, chunks: usize, out: *mut T);

/// The counters of some blocks that need not follow each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    /// Numbers of the blocks, lower half.
    pub low: [u32; BLOCKS],
    /// Numbers of the blocks, upper half.
    pub high: [u32; BLOCKS],
    /// Lanes.
    pub lane: [u32; BLOCKS],
    /// All bits where the lane of the step is added.
    pub follows: [u32; BLOCKS],
}

/// The blocks of a chunk that have one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// All bits where the key is that of the block: a selection without branches.
    pub mask: [u32; BLOCKS],
    /// The number of the key.
    pub key: usize,
}

/// The numbers of a chunk of blocks, with the keys of its runs and the lane of the step.
///
/// # Safety
///
/// The machine has the instructions of the kernel.
type Fill<T> = unsafe fn(counters: &Counters, runs: &[Run], keys: &[[u32; 4]], lane: u32, out: &mut Pairs<T>);

#[inline(always)]
fn draw<T: Draw, const NORMAL: bool>(words: [u32; 4]) -> [T; 2] {
    if NORMAL { T::normal(words) } else { T::uniform(words) }
}

#[inline(always)]
fn fill_body<T: Draw, const NORMAL: bool>(counters: &Counters, runs: &[Run], keys: &[[u32; 4]], lane: u32, out: &mut Pairs<T>) {
    let mut key = [[0; BLOCKS]; 4];
    for run in runs {
        let [a, b, c, d] = keys[run.key];
        for i in 0..BLOCKS {
            key[0][i] |= run.mask[i] & a;
            key[1][i] |= run.mask[i] & b;
            key[2][i] |= run.mask[i] & c;
            key[3][i] |= run.mask[i] & d;
        }
    }
    for i in 0..BLOCKS {
        let lane = counters.lane[i].wrapping_add(counters.follows[i] & lane);
        let words = threefry([key[0][i], key[1][i], key[2][i], key[3][i]], [counters.low[i], counters.high[i], lane, 0]);
        let [a, b] = draw::<T, NORMAL>(words);
        out[2 * i] = a;
        out[2 * i + 1] = b;
    }
}

const LANE: u8 = Layout::Lane as u8;
const EVEN: u8 = Layout::Even as u8;
const ODD: u8 = Layout::Odd as u8;
const ONE_EACH: u8 = Layout::One as u8;

/// # Safety
///
/// As [`Sweep`].
#[inline(always)]
unsafe fn sweep_body<T: Draw, const NORMAL: bool, const LAYOUT: u8>(walk: Walk, chunks: usize, out: *mut T) {
    let mut low = [0; BLOCKS];
    let mut lane = [walk.lane; BLOCKS];
    for i in 0..BLOCKS {
        low[i] = walk.low.wrapping_add(i as u32);
        if LAYOUT != LANE {
            lane[i] += low[i] / walk.row;
            low[i] %= walk.row;
        }
    }
    // Sixteen blocks further: whole rows and blocks of a row.
    let (across, along) = if LAYOUT == LANE { (0, BLOCKS as u32) } else { (BLOCKS as u32 / walk.row, BLOCKS as u32 % walk.row) };
    for c in 0..chunks {
        let mut pairs = [T::default(); 2 * BLOCKS];
        let mut firsts = [T::default(); BLOCKS];
        for i in 0..BLOCKS {
            let [a, b] = draw::<T, NORMAL>(threefry(walk.key, [low[i], walk.high, lane[i], 0]));
            firsts[i] = a;
            pairs[2 * i] = a;
            pairs[2 * i + 1] = b;
        }
        match LAYOUT {
            // SAFETY: the caller's.
            ONE_EACH => unsafe { out.add(BLOCKS * c).cast::<[T; BLOCKS]>().write_unaligned(firsts) },
            ODD => {
                for i in 0..BLOCKS {
                    let at = 2 * (BLOCKS * c + i) - (lane[i] - walk.lane) as usize;
                    // SAFETY: the caller's. The second number of a row's last block gives way to the next row.
                    unsafe { out.add(at).cast::<[T; 2]>().write_unaligned([pairs[2 * i], pairs[2 * i + 1]]) };
                }
            }
            // SAFETY: the caller's.
            _ => unsafe { out.add(2 * BLOCKS * c).cast::<Pairs<T>>().write_unaligned(pairs) },
        }
        for i in 0..BLOCKS {
            low[i] = low[i].wrapping_add(along);
            if LAYOUT != LANE {
                let wraps = low[i] >= walk.row;
                low[i] = if wraps { low[i] - walk.row } else { low[i] };
                lane[i] += across + u32::from(wraps);
            }
        }
    }
}

macro_rules! compiled {
    ($sweep:ident, $fill:ident $(, $features:literal)?) => {
        $(#[target_feature(enable = $features)])?
        unsafe fn $sweep<T: Draw, const NORMAL: bool, const LAYOUT: u8>(walk: Walk, chunks: usize, out: *mut T) {
            // SAFETY: the caller's.
            unsafe { sweep_body::<T, NORMAL, LAYOUT>(walk, chunks, out) }
        }

        $(#[target_feature(enable = $features)])?
        unsafe fn $fill<T: Draw, const NORMAL: bool>(
            counters: &Counters,
            runs: &[Run],
            keys: &[[u32; 4]],
            lane: u32,
            out: &mut Pairs<T>,
        ) {
            fill_body::<T, NORMAL>(counters, runs, keys, lane, out)
        }
    };
}

compiled!(sweep_portable, fill_portable);
#[cfg(target_arch = "x86_64")]
compiled!(sweep_avx2, fill_avx2, "avx2,fma");
#[cfg(target_arch = "x86_64")]
compiled!(sweep_avx512, fill_avx512, "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma");

/// The kernels for one law, of a level that the processor has.
#[derive(Debug)]
pub(crate) struct Kernels<T> {
    lane: Sweep<T>,
    even: Sweep<T>,
    odd: Sweep<T>,
    one: Sweep<T>,
    fill: Fill<T>,
}

impl<T: Draw> Kernels<T> {
    /// The numbers of a chunk of blocks, with the keys of its runs and the lane of the step.
    #[inline]
    pub fn fill(&self, counters: &Counters, runs: &[Run], keys: &[[u32; 4]], lane: u32, out: &mut Pairs<T>) {
        // SAFETY: `kernels` has seen that the processor has the level.
        unsafe { (self.fill)(counters, runs, keys, lane, out) }
    }

    /// The first `chunks` times [`BLOCKS`] blocks of a lane; `out` begins with their numbers.
    #[inline]
    pub fn sweep_row(&self, key: [u32; 4], lane: u32, chunks: usize, out: &mut [T]) {
        // Runs in which the upper word of the counter does not change.
        let most = (1 << 32) / BLOCKS;
        for (run, out) in out.as_chunks_mut::<{ 2 * BLOCKS }>().0[..chunks].chunks_mut(most).enumerate() {
            let walk = Walk { key, lane, high: run as u32, low: 0, row: 1 };
            // SAFETY: `kernels` has seen that the processor has the level; `out` is so many chunks.
            unsafe { (self.lane)(walk, out.len(), out.as_mut_ptr().cast()) };
        }
    }

    /// The first [`Rows::swept`] blocks of rows of all lanes; `out` begins with the rows.
    #[inline]
    pub fn sweep_rows(&self, key: [u32; 4], rows: Rows, out: &mut [T]) {
        assert!(rows.fit(out.len()), "rows that are longer than the output");
        let kernel = match rows.layout() {
            Layout::Even => self.even,
            Layout::Odd => self.odd,
            _ => self.one,
        };
        let walk = Walk { key, lane: 0, high: 0, low: 0, row: rows.row() as u32 };
        // SAFETY: `kernels` has seen that the processor has the level. The rows lie within `out`, and their blocks and lanes are
        // counted without wrapping; `Rows::swept` leaves out what would write beyond the rows.
        unsafe { kernel(walk, rows.swept() / BLOCKS, out.as_mut_ptr()) };
    }
}

macro_rules! kernels {
    ($sweep:ident, $fill:ident, $normal:literal) => {
        Kernels {
            lane: $sweep::<T, $normal, LANE>,
            even: $sweep::<T, $normal, EVEN>,
            odd: $sweep::<T, $normal, ODD>,
            one: $sweep::<T, $normal, ONE_EACH>,
            fill: $fill::<T, $normal>,
        }
    };
}

/// The kernels of a level for a law.
#[inline]
pub(crate) fn kernels<T: Draw>(level: Level, normal: bool) -> Kernels<T> {
    assert!(level <= Level::detect(), "a level that the processor does not have");
    match (level, normal) {
        #[cfg(target_arch = "x86_64")]
        (Level::Avx512, true) => kernels!(sweep_avx512, fill_avx512, true),
        #[cfg(target_arch = "x86_64")]
        (Level::Avx512, false) => kernels!(sweep_avx512, fill_avx512, false),
        #[cfg(target_arch = "x86_64")]
        (Level::Avx2, true) => kernels!(sweep_avx2, fill_avx2, true),
        #[cfg(target_arch = "x86_64")]
        (Level::Avx2, false) => kernels!(sweep_avx2, fill_avx2, false),
        (_, true) => kernels!(sweep_portable, fill_portable, true),
        (_, false) => kernels!(sweep_portable, fill_portable, false),
    }
}
