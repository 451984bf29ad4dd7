//! Question: how fair is a coin that showed 7 heads in 10 throws?
//!
//! Model: p ~ Beta(10, 10), each throw ~ Bernoulli(p). Conjugate, so the posterior is Beta(17, 13) and the evidence
//! has a closed form: both are printed beside the fit.
//!
//! Run: `cargo run --release --example coin` (options: `-- --device flex --steps 2000 --seed 0`).
//!
//! Prints the fitted Beta, the table of the posterior, the ELBO with the exact log evidence and the gap (0: the guide
//! family holds the posterior), and the predicted share of heads in the next ten throws.

use examples::Settings;
use vi_runtime::prelude::*;
use vi_runtime::special::scalar::log_beta;

const THROWS: [f64; 10] = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0];

#[model]
fn coin(throws: Tensor<1>) {
    let p = sample!("p", Beta::new(10.0, 10.0));
    plate!("throw", throws.dims()[0], { observe!("heads", Bernoulli::new(p), throws) });
}

#[guide(model = coin)]
fn beta(throws: Tensor<1>) {
    let a = param!("a", [5.0], support::Positive);
    let b = param!("b", [5.0], support::Positive);
    sample!("p", Beta::new(a, b));
}

fn main() -> Result<()> {
    let settings = Settings::parse(2_000)?;
    let throws = Tensor::from_floats(THROWS, &settings.device);
    let fit = Svi::new(&coin(throws.clone()), beta(throws))
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 0.001, steps: settings.steps }))
        .steps(settings.steps)
        .particles(4)
        .device(settings.device)
        .seed(settings.seed)
        .run()?;
    let (a, b) = (fit.param("a")?.to_f64()?[0], fit.param("b")?.to_f64()?[0]);
    println!("fitted Beta({a:.2}, {b:.2}); exact Beta(17, 13) with mean {:.4}\n", 17.0 / 30.0);
    println!("{}\n\n{}", fit.summary()?, fit.report()?);
    let log_evidence = log_beta(17.0, 13.0) - log_beta(10.0, 10.0);
    println!("log evidence {log_evidence:.5} (exact), gap {:.5}", fit.elbo()?.gap(log_evidence));
    let (heads, _) = fit.predictive(1_000)?.get("heads")?.to_f64()?;
    println!("heads in ten new throws: {:.2} on average", 10.0 * heads.iter().sum::<f64>() / heads.len() as f64);
    Ok(())
}
