//! Which version of a thing a change is meant for.

/// The versions that a caller who changes something expects to find, as
/// `If-Match` names them (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Whichever there is (`*`).
    Any,
    /// One of these; none is never found.
    OneOf(Vec<i64>),
}

impl Expected {
    /// Whether a version that was found is one of those expected.
    pub fn is_met_by(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}
