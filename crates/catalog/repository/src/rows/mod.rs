//! The rows as sea-orm sees them, and what they mean.

use kernel::{Currency, Fault};
use serde::de::DeserializeOwned;

pub mod category;
pub mod product;
pub mod variant;

/// A stored value that cannot be read: a bug or a hand-made change.
pub(crate) fn unreadable(
    what: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Fault {
    Fault::permanent(format!("{what} cannot be read")).caused_by(error)
}

/// Reads a word.
pub(crate) fn word<T>(what: &str, text: &str) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error| unreadable(what, error))
}

/// Reads a currency code.
pub(crate) fn currency(what: &str, text: &str) -> Result<Currency, Fault> {
    text.parse().map_err(|error| unreadable(what, error))
}

/// Reads a JSON column.
pub(crate) fn json<T: DeserializeOwned>(what: &str, value: serde_json::Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| unreadable(what, error))
}
