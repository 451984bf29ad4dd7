//! Plates, subsamples, families of sites, control flow, factors and submodels.

use tests::{device, vector};
use vi_runtime::prelude::*;

use super::agree::agree;

const X: [f64; 4] = [0.3, -1.2, 2.5, 0.7];

#[model]
fn nested(y: Tensor<2>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("school", 3, {
        let effect = sample!("effect", Normal::new(0.0, 1.0).expand([1, 1]));
        plate!("pupil", 2, {
            let noise = sample!("noise", LogNormal::new(0.0, 0.5).expand([1, 1]));
            observe!("y", Normal::new(mu.unsqueeze() + effect, noise), y);
        });
    });
}

#[test]
fn nested_plates() -> Result<()> {
    let y = Tensor::<2>::from_floats([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], &device()?);
    agree(&nested(y), &AutoNormal::new())
}

#[model]
fn local(x: Tensor<1>, batch: usize) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("n", 4, subsample = batch, |idx| {
        let z = sample!("z", Normal::new(mu, 1.0));
        observe!("x", Normal::new(z, 1.0), x.clone().select(0, idx));
    });
}

#[guide(model = local)]
fn local_guide(batch: usize) {
    let loc = param!("loc", X);
    let mu = sample!("mu", Normal::new(param!("mu", [0.1]), 0.5));
    plate!("n", 4, subsample = batch, |idx| { sample!("z", Normal::new(loc.clone().select(0, idx) + mu, 0.1)) });
}

#[test]
fn a_subsampled_plate_in_model_and_guide() -> Result<()> {
    agree(&local(vector(X)?, 2), &local_guide(2))
}

#[model]
fn two_subsamples(y: Tensor<2>) {
    let row = sample!("row", Normal::new(0.0, 1.0));
    let column = sample!("column", LogNormal::new(0.0, 0.3));
    plate!("rows", 3, subsample = 2, |rows| {
        plate!("columns", 4, subsample = 3, |columns| {
            let batch = y.clone().select(0, rows).select(1, columns);
            observe!("y", Normal::new(row.unsqueeze::<2>(), column.unsqueeze::<2>()), batch);
        });
    });
}

#[test]
fn nested_plates_with_subsamples() -> Result<()> {
    let y = Tensor::<2>::from_floats([[0.1, 0.2, 0.0, 1.0], [0.3, 0.4, -2.0, 0.5], [0.5, 0.6, 3.0, -0.4]], &device()?);
    agree(&two_subsamples(y), &AutoNormal::new())
}

#[model]
fn walk(y: Tensor<1>, steps: usize, drift: Option<f64>) -> Tensor<1> {
    let mut level = sample!("x"[0], Normal::new(0.0, 1.0));
    for t in 1..steps {
        level = sample!("x"[t], Normal::new(level.clone(), 0.3));
        if t % 2 == 0 {
            observe!("y"[t], Normal::new(&level, 0.5), y.clone().narrow(0, t, 1));
        }
    }
    if let Some(drift) = drift {
        factor!("drift", level.clone() * drift);
    }
    let shifted = match steps {
        0..=3 => level,
        _ => deterministic!("shifted", level * 2.0),
    };
    observe!("last", StudentT::new(4.0, &shifted, 1.0), 0.7);
    shifted
}

#[test]
fn families_of_sites_and_control_flow() -> Result<()> {
    let y = vector([0.1, 0.4, 0.3, -0.2, 0.6])?;
    agree(&walk(y.clone(), 5, Some(-0.3)), &AutoNormal::new())?;
    agree(&walk(y, 3, None), &AutoNormal::new())
}

#[model]
fn chain(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let b = sample!("b", Normal::new(a, 2.0));
    observe!("y", Normal::new(b, 0.5), y);
}

#[guide(model = chain)]
fn chain_guide() {
    let loc = param!("loc", [0.0, 0.3]);
    let a = sample!("a", Normal::new(loc.clone().narrow(0, 0, 1), 0.5));
    sample!("b", Normal::new(a * 0.3 + loc.narrow(0, 1, 1), 0.5));
}

#[model]
fn with_submodel(y: Tensor<1>) {
    submodel!("left", chain(y.clone()));
    submodel!("right", chain(y * 2.0));
}

#[guide(model = with_submodel)]
fn with_subguide() {
    submodel!("left", chain_guide());
    submodel!("right", chain_guide());
}

#[test]
fn submodels() -> Result<()> {
    agree(&with_submodel(vector([1.0])?), &with_subguide())
}

#[model]
fn flat(y: Tensor<1>) {
    let share = sample!("share", Uniform::new(0.0, 1.0));
    let a = sample!("a", Normal::new(0.0, 1.0));
    factor!("steps", (share * 3.0).floor() + param!("whole", [1.7]).round() * a.clone().sign());
    plate!("n", 4, { observe!("y", Normal::new(a, 1.0), y) });
}

#[guide(model = flat)]
fn flat_guide() {
    sample!("share", Delta::new(param!("share", [0.4], support::UnitInterval)));
    sample!("a", Normal::new(param!("a", [0.3]), 0.5));
}

#[test]
fn a_gradient_may_be_zero_everywhere() -> Result<()> {
    agree(&flat(vector(X)?), &flat_guide())
}

/// Operations on tensors that no density makes: the import must know each.
#[model]
fn operations(x: Tensor<2>, index: Tensor<1, Int>) {
    let a = sample!("a", Normal::new(0.2, 1.0).expand([4]));
    let row = a.clone().unsqueeze::<2>();
    let product = x.clone().matmul(row.clone().transpose()).squeeze_dim::<1>(1);
    let cumulative = a.clone().cumsum(0);
    let picked = a.clone().select(0, index.clone()).slice(0..2);
    let gathered = x.clone().gather(1, index.unsqueeze::<2>().expand([3, 3])).sum_dim(1).squeeze_dim::<1>(1);
    let sorted = a.clone().sort(0).flip([0]);
    let joined = Tensor::cat(vec![picked, sorted.slice(1..3)], 0);
    let clamped = (joined * cumulative).clamp(-0.5, 0.5);
    let largest = a.clone().max().exp() + a.clone().abs().min() + a.clone().mean();
    let repeated = a.clone().repeat(&[3]).reshape([3, 4]) * x.clone().mask_fill(x.clone().greater_elem(0.5), 0.1);
    let total = clamped.sum() + product.sum() + gathered.sum() + repeated.powf_scalar(2.0).sum() + largest;
    observe!("y", Normal::new(total, 2.0), 0.7);
    factor!("each", a.clone().tanh() * a.sin());
}

#[test]
fn operations_on_tensors() -> Result<()> {
    let x = Tensor::<2>::from_floats([[0.1, 0.2, 0.0, 1.0], [0.3, 0.4, -2.0, 0.5], [0.5, 0.6, 3.0, -0.4]], &device()?);
    let index = Tensor::<1, Int>::from_ints([2, 0, 3], &device()?);
    agree(&operations(x, index), &AutoNormal::new().init_scale(0.5))
}
