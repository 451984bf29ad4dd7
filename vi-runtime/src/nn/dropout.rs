//! Dropout with the random numbers of the run.

use std::cell::RefCell;

use burn::module::{Flag, Module, Param};
use burn::tensor::Tensor;

use crate::error::{Error, Result};
use crate::noise::{Noise, NoiseSource};

/// Sets elements to 0 at random while a step is made, and divides the rest by the probability of staying (Srivastava et al.
/// 2014): the expectation of the result is the input.
///
/// Its random numbers are those of the step's key, so that a fit with it is the same from run to run, eager and compiled.
/// Burn's own `Dropout` draws from a generator of the device, which no compiled step knows of. Outside of a step, as in
/// `fit.elbo()` and predictions, and in a module that is frozen, the input is passed on.
///
/// ```
/// use vi_runtime::burn::module::Module;
/// use vi_runtime::burn::nn::Linear;
/// use vi_runtime::nn::Dropout;
/// use vi_runtime::prelude::*;
///
/// #[derive(Module, Debug, Arg)]
/// struct Encoder {
///     hidden: Linear,
///     dropout: Dropout,
/// }
///
/// impl Encoder {
///     fn forward(&self, x: Tensor<2>) -> Tensor<2> {
///         self.dropout.forward(self.hidden.forward(x))
///     }
/// }
/// ```
#[derive(Module, Debug)]
pub struct Dropout {
    prob: f64,
    keyed: Keyed,
}

/// Holds the flag apart, so that the module is told from Burn's of the same name.
#[derive(Module, Debug)]
struct Keyed {
    training: Param<Flag>,
}

impl Dropout {
    /// Each element becomes 0 with probability `prob`.
    ///
    /// # Errors
    /// [`Error::Config`] where `prob` is not in `[0, 1)`.
    pub fn new(prob: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&prob) {
            return Err(Error::Config { setting: "the probability of a dropout".into(), problem: format!("{prob}; it must be in [0, 1)") });
        }
        Ok(Dropout { prob, keyed: Keyed { training: Param::from_bool(true) } })
    }

    /// The probability with which an element becomes 0.
    pub fn prob(&self) -> f64 {
        self.prob
    }

    /// `x` with elements set to 0 in a step, else `x`.
    ///
    /// # Shapes
    /// Any; the result has that of `x`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        if self.prob == 0.0 || !self.keyed.training.is_enabled() {
            return x;
        }
        match uniform(x.dims()) {
            Some(u) => x.mask_fill(u.lower_elem(self.prob), 0.0).mul_scalar((1.0 - self.prob).recip()),
            None => x,
        }
    }
}

thread_local! {
    /// The runs of this thread, one inside the other; absent where a run drops nothing.
    static RUNS: RefCell<Vec<Option<Dropped>>> = const { RefCell::new(Vec::new()) };
}

/// Where the layers of a run get their numbers from.
pub(crate) struct Dropped {
    source: Box<dyn NoiseSource>,
    error: Option<Error>,
}

impl Dropped {
    pub(crate) fn new(source: Box<dyn NoiseSource>) -> Self {
        Dropped { source, error: None }
    }
}

/// Runs `body` with layers that draw from `dropped`, and pass everything on where it is absent.
///
/// # Errors
/// Those of `body`, and of the source of noise.
pub(crate) fn dropping<T>(dropped: Option<Dropped>, body: impl FnOnce() -> Result<T>) -> Result<T> {
    /// Also where the body unwinds: a program that reads a value on the capture device does.
    struct Leave(bool);
    impl Drop for Leave {
        fn drop(&mut self) {
            if self.0 {
                RUNS.with_borrow_mut(Vec::pop);
            }
        }
    }
    RUNS.with_borrow_mut(|runs| runs.push(dropped));
    let mut leave = Leave(true);
    let result = body();
    leave.0 = false;
    let failed = RUNS.with_borrow_mut(Vec::pop).flatten().and_then(|dropped| dropped.error);
    match failed {
        Some(error) => Err(error),
        None => result,
    }
}

/// Uniform numbers of the innermost run, where it drops.
fn uniform<const D: usize>(shape: [usize; D]) -> Option<Tensor<D>> {
    RUNS.with_borrow_mut(|runs| {
        let dropped = runs.last_mut()?.as_mut()?;
        match Noise::new(&mut *dropped.source).uniform(shape) {
            Ok(u) => Some(u),
            Err(error) => {
                dropped.error.get_or_insert(error);
                None
            }
        }
    })
}
