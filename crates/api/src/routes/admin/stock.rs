//! Stock by hand, and its history.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use catalog_model::CatalogError;
use catalog_model::stock::{Adjustment, Movement, MovementKind};
use kernel::{FieldError, OrderId, StockItemId, StockMovementId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::variant::StockDto;
use crate::extract::{Caller, Json, List, Listed, Query, id, line, page_request};
use crate::problem::{ApiError, RequestError};
use crate::routes::api_keys::PageQuery;
use crate::state::ApiState;

/// How stock changes: by so many, or to so many; one of the two.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentRequest {
    /// By so many; negative takes away.
    #[validate(range(min = -1_000_000_000, max = 1_000_000_000))]
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000, example = 5)]
    by: Option<i64>,
    /// To so many, as when counted.
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    to: Option<i64>,
    /// Why; kept for ever.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "delivery 4711")]
    reason: String,
}

impl AdjustmentRequest {
    fn adjustment(&self) -> Result<Adjustment, RequestError> {
        match (self.by, self.to) {
            (Some(by), None) => Ok(Adjustment::By(by)),
            (None, Some(to)) => Ok(Adjustment::To(to)),
            _ => Err(RequestError::InvalidBody(vec![FieldError::new(
                "/by",
                "one_of",
                "give either `by` or `to`",
            )])),
        }
    }
}

/// Why stock changed.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StockMovementKind)]
pub(crate) enum MovementKindDto {
    /// Somebody counted, received or wrote off.
    Adjusted,
    /// Promised to an order.
    Reserved,
    /// The promise was taken back.
    Released,
    /// The order was paid.
    Sold,
    /// They came back.
    Restocked,
    /// What was sold before it was there left.
    Filled,
    /// An outside count said how many there are.
    Counted,
    /// Promises that differed from the reservations were put right.
    Mended,
}

impl From<MovementKind> for MovementKindDto {
    fn from(kind: MovementKind) -> Self {
        match kind {
            MovementKind::Adjusted => Self::Adjusted,
            MovementKind::Reserved => Self::Reserved,
            MovementKind::Released => Self::Released,
            MovementKind::Sold => Self::Sold,
            MovementKind::Restocked => Self::Restocked,
            MovementKind::Filled => Self::Filled,
            MovementKind::Counted => Self::Counted,
            MovementKind::Mended => Self::Mended,
        }
    }
}

/// One change of stock.
#[derive(Serialize, ToSchema)]
#[schema(as = StockMovement)]
pub(crate) struct MovementDto {
    /// Which.
    #[schema(value_type = String)]
    id: StockMovementId,
    /// Of which pile.
    #[schema(value_type = String)]
    stock_id: StockItemId,
    /// Why.
    kind: MovementKindDto,
    /// How many more are there.
    on_hand_delta: i64,
    /// How many more are promised.
    reserved_delta: i64,
    /// How many more of these are not there.
    backordered_delta: i64,
    /// How many were there then.
    on_hand_after: i64,
    /// How many were promised then.
    reserved_after: i64,
    /// How many of these were not there then.
    backordered_after: i64,
    /// What whoever adjusted it said.
    reason: Option<String>,
    /// For which order.
    #[schema(value_type = Option<String>)]
    order_id: Option<OrderId>,
    /// Who did it.
    actor: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Movement> for MovementDto {
    fn from(movement: Movement) -> Self {
        Self {
            id: movement.id,
            stock_id: movement.stock_item,
            kind: movement.kind.into(),
            on_hand_delta: movement.on_hand_delta,
            reserved_delta: movement.reserved_delta,
            backordered_delta: movement.owed_delta,
            on_hand_after: movement.on_hand_after,
            reserved_after: movement.reserved_after,
            backordered_after: movement.owed_after,
            reason: movement.reason,
            order_id: movement.order,
            actor: movement.actor,
            created_at: movement.created_at,
        }
    }
}

/// Adjust stock
///
/// Of the pile a variant draws from; variants of a `flat` product share one.
#[utoipa::path(tag = "admin: catalog", request_body = AdjustmentRequest, params(
    ("variant_id" = String, Path, description = "The variant."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "What is in stock now.", body = StockDto),
))]
#[post("/api/admin/catalog/variants/{variant_id}/stock-adjustments")]
pub(crate) async fn adjust_stock(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<AdjustmentRequest>,
) -> Result<HttpResponse, ApiError> {
    let variant = id(&path, CatalogError::VariantNotFound)?;
    let adjustment = body.0.adjustment()?;
    let item = state
        .catalog
        .adjust_stock(&caller.0, variant, adjustment, &body.0.reason)
        .await?;
    Ok(HttpResponse::Ok().json(StockDto::from(item)))
}

/// List what changed stock
#[utoipa::path(tag = "admin: catalog", params(("variant_id" = String, Path, description = "The variant."), PageQuery), responses(
    (status = 200, description = "The changes of the variant's pile, newest first.", body = List<MovementDto>),
))]
#[get("/api/admin/catalog/variants/{variant_id}/stock-movements")]
pub(crate) async fn list_stock_movements(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let variant = id(&path, CatalogError::VariantNotFound)?;
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state
        .catalog
        .stock_movements(&caller.0, variant, page)
        .await?;
    Ok(Listed::new(&state, &caller.0, &request, page, MovementDto::from)?.response())
}
