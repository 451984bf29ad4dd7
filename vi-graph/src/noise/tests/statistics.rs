use super::*;

const N: usize = 1_000_000;

fn normals(key: Key) -> Vec<f32> {
    let mut out = vec![0.0; N];
    fill_f32(NoiseKind::Normal, key, &mut out);
    out
}

fn mean(x: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut n) = (0.0, 0.0);
    for x in x {
        sum += x;
        n += 1.0;
    }
    sum / n
}

/// Φ to 1e-15 or so: the series of the integral of the density, all terms positive; the asymptotic tail is cut at 9.
fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 9.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}

/// The largest distance of the empirical distribution function, times √n.
fn kolmogorov(mut x: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    x.sort_by(f64::total_cmp);
    let n = x.len() as f64;
    let far = x.iter().enumerate().map(|(i, &x)| (cdf(x) - i as f64 / n).max((i + 1) as f64 / n - cdf(x))).fold(0.0, f64::max);
    far * n.sqrt()
}

/// The first eight moments of a normal law are 0, 1, 0, 3, 0, 15, 0, 105; the variance of x^k is that of x^2k less the square.
#[test]
fn normal_moments() {
    for (seed, wide) in [(1, false), (2, true)] {
        let x: Vec<f64> = if wide {
            let mut out = vec![0.0; N];
            fill_f64(NoiseKind::Normal, Key::new(seed), &mut out);
            out
        } else {
            normals(Key::new(seed)).into_iter().map(f64::from).collect()
        };
        for (power, moment, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let got = mean(x.iter().map(|x| x.powi(power)));
            let error = (variance / N as f64).sqrt();
            assert!((got - moment).abs() < 4.0 * error, "moment {power} is {got}");
        }
    }
}

/// Uniform: E u^k = 1 / (k + 1), the variance 1 / (2k + 1) − 1 / (k + 1)².
#[test]
fn uniform_moments() {
    let mut x = vec![0f32; N];
    fill_f32(NoiseKind::Uniform, Key::new(3), &mut x);
    for power in 1..=4 {
        let k = f64::from(power);
        let got = mean(x.iter().map(|&x| f64::from(x).powi(power)));
        let error = ((1.0 / (2.0 * k + 1.0) - 1.0 / (k + 1.0).powi(2)) / N as f64).sqrt();
        assert!((got - 1.0 / (k + 1.0)).abs() < 4.0 * error, "moment {power} is {got}");
    }
}

/// The distance exceeds 1.95 / √n with probability 0.001 (Kolmogorov 1933).
#[test]
fn distribution_functions() {
    assert!((normal_cdf(1.0) - 0.841_344_746_068_542_9).abs() < 1e-14);
    assert!((normal_cdf(-3.0) - 0.001_349_898_031_630_094_6).abs() < 1e-14);
    let x = normals(Key::new(4)).into_iter().map(f64::from).collect();
    let far = kolmogorov(x, normal_cdf);
    assert!(far < 1.95, "{far}");
    for seed in [5, 6] {
        let mut x = vec![0.0; N];
        fill_f64(NoiseKind::Uniform, Key::new(seed), &mut x);
        let far = kolmogorov(x, |x| x);
        assert!(far < 1.95, "{far}");
    }
    let mut x = vec![0.0; N];
    fill_f64(NoiseKind::Normal, Key::new(7), &mut x);
    let far = kolmogorov(x, normal_cdf);
    assert!(far < 1.95, "{far}");
}

/// P(|x| > 4) = 6.334e-5, P(|x| > 5) = 5.733e-7; 2·10⁷ numbers, so 1266.8 and 11.5 are expected.
#[test]
fn tails() {
    let (mut four, mut five) = (0, 0);
    let mut x = vec![0f32; N];
    for lane in 0..20 {
        fill_f32(NoiseKind::Normal, Key::new(8).lane(lane), &mut x);
        four += x.iter().filter(|x| x.abs() > 4.0).count();
        five += x.iter().filter(|x| x.abs() > 5.0).count();
    }
    assert!((f64::from(four as u32) - 1266.8).abs() < 4.0 * 1266.8f64.sqrt(), "{four}");
    assert!((f64::from(five as u32) - 11.5).abs() < 4.0 * 11.5f64.sqrt(), "{five}");
}

fn correlation(x: &[f32], y: &[f32]) -> f64 {
    mean(x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)))
}

/// Products of independent standard normal numbers have mean 0 and variance 1; so have those of x² − 1, but for 4.
#[test]
fn nothing_is_correlated() {
    let key = Key::new(9);
    let x = normals(key.site("a"));
    let limit = 4.0 / (N as f64).sqrt();
    for lag in [1, 2, 3, 15, 16, 17, 31, 32, 33, 64] {
        assert!(correlation(&x[lag..], &x).abs() < limit, "lag {lag}");
    }
    let square: Vec<f32> = x.iter().map(|x| x * x - 1.0).collect();
    for lag in [1, 2, 31, 32] {
        assert!(correlation(&square[lag..], &square).abs() < 2.0 * limit, "squares, lag {lag}");
    }
    for (name, other) in [
        ("lane", key.site("a").lane(1)),
        ("site", key.site("b")),
        ("call", key.site("a").fold_in(1)),
        ("step", key.fold_in(1).site("a")),
        ("seed", Key::new(10).site("a")),
    ] {
        assert!(correlation(&x, &normals(other)).abs() < limit, "{name}");
    }
    let mut rows = vec![0.0; N];
    fill_lanes_f32(NoiseKind::Normal, key, 10, &mut rows);
    assert!(correlation(&rows[10..], &rows).abs() < limit, "neighbouring lanes");
}

/// The words of a block hold 32 bits for single precision and 52 for double, so far tails differ by more.
#[test]
fn precisions_agree() {
    for kind in [NoiseKind::Normal, NoiseKind::Uniform] {
        let (mut narrow, mut wide) = (vec![0f32; N], vec![0f64; N]);
        fill_f32(kind, Key::new(11), &mut narrow);
        fill_f64(kind, Key::new(11), &mut wide);
        let differences = narrow.iter().zip(&wide).map(|(&x, &y)| (f64::from(x) - y).abs());
        let (near, far) = differences.fold((0, 0.0), |(near, far): (usize, f64), d| (near + usize::from(d > 1e-6), far.max(d)));
        assert!(near < N / 10_000 && far < 1e-2, "{near} differ, by up to {far}");
    }
}

/// Against ln, sin and cos of the standard library, on the words at both ends and on random ones.
#[test]
fn normals_are_box_muller() {
    let ends = [0, 1, 2, 3, 1 << 20, (1 << 31) - 1, 1 << 31, u32::MAX - 1, u32::MAX, 0x4000_0000, 0x2000_0000, 0x1fff_ffff, 0xe000_0000];
    let mut words: Vec<[u32; 4]> = ends.iter().flat_map(|&a| ends.map(|b| [a, a, b, b])).collect();
    words.extend((0..200_000).map(|i| threefry([1, 2, 3, 4], [i, 0, 0, 0])));
    for w in words {
        let k = |low: u32, high: u32| (u64::from(low) | u64::from(high) << 32) >> 12;
        let scale = 2f64.powi(-52);
        let angle = |turns: f64| (std::f64::consts::TAU * turns).sin_cos();
        let [x, y] = f64::normal(w);
        let (u, rest) = ((k(w[0], w[1]) as f64 + 0.5) * scale, (((1u64 << 52) - k(w[0], w[1])) as f64 - 0.5) * scale);
        let r = (-2.0 * if u < 0.5 { u.ln() } else { (-rest).ln_1p() }).sqrt();
        // turns − 1 where that is nearer to 0: exact
        let v = k(w[2], w[3]) as f64;
        let v = if v > 2f64.powi(51) { (v - 2f64.powi(52)) + 0.5 } else { v + 0.5 } * scale;
        let (sin, cos) = angle(v);
        assert!((x - r * cos).abs() < 5e-15 * r.max(1e-3) && (y - r * sin).abs() < 5e-15 * r.max(1e-3), "{w:x?}: {x} {y}");

        let [x, y] = f32::normal(w);
        let scale = 2f64.powi(-32);
        let (u, rest) = ((f64::from(w[1]) + 0.5) * scale, (4_294_967_295.5 - f64::from(w[1])) * scale);
        let r = (-2.0 * if u < 0.5 { u.ln() } else { (-rest).ln_1p() }).sqrt();
        let (sin, cos) = angle((f64::from(w[3]) + 0.5) * scale);
        assert!((f64::from(x) - r * cos).abs() < 3e-7 * r && (f64::from(y) - r * sin).abs() < 3e-7 * r, "{w:x?}: {x} {y}");

        for u in f32::uniform(w) {
            assert!(u > 0.0 && u < 1.0);
        }
        for u in f64::uniform(w) {
            assert!(u > 0.0 && u < 1.0);
        }
    }
}
