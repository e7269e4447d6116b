//! One's own wallet.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, patch};
use credits_model::transfer::Transaction;
use credits_service::TransactionFilter;
use futures::{StreamExt as _, stream};
use kernel::cell::neutralise;
use kernel::{Fault, Money, PageRequest, Timestamp};
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::admin::{gift_cards as admin_gift_cards, top_ups as admin_top_ups, wallets};
use super::downloads::{CsvFile, attachment, broken};
use super::{auto_top_ups, gift_cards, top_ups};
use crate::app::Routes;
use crate::dto::money::{MoneyDto, some_money};
use crate::dto::patch::removable;
use crate::dto::wallet::{OwnWalletDto, TransactionDto};
use crate::dto::wallet_kinds::TransferKindDto;
use crate::extract::{Caller, Json, List, Listed, Query, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What credits add to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[
        ("wallet", "One's own credit"),
        ("admin: wallets", "The credit of customers"),
    ],
    routes,
    codes: || {
        credits_model::CreditsErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn routes(config: &mut Routes) {
    config.service(get_wallet);
    config.service(patch_wallet);
    config.service(export_wallet_transactions);
    config.service(list_wallet_transactions);
    auto_top_ups::routes(config);
    top_ups::routes(config);
    admin_top_ups::routes(config);
    gift_cards::routes(config);
    admin_gift_cards::routes(config);
    wallets::routes(config);
}

/// How many transactions of an export are in memory at once.
const AT_ONCE: u64 = 500;

/// What to change of one's wallet.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct WalletPatch {
    /// Below which balance `wallet.low_balance` is published; null for never.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "some_money"))]
    #[schema(value_type = Option<MoneyDto>)]
    low_balance_threshold: Option<Option<MoneyDto>>,
}

/// Which transactions, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransactionsQuery {
    /// Only those of a type.
    #[param(inline)]
    #[serde(rename = "type")]
    kind: Option<TransferKindDto>,
    /// Only those from then on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only those before then.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u64>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl TransactionsQuery {
    /// Which transactions.
    pub(crate) fn filter(&self) -> TransactionFilter {
        TransactionFilter {
            kind: self.kind.map(Into::into),
            from: self.from,
            to: self.to,
        }
    }
}

/// Which transactions.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransactionExportQuery {
    /// Only those of a type.
    #[param(inline)]
    #[serde(rename = "type")]
    kind: Option<TransferKindDto>,
    /// Only those from then on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only those before then.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// See your wallet
///
/// It is in the currency of the shop; one credit is one minor unit of it.
#[utoipa::path(tag = "wallet", responses(
    (status = 200, description = "Your wallet.", body = OwnWalletDto),
))]
#[get("/api/wallet")]
pub(crate) async fn get_wallet(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let own = state.credits.own_wallet(&caller.0).await?;
    Ok(HttpResponse::Ok().json(OwnWalletDto::from(own)))
}

/// Change your wallet
#[utoipa::path(tag = "wallet", request_body = WalletPatch, responses(
    (status = 200, description = "Your wallet.", body = OwnWalletDto),
))]
#[patch("/api/wallet")]
pub(crate) async fn patch_wallet(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<WalletPatch>,
) -> Result<HttpResponse, ApiError> {
    let Some(threshold) = body.0.low_balance_threshold else {
        let own = state.credits.own_wallet(&caller.0).await?;
        return Ok(HttpResponse::Ok().json(OwnWalletDto::from(own)));
    };
    let threshold = threshold.map(Money::from);
    let wallet = state.credits.change_threshold(&caller.0, threshold).await?;
    Ok(HttpResponse::Ok().json(OwnWalletDto::from(&wallet)))
}

/// List what was booked in your wallet
#[utoipa::path(tag = "wallet", params(TransactionsQuery), responses(
    (status = 200, description = "Transactions, newest first.", body = List<TransactionDto>),
))]
#[get("/api/wallet/transactions")]
pub(crate) async fn list_wallet_transactions(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<TransactionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let filter = query.0.filter();
    let page = state
        .credits
        .own_transactions(&caller.0, &filter, &page)
        .await?;
    Ok(Listed::new(&state, &caller.0, &request, page, TransactionDto::from)?.response())
}

/// Export what was booked in your wallet as CSV
///
/// Newest first, as a stream. When the export breaks off, so does the
/// connection.
#[utoipa::path(tag = "wallet", params(TransactionExportQuery), responses(
    (status = 200, description = "One row for each transaction.", body = CsvFile, content_type = "text/csv"),
))]
#[get("/api/wallet/transactions/export")]
pub(crate) async fn export_wallet_transactions(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<TransactionExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let filter = TransactionFilter {
        kind: query.0.kind.map(Into::into),
        from: query.0.from,
        to: query.0.to,
    };
    let page = PageRequest::first(AT_ONCE);
    // The first part now, so that refusals are answered as such.
    let first = state
        .credits
        .own_transactions(&caller.0, &filter, &page)
        .await?;
    let begun = stream::iter([Ok::<_, std::io::Error>(table(&first.items, true)?)]);
    let scope = caller.0;
    let rest = stream::try_unfold(first.next, move |after: Option<i64>| {
        let (state, scope, filter) = (state.clone(), scope.clone(), filter.clone());
        async move {
            if after.is_none() {
                return Ok(None);
            }
            let page = PageRequest {
                after,
                limit: AT_ONCE,
            };
            let part = state
                .credits
                .own_transactions(&scope, &filter, &page)
                .await
                .map_err(|error| broken(&error))?;
            let rows = table(&part.items, false).map_err(|fault| broken(&fault))?;
            Ok(Some((rows, part.next)))
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header(attachment("transactions.csv"))
        .content_type("text/csv; charset=utf-8")
        .streaming(begun.chain(rest)))
}

/// The heads of the columns.
const HEAD: [&str; 9] = [
    "sequence",
    "id",
    "created_at",
    "type",
    "reference",
    "amount",
    "balance_after",
    "currency",
    "reason",
];

fn table(transactions: &[Transaction], with_head: bool) -> Result<Bytes, Fault> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let failed = |error: csv::Error| Fault::permanent("write a row").caused_by(error);
    if with_head {
        writer.write_record(HEAD).map_err(failed)?;
    }
    for one in transactions {
        let kind: &'static str = one.kind.into();
        let record = [
            one.sequence.to_string(),
            one.id.to_string(),
            one.created_at.to_string(),
            kind.to_owned(),
            neutralise(&one.reference).into_owned(),
            one.amount.decimal(),
            one.balance_after.decimal(),
            one.amount.currency.code().to_owned(),
            neutralise(one.reason.as_deref().unwrap_or_default()).into_owned(),
        ];
        writer.write_record(record).map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|_| Fault::permanent("write a table"))?;
    Ok(bytes.into())
}
