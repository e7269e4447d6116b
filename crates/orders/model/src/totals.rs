//! What an order costs.

use accounts_model::tenant::{FeeBearer, PlatformFee};
use kernel::{Money, MoneyError};
use serde::{Deserialize, Serialize};

/// The parts of a price. Sutler computes no taxes; what the gateway charges on
/// top is stored with the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// All lines together.
    pub subtotal: Money,
    /// Shipping; none as long as it is not known.
    pub shipping: Option<Money>,
    /// The platform's fee, whoever bears it.
    pub fee: Money,
    /// Whether the buyer bears the fee.
    pub fee_in_total: bool,
    /// What the buyer pays.
    pub total: Money,
}

impl Totals {
    /// Adds up.
    pub fn of(
        subtotal: Money,
        shipping: Option<Money>,
        fee: PlatformFee,
    ) -> Result<Self, MoneyError> {
        let fee_in_total = fee.borne_by == FeeBearer::Buyer;
        let fee = fee.of(subtotal)?;
        let mut total = subtotal;
        if let Some(shipping) = shipping {
            total = total.plus(shipping)?;
        }
        if fee_in_total {
            total = total.plus(fee)?;
        }
        Ok(Self {
            subtotal,
            shipping,
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
        let mut fee = PlatformFee {
            fixed: 10,
            basis_points: 100,
            borne_by: FeeBearer::Buyer,
        };
        let totals = Totals::of(eur(1000), Some(eur(490)), fee).unwrap();
        assert_eq!((totals.fee, totals.total), (eur(20), eur(1510)));
        fee.borne_by = FeeBearer::Seller;
        let totals = Totals::of(eur(1000), Some(eur(490)), fee).unwrap();
        assert_eq!((totals.fee, totals.total), (eur(20), eur(1490)));
    }
}
