//! Running allocates nothing, on any number of threads.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use vi_graph::cpu::{Averaging, Clip, Memory, Options, Rule, StepPlan, Stepped, Update};
use vi_graph::diff::gradient;
use vi_graph::ir::{Data, NoiseKind, Reduce, Role, Scan, Stream, Type, Unary};
use vi_graph::{Graph, Key, Precision};

/// Counts allocations of all threads.
struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Logits of `n` observations, a gathered effect, a factor, sorting and scans, and a large product.
fn step(n: usize) -> Graph {
    let mut g = Graph::new(Precision::F32);
    let w = g.input("w", Role::Parameter, [7, 1], Type::Float);
    let effect = g.input("effect", Role::Parameter, [20], Type::Float);
    let x = g.input("x", Role::Data, [n, 7], Type::Float);
    let group = g.input("group", Role::Data, [n], Type::Int);
    let wide = g.input("wide", Role::Data, [100, 300], Type::Float);
    let stream = Stream { site: "noise".into(), call: 0 };
    let noise = g.input("noise", Role::Noise(stream, NoiseKind::Normal), [20], Type::Float);
    let moved = g.add(effect, noise);
    let logits = g.matmul(x, w, false, false);
    let by_group = g.gather(moved, 0, group);
    let by_group = g.reshape(by_group, [n, 1]);
    let logits = g.add(logits, by_group);
    let soft = g.unary(Unary::Softplus, logits);
    let likelihood = g.sum_all(soft);
    let likelihood = g.reshape(likelihood, [1]);
    let scan = g.scan(Scan::Sum, moved, 0, false);
    let spread = g.reduce(Reduce::LogSumExp, scan, &[0]);
    let product = g.matmul(wide, wide, false, true);
    let scaled = g.sum_all(product);
    let scaled = g.reshape(scaled, [1]);
    let scaled = g.mul_scalar(scaled, 1e-6);
    let weight = g.sum_all(w);
    let weight = g.reshape(weight, [1]);
    let scaled = g.mul(scaled, weight);
    let loss = g.add(likelihood, spread);
    let loss = g.add(loss, scaled);
    let gradients = gradient(&mut g, loss, &[w, effect]).unwrap();
    let elbo = g.neg(loss);
    g.outputs = vec![elbo];
    g.outputs.extend(gradients.into_iter().flatten());
    g
}

// One test: other tests of this process would be counted too.
#[test]
fn steps_after_the_first_allocate_nothing() {
    let n = 20_000;
    let floats = |n: usize| Data::Float((0..n).map(|i| f64::from((i * 7 % 13) as f32 / 8.0 - 0.75)).collect());
    for threads in [1, 2] {
        let mut plan = StepPlan::compile(&step(n), &Options { threads, ..Options::default() }).unwrap();
        let executable = plan.executable();
        assert_eq!(executable.loops(), 1);
        executable.set(2, &floats(n * 7)).unwrap();
        executable.set(3, &Data::Int((0..n).map(|i| (i % 20) as i64).collect())).unwrap();
        executable.set(4, &floats(30_000)).unwrap();
        executable.prologue();
        let updates = [
            Update::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 },
            Update::Cocob { alpha: 100.0 },
            Update::Dog { initial: 1e-6, layerwise: false },
            Update::RmsProp { decay: 0.99, epsilon: 1e-8, momentum: 0.5, centred: true },
        ];
        for update in updates {
            for parameter in 0..2 {
                let (value, _) = plan.store(parameter, 0, 0);
                plan.load(parameter, &value, &Memory::default()).unwrap();
            }
            let rules = [Rule::new(update, 0.01).clipped(Clip::Norm { limit: 10.0, groups: 0..1 }).unwrap()];
            let mut steps = |from: u64, to: u64| {
                for number in from..to {
                    let stepped = plan.step(Key::new(number), &rules, Some(Averaging::Uniform));
                    assert!(matches!(stepped, Stepped::Moved(_)), "{stepped:?}");
                }
            };
            steps(0, 5);
            let before = COUNT.load(Ordering::Relaxed);
            steps(5, 105);
            assert_eq!(COUNT.load(Ordering::Relaxed) - before, 0, "{threads} threads, {update:?}");
        }
    }
}
