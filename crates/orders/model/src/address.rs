//! Where things are sent and who is billed.

use serde::{Deserialize, Serialize};

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Who.
    pub name: String,
    /// The firm.
    pub company: Option<String>,
    /// Street and number.
    pub line1: String,
    /// Staircase, flat.
    pub line2: Option<String>,
    /// The place.
    pub city: String,
    /// The postal code, where there are any.
    pub postal_code: Option<String>,
    /// State, province or county.
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// For the carrier.
    pub phone: Option<String>,
}

/// Whether a text has the form of an ISO 3166-1 alpha-2 code.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())
}
