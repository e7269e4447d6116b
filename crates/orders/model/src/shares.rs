//! How money that goes back is spread over what was bought.
//!
//! An order has parts: each line is one, worth what was paid for it, and what
//! is left of the money is the shop's part: shipping, taxes, a fee that the
//! buyer bears. Money that goes back for certain goods comes from their lines
//! first; what is left, and what goes back for no goods in particular, comes
//! from all parts in proportion to what has not gone back of them yet, by the
//! largest-remainder method. So no part gives back more than it is worth, and
//! when all money is back, each part gave back all of its worth.
//!
//! With a line's money goes its fee: of the fee the same share has gone back
//! as of the line, rounded down, and all of it with the last cent.

use kernel::{Money, OrderId, OrderLineId, RefundId, SellerId};

use crate::order::{Order, OrderLine};

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A refund.
    Refund(RefundId),
    /// It pays for another order; of that other order, it went back to the
    /// first one.
    Exchange(OrderId),
}

/// Goods that money goes back for, and what was paid for them, in minor units.
pub type Goods = (OrderLineId, i64);

/// What went back of a part before, as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Given {
    /// The place of the part: that of its line, or 0.
    pub part: i64,
    /// Of its money, in minor units.
    pub amount: i64,
    /// Of its fee, in minor units.
    pub fee: i64,
}

/// A part of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The place of its line, or 0 for the shop's.
    pub place: i64,
    /// Its line.
    pub line: Option<OrderLineId>,
    /// Whose it is; the shop's own when none.
    pub seller: Option<SellerId>,
    worth: i64,
    fee: i64,
    back: i64,
    fee_back: i64,
}

/// What goes back of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Of which part.
    pub part: Part,
    /// How much, in minor units.
    pub amount: i64,
    /// How much of the fee, in minor units.
    pub fee: i64,
}

impl Part {
    fn left(&self) -> i64 {
        (self.worth - self.back).max(0)
    }
}

/// The parts of an order, the shop's last. Of an order that was never paid,
/// all money that came is the shop's: nothing was sold.
pub fn parts_of(order: &Order, lines: &[OrderLine], given: &[Given]) -> Vec<Part> {
    let sold = order.paid_at.is_some();
    let part = |place, line, seller, worth, fee| {
        let of_part = given.iter().filter(|one| one.part == place);
        let (back, fee_back) = of_part.fold((0i64, 0i64), |sum, one| {
            (sum.0 + one.amount, sum.1 + one.fee)
        });
        Part {
            place,
            line,
            seller,
            worth,
            fee,
            back,
            fee_back,
        }
    };
    let mut goods = 0i64;
    let mut parts = Vec::with_capacity(lines.len() + 1);
    for line in lines.iter().filter(|_| sold) {
        let worth = line.paid().map_or(0, |paid| paid.minor);
        goods = goods.saturating_add(worth);
        parts.push(part(
            line.position,
            Some(line.id),
            line.seller,
            worth,
            line.fee,
        ));
    }
    let money = order
        .captured
        .minor
        .saturating_add(order.exchange_credit.minor);
    parts.push(part(0, None, None, money.saturating_sub(goods).max(0), 0));
    parts
}

/// Spreads money that goes back over the parts, which remember it.
pub fn spread(parts: &mut [Part], amount: Money, goods: &[Goods]) -> Vec<Share> {
    let before = parts.to_vec();
    let of_goods = |part: &Part| {
        let paid = goods
            .iter()
            .filter(|(line, _)| Some(*line) == part.line)
            .fold(0i64, |sum, (_, paid)| sum.saturating_add(*paid));
        paid.clamp(0, part.left())
    };
    let mut left = amount.minor.max(0);
    left -= take(parts, Money::new(left, amount.currency), of_goods);
    left -= take(parts, Money::new(left, amount.currency), Part::left);
    // More than there was: a mistake at the gateway, and not a seller's.
    if let Some(shop) = parts.last_mut() {
        shop.back += left;
    }
    for part in parts.iter_mut().filter(|part| part.worth > 0) {
        let share = i128::from(part.fee) * i128::from(part.back.min(part.worth));
        let due = i64::try_from(share / i128::from(part.worth)).unwrap_or(part.fee);
        part.fee_back = due.max(part.fee_back);
    }
    let shares = before.iter().zip(parts).map(|(before, after)| Share {
        part: *after,
        amount: after.back - before.back,
        fee: after.fee_back - before.fee_back,
    });
    shares
        .filter(|share| share.amount != 0 || share.fee != 0)
        .collect()
}

/// Takes as much of an amount from parts as they can give, in proportion to
/// that; how much it was.
fn take(parts: &mut [Part], amount: Money, can_give: impl Fn(&Part) -> i64) -> i64 {
    let weights: Vec<u64> = parts
        .iter()
        .map(|part| u64::try_from(can_give(part)).unwrap_or(0))
        .collect();
    let most = weights
        .iter()
        .fold(0u64, |sum, &weight| sum.saturating_add(weight));
    let taken = amount.minor.min(i64::try_from(most).unwrap_or(i64::MAX));
    if taken < 1 {
        return 0;
    }
    let split = Money::new(taken, amount.currency).allocate(&weights);
    for (part, share) in parts.iter_mut().zip(split) {
        part.back += share.minor;
    }
    taken
}

#[cfg(test)]
#[path = "shares/tests.rs"]
mod tests;
