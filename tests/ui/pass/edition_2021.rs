//! The same in edition 2021.
//@ edition 2021
use vi_runtime::prelude::*;

mod models {
    use vi_runtime::prelude::*;

    #[model]
    pub fn line<'a, T: Clone>(x: &'a Tensor<1>, other: T) -> Tensor<1> {
        let _ = other;
        let slope = sample!("slope", Normal::new(x, 1.0));
        plate!("n", 3, { sample!("e", Normal::new(0.0, 1.0)).sum() }) + slope
    }
}
use models::line;

#[guide(model = models::line)]
fn by_path<T: Clone>(x: &Tensor<1>, other: T) {
    sample!("slope", Normal::new(0.0, 1.0));
    sample!("e", Normal::new(0.0, 1.0));
}

#[guide(model = line)]
fn by_import(x: &Tensor<1>) {
    sample!("slope", Normal::new(0.0, 1.0));
    sample!("e", Normal::new(0.0, 1.0));
}

fn bound(x: Tensor<1>) -> impl Program<Output = Tensor<1>> {
    line(&x, 1.0)
}

fn main() {
    let _ = bound;
}
