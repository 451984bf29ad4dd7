//! Too few and too many operands.
//@ errors 10
use vi_runtime::prelude::*;

#[model]
fn program(y: Tensor<1>) {
    sample!("a");
    sample!();
    sample!("b", Normal::new(0.0, 1.0), 3);
    observe!("c", Normal::new(0.0, 1.0));
    param!("d");
    module!("e");
    plate!("f", 3);
    deterministic!("g");
    submodel!("h");
    device!(1);
}

fn main() {}
