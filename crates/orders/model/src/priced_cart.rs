//! Carts with what the catalog says about them now: prices and stock are read
//! anew whenever one is looked at, and what differs from what was seen before
//! is reported.

use std::collections::HashMap;

use catalog_model::bundle::Draw;
use catalog_model::offer::Offer;
use kernel::{Money, MoneyError, StockItemId};
use serde::{Deserialize, Serialize};

use crate::cart::{Cart, CartLine};
use crate::promotion::apply::{AppliedPromotion, Refusal};
use crate::totals::Totals;

/// What is different from when the cart was last changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// One costs something else now.
    PriceChanged {
        /// What it cost.
        from: Money,
        /// What it costs.
        to: Money,
    },
    /// There are fewer than wanted.
    NotEnough {
        /// How many there are.
        available: i64,
    },
    /// It is not sold any more.
    Unavailable,
    /// It has no price in the currency of the cart any more.
    NoPrice,
}

/// A line with what the catalog says about it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedLine {
    /// The line.
    pub line: CartLine,
    /// The offer; none when the variant is gone.
    pub offer: Option<Offer>,
    /// What all pieces cost together now, before any discount.
    pub total: Money,
    /// What promotions take off that.
    pub discount: Money,
    /// What the shop takes of the rest.
    pub fee: Money,
    /// How many of the pieces are not there yet, and can be bought all the
    /// same.
    #[serde(default)]
    pub backordered: i64,
    /// What is different.
    pub notices: Vec<Notice>,
}

/// A code in a cart, and whether it applies now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedCoupon {
    /// The code.
    pub code: String,
    /// What buyers see; none when there is no such code any more.
    pub name: Option<String>,
    /// Why it does not apply; none when it does.
    pub refusal: Option<Refusal>,
}

/// A cart with what the catalog says about it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedCart {
    /// The cart.
    pub cart: Cart,
    /// Its lines.
    pub lines: Vec<PricedLine>,
    /// The promotions that apply.
    pub promotions: Vec<AppliedPromotion>,
    /// Its codes.
    pub coupons: Vec<PricedCoupon>,
    /// What it costs.
    pub totals: Totals,
    /// What all goods weigh, in grams.
    pub weight_grams: i64,
    /// Whether anything in it is shipped.
    pub needs_shipping: bool,
}

/// Takes pieces from what the lines before left in piles: how many of them
/// are not there yet, or, where there are fewer, how many there are.
fn take(offer: &Offer, quantity: i64, taken: &mut HashMap<StockItemId, i64>) -> Result<i64, i64> {
    let (mut left, mut there) = (i64::MAX, quantity);
    for draw in offer.draws() {
        let used = taken.entry(draw.item).or_default();
        let rest = Draw {
            available: draw.available.saturating_sub(*used),
            ..draw
        };
        let (pieces, supply) = rest.pieces();
        left = left.min(pieces + supply.beyond).max(0);
        there = there.min(pieces).max(0);
        *used += quantity.saturating_mul(draw.quantity);
    }
    if quantity > left {
        Err(left)
    } else {
        Ok(quantity - there)
    }
}

/// Prices the lines of a cart with the offers there are now. Lines that share
/// a pile share what is in it, in the order of the lines.
pub fn price_lines(cart: &Cart, offers: &[Offer]) -> Result<Vec<PricedLine>, MoneyError> {
    let mut taken = HashMap::new();
    cart.lines
        .iter()
        .map(|&line| {
            let seen = Money::new(line.seen_price, cart.currency);
            let mut offer = offers
                .iter()
                .find(|offer| offer.variant == line.variant)
                .cloned();
            let mut notices = Vec::new();
            let mut backordered = 0;
            let priced = offer
                .as_ref()
                .is_none_or(|offer| offer.price.currency == cart.currency);
            if let Some(offer) = offer.as_mut().filter(|_| !priced) {
                // As it was seen, so that all amounts are in one currency.
                offer.price = seen;
                offer.compare_at = None;
            }
            let unit = offer.as_ref().map_or(seen, |offer| offer.price);
            match &offer {
                Some(offer) if offer.is_on_sale() && !priced => notices.push(Notice::NoPrice),
                Some(offer) if offer.is_on_sale() => {
                    if offer.price.minor != line.seen_price {
                        notices.push(Notice::PriceChanged {
                            from: Money::new(line.seen_price, cart.currency),
                            to: offer.price,
                        });
                    }
                    match take(offer, line.quantity, &mut taken) {
                        Ok(waits) => backordered = waits,
                        Err(available) => notices.push(Notice::NotEnough { available }),
                    }
                }
                _ => notices.push(Notice::Unavailable),
            }
            Ok(PricedLine {
                line,
                offer,
                total: unit.times(line.quantity)?,
                discount: Money::zero(cart.currency),
                fee: Money::zero(cart.currency),
                backordered,
                notices,
            })
        })
        .collect()
}

impl PricedCart {
    /// Whether nothing is different from what was seen, or better: as many
    /// discounts as then, or more.
    pub fn is_as_seen(&self) -> bool {
        let lost = self.coupons.iter().any(|coupon| {
            let mut seen = self.cart.coupons.iter();
            coupon.refusal.is_some() && seen.any(|known| known.applied && known.code == coupon.code)
        });
        !lost
            && self.totals.discount.minor >= self.cart.seen_discount
            && self.lines.iter().all(|line| line.notices.is_empty())
    }

    /// Whether only prices are different from what was seen.
    pub fn differs_in_price_only(&self) -> bool {
        self.lines
            .iter()
            .flat_map(|line| &line.notices)
            .all(|notice| matches!(notice, Notice::PriceChanged { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cart::CartStatus;
    use catalog_model::product::{ProductKind, ProductStatus};
    use catalog_model::supply::{Supply, SupplyMode};
    use catalog_model::variant::VariantStatus;
    use kernel::{CartId, CartLineId, Currency, ProductId, Timestamp, VariantId};

    fn offer(price: i64, item: Option<StockItemId>, available: i64) -> Offer {
        let now = Timestamp::from_seconds(0);
        Offer {
            variant: VariantId::new(now),
            product: ProductId::new(now),
            slug: "p".into(),
            name: "P".into(),
            title: "M".into(),
            sku: "P-M".into(),
            options: [].into(),
            kind: ProductKind::Goods,
            seller: None,
            seller_fee: None,
            price: Money::new(price, Currency::EUR),
            compare_at: None,
            weight_grams: 100,
            stock_item: item,
            components: Vec::new(),
            available: item.map(|_| available),
            supply: Supply::STOCK,
            product_status: ProductStatus::Active,
            variant_status: VariantStatus::Active,
        }
    }

    fn cart(lines: &[(VariantId, i64, i64)]) -> Cart {
        let now = Timestamp::from_seconds(0);
        Cart {
            id: CartId::new(now),
            user: None,
            currency: Currency::EUR,
            status: CartStatus::Open,
            email: None,
            shipping_address: None,
            billing_address: None,
            shipping_method: None,
            coupons: Vec::new(),
            seen_discount: 0,
            order: None,
            version: 1,
            created_at: now,
            updated_at: now,
            lines: lines
                .iter()
                .map(|&(variant, quantity, seen_price)| CartLine {
                    id: CartLineId::new(now),
                    variant,
                    quantity,
                    seen_price,
                })
                .collect(),
        }
    }

    #[test]
    fn lines_of_one_pile_share_what_is_in_it() {
        let pile = StockItemId::new(Timestamp::from_seconds(0));
        let (small, large) = (offer(100, Some(pile), 5), offer(120, Some(pile), 5));
        let cart = cart(&[(small.variant, 3, 100), (large.variant, 3, 120)]);
        let lines = price_lines(&cart, &[small, large]).unwrap();
        assert!(lines[0].notices.is_empty());
        assert_eq!(lines[1].notices, [Notice::NotEnough { available: 2 }]);
        assert_eq!(lines[1].total, Money::new(360, Currency::EUR));
    }

    #[test]
    fn more_than_there_is_can_be_bought_up_to_a_limit() {
        let pile = StockItemId::new(Timestamp::from_seconds(0));
        let mut small = offer(100, Some(pile), 5);
        small.supply = Supply {
            mode: SupplyMode::Backorder,
            beyond: 4,
            available_at: None,
        };
        let mut large = small.clone();
        large.variant = VariantId::new(Timestamp::from_seconds(0));
        let cart = cart(&[(small.variant, 7, 100), (large.variant, 3, 100)]);
        let lines = price_lines(&cart, &[small, large]).unwrap();
        assert_eq!((lines[0].backordered, &lines[0].notices[..]), (2, &[][..]));
        assert_eq!(lines[1].backordered, 0);
        assert_eq!(lines[1].notices, [Notice::NotEnough { available: 2 }]);
    }

    #[test]
    fn differences_are_reported() {
        let dearer = offer(150, None, 0);
        let mut gone = offer(100, None, 0);
        gone.product_status = ProductStatus::Archived;
        let unknown = VariantId::new(Timestamp::from_seconds(0));
        let cart = cart(&[
            (dearer.variant, 1, 100),
            (gone.variant, 1, 100),
            (unknown, 1, 100),
        ]);
        let lines = price_lines(&cart, &[dearer, gone]).unwrap();
        assert!(matches!(
            lines[0].notices[..],
            [Notice::PriceChanged { .. }]
        ));
        assert_eq!(lines[1].notices, [Notice::Unavailable]);
        assert_eq!(lines[2].notices, [Notice::Unavailable]);
    }

    #[test]
    fn what_has_no_price_in_the_currency_costs_what_was_seen() {
        let mut foreign = offer(150, None, 0);
        foreign.price = Money::new(9000, Currency::USD);
        foreign.compare_at = Some(Money::new(9900, Currency::USD));
        let cart = cart(&[(foreign.variant, 2, 100)]);
        let lines = price_lines(&cart, &[foreign]).unwrap();
        assert_eq!(lines[0].notices, [Notice::NoPrice]);
        assert_eq!(lines[0].total, Money::new(200, Currency::EUR));
        let offer = lines[0].offer.as_ref().unwrap();
        assert_eq!(
            (offer.price, offer.compare_at),
            (Money::new(100, Currency::EUR), None)
        );
    }
}
