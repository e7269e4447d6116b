//! The part of an order that is paid from its buyer's wallet.
//!
//! It is promised when the order is placed: held in the wallet, which the
//! buyer cannot spend otherwise. It is spent when the rest is paid, and let go
//! when the order is canceled.

use kernel::{Money, MoneyError};

use super::Order;

impl Order {
    /// What has to be paid at a gateway.
    pub fn to_pay(&self) -> Result<Money, MoneyError> {
        self.total.minus(self.wallet_credit)
    }
}
