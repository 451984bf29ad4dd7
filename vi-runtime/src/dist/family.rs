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

/// Declares the struct of a family that is given probabilities or logits, after the fields named here, with its constructors
/// `new` and `logits` and its `expand`.
///
/// `form_family! { /// docs  Binomial { total_count: N }  /// docs of new  probs  /// docs of logits  logits }`
macro_rules! form_family {
    (
        $(#[$doc:meta])* $name:ident { $($field:ident : $generic:ident),* }
        $(#[$of_probs:meta])* probs
        $(#[$of_logits:meta])* logits
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<const D: usize> {
            $(pub(crate) $field: $crate::operand::Operand<D>,)*
            pub(crate) form: $crate::dist::Form,
            pub(crate) parameter: $crate::operand::Operand<D>,
            pub(crate) batch: $crate::dist::Batch<D>,
        }

        impl<const D: usize> $name<D> {
            $(#[$of_probs])*
            pub fn new<$($generic,)* P>($($field: $generic,)* probs: P) -> Self
            where
                ($($generic,)* P,): $crate::dist::Params<D, { [$(stringify!($field),)* "probs"].len() }>,
            {
                Self::of($crate::dist::Form::Probs, $crate::dist::Params::operands(($($field,)* probs,)))
            }

            $(#[$of_logits])*
            pub fn logits<$($generic,)* P>($($field: $generic,)* logits: P) -> Self
            where
                ($($generic,)* P,): $crate::dist::Params<D, { [$(stringify!($field),)* "logits"].len() }>,
            {
                Self::of($crate::dist::Form::Logits, $crate::dist::Params::operands(($($field,)* logits,)))
            }

            fn of(
                form: $crate::dist::Form,
                operands: [$crate::operand::Operand<D>; { [$(stringify!($field),)* "parameter"].len() }],
            ) -> Self {
                let [$($field,)* parameter] = operands;
                let batch = $crate::dist::Batch::of([$((stringify!($field), &$field),)* (form.name(), &parameter)]);
                Self { $($field,)* form, parameter, batch }
            }

            /// The same distribution over independent copies that fill `shape`; new dimensions come first, those of an event keep
            /// their sizes.
            pub fn expand<const E: usize>(self, shape: [usize; E]) -> $name<E> {
                let mut expanded = $name::of(self.form, [$(self.$field.lift::<E>(),)* self.parameter.lift::<E>()]);
                expanded.batch = expanded.batch.expand(shape);
                expanded
            }
        }
    };
}
pub(crate) use form_family;

/// What every family with a `batch` says in the same words: name, shape, growth and conflict.
macro_rules! batch_methods {
    ($name:ident) => {
        fn name(&self) -> String {
            stringify!($name).to_owned()
        }

        fn shape(&self) -> [usize; D] {
            self.batch.dims()
        }

        fn grow(mut self, shape: [usize; D]) -> Self {
            self.batch = self.batch.grow(shape);
            self
        }

        fn conflict(&self) -> Option<$crate::dist::ShapeConflict> {
            self.batch.conflict()
        }
    };
}
pub(crate) use batch_methods;

/// A location-scale family with the fields `loc` and `scale`.
macro_rules! loc_scale_method {
    () => {
        fn loc_scale(&mut self) -> Option<(&mut $crate::operand::Operand<D>, &mut $crate::operand::Operand<D>)> {
            Some((&mut self.loc, &mut self.scale))
        }
    };
}
pub(crate) use loc_scale_method;

/// The methods of `Distribution` that only pass on to the parameters. Behind `and` stands what must hold of several of them
/// together: its name in messages, and the method that computes it.
///
/// `family_methods! { Uniform { low: Real, high: Real } and "high - low" = width: Positive }`
macro_rules! family_methods {
    ($name:ident { $($field:ident : $constraint:ident),+ } $(and $what:literal = $together:ident : $of_all:ident)*) => {
        $crate::dist::batch_methods! { $name }

        fn place(mut self, to: &$crate::operand::Placement) -> Self {
            $(self.$field = self.$field.place(to);)+
            self.batch = self.batch.place(to);
            self
        }

        fn parameters(&self, visit: &mut dyn FnMut(&'static str, $crate::operand::AnyOperand, $crate::dist::Constraint)) {
            $(visit(stringify!($field), self.$field.any(), $crate::dist::Constraint::$constraint);)+
            $(
                // What does not broadcast cannot be put together; the conflict is reported first.
                if self.batch.conflict().is_none() {
                    visit($what, self.$together().any(), $crate::dist::Constraint::$of_all);
                }
            )*
        }
    };
}
pub(crate) use family_methods;

/// The methods of `Distribution` that only pass on to the parameters, for what [`form_family`] declares. The last word is the
/// method of [`Form`](super::form::Form) that tells what the probabilities or logits must satisfy.
///
/// `form_methods! { Binomial { total_count: NonNegativeInteger } constraint }`
macro_rules! form_methods {
    ($name:ident { $($field:ident : $constraint:ident),* } $of_form:ident) => {
        $crate::dist::batch_methods! { $name }

        fn place(mut self, to: &$crate::operand::Placement) -> Self {
            $(self.$field = self.$field.place(to);)*
            self.parameter = self.parameter.place(to);
            self.batch = self.batch.place(to);
            self
        }

        fn parameters(&self, visit: &mut dyn FnMut(&'static str, $crate::operand::AnyOperand, $crate::dist::Constraint)) {
            $(visit(stringify!($field), self.$field.any(), $crate::dist::Constraint::$constraint);)*
            visit(self.form.name(), self.parameter.any(), self.form.$of_form());
        }
    };
}
pub(crate) use form_methods;
