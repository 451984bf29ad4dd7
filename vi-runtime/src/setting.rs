//! Numbers that a setting may be.

use std::fmt;

use crate::error::{Error, Result};

/// A set of numbers; NaN is in none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Numbers {
    /// Above 0 and finite.
    Positive,
    /// 0 or above, and finite.
    NotNegative,
    /// `[0, 1)`.
    Fraction,
    /// 0 or above: a limit, which may be that there is none.
    Limit,
}

impl Numbers {
    fn hold(self, value: f64) -> bool {
        match self {
            Numbers::Positive => value > 0.0 && value.is_finite(),
            Numbers::NotNegative => value >= 0.0 && value.is_finite(),
            Numbers::Fraction => (0.0..1.0).contains(&value),
            Numbers::Limit => value >= 0.0,
        }
    }

    /// Refuses another number for the setting of this name.
    ///
    /// # Errors
    /// [`Error::Config`] with the setting and its value.
    pub(crate) fn check(self, setting: impl fmt::Display, value: f64) -> Result<()> {
        if self.hold(value) {
            return Ok(());
        }
        Err(Error::Config { setting: setting.to_string(), problem: format!("{value}; it must be {self}") })
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Numbers::Positive => "positive and finite",
            Numbers::NotNegative => "finite and not negative",
            Numbers::Fraction => "in [0, 1)",
            Numbers::Limit => "a number that is not negative",
        })
    }
}
