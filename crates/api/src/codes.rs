//! Every stable error code, for the checked-in list.

use crate::modules::MODULES;

/// What every domain shares: access, idempotency and faults.
const SHARED: &[&str] = &[
    "auth.required",
    "auth.forbidden",
    "auth.users_only",
    "idempotency.key_reused",
    "idempotency.in_progress",
    "internal",
    "unavailable",
];

/// Every stable error code there is, sorted.
pub fn all() -> Vec<&'static str> {
    let mut codes: Vec<&'static str> = MODULES
        .iter()
        .flat_map(|module| (module.codes)())
        .chain(SHARED.iter().copied())
        .filter(|code| !code.is_empty())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
