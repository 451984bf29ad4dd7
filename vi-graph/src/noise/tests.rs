#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use super::*;
use crate::cpu::kernels::noise::threefry;

/// The vectors published with the generator's reference implementation.
#[test]
fn blocks_are_those_of_the_published_vectors() {
    assert_eq!(threefry([0; 4], [0; 4]), [0x9c6c_a96a, 0xe17e_ae66, 0xfc10_ecd4, 0x5256_a7d8]);
    assert_eq!(threefry([u32::MAX; 4], [u32::MAX; 4]), [0x2a88_1696, 0x5701_2287, 0xf6c7_446e, 0xa16a_6732]);
    let counter = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
    let key = [0xa409_3822, 0x299f_31d0, 0x082e_fa98, 0xec4e_6c89];
    assert_eq!(threefry(key, counter), [0x59cd_1dbb, 0xb887_9579, 0x86b5_d00c, 0xac8b_6d84]);
}

/// As the contract says it: one element at a time.
fn reference<T: Draw>(normal: bool, key: Key, n: usize) -> Vec<T> {
    (0..n)
        .map(|i| {
            let block = (i / 2) as u64;
            let w = threefry(words(key), [block as u32, (block >> 32) as u32, key.lane_index(), 0]);
            if normal { T::normal(w)[i % 2] } else { T::uniform(w)[i % 2] }
        })
        .collect()
}

fn agrees<T: Draw + PartialEq + std::fmt::Debug>() {
    let key = Key::new(7).site("a");
    for level in Level::available() {
        for normal in [true, false] {
            let kernels = kernels::<T>(level, normal);
            for n in [0, 1, 2, 15, 16, 31, 32, 33, 64, 100, 1000, 5001] {
                let mut out = vec![T::default(); n];
                fill_row(&kernels, key.lane(3), &mut out);
                assert_eq!(out, reference::<T>(normal, key.lane(3), n), "{level:?} {normal} {n}");
            }
            for (lanes, per_lane) in
                [(0, 3), (1, 1), (64, 1), (17, 1), (5, 2), (33, 3), (100, 5), (64, 8), (16, 31), (3, 77), (40, 64), (2, 5000)]
            {
                let mut out = vec![T::default(); lanes * per_lane];
                fill_rows(&kernels, key, per_lane, &mut out);
                let expected: Vec<T> = (0..lanes).flat_map(|l| reference::<T>(normal, key.lane(l as u32), per_lane)).collect();
                assert_eq!(out, expected, "{level:?} {normal} {lanes} × {per_lane}");
            }
        }
    }
}

#[test]
fn levels_and_forms_agree_bit_for_bit_f32() {
    agrees::<f32>();
}

#[test]
fn levels_and_forms_agree_bit_for_bit_f64() {
    agrees::<f64>();
}

#[test]
#[ignore]
fn speed() {
    let key = Key::new(7);
    let mut out = vec![0f32; 1_000_000];
    let mut out64 = vec![0f64; 1_000_000];
    for level in Level::available() {
        let k = kernels::<f32>(level, true);
        let k64 = kernels::<f64>(level, true);
        let ku = kernels::<f32>(level, false);
        for n in [8usize, 32, 64, 640, 10_000, 1_000_000] {
            let reps = (20_000_000 / n).min(1_000_000);
            let time = |f: &mut dyn FnMut(Key)| {
                let mut best = f64::MAX;
                for _ in 0..5 {
                    let t = std::time::Instant::now();
                    for r in 0..reps / 5 {
                        f(key.lane(r as u32));
                    }
                    best = best.min(t.elapsed().as_nanos() as f64 / (reps / 5).max(1) as f64);
                }
                best
            };
            let a = time(&mut |key| fill_row(&k, key, &mut out[..n]));
            let b = time(&mut |key| fill_row(&k64, key, &mut out64[..n]));
            let c = time(&mut |key| fill_row(&ku, key, &mut out[..n]));
            println!(
                "{level:?} n={n}: f32 {a:.1} ns ({:.2}/el)  f64 {b:.1} ({:.2}/el) uniform32 {c:.1} ({:.2}/el)",
                a / n as f64,
                b / n as f64,
                c / n as f64
            );
        }
    }
}
