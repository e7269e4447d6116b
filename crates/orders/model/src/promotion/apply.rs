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

use kernel::{CouponId, Currency, Money, MoneyError, PromotionId, Timestamp};
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
    /// Its amounts are in another currency than the cart.
    Currency {
        /// Which.
        currency: Currency,
    },
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
            let parts = off_lines(
                &candidates[n].promotion,
                basket.items,
                &left,
                basket.nothing,
            )?;
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
    fn refusal(&self, basket: &Basket<'_>, now: Timestamp) -> Result<Option<Refusal>, MoneyError> {
        if !self.granted
            && let Some(refusal) = self.out_of_time_or_used_up(now)
        {
            return Ok(Some(refusal));
        }
        let (promotion, rule) = (&self.promotion, &self.promotion.rule);
        let currency = promotion.currency;
        if rule.has_amounts() && currency != basket.nothing.currency {
            return Ok(Some(Refusal::Currency { currency }));
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
            (_, Some(minimum)) if quantity < minimum => Some(Refusal::MinimumQuantity { minimum }),
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
mod tests;
