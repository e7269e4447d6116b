//! Lots: what a balance is made of. Each credit adds one, and each spend takes
//! from them in a fixed order, so that it is known which credit paid for what.

use std::cmp::Reverse;

use kernel::{LotId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// Where the credit of a lot comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum LotKind {
    /// Given for nothing.
    Promotional,
    /// Paid for, or owed to its owner.
    Paid,
}

/// The priority of lots that are given none.
pub const DEFAULT_PRIORITY: i64 = 50;
/// The last priority; 0 is the first.
pub const MAX_PRIORITY: i64 = 100;

/// A part of a balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Which.
    pub id: LotId,
    /// Where its credit comes from.
    pub kind: LotKind,
    /// Which of a kind goes first: the lower one.
    pub priority: i64,
    /// When what is left of it expires.
    pub expires_at: Option<Timestamp>,
    /// How much it was.
    pub granted: i64,
    /// How much is left.
    pub remaining: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What sorts lots into the order in which they are burned: promotional ones
/// first, then by priority, then the soonest expiry, then the oldest.
pub type BurnOrder = (bool, i64, bool, Option<Timestamp>, Timestamp, LotId);

impl Lot {
    /// Its place in the order in which lots are burned.
    pub fn burn_order(&self) -> BurnOrder {
        (
            self.kind == LotKind::Paid,
            self.priority,
            self.expires_at.is_none(),
            self.expires_at,
            self.created_at,
            self.id,
        )
    }

    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// What a booking did to a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotChange {
    /// Which lot, as it is now.
    pub lot: Lot,
    /// How much more is left of it; negative when it was taken from.
    pub by: i64,
}

/// What a spend took of a lot and did not give back yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The lot, as it is now.
    pub lot: Lot,
    /// How much.
    pub amount: i64,
}

/// Takes an amount from lots that are in the order in which they are burned.
/// None when there is less in them.
pub fn burn(lots: &mut Vec<Lot>, amount: i64) -> Option<Vec<LotChange>> {
    let mut left = amount;
    let mut changes = Vec::new();
    for lot in lots.iter_mut() {
        if left == 0 {
            break;
        }
        let part = left.min(lot.remaining);
        lot.remaining -= part;
        left -= part;
        changes.push(LotChange {
            lot: lot.clone(),
            by: -part,
        });
    }
    lots.retain(|lot| lot.remaining > 0);
    (left == 0).then_some(changes)
}

/// Gives an amount back to the lots that it was taken from, to the one that
/// was burned last first: what was paid for comes back before what was given.
/// None when less was taken.
pub fn give_back(mut taken: Vec<Taken>, amount: i64) -> Option<Vec<LotChange>> {
    taken.sort_by_key(|part| Reverse(part.lot.burn_order()));
    let mut left = amount;
    let mut changes = Vec::new();
    for Taken { mut lot, amount } in taken {
        let part = left.min(amount);
        if part == 0 {
            continue;
        }
        lot.remaining += part;
        left -= part;
        changes.push(LotChange { lot, by: part });
    }
    (left == 0).then_some(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot(n: u8, kind: LotKind, priority: i64, expires: Option<i64>, created: i64) -> Lot {
        Lot {
            id: LotId::from_uuid(uuid::Uuid::from_bytes([n; 16])),
            kind,
            priority,
            expires_at: expires.map(Timestamp::from_seconds),
            granted: 10,
            remaining: 10,
            created_at: Timestamp::from_seconds(created),
        }
    }

    #[test]
    fn what_was_given_burns_first_then_what_expires_first_then_the_oldest() {
        use LotKind::{Paid, Promotional};
        let order = [
            lot(9, Promotional, 1, None, 9),
            lot(8, Promotional, 50, Some(5), 8),
            lot(7, Promotional, 50, Some(6), 1),
            lot(6, Promotional, 50, None, 1),
            lot(5, Promotional, 50, None, 2),
            lot(4, Paid, 50, Some(3), 9),
            lot(3, Paid, 50, None, 1),
            lot(2, Paid, 51, Some(1), 1),
        ];
        let mut mixed = order.to_vec();
        mixed.reverse();
        mixed.sort_by_key(Lot::burn_order);
        assert_eq!(mixed, order);
    }

    #[test]
    fn what_is_taken_comes_back_in_reverse() {
        let mut lots = vec![
            lot(1, LotKind::Promotional, 50, None, 1),
            lot(2, LotKind::Paid, 50, None, 1),
            lot(3, LotKind::Paid, 50, None, 2),
        ];
        assert_eq!(burn(&mut lots.clone(), 31), None);
        let changes = burn(&mut lots, 15).unwrap();
        assert_eq!(changes.iter().map(|c| c.by).collect::<Vec<_>>(), [-10, -5]);
        assert_eq!(
            lots.iter().map(|l| l.remaining).collect::<Vec<_>>(),
            [5, 10]
        );
        let taken: Vec<Taken> = changes
            .into_iter()
            .map(|change| Taken {
                amount: -change.by,
                lot: change.lot,
            })
            .collect();
        assert_eq!(give_back(taken.clone(), 16), None);
        let back = give_back(taken, 7).unwrap();
        assert_eq!(back.iter().map(|c| c.by).collect::<Vec<_>>(), [5, 2]);
        assert_eq!(back[0].lot.kind, LotKind::Paid);
        assert_eq!(back[0].lot.remaining, 10);
        assert_eq!(back[1].lot.remaining, 2);
    }
}
