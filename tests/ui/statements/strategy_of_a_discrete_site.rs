//! Only continuous sites are integrated out.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("k", Bernoulli::new(0.5), strategy = Collapse);
}

fn main() {}
