//! Local sites refined for each datum, where the best they can become is known.

use std::path::Path;

use serde_json::Value;
use tests::{assert_close, device, executions};
use vi_runtime::burn::module::Param;
use vi_runtime::burn::nn::{Linear, LinearConfig};
use vi_runtime::burn::tensor::TensorData;
use vi_runtime::prelude::*;
use vi_runtime::{AmortisationGap, Executed};

fn numbers(of: &Value) -> Vec<f64> {
    match of {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => other.as_f64().into_iter().collect(),
    }
}

fn tensor<const D: usize>(values: Vec<f64>, dims: [usize; D], dtype: FloatDType) -> Result<Tensor<D>> {
    Ok(Tensor::from_data(TensorData::new(values, dims), (&device()?, dtype.into())))
}

/// Probabilistic principal components: `z ~ N(0, I)`, `x ~ N(W z + μ, σ² I)`.
#[model]
fn components(x: Tensor<2>, w: Tensor<2>, mu: Tensor<1>, noise: f64) {
    let [n, _] = x.dims();
    plate!("n", n, {
        let z = sample!("z", Normal::new(0.0, 1.0).expand([n, 2]).independent(1));
        let mean = z.matmul(w.transpose()) + mu.unsqueeze();
        observe!("x", Normal::new(mean, noise).independent(1), x);
    });
}

/// `z ~ N(gain · E (x − μ) + bias, stretch · sd)`, where `E` and `sd` are those of the exact posterior.
#[guide(model = components)]
fn encoder(x: Tensor<2>, encoder: Tensor<2>, mu: Tensor<1>, sd: Tensor<1>, poor: (f64, f64, f64)) {
    let [n, _] = x.dims();
    let (gain, bias, stretch) = poor;
    let matrix = param!("encoder", encoder * gain);
    let bias = param!("bias", [bias, -bias]);
    let scale = param!("scale", sd * stretch, support::Positive);
    let loc = (x - mu.unsqueeze()).matmul(matrix.transpose()) + bias.unsqueeze();
    plate!("n", n, { sample!("z", Normal::new(loc, scale.unsqueeze::<2>().expand([n, 2])).independent(1)) });
}

/// The maximum of the likelihood, where the posterior of each datum has independent elements.
struct Known {
    x: Vec<f64>,
    w: Vec<f64>,
    mu: Vec<f64>,
    noise: f64,
    encoder: Vec<f64>,
    sd: [f64; 2],
    evidence: f64,
    n: usize,
}

fn data(file: &str) -> Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/analytic").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).map_err(Error::other)?).map_err(Error::other)
}

fn known() -> Result<Known> {
    let data = data("ppca_linear_vae.json")?;
    let (ml, optimum) = (&data["ml"], &data["linear_vae_optimum"]);
    let covariance = numbers(&optimum["encoder_cov"]);
    let x = numbers(&data["X"]);
    Ok(Known {
        n: x.len() / 5,
        x,
        w: numbers(&ml["W_up_to_rotation"]),
        mu: numbers(&ml["mu"]),
        noise: numbers(&ml["sigma2"])[0].sqrt(),
        encoder: numbers(&optimum["encoder_mean_matrix"]),
        sd: [covariance[0].sqrt(), covariance[3].sqrt()],
        evidence: numbers(&optimum["elbo_total"])[0],
    })
}

impl Known {
    fn model(&self, dtype: FloatDType) -> Result<impl Program + Clone + use<>> {
        let (w, mu) = (tensor(self.w.clone(), [5, 2], dtype)?, tensor(self.mu.clone(), [5], dtype)?);
        Ok(components(tensor(self.x.clone(), [self.n, 5], dtype)?, w, mu, self.noise))
    }

    fn guide(&self, poor: (f64, f64, f64), dtype: FloatDType) -> Result<impl Program + Clone + use<>> {
        let (encoder_matrix, mu) = (tensor(self.encoder.clone(), [2, 5], dtype)?, tensor(self.mu.clone(), [5], dtype)?);
        Ok(encoder(tensor(self.x.clone(), [self.n, 5], dtype)?, encoder_matrix, mu, tensor(self.sd.to_vec(), [2], dtype)?, poor))
    }

    /// The mean of the posterior of each element.
    fn mean(&self) -> Vec<f64> {
        let one = |i: usize, k: usize| (0..5).map(|j| self.encoder[k * 5 + j] * (self.x[i * 5 + j] - self.mu[j])).sum();
        (0..self.n).flat_map(|i| [one(i, 0), one(i, 1)]).collect()
    }

    /// `Σ KL(N(m', s'²) ‖ N(m, s²))` over all elements.
    fn gap(&self, (gain, bias, stretch): (f64, f64, f64)) -> f64 {
        let mean = self.mean();
        let one = |(index, mean): (usize, &f64)| {
            let shift = ((gain - 1.0) * mean + if index % 2 == 0 { bias } else { -bias }) / self.sd[index % 2];
            0.5 * (stretch * stretch + shift * shift - 1.0) - stretch.ln()
        };
        mean.iter().enumerate().map(one).sum()
    }
}

fn refined(known: &Known, poor: (f64, f64, f64), dtype: FloatDType, execution: Execution) -> Result<(Vec<f64>, Vec<f64>, AmortisationGap)> {
    let (model, guide) = (known.model(dtype)?, known.guide(poor, dtype)?);
    let fit = Svi::new(&model, guide.clone()).steps(0).run()?;
    let before = fit.param("encoder")?.to_f64()?;
    let (refined, gap) = Refine::new().steps(300).execution(execution).run(&fit, &model, &guide)?;
    let expected = if execution == Execution::Eager { Executed::Eager } else { Executed::Compiled };
    assert_eq!(*refined.executed(), expected);
    // What was fitted has stayed where it was.
    assert_eq!(refined.param("encoder")?.to_f64()?, before);
    let draws = refined.draws(400)?.take("z").to_f64()?.0;
    let width = 2 * known.n;
    let mean: Vec<f64> = (0..width).map(|j| draws.iter().skip(j).step_by(width).sum::<f64>() / 400.0).collect();
    let sd = (0..width).map(|j| (draws.iter().skip(j).step_by(width).map(|x| (x - mean[j]).powi(2)).sum::<f64>() / 399.0).sqrt());
    Ok((mean.clone(), sd.collect(), gap))
}

#[test]
fn a_poor_encoder_is_refined_to_the_posterior_of_each_datum() -> Result<()> {
    let known = known()?;
    for execution in executions() {
        for (poor, dtype) in [((0.8, 0.1, 1.0), FloatDType::F64), ((0.8, 0.1, 1.0), FloatDType::F32), ((0.5, -0.3, 1.6), FloatDType::F64)] {
            let (mean, sd, gap) = refined(&known, poor, dtype, execution)?;
            let exact = known.mean();
            for (i, (mean, sd)) in mean.iter().zip(sd).enumerate() {
                let s = known.sd[i % 2];
                assert!((mean - exact[i]).abs() < 5.0 * s / 20.0, "element {i}: {mean} against {}", exact[i]);
                assert!((sd / s - 1.0).abs() < 5.0 / 28.0, "element {i}: {sd} against {s}");
            }
            // At the posterior every draw has the log evidence.
            assert_close(&[gap.refined], &[known.evidence], 1e-3);
            // A wrong scale leaves noise in each pair of draws.
            let near = if poor.2 != 1.0 { 4.0 * gap.standard_error } else { 1e-3 };
            assert_close(&[gap.value], &[known.gap(poor)], near);
        }
    }
    Ok(())
}

#[test]
fn more_steps_close_more_of_the_gap() -> Result<()> {
    let (known, poor, dtype) = (known()?, (0.8, 0.1, 1.2), FloatDType::F64);
    let (model, guide) = (known.model(dtype)?, known.guide(poor, dtype)?);
    let fit = Svi::new(&model, guide.clone()).steps(0).run()?;
    let mut closed = Vec::new();
    for steps in [0, 5, 20, 100] {
        let (_, gap) = Refine::new().steps(steps).run(&fit, &model, &guide)?;
        closed.push(gap.value / known.gap(poor));
    }
    assert_close(&closed[..1], &[0.0], 1e-12);
    assert!(closed.windows(2).all(|pair| pair[0] < pair[1]), "{closed:?}");
    assert!(closed[2] > 0.8, "{closed:?}");
    Ok(())
}

#[model]
fn local(x: &Tensor<1>) {
    plate!("n", x.dims()[0], {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("x", Normal::new(z, 1.0), x.clone());
    });
}

#[guide(model = local)]
fn network(x: &Tensor<1>, encoder: Linear) {
    let encoder = module!("encoder", encoder);
    let out = encoder.forward(x.clone().unsqueeze_dim::<2>(1));
    let (loc, log_scale) = (out.clone().narrow(1, 0, 1).squeeze_dim(1), out.narrow(1, 1, 1).squeeze_dim::<1>(1));
    plate!("n", x.dims()[0], { sample!("z", Normal::new(loc, log_scale.exp())) });
}

/// A network that was never trained, refined for data that it has not seen, of another number.
#[test]
fn a_network_is_refined_for_new_data() -> Result<()> {
    let mut encoder = LinearConfig::new(1, 2).init(&device()?);
    // The weights that Burn draws are others in each process.
    encoder.weight = Param::from_tensor(Tensor::from_floats([[-0.4, 0.3]], &device()?));
    encoder.bias = Some(Param::from_tensor(tests::vector([0.6, -0.2])?));
    let old = tests::vector([-1.5, -1.0, -0.5, 0.0, 0.5])?;
    let new = tests::vector([2.0, -0.7, 0.4])?;
    let fit = Svi::new(&local(&old), network(&old, encoder.clone())).steps(0).run()?;
    for execution in executions() {
        let how = Refine::new().steps(200).pairs(400).execution(execution);
        let (refined, gap) = how.run(&fit, &local(&new), &network(&new, encoder.clone()))?;
        let x = tests::numbers(&new)?;
        let evidence: f64 = x.iter().map(|x| -0.25 * x * x - 0.5 * (2.0 * std::f64::consts::TAU).ln()).sum();
        assert_close(&[gap.refined], &[evidence], 2e-4);
        let out = tests::numbers(fit.module::<Linear>("encoder")?.forward(new.clone().unsqueeze_dim::<2>(1)))?;
        // KL(N(l, s²) ‖ N(x/2, ½)).
        let divergence = |(x, out): (&f64, &[f64])| {
            let shift = out[0] - 0.5 * x;
            (2.0 * out[1]).exp() + shift * shift - 0.5 - out[1] - 0.5 * 2f64.ln()
        };
        let exact: f64 = x.iter().zip(out.chunks_exact(2)).map(divergence).sum();
        assert_close(&[gap.value], &[exact], 4.0 * gap.standard_error);
        assert_eq!(tests::numbers(refined.param("refine.z.shift")?)?.len(), 3);
    }
    Ok(())
}

#[model]
fn rate(y: &Tensor<1>) {
    let lam = sample!("lam", Gamma::new(3.0, 1.5));
    observe!("y", Poisson::new(lam.expand([15])), y.clone());
}

#[guide(model = rate)]
fn log_normal() {
    let loc = param!("loc", [0.8]);
    sample!("lam", LogNormal::new(loc, 0.3));
}

/// Shifts and stretches of a log-normal guide are all log-normal ones.
#[test]
fn a_positive_site_is_refined_to_the_best_log_normal_guide() -> Result<()> {
    let truth = data("gamma_poisson.json")?;
    let y = tensor(numbers(&truth["y"]), [15], FloatDType::F64)?;
    let best = &truth["best_lognormal_guide"];
    for execution in executions() {
        let fit = Svi::new(&rate(&y), log_normal()).steps(0).run()?;
        let how = Refine::new().sites(["lam"]).steps(400).particles(8).pairs(2_000).execution(execution);
        let (refined, gap) = how.run(&fit, &rate(&y), &log_normal())?;
        assert_close(&[gap.refined], &numbers(&best["max_elbo"]), 1e-3);
        let log: Vec<f64> = refined.draws(2_000)?.take("lam").to_f64()?.0.iter().map(|x| x.ln()).collect();
        let mean = log.iter().sum::<f64>() / 2_000.0;
        let sd = (log.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1_999.0).sqrt();
        let (loc, scale) = (numbers(&best["loc"])[0], numbers(&best["scale"])[0]);
        assert_close(&[mean, sd], &[loc, scale], 4.0 * scale / 2_000f64.sqrt());
    }
    Ok(())
}

#[model]
fn units(x: &Tensor<1>, noise: f64, batch: usize) {
    plate!("n", 12, subsample = batch, |idx| {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("x", Normal::new(z, noise), x.clone().select(0, idx));
    });
}

/// A row of each table for each unit.
#[guide(model = units)]
fn tables(batch: usize) {
    let loc = param!("loc", [0.0; 12]);
    let scale = param!("scale", [1.0; 12], support::Positive);
    plate!("n", 12, subsample = batch, |idx| { sample!("z", Normal::new(loc.select(0, idx.clone()), scale.select(0, idx))) });
}

#[test]
fn parameters_of_each_unit_in_a_guide_by_hand_reach_the_posterior_of_each_unit() -> Result<()> {
    let numbers: Vec<f64> = (0..12).map(|i| f64::from(i) * 0.4 - 2.0).collect();
    let x = tensor(numbers.clone(), [12], FloatDType::F64)?;
    for execution in executions() {
        let steps = 6_000;
        let fit = Svi::new(&units(&x, 0.5, 4), tables(4))
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps }))
            .steps(steps)
            .execution(execution)
            .progress(false)
            .run()?;
        // 1/(1 + 1/s²) and its root.
        assert_close(&fit.param("loc")?.to_f64()?, &numbers.iter().map(|x| 0.8 * x).collect::<Vec<_>>(), 1e-3);
        assert_close(&fit.param("scale")?.to_f64()?, &[0.2f64.sqrt(); 12], 1e-3);
    }
    Ok(())
}

#[model]
fn rows(x: &Tensor<1>, noise: f64) {
    plate!("n", 12, subsample = x.dims()[0], |_units| {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("x", Normal::new(z, noise), x.clone());
    });
}

/// The rows of the tables are those of the batch.
#[guide(model = rows)]
fn tables_of_rows(index: &Tensor<1, Int>) {
    let loc = param!("loc", [0.0; 12]).select(0, index.clone());
    let scale = param!("scale", [1.0; 12], support::Positive).select(0, index.clone());
    plate!("n", 12, subsample = index.dims()[0], |_units| { sample!("z", Normal::new(loc, scale)) });
}

/// The last batch of each epoch has 2 rows.
#[test]
fn parameters_of_each_row_reach_its_posterior_over_batches() -> Result<()> {
    let numbers: Vec<f64> = (0..12).map(|i| f64::from(i) * 0.4 - 2.0).collect();
    let x = tensor(numbers.clone(), [12], FloatDType::F64)?;
    for execution in executions() {
        let steps = 6_000;
        let bind = |index: Tensor<1, Int>| (rows(&x.clone().select(0, index.clone()), 0.5), tables_of_rows(&index));
        let (model, guide) = bind(Tensor::arange(0..12, &device()?));
        let fit = Svi::new(&model, guide)
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps }))
            .execution(execution)
            .run_over(Batches::new(12, 5)?.take(steps as usize), |batch| Ok(bind(batch.index(&device()?))))?;
        assert_close(&fit.param("loc")?.to_f64()?, &numbers.iter().map(|x| 0.8 * x).collect::<Vec<_>>(), 2e-3);
        assert_close(&fit.param("scale")?.to_f64()?, &[0.2f64.sqrt(); 12], 2e-3);
    }
    Ok(())
}

#[guide]
fn no_plate() {
    let loc = param!("loc", [0.0]);
    sample!("z", Normal::new(loc, 1.0));
}

#[model]
fn one_latent() {
    sample!("z", Normal::new(0.0, 1.0));
}

#[model]
fn labels(x: &Tensor<1>) {
    plate!("n", 3, {
        let k = sample!("k", Bernoulli::new(0.5));
        observe!("x", Normal::new(k.float(), 1.0), x.clone());
    });
}

#[guide(model = labels)]
fn label_guide() {
    let p = param!("p", [0.5, 0.5, 0.5], support::UnitInterval);
    plate!("n", 3, { sample!("k", Bernoulli::new(p)) });
}

#[test]
fn what_cannot_be_refined_is_refused() -> Result<()> {
    let x = tests::vector([0.0; 12])?;
    let message = |found: Result<AmortisationGap>| found.map_or_else(|error| error.to_string(), |gap| gap.to_string());
    let fit = Svi::new(&units(&x, 0.5, 4), tables(4)).steps(0).run()?;
    let refined = |how: Refine| message(how.run(&fit, &units(&x, 0.5, 4), &tables(4)).map(|(_, gap)| gap));
    let subsampled = refined(Refine::new());
    assert!(subsampled.contains("plate `n`: 4 of 12 units") && subsampled.contains("`z`"), "{subsampled}");
    let unknown = refined(Refine::new().sites(["y"]));
    assert!(unknown.contains("`y`") && unknown.contains("`z`"), "{unknown}");

    let fit = Svi::new(&one_latent(), no_plate()).steps(0).run()?;
    let global = message(Refine::new().run(&fit, &one_latent(), &no_plate()).map(|(_, gap)| gap));
    assert!(global.contains("none stands in a plate") && global.contains("`z`"), "{global}");

    let x = tests::vector([0.0; 3])?;
    let fit = Svi::new(&labels(&x), label_guide()).objective(ScoreFunction::new()).steps(0).run()?;
    let discrete = message(Refine::new().run(&fit, &labels(&x), &label_guide()).map(|(_, gap)| gap));
    assert!(discrete.contains("site `k` (Bernoulli"), "{discrete}");
    Ok(())
}
