//! Two-factor authentication: turning it on and off, and signing in with it.

use accounts_model::two_factor::TwoFactorStatus;
use accounts_service::Enrolment;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::{CartId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::user::{SessionDto, TokenTransport};
use crate::extract::{Caller, CartToken, Json};
use crate::problem::ApiError;
use crate::routes::auth::{guest_cart, signed_in};
use crate::state::ApiState;

/// The code of somebody who gave the right password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeLoginRequest {
    /// What `POST /api/auth/login` answered.
    #[schema(value_type = String, max_length = 512)]
    two_factor_token: SecretString,
    /// Six digits of the app, or a recovery code.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "287082")]
    code: String,
    /// How the refresh token travels.
    #[serde(default)]
    token_transport: TokenTransport,
    /// A guest's cart to take along; its token goes into `X-Cart-Token`.
    #[schema(value_type = Option<String>)]
    cart_id: Option<CartId>,
}

/// A password.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrollRequest {
    /// Your password, so that nobody does this at a device you left open.
    #[schema(value_type = String, max_length = 256, format = Password)]
    current_password: SecretString,
}

/// A code.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeRequest {
    /// Six digits of the app; where it is on already, or a recovery code.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "287082")]
    code: String,
}

/// A password and a code.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct DisableRequest {
    /// Your password.
    #[schema(value_type = String, max_length = 256, format = Password)]
    current_password: SecretString,
    /// Six digits of the app, or a recovery code.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "287082")]
    code: String,
}

/// How two-factor authentication stands.
#[derive(Serialize, ToSchema)]
#[schema(as = TwoFactor)]
pub(crate) struct TwoFactorDto {
    /// Whether it is on.
    enabled: bool,
    /// Since when.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    enabled_at: Option<Timestamp>,
    /// Recovery codes that were not used yet.
    recovery_codes_left: i64,
    /// Whether the shop requires it of you.
    required: bool,
}

impl From<TwoFactorStatus> for TwoFactorDto {
    fn from(status: TwoFactorStatus) -> Self {
        Self {
            enabled: status.enabled_at.is_some(),
            enabled_at: status.enabled_at,
            recovery_codes_left: status.recovery_codes_left,
            required: status.required,
        }
    }
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
#[schema(as = TwoFactorEnrolment)]
pub(crate) struct EnrolmentDto {
    /// The secret in base 32, to be typed.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: String,
    /// The same as an address, to be shown as a QR code.
    #[schema(
        example = "otpauth://totp/Shop:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Shop"
    )]
    uri: String,
}

impl From<Enrolment> for EnrolmentDto {
    fn from(enrolment: Enrolment) -> Self {
        Self {
            secret: enrolment.secret.expose_secret().to_owned(),
            uri: enrolment.uri.expose_secret().to_owned(),
        }
    }
}

/// Codes that stand in for the app, each once. They are not shown again.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
pub(crate) struct RecoveryCodesDto {
    /// The codes.
    #[schema(example = json!(["4gk2-v9xm-0qtd-h7ce"]))]
    recovery_codes: Vec<String>,
}

/// Counts tries of the signed-in account, besides those from an address.
pub(crate) async fn count(
    state: &ApiState,
    caller: &Caller,
    request: &HttpRequest,
) -> Result<(), ApiError> {
    let (user, _) = caller.0.require_session()?;
    let account = format!("{}/{user}", caller.0.tenant());
    state.limits.count_account(request, &account).await
}

/// Sign in, the second step
///
/// With the token of the first step and a code. Each code works once.
#[utoipa::path(tag = "auth", request_body = CodeLoginRequest, params(
    ("X-Cart-Token" = Option<String>, Header, description = "The token of the guest's cart `cart_id` names."),
), responses(
    (status = 200, description = "Signed in.", body = SessionDto),
))]
#[post("/api/auth/login/2fa")]
pub(crate) async fn login_with_code(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    token: CartToken,
    body: Json<CodeLoginRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    if let Some(account) = state.accounts.challenged(&body.two_factor_token) {
        state.limits.count_account(&request, &account).await?;
    }
    let done = state
        .accounts
        .login_with_code(&caller.0, &body.two_factor_token, &body.code)
        .await?;
    let cart = guest_cart(body.cart_id, token);
    Ok(signed_in(&state, HttpResponse::Ok(), done, body.token_transport, cart).await)
}

/// See how two-factor authentication stands
#[utoipa::path(tag = "two-factor", responses(
    (status = 200, description = "How it stands.", body = TwoFactorDto),
))]
#[get("/api/auth/2fa")]
pub(crate) async fn get_two_factor(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let status = state.accounts.two_factor(&caller.0).await?;
    Ok(HttpResponse::Ok().json(TwoFactorDto::from(status)))
}

/// Begin to turn two-factor authentication on
///
/// Answers a secret for an authenticator app. It counts once a code of it was
/// confirmed; asking again replaces it.
#[utoipa::path(tag = "two-factor", request_body = EnrollRequest, responses(
    (status = 200, description = "The secret, which is not shown again.", body = EnrolmentDto),
))]
#[post("/api/auth/2fa/enroll")]
pub(crate) async fn enroll_two_factor(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    body: Json<EnrollRequest>,
) -> Result<HttpResponse, ApiError> {
    count(&state, &caller, &request).await?;
    let enrolment = state
        .accounts
        .enroll_two_factor(&caller.0, &body.0.current_password)
        .await?;
    Ok(HttpResponse::Ok().json(EnrolmentDto::from(enrolment)))
}

/// Turn two-factor authentication on
///
/// With a first code of the app. Your other sessions end. Keep the recovery
/// codes: they are not shown again.
#[utoipa::path(tag = "two-factor", request_body = CodeRequest, responses(
    (status = 200, description = "It is on.", body = RecoveryCodesDto),
))]
#[post("/api/auth/2fa/confirm")]
pub(crate) async fn confirm_two_factor(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    body: Json<CodeRequest>,
) -> Result<HttpResponse, ApiError> {
    count(&state, &caller, &request).await?;
    let recovery_codes = state
        .accounts
        .confirm_two_factor(&caller.0, &body.0.code)
        .await?;
    Ok(HttpResponse::Ok().json(RecoveryCodesDto { recovery_codes }))
}

/// Turn two-factor authentication off
///
/// Not where the shop requires it of you.
#[utoipa::path(tag = "two-factor", request_body = DisableRequest, responses(
    (status = 204, description = "It is off."),
))]
#[post("/api/auth/2fa/disable")]
pub(crate) async fn disable_two_factor(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    body: Json<DisableRequest>,
) -> Result<HttpResponse, ApiError> {
    count(&state, &caller, &request).await?;
    state
        .accounts
        .disable_two_factor(&caller.0, &body.0.current_password, &body.0.code)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get new recovery codes
///
/// The ones before stop working.
#[utoipa::path(tag = "two-factor", request_body = CodeRequest, responses(
    (status = 200, description = "The new ones, which are not shown again.", body = RecoveryCodesDto),
))]
#[post("/api/auth/2fa/recovery-codes")]
pub(crate) async fn renew_recovery_codes(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    body: Json<CodeRequest>,
) -> Result<HttpResponse, ApiError> {
    count(&state, &caller, &request).await?;
    let recovery_codes = state
        .accounts
        .renew_recovery_codes(&caller.0, &body.0.code)
        .await?;
    Ok(HttpResponse::Ok().json(RecoveryCodesDto { recovery_codes }))
}
