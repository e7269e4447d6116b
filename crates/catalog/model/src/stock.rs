//! Stock: what is there, what is promised, and how both change.

use std::collections::BTreeMap;

use kernel::{Audited, OrderId, ProductId, Snapshot, StockItemId, StockMovementId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CatalogError;

/// Up to which number the public sees how many are left.
pub const SHOWN_UP_TO: i64 = 10;
/// Up to which number stock counts as low.
pub const LOW_UP_TO: i64 = 5;
/// The largest pile.
pub const MAX_ON_HAND: i64 = 1_000_000_000;

/// A pile that one or more variants draw from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockItem {
    /// Which.
    pub id: StockItemId,
    /// Of which product.
    pub product: ProductId,
    /// How many are there.
    pub on_hand: i64,
    /// How many of them are promised to orders.
    pub reserved: i64,
}

impl StockItem {
    /// How many can still be promised.
    pub fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }
}

impl Audited for StockItem {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with("pile", self.id)
            .with("product", self.product)
            .with("on_hand", self.on_hand)
            .with("reserved", self.reserved)
    }
}

/// What the public is told about stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// There is enough.
    InStock,
    /// There are few left.
    LowStock,
    /// There is none.
    OutOfStock,
}

/// What the public sees of a pile. It changes seldom although the pile changes
/// with every order, and only then are cached answers dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// In a word.
    pub availability: Availability,
    /// How many are left, when that is at most [`SHOWN_UP_TO`].
    pub left: Option<i64>,
}

/// What the public sees; `None` is for things that are not counted.
pub fn shown(available: Option<i64>) -> Shown {
    let availability = match available {
        Some(n) if n <= 0 => Availability::OutOfStock,
        Some(n) if n <= LOW_UP_TO => Availability::LowStock,
        _ => Availability::InStock,
    };
    Shown {
        availability,
        left: available.map(|n| n.max(0)).filter(|&n| n <= SHOWN_UP_TO),
    }
}

/// Why a pile changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Somebody counted, received or wrote off.
    Adjusted,
    /// Promised to an order.
    Reserved,
    /// The promise was taken back.
    Released,
    /// The order was paid: the promised ones are gone.
    Sold,
    /// They came back.
    Restocked,
}

/// One change of a pile, as it is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Which.
    pub id: StockMovementId,
    /// Of which pile.
    pub stock_item: StockItemId,
    /// Why.
    pub kind: MovementKind,
    /// How many more are there.
    pub on_hand_delta: i64,
    /// How many more are promised.
    pub reserved_delta: i64,
    /// How many are there now.
    pub on_hand_after: i64,
    /// How many are promised now.
    pub reserved_after: i64,
    /// What whoever adjusted it said.
    pub reason: Option<String>,
    /// For which order.
    pub order: Option<OrderId>,
    /// Who did it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
}

/// How many an order wants of each pile: lines of the same pile are added up,
/// and piles come in the order in which they are locked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Demand(BTreeMap<StockItemId, i64>);

impl Demand {
    /// The demand of these lines.
    pub fn of(lines: impl IntoIterator<Item = (StockItemId, i64)>) -> Result<Self, CatalogError> {
        let mut demand = BTreeMap::new();
        for (item, quantity) in lines {
            let sum: &mut i64 = demand.entry(item).or_default();
            *sum = sum
                .checked_add(quantity)
                .filter(|&sum| quantity > 0 && sum <= MAX_ON_HAND)
                .ok_or(CatalogError::QuantityOutOfRange("/quantity"))?;
        }
        Ok(Self(demand))
    }

    /// Pile by pile, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (StockItemId, i64)> {
        self.0.iter().map(|(&item, &quantity)| (item, quantity))
    }

    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How an administrator changes a pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// By so many.
    By(i64),
    /// To so many.
    To(i64),
}

impl Adjustment {
    /// The difference it makes to a pile of `on_hand`.
    pub fn delta(self, on_hand: i64) -> Result<i64, CatalogError> {
        let (delta, after, field) = match self {
            Self::By(delta) => (Some(delta), on_hand.checked_add(delta), "/by"),
            Self::To(target) => (target.checked_sub(on_hand), Some(target), "/to"),
        };
        match (delta, after) {
            (Some(delta), Some(after)) if (0..=MAX_ON_HAND).contains(&after) => Ok(delta),
            (Some(..0), Some(..0)) if field == "/by" => Err(CatalogError::TakesTooMany(on_hand)),
            _ => Err(CatalogError::QuantityOutOfRange(field)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_public_sees_little() {
        let word = |n| shown(Some(n)).availability;
        assert_eq!(word(0), Availability::OutOfStock);
        assert_eq!(word(5), Availability::LowStock);
        assert_eq!(word(6), Availability::InStock);
        assert_eq!(shown(Some(10)).left, Some(10));
        assert_eq!(shown(Some(11)), shown(Some(9_999)));
        assert_eq!(shown(None).left, None);
    }

    #[test]
    fn lines_of_one_pile_are_added_up() {
        let now = Timestamp::from_seconds(0);
        let (a, b) = (StockItemId::new(now), StockItemId::new(now));
        let demand = Demand::of([(a, 2), (b, 1), (a, 3)]).unwrap();
        let sums: BTreeMap<_, _> = demand.iter().collect();
        assert_eq!(sums, BTreeMap::from([(a, 5), (b, 1)]));
        assert!(Demand::of([(a, 0)]).is_err());
        assert!(Demand::of([(a, i64::MAX), (a, 1)]).is_err());
    }

    proptest! {
        #[test]
        fn adjustments_stay_in_range(on_hand in 0..=MAX_ON_HAND, n in any::<i64>()) {
            for adjustment in [Adjustment::By(n), Adjustment::To(n)] {
                if let Ok(delta) = adjustment.delta(on_hand) {
                    prop_assert!((0..=MAX_ON_HAND).contains(&(on_hand + delta)));
                }
            }
        }
    }
}
