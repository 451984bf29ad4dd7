//! A string as an initial value.
use vi_runtime::prelude::*;

#[guide]
fn guide() {
    param!("w", "0.0");
}

fn main() {}
