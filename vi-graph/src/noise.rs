//! Standard noise from keys, many numbers at a time.
//!
//! A key and a lane name an endless row of numbers. Block `j` of the row is Threefry-4×32 with 20 rounds of the
//! counter `[j, j ≫ 32, lane, 0]` under the 128 bits of the key, and gives the elements `2j` and `2j + 1`. The same key
//! gives the same bits on every machine, however the numbers are asked for; in single precision they are those of
//! double precision to about a millionth, but for the far tail, where 32 bits of a word are fewer than 52.

mod plan;

use crate::cpu::kernels::Level;
use crate::cpu::kernels::noise::{BLOCKS, Counters, Draw, Kernels, Rows, Run, kernels};
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
    kernels.sweep_row(words(key), key.lane_index(), chunks, out);
    let start = 2 * BLOCKS * chunks;
    let left = &mut out[start..];
    if !left.is_empty() {
        let counters = Counters::of(|i| (key.lane_index(), (start / 2 + i) as u64));
        let numbers = chunk(kernels, &counters, key);
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
    let rows = Rows::new(out.len() / per_lane, per_lane);
    kernels.sweep_rows(words(key), rows, out);
    let numbers = chunk(kernels, &Counters::of(|i| rows.block(rows.swept() + i)), key);
    for (i, pair) in numbers.chunks_exact(2).enumerate().take(rows.blocks() - rows.swept()) {
        let place = rows.place(rows.swept() + i);
        let len = place.len();
        out[place].copy_from_slice(&pair[..len]);
    }
}

/// The numbers of one chunk under one key.
fn chunk<T: Draw>(kernels: &Kernels<T>, counters: &Counters, key: Key) -> [T; 2 * BLOCKS] {
    let mut numbers = [T::default(); 2 * BLOCKS];
    kernels.fill(counters, &[Run { mask: [u32::MAX; BLOCKS], key: 0 }], &[words(key)], 0, &mut numbers);
    numbers
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
