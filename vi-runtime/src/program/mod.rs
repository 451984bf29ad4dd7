//! What a program is and how it is run.

pub mod arg;
mod bound;
pub(crate) mod collapse;
mod context;
mod draws;
pub(crate) mod enumeration;
pub mod handler;
mod module;
mod param;
mod plate;
mod rank;
mod reparam;
mod site;
mod statement;
mod subsample;
mod trace;
mod validate;

pub use bound::{Bound, BoxedProgram, Program, SiteRanks};
pub use collapse::Collapse;
pub use context::{Ctx, NoiseProvider, Observations, Run};
pub use draws::{Draws, DrawsSource, Latents};
pub use enumeration::{Enumerate, SiteStrategy, Strategy};
pub(crate) use module::{create as create_module, find as find_module};
pub use param::{Init, ParamEntry, ParamScope, ParamStore};
pub(crate) use plate::draw_units;
pub use plate::{Plate, PlateGuard, PlateIndex};
pub(crate) use rank::compare as compare_ranks;
pub use rank::{Rank, Ranks};
pub use reparam::{Back, Centre, Centredness, Image, Reparam, Reparameterised, reparam};
pub(crate) use site::wrapper_methods;
pub use site::{DynDistribution, Site, SiteDraw, SiteIndex, SiteKind, SiteName};
pub(crate) use statement::erase;
pub use statement::{IntoObserved, Observed};
pub(crate) use subsample::Subsampler;
pub use trace::Trace;
