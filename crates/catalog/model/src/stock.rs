//! Stock: what is there, what is promised, and how both change.

use std::collections::BTreeMap;

use kernel::{Audited, OrderId, ProductId, Snapshot, StockItemId, StockMovementId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CatalogError;
use crate::supply::{Supply, SupplyMode};

/// Up to which number the public sees how many are left.
pub const SHOWN_UP_TO: i64 = 10;
/// Up to which number the public is told that few are left, and up to which a
/// shop that says nothing else is told that stock runs low.
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
    /// How many are promised to orders.
    pub reserved: i64,
    /// How many of those that are promised are not there.
    #[serde(default)]
    pub owed: i64,
    /// From which availability on it is low, where the pile has a number of
    /// its own.
    #[serde(default)]
    pub low_at: Option<i64>,
    /// From which availability on it is low: its own number or the shop's.
    #[serde(default)]
    pub low_up_to: i64,
    /// What is sold beyond what is there.
    #[serde(default)]
    pub supply: Supply,
    /// Whether bundles draw from it.
    #[serde(default)]
    pub bundled: bool,
}

impl StockItem {
    /// A pile of which nothing is promised.
    pub fn new(id: StockItemId, product: ProductId, on_hand: i64) -> Self {
        Self {
            id,
            product,
            on_hand,
            reserved: 0,
            owed: 0,
            low_at: None,
            low_up_to: LOW_UP_TO,
            supply: Supply::STOCK,
            bundled: false,
        }
    }

    /// How many can still be promised of what is there; below zero when more
    /// are promised.
    pub fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }

    /// How many of the last `quantity` that were promised are not there.
    pub fn short_of(&self, quantity: i64) -> i64 {
        (-self.available()).clamp(0, quantity)
    }

    /// The same pile, with the supply that holds at an instant.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.supply = self.supply.at(now);
        self
    }
}

impl Audited for StockItem {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with("pile", self.id)
            .with("product", self.product)
            .with("on_hand", self.on_hand)
            .with("reserved", self.reserved)
            .with("owed", self.owed)
            .with("low_at", self.low_at)
            .with("supply", <&'static str>::from(self.supply.mode))
            .with("beyond", self.supply.beyond)
            .with("available_at", self.supply.available_at)
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
    /// There is none, and it can be bought: more comes.
    Backorder,
    /// It can be bought before it is out.
    Preorder,
    /// There is none.
    OutOfStock,
}

/// What the public sees of a pile. It changes seldom although the pile changes
/// with every order, and only then are cached answers dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// In a word.
    pub availability: Availability,
    /// How many can be bought, when that is at most [`SHOWN_UP_TO`].
    pub left: Option<i64>,
    /// From when on what is not there yet is expected.
    pub available_at: Option<Timestamp>,
}

/// What the public sees of what is available and of the supply that holds now;
/// `None` is for things that are not counted.
pub fn shown(available: Option<i64>, supply: Supply) -> Shown {
    let left = available.map(|n| n.saturating_add(supply.beyond).max(0));
    let availability = match (available, left) {
        (None, _) => Availability::InStock,
        (_, Some(0)) => Availability::OutOfStock,
        _ if supply.mode == SupplyMode::Preorder => Availability::Preorder,
        (Some(n), _) if n <= 0 => Availability::Backorder,
        (Some(n), _) if n <= LOW_UP_TO && supply.mode == SupplyMode::Stock => {
            Availability::LowStock
        }
        _ => Availability::InStock,
    };
    Shown {
        availability,
        left: left.filter(|&n| n <= SHOWN_UP_TO),
        available_at: supply.available_at.filter(|_| {
            matches!(
                availability,
                Availability::Backorder | Availability::Preorder
            )
        }),
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
    /// What was sold before it was there is there now and leaves.
    Filled,
    /// An outside count said how many there are.
    Counted,
    /// The promises differed from the reservations, and were put right.
    Mended,
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
    /// How many more of these are not there.
    pub owed_delta: i64,
    /// How many are there now.
    pub on_hand_after: i64,
    /// How many are promised now.
    pub reserved_after: i64,
    /// How many of these are not there now.
    pub owed_after: i64,
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
        let stock = |n| shown(n, Supply::STOCK);
        let word = |n| stock(Some(n)).availability;
        assert_eq!(word(0), Availability::OutOfStock);
        assert_eq!(word(5), Availability::LowStock);
        assert_eq!(word(6), Availability::InStock);
        assert_eq!(stock(Some(10)).left, Some(10));
        assert_eq!(stock(Some(11)), stock(Some(9_999)));
        assert_eq!(stock(None).left, None);
    }

    #[test]
    fn what_is_not_there_yet_is_shown_with_its_day() {
        let day = Some(Timestamp::from_seconds(9));
        let backorder = Supply {
            mode: SupplyMode::Backorder,
            beyond: 3,
            available_at: day,
        };
        let word = |n, supply| {
            let seen = shown(Some(n), supply);
            (seen.availability, seen.left, seen.available_at)
        };
        assert_eq!(word(1, backorder), (Availability::InStock, Some(4), None));
        assert_eq!(word(0, backorder), (Availability::Backorder, Some(3), day));
        assert_eq!(
            word(-3, backorder),
            (Availability::OutOfStock, Some(0), None)
        );
        let preorder = Supply {
            mode: SupplyMode::Preorder,
            ..backorder
        };
        assert_eq!(word(20, preorder), (Availability::Preorder, None, day));
        assert_eq!(
            word(-3, preorder),
            (Availability::OutOfStock, Some(0), None)
        );
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
