//! Tenants, as the operator sees them.

use accounts_model::AccountsError;
use accounts_model::tenant::{Tenant, TenantStatus};
use accounts_service::{NewTenant, NewUser, TenantChange};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, HttpResponseBuilder, get, patch, post};
use kernel::{Currency, Role, TenantId, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::patch::present;
use crate::dto::user::UserDto;
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Whether a tenant may be used.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TenantStatus)]
pub(crate) enum TenantStatusDto {
    /// It may.
    Active,
    /// The operator closed it.
    Suspended,
}

/// A shop, workspace or business.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantDto {
    /// Which.
    #[schema(value_type = String, example = "ten_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: TenantId,
    /// Its name in URLs and on the command line.
    slug: String,
    /// What it is called.
    name: String,
    /// Whether it may be used.
    status: TenantStatusDto,
    /// Whether it gets the requests that name no tenant.
    is_default: bool,
    /// The currency of its prices.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// The host names it is reached at.
    hosts: Vec<String>,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<&Tenant> for TenantDto {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id,
            slug: tenant.slug.clone(),
            name: tenant.name.clone(),
            status: match tenant.status {
                TenantStatus::Active => TenantStatusDto::Active,
                TenantStatus::Suspended => TenantStatusDto::Suspended,
            },
            is_default: tenant.is_default,
            currency: tenant.settings.currency,
            hosts: tenant.hosts.clone(),
            version: tenant.version,
            created_at: tenant.created_at,
        }
    }
}

/// All tenants.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantList {
    /// The tenants, oldest first.
    data: Vec<TenantDto>,
}

/// A tenant to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantRequest {
    /// Its name in URLs and on the command line.
    #[validate(length(min = 1, max = 64))]
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "shoes"
    )]
    slug: String,
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "The shoe shop")]
    name: String,
    /// The currency of its prices; it stays.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Currency,
    /// The host names it is reached at, without scheme and port.
    #[serde(default)]
    #[validate(length(max = 20))]
    #[schema(max_items = 20, example = json!(["shoes.example"]))]
    hosts: Vec<String>,
}

/// A change of a tenant; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Whether it may be used.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<TenantStatusDto>,
    /// The host names it is reached at, all of them.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 20))]
    #[schema(max_items = 20, nullable = false)]
    hosts: Option<Vec<String>>,
}

/// An administrator of a tenant.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantAdminRequest {
    /// The address to sign in with.
    #[validate(length(min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = Email)]
    email: String,
    /// The password, 10 to 256 characters.
    #[schema(value_type = String, min_length = 10, max_length = 256, format = Password)]
    password: SecretString,
    /// What they are called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

fn respond(mut response: HttpResponseBuilder, tenant: &Tenant) -> HttpResponse {
    response
        .insert_header(("etag", etag(tenant.version)))
        .json(TenantDto::from(tenant))
}

/// List tenants
#[utoipa::path(tag = "operator", responses(
    (status = 200, description = "All tenants, oldest first.", body = TenantList),
))]
#[get("/api/admin/tenants")]
pub(crate) async fn list_tenants(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let tenants = state.accounts.tenants(&caller.0).await?;
    Ok(HttpResponse::Ok().json(TenantList {
        data: tenants.iter().map(|tenant| (&**tenant).into()).collect(),
    }))
}

/// Make a tenant
#[utoipa::path(tag = "operator", request_body = TenantRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The tenant.", body = TenantDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/tenants")]
pub(crate) async fn create_tenant(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<TenantRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewTenant {
        slug: body.slug,
        name: body.name,
        currency: body.currency,
        hosts: body.hosts,
    };
    let tenant = state.accounts.create_tenant(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), &tenant))
}

/// See a tenant
#[utoipa::path(tag = "operator", params(("tenant_id" = String, Path, description = "The tenant.")), responses(
    (status = 200, description = "The tenant.", body = TenantDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/tenants/{tenant_id}")]
pub(crate) async fn get_tenant(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::TenantNotFound)?;
    let tenant = state.accounts.tenant_by_id(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), &tenant))
}

/// Change a tenant
///
/// A suspended tenant refuses every request, and its background work rests.
#[utoipa::path(tag = "operator", request_body = TenantPatch, params(
    ("tenant_id" = String, Path, description = "The tenant."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The tenant.", body = TenantDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/tenants/{tenant_id}")]
pub(crate) async fn patch_tenant(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<TenantPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::TenantNotFound)?;
    let change = TenantChange {
        name: body.0.name,
        status: body.0.status.map(|status| match status {
            TenantStatusDto::Active => TenantStatus::Active,
            TenantStatusDto::Suspended => TenantStatus::Suspended,
        }),
        hosts: body.0.hosts,
    };
    let tenant = state
        .accounts
        .change_tenant(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), &tenant))
}

/// Make an administrator of a tenant
///
/// Accounts that are there already are the tenant's own affair; `sutler admin
/// create` gives one a new password.
#[utoipa::path(tag = "operator", request_body = TenantAdminRequest, params(
    ("tenant_id" = String, Path, description = "The tenant."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The administrator.", body = UserDto),
))]
#[post("/api/admin/tenants/{tenant_id}/admins")]
pub(crate) async fn create_tenant_admin(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<TenantAdminRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::TenantNotFound)?;
    let body = body.0;
    let new = NewUser {
        email: body.email,
        password: body.password,
        name: body.name,
        role: Role::Admin,
    };
    let user = state
        .accounts
        .create_tenant_admin(&caller.0, id, new)
        .await?;
    Ok(HttpResponse::Created().json(UserDto::from(user)))
}
