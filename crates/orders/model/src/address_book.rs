//! The addresses an account keeps.

use kernel::{SavedAddressId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// An address in somebody's book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedAddress {
    /// Which.
    pub id: SavedAddressId,
    /// Whose.
    pub user: UserId,
    /// What they call it.
    pub label: Option<String>,
    /// The address.
    pub address: Address,
    /// Whether new carts are sent there.
    pub default_shipping: bool,
    /// Whether new carts are billed there.
    pub default_billing: bool,
    /// Grows with every change of label or address.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An address to keep.
#[derive(Debug, Clone)]
pub struct NewSavedAddress {
    /// What they call it.
    pub label: Option<String>,
    /// The address.
    pub address: Address,
    /// Whether new carts are sent there.
    pub default_shipping: bool,
    /// Whether new carts are billed there.
    pub default_billing: bool,
}

/// A change of a kept address; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SavedAddressChange {
    /// What they call it; `Some(None)` removes it.
    pub label: Option<Option<String>>,
    /// The address, all of it.
    pub address: Option<Address>,
    /// Whether new carts are sent there.
    pub default_shipping: Option<bool>,
    /// Whether new carts are billed there.
    pub default_billing: Option<bool>,
}

impl SavedAddress {
    /// The address after a change.
    #[must_use]
    pub fn changed(mut self, change: SavedAddressChange, now: Timestamp) -> Self {
        self.label = change.label.unwrap_or(self.label);
        self.address = change.address.unwrap_or(self.address);
        self.default_shipping = change.default_shipping.unwrap_or(self.default_shipping);
        self.default_billing = change.default_billing.unwrap_or(self.default_billing);
        self.version += 1;
        self.updated_at = now;
        self
    }
}
