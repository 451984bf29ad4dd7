//! Question: how close does a variational guide come to the free energy of a magnet at its critical temperature?
//!
//! Model (Ising 1925): spins of ±1 on a 4 × 4 torus, each pair of neighbours weighs exp(J s s'/T), J = 1 and 1/T = ln(1 + √2)/2. As a
//! program: each spin is up with probability 1/2, and a factor weighs the energy; log Z is the log evidence + 16 ln 2.
//! Guides: mean field, a probability for each spin; and autoregressive, each spin's logit linear in those before it (Frey 1998; Wu, Wang and
//! Zhang 2019). Spins are discrete: gradients are those of the score function, with the other draws of the step as baseline.
//!
//! Run: `cargo run --release --example ising` (options: `-- --device flex --steps 10000 --seed 0`).
//!
//! Prints log Z by enumeration of all 65 536 states, 15.5219155; the best mean field, 14.6247566; the bound of both guides with
//! its standard error and the gap; and the magnetisation, which mean field gets wrong: it must choose a direction.

use examples::Settings;
use vi_runtime::Guide;
use vi_runtime::objective::ScoreFunction;
use vi_runtime::prelude::*;

const SIDE: usize = 4;
const SPINS: usize = SIDE * SIDE;
/// `1/T` at the critical temperature of the infinite lattice (Onsager 1944).
const BETA: f64 = 0.440_686_793_509_771_5;

/// Spins of ±1 from those that are up.
fn signs(up: Tensor<1, Int>) -> Tensor<1> {
    up.float() * 2.0 - 1.0
}

#[model]
fn ising() {
    let mut spins = Vec::new();
    for i in 0..SPINS {
        spins.push(signs(sample!("spin"[i], Bernoulli::new(0.5))));
    }
    let spins: Tensor<1> = Tensor::cat(spins, 0);
    let lattice: Tensor<2> = spins.clone().reshape([SIDE, SIDE]);
    let next = |dim: usize| {
        let first = lattice.clone().narrow(dim, 0, 1);
        Tensor::cat(vec![lattice.clone().narrow(dim, 1, SIDE - 1), first], dim)
    };
    deterministic!("magnetisation", spins.mean());
    factor!("energy", (lattice.clone() * (next(0) + next(1))).sum() * BETA);
}

#[guide(model = ising)]
fn mean_field() {
    let logits = param!("logits", [0.1; SPINS]);
    for i in 0..SPINS {
        sample!("spin"[i], Bernoulli::logits(logits.clone().narrow(0, i, 1)));
    }
}

/// Row `i` of `weights` has what the spins before `i` add to its logit.
#[guide(model = ising)]
fn autoregressive() {
    let weights = param!("weights", [0.05; SPINS * SPINS]);
    let mut before: Option<Tensor<1>> = None;
    for i in 0..SPINS {
        let logit = match &before {
            None => weights.clone().narrow(0, i, 1) * 0.0,
            Some(spins) => (weights.clone().narrow(0, i * SPINS, i) * spins.clone()).sum(),
        };
        let spin = signs(sample!("spin"[i], Bernoulli::logits(logit)));
        before = Some(match before {
            None => spin,
            Some(spins) => Tensor::cat(vec![spins, spin], 0),
        });
    }
}

/// `log Σ exp(E/T)` over all states.
fn log_z() -> f64 {
    let energy = |state: usize| {
        let spin = |x: usize, y: usize| if state >> (x % SIDE * SIDE + y % SIDE) & 1 == 1 { 1.0 } else { -1.0 };
        let each = (0..SPINS).map(|i| (i / SIDE, i % SIDE)).map(|(x, y)| spin(x, y) * (spin(x + 1, y) + spin(x, y + 1)));
        each.sum::<f64>()
    };
    (0..1 << SPINS).map(|state| (BETA * energy(state)).exp()).sum::<f64>().ln()
}

/// The bound at magnetisation `m` of every spin, `m = tanh(4 m/T)` where it is best.
fn best_mean_field() -> f64 {
    let m = (0..200).fold(1.0, |m: f64, _| (4.0 * BETA * m).tanh());
    let entropy = -[0.5 * (1.0 + m), 0.5 * (1.0 - m)].map(|p| p * p.ln()).iter().sum::<f64>();
    SPINS as f64 * (2.0 * BETA * m * m + entropy)
}

fn show<M: Program + Clone, G: Guide<M>>(title: &str, model: &M, guide: G, settings: &Settings) -> Result<()> {
    let fit = Svi::new(model, guide)
        .objective(ScoreFunction::new())
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.1, last: 1e-5, steps: settings.steps }))
        .steps(settings.steps)
        .particles(128)
        .device(settings.device.clone())
        .seed(settings.seed)
        .run()?;
    let elbo = fit.elbo_from(4_000)?;
    let bound = elbo.value + SPINS as f64 * 2.0_f64.ln();
    let (magnetisation, _) = fit.draws(1_000)?.get("magnetisation")?.to_f64()?;
    let up = magnetisation.iter().filter(|&&m| m > 0.0).count() as f64 / magnetisation.len() as f64;
    println!("{title}: bound {bound:.4} ± {:.4}, {:.4} below log Z; {:.0} % of draws up", elbo.standard_error, log_z() - bound, 100.0 * up);
    Ok(())
}

fn main() -> Result<()> {
    let settings = Settings::parse(10_000)?;
    println!("log Z {:.7}, best mean field {:.7}", log_z(), best_mean_field());
    let model = ising();
    show("mean field", &model, mean_field(), &settings)?;
    show("autoregressive", &model, autoregressive(), &settings)
}
