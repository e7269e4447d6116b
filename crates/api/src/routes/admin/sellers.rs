//! Who sells in the shop.

use accounts_model::AccountsError;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, get, patch, post};
use catalog_model::seller::{NewSeller, Seller, SellerChange, SellerStatus};
use catalog_model::{CatalogError, SellerError};
use kernel::{Scope, SellerId, UserId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::dto::choices::StatusDto;
use crate::dto::patch::{present, removable};
use crate::dto::seller::{SellerDto, SellerFeeDto};
use crate::dto::user::UserDto;
use crate::extract::{
    Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, line, mail_address, page_request,
    words,
};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A seller to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SellerRequest {
    /// What they are called; no two alike.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Oak & Sons")]
    name: String,
    /// Where they get mail.
    #[validate(custom(function = "mail_address"), length(max = 254))]
    #[schema(max_length = 254, example = "hello@oak.example")]
    contact_email: Option<String>,
    /// Their postal address, as lines.
    #[validate(custom(function = "words"), length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    contact_address: Option<String>,
    /// What payouts to them are named by: an account, a contract.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    payout_reference: Option<String>,
    /// Their fee; the platform fee of the shop when absent.
    #[validate(nested)]
    fee: Option<SellerFeeDto>,
}

/// A change of a seller; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SellerPatch {
    /// What they are called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Where they get mail.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "mail_address"), length(max = 254))]
    #[schema(value_type = Option<String>, max_length = 254)]
    contact_email: Option<Option<String>>,
    /// Their postal address.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "words"), length(min = 1, max = 1000))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    contact_address: Option<Option<String>>,
    /// What payouts to them are named by.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    payout_reference: Option<Option<String>>,
    /// Their fee for orders from now on; null for the platform fee of the shop.
    #[serde(default, deserialize_with = "removable")]
    #[validate(nested)]
    #[schema(value_type = Option<SellerFeeDto>)]
    fee: Option<Option<SellerFeeDto>>,
    /// Whether they sell.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
}

/// Somebody who is to belong to a seller.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SellerPersonRequest {
    /// Who: a user, or somebody of another seller.
    #[schema(value_type = String, example = "usr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    user_id: UserId,
}

/// Which sellers, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SellersQuery {
    /// With a status.
    #[param(inline)]
    status: Option<StatusDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The id of a seller in a path.
pub(crate) fn seller_id(path: &str) -> Result<SellerId, ApiError> {
    id(path, CatalogError::from(SellerError::NotFound))
}

async fn respond(
    state: &ApiState,
    scope: &Scope,
    mut response: HttpResponseBuilder,
    seller: Seller,
) -> Result<HttpResponse, ApiError> {
    let currency = state.accounts.tenant(scope).await?.settings.currency;
    Ok(response
        .insert_header(("etag", etag(seller.version)))
        .json(SellerDto::new(seller, currency)))
}

/// List sellers
#[utoipa::path(tag = "admin: sellers", params(SellersQuery), responses(
    (status = 200, description = "Sellers, newest first.", body = List<SellerDto>),
))]
#[get("/api/admin/sellers")]
pub(crate) async fn list_sellers(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<SellersQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let status = query.0.status.map(Into::into);
    let page = state.catalog.sellers(&caller.0, status, page).await?;
    let currency = state.accounts.tenant(&caller.0).await?.settings.currency;
    let to_dto = |seller| SellerDto::new(seller, currency);
    Ok(Listed::new(&state, &caller.0, &request, page, to_dto)?.response())
}

/// Make a seller
#[utoipa::path(tag = "admin: sellers", request_body = SellerRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The seller.", body = SellerDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/sellers")]
pub(crate) async fn create_seller(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<SellerRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewSeller {
        name: body.name,
        contact_email: body.contact_email,
        contact_address: body.contact_address,
        payout_reference: body.payout_reference,
        fee: body.fee.map(Into::into),
    };
    let seller = state.catalog.create_seller(&caller.0, new).await?;
    respond(&state, &caller.0, HttpResponse::Created(), seller).await
}

/// See a seller
#[utoipa::path(tag = "admin: sellers", params(("seller_id" = String, Path, description = "The seller.")), responses(
    (status = 200, description = "The seller.", body = SellerDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/sellers/{seller_id}")]
pub(crate) async fn get_seller(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let seller = state.catalog.seller(&caller.0, seller_id(&path)?).await?;
    respond(&state, &caller.0, HttpResponse::Ok(), seller).await
}

/// Change a seller
///
/// Orders that were placed keep the fee they were placed with.
#[utoipa::path(tag = "admin: sellers", request_body = SellerPatch, params(
    ("seller_id" = String, Path, description = "The seller."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The seller.", body = SellerDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/sellers/{seller_id}")]
pub(crate) async fn patch_seller(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<SellerPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = seller_id(&path)?;
    let body = body.0;
    let change = SellerChange {
        name: body.name,
        contact_email: body.contact_email,
        contact_address: body.contact_address,
        payout_reference: body.payout_reference,
        fee: body.fee.map(|fee| fee.map(Into::into)),
        status: body.status.map(Into::into),
    };
    let seller = state
        .catalog
        .change_seller(&caller.0, id, change, &version.0)
        .await?;
    respond(&state, &caller.0, HttpResponse::Ok(), seller).await
}

/// Archive a seller
///
/// Their products have to be archived before, or given to another seller.
/// Orders and reports keep naming them, and their people still see those.
#[utoipa::path(tag = "admin: sellers", params(
    ("seller_id" = String, Path, description = "The seller."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The seller.", body = SellerDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/sellers/{seller_id}/archive")]
pub(crate) async fn archive_seller(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = seller_id(&path)?;
    let change = SellerChange {
        status: Some(SellerStatus::Archived),
        ..SellerChange::default()
    };
    let seller = state
        .catalog
        .change_seller(&caller.0, id, change, &version.0)
        .await?;
    respond(&state, &caller.0, HttpResponse::Ok(), seller).await
}

/// Let somebody belong to a seller
///
/// They get the role `seller`: they and their API keys see and change products,
/// variants, pictures and stock of that seller, see its order lines and its
/// report, and nothing else of the shop. `GET /api/admin/users?seller_id=`
/// lists them.
#[utoipa::path(tag = "admin: sellers", request_body = SellerPersonRequest, params(
    ("seller_id" = String, Path, description = "The seller."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The person.", body = UserDto),
))]
#[post("/api/admin/sellers/{seller_id}/people")]
pub(crate) async fn add_seller_person(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<SellerPersonRequest>,
) -> Result<HttpResponse, ApiError> {
    let person = body.0.user_id;
    let user = state
        .catalog
        .add_seller_person(&caller.0, seller_id(&path)?, person)
        .await?;
    Ok(HttpResponse::Ok().json(UserDto::from(user)))
}

/// Let somebody belong to a seller no longer
///
/// They are a user like others again.
#[utoipa::path(tag = "admin: sellers", params(
    ("seller_id" = String, Path, description = "The seller."),
    ("user_id" = String, Path, description = "The person."),
), responses(
    (status = 204, description = "They belong to no seller."),
))]
#[delete("/api/admin/sellers/{seller_id}/people/{user_id}")]
pub(crate) async fn remove_seller_person(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (seller, person) = path.into_inner();
    let person = id(&person, AccountsError::UserNotFound)?;
    state
        .catalog
        .remove_seller_person(&caller.0, seller_id(&seller)?, person)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
