//! Guides: handwritten programs, and automatic ones that are derived from the model, one a file.

mod auto_delta;
mod auto_normal;
pub(crate) mod latents;

pub use auto_delta::{AutoDelta, AutoDeltaProgram};
pub use auto_normal::{AutoNormal, AutoNormalProgram};

use crate::error::Result;
use crate::operand::Placement;
use crate::program::{Program, SiteRanks};
use vi_graph::Key;

/// What can approximate the posterior of the model `M`: a bound `#[guide]`, or an automatic guide.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a guide for this model",
    label = "expected a bound `#[guide]` or an automatic guide such as `AutoNormal::new()`"
)]
pub trait Guide<M: Program>: Clone {
    /// The program that is run beside the model.
    type Program: Program + Clone;
    /// What is known at compile time about its sites.
    const SITES: SiteRanks;

    /// Makes the program for `model`, whose tensors are at `placement`.
    ///
    /// # Errors
    /// Those of a run of the model, and a latent site that the guide cannot represent.
    fn prepare(&self, model: &M, placement: &Placement, key: Key) -> Result<Self::Program>;

    /// The program for other arguments of the same model, such as the next batch.
    fn rebind(&self, prepared: &Self::Program, placement: &Placement) -> Self::Program;
}

impl<M: Program, P: Program + Clone> Guide<M> for P {
    type Program = P;
    const SITES: SiteRanks = <P as Program>::SITES;

    fn prepare(&self, _: &M, placement: &Placement, _: Key) -> Result<P> {
        Ok(self.place(placement))
    }

    fn rebind(&self, _: &P, placement: &Placement) -> P {
        self.place(placement)
    }
}
