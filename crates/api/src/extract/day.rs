//! Days in query strings.

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

/// A day such as `2026-01-31`, or none. Nothing of what else a parser of times
/// would say reaches the client.
pub(crate) fn day<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Date>, D::Error> {
    let text = Option::<String>::deserialize(reader)?;
    let day = |text: String| {
        let day = text.parse::<Date>();
        day.map_err(|_| D::Error::custom("must be a date such as 2026-01-31"))
    };
    text.map(day).transpose()
}
