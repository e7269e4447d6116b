//! Shipping methods.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, patch, post};
use kernel::{Currency, ShippingMethodId, ShippingZoneId};
use orders_model::OrdersError;
use orders_model::shipping::{
    NewShippingMethod, ShippingMethod, ShippingMethodChange, ShippingStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::choices::StatusDto;
use crate::dto::money::MoneyDto;
use crate::dto::patch::{present, removable};
use crate::dto::shipping::RatesDto;
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A way to ship.
#[derive(Serialize, ToSchema)]
#[schema(as = ShippingMethod)]
pub(crate) struct ShippingMethodDto {
    /// Which.
    #[schema(value_type = String, example = "shp_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ShippingMethodId,
    /// What carts name it by.
    #[schema(example = "standard")]
    code: String,
    /// What it is called.
    name: String,
    /// What it costs.
    rates: RatesDto,
    /// It costs nothing when the goods, after discounts, cost so much or more.
    free_above: Option<MoneyDto>,
    /// The zones it goes to; everywhere when empty.
    #[schema(value_type = Vec<String>)]
    zone_ids: Vec<ShippingZoneId>,
    /// The currency of its rates.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// Whether it can be chosen.
    status: StatusDto,
    /// Its place in the list.
    position: i64,
    /// Grows with every change; also the `ETag`.
    version: i64,
}

impl From<ShippingMethod> for ShippingMethodDto {
    fn from(method: ShippingMethod) -> Self {
        Self {
            id: method.id,
            code: method.code,
            name: method.name,
            rates: RatesDto::of(method.rates, method.currency),
            free_above: method.free_above.map(|amount| MoneyDto {
                amount,
                currency: method.currency,
            }),
            zone_ids: method.zones,
            currency: method.currency,
            status: match method.status {
                ShippingStatus::Active => StatusDto::Active,
                ShippingStatus::Archived => StatusDto::Archived,
            },
            position: method.position,
            version: method.version,
        }
    }
}

/// All shipping methods.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingMethodList {
    /// The methods, in order.
    data: Vec<ShippingMethodDto>,
}

/// A shipping method to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingMethodRequest {
    /// What carts name it by; it stays.
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "standard")]
    code: String,
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Standard, 2 to 4 days")]
    name: String,
    /// What it costs.
    rates: RatesDto,
    /// It costs nothing when the goods, after discounts, cost so much or more.
    free_above: Option<MoneyDto>,
    /// The zones it goes to; everywhere when empty.
    #[serde(default)]
    #[validate(length(max = 50))]
    #[schema(value_type = Vec<String>, max_items = 50)]
    zone_ids: Vec<ShippingZoneId>,
    /// Its place in the list.
    #[serde(default)]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    position: i64,
}

/// A change of a shipping method; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingMethodPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// What it costs.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    rates: Option<RatesDto>,
    /// It costs nothing when the goods, after discounts, cost so much or more;
    /// null removes.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<MoneyDto>)]
    free_above: Option<Option<MoneyDto>>,
    /// The zones it goes to, all of them; everywhere when empty.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 50))]
    #[schema(value_type = Vec<String>, max_items = 50, nullable = false)]
    zone_ids: Option<Vec<ShippingZoneId>>,
    /// Whether it can be chosen.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
    /// Its place in the list.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, nullable = false)]
    position: Option<i64>,
}

fn respond(mut response: actix_web::HttpResponseBuilder, method: ShippingMethod) -> HttpResponse {
    response
        .insert_header(("etag", etag(method.version)))
        .json(ShippingMethodDto::from(method))
}

/// List shipping methods
#[utoipa::path(tag = "admin: settings", responses(
    (status = 200, description = "All methods, in order.", body = ShippingMethodList),
))]
#[get("/api/admin/shipping-methods")]
pub(crate) async fn list_shipping_methods(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let methods = state.orders.shipping_methods(&caller.0).await?;
    Ok(HttpResponse::Ok().json(ShippingMethodList {
        data: methods.into_iter().map(Into::into).collect(),
    }))
}

/// Make a shipping method
#[utoipa::path(tag = "admin: settings", request_body = ShippingMethodRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The method.", body = ShippingMethodDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/shipping-methods")]
pub(crate) async fn create_shipping_method(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ShippingMethodRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewShippingMethod {
        code: body.code,
        name: body.name,
        rates: body.rates.into(),
        free_above: body.free_above.map(Into::into),
        zones: body.zone_ids,
        position: body.position,
    };
    let method = state.orders.create_shipping_method(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), method))
}

/// See a shipping method
#[utoipa::path(tag = "admin: settings", params(("shipping_method_id" = String, Path, description = "The method.")), responses(
    (status = 200, description = "The method.", body = ShippingMethodDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/shipping-methods/{shipping_method_id}")]
pub(crate) async fn get_shipping_method(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::ShippingMethodNotFound)?;
    let method = state.orders.shipping_method(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), method))
}

/// Change a shipping method
#[utoipa::path(tag = "admin: settings", request_body = ShippingMethodPatch, params(
    ("shipping_method_id" = String, Path, description = "The method."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The method.", body = ShippingMethodDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/shipping-methods/{shipping_method_id}")]
pub(crate) async fn patch_shipping_method(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<ShippingMethodPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::ShippingMethodNotFound)?;
    let body = body.0;
    let change = ShippingMethodChange {
        name: body.name,
        rates: body.rates.map(Into::into),
        free_above: body.free_above.map(|amount| amount.map(Into::into)),
        zones: body.zone_ids,
        status: body.status.map(|status| match status {
            StatusDto::Active => ShippingStatus::Active,
            StatusDto::Archived => ShippingStatus::Archived,
        }),
        position: body.position,
    };
    let method = state
        .orders
        .change_shipping_method(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), method))
}
