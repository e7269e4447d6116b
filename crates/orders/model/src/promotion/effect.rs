//! What one promotion takes off lines that others took off before.

use kernel::{Money, MoneyError, ProductId};

use super::{Effect, Promotion, Rule};

/// A line of a cart or an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Of which product; none when it is not sold, and so not discounted.
    pub product: Option<ProductId>,
    /// What one costs.
    pub unit: Money,
    /// How many.
    pub quantity: i64,
}

impl Rule {
    /// Whether it is for an item.
    pub(super) fn is_for(&self, item: &Item) -> bool {
        item.product
            .is_some_and(|product| self.products.is_empty() || self.products.contains(&product))
    }
}

/// What a promotion takes off each line, of which so much is left. Never more
/// than is left, and in its currency, which is that of `nothing` and of the
/// promotion's amounts, if it has any. Nothing for free shipping.
pub(super) fn off_lines(
    promotion: &Promotion,
    items: &[Item],
    left: &[Money],
    nothing: Money,
) -> Result<Vec<Money>, MoneyError> {
    let rule = &promotion.rule;
    match &rule.effect {
        Effect::Percent {
            basis_points,
            at_most,
        } => {
            let (base, weights) = eligible(promotion, items, left, nothing)?;
            let mut amount = base.basis_points(*basis_points)?;
            if let Some(most) = at_most {
                amount.minor = amount.minor.min(*most);
            }
            Ok(spread(amount, base, &weights))
        }
        Effect::Fixed { amount } => {
            let (base, weights) = eligible(promotion, items, left, nothing)?;
            Ok(spread(promotion.money(*amount), base, &weights))
        }
        Effect::FreeShipping => Ok(vec![nothing; items.len()]),
        Effect::BuyXGetY {
            buy,
            get,
            basis_points,
            get_products,
        } => {
            let gets = |item: &Item| {
                if get_products.is_empty() {
                    rule.is_for(item)
                } else {
                    item.product
                        .is_some_and(|product| get_products.contains(&product))
                }
            };
            let bought = pieces(items, |item| rule.is_for(item));
            let cheaper = if get_products.is_empty() {
                bought / (buy + get) * get
            } else {
                (bought / buy * get).min(pieces(items, gets))
            };
            off_cheapest(cheaper, *basis_points, items, left, gets)
        }
    }
}

fn pieces(items: &[Item], which: impl Fn(&Item) -> bool) -> i64 {
    let quantities = items.iter().filter(|item| which(item));
    quantities.map(|item| item.quantity).sum()
}

/// What is left of the lines it is for: together, and of each.
fn eligible(
    promotion: &Promotion,
    items: &[Item],
    left: &[Money],
    nothing: Money,
) -> Result<(Money, Vec<u64>), MoneyError> {
    let mut base = nothing;
    let mut weights = Vec::with_capacity(items.len());
    for (item, left) in items.iter().zip(left) {
        let is_for = promotion.rule.is_for(item);
        weights.push(if is_for { left.minor.unsigned_abs() } else { 0 });
        if is_for {
            base = base.plus(*left)?;
        }
    }
    Ok((base, weights))
}

/// An amount over lines, in proportion to what is left of them, by largest
/// remainder. As the amount is at most all that is left, no part exceeds its
/// line.
fn spread(mut amount: Money, base: Money, weights: &[u64]) -> Vec<Money> {
    amount.minor = amount.minor.min(base.minor);
    amount.allocate(weights)
}

/// A share off so many pieces, the cheapest first.
fn off_cheapest(
    mut pieces: i64,
    basis_points: u32,
    items: &[Item],
    left: &[Money],
    which: impl Fn(&Item) -> bool,
) -> Result<Vec<Money>, MoneyError> {
    let mut off: Vec<Money> = left.iter().map(|one| Money::zero(one.currency)).collect();
    let mut cheapest: Vec<usize> = (0..items.len()).filter(|&n| which(&items[n])).collect();
    cheapest.sort_by_key(|&n| (items[n].unit.minor, n));
    for n in cheapest {
        let taken = pieces.min(items[n].quantity);
        pieces -= taken;
        let amount = items[n].unit.times(taken)?.basis_points(basis_points)?;
        off[n].minor = amount.minor.min(left[n].minor);
    }
    Ok(off)
}
