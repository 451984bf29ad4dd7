use crate::dist::*; use crate::bijector::Bijector; use burn::tensor::*; use std::rc::Rc; use crate::noise::Noise; use crate::*;
use crate::dist::Distribution;
#[derive(Clone, Debug)]
pub struct TransformedDistribution<const D: usize, T> { base: T, b: Rc<dyn Bijector<D>> }
impl<const D: usize, T: Distribution<D, Kind = Float>> TransformedDistribution<D, T> { pub fn new(base: T, b: Rc<dyn Bijector<D>>) -> Self { Self { base, b } } }
impl<const D: usize, T: Distribution<D, Kind = Float>> Distribution<D> for TransformedDistribution<D, T> {
    type Kind = Float;
    fn name(&self) -> String { "T".into() }
    fn shape(&self) -> [usize; D] { self.base.shape() }
    fn support(&self) -> Support { Support::Positive }
    fn log_prob(&self, v: &Tensor<D>) -> Tensor<D> { let x = self.b.inverse(v.clone()); self.base.log_prob(&x) - self.b.log_abs_det_jacobian(&x, v) }
    fn draw(&self, n: &mut Noise<'_>) -> Result<Tensor<D>> { Ok(self.b.forward(self.base.draw(n)?)) }
    fn is_reparameterised(&self) -> bool { true }
    fn place(self, _: &Placement) -> Self { self }
    fn grow(self, _: [usize; D]) -> Self { self }
    fn parameters(&self, _: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {}
}
family! { /// d
 Delta { value: V } }
impl<const D: usize> Distribution<D> for Delta<D> {
    type Kind = Float;
    family_methods! { Delta { value: Real } }
    fn support(&self) -> Support { Support::Point }
    fn log_prob(&self, v: &Tensor<D>) -> Tensor<D> { v.zeros_like() }
    fn draw(&self, _: &mut Noise<'_>) -> Result<Tensor<D>> { Ok(self.value.clone().into_tensor()) }
    fn is_reparameterised(&self) -> bool { true }
}
family! { /// d
 HalfCauchy { scale: V } }
impl<const D: usize> Distribution<D> for HalfCauchy<D> {
    type Kind = Float;
    family_methods! { HalfCauchy { scale: Positive } }
    fn support(&self) -> Support { Support::Positive }
    fn log_prob(&self, v: &Tensor<D>) -> Tensor<D> { let z = (Operand::Tensor(v.clone())/self.scale.clone()).square().ln_1p(); (-z - self.scale.clone().ln() + (2.0/std::f64::consts::PI).ln()).into_tensor() }
    fn draw(&self, n: &mut Noise<'_>) -> Result<Tensor<D>> { let u = n.uniform(self.shape())?; Ok((Operand::Tensor(u.mul_scalar(std::f64::consts::FRAC_PI_2).tan()) * self.scale.clone()).into_tensor()) }
    fn is_reparameterised(&self) -> bool { true }
}
