//! What belongs to an order after it is paid: shipments, notes, disputes.

use kernel::{DisputeId, OrderLineId, OrderNoteId, PaymentId, ShipmentId, Timestamp};
use orders_model::dispute::{Dispute, DisputeOutcome};
use orders_model::note::{NoteAudience, OrderNote};
use orders_model::shipment::{LineQuantity, Shipment, ShipmentStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::money::MoneyDto;
use super::order::Audience;

/// Where a shipment stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShipmentStatus)]
pub(crate) enum ShipmentStatusDto {
    /// Packed, and not handed over yet.
    Prepared,
    /// Handed over to the carrier.
    Shipped,
    /// With the buyer.
    Delivered,
    /// It never left.
    Canceled,
}

impl From<ShipmentStatus> for ShipmentStatusDto {
    fn from(status: ShipmentStatus) -> Self {
        match status {
            ShipmentStatus::Prepared => Self::Prepared,
            ShipmentStatus::Shipped => Self::Shipped,
            ShipmentStatus::Delivered => Self::Delivered,
            ShipmentStatus::Canceled => Self::Canceled,
        }
    }
}

/// Pieces of a line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = LineQuantity)]
pub(crate) struct LineQuantityDto {
    /// Which line of the order.
    #[schema(value_type = String, example = "oli_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    line_id: OrderLineId,
    /// How many.
    #[validate(range(min = 1, max = 9999))]
    #[schema(minimum = 1, maximum = 9999)]
    quantity: i64,
}

impl From<LineQuantity> for LineQuantityDto {
    fn from(entry: LineQuantity) -> Self {
        Self {
            line_id: entry.line,
            quantity: entry.quantity,
        }
    }
}

impl From<LineQuantityDto> for LineQuantity {
    fn from(dto: LineQuantityDto) -> Self {
        Self {
            line: dto.line_id,
            quantity: dto.quantity,
        }
    }
}

/// A parcel of an order, or what else goes out at once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shipment)]
pub(crate) struct ShipmentDto {
    /// Which.
    #[schema(value_type = String, example = "pkg_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ShipmentId,
    /// Where it stands.
    status: ShipmentStatusDto,
    /// What is in it.
    lines: Vec<LineQuantityDto>,
    /// Who carries it.
    carrier: Option<String>,
    /// The carrier's number for it.
    tracking_number: Option<String>,
    /// Where it can be followed.
    #[schema(format = "uri")]
    tracking_url: Option<String>,
    /// When it was packed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was handed over.
    #[schema(value_type = Option<String>, format = DateTime)]
    shipped_at: Option<Timestamp>,
    /// When it arrived.
    #[schema(value_type = Option<String>, format = DateTime)]
    delivered_at: Option<Timestamp>,
    /// When it was canceled.
    #[schema(value_type = Option<String>, format = DateTime)]
    canceled_at: Option<Timestamp>,
}

impl From<Shipment> for ShipmentDto {
    fn from(shipment: Shipment) -> Self {
        Self {
            id: shipment.id,
            status: shipment.status.into(),
            lines: shipment.lines.into_iter().map(Into::into).collect(),
            carrier: shipment.tracking.carrier,
            tracking_number: shipment.tracking.number,
            tracking_url: shipment.tracking.url,
            created_at: shipment.created_at,
            shipped_at: shipment.shipped_at,
            delivered_at: shipment.delivered_at,
            canceled_at: shipment.canceled_at,
        }
    }
}

/// Who reads a note.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NoteAudience)]
pub(crate) enum NoteAudienceDto {
    /// Those who run the shop.
    Internal,
    /// The buyer as well.
    Customer,
}

impl From<NoteAudienceDto> for NoteAudience {
    fn from(dto: NoteAudienceDto) -> Self {
        match dto {
            NoteAudienceDto::Internal => Self::Internal,
            NoteAudienceDto::Customer => Self::Customer,
        }
    }
}

/// What somebody wrote about an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderNote)]
pub(crate) struct OrderNoteDto {
    /// Which.
    #[schema(value_type = String, example = "note_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: OrderNoteId,
    /// Who reads it.
    audience: NoteAudienceDto,
    /// What it says.
    body: String,
    /// Who wrote it. Only the shop sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

impl OrderNoteDto {
    /// The note, if it is for them.
    pub(crate) fn shown(note: OrderNote, to: Audience) -> Option<Self> {
        let audience = match (note.audience, to) {
            (NoteAudience::Internal, Audience::Buyer) => return None,
            (NoteAudience::Internal, Audience::Shop) => NoteAudienceDto::Internal,
            (NoteAudience::Customer, _) => NoteAudienceDto::Customer,
        };
        Some(Self {
            id: note.id,
            audience,
            body: note.body,
            actor: (to == Audience::Shop).then_some(note.actor),
            at: note.at,
        })
    }
}

/// How a dispute ended, or that it did not.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DisputeOutcome)]
pub(crate) enum DisputeOutcomeDto {
    /// It has not ended.
    Open,
    /// The shop keeps the money.
    Won,
    /// The money is gone.
    Lost,
}

impl From<DisputeOutcome> for DisputeOutcomeDto {
    fn from(outcome: DisputeOutcome) -> Self {
        match outcome {
            DisputeOutcome::Open => Self::Open,
            DisputeOutcome::Won => Self::Won,
            DisputeOutcome::Lost => Self::Lost,
        }
    }
}

/// A payment that the buyer disputes at their bank.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Dispute)]
pub(crate) struct DisputeDto {
    /// Which.
    #[schema(value_type = String, example = "dsp_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: DisputeId,
    /// Which payment.
    #[schema(value_type = String)]
    payment_id: PaymentId,
    /// The gateway's name for it.
    external_id: String,
    /// Where it stands, in the gateway's word.
    #[schema(example = "needs_response")]
    status: String,
    /// What that means.
    outcome: DisputeOutcomeDto,
    /// How much is disputed.
    amount: MoneyDto,
    /// Why, in the gateway's word.
    #[schema(example = "fraudulent")]
    reason: String,
    /// Until when evidence can be handed in at the gateway.
    #[schema(value_type = Option<String>, format = DateTime)]
    evidence_due_at: Option<Timestamp>,
    /// How much was taken from the shop's account there and not given back, in
    /// minor units of that account.
    funds_withdrawn: i64,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: Timestamp,
}

impl From<Dispute> for DisputeDto {
    fn from(dispute: Dispute) -> Self {
        Self {
            id: dispute.id,
            payment_id: dispute.payment,
            external_id: dispute.external,
            status: dispute.status,
            outcome: dispute.outcome.into(),
            amount: dispute.amount.into(),
            reason: dispute.reason,
            evidence_due_at: dispute.evidence_due_at,
            funds_withdrawn: dispute.funds_withdrawn,
            opened_at: dispute.opened_at,
        }
    }
}
