//! Registration, signing in and out, mailed links.

use accounts_service::{LoggedIn, Login, Registration, SignedIn};
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::{CartId, Scope};
use orders_service::CartKey;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::user::{MeDto, SecondStepDto, SessionDto, TokenTransport};
use crate::extract::{Caller, CartToken, Json, MaybeJson, language, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// The cookie that holds the refresh token.
const COOKIE: &str = "sutler_refresh";
/// Where the cookie is sent.
const COOKIE_PATH: &str = "/api/auth";

/// An account to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterRequest {
    /// The address to sign in with.
    #[validate(length(min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, format = Email, example = "ada@example.com")]
    email: String,
    /// 10 to 256 characters; long beats complicated.
    #[schema(value_type = String, min_length = 10, max_length = 256, format = Password, example = "correct horse battery")]
    password: SecretString,
    /// What to call you.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Ada Lovelace")]
    name: String,
    /// Your language, as a BCP 47 tag.
    #[validate(custom(function = "language"), length(min = 2, max = 35))]
    #[schema(min_length = 2, max_length = 35, example = "de")]
    locale: Option<String>,
    /// How the refresh token travels.
    #[serde(default)]
    token_transport: TokenTransport,
    /// A guest's cart to take along; its token goes into `X-Cart-Token`.
    #[schema(value_type = Option<String>)]
    cart_id: Option<CartId>,
}

/// What to sign in with.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The address.
    #[validate(length(min = 1, max = 254))]
    #[schema(min_length = 1, max_length = 254, example = "ada@example.com")]
    email: String,
    /// The password.
    #[schema(value_type = String, max_length = 256, format = Password)]
    password: SecretString,
    /// How the refresh token travels.
    #[serde(default)]
    token_transport: TokenTransport,
    /// A guest's cart to take along; its token goes into `X-Cart-Token`.
    #[schema(value_type = Option<String>)]
    cart_id: Option<CartId>,
}

/// A refresh token, unless it is in the cookie.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// The refresh token.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<SecretString>,
}

/// A token from a mail.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// The token.
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    token: String,
}

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotRequest {
    /// The address.
    #[validate(length(min = 3, max = 254))]
    #[schema(min_length = 3, max_length = 254, example = "ada@example.com")]
    email: String,
}

/// A new password, with a token from a mail.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetRequest {
    /// The token.
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    token: String,
    /// The new password, 10 to 256 characters.
    #[schema(value_type = String, min_length = 10, max_length = 256, format = Password)]
    password: SecretString,
}

/// The response of everything that signs somebody in.
pub(crate) async fn signed_in(
    state: &ApiState,
    mut response: actix_web::HttpResponseBuilder,
    signed_in: SignedIn,
    transport: TokenTransport,
    guest_cart: Option<CartKey>,
) -> HttpResponse {
    let cart = merge(state, &signed_in.scope, guest_cart).await;
    if transport == TokenTransport::Cookie {
        let tokens = &signed_in.tokens;
        let seconds = i64::try_from(tokens.refresh_ttl.as_secs()).unwrap_or(i64::MAX);
        let kept = tokens.persistent.then(|| time::Duration::seconds(seconds));
        response.cookie(cookie(tokens.refresh.expose_secret().to_owned(), kept));
    }
    let dto = SessionDto::new(signed_in.user, &signed_in.tokens, transport, cart);
    response.json(dto)
}

/// Takes a guest's cart along. That it cannot be taken is no reason not to
/// sign in.
async fn merge(state: &ApiState, scope: &Scope, guest: Option<CartKey>) -> Option<CartId> {
    let guest = guest?;
    match state.orders.merge_cart(scope, &guest).await {
        Ok(answer) => Some(answer.priced.cart.id),
        Err(error) => {
            tracing::info!(%error, "a guest's cart could not be taken along");
            None
        }
    }
}

pub(crate) fn guest_cart(id: Option<CartId>, token: CartToken) -> Option<CartKey> {
    id.map(|id| CartKey { id, token: token.0 })
}

/// Without an age, a browser forgets it when it is closed.
fn cookie(value: String, max_age: Option<time::Duration>) -> Cookie<'static> {
    let cookie = Cookie::build(COOKIE, value)
        .path(COOKIE_PATH)
        .http_only(true)
        .secure(true)
        .same_site(SameSite::Strict);
    match max_age {
        Some(max_age) => cookie.max_age(max_age).finish(),
        None => cookie.finish(),
    }
}

/// Counts tries for an account, besides those from an address.
async fn count_account(
    state: &ApiState,
    scope: &Scope,
    request: &HttpRequest,
    email: &str,
) -> Result<(), ApiError> {
    let email = kernel::email::normal(email).unwrap_or_else(|| email.trim().to_lowercase());
    let account = format!("{}/{email}", scope.tenant());
    state.limits.count_account(request, &account).await
}

/// Make an account
///
/// Signs the new account in, and mails a link that proves the address.
#[utoipa::path(tag = "auth", request_body = RegisterRequest, params(
    ("X-Cart-Token" = Option<String>, Header, description = "The token of the guest's cart `cart_id` names."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The account is there and signed in.", body = SessionDto),
))]
#[post("/api/auth/register")]
pub(crate) async fn register(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    token: CartToken,
    body: Json<RegisterRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    count_account(&state, &caller.0, &request, &body.email).await?;
    let registration = Registration {
        email: body.email,
        password: body.password,
        name: body.name,
        locale: body.locale,
    };
    let done = state.accounts.register(&caller.0, registration).await?;
    let cart = guest_cart(body.cart_id, token);
    Ok(signed_in(
        &state,
        HttpResponse::Created(),
        done,
        body.token_transport,
        cart,
    )
    .await)
}

/// Sign in
///
/// For accounts with two-factor authentication the answer is 202 and a token
/// for `POST /api/auth/login/2fa`, which takes it with a code.
#[utoipa::path(tag = "auth", request_body = LoginRequest, params(
    ("X-Cart-Token" = Option<String>, Header, description = "The token of the guest's cart `cart_id` names."),
), responses(
    (status = 200, description = "Signed in.", body = SessionDto),
    (status = 202, description = "The password is right; a code is wanted.", body = SecondStepDto),
))]
#[post("/api/auth/login")]
pub(crate) async fn login(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    token: CartToken,
    body: Json<LoginRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    count_account(&state, &caller.0, &request, &body.email).await?;
    let login = Login {
        email: body.email,
        password: body.password,
    };
    let done = match state.accounts.login(&caller.0, login).await? {
        LoggedIn::Done(done) => *done,
        LoggedIn::SecondStep(step) => {
            return Ok(HttpResponse::Accepted().json(SecondStepDto::from(step)));
        }
    };
    let cart = guest_cart(body.cart_id, token);
    Ok(signed_in(&state, HttpResponse::Ok(), done, body.token_transport, cart).await)
}

/// The refresh token of a request, and how it travels.
fn presented(
    request: &HttpRequest,
    body: RefreshRequest,
) -> (Option<SecretString>, TokenTransport) {
    match (body.refresh_token, request.cookie(COOKIE)) {
        (Some(token), _) => (Some(token), TokenTransport::Body),
        (None, Some(cookie)) => (
            Some(SecretString::from(cookie.value())),
            TokenTransport::Cookie,
        ),
        (None, None) => (None, TokenTransport::Body),
    }
}

/// Get the next tokens
///
/// Each refresh token works once. A second use ends the session, because then
/// somebody has a copy; within a few seconds it is answered 409 instead, since
/// it is more likely that two tabs asked at once.
#[utoipa::path(tag = "auth", request_body(content = Option<RefreshRequest>, description = "Leave it out when the token is in the cookie."), responses(
    (status = 200, description = "The next tokens.", body = SessionDto),
))]
#[post("/api/auth/refresh")]
pub(crate) async fn refresh(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    body: MaybeJson<RefreshRequest>,
) -> Result<HttpResponse, ApiError> {
    let (token, transport) = presented(&request, body.0);
    let token = token.ok_or(accounts_model::AccountsError::InvalidRefreshToken)?;
    let done = state.accounts.refresh(&caller.0, &token).await?;
    Ok(signed_in(&state, HttpResponse::Ok(), done, transport, None).await)
}

/// Sign out
///
/// Ends the session of the access token and that of the refresh token. Signing
/// out twice is no error.
#[utoipa::path(tag = "auth", request_body(content = Option<RefreshRequest>, description = "Leave it out when the token is in the cookie."), responses(
    (status = 204, description = "Signed out."),
))]
#[post("/api/auth/logout")]
pub(crate) async fn logout(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    body: MaybeJson<RefreshRequest>,
) -> Result<HttpResponse, ApiError> {
    let (token, _) = presented(&request, body.0);
    state.accounts.logout(&caller.0, token.as_ref()).await?;
    Ok(HttpResponse::NoContent()
        .cookie(cookie(String::new(), Some(time::Duration::ZERO)))
        .finish())
}

/// See who is signed in
#[utoipa::path(tag = "auth", responses(
    (status = 200, description = "The account and what it may do.", body = MeDto),
))]
#[get("/api/auth/me")]
pub(crate) async fn me(state: Data<ApiState>, caller: Caller) -> Result<HttpResponse, ApiError> {
    let user = state.accounts.me(&caller.0).await?;
    Ok(HttpResponse::Ok().json(MeDto::new(user, &caller.0)))
}

/// Prove an address
///
/// With the token from the mail.
#[utoipa::path(tag = "auth", request_body = TokenRequest, responses(
    (status = 204, description = "The address is proven."),
))]
#[post("/api/auth/verify-email")]
pub(crate) async fn verify_email(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<TokenRequest>,
) -> Result<HttpResponse, ApiError> {
    state
        .accounts
        .verify_email(&caller.0, &body.0.token)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Have the link that proves the address mailed again
#[utoipa::path(tag = "auth", responses(
    (status = 202, description = "The mail is on its way, unless the address is proven."),
))]
#[post("/api/auth/verify-email/request")]
pub(crate) async fn request_verification(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    state.accounts.request_verification(&caller.0).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Have a link mailed to set a new password
///
/// Answers the same whether there is such an account or not.
#[utoipa::path(tag = "auth", request_body = ForgotRequest, responses(
    (status = 202, description = "If there is such an account, a mail is on its way."),
))]
#[post("/api/auth/password/forgot")]
pub(crate) async fn forgot_password(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ForgotRequest>,
) -> Result<HttpResponse, ApiError> {
    state
        .accounts
        .forgot_password(&caller.0, &body.0.email)
        .await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Set a new password
///
/// With the token from the mail. All sessions of the account end.
#[utoipa::path(tag = "auth", request_body = ResetRequest, responses(
    (status = 204, description = "The password is set."),
))]
#[post("/api/auth/password/reset")]
pub(crate) async fn reset_password(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ResetRequest>,
) -> Result<HttpResponse, ApiError> {
    state
        .accounts
        .reset_password(&caller.0, &body.0.token, &body.0.password)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
