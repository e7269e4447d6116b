//! Which promotions apply to a cart, and what they take off.
//!
//! 1. Promotions apply in the order of their `position`, then of their age.
//!    Each one works on what the ones before it left of a line, so that
//!    nothing falls below zero.
//! 2. Promotions that are combinable apply together. One that is not applies
//!    alone. Where there are several ways, the buyer pays the least; if two
//!    cost the same, those that are combinable win, then the first.
//! 3. The shipping method is asked for its price with what the goods cost
//!    after all discounts; free shipping then takes that off.
//! 4. Each discount is spread over the lines it is for in proportion to what
//!    is left of them, by largest remainder, to the last minor unit.

use kernel::{CouponId, Money, MoneyError, PromotionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::coupon::Coupon;
use super::effect::off_lines;
use super::{Effect, Promotion, PromotionStatus};

pub use super::effect::Item;

/// A promotion that may apply.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The promotion.
    pub promotion: Promotion,
    /// The code the buyer gave for it.
    pub coupon: Option<Coupon>,
    /// How many orders of the customer use it.
    pub customer_used: i64,
    /// Whether an order uses it already: then neither time nor limits matter
    /// any more.
    pub granted: bool,
}

/// Why a promotion does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// There is no such code any more.
    Unknown,
    /// The shop ended it.
    Archived,
    /// It begins later.
    NotStarted {
        /// When.
        starts_at: Timestamp,
    },
    /// Its time is over.
    Ended,
    /// As many orders use it as may.
    UsedUp,
    /// As many orders of this customer use it as may.
    CustomerLimit,
    /// The goods it is for cost less than it asks for.
    MinimumSubtotal {
        /// What they must cost.
        minimum: Money,
    },
    /// There are fewer pieces of the goods it is for than it asks for.
    MinimumQuantity {
        /// How many there must be.
        minimum: i64,
    },
    /// It takes nothing off what is in the cart.
    NothingToDiscount,
    /// It does not go together with others, and others take off more.
    NotCombinable,
    /// Another code of the same promotion is in the cart.
    Repeated,
}

/// A promotion that applies, and what it takes off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedPromotion {
    /// Which.
    pub promotion: PromotionId,
    /// By which code.
    pub coupon: Option<CouponId>,
    /// The code itself.
    pub code: Option<String>,
    /// What buyers see.
    pub name: String,
    /// What it takes off the goods, in minor units.
    pub goods: i64,
    /// What it takes off the shipping, in minor units.
    pub shipping: i64,
}

/// What promotions make of a cart.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What is taken off each line.
    pub lines: Vec<Money>,
    /// What shipping costs before any discount; none as long as it is not
    /// known.
    pub shipping: Option<Money>,
    /// What is taken off the shipping.
    pub shipping_discount: Money,
    /// What applies, in the order of application.
    pub applied: Vec<AppliedPromotion>,
    /// Why the others do not: the place in the candidates, and the reason.
    pub refused: Vec<(usize, Refusal)>,
}

/// What is discounted.
pub struct Basket<'a> {
    /// The lines.
    pub items: &'a [Item],
    /// What they cost before any discount.
    pub totals: &'a [Money],
    /// Whether any of it is shipped.
    pub needs_shipping: bool,
    /// What shipping costs when the goods cost so much; none as long as it is
    /// not known.
    pub quote: &'a dyn Fn(Money) -> Option<Money>,
    /// Nothing, in the currency of all amounts.
    pub nothing: Money,
}

/// Applies promotions to a basket.
pub fn apply(
    basket: &Basket<'_>,
    candidates: &[Candidate],
    now: Timestamp,
) -> Result<Outcome, MoneyError> {
    let mut refused = Vec::new();
    let mut fit: Vec<usize> = Vec::new();
    for (n, candidate) in candidates.iter().enumerate() {
        let repeated = fit
            .iter()
            .any(|&other| candidates[other].promotion.id == candidate.promotion.id);
        match candidate.refusal(basket, now)? {
            _ if repeated => refused.push((n, Refusal::Repeated)),
            Some(refusal) => refused.push((n, refusal)),
            None => fit.push(n),
        }
    }
    fit.sort_by_key(|&n| {
        let promotion = &candidates[n].promotion;
        (promotion.position, promotion.id)
    });
    let (together, alone): (Vec<usize>, Vec<usize>) = fit
        .iter()
        .partition(|&&n| candidates[n].promotion.rule.combinable);
    let mut best = Tried::of(basket, candidates, together)?;
    for n in alone {
        let tried = Tried::of(basket, candidates, vec![n])?;
        if tried.payable(basket)? < best.payable(basket)? {
            best = tried;
        }
    }
    let in_vain: Vec<usize> = best.in_vain.clone();
    for n in fit {
        if in_vain.contains(&n) {
            refused.push((n, Refusal::NothingToDiscount));
        } else if !best.used.contains(&n) {
            refused.push((n, Refusal::NotCombinable));
        }
    }
    Ok(Outcome {
        lines: best.lines,
        shipping: best.shipping,
        shipping_discount: best.shipping_discount,
        applied: best.applied,
        refused,
    })
}

/// One way to discount a basket.
struct Tried {
    lines: Vec<Money>,
    shipping: Option<Money>,
    shipping_discount: Money,
    applied: Vec<AppliedPromotion>,
    used: Vec<usize>,
    in_vain: Vec<usize>,
}

impl Tried {
    fn of(
        basket: &Basket<'_>,
        candidates: &[Candidate],
        which: Vec<usize>,
    ) -> Result<Self, MoneyError> {
        let mut left = basket.totals.to_vec();
        let mut goods_off = vec![basket.nothing; which.len()];
        for (off, &n) in goods_off.iter_mut().zip(&which) {
            let parts = off_lines(&candidates[n].promotion, basket.items, &left)?;
            for (left, part) in left.iter_mut().zip(parts) {
                *left = left.minus(part)?;
                *off = off.plus(part)?;
            }
        }
        let shipping = (basket.quote)(Money::sum(left.iter().copied(), basket.nothing.currency)?);
        let mut tried = Self {
            lines: Vec::with_capacity(left.len()),
            shipping,
            shipping_discount: basket.nothing,
            applied: Vec::new(),
            used: Vec::new(),
            in_vain: Vec::new(),
        };
        for (left, total) in left.iter().zip(basket.totals) {
            tried.lines.push(total.minus(*left)?);
        }
        for (goods, n) in goods_off.into_iter().zip(which) {
            tried.count(basket, &candidates[n], n, goods);
        }
        Ok(tried)
    }

    /// Counts a promotion as used, if it takes anything off, or would as soon
    /// as the shipping is known.
    fn count(&mut self, basket: &Basket<'_>, candidate: &Candidate, n: usize, goods: Money) {
        let promotion = &candidate.promotion;
        let mut shipping = basket.nothing;
        let mut waits = false;
        if promotion.rule.effect == Effect::FreeShipping {
            let price = self.shipping.unwrap_or(basket.nothing);
            shipping.minor = price.minor - self.shipping_discount.minor;
            self.shipping_discount = price;
            waits = basket.needs_shipping && self.shipping.is_none();
        }
        if goods.is_zero() && shipping.is_zero() && !waits {
            self.in_vain.push(n);
            return;
        }
        self.used.push(n);
        self.applied.push(AppliedPromotion {
            promotion: promotion.id,
            coupon: candidate.coupon.as_ref().map(|coupon| coupon.id),
            code: candidate.coupon.as_ref().map(|coupon| coupon.code.clone()),
            name: promotion.name.clone(),
            goods: goods.minor,
            shipping: shipping.minor,
        });
    }

    /// What the buyer pays for goods and shipping.
    fn payable(&self, basket: &Basket<'_>) -> Result<i64, MoneyError> {
        let currency = basket.nothing.currency;
        let goods = Money::sum(basket.totals.iter().copied(), currency)?;
        let off = Money::sum(self.lines.iter().copied(), currency)?;
        let shipping = self.shipping.unwrap_or(basket.nothing);
        let shipping = shipping.minus(self.shipping_discount)?;
        Ok(goods.minus(off)?.plus(shipping)?.minor)
    }
}

impl Candidate {
    /// Why it cannot apply, whatever others do.
    fn refusal(
        &self,
        basket: &Basket<'_>,
        now: Timestamp,
    ) -> Result<Option<Refusal>, MoneyError> {
        if !self.granted
            && let Some(refusal) = self.out_of_time_or_used_up(now)
        {
            return Ok(Some(refusal));
        }
        let (promotion, rule) = (&self.promotion, &self.promotion.rule);
        if promotion.currency != basket.nothing.currency {
            return Ok(Some(Refusal::NothingToDiscount));
        }
        let mut subtotal = basket.nothing;
        let mut quantity = 0;
        for (item, total) in basket.items.iter().zip(basket.totals) {
            if rule.is_for(item) {
                subtotal = subtotal.plus(*total)?;
                quantity += item.quantity;
            }
        }
        Ok(match (rule.minimum_subtotal, rule.minimum_quantity) {
            _ if quantity == 0 => Some(Refusal::NothingToDiscount),
            (Some(minimum), _) if subtotal.minor < minimum => Some(Refusal::MinimumSubtotal {
                minimum: promotion.money(minimum),
            }),
            (_, Some(minimum)) if quantity < minimum => {
                Some(Refusal::MinimumQuantity { minimum })
            }
            _ => None,
        })
    }

    fn out_of_time_or_used_up(&self, now: Timestamp) -> Option<Refusal> {
        let promotion = &self.promotion;
        let coupon = self.coupon.as_ref();
        let reached = |limit: Option<i64>, used| limit.is_some_and(|limit| used >= limit);
        if promotion.status != PromotionStatus::Active
            || coupon.is_some_and(|coupon| coupon.status != PromotionStatus::Active)
        {
            return Some(Refusal::Archived);
        }
        if let Some(starts_at) = promotion.starts_at.filter(|start| now < *start) {
            return Some(Refusal::NotStarted { starts_at });
        }
        if promotion.ends_at.is_some_and(|end| now >= end) {
            return Some(Refusal::Ended);
        }
        if reached(promotion.total_limit, promotion.used)
            || coupon.is_some_and(|coupon| reached(coupon.use_limit, coupon.used))
        {
            return Some(Refusal::UsedUp);
        }
        reached(promotion.customer_limit, self.customer_used).then_some(Refusal::CustomerLimit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promotion::{Effect, Rule};
    use kernel::{Currency, ProductId};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    fn product(n: u128) -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(n))
    }

    fn candidate(n: u128, effect: Effect) -> Candidate {
        let now = Timestamp::from_seconds(0);
        let rule = Rule {
            effect,
            products: Vec::new(),
            minimum_subtotal: None,
            minimum_quantity: None,
            combinable: true,
        };
        Candidate {
            promotion: Promotion {
                id: PromotionId::from_uuid(Uuid::from_u128(n)),
                name: format!("Promotion {n}"),
                needs_coupon: false,
                status: PromotionStatus::Active,
                rule,
                currency: Currency::EUR,
                starts_at: None,
                ends_at: None,
                total_limit: None,
                customer_limit: None,
                used: 0,
                position: 0,
                version: 1,
                created_at: now,
                updated_at: now,
            },
            coupon: None,
            customer_used: 0,
            granted: false,
        }
    }

    fn percent(n: u128, basis_points: u32) -> Candidate {
        let at_most = None;
        candidate(
            n,
            Effect::Percent {
                basis_points,
                at_most,
            },
        )
    }

    /// What becomes of lines of (product, unit price, quantity) with shipping
    /// for 500.
    fn outcome(lines: &[(u128, i64, i64)], candidates: &[Candidate]) -> Outcome {
        let items: Vec<Item> = lines
            .iter()
            .map(|&(n, unit, quantity)| Item {
                product: Some(product(n)),
                unit: eur(unit),
                quantity,
            })
            .collect();
        let totals: Vec<Money> = lines.iter().map(|l| eur(l.1 * l.2)).collect();
        let basket = Basket {
            items: &items,
            totals: &totals,
            needs_shipping: true,
            quote: &|_| Some(eur(500)),
            nothing: eur(0),
        };
        apply(&basket, candidates, Timestamp::from_seconds(100)).unwrap()
    }

    fn off(outcome: &Outcome) -> Vec<i64> {
        outcome.lines.iter().map(|line| line.minor).collect()
    }

    #[test]
    fn a_share_is_spread_by_largest_remainder() {
        // 10 % of 10.00 are 1.00, over three equal lines.
        let lines = [(1, 333, 1), (2, 333, 1), (3, 334, 1)];
        let outcome = outcome(&lines, &[percent(1, 1000)]);
        assert_eq!(off(&outcome), [33, 33, 34]);
        assert_eq!(outcome.applied[0].goods, 100);
    }

    #[test]
    fn each_works_on_what_the_ones_before_left() {
        let mut first = percent(2, 5000);
        first.promotion.position = -1;
        let second = candidate(1, Effect::Fixed { amount: 700 });
        let outcome = outcome(&[(1, 1000, 1)], &[second, first]);
        assert_eq!(off(&outcome), [1000]);
        let amounts: Vec<i64> = outcome.applied.iter().map(|one| one.goods).collect();
        assert_eq!(amounts, [500, 500]);
    }

    #[test]
    fn the_buyer_pays_the_least_of_what_does_not_combine() {
        let mut alone = percent(1, 3000);
        alone.promotion.rule.combinable = false;
        let together = [percent(2, 1000), percent(3, 1000)];
        let mut all = vec![alone];
        all.extend(together);
        let best = outcome(&[(1, 1000, 1)], &all);
        assert_eq!(off(&best), [300]);
        assert_eq!(
            best.refused,
            [(1, Refusal::NotCombinable), (2, Refusal::NotCombinable)]
        );
        all[0].promotion.rule.effect = Effect::Fixed { amount: 190 };
        let best = outcome(&[(1, 1000, 1)], &all);
        assert_eq!(off(&best), [190]);
        assert_eq!(best.refused, [(0, Refusal::NotCombinable)]);
    }

    #[test]
    fn the_cheapest_of_each_group_are_free() {
        let offer = |get_products: Vec<ProductId>| {
            candidate(
                1,
                Effect::BuyXGetY {
                    buy: 2,
                    get: 1,
                    basis_points: 10_000,
                    get_products,
                },
            )
        };
        // Seven pieces are two groups of three: the two cheapest are free.
        let mixed = [(1, 900, 4), (2, 300, 1), (3, 500, 2)];
        assert_eq!(off(&outcome(&mixed, &[offer(vec![])])), [0, 300, 500]);
        assert_eq!(off(&outcome(&[(1, 900, 2)], &[offer(vec![])])), [0]);
        // Two lamps bought, so one of the bulbs is free.
        let mut bulbs = offer(vec![product(2)]);
        bulbs.promotion.rule.products = vec![product(1)];
        assert_eq!(off(&outcome(&[(1, 900, 3), (2, 300, 5)], &[bulbs])), [0, 300]);
    }

    #[test]
    fn free_shipping_counts_once() {
        let free = |n| candidate(n, Effect::FreeShipping);
        let outcome = outcome(&[(1, 900, 1)], &[free(1), free(2)]);
        assert_eq!(outcome.shipping_discount, eur(500));
        assert_eq!(outcome.applied.len(), 1);
        assert_eq!(outcome.refused, [(1, Refusal::NothingToDiscount)]);
    }

    #[test]
    fn reasons_are_told() {
        let now = Timestamp::from_seconds(100);
        let case = |change: fn(&mut Candidate)| {
            let mut candidate = percent(1, 1000);
            change(&mut candidate);
            outcome(&[(1, 1000, 2)], &[candidate]).refused
        };
        let cases: [(fn(&mut Candidate), Refusal); 8] = [
            (
                |c| c.promotion.starts_at = Some(Timestamp::from_seconds(101)),
                Refusal::NotStarted {
                    starts_at: now.plus(std::time::Duration::from_secs(1)),
                },
            ),
            (
                |c| c.promotion.ends_at = Some(Timestamp::from_seconds(100)),
                Refusal::Ended,
            ),
            (
                |c| (c.promotion.total_limit, c.promotion.used) = (Some(3), 3),
                Refusal::UsedUp,
            ),
            (
                |c| (c.promotion.customer_limit, c.customer_used) = (Some(1), 1),
                Refusal::CustomerLimit,
            ),
            (
                |c| c.promotion.status = PromotionStatus::Archived,
                Refusal::Archived,
            ),
            (
                |c| c.promotion.rule.minimum_subtotal = Some(2001),
                Refusal::MinimumSubtotal { minimum: eur(2001) },
            ),
            (
                |c| c.promotion.rule.minimum_quantity = Some(3),
                Refusal::MinimumQuantity { minimum: 3 },
            ),
            (
                |c| c.promotion.rule.products = vec![product(9)],
                Refusal::NothingToDiscount,
            ),
        ];
        for (change, reason) in cases {
            assert_eq!(case(change), [(0, reason)]);
        }
        // What an order uses already stays, whatever time it is.
        let kept = |c: &mut Candidate| {
            c.promotion.ends_at = Some(Timestamp::from_seconds(1));
            c.granted = true;
        };
        assert_eq!(case(kept), []);
    }

    fn any_effect() -> impl Strategy<Value = Effect> {
        prop_oneof![
            (1u32..=10_000, prop::option::of(1i64..10_000)).prop_map(|(basis_points, at_most)| {
                Effect::Percent {
                    basis_points,
                    at_most,
                }
            }),
            (1i64..200_000).prop_map(|amount| Effect::Fixed { amount }),
            Just(Effect::FreeShipping),
            (1i64..4, 1i64..4, 1u32..=10_000).prop_map(|(buy, get, basis_points)| {
                Effect::BuyXGetY {
                    buy,
                    get,
                    basis_points,
                    get_products: Vec::new(),
                }
            }),
        ]
    }

    proptest! {
        /// No line, and no shipping, falls below zero; what promotions say
        /// they take off is what the lines lose; nobody pays more for having
        /// one more promotion that may be left out.
        #[test]
        fn discounts_add_up_and_never_exceed(
            lines in prop::collection::vec((0u128..4, 0i64..50_000, 1i64..20), 1..8),
            offers in prop::collection::vec(
                (any_effect(), any::<bool>(), -3i64..3, prop::collection::vec(0u128..4, 0..3)), 0..6),
        ) {
            let candidates: Vec<Candidate> = offers
                .into_iter()
                .zip(1u128..)
                .map(|((effect, combinable, position, products), n)| {
                    let mut one = candidate(n, effect);
                    one.promotion.rule.combinable = combinable;
                    one.promotion.position = position;
                    one.promotion.rule.products = products.into_iter().map(product).collect();
                    one
                })
                .collect();
            let found = outcome(&lines, &candidates);
            for (line, off) in lines.iter().zip(&found.lines) {
                prop_assert!((0..=line.1 * line.2).contains(&off.minor));
            }
            let goods: i64 = found.applied.iter().map(|one| one.goods).sum();
            prop_assert_eq!(goods, off(&found).iter().sum::<i64>());
            let shipping: i64 = found.applied.iter().map(|one| one.shipping).sum();
            prop_assert_eq!(shipping, found.shipping_discount.minor);
            prop_assert!((0..=500).contains(&shipping));
            prop_assert_eq!(found.applied.len() + found.refused.len(), candidates.len());
            let exclusive = |one: &AppliedPromotion| candidates
                .iter()
                .any(|c| c.promotion.id == one.promotion && !c.promotion.rule.combinable);
            prop_assert!(found.applied.len() == 1 || !found.applied.iter().any(exclusive));
            for (n, one) in candidates.iter().enumerate() {
                if !one.promotion.rule.combinable {
                    let mut fewer = candidates.clone();
                    fewer.remove(n);
                    let without = outcome(&lines, &fewer);
                    let paid = |o: &Outcome| -off(o).iter().sum::<i64>() - o.shipping_discount.minor;
                    prop_assert!(paid(&found) <= paid(&without));
                }
            }
        }
    }
}
