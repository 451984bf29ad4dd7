//! Names that are no identifiers, each with a suggestion.
//@ errors 5
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("mu 1", Normal::new(0.0, 1.0));
    sample!("8schools", Normal::new(0.0, 1.0));
    sample!("x[0]", Normal::new(0.0, 1.0));
    sample!("", Normal::new(0.0, 1.0));
    sample!("self", Normal::new(0.0, 1.0));
}

fn main() {}
