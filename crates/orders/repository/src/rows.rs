//! Reading and writing of column values.

use kernel::{Currency, Fault};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

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
pub(crate) fn json<T: DeserializeOwned>(what: &str, value: Json) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| unreadable(what, error))
}

/// Reads a JSON column that may be null.
pub(crate) fn maybe<T: DeserializeOwned>(
    what: &str,
    value: Option<Json>,
) -> Result<Option<T>, Fault> {
    value.map(|value| json(what, value)).transpose()
}

/// Writes a JSON column.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

/// Writes a JSON column that may be null.
pub(crate) fn to_maybe<T: Serialize>(value: Option<&T>) -> Option<Json> {
    value.map(to_json)
}
