//! Carts.

use std::collections::BTreeMap;

use catalog_model::stock::shown;
use kernel::{CartId, CartLineId, Currency, OrderId, ProductId, Timestamp, VariantId};
use orders_model::cart::CartStatus;
use orders_model::priced_cart::{Notice, PricedCoupon, PricedLine};
use orders_model::totals::Totals;
use orders_service::CartAnswer;
use serde::Serialize;
use utoipa::ToSchema;

use super::address::AddressDto;
use super::choices::AvailabilityDto;
use super::money::MoneyDto;
use super::promotion::{AppliedPromotionDto, RefusalDto};
use super::variant::ComponentDto;

/// Where a cart stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CartStatus)]
pub(crate) enum CartStatusDto {
    /// It can be changed.
    Open,
    /// It became an order.
    Ordered,
    /// It went into another cart when its owner signed in.
    Merged,
}

impl From<CartStatus> for CartStatusDto {
    fn from(status: CartStatus) -> Self {
        match status {
            CartStatus::Open => Self::Open,
            CartStatus::Ordered => Self::Ordered,
            CartStatus::Merged => Self::Merged,
        }
    }
}

/// What is different from when the cart was last changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = CartNotice)]
pub(crate) enum NoticeDto {
    /// One costs something else now.
    PriceChanged {
        /// What it cost.
        from: MoneyDto,
        /// What it costs.
        to: MoneyDto,
    },
    /// There are fewer than wanted.
    NotEnough {
        /// How many there are.
        available: i64,
    },
    /// It is not sold any more.
    Unavailable,
    /// It has no price in the cart's currency any more; `unit_price` is what
    /// was seen.
    NoPrice,
}

impl From<Notice> for NoticeDto {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::PriceChanged { from, to } => Self::PriceChanged {
                from: from.into(),
                to: to.into(),
            },
            Notice::NotEnough { available } => Self::NotEnough { available },
            Notice::Unavailable => Self::Unavailable,
            Notice::NoPrice => Self::NoPrice,
        }
    }
}

/// One line of a cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CartLine)]
pub(crate) struct CartLineDto {
    /// Which.
    #[schema(value_type = String, example = "cli_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: CartLineId,
    /// What.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// Of which product; null when the variant is gone.
    #[schema(value_type = Option<String>)]
    product_id: Option<ProductId>,
    /// What the product is called.
    name: Option<String>,
    /// What tells the variant apart.
    title: Option<String>,
    /// The stock keeping unit.
    sku: Option<String>,
    /// Size and other options.
    options: BTreeMap<String, String>,
    /// What is in it now, if it is a bundle; empty for all others.
    components: Vec<ComponentDto>,
    /// How many.
    quantity: i64,
    /// What one costs now.
    unit_price: MoneyDto,
    /// What one cost before, where that is to be shown; above the price.
    compare_at_price: Option<MoneyDto>,
    /// What all pieces cost now, before discounts.
    total: MoneyDto,
    /// What promotions take off that.
    discount: MoneyDto,
    /// Whether it can be bought now; null when the variant is gone.
    availability: Option<AvailabilityDto>,
    /// How many of the pieces are not there yet, and can be bought all the
    /// same.
    backordered: i64,
    /// When these are expected; null when all are there or nobody knows.
    #[schema(value_type = Option<String>, format = DateTime)]
    available_at: Option<Timestamp>,
    /// What is different from when the cart was last changed.
    notices: Vec<NoticeDto>,
}

impl CartLineDto {
    fn new(line: PricedLine, currency: kernel::Currency) -> Self {
        let unit = line.offer.as_ref().map_or(
            kernel::Money::new(line.line.seen_price, currency),
            |offer| offer.price,
        );
        let offer = line.offer;
        let compare_at = offer.as_ref().and_then(|offer| offer.compare_at);
        let seen = offer
            .as_ref()
            .filter(|offer| offer.is_on_sale())
            .map(|offer| shown(offer.available, offer.supply));
        let expected = offer.as_ref().and_then(|offer| offer.supply.available_at);
        Self {
            availability: seen.map(|seen| seen.availability.into()),
            backordered: line.backordered,
            available_at: expected.filter(|_| line.backordered > 0),
            id: line.line.id,
            variant_id: line.line.variant,
            product_id: offer.as_ref().map(|offer| offer.product),
            name: offer.as_ref().map(|offer| offer.name.clone()),
            title: offer.as_ref().map(|offer| offer.title.clone()),
            sku: offer.as_ref().map(|offer| offer.sku.clone()),
            components: offer.as_ref().map_or_else(Vec::new, |offer| {
                let components = offer.components.iter().cloned();
                components.map(Into::into).collect()
            }),
            options: offer.map(|offer| offer.options).unwrap_or_default(),
            quantity: line.line.quantity,
            unit_price: unit.into(),
            compare_at_price: compare_at.map(Into::into),
            total: line.total.into(),
            discount: line.discount.into(),
            notices: line.notices.into_iter().map(Into::into).collect(),
        }
    }
}

/// What a cart or order costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Totals)]
pub(crate) struct TotalsDto {
    /// All lines together, before discounts.
    subtotal: MoneyDto,
    /// What promotions take off the lines.
    discount: MoneyDto,
    /// What the buyer pays for shipping; null as long as address and method
    /// are not chosen.
    shipping: Option<MoneyDto>,
    /// What promotions took off the shipping.
    shipping_discount: MoneyDto,
    /// The service fee the buyer bears.
    fee: MoneyDto,
    /// What the buyer pays, before taxes the payment gateway may add.
    total: MoneyDto,
}

impl From<Totals> for TotalsDto {
    fn from(totals: Totals) -> Self {
        let fee = if totals.fee_in_total {
            totals.fee
        } else {
            kernel::Money::zero(totals.fee.currency)
        };
        Self {
            subtotal: totals.subtotal.into(),
            discount: totals.discount.into(),
            shipping: totals.shipping.map(Into::into),
            shipping_discount: totals.shipping_discount.into(),
            fee: fee.into(),
            total: totals.total.into(),
        }
    }
}

/// A code in a cart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CartCoupon)]
pub(crate) struct CartCouponDto {
    /// The code.
    #[schema(example = "SUMMER26")]
    code: String,
    /// What its promotion is called.
    name: Option<String>,
    /// Whether it applies now.
    applies: bool,
    /// Why it does not.
    refusal: Option<RefusalDto>,
}

impl From<PricedCoupon> for CartCouponDto {
    fn from(coupon: PricedCoupon) -> Self {
        Self {
            code: coupon.code,
            name: coupon.name,
            applies: coupon.refusal.is_none(),
            refusal: coupon.refusal.map(Into::into),
        }
    }
}

/// A cart, with what it costs now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cart)]
pub(crate) struct CartDto {
    /// Which.
    #[schema(value_type = String, example = "cart_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    pub(crate) id: CartId,
    /// What a guest sends as `X-Cart-Token` to use it; absent for carts of
    /// accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// The currency of its prices.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// Where it stands.
    status: CartStatusDto,
    /// The order it became.
    #[schema(value_type = Option<String>)]
    order_id: Option<OrderId>,
    /// What is in it.
    lines: Vec<CartLineDto>,
    /// The promotions that apply, in the order of application.
    promotions: Vec<AppliedPromotionDto>,
    /// The codes the buyer gave.
    coupons: Vec<CartCouponDto>,
    /// Where the confirmation goes.
    email: Option<String>,
    /// Where the goods go.
    shipping_address: Option<AddressDto>,
    /// Who is billed, if not the same.
    billing_address: Option<AddressDto>,
    /// The code of the chosen shipping method.
    shipping_method: Option<String>,
    /// Whether anything in it is shipped.
    needs_shipping: bool,
    /// What it costs now.
    totals: TotalsDto,
    /// Grows with every change.
    version: i64,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<CartAnswer> for CartDto {
    fn from(answer: CartAnswer) -> Self {
        let priced = answer.priced;
        let cart = priced.cart;
        Self {
            id: cart.id,
            token: answer.token,
            currency: cart.currency,
            status: cart.status.into(),
            order_id: cart.order,
            lines: priced
                .lines
                .into_iter()
                .map(|line| CartLineDto::new(line, cart.currency))
                .collect(),
            promotions: AppliedPromotionDto::all(priced.promotions, cart.currency),
            coupons: priced.coupons.into_iter().map(Into::into).collect(),
            email: cart.email,
            shipping_address: cart.shipping_address.map(Into::into),
            billing_address: cart.billing_address.map(Into::into),
            shipping_method: cart.shipping_method,
            needs_shipping: priced.needs_shipping,
            totals: priced.totals.into(),
            version: cart.version,
            updated_at: cart.updated_at,
        }
    }
}
