//! The people of a tenant.

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::user::User;
use accounts_service::{UserChange, UserFilter};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use kernel::SellerId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::dto::patch::present;
use crate::dto::user::{RoleDto, UserDto, UserStatusDto};
use crate::extract::{Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, page_request};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// Which people, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsersQuery {
    /// With a role.
    #[param(inline)]
    role: Option<RoleDto>,
    /// With a status.
    #[param(inline)]
    status: Option<UserStatusDto>,
    /// The one with this address.
    #[validate(length(max = 254))]
    email: Option<String>,
    /// Those who belong to a seller.
    #[param(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A change of a user; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserPatch {
    /// What they are in the tenant.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    role: Option<RoleDto>,
    /// Whether the account may be used.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<UserStatusDto>,
}

fn respond(user: User) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("etag", etag(user.version)))
        .json(UserDto::from(user))
}

/// List people
#[utoipa::path(tag = "admin: users", params(UsersQuery), responses(
    (status = 200, description = "People, newest first.", body = List<UserDto>),
))]
#[get("/api/admin/users")]
pub(crate) async fn list_users(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<UsersQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = UserFilter {
        role: query.role.map(Into::into),
        status: query.status.map(Into::into),
        seller: query.seller_id,
        email: query
            .email
            .as_deref()
            .map(Email::parse)
            .transpose()
            .map_err(|error| {
                let field = kernel::FieldError::new("/email", "email", error.to_string());
                RequestError::InvalidQuery(vec![field])
            })?,
    };
    let page = state.accounts.users(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, UserDto::from)?.response())
}

/// See a person
#[utoipa::path(tag = "admin: users", params(("user_id" = String, Path, description = "The person.")), responses(
    (status = 200, description = "The person.", body = UserDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/users/{user_id}")]
pub(crate) async fn get_user(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::UserNotFound)?;
    Ok(respond(state.accounts.user(&caller.0, id).await?))
}

/// Change a person's role or status
///
/// Their sessions notice at once; disabling ends them.
#[utoipa::path(tag = "admin: users", request_body = UserPatch, params(
    ("user_id" = String, Path, description = "The person."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The person.", body = UserDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/users/{user_id}")]
pub(crate) async fn patch_user(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<UserPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::UserNotFound)?;
    let change = UserChange {
        role: body.0.role.map(Into::into),
        status: body.0.status.map(Into::into),
    };
    let user = state
        .accounts
        .change_user(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(user))
}

/// Turn off a person's two-factor authentication
///
/// For somebody who lost both the app and the recovery codes; make sure that it
/// is them. Their sessions end, and they are told by mail.
#[utoipa::path(tag = "admin: users", params(("user_id" = String, Path, description = "The person.")), responses(
    (status = 204, description = "It is off."),
))]
#[post("/api/admin/users/{user_id}/2fa/reset")]
pub(crate) async fn reset_two_factor(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::UserNotFound)?;
    state.accounts.reset_two_factor(&caller.0, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
