//! From a model to its log density in unconstrained space.

use std::rc::Rc;

use burn::tensor::{Device, FloatDType};
use vi_graph::{Key, Precision};

use super::density::{Engine, LogDensity};
use super::point::{Point, WholePlates};
use crate::any_tensor::AnyTensor;
use crate::compile::{Failure, Refusal, Wanted, elbo_graph, quiet};
use crate::device;
use crate::error::{Error, Result};
use crate::execution::Execution;
use crate::guide::Init;
use crate::guide::layout::Layout;
use crate::objective::Pathwise;
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::{Program, handler};
use crate::setters::setters;
use crate::svi::{ENUMERATION_LIMIT, placement};

/// Makes the [`LogDensity`] of a model.
///
/// The defaults: seed 0, the device of the model's first tensor, compiled where that can be done, in double precision. In
/// single precision the density of 1 000 data has some five digits, which is too few for differences along a line search and
/// for curvatures.
#[derive(Clone, Debug)]
pub struct Unconstrained<M> {
    model: M,
    seed: u64,
    device: Option<Device>,
    dtype: Option<FloatDType>,
    execution: Execution,
}

impl<M: Program + Clone> Unconstrained<M> {
    /// For `model`, with the defaults.
    pub fn new(model: &M) -> Self {
        Unconstrained { model: model.clone(), seed: 0, device: None, dtype: None, execution: Execution::Auto }
    }

    setters! {
        /// The seed of the draws from the prior that give the [`start`](LogDensity::start).
        seed: u64;

        /// The device to run the model on; its arguments are moved there. A compiled density is computed on the processor.
        device: Device => Some(device.inner());

        /// The precision to compute in; float arguments are converted. Without it, double precision is used, unless a run of the
        /// model in it fails, as where the program makes tensors of single precision itself: it is then recorded as it is,
        /// and still computed in double precision where it is compiled.
        dtype: FloatDType => Some(dtype);

        /// How the density is computed: by itself compiled where it can be.
        execution: Execution;
    }

    /// The log density.
    ///
    /// # Errors
    /// Those of a run of the model; a latent site that is discrete or a point; a model without latent sites; a model that
    /// cannot be compiled where it has to be.
    pub fn build(&self) -> Result<LogDensity<M>> {
        let native = placement(&self.model, self.device.clone(), self.dtype)?;
        let double = Placement { dtype: FloatDType::F64, ..native.clone() };
        // A program with tensors of its own in single precision panics where it meets double precision.
        let try_double = self.dtype.is_none() && native.dtype != FloatDType::F64 && !cfg!(panic = "abort");
        if try_double
            && device::check(&double.device, FloatDType::F64).is_ok()
            && let Ok(Ok(density)) = quiet::catch(|| self.at(&double))
        {
            return Ok(density);
        }
        self.at(&native)
    }

    fn at(&self, placement: &Placement) -> Result<LogDensity<M>> {
        let model = handler::with(self.model.place(placement), WholePlates);
        let layout = Layout::of(&model, placement, Key::new(self.seed), "a density in unconstrained space", &|_| &Init::Median)?;
        if layout.sites().is_empty() {
            return Err(Error::Config { setting: "model".into(), problem: "it has no latent site".into() });
        }
        let point = Point { layout, placement: placement.clone() };
        let mut density = LogDensity::eager(model, point, placement.clone())?;
        let start = density.start().to_vec();
        let mut reference = vec![0.0; start.len()];
        // The first run creates the model's parameters, and every check is made.
        density.check()?;
        if self.execution == Execution::Eager {
            return Ok(density);
        }
        let compiled = self.unknown_handler(&density).map_or_else(|| self.compile(&density), |refusal| Err(refusal.into()));
        let compiled = compiled.and_then(|engine| {
            let known = match density.log_density_and_gradient(&start, &mut reference) {
                // The sum is too long to be made term by term: there is nothing to compare with.
                Err(Error::Enumeration { .. }) => false,
                known => known.map(|_| true)?,
            };
            density.engine = engine;
            if known { agrees(&density, &start, &reference) } else { Ok(()) }
        });
        match compiled {
            Ok(()) => Ok(density),
            Err(Failure::Error(error)) => Err(error),
            Err(Failure::Refused(refusal)) if self.execution == Execution::Compiled => Err(refusal.error("compiling the log density")),
            Err(Failure::Refused(refusal)) => {
                density.engine = Engine::Eager(Some(refusal));
                Ok(density)
            }
        }
    }

    fn unknown_handler(&self, density: &LogDensity<M>) -> Option<Refusal> {
        let mut key = Fingerprint::default();
        density.model.fingerprint(&mut key);
        let handler = key.unknown().filter(|_| self.execution == Execution::Auto)?;
        Some(Refusal::new(format!("the handler {handler} may do something else in each run (it has no `fingerprint`)")))
    }

    fn compile(&self, density: &LogDensity<M>) -> Result<Engine, Failure> {
        let terms = elbo_graph(&density.model, &density.point, &density.placement, &density.params, &Pathwise, ENUMERATION_LIMIT)?;
        let mut arguments: Vec<AnyTensor> = Vec::new();
        density.model.visit_tensors(&mut |tensor| arguments.push(tensor.clone()));
        let single = self.dtype.is_some_and(|dtype| dtype != FloatDType::F64);
        let precision = if single { Precision::F32 } else { Precision::F64 };
        let engine = Engine::compiled(terms, arguments, precision);
        density.plan(&engine, (1, Wanted::Gradient))?;
        Ok(engine)
    }
}

/// How far a compiled gradient may be from that of Burn's autodiff, relative to the largest element: what is looked for are
/// whole terms that a recording does not show.
const AGREEMENT: f64 = 0.02;

fn agrees<M: Program + Clone>(density: &LogDensity<M>, start: &[f64], reference: &[f64]) -> Result<(), Failure> {
    let mut found = vec![0.0; start.len()];
    density.log_density_and_gradient(start, &mut found)?;
    let scale = reference.iter().filter(|g| g.is_finite()).fold(0.0f64, |most, g| most.max(g.abs()));
    let apart = |(x, y): (&f64, &f64)| x.is_finite() && (!y.is_finite() || (x - y).abs() > AGREEMENT * scale);
    if reference.iter().zip(&found).any(apart) {
        let reason =
            "the gradient is not the one of an eager run: a `detach`, or randomness of Burn's own, cannot be seen in what a run records";
        return Err(Refusal::new(reason).into());
    }
    Ok(())
}

impl<M: Program + Clone> LogDensity<M> {
    /// The log density of `model` with the defaults of [`Unconstrained`].
    ///
    /// # Errors
    /// As [`Unconstrained::build`].
    pub fn new(model: &M) -> Result<Self> {
        Unconstrained::new(model).build()
    }
}

/// Shared by the clones of a density.
pub(super) type Shared<T> = Rc<std::cell::RefCell<T>>;
