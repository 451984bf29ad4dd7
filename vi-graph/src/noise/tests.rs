#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod statistics;

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

fn site(name: &str, call: u64, kind: NoiseKind, lanes: Option<usize>, per_lane: usize, offset: usize) -> NoiseSite {
    NoiseSite { stream: crate::ir::Stream { site: name.into(), call }, kind, lanes, per_lane, offset }
}

fn plan_is_the_single_fills<T: Draw + PartialEq + std::fmt::Debug>(sites: &[NoiseSite], lane: u32) {
    let keys: Vec<Key> = (0..3).map(|step| Key::new(5).fold_in(step).lane(lane)).collect();
    let size = sites.iter().map(|s| s.offset + s.len()).max().unwrap_or(0);
    let single = |key: Key, out: &mut [T]| {
        for s in sites {
            let key = key.site(&s.stream.site).fold_in(s.stream.call);
            let normal = s.kind == NoiseKind::Normal;
            for l in 0..s.lanes.unwrap_or(1) {
                let key = if s.lanes.is_some() { key.lane(l as u32) } else { key };
                out[s.offset + l * s.per_lane..][..s.per_lane].copy_from_slice(&reference::<T>(normal, key, s.per_lane));
            }
        }
    };
    let check = |out: &[T], key: Key| {
        let mut expected = vec![T::default(); size];
        single(key, &mut expected);
        for s in sites {
            let place = s.offset..s.offset + s.len();
            assert_eq!(out[place.clone()], expected[place], "{s:?}");
        }
    };
    let mut plan = NoisePlan::new(sites);
    for &key in &keys {
        let mut out = vec![T::default(); plan.len().max(size)];
        plan.fill(&[key], &mut out);
        check(&out, key);
    }
    let stride = size + 3;
    let mut plan = NoisePlan::for_steps(sites, 3, stride);
    let mut out = vec![T::default(); plan.len().max(3 * stride)];
    plan.fill(&keys, &mut out);
    for (out, &key) in out.chunks_exact(stride).zip(&keys) {
        check(out, key);
    }
}

#[test]
fn a_plan_gives_what_its_sites_give_alone() {
    use NoiseKind::{Normal, Uniform};
    let eight_schools = [site("mu", 0, Normal, None, 1, 0), site("tau", 0, Normal, None, 1, 16), site("theta", 0, Normal, None, 8, 32)];
    let dense = [
        site("a", 0, Normal, None, 3, 0),
        site("a", 1, Uniform, None, 1, 3),
        site("b", 0, Normal, None, 0, 4),
        site("b", 1, Normal, None, 77, 4),
        site("c", 0, Uniform, None, 64, 81),
    ];
    let lanes = [
        site("a", 0, Normal, Some(64), 1, 0),
        site("b", 0, Uniform, Some(5), 3, 64),
        site("c", 0, Normal, Some(40), 7, 80),
        site("d", 0, Normal, Some(7), 8, 360),
        site("e", 0, Normal, Some(2), 5001, 416),
        site("f", 0, Normal, Some(0), 5, 20000),
    ];
    for sites in [&eight_schools[..], &dense, &lanes, &[]] {
        for lane in [0, 9] {
            plan_is_the_single_fills::<f32>(sites, lane);
            plan_is_the_single_fills::<f64>(sites, lane);
        }
    }
}
