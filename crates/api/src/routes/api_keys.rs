//! Keys for programs.

use accounts_model::AccountsError;
use accounts_model::api_key::ApiKey;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use kernel::{ApiKeyId, Permission, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::extract::{Caller, Json, List, Listed, Query, id, line, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A key to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyRequest {
    /// What it is for.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "stock feed")]
    name: String,
    /// Of your permissions, those the key may use; none to act as a plain user.
    #[serde(default)]
    #[validate(length(max = 50))]
    #[schema(value_type = Vec<String>, example = json!(["catalog:write", "stock:write"]))]
    scopes: Vec<Permission>,
    /// When it stops working; never when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyDto {
    /// Which.
    #[schema(value_type = String, example = "key_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ApiKeyId,
    /// What it is for.
    name: String,
    /// The last characters of the secret, to tell keys apart.
    #[schema(example = "x8Qf")]
    hint: String,
    /// What it may do.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<Permission>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it stops working.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

impl From<ApiKey> for ApiKeyDto {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            hint: key.hint,
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// A key with its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedApiKey)]
pub(crate) struct CreatedApiKeyDto {
    #[serde(flatten)]
    key: ApiKeyDto,
    /// The secret for the header `Authorization: Bearer …`. It is shown this
    /// once.
    #[schema(example = "sk_AZk2…")]
    secret: String,
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// Make a key for a program
#[utoipa::path(tag = "api-keys", request_body = ApiKeyRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The key, with its secret.", body = CreatedApiKeyDto),
))]
#[post("/api/api-keys")]
pub(crate) async fn create_api_key(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ApiKeyRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let created = state
        .accounts
        .create_api_key(&caller.0, body.name, body.scopes, body.expires_at)
        .await?;
    Ok(HttpResponse::Created().json(CreatedApiKeyDto {
        key: created.key.into(),
        secret: created.secret,
    }))
}

/// List your keys
#[utoipa::path(tag = "api-keys", params(PageQuery), responses(
    (status = 200, description = "Your keys, newest first.", body = List<ApiKeyDto>),
))]
#[get("/api/api-keys")]
pub(crate) async fn list_api_keys(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.accounts.api_keys(&caller.0, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, ApiKeyDto::from)?.response())
}

/// Revoke a key
#[utoipa::path(tag = "api-keys", params(("key_id" = String, Path, description = "The key.")), responses(
    (status = 204, description = "The key works no more."),
))]
#[delete("/api/api-keys/{key_id}")]
pub(crate) async fn revoke_api_key(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = id(&path, AccountsError::ApiKeyNotFound)?;
    state.accounts.revoke_api_key(&caller.0, key).await?;
    Ok(HttpResponse::NoContent().finish())
}
