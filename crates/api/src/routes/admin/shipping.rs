//! Shipping methods.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, patch, post};
use kernel::{Currency, ShippingMethodId};
use orders_model::OrdersError;
use orders_model::shipping::{
    GivenRates, NewShippingMethod, Rates, ShippingMethod, ShippingMethodChange, ShippingStatus,
    SubtotalStep, WeightStep,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::choices::StatusDto;
use crate::dto::money::MoneyDto;
use crate::dto::patch::present;
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A step of a table by weight.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WeightStep)]
pub(crate) struct WeightStepDto {
    /// Up to and including so many grams; the last step may have no end.
    #[schema(minimum = 1, example = 1000)]
    up_to_grams: Option<i64>,
    /// What shipping costs.
    amount: MoneyDto,
}

/// A step of a table by subtotal.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SubtotalStep)]
pub(crate) struct SubtotalStepDto {
    /// Below so much; the last step may have no end.
    below: Option<MoneyDto>,
    /// What shipping costs.
    amount: MoneyDto,
}

/// What shipping costs, in the currency of the shop.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = ShippingRates)]
pub(crate) enum RatesDto {
    /// Always the same.
    Flat {
        /// What shipping costs.
        amount: MoneyDto,
    },
    /// By what the goods weigh.
    ByWeight {
        /// Rising steps.
        #[schema(min_items = 1, max_items = 50)]
        steps: Vec<WeightStepDto>,
    },
    /// By what the goods cost.
    BySubtotal {
        /// Rising steps.
        #[schema(min_items = 1, max_items = 50)]
        steps: Vec<SubtotalStepDto>,
    },
}

impl From<RatesDto> for GivenRates {
    fn from(dto: RatesDto) -> Self {
        let mut currencies = Vec::new();
        let mut minor = |money: MoneyDto| {
            currencies.push(money.currency);
            money.amount
        };
        let rates = match dto {
            RatesDto::Flat { amount } => Rates::Flat {
                amount: minor(amount),
            },
            RatesDto::ByWeight { steps } => Rates::ByWeight {
                steps: steps
                    .into_iter()
                    .map(|step| WeightStep {
                        up_to_grams: step.up_to_grams,
                        amount: minor(step.amount),
                    })
                    .collect(),
            },
            RatesDto::BySubtotal { steps } => Rates::BySubtotal {
                steps: steps
                    .into_iter()
                    .map(|step| SubtotalStep {
                        below: step.below.map(&mut minor),
                        amount: minor(step.amount),
                    })
                    .collect(),
            },
        };
        Self::new(rates, currencies)
    }
}

impl RatesDto {
    fn of(rates: Rates, currency: Currency) -> Self {
        let money = |amount| MoneyDto { amount, currency };
        match rates {
            Rates::Flat { amount } => Self::Flat {
                amount: money(amount),
            },
            Rates::ByWeight { steps } => Self::ByWeight {
                steps: steps
                    .into_iter()
                    .map(|step| WeightStepDto {
                        up_to_grams: step.up_to_grams,
                        amount: money(step.amount),
                    })
                    .collect(),
            },
            Rates::BySubtotal { steps } => Self::BySubtotal {
                steps: steps
                    .into_iter()
                    .map(|step| SubtotalStepDto {
                        below: step.below.map(money),
                        amount: money(step.amount),
                    })
                    .collect(),
            },
        }
    }
}

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
    /// Where it goes; everywhere when empty.
    countries: Vec<String>,
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
            countries: method.countries,
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
    /// Where it goes, as ISO 3166-1 alpha-2 codes; everywhere when empty.
    #[serde(default)]
    #[validate(length(max = 250))]
    #[schema(max_items = 250, example = json!(["DE", "AT"]))]
    countries: Vec<String>,
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
    /// Where it goes, all of it.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 250))]
    #[schema(max_items = 250, nullable = false)]
    countries: Option<Vec<String>>,
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
        countries: body.countries,
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
        countries: body.countries,
        status: body.status.map(|status| match status {
            StatusDto::Active => ShippingStatus::Active,
            StatusDto::Archived => ShippingStatus::Archived,
        }),
        position: body.position,
    };
    let method = state
        .orders
        .change_shipping_method(&caller.0, id, change, version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), method))
}
