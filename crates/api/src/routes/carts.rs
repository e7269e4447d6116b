//! Carts.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use kernel::{Currency, SavedAddressId, VariantId};
use orders_model::OrdersError;
use orders_service::{CartKey, GivenCartChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::address::AddressDto;
use crate::dto::cart::CartDto;
use crate::dto::given_address;
use crate::dto::money::MoneyDto;
use crate::dto::patch::{present, removable};
use crate::extract::{Caller, CartToken, Json, MaybeJson, id, mail_address};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A cart to start.
#[derive(Deserialize, Default, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartRequest {
    /// The currency of its prices; it stays. The shop's own when absent.
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Option<Currency>,
}

/// Pieces to put into a cart.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineRequest {
    /// What.
    #[schema(value_type = String, example = "var_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    variant_id: VariantId,
    /// How many.
    #[validate(range(min = 1, max = 9999))]
    #[schema(minimum = 1, maximum = 9999, example = 1)]
    quantity: i64,
}

/// A change of a line.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinePatch {
    /// How many.
    #[validate(range(min = 1, max = 9999))]
    #[schema(minimum = 1, maximum = 9999, example = 2)]
    quantity: i64,
}

/// A change of a cart; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartPatch {
    /// Where the confirmation goes.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "mail_address"), length(max = 254))]
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    email: Option<Option<String>>,
    /// Where the goods go.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<AddressDto>)]
    #[validate(nested)]
    shipping_address: Option<Option<AddressDto>>,
    /// Where the goods go, by its id in your address book.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, nullable = false, example = "adr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    shipping_address_id: Option<SavedAddressId>,
    /// Who is billed, if not the same.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<AddressDto>)]
    #[validate(nested)]
    billing_address: Option<Option<AddressDto>>,
    /// Who is billed, by its id in your address book.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, nullable = false, example = "adr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    billing_address_id: Option<SavedAddressId>,
    /// The code of the shipping method.
    #[serde(default, deserialize_with = "removable")]
    #[validate(length(min = 1, max = 64))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "standard")]
    shipping_method: Option<Option<String>>,
}

/// A way to ship a cart.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingOption {
    /// What to send as `shipping_method`.
    #[schema(example = "standard")]
    code: String,
    /// What it is called.
    #[schema(example = "Standard, 2 to 4 days")]
    name: String,
    /// What it costs for this cart.
    price: MoneyDto,
}

/// How a cart can be shipped.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingOptions {
    /// The ways, in order.
    data: Vec<ShippingOption>,
}

pub(super) fn key(path: &str, token: CartToken) -> Result<CartKey, ApiError> {
    Ok(CartKey {
        id: id(path, OrdersError::CartNotFound)?,
        token: token.0,
    })
}

/// Start a cart
///
/// A guest gets a token with it, to be sent as `X-Cart-Token`. A signed-in
/// user who has an open cart gets that; one in another currency only while it
/// is empty.
#[utoipa::path(tag = "carts", request_body = Option<CartRequest>, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The cart.", body = CartDto, headers(("Location" = String, description = "Where it is."))),
))]
#[post("/api/carts")]
pub(crate) async fn create_cart(
    state: Data<ApiState>,
    caller: Caller,
    body: MaybeJson<CartRequest>,
) -> Result<HttpResponse, ApiError> {
    let answer = state.orders.create_cart(&caller.0, body.0.currency).await?;
    let cart = CartDto::from(answer);
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/api/carts/{}", cart.id)))
        .json(cart))
}

/// See a cart
///
/// Prices and stock are read anew; what differs from when the cart was last
/// changed stands in the lines' `notices`.
#[utoipa::path(tag = "carts", params(
    ("cart_id" = String, Path, description = "The cart."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[get("/api/carts/{cart_id}")]
pub(crate) async fn get_cart(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let answer = state.orders.cart(&caller.0, &key).await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}

/// Change a cart's addresses, mail address or shipping method
#[utoipa::path(tag = "carts", request_body = CartPatch, params(
    ("cart_id" = String, Path, description = "The cart."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[patch("/api/carts/{cart_id}")]
pub(crate) async fn patch_cart(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<String>,
    body: Json<CartPatch>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let body = body.0;
    let change = GivenCartChange {
        email: body.email,
        shipping_address: given_address::removable(
            "shipping_address",
            body.shipping_address,
            body.shipping_address_id,
        )?,
        billing_address: given_address::removable(
            "billing_address",
            body.billing_address,
            body.billing_address_id,
        )?,
        shipping_method: body.shipping_method,
    };
    let answer = state.orders.change_cart(&caller.0, &key, change).await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}

/// Put something into a cart
///
/// More of what is there already adds to its line.
#[utoipa::path(tag = "carts", request_body = LineRequest, params(
    ("cart_id" = String, Path, description = "The cart."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[post("/api/carts/{cart_id}/lines")]
pub(crate) async fn add_cart_line(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<String>,
    body: Json<LineRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let answer = state
        .orders
        .add_line(&caller.0, &key, body.0.variant_id, body.0.quantity)
        .await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}

/// Change how many
#[utoipa::path(tag = "carts", request_body = LinePatch, params(
    ("cart_id" = String, Path, description = "The cart."),
    ("line_id" = String, Path, description = "The line."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[patch("/api/carts/{cart_id}/lines/{line_id}")]
pub(crate) async fn patch_cart_line(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<(String, String)>,
    body: Json<LinePatch>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path.0, token)?;
    let line = id(&path.1, OrdersError::LineNotFound)?;
    let answer = state
        .orders
        .set_line(&caller.0, &key, line, Some(body.0.quantity))
        .await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}

/// Take something out of a cart
#[utoipa::path(tag = "carts", params(
    ("cart_id" = String, Path, description = "The cart."),
    ("line_id" = String, Path, description = "The line."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[delete("/api/carts/{cart_id}/lines/{line_id}")]
pub(crate) async fn delete_cart_line(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path.0, token)?;
    let line = id(&path.1, OrdersError::LineNotFound)?;
    let answer = state.orders.set_line(&caller.0, &key, line, None).await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}

/// See how a cart can be shipped
///
/// To its shipping address, which must be set.
#[utoipa::path(tag = "carts", params(
    ("cart_id" = String, Path, description = "The cart."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The ways and what they cost.", body = ShippingOptions),
))]
#[get("/api/carts/{cart_id}/shipping-options")]
pub(crate) async fn list_shipping_options(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let options = state.orders.shipping_options(&caller.0, &key).await?;
    Ok(HttpResponse::Ok().json(ShippingOptions {
        data: options
            .into_iter()
            .map(|(method, price)| ShippingOption {
                code: method.code,
                name: method.name,
                price: price.into(),
            })
            .collect(),
    }))
}

/// Take a guest's cart along
///
/// Into the signed-in user's cart; login and registration do the same with
/// `cart_id`.
#[utoipa::path(tag = "carts", params(
    ("cart_id" = String, Path, description = "The guest's cart."),
    ("X-Cart-Token" = Option<String>, Header, description = "The guest's token."),
), responses(
    (status = 200, description = "The user's cart.", body = CartDto),
))]
#[post("/api/carts/{cart_id}/merge")]
pub(crate) async fn merge_cart(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let answer = state.orders.merge_cart(&caller.0, &key).await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}
