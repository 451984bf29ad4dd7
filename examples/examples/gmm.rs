//! Question: do the measures of 150 irises show that they are of three species?
//!
//! Data: length and width of sepals and petals (Fisher 1936).
//! Model: a mixture of three normals in the space of the four standardised measures; weights ~ Dirichlet(2), and for each component the
//! four means ~ N(0, 1) and the Cholesky factor of its correlations ~ LKJ(2) times scales ~ LogNormal(−1, 0.5). Which flower is of
//! which component is summed out. The species is not told.
//!
//! Run: `cargo run --release --example gmm` (options: `-- --device flex --steps 3000 --seed 0`).
//!
//! Prints the ELBO of five fits from different starts (a mixture has many optima), the components of the best, and a table of its
//! components against the species.

use examples::Settings;
use examples::data::{Table, matrix, standardised};
use vi_runtime::prelude::*;
use vi_runtime::special::logsumexp;

const MEASURES: [&str; 4] = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
const K: usize = 3;
const STARTS: u64 = 5;

fn components(locs: &Tensor<2>, scales: &Tensor<2>, correlations: &Tensor<3>) -> MultivariateNormal<3> {
    let scale_tril: Tensor<3> = correlations.clone() * scales.clone().unsqueeze_dim(2);
    MultivariateNormal::new(locs.clone().unsqueeze_dim::<3>(0), scale_tril.unsqueeze_dim::<4>(0))
}

#[model]
fn mixture(x: Tensor<2>) {
    let weights = sample!("weights", Dirichlet::new([2.0; K]));
    let (locs, scales, correlations) = plate!("component", K, {
        (
            sample!("locs", Normal::new(0.0, 1.0).expand([1, 4]).independent(1)),
            sample!("scales", LogNormal::new(-1.0, 0.5).expand([1, 4]).independent(1)),
            sample!("correlations", LKJCholesky::new(4, 2.0).expand([1, 4, 4])),
        )
    });
    plate!("flower", x.dims()[0], {
        observe!("x", MixtureSameFamily::new(&weights, components(&locs, &scales, &correlations)), x);
    });
}

fn main() -> Result<()> {
    let settings = Settings::parse(3_000)?;
    let table = Table::read("iris")?;
    let columns = MEASURES.iter().map(|name| Ok(standardised(&table.column(name)?))).collect::<Result<Vec<_>>>()?;
    let x = matrix(&columns.iter().map(|(column, ..)| column.clone()).collect::<Vec<_>>(), &settings.device);
    let model = mixture(x.clone());
    let mut best = None;
    for start in 0..STARTS {
        let fit = Svi::new(&model, AutoNormal::new())
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-3, steps: settings.steps }))
            .steps(settings.steps)
            .seed(settings.seed + start)
            .run()?;
        let elbo = fit.elbo_from(200)?.value;
        println!("start {start}: ELBO {elbo:.1}");
        if best.as_ref().is_none_or(|(highest, _)| elbo > *highest) {
            best = Some((elbo, fit));
        }
    }
    let Some((_, fit)) = best else { return Ok(()) };

    let draws = fit.posterior(500)?;
    let weights: Tensor<1> = draws.weights.tensor::<2>()?.mean_dim(0).squeeze_dim(0);
    let locs: Tensor<2> = draws.locs.tensor::<3>()?.mean_dim(0).squeeze_dim(0);
    let scales: Tensor<2> = draws.scales.tensor::<3>()?.mean_dim(0).squeeze_dim(0);
    let correlations: Tensor<3> = draws.correlations.tensor::<4>()?.mean_dim(0).squeeze_dim(0);
    let numbers = |tensor: AnyTensor| tensor.to_f64();
    let (shares, centres) = (numbers(weights.clone().into())?, numbers(locs.clone().into())?);
    println!("\ncomponent  weight  {}", MEASURES.join("  "));
    for k in 0..K {
        let centimetres = columns.iter().enumerate().map(|(i, (_, mean, sd))| format!("{:>12.2}", mean + sd * centres[4 * k + i]));
        println!("{k:>9}  {:>6.2}  {}", shares[k], centimetres.collect::<Vec<_>>().join(" "));
    }
    // At the posterior means: log weight + log density, normalised over the components.
    let joint =
        components(&locs, &scales, &correlations).log_prob(&x.unsqueeze_dim::<3>(1)).squeeze_dim::<2>(2) + weights.log().unsqueeze_dim(0);
    let responsibilities = (joint.clone() - logsumexp(joint, 1)).exp();
    let component = numbers(responsibilities.argmax(1).into())?;
    println!("\n            component 0   1   2");
    let species = table.column("species")?;
    for (i, name) in ["setosa", "versicolor", "virginica"].iter().enumerate() {
        let of = |k: usize| species.iter().zip(&component).filter(|(s, c)| (**s, **c) == (i as f64, k as f64)).count();
        println!("{name:<20} {:>3} {:>3} {:>3}", of(0), of(1), of(2));
    }
    Ok(())
}
