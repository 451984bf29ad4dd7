//! Guides: handwritten programs, and automatic ones that are derived from the model, one a file.

mod auto;
mod auto_bnaf;
mod auto_delta;
mod auto_diagonal_normal;
mod auto_hierarchical;
mod auto_iaf;
mod auto_laplace;
mod auto_low_rank_multivariate_normal;
mod auto_mixture;
mod auto_multivariate_normal;
mod auto_neural_spline;
mod auto_normal;
mod auto_structured;
mod auto_student_t;
mod beginning;
mod flowing;
mod gaussian;
mod guide_list;
mod init;
mod joint;
pub(crate) mod layout;
mod local;
mod neutra;
mod normal_mixture;
mod start;

pub use auto::{AutoGuide, AutoProgram, Auxiliary};
pub use auto_bnaf::{AutoBNAF, BlockAutoregressive};
pub use auto_delta::{AutoDelta, AutoDeltaProgram};
pub use auto_diagonal_normal::{AutoDiagonalNormal, DiagonalNormal};
pub use auto_hierarchical::{AutoHierarchical, AutoHierarchicalProgram};
pub use auto_iaf::{AutoIAF, InverseAutoregressive};
pub use auto_laplace::AutoLaplace;
pub use auto_low_rank_multivariate_normal::{AutoLowRankMultivariateNormal, LowRank};
pub use auto_mixture::{AutoMixture, MixtureOfNormals};
pub use auto_multivariate_normal::{AutoMultivariateNormal, FullRank};
pub use auto_neural_spline::{AutoNeuralSpline, SplineCoupling};
pub use auto_normal::{AutoNormal, AutoNormalProgram};
pub use auto_structured::{AutoStructured, AutoStructuredProgram, Conditional};
pub use auto_student_t::{AutoStudentT, HeavyTailed};
pub use flowing::Warp;
pub use gaussian::{Gaussian, Root};
pub use guide_list::{GuideList, GuideListProgram};
pub use init::Init;
pub use joint::{AutoJoint, Family, Frame, JointProgram};
pub use layout::{LatentSite, Layout};
pub use neutra::{NeuTra, Warped};
pub use start::{Factor, Mode, Start};

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

    /// Of how many elements the program draws a vector in units of the posterior, where its parameters live in such, as a [`Start`] makes
    /// them: a rate of descent then says how far a step goes.
    fn units(&self, _prepared: &Self::Program) -> Option<usize> {
        None
    }

    /// The program for other arguments of the same model, such as the next batch: `model` has them, at `placement`.
    fn rebind(&self, model: &M, prepared: &Self::Program, placement: &Placement) -> Self::Program;
}

impl<M: Program, P: Program + Clone> Guide<M> for P {
    type Program = P;
    const SITES: SiteRanks = <P as Program>::SITES;

    fn prepare(&self, _: &M, placement: &Placement, _: Key) -> Result<P> {
        Ok(self.place(placement))
    }

    fn rebind(&self, _: &M, _: &P, placement: &Placement) -> P {
        self.place(placement)
    }
}
