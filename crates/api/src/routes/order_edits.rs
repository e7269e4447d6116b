//! Orders that are changed before they are paid.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, patch};
use kernel::{SavedAddressId, VariantId};
use orders_model::edit::EditLine;
use orders_service::EditRequest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::orders::key;
use crate::dto::address::AddressDto;
use crate::dto::given_address::given;
use crate::dto::order::CheckoutDto;
use crate::dto::patch::present;
use crate::extract::{Caller, Json, OrderToken, RequiredIfMatch, etag};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A line as it is to be.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderLinePatch {
    /// What.
    #[schema(value_type = String, example = "var_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    variant_id: VariantId,
    /// How many.
    #[validate(range(min = 1, max = 9999))]
    #[schema(minimum = 1, maximum = 9999, example = 2)]
    quantity: i64,
}

/// A change of an order; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderPatch {
    /// Where the goods go.
    #[serde(default, deserialize_with = "present")]
    #[validate(nested)]
    #[schema(nullable = false)]
    shipping_address: Option<AddressDto>,
    /// Where the goods go, by its id in your address book.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, nullable = false, example = "adr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    shipping_address_id: Option<SavedAddressId>,
    /// Who is billed.
    #[serde(default, deserialize_with = "present")]
    #[validate(nested)]
    #[schema(nullable = false)]
    billing_address: Option<AddressDto>,
    /// Who is billed, by its id in your address book.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, nullable = false, example = "adr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    billing_address_id: Option<SavedAddressId>,
    /// The code of the shipping method.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 64))]
    #[schema(
        min_length = 1,
        max_length = 64,
        nullable = false,
        example = "standard"
    )]
    shipping_method: Option<String>,
    /// What is bought, all of it; each line another variant. What was ordered
    /// keeps its price.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100, nullable = false)]
    lines: Option<Vec<OrderLinePatch>>,
}

/// Change an order before it is paid
///
/// Reserves what it wants then, and works out anew what it costs. An open
/// payment page is closed and another one opened: send the buyer to
/// `payment_url` again.
#[utoipa::path(tag = "orders", request_body = OrderPatch, params(
    ("order_id" = String, Path, description = "The order."),
    ("X-Order-Token" = Option<String>, Header, description = "A guest's token."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The order, and where to pay it.", body = CheckoutDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/orders/{order_id}")]
pub(crate) async fn patch_order(
    state: Data<ApiState>,
    caller: Caller,
    token: OrderToken,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<OrderPatch>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let request = EditRequest {
        order: key(&path, token)?,
        version: version.0,
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
        lines: body.lines.map(|lines| {
            let lines = lines.into_iter().map(|line| EditLine {
                variant: line.variant_id,
                quantity: line.quantity,
            });
            lines.collect()
        }),
    };
    let answer = state.orders.edit_order(&caller.0, request).await?;
    Ok(HttpResponse::Ok()
        .insert_header(("etag", etag(answer.detail.order.version)))
        .json(CheckoutDto::from(answer)))
}
