//! One's own subscriptions.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, patch, post};
use kernel::PlanId;
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use subscriptions_model::subscription::Subscription;
use subscriptions_model::{SubscriptionError, SubscriptionErrorCode};
use subscriptions_service::NewSubscription;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::admin::{subscription_coupons, subscriptions as admin_subscriptions};
use crate::app::Routes;
use crate::dto::patch::{present, yes};
use crate::dto::subscription::{SubscriptionDetailDto, SubscriptionDto, UpgradePreviewDto};
use crate::extract::{Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What subscriptions add to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[
        (
            "subscriptions",
            "One's own subscriptions of hosted services",
        ),
        (
            "admin: subscriptions",
            "Subscriptions of customers, and coupons for them",
        ),
    ],
    routes,
    codes: || {
        SubscriptionErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn routes(config: &mut Routes) {
    config.service(list_subscriptions);
    config.service(create_subscription);
    config.service(get_subscription);
    config.service(patch_subscription);
    config.service(preview_upgrade);
    config.service(upgrade_subscription);
    config.service(downgrade_subscription);
    config.service(cancel_subscription);
    config.service(resume_subscription);
    admin_subscriptions::routes(config);
    subscription_coupons::routes(config);
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionsQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What to subscribe to.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionRequest {
    /// The plan.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
    /// Whether to try it first. When absent it is tried if the plan can be and
    /// you never tried the service.
    #[schema(example = true)]
    trial: Option<bool>,
    /// The code of a coupon.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "WELCOME")]
    coupon: Option<String>,
    /// Whether it renews.
    #[serde(default = "yes")]
    #[schema(example = true)]
    auto_renew: bool,
}

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionPatch {
    /// Whether it renews.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = false)]
    auto_renew: Option<bool>,
    /// True to stay in the plan when the period ends, although another one was
    /// to come.
    #[serde(default)]
    #[schema(example = false)]
    keep_plan: bool,
}

/// The plan to change to.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanChangeRequest {
    /// The plan.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
}

/// When to end it.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionCancelRequest {
    /// True to end it now: the unused part of the period goes back into the
    /// wallet. Otherwise it ends when the period does.
    #[serde(default)]
    #[schema(example = false)]
    now: bool,
}

fn respond(mut response: HttpResponseBuilder, one: Subscription) -> HttpResponse {
    response
        .insert_header(("etag", etag(one.version)))
        .json(SubscriptionDto::from(one))
}

/// List your subscriptions
#[utoipa::path(tag = "subscriptions", params(SubscriptionsQuery), responses(
    (status = 200, description = "Your subscriptions, newest first.", body = List<SubscriptionDto>),
))]
#[get("/api/subscriptions")]
pub(crate) async fn list_subscriptions(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<SubscriptionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state
        .subscriptions
        .own_subscriptions(&caller.0, page)
        .await?;
    Ok(Listed::new(&state, &caller.0, &request, page, SubscriptionDto::from)?.response())
}

/// Subscribe to a plan
///
/// Its price is taken from your wallet at once, unless it is tried first. The
/// plan, your credit and what is left of the plan are looked at in the same
/// transaction.
#[utoipa::path(tag = "subscriptions", request_body = SubscriptionRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The subscription.", body = SubscriptionDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/subscriptions")]
pub(crate) async fn create_subscription(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<SubscriptionRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewSubscription {
        plan: body.0.plan_id,
        trial: body.0.trial,
        coupon: body.0.coupon,
        auto_renew: body.0.auto_renew,
    };
    let made = state.subscriptions.subscribe(&caller.0, &new).await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See a subscription
#[utoipa::path(tag = "subscriptions", params(("subscription_id" = String, Path, description = "The subscription.")), responses(
    (status = 200, description = "The subscription and what was charged.", body = SubscriptionDetailDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/subscriptions/{subscription_id}")]
pub(crate) async fn get_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let detail = state.subscriptions.own_subscription(&caller.0, id).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("etag", etag(detail.subscription.version)))
        .json(SubscriptionDetailDto::from(detail)))
}

/// Turn renewing on or off
#[utoipa::path(tag = "subscriptions", request_body = SubscriptionPatch, params(
    ("subscription_id" = String, Path, description = "The subscription."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The subscription.", body = SubscriptionDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/subscriptions/{subscription_id}")]
pub(crate) async fn patch_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<SubscriptionPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let (auto_renew, keep) = (body.0.auto_renew, body.0.keep_plan);
    let changed = state
        .subscriptions
        .set_auto_renew(&caller.0, id, auto_renew, keep, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// See what an upgrade would cost now
///
/// Nothing is changed. Whether there is enough credit is not looked at.
#[utoipa::path(tag = "subscriptions", request_body = PlanChangeRequest, params(
    ("subscription_id" = String, Path, description = "The subscription."),
), responses(
    (status = 200, description = "What it would do.", body = UpgradePreviewDto),
))]
#[post("/api/subscriptions/{subscription_id}/upgrade/preview")]
pub(crate) async fn preview_upgrade(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<PlanChangeRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let preview = state
        .subscriptions
        .preview_upgrade(&caller.0, id, body.0.plan_id)
        .await?;
    Ok(HttpResponse::Ok().json(UpgradePreviewDto::from(preview)))
}

/// Change to a higher plan
///
/// To a higher tier; or in the same tier to a longer interval, or, with the
/// same interval, to a plan that does not cost less. The difference is charged
/// for the rest of the period; with a longer interval, or out of a trial, a new
/// period begins, less what is unused of the old one.
#[utoipa::path(tag = "subscriptions", request_body = PlanChangeRequest, params(
    ("subscription_id" = String, Path, description = "The subscription."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The subscription.", body = SubscriptionDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/subscriptions/{subscription_id}/upgrade")]
pub(crate) async fn upgrade_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<PlanChangeRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let changed = state
        .subscriptions
        .upgrade(&caller.0, id, body.0.plan_id)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// Change to a lower plan when the period ends
///
/// Where the shop lets subscriptions do that. A unit of the plan is kept from
/// now on.
#[utoipa::path(tag = "subscriptions", request_body = PlanChangeRequest, params(
    ("subscription_id" = String, Path, description = "The subscription."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The subscription.", body = SubscriptionDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/subscriptions/{subscription_id}/downgrade")]
pub(crate) async fn downgrade_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<PlanChangeRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let changed = state
        .subscriptions
        .downgrade(&caller.0, id, body.0.plan_id)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// Cancel a subscription
///
/// To the end of the period that is paid for, or now. What is not paid for ends
/// now in any case.
#[utoipa::path(tag = "subscriptions", request_body = SubscriptionCancelRequest, params(
    ("subscription_id" = String, Path, description = "The subscription."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The subscription.", body = SubscriptionDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/subscriptions/{subscription_id}/cancel")]
pub(crate) async fn cancel_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<SubscriptionCancelRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let one = state
        .subscriptions
        .cancel(&caller.0, id, body.0.now)
        .await?;
    Ok(respond(HttpResponse::Ok(), one))
}

/// Resume a subscription
///
/// Takes back that it was canceled to the end of its period; or pays what is
/// not paid, so that what was stopped starts again.
#[utoipa::path(tag = "subscriptions", params(
    ("subscription_id" = String, Path, description = "The subscription."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The subscription.", body = SubscriptionDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/subscriptions/{subscription_id}/resume")]
pub(crate) async fn resume_subscription(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::NotFound)?;
    let one = state.subscriptions.resume(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), one))
}
