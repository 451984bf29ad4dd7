//! Standard noise from keys, many numbers at a time.

use crate::key::Key;

/// Standard normal numbers in single precision.
pub fn normal_f32(_key: Key, _out: &mut [f32]) {
    todo!()
}
