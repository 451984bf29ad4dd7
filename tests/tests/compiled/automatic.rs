//! Automatic guides: every family takes the same steps either way.

use tests::vector;
use vi_runtime::guide::Factor;
use vi_runtime::prelude::*;

use super::agree::agree;

#[model]
fn mixed(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 2.0));
    let b = sample!("b", Gamma::new(2.0, 1.0).expand([2]));
    let d = sample!("d", Dirichlet::new([1.5, 2.0, 2.5]));
    plate!("n", 3, { observe!("y", Normal::new(a + b.narrow(0, 0, 1) * d, 0.5), y) });
}

fn model() -> Result<impl Program + Clone> {
    Ok(mixed(vector([0.4, 1.2, -0.3])?))
}

#[test]
fn normal_families() -> Result<()> {
    let model = model()?;
    agree(&model, &AutoDiagonalNormal::new().init_scale(0.3))?;
    agree(&model, &AutoMultivariateNormal::new().init_scale(0.3))?;
    agree(&model, &AutoLowRankMultivariateNormal::new().init_scale(0.3))
}

#[test]
fn at_the_mode() -> Result<()> {
    agree(&model()?, &AutoLaplace::new())
}

#[test]
fn a_student_t() -> Result<()> {
    agree(&model()?, &AutoStudentT::new().init_scale(0.3))
}

#[test]
fn a_mixture() -> Result<()> {
    agree(&model()?, &AutoMixture::new(3).init_scale(0.5))
}

#[test]
fn dependent_sites() -> Result<()> {
    let guide = AutoStructured::new().conditional("b", Conditional::MultivariateNormal).conditional("a", Conditional::Delta);
    agree(&model()?, &guide.depends("d", ["b"]).init_scale(0.3))
}

#[test]
fn sites_that_follow_their_priors() -> Result<()> {
    let (sigma, y) = super::schools::schools()?;
    agree(&super::schools::centred(sigma, y), &AutoHierarchical::new())
}

#[test]
fn in_the_coordinates_of_a_flow() -> Result<()> {
    let model = model()?;
    for dtype in [FloatDType::F32, FloatDType::F64].into_iter().take(if tests::has_f64() { 2 } else { 1 }) {
        let flow = Svi::new(&model, AutoIAF::new().layers(2).hidden(&[6])).dtype(dtype).steps(5).run()?;
        agree(&NeuTra::new(&flow)?.reparam(model.clone()), &AutoNormal::new().init_scale(0.5))?;
    }
    Ok(())
}

#[test]
fn flows() -> Result<()> {
    let model = model()?;
    agree(&model, &AutoIAF::new().layers(2).hidden(&[6]))?;
    agree(&model, &AutoNeuralSpline::new().layers(2).hidden(&[6]).spline(4, 3.0))?;
    agree(&model, &AutoBNAF::new().layers(1).hidden(1, 3))
}

#[test]
fn in_the_coordinates_of_a_start() -> Result<()> {
    let factor = (0..25).map(|k| if k % 5 == k / 5 { 0.4 } else { 0.1 }).collect();
    let start = Start { loc: vec![0.2, -0.1, 0.3, 0.1, -0.2], factor: Factor::LowerTriangular(factor) };
    agree(&model()?, &AutoNormal::new().start(start.clone()))?;
    agree(&model()?, &AutoMultivariateNormal::new().start(start))
}
