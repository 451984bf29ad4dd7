//! Keywords, dotted names, families, submodels, auxiliary sites, raw names of functions.
#![deny(warnings)]
#![deny(missing_docs)]
use vi_runtime::prelude::*;

/// A keyword as the name of the function.
#[model]
pub fn r#loop() -> Tensor<1> {
    sample!("type", Normal::new(0.0, 1.0))
}

/// Dotted names and a submodel.
#[model]
pub fn outer(n: usize) -> Tensor<1> {
    let a = sample!("layer.weight", Normal::new(0.0, 1.0));
    let b = sample!("layer.bias", Normal::new(0.0, 1.0));
    let c = submodel!("inner", r#loop());
    for i in 0..n {
        sample!("x"[i], Normal::new(0.0, 1.0));
    }
    deterministic!("sum", a + b + c)
}

/// Its guide.
#[guide(model = outer, auxiliary = ["u"])]
pub fn outer_guide(n: usize) {
    let u = sample!("u", Normal::new(0.0, 1.0));
    sample!("layer.weight", Normal::new(&u, 1.0));
    sample!("layer.bias", Normal::new(&u, 1.0));
    sample!("inner.type", Normal::new(&u, 1.0));
    for i in 0..n {
        sample!("x"[i], Normal::new(&u, 1.0));
    }
}

/// Without a model.
#[guide]
pub fn bare() {
    sample!("anything", Normal::new(0.0, 1.0));
}

/// Compiled only where it is asked for.
#[model]
#[cfg(any())]
pub fn left_out() -> Missing {
    sample!("x", Normal::new(0.0, 1.0))
}

fn main() {
    let _ = (r#loop, outer, outer_guide, bare);
}
