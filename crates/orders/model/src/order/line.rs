//! What was bought.

use std::collections::BTreeMap;

use catalog_model::CatalogError;
use catalog_model::stock::Demand;
use kernel::{Money, MoneyError, OrderLineId, ProductId, SellerId, StockItemId, VariantId};
use serde::{Deserialize, Serialize};

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
    /// Where its stock is counted; none when there is none to count.
    pub stock_item: Option<StockItemId>,
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
    /// How many went back into stock.
    pub restocked: i64,
}

impl OrderLine {
    /// What the buyer pays for all pieces, after discounts.
    pub fn paid(&self) -> Result<Money, MoneyError> {
        self.unit_price.times(self.quantity)?.minus(self.discount)
    }

    /// What so many pieces were paid with, when the money of `before` others
    /// went back already. However the pieces are split up, the parts add up to
    /// what was paid for the line, and never to more: each is the difference
    /// of two rounded-down shares.
    pub fn worth(&self, before: i64, pieces: i64) -> Result<Money, MoneyError> {
        let paid = self.paid()?;
        let share = |pieces: i64| {
            let pieces = i128::from(pieces.clamp(0, self.quantity));
            let part = i128::from(paid.minor) * pieces / i128::from(self.quantity.max(1));
            i64::try_from(part).map_err(|_| MoneyError::Overflow)
        };
        let after = before.checked_add(pieces).ok_or(MoneyError::Overflow)?;
        Ok(Money::new(share(after)? - share(before)?, paid.currency))
    }
}

/// How many of each pile the lines want.
pub fn demand(lines: &[OrderLine]) -> Result<Demand, CatalogError> {
    Demand::of(
        lines
            .iter()
            .filter_map(|line| line.stock_item.map(|item| (item, line.quantity))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Currency, Timestamp};
    use proptest::prelude::*;

    fn line(unit: i64, quantity: i64, discount: i64) -> OrderLine {
        let now = Timestamp::from_seconds(0);
        OrderLine {
            id: OrderLineId::new(now),
            position: 1,
            product: ProductId::new(now),
            variant: VariantId::new(now),
            stock_item: None,
            seller: None,
            sku: "A".into(),
            name: "A".into(),
            options: [].into(),
            unit_price: Money::new(unit, Currency::EUR),
            quantity,
            discount: Money::new(discount, Currency::EUR),
            restocked: 0,
        }
    }

    proptest! {
        /// Piece by piece or all at once: what goes back is what was paid.
        #[test]
        fn pieces_are_worth_what_was_paid_for_the_line(
            unit in 0i64..100_000,
            quantity in 1i64..50,
            share in 0i64..=100,
            parts in prop::collection::vec(1i64..10, 1..20),
        ) {
            let line = line(unit, quantity, unit * quantity * share / 100);
            let paid = line.paid().unwrap().minor;
            let (mut back, mut pieces) = (0, 0);
            for part in parts {
                let part = part.min(quantity - pieces);
                let worth = line.worth(pieces, part).unwrap().minor;
                prop_assert!(worth >= 0);
                back += worth;
                pieces += part;
                prop_assert!(back <= paid);
            }
            prop_assert_eq!(back + line.worth(pieces, quantity - pieces).unwrap().minor, paid);
        }
    }
}
