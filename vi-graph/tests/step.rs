//! Steps of an optimiser, against the formulas on numbers, and the noise that a step draws.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use vi_graph::cpu::{Averaging, Clip, Executable, Memory, Options, Rule, StepPlan, Stepped, Update};
use vi_graph::diff::gradient;
use vi_graph::ir::{Data, NoiseKind, Role, Stream, Type, Unary};
use vi_graph::noise::{fill_f32, fill_f64};
use vi_graph::{Graph, Key, Precision};

/// ELBO `log a − Σ (x − target)²`, so that the loss has the gradients `−1/a` and `2 (x − target)`.
fn quadratic(precision: Precision) -> StepPlan {
    let mut g = Graph::new(precision);
    let x = g.input("x", Role::Parameter, [3], Type::Float);
    let a = g.input("a", Role::Parameter, [1], Type::Float);
    let target = g.input("target", Role::Data, [3], Type::Float);
    let distance = g.sub(x, target);
    let square = g.unary(Unary::Square, distance);
    let sum = g.sum_all(square);
    let log = g.unary(Unary::Log, a);
    let loss = g.sub(sum, log);
    let gradients = gradient(&mut g, loss, &[x, a]).unwrap();
    let elbo = g.neg(loss);
    g.outputs = vec![elbo];
    g.outputs.extend(gradients.into_iter().flatten());
    let mut plan = StepPlan::compile(&g, &Options::default()).unwrap();
    plan.executable().set(2, &Data::Float(vec![1.0, -2.0, 0.5])).unwrap();
    plan.executable().prologue();
    plan
}

/// With elements clipped to 3.
fn adam(rate: f64) -> [Rule; 1] {
    let update = Update::Adam { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, decay: 0.0 };
    [Rule::new(update, rate).clipped(Clip::Value(3.0)).unwrap()]
}

#[test]
fn adam_follows_its_formulas() {
    let mut plan = quadratic(Precision::F64);
    let (mut x, mut a) = ([0.0, 0.0, 4.0], 2.0);
    plan.load(0, &x, &Memory::default()).unwrap();
    plan.load(1, &[a], &Memory::default()).unwrap();
    let (mut m, mut v) = ([0.0; 4], [0.0; 4]);
    for count in 1..=20 {
        let distances = [x[0] - 1.0, x[1] + 2.0, x[2] - 0.5];
        let elbo = f64::ln(a) - distances.iter().map(|d| d * d).sum::<f64>();
        let Stepped::Moved(found) = plan.step(Key::new(count), &adam(0.1), None) else { panic!("not finite") };
        assert!((found - elbo).abs() < 1e-12, "{found} {elbo}");
        let g = [2.0 * distances[0], 2.0 * distances[1], 2.0 * distances[2], -1.0 / a].map(|g: f64| g.clamp(-3.0, 3.0));
        for i in 0..4 {
            m[i] = 0.9 * m[i] + (1.0 - 0.9) * g[i];
            v[i] = 0.99 * v[i] + (1.0 - 0.99) * g[i] * g[i];
            let unbiased = (m[i] / (1.0 - 0.9f64.powf(count as f64)), v[i] / (1.0 - 0.99f64.powf(count as f64)));
            let moved = 0.1 * unbiased.0 / (unbiased.1.sqrt() + 1e-8);
            *(if i < 3 { &mut x[i] } else { &mut a }) -= moved;
        }
    }
    let (found, memory) = plan.store(0, 2, 0);
    assert_eq!(memory.updates, 20);
    for i in 0..3 {
        assert!((found[i] - x[i]).abs() < 1e-12 && (memory.slots[0][i] - m[i]).abs() < 1e-12 && (memory.slots[1][i] - v[i]).abs() < 1e-12);
    }
    assert!((plan.store(1, 2, 0).0[0] - a).abs() < 1e-12);
}

/// A parameter that joins later has its own bias correction: its first step is the learning rate.
#[test]
fn updates_are_counted_for_each_parameter() {
    let mut plan = quadratic(Precision::F32);
    let memory = Memory { updates: 7, slots: vec![vec![0.5; 3], vec![0.25; 3]], ..Memory::default() };
    plan.load(0, &[0.0, 0.0, 4.0], &memory).unwrap();
    plan.load(1, &[2.0], &Memory::default()).unwrap();
    assert_eq!(plan.step(Key::new(0), &adam(0.125), None), Stepped::Moved(f64::from(2f32.ln() - 17.25)));
    let (a, memory) = plan.store(1, 2, 0);
    assert!((a[0] - 2.125).abs() < 1e-6 && memory.updates == 1, "{a:?} {memory:?}");
    let (x, memory) = plan.store(0, 2, 0);
    // m = 0.45 + 0.1 (−2), v = 0.2475 + 0.01 · 4 after update 8.
    let moved = 0.125 * (0.25 / (1.0 - 0.9f64.powi(8))) / (0.2875 / (1.0 - 0.99f64.powi(8))).sqrt();
    assert!((x[0] + moved).abs() < 1e-6 && memory.updates == 8, "{x:?} {moved}");
}

#[test]
fn descent_with_momentum_adds_up_gradients() {
    let mut plan = quadratic(Precision::F64);
    plan.load(0, &[2.0, -2.0, 0.5], &Memory::default()).unwrap();
    plan.load(1, &[1.0], &Memory::default()).unwrap();
    let rule = [Rule::new(Update::Sgd { momentum: 0.5, nesterov: false }, 0.25)];
    plan.step(Key::new(0), &rule, None);
    plan.step(Key::new(0), &rule, None);
    // b = 2, x = 1.5; b = 1 + 1, x = 1.
    let (x, memory) = plan.store(0, 1, 0);
    assert_eq!((x, memory.slots), (vec![1.0, -2.0, 0.5], vec![vec![2.0, 0.0, 0.0]]));
}

#[test]
fn a_step_that_is_not_finite_changes_nothing() {
    let mut plan = quadratic(Precision::F64);
    let memory = Memory { updates: 2, slots: vec![vec![1.0; 3], vec![2.0; 3]], ..Memory::default() };
    plan.load(0, &[0.0, 0.0, 4.0], &memory).unwrap();
    plan.load(1, &[0.0], &Memory::default()).unwrap();
    let Stepped::NotFinite(probe) = plan.step(Key::new(0), &adam(0.1), None) else { panic!("log 0 is not finite") };
    // The ELBO, the sum of the first gradient −2 + 4 + 7, the second.
    assert_eq!(probe, [f64::NEG_INFINITY, 9.0, f64::NEG_INFINITY]);
    assert_eq!(plan.store(0, 2, 0), (vec![0.0, 0.0, 4.0], memory));
    assert_eq!(plan.store(1, 2, 0), (vec![0.0], Memory::default()));
}

/// `x` moves by plain descent at rate ⅛ from a gradient of norm 10, scaled to 5; `a` by momentum from a gradient of −½.
#[test]
fn groups_have_their_own_rules() {
    let mut plan = quadratic(Precision::F64);
    plan.group(vec![1, 0]).unwrap();
    plan.load(0, &[4.0, 2.0, 0.5], &Memory::default()).unwrap();
    plan.load(1, &[2.0], &Memory::default()).unwrap();
    let plain = Rule::new(Update::Sgd { momentum: 0.0, nesterov: false }, 0.125);
    let rules = [
        Rule::new(Update::Sgd { momentum: 0.5, nesterov: false }, 1.0),
        plain.clipped(Clip::Norm { limit: 5.0, groups: 0..1 }).unwrap().shifted(1),
    ];
    assert!(matches!(plan.step(Key::new(0), &rules, None), Stepped::Moved(_)));
    let (x, _) = plan.store(0, 0, 0);
    assert!((x[0] - (4.0 - 3.0 / 8.0)).abs() < 1e-15 && (x[1] - (2.0 - 4.0 / 8.0)).abs() < 1e-15 && x[2] == 0.5, "{x:?}");
    assert_eq!(plan.store(1, 1, 0), (vec![2.5], Memory { updates: 1, slots: vec![vec![-0.5]], ..Memory::default() }));
    assert!(plan.group(vec![0]).is_err());
}

/// A norm of both groups, √(10² + ½²), limited to half of that after elements are clipped to 100.
#[test]
fn a_norm_may_be_of_several_groups() {
    let mut plan = quadratic(Precision::F64);
    plan.group(vec![0, 1]).unwrap();
    plan.load(0, &[4.0, 2.0, 0.5], &Memory::default()).unwrap();
    plan.load(1, &[2.0], &Memory::default()).unwrap();
    let clip = Clip::Norm { limit: 100.25f64.sqrt() / 2.0, groups: 0..2 };
    let rule = Rule::new(Update::Sgd { momentum: 0.0, nesterov: false }, 1.0).clipped(clip).unwrap().clipped(Clip::Value(100.0)).unwrap();
    plan.step(Key::new(0), &[rule.clone(), rule], None);
    let ((x, _), (a, _)) = (plan.store(0, 0, 0), plan.store(1, 0, 0));
    assert!((x[0] - 1.0).abs() < 1e-14 && (x[1] + 2.0).abs() < 1e-14 && (a[0] - 2.25).abs() < 1e-14, "{x:?} {a:?}");
}

/// Plain descent at rate ¼ halves the distance; the distances of iterates 1 to 3 are 4, 2, 1 from 8.
#[test]
fn means_of_iterates() {
    let cases = [
        (Averaging::Uniform, 7.0 / 3.0),
        (Averaging::Exponential { decay: 0.5 }, (0.5 + 0.25 * 2.0 + 0.125 * 4.0) / 0.875),
        // Weights 1 : 2 : 3.
        (Averaging::Polynomial { power: 1.0 }, (4.0 + 2.0 * 2.0 + 3.0) / 6.0),
        (Averaging::Polynomial { power: 0.0 }, 7.0 / 3.0),
    ];
    for (averaging, expected) in cases {
        let mut plan = quadratic(Precision::F64);
        plan.load(0, &[9.0, -2.0, 0.5], &Memory::default()).unwrap();
        plan.load(1, &[2.0], &Memory::default()).unwrap();
        let rule = [Rule::new(Update::Sgd { momentum: 0.0, nesterov: false }, 0.25)];
        for _ in 0..2 {
            plan.step(Key::new(0), &rule, Some(averaging));
        }
        // What is stored and loaded again goes on.
        let (x, memory) = plan.store(0, 0, 0);
        plan.load(0, &x, &memory).unwrap();
        plan.step(Key::new(0), &rule, Some(averaging));
        let (x, memory) = plan.store(0, 0, 0);
        assert_eq!(x[0], 2.0);
        let (count, mean) = memory.average.unwrap();
        assert!(count == 3 && (mean[0] - 1.0 - expected).abs() < 1e-14 && mean[1] == -2.0, "{averaging:?}: {mean:?}, by hand {expected}");
        let mut read = Vec::new();
        plan.read(0, [0, 2].into_iter(), |x| read.push(x));
        assert_eq!(read, [2.0, 0.5]);
    }
}

#[test]
fn noise_is_that_of_the_key_the_site_the_call_and_the_lane() {
    for lanes in [None, Some(3)] {
        for precision in [Precision::F32, Precision::F64] {
            let mut g = Graph::new(precision);
            for (site, call, kind) in [("a", 0, NoiseKind::Normal), ("a", 1, NoiseKind::Uniform), ("b", 0, NoiseKind::Normal)] {
                let shape: Vec<usize> = lanes.into_iter().chain([5]).collect();
                let role = Role::Noise(Stream { site: site.into(), call }, kind);
                let x = g.input(format!("{site}{call}"), role, shape, Type::Float);
                g.outputs.push(x);
            }
            let mut executable = Executable::compile(&g, &Options { lanes, ..Options::default() }).unwrap();
            let key = Key::new(9).fold_in(4);
            executable.run(key);
            for (i, (site, call, kind)) in
                [("a", 0, NoiseKind::Normal), ("a", 1, NoiseKind::Uniform), ("b", 0, NoiseKind::Normal)].into_iter().enumerate()
            {
                let Data::Float(found) = executable.get(i) else { panic!("not floats") };
                for (lane, found) in found.chunks(5).enumerate() {
                    let key = key.site(site).fold_in(call).lane(lane as u32);
                    let (mut single, mut double) = ([0f32; 5], [0f64; 5]);
                    fill_f32(kind, key, &mut single);
                    fill_f64(kind, key, &mut double);
                    let expected = if precision == Precision::F32 { single.map(f64::from) } else { double };
                    assert_eq!(found, expected);
                }
            }
        }
    }
}
