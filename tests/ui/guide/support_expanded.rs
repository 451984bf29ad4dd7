//! Shapes do not hide a support.
use vi_runtime::prelude::*;

#[model]
fn model() {
    sample!("p", Beta::new(1.0, 1.0).expand([3]));
}

#[guide(model = model)]
fn guide() {
    sample!("p", (Gamma::new(1.0, 1.0)).expand([3]));
}

fn main() {}
