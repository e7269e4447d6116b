//! What an order costs.

use accounts_model::tenant::FeeBearer;
use kernel::{Money, MoneyError};
use serde::{Deserialize, Serialize};

/// The parts of a price. Sutler computes no taxes; what the gateway charges on
/// top is stored with the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// All lines together, before any discount.
    pub subtotal: Money,
    /// What promotions take off the lines.
    pub discount: Money,
    /// What the buyer pays for shipping; none as long as it is not known.
    pub shipping: Option<Money>,
    /// What promotions took off the shipping.
    pub shipping_discount: Money,
    /// The platform's fee, whoever bears it.
    pub fee: Money,
    /// Whether the buyer bears the fee.
    pub fee_in_total: bool,
    /// What the buyer pays.
    pub total: Money,
}

impl Totals {
    /// Adds up: lines, what is taken off them, what shipping costs before and
    /// what is taken off that, and the fee.
    pub fn of(
        subtotal: Money,
        discount: Money,
        shipping: Option<Money>,
        shipping_discount: Money,
        fee: Money,
        borne_by: FeeBearer,
    ) -> Result<Self, MoneyError> {
        let fee_in_total = borne_by == FeeBearer::Buyer;
        let mut total = subtotal.minus(discount)?;
        let shipping = match shipping {
            Some(price) => Some(price.minus(shipping_discount)?),
            None => None,
        };
        if let Some(shipping) = shipping {
            total = total.plus(shipping)?;
        }
        if fee_in_total {
            total = total.plus(fee)?;
        }
        Ok(Self {
            subtotal,
            discount,
            shipping,
            shipping_discount,
            fee,
            fee_in_total,
            total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Currency;

    #[test]
    fn the_fee_counts_only_when_the_buyer_bears_it() {
        let eur = |minor| Money::new(minor, Currency::EUR);
        let of =
            |borne_by| Totals::of(eur(1000), eur(0), Some(eur(490)), eur(0), eur(20), borne_by);
        let totals = of(FeeBearer::Buyer).unwrap();
        assert_eq!((totals.fee, totals.total), (eur(20), eur(1510)));
        let totals = of(FeeBearer::Seller).unwrap();
        assert_eq!((totals.fee, totals.total), (eur(20), eur(1490)));
    }

    #[test]
    fn discounts_come_off() {
        let eur = |minor| Money::new(minor, Currency::EUR);
        let (shipping, fee) = (Some(eur(490)), eur(80));
        let totals = Totals::of(
            eur(1000),
            eur(200),
            shipping,
            eur(490),
            fee,
            FeeBearer::Buyer,
        );
        let totals = totals.unwrap();
        assert_eq!(totals.shipping, Some(eur(0)));
        assert_eq!((totals.fee, totals.total), (eur(80), eur(880)));
    }
}
