//! The program of the design, with a handwritten guide, both inside `fn main` as in a doc test.
use vi_runtime::prelude::*;

fn main() {
    /// Rubin's eight schools, non-centred.
    #[model]
    fn eight_schools(sigma: Tensor<1>, y: Tensor<1>) -> Tensor<1> {
        let mu = sample!("mu", Normal::new(0.0, 5.0));
        let tau = sample!("tau", HalfCauchy::new(5.0));
        let z = plate!("school", 8, { sample!("z", Normal::new(0.0, 1.0)) });
        let theta = deterministic!("theta", mu + tau * z);
        observe!("y", Normal::new(&theta, sigma), y);
        theta
    }

    #[guide(model = eight_schools)]
    fn mean_field(sigma: Tensor<1>, y: Tensor<1>) {
        let loc = param!("mu.loc", [0.0]);
        let scale = param!("mu.scale", [1.0], support::Positive);
        sample!("mu", Normal::new(loc, scale));
        let loc = param!("tau.loc", [0.0]);
        sample!("tau", LogNormal::new(loc, 1.0));
        plate!("school", 8, { sample!("z", Normal::new(param!("z.loc", [0.0]), 1.0)) });
    }

    fn fit(sigma: Tensor<1>, y: Tensor<1>) {
        let model = eight_schools(sigma.clone(), y.clone());
        let _ = Svi::new(&model, mean_field(sigma, y));
    }
    let _ = fit;
}
