//! Something else for what comes back: an order of its own, which what comes
//! back pays as far as it goes.

use catalog_model::offer::Offer;
use catalog_model::product::ProductKind;
use kernel::{CartId, Currency, Money, OrderId, OrderLineId, Timestamp, VariantId};

use crate::cart::MAX_QUANTITY;
use crate::errors::OrdersError;
use crate::order::{
    FulfilmentState, LineComponent, Order, OrderLine, OrderStatus, PaymentState, Pieces,
};
use crate::ordering::full_name;

/// What the buyer gets instead.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeItem {
    /// Which variant.
    pub variant: VariantId,
    /// How many.
    pub quantity: i64,
}

/// How an exchange is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// What of the first order's money pays the second one.
    pub credit: Money,
    /// What the buyer still pays.
    pub to_pay: Money,
    /// What is due to the buyer when the goods are here.
    pub refund_due: Money,
}

/// Settles what comes back against what goes out: no more of the first
/// order's money is used than came in and did not go back.
pub fn settle(back: Money, refundable: Money, out: Money) -> Result<Settlement, OrdersError> {
    let usable = Money::new(back.minor.min(refundable.minor).max(0), back.currency);
    let credit = Money::new(usable.minor.min(out.minor), out.currency);
    Ok(Settlement {
        to_pay: out.minus(credit)?,
        refund_due: usable.minus(credit)?,
        credit,
    })
}

/// The lines of what the buyer gets, at today's prices.
pub fn lines_of(
    items: &[ExchangeItem],
    offers: &[Offer],
    first: &Order,
    now: Timestamp,
) -> Result<Vec<OrderLine>, OrdersError> {
    let mut lines: Vec<OrderLine> = Vec::with_capacity(items.len());
    for (item, position) in items.iter().zip(1i64..) {
        let offer = offers
            .iter()
            .find(|offer| offer.variant == item.variant && offer.is_on_sale())
            .ok_or(OrdersError::NotForSale)?;
        if offer.price.currency != first.currency {
            return Err(OrdersError::NoPrice {
                names: full_name(offer),
                currency: first.currency,
            });
        }
        if !(1..=MAX_QUANTITY).contains(&item.quantity) {
            return Err(OrdersError::QuantityOutOfRange);
        }
        let goods = offer.kind == ProductKind::Goods;
        lines.push(OrderLine {
            id: OrderLineId::new(now),
            position,
            product: offer.product,
            variant: offer.variant,
            stock_item: offer.stock_item,
            components: LineComponent::of(offer),
            seller: offer.seller,
            sku: offer.sku.clone(),
            name: full_name(offer),
            options: offer.options.clone(),
            unit_price: offer.price,
            quantity: item.quantity,
            discount: Money::zero(first.currency),
            fee: 0,
            restocked: 0,
            pieces: Pieces {
                intangible: if goods { 0 } else { item.quantity },
                ..Pieces::default()
            },
            expected_at: offer.supply.available_at,
        });
    }
    Ok(lines)
}

/// What the buyer gets costs.
pub fn price_of(lines: &[OrderLine], currency: Currency) -> Result<Money, OrdersError> {
    let prices = lines.iter().map(OrderLine::paid);
    let prices = prices.collect::<Result<Vec<_>, _>>()?;
    Ok(Money::sum(prices, currency)?)
}

/// The order of what the buyer gets, pending and not numbered yet. It goes to
/// where the first one went, and shipping costs nothing.
pub fn order_of(
    first: &Order,
    lines: &[OrderLine],
    settlement: Settlement,
    reserved_until: Timestamp,
    now: Timestamp,
) -> Result<Order, OrdersError> {
    let nothing = Money::zero(first.currency);
    let counted = lines.iter().any(OrderLine::is_counted);
    let mut order = Order {
        id: OrderId::new(now),
        number: 0,
        // There is no cart; orders have one name each here.
        cart: CartId::new(now),
        status: OrderStatus::Pending,
        payment_status: PaymentState::Unpaid,
        fulfilment_status: FulfilmentState::Unfulfilled,
        subtotal: price_of(lines, first.currency)?,
        discount: nothing,
        shipping: nothing,
        shipping_discount: nothing,
        promotions: Vec::new(),
        fee: nothing,
        total: settlement.to_pay,
        tax: nothing,
        captured: nothing,
        refunded: nothing,
        reserved_until: counted.then_some(reserved_until),
        attention: None,
        carrier: None,
        tracking_number: None,
        cancel_reason: None,
        placed_at: now,
        paid_at: None,
        shipped_at: None,
        canceled_at: None,
        version: 1,
        updated_at: now,
        dispute: None,
        exchange_of: Some(first.id),
        exchange_credit: settlement.credit,
        exchanged: nothing,
        credit_back: nothing,
        wallet_credit: nothing,
        ..first.clone()
    };
    if lines.iter().all(|line| line.pieces.intangible > 0) {
        order.shipping_method = None;
        order.shipping_method_name = None;
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Nothing is made and nothing is lost: what comes back pays what goes
        /// out, or is due, and never more than there is.
        #[test]
        fn an_exchange_adds_up(back in 0i64..1_000_000, refundable in 0i64..1_000_000, out in 0i64..1_000_000) {
            let eur = |minor| Money::new(minor, Currency::EUR);
            let settled = settle(eur(back), eur(refundable), eur(out)).unwrap();
            prop_assert_eq!(settled.credit.minor + settled.to_pay.minor, out);
            prop_assert_eq!(settled.credit.minor + settled.refund_due.minor, back.min(refundable));
            prop_assert!(settled.credit.minor >= 0 && settled.to_pay.minor >= 0 && settled.refund_due.minor >= 0);
            prop_assert!(settled.to_pay.is_zero() || settled.refund_due.is_zero());
        }
    }
}
