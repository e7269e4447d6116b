//! Subscriptions of customers.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::{PlanId, ServiceId, UserId};
use serde::Deserialize;
use subscriptions_model::SubscriptionError;
use subscriptions_service::SubscriptionFilter;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::patch::yes;
use crate::dto::subscription::{SubscriptionDetailDto, SubscriptionDto, SubscriptionStatusDto};
use crate::extract::{Caller, Json, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(admin_list_subscriptions);
    config.service(admin_get_subscription);
    config.service(end_subscription);
}

/// Which subscriptions, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminSubscriptionsQuery {
    /// Only those of somebody.
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Only those to a service.
    #[param(value_type = Option<String>)]
    service_id: Option<ServiceId>,
    /// Only those in a plan.
    #[param(value_type = Option<String>)]
    plan_id: Option<PlanId>,
    /// Only those that stand there.
    #[param(inline)]
    status: Option<SubscriptionStatusDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How to end it.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndSubscriptionRequest {
    /// Whether the unused part of the period goes back into the wallet.
    #[serde(default = "yes")]
    #[schema(example = true)]
    refund: bool,
}

/// List subscriptions
#[utoipa::path(tag = "admin: subscriptions", params(AdminSubscriptionsQuery), responses(
    (status = 200, description = "Subscriptions, newest first.", body = List<SubscriptionDto>),
))]
#[get("/api/admin/subscriptions")]
pub(crate) async fn admin_list_subscriptions(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<AdminSubscriptionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = SubscriptionFilter {
        user: query.user_id,
        service: query.service_id,
        plan: query.plan_id,
        status: query.status.map(Into::into),
    };
    let page = state
        .subscriptions
        .subscriptions(&caller.0, filter, page)
        .await?;
    Ok(Listed::new(&state, &caller.0, &request, page, SubscriptionDto::from)?.response())
}

/// See somebody's subscription
#[utoipa::path(tag = "admin: subscriptions", params(("subscription_id" = String, Path, description = "The subscription.")), responses(
    (status = 200, description = "The subscription and what was charged.", body = SubscriptionDetailDto),
))]
#[get("/api/admin/subscriptions/{subscription_id}")]
pub(crate) async fn admin_get_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let detail = state.subscriptions.subscription(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(SubscriptionDetailDto::from(detail)))
}

/// End somebody's subscription now
#[utoipa::path(tag = "admin: subscriptions", request_body = EndSubscriptionRequest, params(
    ("subscription_id" = String, Path, description = "The subscription."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The subscription.", body = SubscriptionDto),
))]
#[post("/api/admin/subscriptions/{subscription_id}/end")]
pub(crate) async fn end_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<EndSubscriptionRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let one = state
        .subscriptions
        .end_subscription(&caller.0, id, body.0.refund)
        .await?;
    Ok(HttpResponse::Ok().json(SubscriptionDto::from(one)))
}
