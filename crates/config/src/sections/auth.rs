//! Accounts and sessions.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::reader::Reader;
use crate::settings::Settings;

/// Accounts and sessions.
#[derive(Debug, Clone)]
pub struct Auth {
    /// How long an access token is good.
    pub access_ttl: Duration,
    /// How long a refresh token is good.
    pub refresh_ttl: Duration,
    /// After which time without a request the session of somebody who may do
    /// more than use their own account ends.
    pub admin_idle: Duration,
    /// After which time it ends in any case.
    pub admin_session_ttl: Duration,
    /// Within which time a second use of a refresh token is taken for a race.
    pub refresh_leeway: Duration,
    /// Password hashes computed at the same time.
    pub hash_concurrency: NonZeroUsize,
    /// Memory of a password hash, in KiB.
    pub hash_memory_kib: NonZeroU32,
    /// Passes of a password hash.
    pub hash_iterations: NonZeroU32,
    /// Whether anybody may register.
    pub registration_open: bool,
}

pub(crate) fn read(r: &mut Reader) -> Auth {
    Auth {
        access_ttl: r.value(
            "auth.access_ttl",
            "15m",
            "How long an access token is good; 1m to 24h.",
        ),
        refresh_ttl: r.value(
            "auth.refresh_ttl",
            "7d",
            "How long a refresh token is good; more than AUTH_ACCESS_TTL.",
        ),
        admin_idle: r.value(
            "auth.admin_idle",
            "30m",
            "After which time without a request the session of a manager, administrator or operator ends; 5m to 24h.",
        ),
        admin_session_ttl: r.value(
            "auth.admin_session_ttl",
            "12h",
            "After which time it ends in any case; AUTH_ADMIN_IDLE to 30d.",
        ),
        refresh_leeway: r.value(
            "auth.refresh_leeway",
            "10s",
            "Within which time a second use of a refresh token is answered 409 (two tabs at once) instead of ending the session as stolen; 0s to 1m.",
        ),
        hash_concurrency: r.value(
            "auth.hash_concurrency",
            "2",
            "Password hashes computed at the same time; each takes AUTH_HASH_MEMORY_KIB.",
        ),
        hash_memory_kib: r.value(
            "auth.hash_memory_kib",
            "19456",
            "Memory of an argon2id hash in KiB; 19456 to 1048576.",
        ),
        hash_iterations: r.value(
            "auth.hash_iterations",
            "2",
            "Passes of an argon2id hash; 2 to 100.",
        ),
        registration_open: r.value(
            "auth.registration_open",
            "true",
            "Whether anybody may register an account.",
        ),
    }
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    if !(Duration::from_mins(1)..=Duration::from_hours(24)).contains(&s.auth.access_ttl) {
        r.mistake(
            "auth.access_ttl",
            &format!("{:?}", s.auth.access_ttl),
            "1m to 24h",
        );
    }
    if s.auth.refresh_ttl <= s.auth.access_ttl {
        r.mistake(
            "auth.refresh_ttl",
            &format!("{:?}", s.auth.refresh_ttl),
            "more than AUTH_ACCESS_TTL",
        );
    }
    if !(Duration::from_mins(5)..=Duration::from_hours(24)).contains(&s.auth.admin_idle) {
        r.mistake(
            "auth.admin_idle",
            &format!("{:?}", s.auth.admin_idle),
            "5m to 24h",
        );
    }
    if !(s.auth.admin_idle..=Duration::from_hours(720)).contains(&s.auth.admin_session_ttl) {
        r.mistake(
            "auth.admin_session_ttl",
            &format!("{:?}", s.auth.admin_session_ttl),
            "AUTH_ADMIN_IDLE to 30d",
        );
    }
    if !(19_456..=1_048_576).contains(&s.auth.hash_memory_kib.get()) {
        r.mistake(
            "auth.hash_memory_kib",
            &s.auth.hash_memory_kib.to_string(),
            "19456 to 1048576",
        );
    }
    if !(2..=100).contains(&s.auth.hash_iterations.get()) {
        r.mistake(
            "auth.hash_iterations",
            &s.auth.hash_iterations.to_string(),
            "2 to 100",
        );
    }
}
