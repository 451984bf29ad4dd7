//! A name that cannot be read does not count as missing.
use vi_runtime::prelude::*;

#[model]
fn model() {
    sample!("mu", Normal::new(0.0, 1.0));
    sample!("tau", LogNormal::new(0.0, 1.0));
}

#[guide(model = model)]
fn guide() {
    sample!("mu", Normal::new(0.0, 1.0));
    sample!(tau, LogNormal::new(0.0, 1.0));
}

fn main() {
    let _ = Svi::new(&model(), guide());
}
