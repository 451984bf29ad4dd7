//! What all automatic guides have in common.

use std::fmt::Debug;

use super::gaussian::Gaussian;
use super::init::Init;
use super::layout::Layout;
use super::start::{Mode, Start};
use crate::error::Result;
use crate::program::{ParamStore, Program};

/// A guide that is derived from the latent sites of the model alone.
pub trait AutoGuide: Clone + Debug + 'static {
    /// The program for one model.
    type Program: AutoProgram + 'static;

    /// How messages call it.
    fn name(&self) -> &'static str;

    /// Where it starts at a site.
    fn initial(&self, site: &str) -> &Init;

    /// The same guide at approximations of at most so many modes, which are looked for where it has been asked to
    /// ([`Init::Pathfinder`]).
    ///
    /// # Errors
    /// Those of the search.
    fn located(&self, _find: &mut dyn FnMut(usize) -> Result<Vec<Mode>>) -> Result<Option<Self>> {
        Ok(None)
    }

    /// The program for a model with these latent sites.
    ///
    /// # Errors
    /// A site that the guide cannot represent, a setting that does not fit.
    fn build(&self, layout: Layout) -> Result<Self::Program>;
}

/// The value of an auxiliary site.
#[derive(Clone, Debug, PartialEq)]
pub struct Auxiliary {
    /// The site.
    pub site: String,
    /// The elements of its vector.
    pub values: Vec<f64>,
    /// The latent sites that it determines.
    pub latents: Vec<String>,
}

/// The program of an [`AutoGuide`].
pub trait AutoProgram: Program<Output = (), Latents = ()> + Clone {
    /// The latent sites.
    fn layout(&self) -> &Layout;

    /// The coordinates that its parameters live in, where it has such.
    fn start(&self) -> Option<&Start> {
        None
    }

    /// What the auxiliary sites of a run must be for the latent sites to have these values. Empty where the latent sites are
    /// drawn one by one, by themselves.
    fn auxiliary(&self, _unconstrained: &[f64]) -> Vec<Auxiliary> {
        Vec::new()
    }

    /// The distribution of the unconstrained vector, where it is normal.
    ///
    /// # Errors
    /// [`Error::Unknown`](crate::Error::Unknown) where no run has made the parameters.
    fn gaussian(&self, _params: &ParamStore) -> Result<Option<Gaussian>> {
        Ok(None)
    }
}

/// An automatic guide is a guide of every model: `automatic! { [generics] Type }`.
macro_rules! automatic {
    ([$($generics:tt)*] $guide:ty) => {
        impl<M: $crate::program::Program + Clone, $($generics)*> $crate::guide::Guide<M> for $guide {
            type Program = <$guide as $crate::guide::AutoGuide>::Program;
            const SITES: $crate::program::SiteRanks = $crate::program::SiteRanks::UNKNOWN;

            fn prepare(&self, model: &M, placement: &$crate::operand::Placement, key: vi_graph::Key) -> $crate::error::Result<Self::Program> {
                use $crate::guide::AutoGuide;
                let layout = $crate::guide::Layout::of(model, placement, key, AutoGuide::name(self), &|site| AutoGuide::initial(self, site))?;
                // A table of units that come and go has no coordinates of a fixed vector.
                let located = if layout.sites().iter().any(|site| site.is_local()) {
                    None
                } else {
                    AutoGuide::located(self, &mut |most| $crate::guide::Mode::find(model, key, most))?
                };
                AutoGuide::build(located.as_ref().unwrap_or(self), layout)
            }

            fn units(&self, prepared: &Self::Program) -> Option<usize> {
                use $crate::guide::AutoProgram;
                AutoProgram::start(prepared).map(|_| AutoProgram::layout(prepared).dim())
            }

            fn rebind(&self, _: &M, prepared: &Self::Program, _: &$crate::operand::Placement) -> Self::Program {
                prepared.clone()
            }
        }
    };
}
pub(crate) use automatic;
