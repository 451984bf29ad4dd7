//! Standard noise from keys, many numbers at a time.
//!
//! A key and a lane name an endless row of numbers. Block `j` of the row is Threefry-4×32 with 20 rounds of the
//! counter `[j, j ≫ 32, lane, 0]` under the 128 bits of the key, and gives the elements `2j` and `2j + 1`. The same key
//! gives the same bits on every machine, however the numbers are asked for; in single precision they are those of
//! double precision to about a millionth, but for the far tail, where 32 bits of a word are fewer than 52.

use crate::cpu::kernels::Level;
use crate::cpu::kernels::noise::{BLOCKS, Chunk, Draw, Kernels, Layout, Walk, kernels};
use crate::ir::NoiseKind;
use crate::key::Key;

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
    let sweep = kernels.sweep(Layout::Lane);
    // Runs in which the upper word of the counter does not change.
    let most = (1 << 32) / BLOCKS;
    let mut done = 0;
    while done < chunks {
        let now = (chunks - done).min(most);
        let block = (done * BLOCKS) as u64;
        let walk = Walk { key: words(key), lane: key.lane_index(), high: (block >> 32) as u32, low: block as u32, row: 1 };
        // SAFETY: the chunks from `done` to `done + now` lie within `out`; the level was detected.
        unsafe { sweep(walk, now, out.as_mut_ptr().add(2 * BLOCKS * done)) };
        done += now;
    }
    let start = 2 * BLOCKS * chunks;
    let left = &mut out[start..];
    if !left.is_empty() {
        let chunk = Chunk::consecutive(words(key), key.lane_index(), (start / 2) as u64);
        let mut numbers = [T::default(); 2 * BLOCKS];
        // SAFETY: the level was detected.
        unsafe { (kernels.fill)(&chunk, &mut numbers) };
        left.copy_from_slice(&numbers[..left.len()]);
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
    let lanes = out.len() / per_lane;
    let row = per_lane.div_ceil(2);
    let layout = Layout::of(per_lane);
    // The last block is never swept: its second number may lie outside.
    let chunks = (lanes * row).saturating_sub(1) / BLOCKS;
    let walk = Walk { key: words(key), lane: 0, high: 0, low: 0, row: row as u32 };
    // SAFETY: blocks before the last of `lanes` rows write within the rows; the level was detected.
    unsafe { kernels.sweep(layout)(walk, chunks, out.as_mut_ptr()) };
    let first = chunks * BLOCKS;
    let mut chunk = Chunk::consecutive(words(key), 0, 0);
    for i in 0..BLOCKS {
        chunk.lane[i] = ((first + i) / row) as u32;
        chunk.low[i] = ((first + i) % row) as u32;
    }
    let mut numbers = [T::default(); 2 * BLOCKS];
    // SAFETY: the level was detected.
    unsafe { (kernels.fill)(&chunk, &mut numbers) };
    for (i, pair) in numbers.chunks_exact(2).enumerate().take(lanes * row - first) {
        let (lane, block) = ((first + i) / row, (first + i) % row);
        let at = lane * per_lane + 2 * block;
        let end = (at + 2).min((lane + 1) * per_lane);
        out[at..end].copy_from_slice(&pair[..end - at]);
    }
}

impl Layout {
    /// How the blocks of rows of `per_lane` numbers lie.
    fn of(per_lane: usize) -> Self {
        match per_lane {
            1 => Layout::One,
            n if n % 2 == 0 => Layout::Even,
            _ => Layout::Odd,
        }
    }
}

impl Chunk {
    /// Sixteen blocks of one lane.
    fn consecutive(key: [u32; 4], lane: u32, block: u64) -> Self {
        let at = |i: usize| block + i as u64;
        Chunk {
            key: key.map(|word| [word; BLOCKS]),
            low: std::array::from_fn(|i| at(i) as u32),
            high: std::array::from_fn(|i| (at(i) >> 32) as u32),
            lane: [lane; BLOCKS],
        }
    }
}

#[cfg(test)]
mod tests;
