//! Where a guide begins that can live in the units of an approximation.

use std::rc::Rc;

use super::init::Init;
use super::start::{Mode, Start};
use crate::error::Result;

/// The settings of a beginning.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning {
    pub(super) init: Init,
    pub(super) init_scale: Option<f64>,
    pub(super) start: Option<Rc<Start>>,
}

impl Beginning {
    /// The initial standard deviation: 0.1 unless set, and 1 in the units of a start.
    pub(super) fn scale(&self) -> f64 {
        self.init_scale.unwrap_or(if self.start.is_some() { 1.0 } else { 0.1 })
    }

    /// The start that was given, for `dim` elements.
    ///
    /// # Errors
    /// Those of [`Start::check`].
    pub(super) fn start(&self, dim: usize) -> Result<Option<&Rc<Start>>> {
        self.start.as_ref().map(|start| start.check(dim).map(|()| start)).transpose()
    }

    /// The guide `at` at most so many modes that are looked for, where the settings ask for that.
    ///
    /// # Errors
    /// Those of `find`.
    pub(super) fn located<G>(
        &self,
        most: usize,
        find: &mut dyn FnMut(usize) -> Result<Vec<Mode>>,
        at: impl FnOnce(Vec<Mode>) -> Option<G>,
    ) -> Result<Option<G>> {
        match (&self.init, &self.start) {
            (Init::Pathfinder, None) => Ok(at(find(most)?)),
            _ => Ok(None),
        }
    }
}
