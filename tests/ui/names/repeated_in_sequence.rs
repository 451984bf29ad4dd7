//! Both `if`s can be entered: their sites are not exclusive.
use vi_runtime::prelude::*;

#[model]
fn program(first: bool, second: bool) {
    if first {
        sample!("mu", Normal::new(0.0, 1.0));
    }
    if second {
        sample!("mu", Normal::new(0.0, 2.0));
    }
}

fn main() {}
