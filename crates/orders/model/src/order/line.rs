//! What was bought.

use std::collections::BTreeMap;

use kernel::{
    Money, MoneyError, OrderLineId, ProductId, SellerId, StockItemId, Timestamp, VariantId,
};
use serde::{Deserialize, Serialize};

use super::demand::LineComponent;

/// One line of an order: what was bought, as it was when it was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Which.
    pub id: OrderLineId,
    /// Its place.
    pub position: i64,
    /// Of which product.
    pub product: ProductId,
    /// Which variant.
    pub variant: VariantId,
    /// Where its stock is counted; none when there is none to count, and for
    /// bundles.
    pub stock_item: Option<StockItemId>,
    /// What the bundle was made of, if it is one.
    #[serde(default)]
    pub components: Vec<LineComponent>,
    /// Who sold it.
    pub seller: Option<SellerId>,
    /// The stock keeping unit.
    pub sku: String,
    /// What it was called.
    pub name: String,
    /// Size and other options.
    pub options: BTreeMap<String, String>,
    /// What one cost.
    pub unit_price: Money,
    /// How many.
    pub quantity: i64,
    /// What promotions took off all of them together.
    pub discount: Money,
    /// What the shop takes of it, in minor units of the order's currency, as
    /// it was when it was bought.
    #[serde(default)]
    pub fee: i64,
    /// How many went back into stock.
    pub restocked: i64,
    /// What became of them besides.
    #[serde(default)]
    pub pieces: Pieces,
    /// When those are expected that were not there when they were bought, as
    /// the buyer was told.
    #[serde(default)]
    pub expected_at: Option<Timestamp>,
}

/// What became of the pieces of a line. The database holds that they are
/// never more than were bought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces {
    /// Handed over without being shipped: services and downloads.
    pub intangible: i64,
    /// Given up before they were shipped.
    pub withdrawn: i64,
    /// In shipments that were not canceled.
    pub shipped: i64,
    /// In returns that are open.
    pub returning: i64,
    /// Came back after they were shipped.
    pub returned: i64,
    /// Came back and are not sold again.
    pub scrapped: i64,
    /// Were not there when they were bought, and are in no shipment yet.
    #[serde(default)]
    pub backordered: i64,
}

impl OrderLine {
    /// How many are to be shipped in all.
    pub fn to_ship(&self) -> i64 {
        self.quantity - self.pieces.intangible - self.pieces.withdrawn
    }

    /// How many are in no shipment yet.
    pub fn open(&self) -> i64 {
        (self.to_ship() - self.pieces.shipped).max(0)
    }

    /// How many of so many pieces that are to be shipped were not there when
    /// they were bought: those that were go first.
    pub fn to_fill(&self, quantity: i64) -> i64 {
        let there = self.open() - self.pieces.backordered;
        (quantity - there).clamp(0, self.pieces.backordered)
    }

    /// How many can go back into stock without a return: neither are they
    /// there already, nor is a return to bring them.
    pub fn restockable(&self) -> i64 {
        self.quantity - self.restocked - self.pieces.scrapped - self.pieces.returning
    }

    /// Notes that pieces went back into stock without a return. Those that
    /// were not shipped come first, and of these the ones that never were
    /// there: giving them up costs nobody anything.
    pub fn put_back(&mut self, quantity: i64) -> LineMove {
        let withdrawn = quantity.min(self.open());
        let given_up = withdrawn.min(self.pieces.backordered);
        let came_back = self.pieces.shipped - self.pieces.returned - self.pieces.returning;
        let moved = LineMove {
            restocked: quantity,
            withdrawn,
            backordered: -given_up,
            returned: (quantity - withdrawn).min(came_back),
            ..LineMove::default()
        };
        self.moved(moved);
        moved
    }

    /// Takes a move over.
    pub fn moved(&mut self, by: LineMove) {
        self.restocked += by.restocked;
        self.pieces.withdrawn += by.withdrawn;
        self.pieces.shipped += by.shipped;
        self.pieces.returning += by.returning;
        self.pieces.returned += by.returned;
        self.pieces.scrapped += by.scrapped;
        self.pieces.backordered += by.backordered;
    }
}

/// By how much the counts of a line change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineMove {
    /// Went back into stock.
    pub restocked: i64,
    /// Given up before they were shipped.
    pub withdrawn: i64,
    /// Came into shipments.
    pub shipped: i64,
    /// Came into open returns.
    pub returning: i64,
    /// Came back.
    pub returned: i64,
    /// Are not sold again.
    pub scrapped: i64,
    /// Are waited for.
    pub backordered: i64,
}

impl OrderLine {
    /// What the buyer pays for all pieces, after discounts.
    pub fn paid(&self) -> Result<Money, MoneyError> {
        self.unit_price.times(self.quantity)?.minus(self.discount)
    }

    /// What was paid for so many pieces, when others were settled before.
    /// However the pieces are split up, and whatever of that is taken back
    /// again, the parts never add up to more than was paid for the line, and
    /// to just that when all pieces are settled: together they are worth their
    /// share, rounded down, and the last piece takes what that leaves.
    pub fn worth(&self, before: Settled, pieces: i64) -> Result<Settled, MoneyError> {
        let paid = self.paid()?;
        let after = before
            .pieces
            .checked_add(pieces)
            .ok_or(MoneyError::Overflow)?;
        let share = i128::from(paid.minor) * i128::from(after.clamp(0, self.quantity))
            / i128::from(self.quantity.max(1));
        let share = i64::try_from(share).map_err(|_| MoneyError::Overflow)?;
        let worth = if pieces < 1 { 0 } else { share - before.worth };
        Ok(Settled {
            pieces,
            worth: worth.max(0),
        })
    }
}

/// Pieces of a line whose money went back, or paid for something else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// How many.
    pub pieces: i64,
    /// What was paid for them, in minor units of the order's currency.
    pub worth: i64,
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use kernel::{Currency, Timestamp};
    use proptest::prelude::*;

    pub(in crate::order) fn line(unit: i64, quantity: i64, discount: i64) -> OrderLine {
        let now = Timestamp::from_seconds(0);
        OrderLine {
            id: OrderLineId::new(now),
            position: 1,
            product: ProductId::new(now),
            variant: VariantId::new(now),
            stock_item: None,
            components: Vec::new(),
            seller: None,
            sku: "A".into(),
            name: "A".into(),
            options: [].into(),
            unit_price: Money::new(unit, Currency::EUR),
            quantity,
            discount: Money::new(discount, Currency::EUR),
            fee: 0,
            restocked: 0,
            pieces: Pieces::default(),
            expected_at: None,
        }
    }

    #[test]
    fn what_never_was_there_is_given_up_first() {
        let mut line = line(100, 5, 0);
        line.pieces.backordered = 2;
        let moved = line.put_back(3);
        assert_eq!((moved.withdrawn, moved.backordered), (3, -2));
        assert_eq!((line.open(), line.pieces.backordered), (2, 0));
    }

    #[test]
    fn the_last_piece_takes_the_remainder() {
        // 30.00 less 0.01: 9.99, 10.00 and 10.00.
        let line = line(1000, 3, 1);
        let mut before = Settled::default();
        let mut parts = Vec::new();
        for _ in 0..3 {
            let one = line.worth(before, 1).unwrap();
            before.pieces += one.pieces;
            before.worth += one.worth;
            parts.push(one.worth);
        }
        assert_eq!(parts, [999, 1000, 1000]);
        assert_eq!(line.worth(before, 1).unwrap().worth, 0);
        assert_eq!(line.worth(Settled::default(), 0).unwrap().worth, 0);
    }

    proptest! {
        /// Piece by piece or all at once, and with some taken back on the
        /// way: what goes back is what was paid.
        #[test]
        fn pieces_are_worth_what_was_paid_for_the_line(
            unit in 0i64..100_000,
            quantity in 1i64..50,
            share in 0i64..=100,
            parts in prop::collection::vec((1i64..10, prop::option::weighted(0.3, 0usize..20)), 1..20),
        ) {
            let line = line(unit, quantity, unit * quantity * share / 100);
            let paid = line.paid().unwrap().minor;
            let sum = |settled: &[Settled]| Settled {
                pieces: settled.iter().map(|one| one.pieces).sum(),
                worth: settled.iter().map(|one| one.worth).sum(),
            };
            let mut settled: Vec<Settled> = Vec::new();
            for (part, taken_back) in parts {
                if let Some(at) = taken_back.filter(|_| !settled.is_empty()) {
                    let at = at % settled.len();
                    settled.remove(at);
                }
                let before = sum(&settled);
                settled.push(line.worth(before, part.min(quantity - before.pieces)).unwrap());
                prop_assert!(settled.iter().all(|one| one.worth >= 0));
                prop_assert!(sum(&settled).worth <= paid);
            }
            let before = sum(&settled);
            settled.push(line.worth(before, quantity - before.pieces).unwrap());
            if before.pieces < quantity {
                prop_assert_eq!(sum(&settled).worth, paid);
            }
        }
    }
}
