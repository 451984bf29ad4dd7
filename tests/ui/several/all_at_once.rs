//! Every mistake of a function is reported, and its caller gets none of its own.
//@ errors 7
use vi_runtime::prelude::*;

#[model]
fn program(y: Option<&Tensor<1>>, x: &mut Tensor<1>) -> Tensor<1> {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    sample!("mu", Normal::new(0.0, 1.0));
    for _ in 0..3 {
        sample!("z", Normal::new(0.0, 1.0));
    }
    let zs = [0, 1].map(|i| sample!("w"[i], Normal::new(0.0, 1.0)));
    sample!("bad name", Normal::new(0.0, 1.0));
    observe!("y", Normal::new(&mu, 1.0));
    mu
}

fn call(x: &mut Tensor<1>) -> impl Program<Output = Tensor<1>> {
    program(None, x)
}

fn main() {
    let _ = call;
}
