//! Shipping zones.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use orders_model::DeliveryError;
use orders_model::shipping::{NewShippingZone, ShippingZone, ShippingZoneChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::patch::present;
use crate::dto::shipping::{AreaDto, ShippingZoneDto};
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// All shipping zones.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingZoneList {
    /// The zones, by name.
    data: Vec<ShippingZoneDto>,
}

/// A zone to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingZoneRequest {
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Germany without islands")]
    name: String,
    /// What belongs to it.
    #[validate(length(min = 1, max = 250), nested)]
    #[schema(min_items = 1, max_items = 250)]
    areas: Vec<AreaDto>,
}

/// A change of a zone; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingZonePatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// What belongs to it, all of it.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 250), nested)]
    #[schema(min_items = 1, max_items = 250, nullable = false)]
    areas: Option<Vec<AreaDto>>,
}

fn respond(mut response: actix_web::HttpResponseBuilder, zone: ShippingZone) -> HttpResponse {
    response
        .insert_header(("etag", etag(zone.version)))
        .json(ShippingZoneDto::from(zone))
}

fn areas(dtos: Vec<AreaDto>) -> Vec<orders_model::shipping::Area> {
    dtos.into_iter().map(Into::into).collect()
}

/// List shipping zones
#[utoipa::path(tag = "admin: settings", responses(
    (status = 200, description = "All zones, by name.", body = ShippingZoneList),
))]
#[get("/api/admin/shipping-zones")]
pub(crate) async fn list_shipping_zones(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let zones = state.orders.shipping_zones(&caller.0).await?;
    Ok(HttpResponse::Ok().json(ShippingZoneList {
        data: zones.into_iter().map(Into::into).collect(),
    }))
}

/// Make a shipping zone
///
/// Methods name the zones they go to.
#[utoipa::path(tag = "admin: settings", request_body = ShippingZoneRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The zone.", body = ShippingZoneDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/shipping-zones")]
pub(crate) async fn create_shipping_zone(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ShippingZoneRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewShippingZone {
        name: body.0.name,
        areas: areas(body.0.areas),
    };
    let zone = state.orders.create_shipping_zone(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), zone))
}

/// See a shipping zone
#[utoipa::path(tag = "admin: settings", params(("shipping_zone_id" = String, Path, description = "The zone.")), responses(
    (status = 200, description = "The zone.", body = ShippingZoneDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/shipping-zones/{shipping_zone_id}")]
pub(crate) async fn get_shipping_zone(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, DeliveryError::ZoneNotFound)?;
    let zone = state.orders.shipping_zone(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), zone))
}

/// Change a shipping zone
#[utoipa::path(tag = "admin: settings", request_body = ShippingZonePatch, params(
    ("shipping_zone_id" = String, Path, description = "The zone."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The zone.", body = ShippingZoneDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/shipping-zones/{shipping_zone_id}")]
pub(crate) async fn patch_shipping_zone(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<ShippingZonePatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, DeliveryError::ZoneNotFound)?;
    let change = ShippingZoneChange {
        name: body.0.name,
        areas: body.0.areas.map(areas),
    };
    let zone = state
        .orders
        .change_shipping_zone(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), zone))
}

/// Delete a shipping zone
///
/// To which no method goes.
#[utoipa::path(tag = "admin: settings", params(
    ("shipping_zone_id" = String, Path, description = "The zone."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 204, description = "It is gone."),
))]
#[delete("/api/admin/shipping-zones/{shipping_zone_id}")]
pub(crate) async fn delete_shipping_zone(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, DeliveryError::ZoneNotFound)?;
    state
        .orders
        .delete_shipping_zone(&caller.0, id, &version.0)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
