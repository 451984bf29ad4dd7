//! The name of a random stream, hashed when a plan is made.

use crate::ir::Stream;
use crate::key::{Key, Label};

/// What the key of a step is folded with to get the key of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labels([Label; 3]);

impl Labels {
    /// Of a stream.
    pub fn of(stream: &Stream) -> Self {
        let [hash, length] = Label::site(&stream.site);
        Labels([hash, length, Label::new(stream.call)])
    }

    /// Below the key of the step.
    pub fn key(&self, step: Key) -> Key {
        self.0.iter().fold(step, |key, &label| key.fold(label))
    }
}
