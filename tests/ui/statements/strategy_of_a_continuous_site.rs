//! Only values that can be listed are summed over.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x", Normal::new(0.0, 1.0), strategy = Enumerate);
}

fn main() {}
