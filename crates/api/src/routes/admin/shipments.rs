//! The parts in which orders go out, and notes.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use orders_model::order::OrderDetail;
use orders_model::shipment::Tracking;
use orders_model::{AftercareError, OrdersError};
use orders_service::{NewShipment, ShipmentStep};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::aftercare::{LineQuantityDto, NoteAudienceDto};
use crate::dto::order::{Audience, OrderDto};
use crate::extract::{Caller, Json, MaybeJson, id, line, words};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A shipment to make.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShipmentRequest {
    /// What goes into it; all that is in no shipment yet when absent.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    lines: Option<Vec<LineQuantityDto>>,
    /// Who carries it. Known carriers get a tracking address.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "DHL")]
    carrier: Option<String>,
    /// The carrier's number for it.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "00340434161094000000")]
    tracking_number: Option<String>,
    /// Where it can be followed, where the carrier is not known.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "https://carrier.example/track/1"
    )]
    tracking_url: Option<String>,
    /// False when the carrier does not have it yet.
    hand_over: Option<bool>,
}

/// How a shipment can be followed.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackingRequest {
    /// Who carries it.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "UPS")]
    carrier: Option<String>,
    /// The carrier's number for it.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100)]
    tracking_number: Option<String>,
    /// Where it can be followed.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500)]
    tracking_url: Option<String>,
}

/// A note to write.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteRequest {
    /// Who reads it; only the shop when absent.
    #[schema(nullable = false)]
    audience: Option<NoteAudienceDto>,
    /// What it says.
    #[validate(custom(function = "words"), length(min = 1, max = 4000))]
    #[schema(
        min_length = 1,
        max_length = 4000,
        example = "called; wants it on Friday"
    )]
    body: String,
}

fn respond(detail: OrderDetail) -> HttpResponse {
    HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Shop))
}

/// Pack goods of an order, and hand them over
///
/// An order may go out in parts. The buyer gets a mail for each that is handed
/// over.
#[utoipa::path(tag = "admin: orders", request_body(content = ShipmentRequest, description = "May be left out: all that is left, handed over."), params(
    ("order_id" = String, Path, description = "The order."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order with the shipment.", body = OrderDto),
))]
#[post("/api/admin/orders/{order_id}/shipments")]
pub(crate) async fn create_shipment(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: MaybeJson<ShipmentRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let body = body.0;
    let new = NewShipment {
        lines: body
            .lines
            .map(|lines| lines.into_iter().map(Into::into).collect()),
        tracking: Tracking {
            carrier: body.carrier,
            number: body.tracking_number,
            url: body.tracking_url,
        },
        hand_over: body.hand_over.unwrap_or(true),
    };
    let detail = state.orders.create_shipment(&caller.0, id, new).await?;
    Ok(respond(detail))
}

async fn go_on(
    state: &ApiState,
    caller: &Caller,
    path: &str,
    step: ShipmentStep,
) -> Result<HttpResponse, ApiError> {
    let missing = OrdersError::from(AftercareError::ShipmentNotFound);
    let id = id(path, missing)?;
    let detail = state.orders.move_shipment(&caller.0, id, step).await?;
    Ok(respond(detail))
}

/// Hand a packed shipment over
///
/// The buyer gets a mail.
#[utoipa::path(tag = "admin: orders", request_body(content = TrackingRequest, description = "May be left out."), params(
    ("shipment_id" = String, Path, description = "The shipment."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order with the shipment.", body = OrderDto),
))]
#[post("/api/admin/shipments/{shipment_id}/hand-over")]
pub(crate) async fn hand_over_shipment(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: MaybeJson<TrackingRequest>,
) -> Result<HttpResponse, ApiError> {
    let tracking = Tracking {
        carrier: body.0.carrier,
        number: body.0.tracking_number,
        url: body.0.tracking_url,
    };
    go_on(&state, &caller, &path, ShipmentStep::HandOver(tracking)).await
}

/// Note that a shipment arrived
#[utoipa::path(tag = "admin: orders", params(
    ("shipment_id" = String, Path, description = "The shipment."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order with the shipment.", body = OrderDto),
))]
#[post("/api/admin/shipments/{shipment_id}/deliver")]
pub(crate) async fn deliver_shipment(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    go_on(&state, &caller, &path, ShipmentStep::Deliver).await
}

/// Unpack a shipment that was not handed over
#[utoipa::path(tag = "admin: orders", params(
    ("shipment_id" = String, Path, description = "The shipment."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order without the shipment.", body = OrderDto),
))]
#[post("/api/admin/shipments/{shipment_id}/cancel")]
pub(crate) async fn cancel_shipment(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    go_on(&state, &caller, &path, ShipmentStep::Cancel).await
}

/// Write a note to an order
///
/// Notes stay as they are. The buyer sees those for the `customer`.
#[utoipa::path(tag = "admin: orders", request_body = NoteRequest, params(
    ("order_id" = String, Path, description = "The order."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order with the note.", body = OrderDto),
))]
#[post("/api/admin/orders/{order_id}/notes")]
pub(crate) async fn create_order_note(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<NoteRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let body = body.0;
    let audience = body.audience.unwrap_or(NoteAudienceDto::Internal);
    let detail = state
        .orders
        .add_note(&caller.0, id, audience.into(), body.body)
        .await?;
    Ok(respond(detail))
}
