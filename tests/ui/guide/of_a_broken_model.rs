//! The model has two mistakes; its guide adds none.
//@ errors 2
use vi_runtime::prelude::*;

#[model]
fn model() {
    sample!("mu", Normal::new(0.0, 1.0));
    let tau = sample!("tau");
    sample!("mu", Normal::new(tau, 1.0));
}

#[guide(model = model)]
fn guide() {
    sample!("mu", Normal::new(0.0, 1.0));
    sample!("tau", LogNormal::new(0.0, 1.0));
}

fn main() {
    let _ = Svi::new(&model(), guide());
}
