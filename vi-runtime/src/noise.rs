//! Where randomness comes from: a distribution asks for standard noise and transforms it.
//!
//! Distributions never own a generator. An eager run hands them [`HostNoise`]; a compiled plan hands them inputs of
//! its graph. Both draw from the same [`Key`], so both see the same numbers.

use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData};
use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::{fill_f32, fill_f64};

use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::Result;
use crate::operand::Placement;

/// A source of standard noise, rank-erased so that an executor can be chosen at run time.
pub trait NoiseSource {
    /// Independent standard normal numbers.
    fn normal(&mut self, shape: &[usize]) -> Result<AnyTensor>;
    /// Independent uniform numbers in `(0, 1)`, neither end included.
    fn uniform(&mut self, shape: &[usize]) -> Result<AnyTensor>;
    /// `ln g` for `g ~ Gamma(concentration, 1)`, differentiable in the concentration (implicit gradient).
    fn log_gamma(&mut self, concentration: AnyTensor) -> Result<AnyTensor>;
    /// Poisson counts (int), no gradient.
    fn poisson(&mut self, rate: AnyTensor) -> Result<AnyTensor>;
    /// Binomial counts (int), no gradient; `total_count` and `probs` have one shape.
    fn binomial(&mut self, total_count: AnyTensor, probs: AnyTensor) -> Result<AnyTensor>;
    /// Counts of a family (int), no gradient; the parameters are in the order that the family tells.
    fn counts(&mut self, family: Counts, parameters: Vec<AnyTensor>) -> Result<AnyTensor>;
    /// Device and precision of what comes out.
    fn placement(&self) -> &Placement;
}

/// Families of counts that are drawn on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counts {
    /// Population, successes in it, draws from it: three tensors of one shape.
    Hypergeometric,
    /// Totals `[batch, 1]` and probabilities `[batch, K]`; the counts have the shape of the probabilities.
    Multinomial,
    /// The power.
    Zipf,
}

/// The noise of one site, with ranks in the types.
pub struct Noise<'a>(&'a mut dyn NoiseSource);

impl<'a> Noise<'a> {
    /// Wraps a source.
    pub fn new(source: &'a mut dyn NoiseSource) -> Self {
        Noise(source)
    }

    /// Device and precision of what comes out.
    pub fn placement(&self) -> &Placement {
        self.0.placement()
    }

    /// Independent standard normal numbers.
    ///
    /// # Errors
    /// Passes on those of the source, as every method here does.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D]) -> Result<Tensor<D>> {
        self.0.normal(&shape)?.typed("normal noise")
    }

    /// Independent uniform numbers in `(0, 1)`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D]) -> Result<Tensor<D>> {
        self.0.uniform(&shape)?.typed("uniform noise")
    }

    /// `ln g` for `g ~ Gamma(concentration, 1)`, one draw an element, differentiable in the concentration.
    pub fn log_gamma<const D: usize>(&mut self, concentration: Tensor<D>) -> Result<Tensor<D>> {
        self.0.log_gamma(concentration.into())?.typed("gamma noise")
    }

    /// Poisson counts, one an element of `rate`.
    pub fn poisson<const D: usize>(&mut self, rate: Tensor<D>) -> Result<Tensor<D, Int>> {
        self.0.poisson(rate.into())?.typed("Poisson noise")
    }

    /// Binomial counts, one an element.
    pub fn binomial<const D: usize>(&mut self, total_count: Tensor<D>, probs: Tensor<D>) -> Result<Tensor<D, Int>> {
        self.0.binomial(total_count.into(), probs.into())?.typed("binomial noise")
    }

    /// Counts of `family`, whose parameters are in the order that it tells.
    pub fn counts<const D: usize, const N: usize>(&mut self, family: Counts, parameters: [Tensor<D>; N]) -> Result<Tensor<D, Int>> {
        self.0.counts(family, parameters.map(AnyTensor::from).to_vec())?.typed("counts")
    }
}

/// Noise drawn on the host from a key and copied to the device: the same numbers on every backend.
///
/// Request `c` draws from the stream of `key.fold_in(c)`, so that a compiled plan can draw each request by itself.
pub struct HostNoise {
    key: Key,
    requests: u64,
    placement: Placement,
}

impl HostNoise {
    /// The noise of the site whose key this is.
    pub fn new(key: Key, placement: Placement) -> Self {
        HostNoise { key, requests: 0, placement }
    }

    /// The same from request number `request` on.
    pub(crate) fn for_request(key: Key, request: u64, placement: Placement) -> Self {
        HostNoise { key, requests: request, placement }
    }

    fn request(&mut self) -> Key {
        let key = self.key.fold_in(self.requests);
        self.requests += 1;
        key
    }

    fn fill(&mut self, kind: NoiseKind, shape: &[usize]) -> AnyTensor {
        let key = self.request();
        floats(&self.placement, shape, |numbers| fill_f32(kind, key, numbers), |numbers| fill_f64(kind, key, numbers))
    }
}

/// A tensor at `to` of what fills it in the precision there.
pub(crate) fn floats(to: &Placement, shape: &[usize], single: impl FnOnce(&mut [f32]), double: impl FnOnce(&mut [f64])) -> AnyTensor {
    let Placement { device, dtype } = to;
    let count = shape.iter().product();
    let data = if *dtype == FloatDType::F64 {
        let mut numbers = vec![0.0; count];
        double(&mut numbers);
        TensorData::new(numbers, shape.to_vec())
    } else {
        let mut numbers = vec![0.0; count];
        single(&mut numbers);
        TensorData::new(numbers, shape.to_vec())
    };
    each_rank!(shape.len(), D => Tensor::<D>::from_data(data, (device, DType::from(*dtype))).into())
}

impl NoiseSource for HostNoise {
    fn normal(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        Ok(self.fill(NoiseKind::Normal, shape))
    }

    fn uniform(&mut self, shape: &[usize]) -> Result<AnyTensor> {
        Ok(self.fill(NoiseKind::Uniform, shape))
    }

    fn log_gamma(&mut self, concentration: AnyTensor) -> Result<AnyTensor> {
        crate::dist::sampler::log_gamma(&mut self.request().stream(), concentration, &self.placement)
    }

    fn poisson(&mut self, rate: AnyTensor) -> Result<AnyTensor> {
        crate::dist::sampler::poisson(&mut self.request().stream(), rate, &self.placement)
    }

    fn binomial(&mut self, total_count: AnyTensor, probs: AnyTensor) -> Result<AnyTensor> {
        crate::dist::sampler::binomial(&mut self.request().stream(), total_count, probs, &self.placement)
    }

    fn counts(&mut self, family: Counts, parameters: Vec<AnyTensor>) -> Result<AnyTensor> {
        crate::dist::sampler::counts(&mut self.request().stream(), family, &parameters)
    }

    fn placement(&self) -> &Placement {
        &self.placement
    }
}
