//! Money that goes back.

use kernel::{Money, OrderId, OrderLineId, PaymentId, RefundId, Timestamp};
use serde::{Deserialize, Serialize};

pub use payments::RefundStatus;

use crate::errors::OrdersError;
use crate::order::OrderLine;

/// Pieces of a line that go back into stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restock {
    /// Which line.
    pub line: OrderLineId,
    /// How many.
    pub quantity: i64,
}

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Which; also the idempotency key at the gateway.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// Of which payment.
    pub payment: PaymentId,
    /// Where it stands.
    pub status: RefundStatus,
    /// How much.
    pub amount: Money,
    /// Why.
    pub reason: String,
    /// What went back into stock with it.
    pub restock: Vec<Restock>,
    /// The gateway's name for it.
    pub external: Option<String>,
    /// Why the gateway refused.
    pub failure: Option<String>,
    /// When the gateway was last asked.
    pub checked_at: Timestamp,
    /// When it was promised.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Refuses to put back more than was sold and has not come back yet. Several
/// entries of one line are added up.
pub fn check_restock(lines: &[OrderLine], restock: &[Restock]) -> Result<(), OrdersError> {
    for entry in restock {
        let line = lines
            .iter()
            .find(|line| line.id == entry.line)
            .ok_or(OrdersError::LineNotFound)?;
        let wanted = restock
            .iter()
            .filter(|other| other.line == entry.line)
            .try_fold(0i64, |sum, other| {
                (other.quantity > 0)
                    .then(|| sum.checked_add(other.quantity))
                    .flatten()
            });
        let left = line.restockable();
        if wanted.is_none_or(|wanted| wanted > left) {
            return Err(OrdersError::RestockTooLarge { left });
        }
    }
    Ok(())
}
