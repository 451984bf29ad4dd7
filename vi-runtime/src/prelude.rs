//! Everything a program needs: `use vi_runtime::prelude::*;`.

pub use burn::tensor::{Bool, Device, FloatDType, Int, Tensor};
pub use vi_macros::{Arg, guide, model};

pub use crate::any_tensor::AnyTensor;
pub use crate::batches::{Batch, Batches};
pub use crate::bijector::{Bijector, biject_to};
pub use crate::dist::*;
pub use crate::error::{Error, Result};
pub use crate::execution::Execution;
pub use crate::fit::{Decode, Fit, Refine, Summary};
pub use crate::guide::{
    AutoBNAF, AutoDelta, AutoDiagonalNormal, AutoHierarchical, AutoIAF, AutoLaplace, AutoLowRankMultivariateNormal, AutoMixture,
    AutoMultivariateNormal, AutoNeuralSpline, AutoNormal, AutoStructured, AutoStudentT, Conditional, GuideList, Init, NeuTra, Start,
};
pub use crate::objective::{
    AnalyticKl, Annealed, Baseline, Dreg, Elbo, Iwae, KlSchedule, Pathwise, Renyi, ScoreFunction, StickingTheLanding, TailAdaptive, Vimco,
    WakeSleep,
};
pub use crate::optim::{
    AdaGrad, Adam, AdamW, Averaging, Clipped, ClippedAdam, Cocob, Dog, Dowg, Optimizer, PerParam, RmsProp, Schedule, Sgd,
};
pub use crate::predictive::{log_joint, prior_predictive};
pub use crate::program::arg::Arg;
pub use crate::program::handler::{self, Handler};
pub use crate::program::{Collapse, Draws, Enumerate, Program, Run, Trace};
pub use crate::stop::{Drift, Stationary};
pub use crate::support::{self, Support};
pub use crate::svi::{Svi, SviState};
pub use crate::{deterministic, device, factor, module, observe, param, plate, sample, submodel};
