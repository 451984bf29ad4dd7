//! A field that is no argument itself.
use vi_runtime::prelude::*;

#[derive(Clone)]
struct Settings;

#[derive(Clone, Arg)]
struct Data {
    x: Tensor<1>,
    settings: Settings,
}

fn main() {}
