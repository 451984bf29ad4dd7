//! One name for two parameters.
use vi_runtime::prelude::*;

#[guide]
fn guide() {
    let loc = param!("loc", [0.0]);
    let scale = param!("loc", [1.0], support::Positive);
    sample!("mu", Normal::new(loc, scale));
}

fn main() {}
