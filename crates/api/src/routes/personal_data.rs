//! All that is known about a person: handing it out, and forgetting it.

use accounts_model::AccountsError;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::extract::{Caller, Json, id};
use crate::problem::ApiError;
use crate::routes::downloads::attachment;
use crate::routes::two_factor::count;
use crate::state::ApiState;

/// The password of somebody who wants to be forgotten.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct EraseRequest {
    /// Your password, so that nobody does this at a device you left open.
    #[schema(value_type = String, max_length = 256, format = Password)]
    current_password: SecretString,
}

fn download(all: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(attachment("personal-data.json"))
        .json(all)
}

/// Get all that is known about you
///
/// One document with a part for each domain. Members may be added.
#[utoipa::path(tag = "profile", responses(
    (status = 200, description = "All of it.", body = Object),
))]
#[get("/api/profile/export")]
pub(crate) async fn export_own_data(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    count(&state, &caller, &request).await?;
    Ok(download(&state.people.export_own(&caller.0).await?))
}

/// Be forgotten
///
/// Closes your account for good and erases what is known about you, but for
/// what accounting must keep. Not while an order is not done.
#[utoipa::path(tag = "profile", request_body = EraseRequest, responses(
    (status = 204, description = "You are forgotten."),
))]
#[post("/api/profile/erase")]
pub(crate) async fn erase_own_data(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    body: Json<EraseRequest>,
) -> Result<HttpResponse, ApiError> {
    count(&state, &caller, &request).await?;
    let people = &state.people;
    people
        .erase_own(&caller.0, &body.0.current_password)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get all that is known about a person
///
/// For somebody who asked the shop for it. The audit log says that you did.
#[utoipa::path(tag = "admin: users", params(("user_id" = String, Path, description = "The person.")), responses(
    (status = 200, description = "All of it.", body = Object),
))]
#[post("/api/admin/users/{user_id}/export")]
pub(crate) async fn export_user_data(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::UserNotFound)?;
    Ok(download(&state.people.export(&caller.0, id).await?))
}

/// Forget a person
///
/// Closes the account for good and erases what is known about the person, but
/// for what accounting must keep. Not while an order is not done, and not who
/// runs the shop.
#[utoipa::path(tag = "admin: users", params(("user_id" = String, Path, description = "The person.")), responses(
    (status = 204, description = "They are forgotten."),
))]
#[post("/api/admin/users/{user_id}/erase")]
pub(crate) async fn erase_user_data(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::UserNotFound)?;
    state.people.erase(&caller.0, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
