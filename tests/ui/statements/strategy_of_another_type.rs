//! A strategy is a value of its own type.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("k", Bernoulli::new(0.5), strategy = 3);
}

fn main() {}
