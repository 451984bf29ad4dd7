//! A struct is not a program.
use vi_runtime::prelude::*;

#[model]
struct Program;

fn main() {}
