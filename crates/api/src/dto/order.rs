//! Orders.

use kernel::{Money, OrderId, Timestamp, UserId};
use orders_model::order::{ListedOrder, Order, OrderDetail};
use serde::Serialize;
use utoipa::ToSchema;

use super::address::AddressDto;
use super::aftercare::{DisputeDto, DisputeOutcomeDto, OrderNoteDto, ShipmentDto};
use super::money::MoneyDto;
use super::order_parts::{HistoryEntryDto, OrderLineDto, PaymentDto, RefundDto};
use super::order_states::{FulfilmentStateDto, OrderStatusDto, PaymentStateDto};
use super::promotion::AppliedPromotionDto;
use super::returns::ReturnDto;

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
    /// Who gets it, else who is billed; null when no address was given.
    #[schema(example = "Ada Lovelace")]
    customer_name: Option<String>,
    /// How many pieces were bought.
    #[schema(example = 3)]
    pieces: i64,
    /// Where it stands.
    status: OrderStatusDto,
    /// Where its money stands.
    payment_status: PaymentStateDto,
    /// Where its goods stand.
    fulfilment_status: FulfilmentStateDto,
    /// All lines together, before discounts.
    subtotal: MoneyDto,
    /// What promotions took off the lines.
    discount: MoneyDto,
    /// What the buyer pays for shipping.
    shipping: MoneyDto,
    /// What promotions took off the shipping.
    shipping_discount: MoneyDto,
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
    /// Whether a payment is or was disputed, and how that ended. Only the shop
    /// sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    dispute: Option<DisputeOutcomeDto>,
    /// The order whose goods came back for what is in this one.
    #[schema(value_type = Option<String>)]
    exchange_of: Option<OrderId>,
    /// What of that order's money pays this one.
    exchange_credit: MoneyDto,
    /// What of `exchange_credit` went back to the buyer, as a refund of the
    /// order it came from, or pays yet another exchange.
    credit_back: MoneyDto,
    /// What of this order's money pays others, for which goods came back.
    exchanged: MoneyDto,
    /// What of the total the buyer's wallet pays: promised while the order is
    /// pending, spent when it is paid.
    wallet_credit: MoneyDto,
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
    pub(crate) fn listed(listed: &ListedOrder, audience: Audience) -> Self {
        Self::new(&listed.order, listed.pieces, audience)
    }

    fn new(order: &Order, pieces: i64, audience: Audience) -> Self {
        let fee = match audience {
            Audience::Shop => order.fee,
            // The part of the fee that they bear.
            Audience::Buyer => order.fee_of_buyer().unwrap_or(Money::zero(order.currency)),
        };
        Self {
            id: order.id,
            number: order.number,
            user_id: order.user,
            email: order.email.clone(),
            customer_name: order.customer_name().map(str::to_owned),
            pieces,
            status: order.status.into(),
            payment_status: order.payment_status.into(),
            fulfilment_status: order.fulfilment_status.into(),
            subtotal: order.subtotal.into(),
            discount: order.discount.into(),
            shipping: order.shipping.into(),
            shipping_discount: order.shipping_discount.into(),
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
            dispute: order
                .dispute
                .filter(|_| audience == Audience::Shop)
                .map(Into::into),
            exchange_of: order.exchange_of,
            exchange_credit: order.exchange_credit.into(),
            credit_back: order.credit_back.into(),
            exchanged: order.exchanged.into(),
            wallet_credit: order.wallet_credit.into(),
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
    /// The promotions it uses.
    promotions: Vec<AppliedPromotionDto>,
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
    /// Why it was canceled. Buyers see their own reason, or that the shop or
    /// the time did it, not what the shop wrote.
    cancel_reason: Option<String>,
    /// The parts in which it goes out, oldest first.
    shipments: Vec<ShipmentDto>,
    /// What came or is to come back, oldest first.
    returns: Vec<ReturnDto>,
    /// What people wrote about it, oldest first.
    notes: Vec<OrderNoteDto>,
    /// Which payments are or were disputed. Only the shop sees it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disputes: Vec<DisputeDto>,
}

impl OrderDto {
    pub(crate) fn new(detail: OrderDetail, token: Option<String>, audience: Audience) -> Self {
        let cancel_reason = match audience {
            Audience::Buyer => detail.cancel_reason_for_buyer().map(str::to_owned),
            Audience::Shop => detail.order.cancel_reason.clone(),
        };
        let order = detail.order;
        let buyer = order.user;
        let pieces = detail.lines.iter().map(|line| line.quantity).sum();
        let after = detail.after;
        let disputes = match audience {
            Audience::Buyer => Vec::new(),
            Audience::Shop => after.disputes.into_iter().map(Into::into).collect(),
        };
        Self {
            shipments: after.shipments.into_iter().map(Into::into).collect(),
            returns: after
                .returns
                .into_iter()
                .map(|found| ReturnDto::new(found, audience))
                .collect(),
            notes: after
                .notes
                .into_iter()
                .filter_map(|note| OrderNoteDto::shown(note, audience))
                .collect(),
            disputes,
            summary: OrderSummaryDto::new(&order, pieces, audience),
            token,
            promotions: AppliedPromotionDto::all(order.promotions, order.currency),
            lines: detail
                .lines
                .into_iter()
                .map(|line| OrderLineDto::new(line, audience))
                .collect(),
            payments: detail.payments.into_iter().map(Into::into).collect(),
            refunds: detail
                .refunds
                .into_iter()
                .map(|refund| RefundDto::new(refund, audience))
                .collect(),
            history: detail
                .history
                .into_iter()
                .map(|entry| HistoryEntryDto::new(entry, audience, buyer))
                .collect(),
            shipping_address: order.shipping_address.map(Into::into),
            billing_address: order.billing_address.map(Into::into),
            shipping_method: order.shipping_method_name,
            reserved_until: order.reserved_until,
            carrier: order.carrier,
            tracking_number: order.tracking_number,
            cancel_reason,
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
