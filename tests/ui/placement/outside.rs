//! A statement in a plain function.
use vi_runtime::prelude::*;

fn helper() {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {
    helper();
}
