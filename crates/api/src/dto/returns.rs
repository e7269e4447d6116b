//! Returns.

use kernel::{OrderId, OrderLineId, ReturnId, Timestamp};
use orders_model::returns::{
    Condition, Return, ReturnKind, ReturnLine, ReturnReason, ReturnStatus, WantedReturn,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::money::MoneyDto;
use super::order::Audience;
use crate::extract::words;

/// Where a return stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnStatus)]
pub(crate) enum ReturnStatusDto {
    /// The buyer asks.
    Requested,
    /// The goods may come.
    Approved,
    /// They may not.
    Rejected,
    /// It was called off.
    Canceled,
    /// The goods are here.
    Received,
    /// The money went back.
    Refunded,
    /// The goods are here, and the buyer has something else instead.
    Exchanged,
}

impl From<ReturnStatus> for ReturnStatusDto {
    fn from(status: ReturnStatus) -> Self {
        match status {
            ReturnStatus::Requested => Self::Requested,
            ReturnStatus::Approved => Self::Approved,
            ReturnStatus::Rejected => Self::Rejected,
            ReturnStatus::Canceled => Self::Canceled,
            ReturnStatus::Received => Self::Received,
            ReturnStatus::Refunded => Self::Refunded,
            ReturnStatus::Exchanged => Self::Exchanged,
        }
    }
}

impl From<ReturnStatusDto> for ReturnStatus {
    fn from(dto: ReturnStatusDto) -> Self {
        match dto {
            ReturnStatusDto::Requested => Self::Requested,
            ReturnStatusDto::Approved => Self::Approved,
            ReturnStatusDto::Rejected => Self::Rejected,
            ReturnStatusDto::Canceled => Self::Canceled,
            ReturnStatusDto::Received => Self::Received,
            ReturnStatusDto::Refunded => Self::Refunded,
            ReturnStatusDto::Exchanged => Self::Exchanged,
        }
    }
}

/// What the buyer gets for what comes back.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnKind)]
pub(crate) enum ReturnKindDto {
    /// Money.
    Refund,
    /// Something else.
    Exchange,
}

/// Why something comes back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnReason)]
pub(crate) enum ReturnReasonDto {
    /// It does not fit.
    WrongSize,
    /// It is broken, or came broken.
    Damaged,
    /// It does not do what it should.
    Defective,
    /// Something else was ordered.
    WrongItem,
    /// It is otherwise than described.
    NotAsDescribed,
    /// It is not wanted any more.
    ChangedMind,
    /// It came too late.
    Late,
    /// Anything else.
    Other,
}

impl From<ReturnReason> for ReturnReasonDto {
    fn from(reason: ReturnReason) -> Self {
        match reason {
            ReturnReason::WrongSize => Self::WrongSize,
            ReturnReason::Damaged => Self::Damaged,
            ReturnReason::Defective => Self::Defective,
            ReturnReason::WrongItem => Self::WrongItem,
            ReturnReason::NotAsDescribed => Self::NotAsDescribed,
            ReturnReason::ChangedMind => Self::ChangedMind,
            ReturnReason::Late => Self::Late,
            ReturnReason::Other => Self::Other,
        }
    }
}

impl From<ReturnReasonDto> for ReturnReason {
    fn from(dto: ReturnReasonDto) -> Self {
        match dto {
            ReturnReasonDto::WrongSize => Self::WrongSize,
            ReturnReasonDto::Damaged => Self::Damaged,
            ReturnReasonDto::Defective => Self::Defective,
            ReturnReasonDto::WrongItem => Self::WrongItem,
            ReturnReasonDto::NotAsDescribed => Self::NotAsDescribed,
            ReturnReasonDto::ChangedMind => Self::ChangedMind,
            ReturnReasonDto::Late => Self::Late,
            ReturnReasonDto::Other => Self::Other,
        }
    }
}

/// How goods are that came back.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnCondition)]
pub(crate) enum ConditionDto {
    /// As they were sent.
    AsNew,
    /// Opened or worn.
    Used,
    /// Broken.
    Damaged,
}

impl From<ConditionDto> for Condition {
    fn from(dto: ConditionDto) -> Self {
        match dto {
            ConditionDto::AsNew => Self::AsNew,
            ConditionDto::Used => Self::Used,
            ConditionDto::Damaged => Self::Damaged,
        }
    }
}

impl From<Condition> for ConditionDto {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::AsNew => Self::AsNew,
            Condition::Used => Self::Used,
            Condition::Damaged => Self::Damaged,
        }
    }
}

/// What comes back of one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReturnLine)]
pub(crate) struct ReturnLineDto {
    /// Which line of the order.
    #[schema(value_type = String)]
    line_id: OrderLineId,
    /// How many are to come.
    quantity: i64,
    /// Why.
    reason: ReturnReasonDto,
    /// In the buyer's words.
    comment: Option<String>,
    /// How they were when they came.
    #[schema(nullable)]
    condition: Option<ConditionDto>,
    /// How many came and went back into stock.
    restocked: i64,
    /// How many came and are not sold again.
    scrapped: i64,
}

impl From<ReturnLine> for ReturnLineDto {
    fn from(line: ReturnLine) -> Self {
        Self {
            line_id: line.line,
            quantity: line.quantity,
            reason: line.reason.into(),
            comment: line.comment,
            condition: line.condition.map(Into::into),
            restocked: line.restocked,
            scrapped: line.scrapped,
        }
    }
}

/// Goods of an order that come back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Return)]
pub(crate) struct ReturnDto {
    /// Which.
    #[schema(value_type = String, example = "rma_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ReturnId,
    /// Of which order.
    #[schema(value_type = String)]
    order_id: OrderId,
    /// What the buyer gets for it.
    kind: ReturnKindDto,
    /// Where it stands.
    status: ReturnStatusDto,
    /// What comes back.
    lines: Vec<ReturnLineDto>,
    /// What was said with it.
    note: Option<String>,
    /// Why it was rejected or called off.
    decision: Option<String>,
    /// The order of what the buyer gets instead.
    #[schema(value_type = Option<String>)]
    exchange_order_id: Option<OrderId>,
    /// What goes back when the goods are here, because what the buyer gets
    /// instead costs less.
    refund_due: MoneyDto,
    /// What went back for it, or is promised to.
    refunded: MoneyDto,
    /// Who asked. Only the shop sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// When that was.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was approved, rejected or called off.
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// When the goods came.
    #[schema(value_type = Option<String>, format = DateTime)]
    received_at: Option<Timestamp>,
}

impl ReturnDto {
    pub(crate) fn new(found: Return, audience: Audience) -> Self {
        Self {
            id: found.id,
            order_id: found.order,
            kind: match found.kind {
                ReturnKind::Refund => ReturnKindDto::Refund,
                ReturnKind::Exchange => ReturnKindDto::Exchange,
            },
            status: found.status.into(),
            lines: found.lines.into_iter().map(Into::into).collect(),
            note: found.note,
            decision: found.decision,
            exchange_order_id: found.exchange_order,
            refund_due: found.refund_due.into(),
            refunded: found.refunded.into(),
            actor: (audience == Audience::Shop).then_some(found.actor),
            created_at: found.created_at,
            decided_at: found.decided_at,
            received_at: found.received_at,
        }
    }
}

/// What is to come back of one line.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnLineRequest {
    /// Which line of the order.
    #[schema(value_type = String)]
    line_id: OrderLineId,
    /// How many.
    #[validate(range(min = 1, max = 9999))]
    #[schema(minimum = 1, maximum = 9999)]
    quantity: i64,
    /// Why.
    reason: ReturnReasonDto,
    /// In the buyer's words.
    #[validate(custom(function = "words"), length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    comment: Option<String>,
}

impl From<ReturnLineRequest> for WantedReturn {
    fn from(line: ReturnLineRequest) -> Self {
        Self {
            line: line.line_id,
            quantity: line.quantity,
            reason: line.reason.into(),
            comment: line.comment,
        }
    }
}
