//! `skip` is the only option.
//@ errors 2
use vi_runtime::prelude::*;

#[derive(Clone, Arg)]
struct Data {
    #[arg(ignore)]
    x: f64,
    #[arg]
    y: f64,
}

fn main() {}
