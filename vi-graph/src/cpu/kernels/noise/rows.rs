//! Rows of numbers that follow each other, a row for each lane.

use std::ops::Range;

use super::{BLOCKS, Layout};

/// Rows of `per_lane` numbers, one for each lane from 0 on, neither number being 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    lanes: usize,
    per_lane: usize,
}

impl Rows {
    pub fn new(lanes: usize, per_lane: usize) -> Self {
        Rows { lanes, per_lane }
    }

    /// Whether there is room for the rows, and lanes and the blocks of a row can be counted in 32 bits.
    pub(super) fn fit(self, len: usize) -> bool {
        let counted = self.lanes.max(self.row()) <= u32::MAX as usize;
        counted && self.lanes.checked_mul(self.per_lane).is_some_and(|end| end <= len)
    }

    /// Blocks in a row.
    pub(super) fn row(self) -> usize {
        self.per_lane.div_ceil(2)
    }

    pub fn blocks(self) -> usize {
        self.lanes * self.row()
    }

    pub(super) fn layout(self) -> Layout {
        match self.per_lane {
            1 => Layout::One,
            n if n % 2 == 0 => Layout::Even,
            _ => Layout::Odd,
        }
    }

    /// How many blocks are left to a sweep, a multiple of [`BLOCKS`].
    pub fn swept(self) -> usize {
        // The second number of the last block of odd rows would lie beyond the end.
        let blocks = if self.layout() == Layout::Odd { self.blocks().saturating_sub(1) } else { self.blocks() };
        blocks / BLOCKS * BLOCKS
    }

    /// The lane of block `i`, and which of its blocks it is.
    pub fn block(self, i: usize) -> (u32, u64) {
        ((i / self.row()) as u32, (i % self.row()) as u64)
    }

    /// Where the numbers of block `i` go.
    pub fn place(self, i: usize) -> Range<usize> {
        let (lane, block) = (i / self.row(), i % self.row());
        let start = lane * self.per_lane + 2 * block;
        start..(start + 2).min((lane + 1) * self.per_lane)
    }
}
