//! The plumbing that every element-wise family shares, written once as macros.

/// Declares the struct of an element-wise family with its constructor `new` and its `expand`.
///
/// `family! { /// docs  Normal { loc: L, scale: S } }`
macro_rules! family {
    ($(#[$doc:meta])* $name:ident { $($field:ident : $generic:ident),+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<const D: usize> {
            $(pub(crate) $field: $crate::operand::Operand<D>,)+
            pub(crate) batch: $crate::dist::Batch<D>,
        }

        impl<const D: usize> $name<D> {
            /// The distribution with these parameters: numbers, arrays, tensors or references, in any mix.
            pub fn new<$($generic),+>($($field: $generic),+) -> Self
            where
                ($($generic,)+): $crate::dist::Params<D, { [$(stringify!($field)),+].len() }>,
            {
                let [$($field),+] = $crate::dist::Params::operands(($($field,)+));
                let batch = $crate::dist::Batch::of([$((stringify!($field), &$field)),+]);
                Self { $($field,)+ batch }
            }

            /// The same distribution over independent copies that fill `shape`; new dimensions come first.
            pub fn expand<const E: usize>(self, shape: [usize; E]) -> $name<E> {
                $(let $field = self.$field.lift::<E>();)+
                let batch = $crate::dist::Batch::of([$((stringify!($field), &$field)),+]).expand(shape);
                $name { $($field,)+ batch }
            }
        }
    };
}
pub(crate) use family;

/// The methods of `Distribution` that only pass on to the parameters.
///
/// `family_methods! { Normal { loc: Real, scale: Positive } }`
macro_rules! family_methods {
    ($name:ident { $($field:ident : $constraint:ident),+ }) => {
        fn name(&self) -> String {
            stringify!($name).to_owned()
        }

        fn shape(&self) -> [usize; D] {
            self.batch.dims()
        }

        fn place(mut self, to: &$crate::operand::Placement) -> Self {
            $(self.$field = self.$field.place(to);)+
            self.batch = self.batch.place(to);
            self
        }

        fn grow(mut self, shape: [usize; D]) -> Self {
            self.batch = self.batch.grow(shape);
            self
        }

        fn conflict(&self) -> Option<$crate::dist::ShapeConflict> {
            self.batch.conflict()
        }

        fn parameters(&self, visit: &mut dyn FnMut(&'static str, $crate::operand::AnyOperand, $crate::dist::Constraint)) {
            $(visit(stringify!($field), self.$field.any(), $crate::dist::Constraint::$constraint);)+
        }
    };
}
pub(crate) use family_methods;

/// The methods of `Distribution` that only pass on to the parameters, for a family that is given probabilities or log-odds:
/// a struct with the fields `form`, `parameter`, `batch` and those named here. The last word is the method of
/// [`Form`](super::density::Form) that tells what `parameter` must satisfy.
///
/// `form_methods! { Binomial { total_count: NonNegativeInteger } constraint }`
macro_rules! form_methods {
    ($name:ident { $($field:ident : $constraint:ident),* } $of_form:ident) => {
        fn name(&self) -> String {
            stringify!($name).to_owned()
        }

        fn shape(&self) -> [usize; D] {
            self.batch.dims()
        }

        fn place(mut self, to: &$crate::operand::Placement) -> Self {
            $(self.$field = self.$field.place(to);)*
            self.parameter = self.parameter.place(to);
            self.batch = self.batch.place(to);
            self
        }

        fn grow(mut self, shape: [usize; D]) -> Self {
            self.batch = self.batch.grow(shape);
            self
        }

        fn conflict(&self) -> Option<$crate::dist::ShapeConflict> {
            self.batch.conflict()
        }

        fn parameters(&self, visit: &mut dyn FnMut(&'static str, $crate::operand::AnyOperand, $crate::dist::Constraint)) {
            $(visit(stringify!($field), self.$field.any(), $crate::dist::Constraint::$constraint);)*
            visit(self.form.name(), self.parameter.any(), self.form.$of_form());
        }
    };
}
pub(crate) use form_methods;
