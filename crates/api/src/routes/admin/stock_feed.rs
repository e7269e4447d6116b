//! Counts from outside.

use std::collections::BTreeMap;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, post};
use catalog_model::stock_feed::{Count, CountOutcome, CountResult};
use futures::future::{LocalBoxFuture, ready};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::stock_feed_csv;
use crate::extract::{Caller, Json, check, is_json, line, read_all};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// How many of something there were.
#[derive(Deserialize, Serialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = StockCount)]
pub(crate) struct CountDto {
    /// The stock keeping unit.
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "TR2-RED-42")]
    pub(super) sku: String,
    /// How many there were, without those of orders that are paid.
    #[validate(range(min = 0, max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 17)]
    pub(super) on_hand: i64,
    /// When they were counted; what happened since then still holds.
    #[schema(value_type = String, format = DateTime)]
    pub(super) counted_at: Timestamp,
    /// Who counted.
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "warehouse")]
    pub(super) source: String,
}

/// Counts to take over.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct StockFeedRequest {
    /// The counts.
    #[validate(length(min = 1, max = 1_000), nested)]
    #[schema(min_items = 1, max_items = 1_000)]
    rows: Vec<CountDto>,
}

/// A feed, as JSON or as CSV with the same names in its header.
pub(crate) struct Feed(StockFeedRequest);

impl FromRequest for Feed {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|value| value.split(';').next());
        let state = request.app_data::<Data<ApiState>>();
        let (Some(state), true) = (
            state,
            kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv")),
        ) else {
            if !is_json(request) {
                let kinds = "application/json` or `text/csv";
                return Box::pin(ready(Err(RequestError::UnsupportedMediaType(kinds).into())));
            }
            let json = Json::<StockFeedRequest>::from_request(request, payload);
            return Box::pin(async move { Ok(Self(json.await?.0)) });
        };
        let (limits, payload) = (state.body_limits, payload.take());
        Box::pin(async move {
            let body = read_all(payload, limits).await?;
            let (rows, lines) = stock_feed_csv::read(&body)?.take();
            let feed = StockFeedRequest { rows };
            check(&feed).map_err(|error| stock_feed_csv::File::located(&lines, error))?;
            Ok(Self(feed))
        })
    }
}

/// What became of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StockCountOutcome)]
pub(crate) enum OutcomeDto {
    /// It changed the stock.
    Applied,
    /// The stock was like that already.
    Unchanged,
    /// Fewer were counted than are reserved: the stock is what is reserved.
    BelowReserved,
    /// The source has a newer count, the feed has one of the same pile, or
    /// somebody set it by hand later.
    Older,
    /// It was counted in the future.
    InFuture,
    /// No variant has the SKU.
    UnknownSku,
    /// The variant is not counted.
    NotCounted,
    /// The variant is a bundle: it has no stock of its own, its components have.
    Bundle,
}

impl From<CountOutcome> for OutcomeDto {
    fn from(outcome: CountOutcome) -> Self {
        match outcome {
            CountOutcome::Applied => Self::Applied,
            CountOutcome::Unchanged => Self::Unchanged,
            CountOutcome::BelowReserved => Self::BelowReserved,
            CountOutcome::Older => Self::Older,
            CountOutcome::InFuture => Self::InFuture,
            CountOutcome::UnknownSku => Self::UnknownSku,
            CountOutcome::NotCounted => Self::NotCounted,
            CountOutcome::Bundle => Self::Bundle,
        }
    }
}

/// What became of one count.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockCountResult)]
pub(crate) struct CountResultDto {
    /// The stock keeping unit.
    sku: String,
    /// Who counted.
    source: String,
    /// What became of it.
    outcome: OutcomeDto,
    /// How many are there now; null where the count had no effect.
    on_hand: Option<i64>,
    /// How many fewer were counted than are reserved.
    short: i64,
}

impl From<CountResult> for CountResultDto {
    fn from(result: CountResult) -> Self {
        Self {
            sku: result.sku,
            source: result.source,
            outcome: result.outcome.into(),
            on_hand: result.on_hand,
            short: result.short,
        }
    }
}

/// What became of a feed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockFeedReport)]
pub(crate) struct StockFeedDto {
    /// How often each outcome came.
    #[schema(value_type = BTreeMap<String, usize>, example = json!({"applied": 1}))]
    counts: BTreeMap<OutcomeDto, usize>,
    /// The SKUs that no variant has.
    unknown_skus: Vec<String>,
    /// What became of each row, in the order of the feed.
    results: Vec<CountResultDto>,
}

impl From<Vec<CountResult>> for StockFeedDto {
    fn from(results: Vec<CountResult>) -> Self {
        let results: Vec<CountResultDto> = results.into_iter().map(Into::into).collect();
        let mut counts = BTreeMap::new();
        for result in &results {
            *counts.entry(result.outcome).or_default() += 1;
        }
        let unknown = results
            .iter()
            .filter(|result| result.outcome == OutcomeDto::UnknownSku);
        Self {
            counts,
            unknown_skus: unknown.map(|result| result.sku.clone()).collect(),
            results,
        }
    }
}

/// Take over counts from outside
///
/// Sets stock to what a warehouse or a cash register counted, in one
/// transaction. What was sold, received and put back since `counted_at` still
/// holds. Of each source only counts that are newer than its last one have an
/// effect, so that a feed can be repeated. Stock never goes below what is
/// reserved; where fewer were counted, the result says so.
#[utoipa::path(tag = "admin: catalog", request_body(content((StockFeedRequest = "application/json"), (String = "text/csv")), description = "JSON, or CSV with the columns `sku`, `on_hand`, `counted_at` and `source`."), params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "What became of each row.", body = StockFeedDto),
))]
#[post("/api/admin/catalog/stock/feed")]
pub(crate) async fn feed_stock(
    state: Data<ApiState>,
    caller: Caller,
    body: Feed,
) -> Result<HttpResponse, ApiError> {
    let counts: Vec<Count> = body
        .0
        .rows
        .into_iter()
        .map(|row| Count {
            sku: row.sku,
            on_hand: row.on_hand,
            counted_at: row.counted_at,
            source: row.source,
        })
        .collect();
    let results = state.catalog.feed_stock(&caller.0, &counts).await?;
    Ok(HttpResponse::Ok().json(StockFeedDto::from(results)))
}
