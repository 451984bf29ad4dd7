//! How closely a log density and its gradients must agree with known ones.

use super::function::Evaluation;

/// What is compared against what, and how closely.
pub struct Check<'a> {
    pub place: String,
    pub inputs: Vec<&'a [f64]>,
    /// What rounding the inputs does to the gradients, where it is known.
    pub moved: Option<&'a Evaluation>,
    pub log_prob: f64,
    pub gradient: f64,
    pub epsilon: f64,
    pub floor: f64,
}

/// The largest errors of a family, and what was too large.
#[derive(Default)]
pub struct Worst {
    pub log_prob: f64,
    pub gradient: f64,
    pub failures: Vec<String>,
}

impl Check<'_> {
    pub fn run(&self, got: &Evaluation, want: &Evaluation, worst: &mut Worst) {
        let place = &self.place;
        let pairs: Vec<_> = std::iter::once((&got.x, &want.x)).chain(got.params.iter().zip(&want.params)).zip(&self.inputs).collect();
        let (&[log_prob], &[expected]) = (&got.value[..], &want.value[..]) else {
            worst.failures.push(format!("{place}: {} densities of one value", got.value.len()));
            return;
        };
        if expected.is_infinite() {
            let zero = |gradient: &Option<Vec<f64>>| gradient.as_ref().is_none_or(|g| g.iter().all(|&x| x == 0.0));
            if log_prob != expected || !pairs.iter().all(|((got, _), _)| zero(got)) {
                worst.failures.push(format!("{place}: log_prob {log_prob} or a gradient outside the support"));
            }
            return;
        }
        let error = (log_prob - expected).abs();
        let floor = if expected.abs() < 0.05 { self.floor } else { 0.0 };
        if error > floor {
            worst.log_prob = worst.log_prob.max(error / expected.abs());
        }
        if error.is_nan() || error > self.log_prob * expected.abs() + floor {
            worst.failures.push(format!("{place}: log_prob {log_prob} instead of {expected} ({error:.1e})"));
        }
        let all = |wanted: &Option<Vec<f64>>| wanted.clone().unwrap_or_default();
        let largest = pairs.iter().flat_map(|((_, want), _)| all(want)).fold(0.0, |m: f64, g| m.max(g.abs()));
        let moved = self.moved.map(|moved| std::iter::once(&moved.x).chain(&moved.params).map(all).collect::<Vec<_>>());
        for (which, ((got, want_all), inputs)) in pairs.iter().enumerate() {
            for (i, want) in all(want_all).into_iter().enumerate() {
                let got = got.as_ref().map_or(0.0, |got| got[i]);
                // Where terms cancel, a few ulp of the terms: gradients, logarithms of the inputs, ratios of two inputs.
                let ratios = self.inputs.iter().flat_map(|x| x.iter()).fold(0.0, |m: f64, x| m.max(x.abs())) / inputs[i].abs().max(1.0);
                let terms = largest.max(ratios).max((1.0 + logarithms(&self.inputs)) / inputs[i].abs().clamp(1e-3, 1.0)).min(1e9);
                let error = (got - want).abs();
                let moved = moved.as_ref().and_then(|moved| moved[which].get(i)).copied().unwrap_or(0.0);
                let slack = 16.0 * self.epsilon * terms + moved;
                if error > slack {
                    worst.gradient = worst.gradient.max(error / want.abs());
                }
                if error.is_nan() || error > self.gradient * want.abs() + slack {
                    worst.failures.push(format!("{place}: gradient {got} instead of {want} ({error:.1e})"));
                }
            }
        }
    }
}

/// Relative error of a log density in single precision. Flex computes the special functions in double precision and rounds
/// once; elsewhere they are composed of single-precision operations, and on wgpu each of these may round by more than half
/// a unit in the last place (the largest error seen there: 1.1e-4, Poisson(1e5) 4.7 standard deviations out).
pub fn single_tolerance() -> f64 {
    match std::env::var("VI_TEST_DEVICE").as_deref() {
        Err(_) | Ok("flex") => 2e-5,
        Ok(name) if name.starts_with("wgpu") => 2e-4,
        Ok(_) => 1e-4,
    }
}

/// The largest logarithm of an input.
fn logarithms(inputs: &[&[f64]]) -> f64 {
    inputs.iter().flat_map(|x| x.iter()).filter(|x| **x != 0.0).fold(0.0, |m, x| f64::max(m, x.abs().ln().abs()))
}

pub fn single(values: &[f64]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x as f32)).collect()
}

pub fn representable(values: &[f64]) -> bool {
    values.iter().all(|&x| x == 0.0 || (x.abs() > f64::from(f32::MIN_POSITIVE) && x.abs() < f64::from(f32::MAX)))
}

/// A relative tolerance for sums over a distribution in double precision: where a backend composes `ln B` of tensor operations, the
/// masses of a million trials have errors of 1e-10, and so has their entropy.
pub fn summed_tolerance() -> f64 {
    if tests::has_exact_activations() { 1e-10 } else { 1e-9 }
}
