//! The CPU executor.

pub(crate) mod kernels;
