//! One's own address book.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use kernel::{SavedAddressId, Timestamp};
use orders_model::DeliveryError;
use orders_model::address_book::{NewSavedAddress, SavedAddress, SavedAddressChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::address::AddressDto;
use crate::dto::patch::{present, removable};
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// An address in an address book.
#[derive(Serialize, ToSchema)]
#[schema(as = SavedAddress)]
pub(crate) struct SavedAddressDto {
    /// Which.
    #[schema(value_type = String, example = "adr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: SavedAddressId,
    /// What you call it.
    #[schema(example = "Home")]
    label: Option<String>,
    /// The address.
    address: AddressDto,
    /// Whether new carts are sent there.
    default_shipping: bool,
    /// Whether new carts are billed there.
    default_billing: bool,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<SavedAddress> for SavedAddressDto {
    fn from(saved: SavedAddress) -> Self {
        Self {
            id: saved.id,
            label: saved.label,
            address: saved.address.into(),
            default_shipping: saved.default_shipping,
            default_billing: saved.default_billing,
            version: saved.version,
            updated_at: saved.updated_at,
        }
    }
}

/// An address book; it has at most 50 addresses.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddressBook {
    /// The addresses, oldest first.
    data: Vec<SavedAddressDto>,
}

/// An address to keep.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedAddressRequest {
    /// What you call it.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "Home")]
    label: Option<String>,
    /// The address.
    #[validate(nested)]
    address: AddressDto,
    /// Whether new carts are sent there, instead of where they were before.
    #[serde(default)]
    default_shipping: bool,
    /// Whether new carts are billed there, instead of where they were before.
    #[serde(default)]
    default_billing: bool,
}

/// A change of a kept address; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedAddressPatch {
    /// What you call it.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100)]
    label: Option<Option<String>>,
    /// The address, all of it.
    #[serde(default, deserialize_with = "present")]
    #[validate(nested)]
    #[schema(nullable = false)]
    address: Option<AddressDto>,
    /// Whether new carts are sent there.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    default_shipping: Option<bool>,
    /// Whether new carts are billed there.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    default_billing: Option<bool>,
}

fn respond(mut response: actix_web::HttpResponseBuilder, saved: SavedAddress) -> HttpResponse {
    response
        .insert_header(("etag", etag(saved.version)))
        .json(SavedAddressDto::from(saved))
}

/// See your address book
#[utoipa::path(tag = "profile", responses(
    (status = 200, description = "Your addresses, oldest first.", body = AddressBook),
))]
#[get("/api/profile/addresses")]
pub(crate) async fn list_addresses(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let saved = state.orders.addresses(&caller.0).await?;
    Ok(HttpResponse::Ok().json(AddressBook {
        data: saved.into_iter().map(Into::into).collect(),
    }))
}

/// Keep an address
///
/// The first one is the default for shipping and billing.
#[utoipa::path(tag = "profile", request_body = SavedAddressRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The address.", body = SavedAddressDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/profile/addresses")]
pub(crate) async fn create_address(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<SavedAddressRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewSavedAddress {
        label: body.label,
        address: body.address.into(),
        default_shipping: body.default_shipping,
        default_billing: body.default_billing,
    };
    let saved = state.orders.save_address(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), saved))
}

/// See an address of your book
#[utoipa::path(tag = "profile", params(("address_id" = String, Path, description = "The address.")), responses(
    (status = 200, description = "The address.", body = SavedAddressDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/profile/addresses/{address_id}")]
pub(crate) async fn get_address(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, DeliveryError::AddressNotFound)?;
    let saved = state.orders.address(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), saved))
}

/// Change an address of your book
///
/// Carts and orders keep what they have.
#[utoipa::path(tag = "profile", request_body = SavedAddressPatch, params(
    ("address_id" = String, Path, description = "The address."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The address.", body = SavedAddressDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/profile/addresses/{address_id}")]
pub(crate) async fn patch_address(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<SavedAddressPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, DeliveryError::AddressNotFound)?;
    let body = body.0;
    let change = SavedAddressChange {
        label: body.label,
        address: body.address.map(Into::into),
        default_shipping: body.default_shipping,
        default_billing: body.default_billing,
    };
    let saved = state
        .orders
        .change_address(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), saved))
}

/// Forget an address of your book
///
/// Carts and orders keep what they have.
#[utoipa::path(tag = "profile", params(("address_id" = String, Path, description = "The address.")), responses(
    (status = 204, description = "It is gone."),
))]
#[delete("/api/profile/addresses/{address_id}")]
pub(crate) async fn delete_address(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, DeliveryError::AddressNotFound)?;
    state.orders.delete_address(&caller.0, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
