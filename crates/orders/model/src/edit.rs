//! Changing an order that is not paid yet.
//!
//! Lines that stay keep the price they were ordered at; new ones get today's.
//! The promotions the order uses are worked out anew with the new lines, and
//! stay granted however long they are over; what takes nothing off any more is
//! given back. Others do not join. Shipping and the platform's fee are worked
//! out as for a new order, unless nothing they depend on was changed.

use accounts_model::tenant::PlatformFee;
use catalog_model::offer::Offer;
use catalog_model::product::ProductKind;
use kernel::{Money, OrderLineId, PromotionId, Timestamp, VariantId};

use crate::address::Address;
use crate::cart::{MAX_LINES, check_quantity};
use crate::delivery::DeliveryError;
use crate::errors::OrdersError;
use crate::fees::{FeeBasis, fees};
use crate::order::{LineComponent, Order, OrderLine, Pieces};
use crate::ordering::full_name;
use crate::promotion::Promotion;
use crate::promotion::apply::{Basket, Candidate, Item, Outcome, apply};
use crate::shipping::ShippingWay;
use crate::totals::Totals;

/// A line as it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditLine {
    /// What.
    pub variant: VariantId,
    /// How many.
    pub quantity: i64,
}

/// A change of an order; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct OrderEdit {
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// The code of the shipping method.
    pub shipping_method: Option<String>,
    /// What is bought, all of it.
    pub lines: Option<Vec<EditLine>>,
}

/// What an order is priced with when it is changed.
pub struct Terms<'a> {
    /// The offers of all variants there are before or after.
    pub offers: &'a [Offer],
    /// The ways to ship.
    pub ways: &'a [ShippingWay],
    /// The promotions the order uses.
    pub promotions: &'a [Promotion],
    /// The platform's fee.
    pub fee: PlatformFee,
    /// When.
    pub now: Timestamp,
}

/// An order as it is after a change.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The promotions it does not use any more.
    pub dropped: Vec<PromotionId>,
}

/// Changes an order.
pub fn edit(
    mut order: Order,
    lines: Vec<OrderLine>,
    mut edit: OrderEdit,
    terms: &Terms<'_>,
) -> Result<Edited, OrdersError> {
    if let Some(address) = edit.billing_address.take() {
        order.billing_address = Some(address);
    }
    let reprice =
        edit.lines.is_some() || edit.shipping_address.is_some() || edit.shipping_method.is_some();
    if !reprice {
        return Ok(Edited {
            order,
            lines,
            dropped: Vec::new(),
        });
    }
    if order.exchange_of.is_some() {
        return readdress(order, lines, edit, terms);
    }
    let is_goods = |line: &OrderLine| {
        let offer = terms.offers.iter().find(|o| o.variant == line.variant);
        offer.map_or(line.is_counted(), |o| o.kind == ProductKind::Goods)
    };
    let lines = match edit.lines {
        Some(wanted) => edited_lines(&order, &lines, &wanted, terms)?,
        None => lines,
    };
    if lines.iter().any(is_goods) {
        order.shipping_address = edit.shipping_address.or(order.shipping_address);
        order.shipping_method = edit.shipping_method.or(order.shipping_method);
    } else if edit.shipping_address.is_some() || edit.shipping_method.is_some() {
        return Err(DeliveryError::NotShipped.into());
    } else {
        order.shipping_address = None;
        order.shipping_method = None;
        order.shipping_method_name = None;
    }
    price(order, lines, is_goods, terms)
}

/// Sends what is in an exchange somewhere else, where its method goes. What is
/// in it and what that costs was agreed on for what comes back, and stays.
fn readdress(
    mut order: Order,
    lines: Vec<OrderLine>,
    edit: OrderEdit,
    terms: &Terms<'_>,
) -> Result<Edited, OrdersError> {
    if edit.lines.is_some() || edit.shipping_method.is_some() {
        return Err(DeliveryError::ExchangeNotEditable.into());
    }
    let Some(method) = &order.shipping_method else {
        return Err(DeliveryError::NotShipped.into());
    };
    let goods = |line: &OrderLine| line.pieces.intangible == 0;
    let weight_grams = weight_grams(&lines, goods, terms);
    let way = terms.ways.iter().find(|way| way.method.code == *method);
    let address = edit.shipping_address.or(order.shipping_address.take());
    let quote = way
        .zip(address.as_ref())
        .and_then(|(way, address)| way.quote(order.subtotal, weight_grams, address));
    if quote.is_none() {
        return Err(OrdersError::ShippingUnavailable);
    }
    order.shipping_address = address;
    Ok(Edited {
        order,
        lines,
        dropped: Vec::new(),
    })
}

/// What the goods weigh together.
fn weight_grams(
    lines: &[OrderLine],
    is_goods: impl Fn(&OrderLine) -> bool,
    terms: &Terms<'_>,
) -> i64 {
    let goods = lines.iter().filter(|line| is_goods(line));
    goods.fold(0i64, |sum, line| {
        let offer = terms.offers.iter().find(|o| o.variant == line.variant);
        let grams = offer.map_or(0, |offer| offer.weight_grams);
        sum.saturating_add(grams.saturating_mul(line.quantity))
    })
}

/// The lines as they are to be. What is there already keeps its id and price;
/// more of it, and what is new, must be on sale, and more of it not dearer.
fn edited_lines(
    order: &Order,
    known: &[OrderLine],
    wanted: &[EditLine],
    terms: &Terms<'_>,
) -> Result<Vec<OrderLine>, OrdersError> {
    let twice = |n: usize| wanted[..n].iter().any(|e| e.variant == wanted[n].variant);
    if !(1..=MAX_LINES).contains(&wanted.len()) || (0..wanted.len()).any(twice) {
        return Err(DeliveryError::EditLines.into());
    }
    let mut lines = Vec::with_capacity(wanted.len());
    for (line, position) in wanted.iter().zip(1i64..) {
        check_quantity(line.quantity)?;
        let before = known.iter().find(|k| k.variant == line.variant);
        let offer = terms
            .offers
            .iter()
            .find(|offer| offer.variant == line.variant && offer.is_on_sale());
        let grows = before.is_none_or(|before| line.quantity > before.quantity);
        if grows && offer.is_none() {
            return Err(OrdersError::NotForSale);
        }
        if let (true, Some(before), Some(offer)) = (grows, before, offer) {
            check_price(before, offer)?;
        }
        let mut next = match (before, offer) {
            (Some(before), _) => before.clone(),
            (None, Some(offer)) => new_line(order, offer, terms.now)?,
            (None, None) => return Err(OrdersError::NotForSale),
        };
        next.position = position;
        next.quantity = line.quantity;
        if next.pieces.intangible > 0 {
            next.pieces.intangible = line.quantity;
        }
        lines.push(next);
    }
    Ok(lines)
}

/// Refuses more of what costs more today: a line has one price, and nobody
/// buys at yesterday's what they did not order then.
fn check_price(line: &OrderLine, offer: &Offer) -> Result<(), OrdersError> {
    let today = offer.price;
    if today.currency == line.unit_price.currency && today.minor <= line.unit_price.minor {
        return Ok(());
    }
    let name = full_name(offer);
    Err(DeliveryError::PriceRose { name, price: today }.into())
}

fn new_line(order: &Order, offer: &Offer, now: Timestamp) -> Result<OrderLine, OrdersError> {
    if offer.price.currency != order.currency {
        return Err(OrdersError::NoPrice {
            names: full_name(offer),
            currency: order.currency,
        });
    }
    Ok(OrderLine {
        id: OrderLineId::new(now),
        position: 0,
        product: offer.product,
        variant: offer.variant,
        stock_item: offer.stock_item,
        components: LineComponent::of(offer),
        seller: offer.seller,
        sku: offer.sku.clone(),
        name: full_name(offer),
        options: offer.options.clone(),
        unit_price: offer.price,
        quantity: 1,
        discount: Money::zero(order.currency),
        fee: 0,
        restocked: 0,
        pieces: Pieces {
            intangible: i64::from(offer.kind != ProductKind::Goods),
            ..Pieces::default()
        },
        expected_at: offer.supply.available_at,
    })
}

/// Works out what an order costs with these lines, address and method.
fn price(
    mut order: Order,
    mut lines: Vec<OrderLine>,
    is_goods: impl Fn(&OrderLine) -> bool,
    terms: &Terms<'_>,
) -> Result<Edited, OrdersError> {
    let weight_grams = weight_grams(&lines, is_goods, terms);
    let way = terms
        .ways
        .iter()
        .find(|way| Some(&way.method.code) == order.shipping_method.as_ref());
    let mut totals = Vec::with_capacity(lines.len());
    for line in &lines {
        totals.push(line.unit_price.times(line.quantity)?);
    }
    let items: Vec<Item> = lines
        .iter()
        .map(|line| Item {
            product: Some(line.product),
            unit: line.unit_price,
            quantity: line.quantity,
        })
        .collect();
    let basket = Basket {
        items: &items,
        totals: &totals,
        needs_shipping: order.shipping_method.is_some(),
        quote: &|goods| way?.quote(goods, weight_grams, order.shipping_address.as_ref()?),
        nothing: Money::zero(order.currency),
    };
    let candidates: Vec<Candidate> = terms.promotions.iter().map(granted).collect();
    let outcome = apply(&basket, &candidates, terms.now)?;
    if order.shipping_method.is_some() && outcome.shipping.is_none() {
        return Err(OrdersError::ShippingUnavailable);
    }
    for (line, discount) in lines.iter_mut().zip(&outcome.lines) {
        line.discount = *discount;
    }
    let mut basis = Vec::with_capacity(lines.len());
    for line in &lines {
        let offer = terms.offers.iter().find(|o| o.variant == line.variant);
        let fee = offer.filter(|offer| offer.seller == line.seller);
        basis.push(FeeBasis {
            own: line.seller.zip(fee.and_then(|offer| offer.seller_fee)),
            net: line.paid()?,
        });
    }
    let fees = fees(terms.fee, &basis, order.currency)?;
    for (line, fee) in lines.iter_mut().zip(&fees) {
        line.fee = fee.minor;
    }
    let all = Totals::of(
        Money::sum(totals.iter().copied(), order.currency)?,
        Money::sum(outcome.lines.iter().copied(), order.currency)?,
        outcome.shipping,
        outcome.shipping_discount,
        Money::sum(fees, order.currency)?,
        terms.fee.borne_by,
    )?;
    order.subtotal = all.subtotal;
    order.discount = all.discount;
    order.shipping = all.shipping.unwrap_or(Money::zero(order.currency));
    order.shipping_discount = all.shipping_discount;
    order.fee = all.fee;
    order.total = all.total;
    if let Some(way) = way {
        order.shipping_method_name = Some(way.method.name.clone());
    }
    let dropped = keep(&mut order, outcome);
    Ok(Edited {
        order,
        lines,
        dropped,
    })
}

fn granted(promotion: &Promotion) -> Candidate {
    Candidate {
        promotion: promotion.clone(),
        coupon: None,
        customer_used: 0,
        granted: true,
    }
}

/// Keeps the promotions that still apply, with the codes they came by; those
/// that do not.
fn keep(order: &mut Order, outcome: Outcome) -> Vec<PromotionId> {
    let before = std::mem::take(&mut order.promotions);
    for mut applied in outcome.applied {
        if let Some(known) = before.iter().find(|b| b.promotion == applied.promotion) {
            applied.coupon = known.coupon;
            applied.code.clone_from(&known.code);
            order.promotions.push(applied);
        }
    }
    let still = |id: PromotionId| order.promotions.iter().any(|one| one.promotion == id);
    let gone = before.iter().map(|one| one.promotion);
    gone.filter(|id| !still(*id)).collect()
}
