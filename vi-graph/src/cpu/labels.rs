//! The name of a random stream, hashed when a plan is made.

use crate::ir::Stream;
use crate::key::Key;

/// What the key of a step is folded with to get the key of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    site: [u64; 2],
    call: u64,
}

impl Labels {
    /// Of a stream.
    pub fn of(stream: &Stream) -> Self {
        Labels { site: Key::site_labels(&stream.site), call: stream.call }
    }

    /// Below the key of the step.
    pub fn key(&self, step: Key) -> Key {
        step.fold_in(self.site[0]).fold_in(self.site[1]).fold_in(self.call)
    }
}
