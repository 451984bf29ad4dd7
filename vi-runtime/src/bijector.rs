use crate::{Error, Result, support::Support};
use burn::tensor::Tensor;
use std::rc::Rc;
pub trait Bijector<const D: usize>: std::fmt::Debug {
    fn forward(&self, x: Tensor<D>) -> Tensor<D>;
    fn inverse(&self, y: Tensor<D>) -> Tensor<D>;
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D>;
    fn event_rank(&self) -> usize;
    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize>;
}
#[derive(Debug)] pub struct Identity;
#[derive(Debug)] pub struct Exp;
impl<const D: usize> Bijector<D> for Identity {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> { x }
    fn inverse(&self, y: Tensor<D>) -> Tensor<D> { y }
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> { x.zeros_like() }
    fn event_rank(&self) -> usize { 0 }
    fn unconstrained_shape(&self, c: &[usize]) -> Vec<usize> { c.to_vec() }
}
impl<const D: usize> Bijector<D> for Exp {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> { x.exp() }
    fn inverse(&self, y: Tensor<D>) -> Tensor<D> { y.log() }
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> { x.clone() }
    fn event_rank(&self) -> usize { 0 }
    fn unconstrained_shape(&self, c: &[usize]) -> Vec<usize> { c.to_vec() }
}
pub fn biject_to<const D: usize>(support: &Support) -> Result<Rc<dyn Bijector<D>>> {
    match support { Support::Real => Ok(Rc::new(Identity)), Support::Positive => Ok(Rc::new(Exp)), s => Err(Error::Unsupported{what: s.to_string(), problem: "no bijector".into()}) }
}
