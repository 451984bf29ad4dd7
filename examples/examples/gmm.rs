//! Question: do the measures of 150 irises show that they are of three species?
//!
//! Data: length and width of sepals and petals (Fisher 1936).
//! Model: a mixture of three normals in the space of the four standardised measures; weights ~ Dirichlet(2), and for each component the
//! four means ~ N(0, 1) and the Cholesky factor of its correlations ~ LKJ(2) times scales ~ LogNormal(−1, 0.5). Of which component a
//! flower is, is a site of its own, which the fit sums out. The species is not told.
//!
//! Run: `cargo run --release --example gmm` (options: `-- --device flex --steps 3000 --seed 0`).
//!
//! Prints the ELBO of five fits from different starts (a mixture has many optima), the components of the best, and a table of the
//! most probable component of each flower, given all the data, against the species.

use examples::Settings;
use examples::data::{Table, matrix, standardised};
use vi_runtime::prelude::*;

const MEASURES: [&str; 4] = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
const K: usize = 3;
const STARTS: u64 = 5;

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
        let z = sample!("z", Categorical::new(weights), strategy = Enumerate);
        let scale_tril: Tensor<3> = correlations * scales.unsqueeze_dim(2);
        observe!("x", MultivariateNormal::new(locs.select(0, z.clone()), scale_tril.select(0, z)), x);
    });
}

fn main() -> Result<()> {
    let settings = Settings::parse(3_000)?;
    let table = Table::read("iris")?;
    let columns = MEASURES.iter().map(|name| Ok(standardised(&table.column(name)?))).collect::<Result<Vec<_>>>()?;
    let x = matrix(&columns.iter().map(|(column, ..)| column.clone()).collect::<Vec<_>>(), &settings.device);
    let model = mixture(x);
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
    let numbers = |tensor: AnyTensor| tensor.to_f64();
    let (shares, centres) = (numbers(weights.into())?, numbers(locs.into())?);
    println!("\ncomponent  weight  {}", MEASURES.join("  "));
    for k in 0..K {
        let centimetres = columns.iter().enumerate().map(|(i, (_, mean, sd))| format!("{:>12.2}", mean + sd * centres[4 * k + i]));
        println!("{k:>9}  {:>6.2}  {}", shares[k], centimetres.collect::<Vec<_>>().join(" "));
    }
    let responsibilities: Tensor<2> = fit.marginals(100)?.z.tensor::<3>()?.mean_dim(0).squeeze_dim(0);
    let component = numbers(responsibilities.argmax(1).into())?;
    println!("\n            component 0   1   2");
    let species = table.column("species")?;
    for (i, name) in ["setosa", "versicolor", "virginica"].iter().enumerate() {
        let of = |k: usize| species.iter().zip(&component).filter(|(s, c)| (**s, **c) == (i as f64, k as f64)).count();
        println!("{name:<20} {:>3} {:>3} {:>3}", of(0), of(1), of(2));
    }
    Ok(())
}
