//! What belongs to an order: lines, payments, refunds, history.

use std::collections::BTreeMap;

use kernel::{
    Money, OrderLineId, PaymentId, ProductId, RefundId, SellerId, Timestamp, UserId, VariantId,
};
use orders_model::order::{HistoryEntry, LineComponent, OrderLine};
use orders_model::payment::{Payment, PaymentStatus};
use orders_model::refund::Refund;
use serde::Serialize;
use utoipa::ToSchema;

use super::money::MoneyDto;
use super::order::Audience;
use super::order_states::{PaymentStatusDto, RefundStatusDto};

/// What a bundle was made of when it was bought.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLineComponent)]
pub(crate) struct LineComponentDto {
    /// Which variant.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// The stock keeping unit.
    sku: String,
    /// What it was called.
    name: String,
    /// How many were in one bundle.
    quantity: i64,
}

impl From<LineComponent> for LineComponentDto {
    fn from(component: LineComponent) -> Self {
        Self {
            variant_id: component.variant,
            sku: component.sku,
            name: component.name,
            quantity: component.quantity,
        }
    }
}

/// One line of an order: what was bought, as it was when it was bought.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(crate) struct OrderLineDto {
    /// Which.
    #[schema(value_type = String, example = "oli_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: OrderLineId,
    /// Of which product.
    #[schema(value_type = String)]
    product_id: ProductId,
    /// Which variant.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// Who sold it.
    #[schema(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// The stock keeping unit.
    sku: String,
    /// What it was called.
    name: String,
    /// Size and other options.
    options: BTreeMap<String, String>,
    /// What the bundle was made of when it was bought; empty for all others.
    components: Vec<LineComponentDto>,
    /// What one cost.
    unit_price: MoneyDto,
    /// How many.
    quantity: i64,
    /// What promotions took off all of them together.
    discount: MoneyDto,
    /// What the shop takes of it, whoever bears it. Only the shop sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<MoneyDto>,
    /// How many went back into stock.
    restocked: i64,
    /// How many are in shipments, packed or sent.
    shipped: i64,
    /// How many are still to be packed.
    to_ship: i64,
    /// How many are in returns that are open.
    returning: i64,
    /// How many came back after they were sent.
    returned: i64,
    /// How many were not there when they were bought, and are waited for.
    backordered: i64,
    /// When these are expected; null when none is waited for or nobody knows.
    #[schema(value_type = Option<String>, format = DateTime)]
    expected_at: Option<Timestamp>,
}

impl OrderLineDto {
    pub(crate) fn new(line: OrderLine, audience: Audience) -> Self {
        let fee = Money::new(line.fee, line.unit_price.currency);
        Self {
            fee: (audience == Audience::Shop).then(|| fee.into()),
            to_ship: line.open(),
            id: line.id,
            product_id: line.product,
            variant_id: line.variant,
            seller_id: line.seller,
            sku: line.sku,
            name: line.name,
            options: line.options,
            components: line.components.into_iter().map(Into::into).collect(),
            unit_price: line.unit_price.into(),
            quantity: line.quantity,
            discount: line.discount.into(),
            restocked: line.restocked,
            shipped: line.pieces.shipped,
            returning: line.pieces.returning,
            returned: line.pieces.returned,
            backordered: line.pieces.backordered,
            expected_at: line.expected_at.filter(|_| line.pieces.backordered > 0),
        }
    }
}

/// An attempt to pay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentDto {
    /// Which.
    #[schema(value_type = String, example = "pay_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: PaymentId,
    /// Through whom.
    #[schema(example = "stripe")]
    gateway: String,
    /// Where it stands.
    status: PaymentStatusDto,
    /// How much it is for, before taxes.
    amount: MoneyDto,
    /// The gateway's name for it.
    session_id: Option<String>,
    /// Where the buyer pays, while that is possible.
    #[schema(format = "uri")]
    url: Option<String>,
    /// What came in, taxes included.
    captured: MoneyDto,
    /// The taxes of that.
    tax: MoneyDto,
    /// What went back of it, or is promised to.
    refunded: MoneyDto,
    /// Why it failed, or why the last card was declined.
    failure: Option<String>,
    /// Until when the buyer can pay.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Payment> for PaymentDto {
    fn from(payment: Payment) -> Self {
        let can_be_paid = matches!(payment.status, PaymentStatus::Created | PaymentStatus::Open);
        Self {
            id: payment.id,
            gateway: payment.gateway,
            status: payment.status.into(),
            amount: payment.amount.into(),
            session_id: payment.session,
            url: payment.url.filter(|_| can_be_paid),
            captured: payment.captured.into(),
            tax: payment.tax.into(),
            refunded: payment.refunded.into(),
            failure: payment.failure,
            expires_at: payment.expires_at,
            created_at: payment.created_at,
        }
    }
}

/// Money that goes back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub(crate) struct RefundDto {
    /// Which.
    #[schema(value_type = String, example = "ref_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: RefundId,
    /// Of which payment.
    #[schema(value_type = String)]
    payment_id: PaymentId,
    /// Where it stands.
    status: RefundStatusDto,
    /// How much.
    amount: MoneyDto,
    /// Why. Only the shop sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Why the gateway refused. Only the shop sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// When it was promised.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl RefundDto {
    pub(crate) fn new(refund: Refund, audience: Audience) -> Self {
        let for_shop = audience == Audience::Shop;
        Self {
            id: refund.id,
            payment_id: refund.payment,
            status: refund.status.into(),
            amount: refund.amount.into(),
            reason: for_shop.then_some(refund.reason),
            failure: refund.failure.filter(|_| for_shop),
            created_at: refund.created_at,
        }
    }
}

/// Something that happened to an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub(crate) struct HistoryEntryDto {
    /// What.
    #[schema(example = "paid")]
    kind: String,
    /// Anything more. Buyers see amounts and numbers, and no reasons that the
    /// shop wrote.
    note: Option<String>,
    /// Who did it: an account, an API key, a job or `system`. Only the shop
    /// sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl HistoryEntryDto {
    pub(crate) fn new(entry: HistoryEntry, audience: Audience, buyer: Option<UserId>) -> Self {
        let note = match audience {
            Audience::Buyer => entry.note_for_buyer(buyer).map(str::to_owned),
            Audience::Shop => entry.note,
        };
        Self {
            kind: entry.kind,
            note,
            actor: (audience == Audience::Shop).then_some(entry.actor),
            at: entry.at,
        }
    }
}
