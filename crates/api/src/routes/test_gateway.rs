//! The embedded gateway, for programs: what the pay page does for people.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use orders_model::ports::{TestOutcome, TestPage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::money::MoneyDto;
use crate::extract::{Caller, Json};
use crate::problem::ApiError;
use crate::state::ApiState;

/// What the buyer does.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TestOutcome)]
pub(crate) enum OutcomeDto {
    /// The buyer pays.
    Pay,
    /// The buyer pays; when the card is charged without them, it is declined.
    PayOnce,
    /// The card is declined for good.
    Decline,
    /// The buyer takes too long.
    Expire,
}

impl From<OutcomeDto> for TestOutcome {
    fn from(dto: OutcomeDto) -> Self {
        match dto {
            OutcomeDto::Pay => Self::Pay,
            OutcomeDto::PayOnce => Self::PayOnce,
            OutcomeDto::Decline => Self::Decline,
            OutcomeDto::Expire => Self::Expire,
        }
    }
}

/// What the buyer does.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActRequest {
    /// What.
    outcome: OutcomeDto,
}

/// A payment page of the embedded gateway.
#[derive(Serialize, ToSchema)]
#[schema(as = TestSession)]
pub(crate) struct TestSessionDto {
    /// The session.
    id: String,
    /// What is paid for.
    #[schema(example = "Order 1001")]
    description: String,
    /// How much.
    amount: MoneyDto,
    /// Whether it can be paid.
    open: bool,
    /// Where the buyer goes when they paid.
    success_url: String,
    /// Where the buyer goes when they turned back.
    cancel_url: String,
}

impl From<TestPage> for TestSessionDto {
    fn from(page: TestPage) -> Self {
        Self {
            id: page.id,
            description: page.description,
            amount: page.amount.into(),
            open: page.open,
            success_url: page.success_url,
            cancel_url: page.cancel_url,
        }
    }
}

/// See a session of the embedded test gateway
#[utoipa::path(tag = "test-gateway", params(("session_id" = String, Path, description = "The session.")), responses(
    (status = 200, description = "The session.", body = TestSessionDto),
))]
#[get("/api/test-gateway/sessions/{session_id}")]
pub(crate) async fn get_test_session(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let page = state.orders.test_page(&caller.0, &path).await?;
    Ok(HttpResponse::Ok().json(TestSessionDto::from(page)))
}

/// Play the buyer at the embedded test gateway
///
/// What the buyer does is delivered as a signed webhook. To do the same again
/// has no effect; a session that is not open otherwise is over.
#[utoipa::path(tag = "test-gateway", request_body = ActRequest, params(("session_id" = String, Path, description = "The session.")), responses(
    (status = 200, description = "The session.", body = TestSessionDto),
))]
#[post("/api/test-gateway/sessions/{session_id}")]
pub(crate) async fn act_on_test_session(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<ActRequest>,
) -> Result<HttpResponse, ApiError> {
    let page = state
        .orders
        .test_act(&caller.0, &path, body.0.outcome.into())
        .await?;
    Ok(HttpResponse::Ok().json(TestSessionDto::from(page)))
}
