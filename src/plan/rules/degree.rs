//! How much it matters that a rule is broken.

use std::fmt;

use serde::Serialize;

/// How much a fault matters; a greater one matters more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Degree {
    /// Good to know.
    Note,
    /// It does harm somewhere, or on some day: what `repair` leaves in a wheel and warns of.
    Warning,
    /// What the package says of itself is not true, or it does not work.
    Error,
}

impl Degree {
    /// Its name in texts, in JSON and in SARIF.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Degree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
