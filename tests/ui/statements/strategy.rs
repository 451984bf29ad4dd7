//! A strategy that is none, and one that is given twice.
//@ errors 2
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("j", Bernoulli::new(0.5), strategy = Enumerate, strategy = Enumerate);
    sample!("k", Bernoulli::new(0.5), plan = Enumerate);
}

fn main() {}
