//! A type that is neither data nor derives `Arg`.
use vi_runtime::prelude::*;

struct Settings;

#[model]
fn program(settings: Settings) {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {}
