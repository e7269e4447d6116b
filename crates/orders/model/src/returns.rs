//! Goods that come back: asked for, decided on, received, settled.

use kernel::{Money, OrderId, OrderLineId, ReturnId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::aftercare_errors::AftercareError;
use crate::errors::OrdersError;
use crate::order::{OrderLine, Settled};
use crate::shipment::{LineQuantity, Shipment, handed_over, summed};

/// Where a return stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr, EnumIter,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ReturnStatus {
    /// The buyer asks.
    Requested,
    /// The goods may come.
    Approved,
    /// They may not.
    Rejected,
    /// It was called off.
    Canceled,
    /// The goods are here.
    Received,
    /// The money went back.
    Refunded,
    /// The buyer has something else instead.
    Exchanged,
}

impl ReturnStatus {
    /// Whether a return may go from one state to another. An exchange that is
    /// canceled after the goods came leaves goods that are to be paid back.
    pub fn may_become(self, next: Self) -> bool {
        use ReturnStatus as S;
        matches!(
            (self, next),
            (S::Requested, S::Approved | S::Rejected | S::Canceled)
                | (S::Approved, S::Received | S::Exchanged | S::Canceled)
                | (S::Received, S::Refunded)
                | (S::Exchanged, S::Received)
        )
    }

    /// Whether goods are still to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Requested | Self::Approved)
    }
}

/// What the buyer gets for what comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ReturnKind {
    /// Money.
    Refund,
    /// Something else.
    Exchange,
}

/// Why something comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// It does not fit.
    WrongSize,
    /// It is broken, or came broken.
    Damaged,
    /// It does not do what it should.
    Defective,
    /// Something else was ordered.
    WrongItem,
    /// It looks or is otherwise than described.
    NotAsDescribed,
    /// The buyer does not want it any more.
    ChangedMind,
    /// It came too late.
    Late,
    /// Anything else.
    Other,
}

/// How goods are that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// As they were sent.
    AsNew,
    /// Opened or worn.
    Used,
    /// Broken.
    Damaged,
}

/// What comes back of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// Which line.
    pub line: OrderLineId,
    /// How many are to come.
    pub quantity: i64,
    /// Why.
    pub reason: ReturnReason,
    /// In the buyer's words.
    pub comment: Option<String>,
    /// How they were when they came.
    pub condition: Option<Condition>,
    /// How many came and went back into stock.
    pub restocked: i64,
    /// How many came and are not sold again.
    pub scrapped: i64,
    /// How many are settled, and for what; none before their money goes back
    /// or pays for something else.
    #[serde(default)]
    pub settled: Option<Settled>,
}

/// Goods of an order that come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// Which.
    pub id: ReturnId,
    /// Of which order.
    pub order: OrderId,
    /// What the buyer gets for it.
    pub kind: ReturnKind,
    /// Where it stands.
    pub status: ReturnStatus,
    /// What comes back; each line once.
    pub lines: Vec<ReturnLine>,
    /// What the buyer or the shop said.
    pub note: Option<String>,
    /// Why it was rejected or called off.
    pub decision: Option<String>,
    /// The order of what the buyer gets instead.
    pub exchange_order: Option<OrderId>,
    /// What is due when the goods are here, because what the buyer gets
    /// instead costs less.
    pub refund_due: Money,
    /// What went back for it, or is promised to.
    pub refunded: Money,
    /// Who asked.
    pub actor: String,
    /// When that was.
    pub created_at: Timestamp,
    /// When it was approved, rejected or called off.
    pub decided_at: Option<Timestamp>,
    /// When the goods came.
    pub received_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What is to come back of one line.
#[derive(Debug, Clone)]
pub struct WantedReturn {
    /// Which line.
    pub line: OrderLineId,
    /// How many.
    pub quantity: i64,
    /// Why.
    pub reason: ReturnReason,
    /// In the buyer's words.
    pub comment: Option<String>,
}

/// What came back of one line.
#[derive(Debug, Clone)]
pub struct ReceivedLine {
    /// Which line.
    pub line: OrderLineId,
    /// How many go back into stock.
    pub restock: i64,
    /// How many are not sold again.
    pub scrap: i64,
    /// How they are.
    pub condition: Condition,
}

impl Return {
    /// Goes on to a state.
    pub fn become_status(
        &mut self,
        next: ReturnStatus,
        now: Timestamp,
    ) -> Result<(), AftercareError> {
        if !self.status.may_become(next) {
            return Err(AftercareError::ReturnState {
                is: self.status,
                wanted: next,
            });
        }
        self.status = next;
        self.updated_at = now;
        match next {
            ReturnStatus::Approved | ReturnStatus::Rejected | ReturnStatus::Canceled => {
                self.decided_at = Some(now);
            }
            ReturnStatus::Received | ReturnStatus::Exchanged => {
                self.received_at = self.received_at.or(Some(now));
            }
            ReturnStatus::Requested | ReturnStatus::Refunded => {}
        }
        Ok(())
    }

    /// Notes what came; all of it as new when nothing is said. What is not
    /// named did not come.
    pub fn receive(
        &mut self,
        came: Option<&[ReceivedLine]>,
        now: Timestamp,
    ) -> Result<(), OrdersError> {
        let next = match self.kind {
            ReturnKind::Refund => ReturnStatus::Received,
            ReturnKind::Exchange => ReturnStatus::Exchanged,
        };
        self.become_status(next, now)?;
        let Some(came) = came else {
            for line in &mut self.lines {
                line.restocked = line.quantity;
                line.condition = Some(Condition::AsNew);
            }
            return Ok(());
        };
        for entry in came {
            let line = self
                .lines
                .iter_mut()
                .find(|line| line.line == entry.line)
                .ok_or(OrdersError::LineNotFound)?;
            let left = line.quantity - line.restocked - line.scrapped;
            if entry.restock < 0
                || entry.scrap < 0
                || entry.restock > left - entry.scrap.min(left)
                || entry.scrap > left
            {
                return Err(AftercareError::TooManyReceived { left }.into());
            }
            line.restocked += entry.restock;
            line.scrapped += entry.scrap;
            line.condition = Some(entry.condition);
        }
        if self.received() == 0 {
            return Err(AftercareError::NothingReceived.into());
        }
        Ok(())
    }

    /// How many pieces came.
    pub fn received(&self) -> i64 {
        let came = self.lines.iter().map(|line| line.restocked + line.scrapped);
        came.sum()
    }
}

/// The lines of a new return: no more than was handed over, did not come back
/// and is in no other return that is open.
pub fn check_returnable(
    lines: &[OrderLine],
    shipments: &[Shipment],
    wanted: &[WantedReturn],
) -> Result<Vec<ReturnLine>, OrdersError> {
    let mut checked: Vec<ReturnLine> = Vec::with_capacity(wanted.len());
    let entries: Vec<LineQuantity> = wanted
        .iter()
        .map(|entry| LineQuantity {
            line: entry.line,
            quantity: entry.quantity,
        })
        .collect();
    for sum in summed(lines, &entries)? {
        let line = lines.iter().find(|line| line.id == sum.line);
        let held = line.map_or(0, |line| line.pieces.returning + line.pieces.returned);
        let sent = handed_over(shipments, sum.line);
        let left = (sent - held).max(0);
        if sum.quantity > left {
            return Err(AftercareError::TooManyReturned { left, sent }.into());
        }
        let first = wanted.iter().find(|entry| entry.line == sum.line);
        let first = first.ok_or(OrdersError::LineNotFound)?;
        checked.push(ReturnLine {
            line: sum.line,
            quantity: sum.quantity,
            reason: first.reason,
            comment: first.comment.clone(),
            condition: None,
            restocked: 0,
            scrapped: 0,
            settled: None,
        });
    }
    Ok(checked)
}

/// Refuses what the buyer has had for longer than they may return it. The time
/// begins when the last parcel with the line arrived, or, where nobody noted
/// that, when it left. A window of no days means that buyers cannot ask.
pub fn check_window(
    shipments: &[Shipment],
    lines: &[ReturnLine],
    days: u32,
    now: Timestamp,
) -> Result<(), AftercareError> {
    let window = std::time::Duration::from_hours(24 * u64::from(days));
    for line in lines {
        let arrived = shipments
            .iter()
            .filter(|shipment| shipment.has_left() && shipment.pieces_of(line.line) > 0)
            .filter_map(|shipment| shipment.delivered_at.or(shipment.shipped_at))
            .max();
        if days == 0 || arrived.is_none_or(|at| now >= at.plus(window)) {
            return Err(AftercareError::WindowOver { days });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator as _;

    #[test]
    fn nothing_is_decided_or_paid_twice() {
        use ReturnStatus as S;
        for state in S::iter() {
            assert!(!state.may_become(state));
            assert!(!S::Refunded.may_become(state));
            assert!(!S::Rejected.may_become(state));
            assert!(!S::Canceled.may_become(state));
            assert!(!state.may_become(S::Requested));
            // Money goes back for what is here, and for nothing else.
            assert_eq!(state.may_become(S::Refunded), state == S::Received);
        }
    }
}
