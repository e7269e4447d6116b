//! Comparing stock with its reservations.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use catalog_model::stock_sync::{Mended, SyncReport};
use kernel::{ProductId, StockItemId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Caller;
use crate::problem::ApiError;
use crate::state::ApiState;

/// A pile whose promises differed from its reservations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MendedStock)]
pub(crate) struct MendedDto {
    /// Which pile.
    #[schema(value_type = String)]
    stock_id: StockItemId,
    /// Of which product.
    #[schema(value_type = String)]
    product_id: ProductId,
    /// How many were said to be promised.
    reserved_before: i64,
    /// How many are.
    reserved_after: i64,
    /// How many pieces were promised though they are not there; their orders
    /// wait for them as for backorders.
    oversold: i64,
}

impl From<Mended> for MendedDto {
    fn from(mended: Mended) -> Self {
        Self {
            stock_id: mended.stock_item,
            product_id: mended.product,
            reserved_before: mended.reserved_before,
            reserved_after: mended.reserved_after,
            oversold: mended.oversold,
        }
    }
}

/// What a run found and did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockSync)]
pub(crate) struct StockSyncDto {
    /// Who asked for it.
    actor: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    finished_at: Timestamp,
    /// How many piles were compared.
    piles: i64,
    /// How many of them were mended.
    mended: i64,
    /// How many pieces of them were promised though they are not there.
    oversold: i64,
    /// The mended ones, 100 at most.
    drift: Vec<MendedDto>,
    /// Whether there is more to mend, which the next run does.
    more: bool,
}

impl From<SyncReport> for StockSyncDto {
    fn from(report: SyncReport) -> Self {
        Self {
            actor: report.actor,
            started_at: report.started_at,
            finished_at: report.finished_at,
            piles: report.piles,
            mended: report.mended,
            oversold: report.oversold,
            drift: report.named.into_iter().map(Into::into).collect(),
            more: report.more,
        }
    }
}

/// Compare stock with its reservations
///
/// What is promised of each pile must be what its reservations add up to. What
/// differs is mended, and stands in the movements and in the audit log. A job
/// does the same every hour.
#[utoipa::path(tag = "admin: catalog", params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "What was found and mended.", body = StockSyncDto),
))]
#[post("/api/admin/catalog/stock/sync")]
pub(crate) async fn run_stock_sync(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let report = state.catalog.run_stock_sync(&caller.0).await?;
    Ok(HttpResponse::Ok().json(StockSyncDto::from(report)))
}

/// See what the last comparison of stock found
#[utoipa::path(tag = "admin: catalog", responses(
    (status = 200, description = "What was found and mended.", body = StockSyncDto),
))]
#[get("/api/admin/catalog/stock/sync")]
pub(crate) async fn get_stock_sync(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let report = state.catalog.last_stock_sync(&caller.0).await?;
    Ok(HttpResponse::Ok().json(StockSyncDto::from(report)))
}
