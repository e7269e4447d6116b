//! What a cart needs to become an order, and the order it becomes.

use std::time::Duration;

use catalog_model::offer::Offer;
use catalog_model::product::ProductKind;
use kernel::{Money, OrderId, OrderLineId, PaymentId, Timestamp, UserId};

use crate::errors::OrdersError;
use crate::order::{
    FulfilmentState, LineComponent, Order, OrderLine, OrderStatus, PaymentState, Pieces, ReturnUrls,
};
use crate::payment::{Payment, PaymentStatus};
use crate::priced_cart::{Notice, PricedCart};

/// Refuses a cart that lacks something an order needs.
pub fn check_complete(priced: &PricedCart) -> Result<(), OrdersError> {
    let cart = &priced.cart;
    if cart.lines.is_empty() {
        return Err(OrdersError::CartEmpty);
    }
    if cart.email.is_none() {
        return Err(OrdersError::EmailMissing);
    }
    if priced.needs_shipping {
        if cart.shipping_address.is_none() {
            return Err(OrdersError::AddressMissing);
        }
        if cart.shipping_method.is_none() {
            return Err(OrdersError::ShippingMissing);
        }
        if priced.totals.shipping.is_none() {
            return Err(OrdersError::ShippingUnavailable);
        }
    }
    Ok(())
}

/// Refuses a cart that costs something else than the buyer saw, or holds what
/// cannot be had. A buyer who says which total they expect has seen it.
pub fn check_as_seen(priced: &PricedCart, expected: Option<Money>) -> Result<(), OrdersError> {
    let which = |is: fn(&Notice) -> bool| {
        let lines = priced.lines.iter();
        let names: Vec<String> = lines
            .filter(|line| line.notices.iter().any(is))
            .map(|line| {
                line.offer
                    .as_ref()
                    .map_or_else(|| line.line.variant.to_string(), full_name)
            })
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    if let Some(names) = which(|notice| matches!(notice, Notice::Unavailable)) {
        return Err(OrdersError::NoLongerSold(names));
    }
    if let Some(names) = which(|notice| matches!(notice, Notice::NoPrice)) {
        let currency = priced.cart.currency;
        return Err(OrdersError::NoPrice { names, currency });
    }
    if let Some(names) = which(|notice| matches!(notice, Notice::NotEnough { .. })) {
        return Err(OrdersError::OutOfStock(names));
    }
    let total = priced.totals.total;
    let seen = match expected {
        Some(expected) => expected == total,
        None => priced.is_as_seen(),
    };
    if seen {
        Ok(())
    } else {
        Err(OrdersError::CartChanged { total })
    }
}

/// What a variant is called on an order.
pub fn full_name(offer: &Offer) -> String {
    format!("{} ({})", offer.name, offer.title)
}

/// The lines of the order of a cart, as the catalog offers them now.
pub fn lines_of(priced: &PricedCart, now: Timestamp) -> Result<Vec<OrderLine>, OrdersError> {
    priced
        .lines
        .iter()
        .zip(1i64..)
        .map(|(line, position)| {
            let offer = line.offer.as_ref().ok_or(OrdersError::NotForSale)?;
            Ok(OrderLine {
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
                quantity: line.line.quantity,
                discount: line.discount,
                fee: line.fee.minor,
                restocked: 0,
                pieces: Pieces {
                    intangible: match offer.kind {
                        ProductKind::Goods => 0,
                        _ => line.line.quantity,
                    },
                    ..Pieces::default()
                },
                expected_at: offer.supply.available_at,
            })
        })
        .collect()
}

/// The order of a cart, pending and not numbered yet. It is the cart owner's;
/// that of a guest's cart is the user's who places it, if any.
pub fn new_order(
    id: OrderId,
    priced: &PricedCart,
    user: Option<UserId>,
    method_name: Option<String>,
    return_urls: &ReturnUrls,
    reserved_until: Option<Timestamp>,
    now: Timestamp,
) -> Result<Order, OrdersError> {
    let (cart, totals) = (&priced.cart, priced.totals);
    let nothing = Money::zero(cart.currency);
    Ok(Order {
        id,
        // Taken when all else is written.
        number: 0,
        cart: cart.id,
        user: cart.user.or(user),
        email: cart.email.clone().ok_or(OrdersError::EmailMissing)?,
        currency: cart.currency,
        status: OrderStatus::Pending,
        payment_status: PaymentState::Unpaid,
        fulfilment_status: FulfilmentState::Unfulfilled,
        subtotal: totals.subtotal,
        discount: totals.discount,
        shipping: totals.shipping.unwrap_or(nothing),
        shipping_discount: totals.shipping_discount,
        fee: totals.fee,
        total: totals.total,
        tax: nothing,
        captured: nothing,
        refunded: nothing,
        shipping_address: priced
            .needs_shipping
            .then(|| cart.shipping_address.clone())
            .flatten(),
        billing_address: cart
            .billing_address
            .clone()
            .or_else(|| cart.shipping_address.clone()),
        shipping_method: priced
            .needs_shipping
            .then(|| cart.shipping_method.clone())
            .flatten(),
        shipping_method_name: priced.needs_shipping.then_some(method_name).flatten(),
        promotions: priced.promotions.clone(),
        return_urls: return_urls.clone(),
        reserved_until,
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
        exchange_of: None,
        exchange_credit: nothing,
        exchanged: nothing,
        credit_back: nothing,
        wallet_credit: nothing,
    })
}

/// An attempt to pay an order: what its buyer's wallet does not.
pub fn new_attempt(order: &Order, gateway: &str, now: Timestamp, ttl: Duration) -> Payment {
    let nothing = Money::zero(order.currency);
    Payment {
        id: PaymentId::new(now),
        order: order.id,
        gateway: gateway.to_owned(),
        status: PaymentStatus::Created,
        amount: Money::new(
            order.total.minor - order.wallet_credit.minor,
            order.currency,
        ),
        session: None,
        url: None,
        intent: None,
        captured: nothing,
        tax: nothing,
        refunded: nothing,
        failure: None,
        expires_at: now.plus(ttl),
        checked_at: now,
        created_at: now,
        updated_at: now,
    }
}
