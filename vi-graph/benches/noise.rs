//! Standard noise: long rows, rows of particles, and the plan of a model with small sites.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use vi_graph::Key;
use vi_graph::ir::{NoiseKind, Stream};
use vi_graph::noise::{NoisePlan, NoiseSite, fill_f32, fill_f64, fill_lanes_f32};

fn main() {
    divan::main();
}

const SIZES: [usize; 4] = [8, 640, 10_000, 1_000_000];

#[divan::bench(args = SIZES)]
fn normal_f32(bencher: Bencher, n: usize) {
    let mut out = vec![0.0; n];
    bencher.counter(ItemsCount::new(n)).bench_local(|| fill_f32(NoiseKind::Normal, black_box(Key::new(1)), &mut out));
}

#[divan::bench(args = SIZES)]
fn normal_f64(bencher: Bencher, n: usize) {
    let mut out = vec![0.0; n];
    bencher.counter(ItemsCount::new(n)).bench_local(|| fill_f64(NoiseKind::Normal, black_box(Key::new(1)), &mut out));
}

#[divan::bench(args = SIZES)]
fn uniform_f32(bencher: Bencher, n: usize) {
    let mut out = vec![0.0; n];
    bencher.counter(ItemsCount::new(n)).bench_local(|| fill_f32(NoiseKind::Uniform, black_box(Key::new(1)), &mut out));
}

/// 64 particles, rows of these lengths.
#[divan::bench(args = [1, 7, 10, 100])]
fn particles(bencher: Bencher, per_lane: usize) {
    let mut out = vec![0.0; 64 * per_lane];
    let counter = ItemsCount::new(out.len());
    bencher.counter(counter).bench_local(|| fill_lanes_f32(NoiseKind::Normal, black_box(Key::new(1)), per_lane, &mut out));
}

/// The eight schools: sites of 1, 1 and 8 numbers; without particles, and with 64.
#[divan::bench(args = [None, Some(64)])]
fn eight_schools(bencher: Bencher, lanes: Option<usize>) {
    let mut offset = 0;
    let sites = [("mu", 1), ("tau", 1), ("theta", 8)].map(|(name, per_lane)| {
        let stream = Stream { site: name.to_owned(), call: 0 };
        let site = NoiseSite { stream, kind: NoiseKind::Normal, lanes, per_lane, offset };
        offset += (lanes.unwrap_or(1) * per_lane).next_multiple_of(16);
        site
    });
    let mut plan = NoisePlan::new(&sites);
    let mut out = vec![0.0; offset];
    let mut step = 0;
    bencher.bench_local(|| {
        step += 1;
        plan.fill_f32(Key::new(1).fold_in(step), &mut out);
    });
}
