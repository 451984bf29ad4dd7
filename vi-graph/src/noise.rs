//! Standard noise from keys, many numbers at a time.
//!
//! A key and a lane name an endless row of numbers. Block `j` of the row is Threefry-4×32 with 20 rounds of the
//! counter `[j, j ≫ 32, lane, 0]` under the 128 bits of the key, and gives the elements `2j` and `2j + 1`. The same key
//! gives the same bits on every machine, however the numbers are asked for; in single precision they are those of
//! double precision to about a millionth, but for the far tail, where 32 bits of a word are fewer than 52.

mod plan;

use crate::cpu::kernels::Level;
use crate::cpu::kernels::noise::{BLOCKS, Counters, Draw, Kernels, Layout, Run, Walk, kernels};
use crate::ir::NoiseKind;
use crate::key::Key;
pub use plan::{NoisePlan, NoiseSite};

/// The numbers of `key` in its lane, single precision.
pub fn fill_f32(kind: NoiseKind, key: Key, out: &mut [f32]) {
    fill_row(&best(kind), key, out);
}

/// The numbers of `key` in its lane, double precision.
pub fn fill_f64(kind: NoiseKind, key: Key, out: &mut [f64]) {
    fill_row(&best(kind), key, out);
}

/// Row `l` of `out`, `per_lane` long, gets the numbers of `key.lane(l)`; `out` ends the rows.
pub fn fill_lanes_f32(kind: NoiseKind, key: Key, per_lane: usize, out: &mut [f32]) {
    fill_rows(&best(kind), key, per_lane, out);
}

/// As [`fill_lanes_f32`], double precision.
pub fn fill_lanes_f64(kind: NoiseKind, key: Key, per_lane: usize, out: &mut [f64]) {
    fill_rows(&best(kind), key, per_lane, out);
}

fn best<T: Draw>(kind: NoiseKind) -> Kernels<T> {
    kernels(Level::detect(), kind == NoiseKind::Normal)
}

/// The 128 bits of a key, little endian.
fn words(key: Key) -> [u32; 4] {
    let [a, b] = key.words();
    [a as u32, (a >> 32) as u32, b as u32, (b >> 32) as u32]
}

fn fill_row<T: Draw>(kernels: &Kernels<T>, key: Key, out: &mut [T]) {
    let chunks = out.len() / (2 * BLOCKS);
    sweep_row(kernels, words(key), key.lane_index(), chunks, out);
    let start = 2 * BLOCKS * chunks;
    let left = &mut out[start..];
    if !left.is_empty() {
        let counters = Counters::of(|i| (key.lane_index(), (start / 2 + i) as u64));
        let numbers = chunk(kernels, &counters, key);
        left.copy_from_slice(&numbers[..left.len()]);
    }
}

/// The first `chunks` of a row.
fn sweep_row<T: Draw>(kernels: &Kernels<T>, key: [u32; 4], lane: u32, chunks: usize, out: &mut [T]) {
    assert!(2 * BLOCKS * chunks <= out.len());
    // Runs in which the upper word of the counter does not change.
    let most = (1 << 32) / BLOCKS;
    for first in (0..chunks).step_by(most) {
        let block = (first * BLOCKS) as u64;
        let walk = Walk { key, lane, high: (block >> 32) as u32, low: block as u32, row: 1 };
        // SAFETY: by the assertion, the chunks lie within `out`; the level of the kernels was detected.
        unsafe { kernels.sweep(Layout::Lane)(walk, (chunks - first).min(most), out.as_mut_ptr().add(2 * BLOCKS * first)) };
    }
}

/// Longer rows go one by one.
const LONG: usize = 1 << 12;

fn fill_rows<T: Draw>(kernels: &Kernels<T>, key: Key, per_lane: usize, out: &mut [T]) {
    if per_lane == 0 {
        return;
    }
    if per_lane > LONG {
        for (lane, row) in out.chunks_mut(per_lane).enumerate() {
            fill_row(kernels, key.lane(lane as u32), row);
        }
        return;
    }
    let rows = Rows::new(out.len() / per_lane, per_lane);
    sweep_rows(kernels, words(key), rows, out);
    let numbers = chunk(kernels, &Counters::of(|i| rows.block(rows.swept() + i)), key);
    for (i, pair) in numbers.chunks_exact(2).enumerate().take(rows.blocks() - rows.swept()) {
        let place = rows.place(rows.swept() + i);
        let len = place.len();
        out[place].copy_from_slice(&pair[..len]);
    }
}

/// The first [`Rows::swept`] blocks of some rows.
fn sweep_rows<T: Draw>(kernels: &Kernels<T>, key: [u32; 4], rows: Rows, out: &mut [T]) {
    assert!(rows.lanes * rows.per_lane <= out.len());
    let walk = Walk { key, lane: 0, high: 0, low: 0, row: rows.row() as u32 };
    // SAFETY: the blocks of whole chunks write within the rows, and the rows lie within `out`; the level was detected.
    unsafe { kernels.sweep(rows.layout())(walk, rows.swept() / BLOCKS, out.as_mut_ptr()) };
}

/// The numbers of one chunk under one key.
fn chunk<T: Draw>(kernels: &Kernels<T>, counters: &Counters, key: Key) -> [T; 2 * BLOCKS] {
    let mut numbers = [T::default(); 2 * BLOCKS];
    // SAFETY: the run refers to the only key; the level of the kernels was detected.
    unsafe { (kernels.fill)(counters, &[Run { mask: [u32::MAX; BLOCKS], key: 0 }], &[words(key)], 0, &mut numbers) };
    numbers
}

/// Rows of `per_lane` numbers, one for each lane from 0 on, neither number being 0.
#[derive(Clone, Copy, Debug)]
struct Rows {
    lanes: usize,
    per_lane: usize,
}

impl Rows {
    fn new(lanes: usize, per_lane: usize) -> Self {
        Rows { lanes, per_lane }
    }

    /// Blocks in a row.
    fn row(self) -> usize {
        self.per_lane.div_ceil(2)
    }

    fn blocks(self) -> usize {
        self.lanes * self.row()
    }

    fn layout(self) -> Layout {
        match self.per_lane {
            1 => Layout::One,
            n if n % 2 == 0 => Layout::Even,
            _ => Layout::Odd,
        }
    }

    /// How many blocks are left to a sweep, a multiple of [`BLOCKS`].
    fn swept(self) -> usize {
        // The second number of the last block of odd rows would lie beyond the end.
        let blocks = if self.layout() == Layout::Odd { self.blocks().saturating_sub(1) } else { self.blocks() };
        blocks / BLOCKS * BLOCKS
    }

    /// The lane of block `i`, and which of its blocks it is.
    fn block(self, i: usize) -> (u32, u64) {
        ((i / self.row()) as u32, (i % self.row()) as u64)
    }

    /// Where the numbers of block `i` go.
    fn place(self, i: usize) -> std::ops::Range<usize> {
        let (lane, block) = (i / self.row(), i % self.row());
        let start = lane * self.per_lane + 2 * block;
        start..(start + 2).min((lane + 1) * self.per_lane)
    }
}

impl Counters {
    /// Block `i` has the lane and the number in its lane that `at` says.
    fn of(at: impl Fn(usize) -> (u32, u64)) -> Self {
        let mut counters = Counters::default();
        for i in 0..BLOCKS {
            let (lane, block) = at(i);
            (counters.low[i], counters.high[i], counters.lane[i]) = (block as u32, (block >> 32) as u32, lane);
        }
        counters
    }
}

#[cfg(test)]
mod tests;
