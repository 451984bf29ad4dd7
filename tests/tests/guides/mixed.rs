//! A model with every kind of support, so that every kind of Jacobian takes part.

use vi_runtime::prelude::*;

use super::linear_gaussian::double;

#[model]
fn mixed(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 2.0));
    let b = sample!("b", Gamma::new(2.0, 1.0).expand([2]));
    let c = sample!("c", Beta::new(2.0, 3.0));
    let d = sample!("d", Dirichlet::new([1.5, 2.0, 2.5]));
    plate!("n", 3, { observe!("y", Normal::new(a + b.narrow(0, 0, 1) * d, c), y) });
}

pub fn model() -> Result<impl Program + Clone> {
    Ok(mixed(double(vec![0.4, 1.2, -0.3], [3])?))
}
