//! Checkout.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use kernel::{CartId, SavedAddressId};
use orders_service::{CartKey, CheckoutRequest, WalletShare};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::address::AddressDto;
use crate::dto::given_address::given;
use crate::dto::money::{MoneyDto, some_money};
use crate::dto::order::CheckoutDto;
use crate::dto::patch::present;
use crate::extract::{Caller, CartToken, Json, mail_address};
use crate::problem::ApiError;
use crate::state::ApiState;

/// What to check out. What is absent is taken from the cart.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = CheckoutRequest)]
pub(crate) struct CheckoutBody {
    /// The cart.
    #[schema(value_type = String, example = "cart_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    cart_id: CartId,
    /// Where the confirmation goes.
    #[validate(custom(function = "mail_address"), length(max = 254))]
    #[schema(format = Email, max_length = 254)]
    email: Option<String>,
    /// Where the goods go.
    #[validate(nested)]
    shipping_address: Option<AddressDto>,
    /// Where the goods go, by its id in your address book.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, nullable = false, example = "adr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    shipping_address_id: Option<SavedAddressId>,
    /// Who is billed, if not the same.
    #[validate(nested)]
    billing_address: Option<AddressDto>,
    /// Who is billed, by its id in your address book.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, nullable = false, example = "adr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    billing_address_id: Option<SavedAddressId>,
    /// The code of the shipping method.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64)]
    shipping_method: Option<String>,
    /// Through whom to pay.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "stripe")]
    gateway: Option<String>,
    /// Where to go when paid; on an origin the shop has allowed.
    #[validate(length(max = 2000))]
    #[schema(format = "uri", max_length = 2000)]
    success_url: Option<String>,
    /// Where to go when turned back; on an origin the shop has allowed.
    #[validate(length(max = 2000))]
    #[schema(format = "uri", max_length = 2000)]
    cancel_url: Option<String>,
    /// The total the buyer saw. With another total now, nothing is ordered.
    #[validate(nested)]
    expected_total: Option<MoneyDto>,
    /// What of the total your wallet pays. The rest is paid at the gateway.
    #[serde(default, deserialize_with = "present")]
    #[validate(nested)]
    #[schema(nullable = false)]
    wallet: Option<WalletShareBody>,
}

/// What of an order is paid from a wallet.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = WalletShare)]
pub(crate) struct WalletShareBody {
    /// That much, at least 1; as much as is available when absent.
    #[validate(custom(function = "some_money"))]
    amount: Option<MoneyDto>,
}

/// Order what is in a cart
///
/// Makes a pending order with the prices of this moment, reserves its stock,
/// and opens a page where it is paid. `wallet` pays of it from your own wallet;
/// what that covers in whole is paid at once. When the payment gateway does not
/// answer, the answer is 503 and the order stays: repeat the request with the
/// same `Idempotency-Key` to go on.
#[utoipa::path(tag = "checkout", request_body = CheckoutBody, params(
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The order, and where to pay it.", body = CheckoutDto, headers(("Location" = String, description = "Where the order is."))),
))]
#[post("/api/checkout")]
pub(crate) async fn checkout(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    body: Json<CheckoutBody>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let request = CheckoutRequest {
        cart: CartKey {
            id: body.cart_id,
            token: token.0,
        },
        email: body.email,
        shipping_address: given(
            "shipping_address",
            body.shipping_address,
            body.shipping_address_id,
        )?,
        billing_address: given(
            "billing_address",
            body.billing_address,
            body.billing_address_id,
        )?,
        shipping_method: body.shipping_method,
        gateway: body.gateway,
        success_url: body.success_url,
        cancel_url: body.cancel_url,
        expected_total: body.expected_total.map(Into::into),
        wallet: body.wallet.map(|share| WalletShare {
            amount: share.amount.map(Into::into),
        }),
    };
    let answer = state.orders.checkout(&caller.0, request).await?;
    let location = format!("/api/orders/{}", answer.detail.order.id);
    Ok(HttpResponse::Created()
        .insert_header(("location", location))
        .json(CheckoutDto::from(answer)))
}
