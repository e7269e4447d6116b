//! Webhooks of payment gateways.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, post};
use orders_model::ports::RawWebhook;

use crate::extract::{BodyLimits, Caller, read_all};
use crate::problem::ApiError;
use crate::state::ApiState;

/// The largest webhook, in bytes. Gateways' events can exceed what bodies of
/// callers may have.
const MAX_BODY: usize = 1 << 20;

/// Takes in an event whose signature is in a header, if one is named.
async fn receive(
    state: &ApiState,
    caller: &Caller,
    request: &HttpRequest,
    payload: Payload,
    gateway: &str,
    header: Option<&str>,
) -> Result<HttpResponse, ApiError> {
    let limits = BodyLimits {
        bytes: MAX_BODY,
        ..state.body_limits
    };
    let body = read_all(payload.into_inner(), limits).await?;
    let signature = header
        .and_then(|header| request.headers().get(header))
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let webhook = RawWebhook {
        signature,
        body: &body,
    };
    state
        .orders
        .receive_webhook(&caller.0, gateway, &webhook)
        .await?;
    Ok(HttpResponse::Ok().finish())
}

/// Take in an event of Stripe
///
/// The signature is checked over the bytes as they come. An event that was
/// taken in before is accepted and has no effect.
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json", description = "A Stripe event."), params(
    ("Stripe-Signature" = String, Header, description = "Stripe's signature."),
), responses(
    (status = 200, description = "Taken in."),
), security(()))]
#[post("/api/webhooks/stripe")]
pub(crate) async fn stripe_webhook(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    receive(
        &state,
        &caller,
        &request,
        payload,
        "stripe",
        Some("stripe-signature"),
    )
    .await
}

/// Take in an event of Stripe (other path)
///
/// The same as `/api/webhooks/stripe`.
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json", description = "A Stripe event."), params(
    ("Stripe-Signature" = String, Header, description = "Stripe's signature."),
), responses(
    (status = 200, description = "Taken in."),
), security(()))]
#[post("/api/stripe/webhook")]
pub(crate) async fn stripe_webhook_alias(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    receive(
        &state,
        &caller,
        &request,
        payload,
        "stripe",
        Some("stripe-signature"),
    )
    .await
}

/// Take in an event of the embedded test gateway
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json", description = "An event of the test gateway."), params(
    ("Sutler-Signature" = String, Header, description = "The signature, in Stripe's scheme."),
), responses(
    (status = 200, description = "Taken in."),
), security(()))]
#[post("/api/webhooks/test")]
pub(crate) async fn test_webhook(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    receive(
        &state,
        &caller,
        &request,
        payload,
        "test",
        Some("sutler-signature"),
    )
    .await
}

/// Take in a notification of Midtrans
///
/// The signature in it is checked over the fields as they come; what it says
/// is then asked for. One that was taken in before is accepted and has no
/// effect.
#[utoipa::path(tag = "webhooks", request_body(content = String, content_type = "application/json", description = "A notification of Midtrans."), responses(
    (status = 200, description = "Taken in."),
), security(()))]
#[post("/api/webhooks/midtrans")]
pub(crate) async fn midtrans_webhook(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    // Its signature is in the body.
    receive(&state, &caller, &request, payload, "midtrans", None).await
}
