//! Wallets, as those who run the shop see and change them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use credits_model::CreditsError;
use credits_service::{Adjustment, AdminRefund, Grant, WalletFilter};
use kernel::{Timestamp, TransferId, UserId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::money::{MoneyDto, not_nothing, some_money};
use crate::dto::wallet::{ProofDto, TransactionDto, WalletDetailDto, WalletDto};
use crate::dto::wallet_kinds::WalletStatusDto;
use crate::extract::{Caller, Json, List, Listed, Query, id, line, page_request};
use crate::problem::ApiError;
use crate::routes::wallet::TransactionsQuery;
use crate::state::ApiState;

/// Adds the routes of administrators.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_wallets);
    config.service(open_wallet);
    config.service(admin_get_wallet);
    config.service(admin_list_wallet_transactions);
    config.service(verify_wallet);
    config.service(adjust_wallet);
    config.service(grant_credit);
    config.service(refund_wallet_transaction);
    config.service(freeze_wallet);
    config.service(unfreeze_wallet);
}

/// Which wallets, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WalletsQuery {
    /// Only those of that user.
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Only those of that status.
    #[param(inline)]
    status: Option<WalletStatusDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Whose wallet to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenWalletRequest {
    /// Whose.
    #[schema(value_type = String, example = "usr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    user_id: UserId,
}

/// Something to put right.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = WalletAdjustmentRequest)]
pub(crate) struct WalletAdjustmentRequest {
    /// How much more there is to be; negative to take away.
    #[validate(custom(function = "not_nothing"))]
    amount: MoneyDto,
    /// Why; the owner sees it.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "credited twice on 1 March"
    )]
    reason: String,
}

/// Credit to give away.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantRequest {
    /// How much, at least 1.
    #[validate(custom(function = "some_money"))]
    amount: MoneyDto,
    /// When what is left of it expires; never when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Which gift is burned first: the lower one; 50 when absent.
    #[validate(range(min = 0, max = 100))]
    #[schema(minimum = 0, maximum = 100)]
    priority: Option<i64>,
    /// Why; the owner sees it.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "welcome")]
    reason: String,
}

/// A spend to give back.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct WalletRefundRequest {
    /// Which.
    #[schema(value_type = String, example = "txn_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    transaction_id: TransferId,
    /// How much, at least 1; all that is left when absent.
    #[validate(custom(function = "some_money"))]
    amount: Option<MoneyDto>,
    /// Why; the owner sees it.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "the service was down")]
    reason: String,
}

/// List wallets
#[utoipa::path(tag = "admin: wallets", params(WalletsQuery), responses(
    (status = 200, description = "Wallets, newest first.", body = List<WalletDto>),
))]
#[get("/api/admin/wallets")]
pub(crate) async fn list_wallets(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<WalletsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let filter = WalletFilter {
        user: query.0.user_id,
        status: query.0.status.map(Into::into),
    };
    let page = state.credits.wallets(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, WalletDto::from)?.response())
}

/// Make the wallet of a user
///
/// Wallets are made by themselves when credit comes in; this is to give credit
/// to somebody who never had any. A user who has one keeps it.
#[utoipa::path(tag = "admin: wallets", request_body = OpenWalletRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The wallet.", body = WalletDto),
))]
#[post("/api/admin/wallets")]
pub(crate) async fn open_wallet(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<OpenWalletRequest>,
) -> Result<HttpResponse, ApiError> {
    let wallet = state.credits.open_wallet(&caller.0, body.0.user_id).await?;
    let location = format!("/api/admin/wallets/{}", wallet.id);
    Ok(HttpResponse::Created()
        .insert_header(("location", location))
        .json(WalletDto::from(wallet)))
}

/// See a wallet
#[utoipa::path(tag = "admin: wallets", params(("wallet_id" = String, Path, description = "The wallet.")), responses(
    (status = 200, description = "The wallet with its lots and holds.", body = WalletDetailDto),
))]
#[get("/api/admin/wallets/{wallet_id}")]
pub(crate) async fn admin_get_wallet(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let detail = state.credits.wallet(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(WalletDetailDto::from(detail)))
}

/// List what was booked in a wallet
#[utoipa::path(tag = "admin: wallets", params(("wallet_id" = String, Path, description = "The wallet."), TransactionsQuery), responses(
    (status = 200, description = "Transactions, newest first.", body = List<TransactionDto>),
))]
#[get("/api/admin/wallets/{wallet_id}/transactions")]
pub(crate) async fn admin_list_wallet_transactions(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    query: Query<TransactionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let filter = query.0.filter();
    let page = state
        .credits
        .wallet_transactions(&caller.0, id, &filter, &page)
        .await?;
    Ok(Listed::new(&state, &caller.0, &request, page, TransactionDto::from)?.response())
}

/// Prove a wallet
///
/// Adds up its entries, lots and holds and compares them with what is cached.
#[utoipa::path(tag = "admin: wallets", params(("wallet_id" = String, Path, description = "The wallet.")), responses(
    (status = 200, description = "What came of it.", body = ProofDto),
))]
#[get("/api/admin/wallets/{wallet_id}/verify")]
pub(crate) async fn verify_wallet(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let proof = state.credits.verify_wallet(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(ProofDto::from(proof)))
}

/// Put a balance right
///
/// What is added counts as paid for and does not expire; what is taken away
/// has to be available.
#[utoipa::path(tag = "admin: wallets", request_body = WalletAdjustmentRequest, params(
    ("wallet_id" = String, Path, description = "The wallet."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The wallet.", body = WalletDto),
))]
#[post("/api/admin/wallets/{wallet_id}/adjustments")]
pub(crate) async fn adjust_wallet(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<WalletAdjustmentRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let adjustment = Adjustment {
        amount: body.0.amount.into(),
        reason: body.0.reason,
    };
    let wallet = state
        .credits
        .adjust_wallet(&caller.0, id, &adjustment)
        .await?;
    Ok(HttpResponse::Ok().json(WalletDto::from(wallet)))
}

/// Give credit away
///
/// Promotional credit is burned before credit that was paid for.
#[utoipa::path(tag = "admin: wallets", request_body = GrantRequest, params(
    ("wallet_id" = String, Path, description = "The wallet."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The wallet.", body = WalletDto),
))]
#[post("/api/admin/wallets/{wallet_id}/grants")]
pub(crate) async fn grant_credit(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<GrantRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let grant = Grant {
        amount: body.0.amount.into(),
        expires_at: body.0.expires_at,
        priority: body.0.priority,
        reason: body.0.reason,
    };
    let wallet = state.credits.grant_credit(&caller.0, id, &grant).await?;
    Ok(HttpResponse::Ok().json(WalletDto::from(wallet)))
}

/// Give a spend back
///
/// The credit goes back to the lots it was taken from, with the expiry they
/// have; what was paid for comes back before what was given.
#[utoipa::path(tag = "admin: wallets", request_body = WalletRefundRequest, params(
    ("wallet_id" = String, Path, description = "The wallet."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The wallet.", body = WalletDto),
))]
#[post("/api/admin/wallets/{wallet_id}/refunds")]
pub(crate) async fn refund_wallet_transaction(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<WalletRefundRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let refund = AdminRefund {
        transaction: body.0.transaction_id,
        amount: body.0.amount.map(Into::into),
        reason: body.0.reason,
    };
    let wallet = state.credits.refund_spend(&caller.0, id, &refund).await?;
    Ok(HttpResponse::Ok().json(WalletDto::from(wallet)))
}

/// Freeze a wallet
///
/// Its owner can neither spend nor top up. What was promised before is kept:
/// holds are captured, payments that come are credited, credit expires.
#[utoipa::path(tag = "admin: wallets", params(
    ("wallet_id" = String, Path, description = "The wallet."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The wallet.", body = WalletDto),
))]
#[post("/api/admin/wallets/{wallet_id}/freeze")]
pub(crate) async fn freeze_wallet(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let wallet = state.credits.freeze_wallet(&caller.0, id, true).await?;
    Ok(HttpResponse::Ok().json(WalletDto::from(wallet)))
}

/// Let the owner use a wallet again
#[utoipa::path(tag = "admin: wallets", params(
    ("wallet_id" = String, Path, description = "The wallet."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The wallet.", body = WalletDto),
))]
#[post("/api/admin/wallets/{wallet_id}/unfreeze")]
pub(crate) async fn unfreeze_wallet(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::WalletNotFound)?;
    let wallet = state.credits.freeze_wallet(&caller.0, id, false).await?;
    Ok(HttpResponse::Ok().json(WalletDto::from(wallet)))
}
