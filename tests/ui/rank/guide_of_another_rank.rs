//! The guide draws a matrix where the model draws a vector: seen where both meet, by `cargo build`.
//@ build
use vi_runtime::prelude::*;

#[model]
fn model() {
    sample!("x", Normal::new(0.0, 1.0).expand([3]));
}

#[guide(model = model)]
fn guide() {
    sample!("x", Normal::new(0.0, 1.0).expand([3, 1]));
}

fn main() {
    let _ = Svi::new(&model(), guide());
}
