//! Plans of hosted services, as those who run the shop make them.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, HttpResponseBuilder, get, patch, post};
use catalog_model::category::CategoryStatus;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::plan::{NewPlan, PlanChange};
use credits_model::quota::PlanOffer;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::app::Routes;
use crate::dto::choices::StatusDto;
use crate::dto::money::MoneyDto;
use crate::dto::patch::{present, removable};
use crate::dto::plan::{AdminPlanDto, AdminPlanList, IntervalDto, TierDto};
use crate::dto::service_template::ResourcesDto;
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(admin_list_plans);
    config.service(create_plan);
    config.service(get_plan);
    config.service(patch_plan);
    config.service(archive_plan);
}

/// A plan to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanRequest {
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Pro")]
    name: String,
    /// Its name in URLs; made from the name when absent.
    #[validate(length(min = 1, max = 120))]
    #[schema(
        min_length = 1,
        max_length = 120,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "pro"
    )]
    slug: Option<String>,
    /// How much it is; it stays.
    tier: TierDto,
    /// What an interval costs, in the currency of the shop; 0 for `FREE`, and
    /// only there.
    price: MoneyDto,
    /// The time between two payments; it stays.
    interval: IntervalDto,
    /// For how many days it can be tried for nothing, once by each customer.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 365, example = 14)]
    trial_days: i64,
    /// What is in it, in words for people.
    #[serde(default)]
    #[validate(length(max = 50), custom(function = "each_a_line"))]
    #[schema(max_items = 50, example = json!(["Daily backups"]))]
    features: Vec<String>,
    /// How much of something is in it, by name.
    #[serde(default)]
    #[validate(length(max = 50))]
    #[schema(example = json!({"workflows": 50}))]
    limits: BTreeMap<String, i64>,
    /// How much the service may use; what its template says when absent.
    resources: Option<ResourcesDto>,
    /// How many of it can be sold; no limit when absent.
    #[schema(minimum = 0, maximum = 1_000_000_000, example = 100)]
    total_quota: Option<i64>,
}

/// A change of a plan; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false, example = "Pro")]
    name: Option<String>,
    /// Its name in URLs.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 120))]
    #[schema(
        min_length = 1,
        max_length = 120,
        nullable = false,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "pro"
    )]
    slug: Option<String>,
    /// What an interval costs those who subscribe from now on; all others keep
    /// the price they subscribed for.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    price: Option<MoneyDto>,
    /// For how many days it can be tried for nothing.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 0, maximum = 365, nullable = false, example = 14)]
    trial_days: Option<i64>,
    /// What is in it, as a whole.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 50), custom(function = "each_a_line"))]
    #[schema(max_items = 50, nullable = false, example = json!(["Daily backups"]))]
    features: Option<Vec<String>>,
    /// How much of something is in it, as a whole.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 50))]
    #[schema(nullable = false, example = json!({"workflows": 50}))]
    limits: Option<BTreeMap<String, i64>>,
    /// How much the service may use; null for what its template says.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<ResourcesDto>)]
    resources: Option<Option<ResourcesDto>>,
    /// Whether it can be subscribed to.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
}

/// Each is a line of at most 200 characters.
fn each_a_line(all: &[String]) -> Result<(), ValidationError> {
    for one in all {
        line(one)?;
        if !(1..=200).contains(&one.chars().count()) {
            return Err(ValidationError::new("length")
                .with_message("each must have 1 to 200 characters".into()));
        }
    }
    Ok(())
}

fn respond(mut response: HttpResponseBuilder, offer: PlanOffer) -> HttpResponse {
    response
        .insert_header(("etag", etag(offer.plan.version)))
        .json(AdminPlanDto::from(offer))
}

/// List all plans of a service
#[utoipa::path(tag = "admin: services", params(("service_id" = String, Path, description = "The service.")), responses(
    (status = 200, description = "The plans.", body = AdminPlanList),
))]
#[get("/api/admin/catalog/services/{service_id}/plans")]
pub(crate) async fn admin_list_plans(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::ServiceNotFound)?;
    let offers = state.quotas.plans(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(AdminPlanList {
        data: offers.into_iter().map(Into::into).collect(),
    }))
}

/// Make a plan of a service
///
/// Its quota is made with it; see `/api/admin/quotas`.
#[utoipa::path(tag = "admin: services", request_body = PlanRequest, params(
    ("service_id" = String, Path, description = "The service."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The plan.", body = AdminPlanDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/services/{service_id}/plans")]
pub(crate) async fn create_plan(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<PlanRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::ServiceNotFound)?;
    let body = body.0;
    let new = NewPlan {
        slug: body.slug,
        name: body.name,
        tier: body.tier.into(),
        price: body.price.into(),
        interval: body.interval.into(),
        trial_days: body.trial_days,
        features: body.features,
        limits: body.limits,
        resources: body.resources.map(Into::into),
    };
    let made = state
        .quotas
        .create_plan(&caller.0, id, new, body.total_quota)
        .await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See a plan
#[utoipa::path(tag = "admin: services", params(("plan_id" = String, Path, description = "The plan.")), responses(
    (status = 200, description = "The plan.", body = AdminPlanDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/catalog/plans/{plan_id}")]
pub(crate) async fn get_plan(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::PlanNotFound)?;
    let offer = state.quotas.plan(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), offer))
}

/// Change a plan
#[utoipa::path(tag = "admin: services", request_body = PlanPatch, params(
    ("plan_id" = String, Path, description = "The plan."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The plan.", body = AdminPlanDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/catalog/plans/{plan_id}")]
pub(crate) async fn patch_plan(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<PlanPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::PlanNotFound)?;
    let body = body.0;
    let change = PlanChange {
        slug: body.slug,
        name: body.name,
        price: body.price.map(Into::into),
        trial_days: body.trial_days,
        features: body.features,
        limits: body.limits,
        resources: body.resources.map(|given| given.map(Into::into)),
        status: body.status.map(Into::into),
    };
    let changed = state
        .quotas
        .change_plan(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// Archive a plan
///
/// Nobody can subscribe to it any more; who has it keeps it.
#[utoipa::path(tag = "admin: services", params(
    ("plan_id" = String, Path, description = "The plan."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The plan.", body = AdminPlanDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/plans/{plan_id}/archive")]
pub(crate) async fn archive_plan(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::PlanNotFound)?;
    let change = PlanChange {
        status: Some(CategoryStatus::Archived),
        ..PlanChange::default()
    };
    let changed = state
        .quotas
        .change_plan(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}
