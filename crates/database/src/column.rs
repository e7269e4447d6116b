//! Reading and writing of the values of columns.

use kernel::{Currency, Fault};
use sea_orm::TryGetableFromJson;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A JSON column that is read as what it means, without a tree of JSON values
/// in between. Where rows come as JSON themselves, it is a part of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Stored<T>(pub T);

impl<T: DeserializeOwned> TryGetableFromJson for Stored<T> {}

/// A stored value that cannot be read: a bug or a hand-made change.
fn unreadable(what: &str, error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::permanent(format!("{what} cannot be read")).caused_by(error)
}

/// Reads a word.
pub fn word<T>(what: &str, text: &str) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error| unreadable(what, error))
}

/// Reads a currency code.
pub fn currency(what: &str, text: &str) -> Result<Currency, Fault> {
    word(what, text)
}

/// Reads a JSON column of an entity of sea-orm, which can hold nothing but
/// JSON; rows of SQL have [`Stored`].
pub fn json<T: DeserializeOwned>(what: &str, value: Json) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| unreadable(what, error))
}

/// Writes a JSON column.
pub fn to_json<T: Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

/// Writes a JSON column that may be null.
pub fn to_maybe<T: Serialize>(value: Option<&T>) -> Option<Json> {
    value.map(to_json)
}
