//! One's own profile.

use accounts_model::user::ProfileChange;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch, post};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::auth::signed_in;
use crate::dto::patch::{present, removable};
use crate::dto::user::{SessionDto, TokenTransport, UserDto};
use crate::extract::{Caller, IfMatch, Json, etag, language, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A change of one's profile; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfilePatch {
    /// What to call you.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Your telephone number.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "line"), length(max = 40))]
    #[schema(value_type = Option<String>, max_length = 40)]
    phone: Option<Option<String>>,
    /// Your language, as a BCP 47 tag.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "language"), length(min = 2, max = 35))]
    #[schema(value_type = Option<String>, min_length = 2, max_length = 35)]
    locale: Option<Option<String>>,
}

/// A new password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    /// The present password.
    #[schema(value_type = String, max_length = 256, format = Password)]
    current_password: SecretString,
    /// The new one, 10 to 256 characters.
    #[schema(value_type = String, min_length = 10, max_length = 256, format = Password)]
    password: SecretString,
    /// How the refresh token travels.
    #[serde(default)]
    token_transport: TokenTransport,
}

/// See your profile
#[utoipa::path(tag = "profile", responses(
    (status = 200, description = "Your account.", body = UserDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/profile")]
pub(crate) async fn get_profile(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let user = state.accounts.me(&caller.0).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("etag", etag(user.version)))
        .json(UserDto::from(user)))
}

/// Change your profile
#[utoipa::path(tag = "profile", request_body = ProfilePatch, params(
    ("If-Match" = Option<String>, Header, description = "The ETag of what you read, to change nothing that somebody else changed since."),
), responses(
    (status = 200, description = "Your account.", body = UserDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/profile")]
pub(crate) async fn patch_profile(
    state: Data<ApiState>,
    caller: Caller,
    version: IfMatch,
    body: Json<ProfilePatch>,
) -> Result<HttpResponse, ApiError> {
    let change = ProfileChange {
        name: body.0.name,
        phone: body.0.phone,
        locale: body.0.locale,
    };
    let user = state
        .accounts
        .change_profile(&caller.0, change, version.0.as_ref())
        .await?;
    Ok(HttpResponse::Ok()
        .insert_header(("etag", etag(user.version)))
        .json(UserDto::from(user)))
}

/// Change your password
///
/// Ends all your sessions and opens a new one.
#[utoipa::path(tag = "profile", request_body = PasswordRequest, responses(
    (status = 200, description = "The new session.", body = SessionDto),
))]
#[post("/api/profile/password")]
pub(crate) async fn change_password(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<PasswordRequest>,
) -> Result<HttpResponse, ApiError> {
    let done = state
        .accounts
        .change_password(&caller.0, &body.0.current_password, &body.0.password)
        .await?;
    let transport = body.0.token_transport;
    Ok(signed_in(&state, HttpResponse::Ok(), done, transport, None).await)
}
