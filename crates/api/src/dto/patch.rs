//! Fields that may be absent. In merge patches (RFC 7396) absent, null and a
//! value are three different things.

use serde::{Deserialize, Deserializer};

/// A field that may be removed: absent is `None`, null is `Some(None)`.
pub(crate) fn removable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// What a field is that holds when it is absent.
pub(crate) fn yes() -> bool {
    true
}

/// A field that cannot be removed: null is refused.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}
