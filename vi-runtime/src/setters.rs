//! The methods of a builder that set one of its settings.

/// A method for each setting, named as its field. It sets the field to what it is given, or to what stands behind the arrow; with
/// `in part;` in front, the field is one of the field `part`.
///
/// ```text
/// setters! {
///     /// How many draws are made.
///     draws: usize;
///     /// The rate of each step.
///     rate: impl Into<Schedule> => rate.into();
/// }
/// ```
macro_rules! setters {
    (in $part:ident; $($(#[$about:meta])* $name:ident: $given:ty $(=> $value:expr)?;)+) => {
        $($crate::setters::setters! { @method [$part.$name] $(#[$about])* $name: $given $(=> $value)? })+
    };
    (@method [$($field:tt)+] $(#[$about:meta])* $name:ident: $given:ty $(=> $value:expr)?) => {
        $(#[$about])*
        #[must_use]
        pub fn $name(mut self, $name: $given) -> Self {
            self.$($field)+ = $crate::setters::setters!(@value $name $($value)?);
            self
        }
    };
    (@value $name:ident $value:expr) => {
        $value
    };
    (@value $name:ident) => {
        $name
    };
    ($($(#[$about:meta])* $name:ident: $given:ty $(=> $value:expr)?;)+) => {
        $($crate::setters::setters! { @method [$name] $(#[$about])* $name: $given $(=> $value)? })+
    };
}
pub(crate) use setters;
