//! Where orders, payments and refunds stand.

use orders_model::order::{FulfilmentState, OrderStatus, PaymentState};
use orders_model::payment::PaymentStatus;
use orders_model::refund::RefundStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FulfilmentState)]
pub(crate) enum FulfilmentStateDto {
    /// Still here.
    Unfulfilled,
    /// A part was handed over.
    Partial,
    /// Handed over.
    Fulfilled,
    /// With the buyer.
    Delivered,
}

/// Where an attempt to pay stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
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
            FulfilmentState::Partial => Self::Partial,
            FulfilmentState::Fulfilled => Self::Fulfilled,
            FulfilmentState::Delivered => Self::Delivered,
        }
    }
}

impl From<FulfilmentStateDto> for FulfilmentState {
    fn from(dto: FulfilmentStateDto) -> Self {
        match dto {
            FulfilmentStateDto::Unfulfilled => Self::Unfulfilled,
            FulfilmentStateDto::Partial => Self::Partial,
            FulfilmentStateDto::Fulfilled => Self::Fulfilled,
            FulfilmentStateDto::Delivered => Self::Delivered,
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

impl From<PaymentStatusDto> for PaymentStatus {
    fn from(dto: PaymentStatusDto) -> Self {
        match dto {
            PaymentStatusDto::Created => Self::Created,
            PaymentStatusDto::Open => Self::Open,
            PaymentStatusDto::Processing => Self::Processing,
            PaymentStatusDto::Succeeded => Self::Succeeded,
            PaymentStatusDto::Failed => Self::Failed,
            PaymentStatusDto::Expired => Self::Expired,
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
