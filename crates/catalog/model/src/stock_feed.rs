//! Counts that come from outside: a warehouse, a cash register.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{StockItemId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::stock::{MAX_ON_HAND, StockItem};

/// How many counts one feed may have.
pub const MAX_COUNTS: usize = 1_000;
/// By how much the clock of a source may be ahead of ours.
pub const CLOCK_SKEW: Duration = Duration::from_mins(5);

/// The source of what is set by hand; feeds name theirs.
pub const BY_HAND: &str = "";

/// How many of something there were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The stock keeping unit.
    pub sku: String,
    /// How many there were, without those of orders that are paid.
    pub on_hand: i64,
    /// When.
    pub counted_at: Timestamp,
    /// Who counted.
    pub source: String,
}

/// What became of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum CountOutcome {
    /// It changed the stock.
    Applied,
    /// The stock was like that already.
    Unchanged,
    /// Fewer were counted than are reserved: the stock is what is reserved.
    BelowReserved,
    /// The source has a newer count, or the feed has one of the same pile.
    Older,
    /// It was counted in the future.
    InFuture,
    /// No variant has the SKU.
    UnknownSku,
    /// The variant has nothing to count.
    NotCounted,
    /// The variant is a bundle, which has no stock of its own.
    Bundle,
}

/// A count and what became of it, in the order of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountResult {
    /// The stock keeping unit.
    pub sku: String,
    /// Who counted.
    pub source: String,
    /// What became of it.
    pub outcome: CountOutcome,
    /// How many are there now; none where the count had no effect.
    pub on_hand: Option<i64>,
    /// How many fewer were counted than are reserved.
    pub short: i64,
}

/// The newest count of a pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Winner {
    /// Which row of the feed.
    pub row: usize,
    /// Of which pile.
    pub item: StockItemId,
    /// When it was counted.
    pub counted_at: Timestamp,
}

/// How many are to be there after a count, and how many that is more than the
/// count says because they are reserved. What was sold, received and put back
/// since the count is `moved_since`, and still holds.
pub fn target(pile: &StockItem, counted: i64, moved_since: i64) -> (i64, i64) {
    let there = counted.saturating_add(moved_since).clamp(0, MAX_ON_HAND);
    let least = (pile.reserved - pile.owed).max(0);
    (there.max(least), (least - there).max(0))
}

/// The newest of the counts of each pile; of two at the same instant the later
/// one of the feed. `piles` has the pile of each row that can be counted.
pub fn newest(counts: &[Count], piles: &[Option<StockItemId>]) -> Vec<Winner> {
    let mut newest: BTreeMap<StockItemId, Winner> = BTreeMap::new();
    for (row, (count, item)) in counts.iter().zip(piles).enumerate() {
        let Some(item) = *item else { continue };
        let this = Winner {
            row,
            item,
            counted_at: count.counted_at,
        };
        let known = newest.entry(item).or_insert(this);
        if count.counted_at >= known.counted_at {
            *known = this;
        }
    }
    newest.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::ProductId;
    use proptest::prelude::*;

    fn pile(on_hand: i64, reserved: i64, owed: i64) -> StockItem {
        let now = Timestamp::from_seconds(0);
        StockItem {
            reserved,
            owed,
            ..StockItem::new(StockItemId::new(now), ProductId::new(now), on_hand)
        }
    }

    #[test]
    fn what_was_sold_since_the_count_is_gone() {
        assert_eq!(target(&pile(7, 0, 0), 10, -3), (7, 0));
        assert_eq!(target(&pile(7, 5, 0), 3, 0), (5, 2));
        assert_eq!(target(&pile(0, 5, 5), 3, 0), (3, 0));
        assert_eq!(target(&pile(0, 0, 0), 1, -4), (0, 0));
    }

    #[test]
    fn the_newest_count_of_a_pile_wins() {
        let item = pile(0, 0, 0).id;
        let count = |at| Count {
            sku: "A".into(),
            on_hand: at,
            counted_at: Timestamp::from_seconds(at),
            source: "w".into(),
        };
        let counts = [count(2), count(9), count(5), count(9)];
        let won = newest(&counts, &[Some(item), Some(item), Some(item), None]);
        assert_eq!(won.iter().map(|one| one.row).collect::<Vec<_>>(), [1]);
    }

    proptest! {
        #[test]
        fn a_count_never_takes_what_is_promised(
            on_hand in 0i64..100, firm in 0i64..100, owed in 0i64..100, counted in 0i64..200, moved in -200i64..200,
        ) {
            let pile = pile(on_hand.max(firm), firm + owed, owed);
            let (target, short) = target(&pile, counted, moved);
            prop_assert!(target + pile.owed >= pile.reserved);
            prop_assert_eq!(target - short, (counted + moved).max(0).min(target));
        }
    }
}
