//! Attempts to pay an order. An order has any number of them, of which at
//! most one at a time is under way.

use kernel::{Money, OrderId, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};

pub use payments::PaymentStatus;

/// An attempt to pay an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Which; also the idempotency key at the gateway.
    pub id: PaymentId,
    /// For which order.
    pub order: OrderId,
    /// Through whom.
    pub gateway: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// How much it is for, before the gateway's taxes.
    pub amount: Money,
    /// The gateway's name for it.
    pub session: Option<String>,
    /// Where the buyer pays.
    pub url: Option<String>,
    /// The gateway's name for the money, once there is any.
    pub intent: Option<String>,
    /// What came in, taxes included.
    pub captured: Money,
    /// The taxes of that.
    pub tax: Money,
    /// What went back of it, or is promised to.
    pub refunded: Money,
    /// Why it failed, or why the last card was declined; none once it is paid.
    pub failure: Option<String>,
    /// Until when the buyer can pay.
    pub expires_at: Timestamp,
    /// When the gateway was last asked.
    pub checked_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use PaymentStatus as S;

    #[test]
    fn money_that_came_is_never_ignored_nor_forgotten() {
        for from in [S::Created, S::Open, S::Processing, S::Failed, S::Expired] {
            assert!(from.may_become(S::Succeeded));
        }
        for to in [
            S::Created,
            S::Open,
            S::Processing,
            S::Failed,
            S::Expired,
            S::Succeeded,
        ] {
            assert!(!S::Succeeded.may_become(to));
        }
        assert!(!S::Failed.may_become(S::Open));
        assert!(!S::Processing.may_become(S::Open));
        assert!(S::Created.may_become(S::Expired));
    }
}
