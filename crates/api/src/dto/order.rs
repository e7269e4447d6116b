//! Orders, payments and refunds.

use std::collections::BTreeMap;

use kernel::{
    Money, OrderId, OrderLineId, PaymentId, ProductId, RefundId, SellerId, Timestamp, UserId,
    VariantId,
};
use orders_model::order::{
    FulfilmentState, HistoryEntry, Order, OrderDetail, OrderLine, OrderStatus, PaymentState,
};
use orders_model::payment::{Payment, PaymentStatus};
use orders_model::refund::{Refund, RefundStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::address::AddressDto;
use super::money::MoneyDto;

/// Where an order stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OrderStatus)]
pub(crate) enum OrderStatusDto {
    /// Placed, and waits to be paid.
    Pending,
    /// Paid, and waits to be shipped.
    Paid,
    /// On its way.
    Shipped,
    /// It will not happen.
    Canceled,
}

/// Where the money of an order stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentState)]
pub(crate) enum PaymentStateDto {
    /// None came.
    Unpaid,
    /// It is on its way, as with a bank debit.
    Processing,
    /// It came.
    Paid,
    /// A part went back.
    PartiallyRefunded,
    /// All went back.
    Refunded,
}

/// Where the goods of an order stand.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FulfilmentState)]
pub(crate) enum FulfilmentStateDto {
    /// Still here.
    Unfulfilled,
    /// Handed over.
    Fulfilled,
}

/// Where an attempt to pay stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaymentStatus)]
pub(crate) enum PaymentStatusDto {
    /// Decided; the payment page is being opened.
    Created,
    /// The buyer can pay.
    Open,
    /// The buyer paid in a way that takes days.
    Processing,
    /// The money came.
    Succeeded,
    /// It will not come.
    Failed,
    /// The buyer took too long.
    Expired,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefundStatus)]
pub(crate) enum RefundStatusDto {
    /// Promised; the gateway is being told.
    Pending,
    /// The gateway took it.
    Succeeded,
    /// The gateway refused.
    Failed,
}

impl From<OrderStatus> for OrderStatusDto {
    fn from(status: OrderStatus) -> Self {
        match status {
            OrderStatus::Pending => Self::Pending,
            OrderStatus::Paid => Self::Paid,
            OrderStatus::Shipped => Self::Shipped,
            OrderStatus::Canceled => Self::Canceled,
        }
    }
}

impl From<OrderStatusDto> for OrderStatus {
    fn from(dto: OrderStatusDto) -> Self {
        match dto {
            OrderStatusDto::Pending => Self::Pending,
            OrderStatusDto::Paid => Self::Paid,
            OrderStatusDto::Shipped => Self::Shipped,
            OrderStatusDto::Canceled => Self::Canceled,
        }
    }
}

impl From<PaymentState> for PaymentStateDto {
    fn from(state: PaymentState) -> Self {
        match state {
            PaymentState::Unpaid => Self::Unpaid,
            PaymentState::Processing => Self::Processing,
            PaymentState::Paid => Self::Paid,
            PaymentState::PartiallyRefunded => Self::PartiallyRefunded,
            PaymentState::Refunded => Self::Refunded,
        }
    }
}

impl From<PaymentStateDto> for PaymentState {
    fn from(dto: PaymentStateDto) -> Self {
        match dto {
            PaymentStateDto::Unpaid => Self::Unpaid,
            PaymentStateDto::Processing => Self::Processing,
            PaymentStateDto::Paid => Self::Paid,
            PaymentStateDto::PartiallyRefunded => Self::PartiallyRefunded,
            PaymentStateDto::Refunded => Self::Refunded,
        }
    }
}

impl From<FulfilmentState> for FulfilmentStateDto {
    fn from(state: FulfilmentState) -> Self {
        match state {
            FulfilmentState::Unfulfilled => Self::Unfulfilled,
            FulfilmentState::Fulfilled => Self::Fulfilled,
        }
    }
}

impl From<PaymentStatus> for PaymentStatusDto {
    fn from(status: PaymentStatus) -> Self {
        match status {
            PaymentStatus::Created => Self::Created,
            PaymentStatus::Open => Self::Open,
            PaymentStatus::Processing => Self::Processing,
            PaymentStatus::Succeeded => Self::Succeeded,
            PaymentStatus::Failed => Self::Failed,
            PaymentStatus::Expired => Self::Expired,
        }
    }
}

impl From<RefundStatus> for RefundStatusDto {
    fn from(status: RefundStatus) -> Self {
        match status {
            RefundStatus::Pending => Self::Pending,
            RefundStatus::Succeeded => Self::Succeeded,
            RefundStatus::Failed => Self::Failed,
        }
    }
}

/// An order as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderSummary)]
pub(crate) struct OrderSummaryDto {
    /// Which.
    #[schema(value_type = String, example = "ord_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: OrderId,
    /// Its number in the shop, for people.
    #[schema(example = 1001)]
    number: i64,
    /// Whose; null for guests.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Where mails about it go.
    email: String,
    /// Where it stands.
    status: OrderStatusDto,
    /// Where its money stands.
    payment_status: PaymentStateDto,
    /// Where its goods stand.
    fulfilment_status: FulfilmentStateDto,
    /// All lines together.
    subtotal: MoneyDto,
    /// Shipping.
    shipping: MoneyDto,
    /// The platform's fee; for buyers, the part of it that they bear.
    fee: MoneyDto,
    /// What the buyer was to pay, before taxes the gateway added.
    total: MoneyDto,
    /// The taxes the gateway computed, on top of the total or inside it.
    tax: MoneyDto,
    /// What came in, taxes included.
    captured: MoneyDto,
    /// What went back, or is promised to.
    refunded: MoneyDto,
    /// Why somebody should look at it.
    attention: Option<String>,
    /// When it was placed.
    #[schema(value_type = String, format = DateTime)]
    placed_at: Timestamp,
    /// When it was paid.
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
    /// When it was shipped.
    #[schema(value_type = Option<String>, format = DateTime)]
    shipped_at: Option<Timestamp>,
    /// When it was canceled.
    #[schema(value_type = Option<String>, format = DateTime)]
    canceled_at: Option<Timestamp>,
    /// Grows with every change.
    version: i64,
}

/// Who looks at an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Who bought it: sees what they pay, and not who works at the shop.
    Buyer,
    /// The shop.
    Shop,
}

impl OrderSummaryDto {
    pub(crate) fn new(order: &Order, audience: Audience) -> Self {
        let fee = match audience {
            Audience::Shop => order.fee,
            // The part of the fee that they bear.
            Audience::Buyer => Money::new(
                order.total.minor - order.subtotal.minor - order.shipping.minor,
                order.currency,
            ),
        };
        Self {
            id: order.id,
            number: order.number,
            user_id: order.user,
            email: order.email.clone(),
            status: order.status.into(),
            payment_status: order.payment_status.into(),
            fulfilment_status: order.fulfilment_status.into(),
            subtotal: order.subtotal.into(),
            shipping: order.shipping.into(),
            fee: fee.into(),
            total: order.total.into(),
            tax: order.tax.into(),
            captured: order.captured.into(),
            refunded: order.refunded.into(),
            attention: order.attention.clone(),
            placed_at: order.placed_at,
            paid_at: order.paid_at,
            shipped_at: order.shipped_at,
            canceled_at: order.canceled_at,
            version: order.version,
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
    /// What one cost.
    unit_price: MoneyDto,
    /// How many.
    quantity: i64,
    /// How many went back into stock.
    restocked: i64,
}

impl From<OrderLine> for OrderLineDto {
    fn from(line: OrderLine) -> Self {
        Self {
            id: line.id,
            product_id: line.product,
            variant_id: line.variant,
            seller_id: line.seller,
            sku: line.sku,
            name: line.name,
            options: line.options,
            unit_price: line.unit_price.into(),
            quantity: line.quantity,
            restocked: line.restocked,
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
    /// Why.
    reason: String,
    /// Why the gateway refused.
    failure: Option<String>,
    /// When it was promised.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Refund> for RefundDto {
    fn from(refund: Refund) -> Self {
        Self {
            id: refund.id,
            payment_id: refund.payment,
            status: refund.status.into(),
            amount: refund.amount.into(),
            reason: refund.reason,
            failure: refund.failure,
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
    /// Anything more.
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
    fn new(entry: HistoryEntry, audience: Audience) -> Self {
        Self {
            kind: entry.kind,
            note: entry.note,
            actor: (audience == Audience::Shop).then_some(entry.actor),
            at: entry.at,
        }
    }
}

/// An order with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderDto {
    #[serde(flatten)]
    summary: OrderSummaryDto,
    /// What a guest sends as `X-Order-Token` to see it; only in the answer to
    /// checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// What was bought.
    lines: Vec<OrderLineDto>,
    /// The attempts to pay it, oldest first.
    payments: Vec<PaymentDto>,
    /// What went back, oldest first.
    refunds: Vec<RefundDto>,
    /// What happened, oldest first.
    history: Vec<HistoryEntryDto>,
    /// Where the goods go.
    shipping_address: Option<AddressDto>,
    /// Who is billed.
    billing_address: Option<AddressDto>,
    /// What the shipping method is called.
    shipping_method: Option<String>,
    /// Until when stock is reserved.
    #[schema(value_type = Option<String>, format = DateTime)]
    reserved_until: Option<Timestamp>,
    /// Who carries it.
    carrier: Option<String>,
    /// Where it can be followed.
    tracking_number: Option<String>,
    /// Why it was canceled.
    cancel_reason: Option<String>,
}

impl OrderDto {
    pub(crate) fn new(detail: OrderDetail, token: Option<String>, audience: Audience) -> Self {
        let order = detail.order;
        Self {
            summary: OrderSummaryDto::new(&order, audience),
            token,
            lines: detail.lines.into_iter().map(Into::into).collect(),
            payments: detail.payments.into_iter().map(Into::into).collect(),
            refunds: detail.refunds.into_iter().map(Into::into).collect(),
            history: detail
                .history
                .into_iter()
                .map(|entry| HistoryEntryDto::new(entry, audience))
                .collect(),
            shipping_address: order.shipping_address.map(Into::into),
            billing_address: order.billing_address.map(Into::into),
            shipping_method: order.shipping_method_name,
            reserved_until: order.reserved_until,
            carrier: order.carrier,
            tracking_number: order.tracking_number,
            cancel_reason: order.cancel_reason,
        }
    }
}

/// An order and where to pay it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checkout)]
pub(crate) struct CheckoutDto {
    /// The order.
    pub(crate) order: OrderDto,
    /// Where the buyer pays; null when there is nothing to pay.
    #[schema(format = "uri")]
    pub(crate) payment_url: Option<String>,
}

impl From<orders_service::OrderAnswer> for CheckoutDto {
    fn from(answer: orders_service::OrderAnswer) -> Self {
        let payment_url = answer
            .detail
            .payments
            .last()
            .filter(|payment| !payment.status.is_final())
            .and_then(|payment| payment.url.clone());
        Self {
            order: OrderDto::new(answer.detail, answer.token, Audience::Buyer),
            payment_url,
        }
    }
}
