//! Linear regression with unknown noise and a guide by hand.

use vi_runtime::prelude::*;

#[model]
pub fn linear(x: Tensor<2>, y: Tensor<1>) {
    let w = sample!("w", Normal::new(0.0, 1.0).expand([10]).independent(1));
    let b = sample!("b", Normal::new(0.0, 1.0));
    let sigma = sample!("sigma", Exponential::new(1.0));
    plate!("n", y.dims()[0], {
        let mean = x.matmul(w.unsqueeze_dim(1)).squeeze_dim::<1>(1) + b;
        observe!("y", Normal::new(mean, sigma), y);
    });
}

#[guide(model = linear)]
pub fn by_hand() {
    let w = Normal::new(param!("w.loc", [0.0; 10]), param!("w.scale", [0.1; 10], support::Positive));
    sample!("w", w.independent(1));
    sample!("b", Normal::new(param!("b.loc", [0.0]), param!("b.scale", [0.1], support::Positive)));
    sample!("sigma", LogNormal::new(param!("sigma.loc", [0.0]), param!("sigma.scale", [0.1], support::Positive)));
}
