//! Which field of a union holds is not known.
use vi_runtime::prelude::*;

#[derive(Clone, Copy, Arg)]
union Data {
    x: f64,
    y: u64,
}

fn main() {}
