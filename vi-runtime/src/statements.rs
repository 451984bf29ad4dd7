//! The statements where they do not belong: inside a program the attribute macros replace them before these are seen.

macro_rules! statements {
    ($($name:ident: $form:literal;)*) => { statements! { @ ($) $($name: $form;)* } };
    (@ ($dollar:tt) $($name:ident: $form:literal;)*) => { $(
        #[doc = concat!("A statement of a program: `", $form, "`.")]
        ///
        /// It belongs inside a function marked `#[model]` or `#[guide]`; anywhere else it does not compile.
        #[macro_export]
        macro_rules! $name {
            ($dollar($dollar _tokens:tt)*) => {
                ::core::compile_error!(concat!(
                    "`", stringify!($name), "!` belongs inside a function marked `#[model]` or `#[guide]`, written there as `", $form, "`"
                ))
            };
        }
    )* };
}

statements! {
    sample: "sample!(\"x\", distribution)";
    observe: "observe!(\"y\", distribution, value)";
    param: "param!(\"w\", init, support)";
    module: "module!(\"net\", init)";
    plate: "plate!(\"n\", size, { .. })";
    deterministic: "deterministic!(\"t\", expression)";
    factor: "factor!(\"f\", log_weight)";
    submodel: "submodel!(\"prefix\", program)";
    device: "device!()";
}
