//! What the shop takes of an order, and of which of its lines.
//!
//! What has no fee of its own pays the tenant's fee together: the fixed part
//! once, and the share of all of it. The lines of each seller with a fee of
//! their own pay that one together. What lines pay together is spread over
//! them in proportion to what they cost after discounts, by the
//! largest-remainder method, so that the parts add up to the cent.

use accounts_model::tenant::PlatformFee;
use catalog_model::seller::SellerFee;
use kernel::{Currency, Money, MoneyError, SellerId};

/// What of a line decides its fee.
#[derive(Debug, Clone, Copy)]
pub struct FeeBasis {
    /// The seller, if they have a fee of their own, and that fee.
    pub own: Option<(SellerId, SellerFee)>,
    /// What all pieces cost after discounts.
    pub net: Money,
}

/// The fee of each line.
pub fn fees(
    tenant: PlatformFee,
    lines: &[FeeBasis],
    currency: Currency,
) -> Result<Vec<Money>, MoneyError> {
    let mut fees = vec![Money::zero(currency); lines.len()];
    let mut done = vec![false; lines.len()];
    for first in 0..lines.len() {
        if done[first] {
            continue;
        }
        let payer = |line: &FeeBasis| line.own.map(|(seller, _)| seller);
        let together: Vec<usize> = (first..lines.len())
            .filter(|&n| payer(&lines[n]) == payer(&lines[first]))
            .collect();
        let net = Money::sum(together.iter().map(|&n| lines[n].net), currency)?;
        let policy = match lines[first].own {
            Some((_, fee)) => fee.instead_of(tenant),
            None => tenant,
        };
        let weights: Vec<u64> = together
            .iter()
            .map(|&n| u64::try_from(lines[n].net.minor).unwrap_or(0))
            .collect();
        for (&n, part) in together.iter().zip(policy.of(net)?.allocate(&weights)) {
            fees[n] = part;
            done[n] = true;
        }
    }
    Ok(fees)
}

#[cfg(test)]
mod tests {
    use super::*;
    use accounts_model::tenant::FeeBearer;
    use kernel::Timestamp;
    use proptest::prelude::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    const TENANT: PlatformFee = PlatformFee {
        fixed: 30,
        basis_points: 500,
        borne_by: FeeBearer::Seller,
    };

    #[test]
    fn each_policy_has_its_fixed_part_once() {
        let now = Timestamp::from_seconds(0);
        let fee = SellerFee {
            fixed: 10,
            basis_points: 1000,
        };
        let own = Some((SellerId::new(now), fee));
        let line = |own, net| FeeBasis { own, net: eur(net) };
        let lines = [
            line(None, 1000),
            line(own, 500),
            line(None, 1000),
            line(own, 1500),
        ];
        let fees = fees(TENANT, &lines, Currency::EUR).unwrap();
        // 30 + 5 % of 20.00 is 1.30; 10 + 10 % of 20.00 is 2.10.
        let minor: Vec<i64> = fees.iter().map(|fee| fee.minor).collect();
        assert_eq!(minor, [65, 53, 65, 157]);
    }

    proptest! {
        /// With the same policy for everybody, the lines pay what the order
        /// paid when there were no sellers.
        #[test]
        fn lines_pay_the_fee_of_the_order(nets in prop::collection::vec(0i64..1_000_000, 1..20)) {
            let lines: Vec<FeeBasis> =
                nets.iter().map(|&net| FeeBasis { own: None, net: eur(net) }).collect();
            let fees = fees(TENANT, &lines, Currency::EUR).unwrap();
            let sum: i64 = fees.iter().map(|fee| fee.minor).sum();
            prop_assert_eq!(sum, TENANT.of(eur(nets.iter().sum())).unwrap().minor);
            prop_assert!(fees.iter().all(|fee| fee.minor >= 0));
        }
    }
}
