//! Logistic regression on 50 000 × 50: on all rows, on a subsample that the plate draws, on a batch that is passed in.

use vi_runtime::prelude::*;

/// All rows.
#[model]
pub fn logistic(x: Tensor<2>, y: Tensor<1>) {
    let w = sample!("w", Normal::new(0.0, 1.0).expand([x.dims()[1]]).independent(1));
    let b = sample!("b", Normal::new(0.0, 1.0));
    plate!("n", y.dims()[0], {
        let logits = x.matmul(w.unsqueeze_dim(1)).squeeze_dim::<1>(1) + b;
        observe!("y", Bernoulli::logits(logits), y);
    });
}

/// `batch` rows that the plate chooses anew in each step.
#[model]
pub fn subsampled(x: Tensor<2>, y: Tensor<1>, batch: usize) {
    let w = sample!("w", Normal::new(0.0, 1.0).expand([x.dims()[1]]).independent(1));
    let b = sample!("b", Normal::new(0.0, 1.0));
    plate!("n", y.dims()[0], subsample = batch, |rows| {
        let logits = x.select(0, rows.clone()).matmul(w.unsqueeze_dim(1)).squeeze_dim::<1>(1) + b;
        observe!("y", Bernoulli::logits(logits), y.select(0, rows));
    });
}

/// The rows of `x` and `y` stand for `size` rows.
#[model]
pub fn batch(x: Tensor<2>, y: Tensor<1>, size: usize) {
    let w = sample!("w", Normal::new(0.0, 1.0).expand([x.dims()[1]]).independent(1));
    let b = sample!("b", Normal::new(0.0, 1.0));
    plate!("n", size, subsample = y.dims()[0], |_rows| {
        let logits = x.matmul(w.unsqueeze_dim(1)).squeeze_dim::<1>(1) + b;
        observe!("y", Bernoulli::logits(logits), y);
    });
}
