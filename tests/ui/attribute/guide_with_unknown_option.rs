//! An option that `#[guide]` does not know.
use vi_runtime::prelude::*;

#[model]
fn model() {
    sample!("x", Normal::new(0.0, 1.0));
}

#[guide(of = model)]
fn guide() {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {
    let _ = Svi::new(&model(), guide());
}
