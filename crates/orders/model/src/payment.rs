//! Attempts to pay an order. An order has any number of them, of which at
//! most one at a time is under way.

use kernel::{Money, OrderId, PaymentId, Timestamp};
use payments::SessionReport;
use serde::{Deserialize, Serialize};

use crate::order::Order;

pub use payments::PaymentStatus;

/// What stands as the gateway of what was paid from the buyer's wallet.
pub const WALLET: &str = "wallet";

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

impl Payment {
    /// What the buyer's wallet paid of an order just now, by that booking.
    pub fn from_wallet(order: &Order, booking: String, now: Timestamp) -> Self {
        let nothing = Money::zero(order.currency);
        Self {
            id: PaymentId::new(now),
            order: order.id,
            gateway: WALLET.to_owned(),
            status: PaymentStatus::Succeeded,
            amount: order.wallet_credit,
            session: None,
            url: None,
            intent: Some(booking),
            captured: order.wallet_credit,
            tax: nothing,
            refunded: nothing,
            failure: None,
            expires_at: now,
            checked_at: now,
            created_at: now,
            updated_at: now,
        }
    }

    /// Takes over what the gateway knows and we did not.
    pub fn learn(&mut self, report: &SessionReport) {
        if self.session.is_none() && !report.id.is_empty() {
            self.session = Some(report.id.clone());
        }
        if self.intent.is_none() {
            self.intent.clone_from(&report.intent);
        }
        if report.failure.is_some() {
            self.failure.clone_from(&report.failure);
        }
    }

    /// Whether it is the buyer's wallet that paid.
    pub fn is_from_wallet(&self) -> bool {
        self.gateway == WALLET
    }
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
