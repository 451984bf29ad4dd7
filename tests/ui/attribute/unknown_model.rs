//! A guide of a model that is not there.
use vi_runtime::prelude::*;

#[guide(model = nowhere)]
fn guide() {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {}
