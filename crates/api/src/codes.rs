//! Every stable error code, for the checked-in list.

use accounts_model::AccountsErrorCode;
use catalog_model::CatalogErrorCode;
use orders_model::OrdersErrorCode;
use queue::QueueErrorCode;
use strum::IntoEnumIterator as _;

use crate::problem::RequestErrorCode;

/// Every stable error code there is, sorted.
pub fn all() -> Vec<&'static str> {
    let mut codes: Vec<&'static str> = RequestErrorCode::iter()
        .map(RequestErrorCode::code)
        .chain(AccountsErrorCode::iter().map(AccountsErrorCode::code))
        .chain(CatalogErrorCode::iter().map(CatalogErrorCode::code))
        .chain(OrdersErrorCode::iter().map(OrdersErrorCode::code))
        .chain(QueueErrorCode::iter().map(QueueErrorCode::code))
        // What every domain shares: access, idempotency and faults.
        .chain([
            "auth.required",
            "auth.forbidden",
            "auth.users_only",
            "idempotency.key_reused",
            "idempotency.in_progress",
            "internal",
            "unavailable",
        ])
        .filter(|code| !code.is_empty())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
