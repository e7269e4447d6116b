//! The domain of __domain__.

use __domain___model::__entity__::{
    __Entity__, __Entity__Change, __Entity__Status, New__Entity__,
};
use __domain___model::{__Domain__Error, __Domain__ErrorCode};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use kernel::{__Entity__Id, Timestamp};
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::patch::present;
use crate::dto::choices::StatusDto;
use crate::extract::{Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What the domain adds to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[("admin: __domain__", "The __entities_words__ of the shop")],
    routes,
    codes: || {
        __Domain__ErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn routes(config: &mut Routes) {
    config.service(list___entities__);
    config.service(create___entity__);
    config.service(get___entity__);
    config.service(patch___entity__);
}

/// One of the __entities_words__.
#[derive(Serialize, ToSchema)]
#[schema(as = __Entity__)]
pub(crate) struct __Entity__Dto {
    /// Which.
    #[schema(value_type = String, example = "__prefix___01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: __Entity__Id,
    /// What it is called.
    name: String,
    /// Whether it is in use.
    status: StatusDto,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<__Entity__> for __Entity__Dto {
    fn from(one: __Entity__) -> Self {
        Self {
            id: one.id,
            name: one.name,
            status: match one.status {
                __Entity__Status::Active => StatusDto::Active,
                __Entity__Status::Archived => StatusDto::Archived,
            },
            version: one.version,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct __Entities__Query {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What is needed to make one.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct __Entity__Request {
    /// What it is called; no other one of the shop may have this name.
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// A change; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct __Entity__Patch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Whether it is in use.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
}

fn respond(mut response: actix_web::HttpResponseBuilder, one: __Entity__) -> HttpResponse {
    response
        .insert_header(("etag", etag(one.version)))
        .json(__Entity__Dto::from(one))
}

/// List __entities_words__
#[utoipa::path(tag = "admin: __domain__", params(__Entities__Query), responses(
    (status = 200, description = "A page, newest first.", body = List<__Entity__Dto>),
))]
#[get("/api/admin/__entities_path__")]
pub(crate) async fn list___entities__(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<__Entities__Query>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.__domain__.__entities__(&caller.0, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, __Entity__Dto::from)?.response())
}

/// Make one of the __entities_words__
#[utoipa::path(tag = "admin: __domain__", request_body = __Entity__Request, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "What was made.", body = __Entity__Dto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/__entities_path__")]
pub(crate) async fn create___entity__(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<__Entity__Request>,
) -> Result<HttpResponse, ApiError> {
    let new = New__Entity__ { name: body.0.name };
    let made = state.__domain__.create___entity__(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See one of the __entities_words__
#[utoipa::path(tag = "admin: __domain__", params(("__entity___id" = String, Path, description = "Which.")), responses(
    (status = 200, description = "As it is.", body = __Entity__Dto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/__entities_path__/{__entity___id}")]
pub(crate) async fn get___entity__(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, __Domain__Error::NotFound)?;
    let found = state.__domain__.__entity__(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), found))
}

/// Change one of the __entities_words__
#[utoipa::path(tag = "admin: __domain__", request_body = __Entity__Patch, params(
    ("__entity___id" = String, Path, description = "Which."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "As it is now.", body = __Entity__Dto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/__entities_path__/{__entity___id}")]
pub(crate) async fn patch___entity__(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<__Entity__Patch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, __Domain__Error::NotFound)?;
    let change = __Entity__Change {
        name: body.0.name,
        status: body.0.status.map(|status| match status {
            StatusDto::Active => __Entity__Status::Active,
            StatusDto::Archived => __Entity__Status::Archived,
        }),
    };
    let changed = state
        .__domain__
        .change___entity__(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}
