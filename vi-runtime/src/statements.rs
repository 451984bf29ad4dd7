//! The statements where they do not belong: inside a program the attribute macros replace them before these are seen.
//!
//! Written out one by one, because a macro that another macro defines cannot be re-exported by the prelude.

/// A latent site, as a statement of a program: `sample!("x", distribution)`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! sample {
    ($($tokens:tt)*) => {
        ::core::compile_error!(
            "`sample!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `sample!(\"x\", distribution)`"
        )
    };
}

/// An observed site, as a statement of a program: `observe!("y", distribution, value)`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! observe {
    ($($tokens:tt)*) => {
        ::core::compile_error!(
            "`observe!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `observe!(\"y\", distribution, value)`"
        )
    };
}

/// A learnable tensor, as a statement of a program: `param!("w", init, support)`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! param {
    ($($tokens:tt)*) => {
        ::core::compile_error!(
            "`param!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `param!(\"w\", init, support)`"
        )
    };
}

/// A Burn module with learnable weights, as a statement of a program: `module!("net", init)`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! module {
    ($($tokens:tt)*) => {
        ::core::compile_error!(
            "`module!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `module!(\"net\", init)`"
        )
    };
}

/// Conditional independence along a dimension, as a statement of a program: `plate!("n", size, { .. })`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! plate {
    ($($tokens:tt)*) => {
        ::core::compile_error!(
            "`plate!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `plate!(\"n\", size, { .. })`"
        )
    };
}

/// A recorded value without density, as a statement of a program: `deterministic!("t", expression)`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! deterministic {
    ($($tokens:tt)*) => {
        ::core::compile_error!("`deterministic!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `deterministic!(\"t\", expression)`")
    };
}

/// A log weight, as a statement of a program: `factor!("f", log_weight)`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! factor {
    ($($tokens:tt)*) => {
        ::core::compile_error!(
            "`factor!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `factor!(\"f\", log_weight)`"
        )
    };
}

/// Another program under a prefix, as a statement of a program: `submodel!("prefix", program)`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! submodel {
    ($($tokens:tt)*) => {
        ::core::compile_error!(
            "`submodel!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `submodel!(\"prefix\", program)`"
        )
    };
}

/// The device of the run, as a statement of a program: `device!()`.
///
/// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
#[macro_export]
macro_rules! device {
    ($($tokens:tt)*) => {
        ::core::compile_error!("`device!` belongs inside a function marked `#[model]` or `#[guide]`; write it there as `device!()`")
    };
}
