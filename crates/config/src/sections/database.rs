//! The database.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use strum::{EnumString, VariantNames};

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::{Choice, Secret};

/// What stands between us and PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum PoolMode {
    /// Connections are ours alone.
    Session,
    /// A pooler hands out a connection for each transaction.
    Transaction,
}

impl Choice for PoolMode {}

/// The database.
#[derive(Debug, Clone)]
pub struct Database {
    /// Which.
    pub url: Secret,
    /// The same database as the role that owns the tables.
    pub owner_url: Option<Secret>,
    /// Connections at most.
    pub max_connections: NonZeroU32,
    /// Whether a pooler stands in between.
    pub pool_mode: PoolMode,
    /// How long start-up waits for a server that takes no connections yet.
    pub start_timeout: Duration,
    /// How long to wait for a free connection.
    pub acquire_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
    /// Whether `serve` and `worker` migrate at start-up.
    pub auto_migrate: bool,
}

pub(crate) fn read(r: &mut Reader, data_dir: &Path) -> Database {
    Database {
        url: r.following(
            "database.url",
            "sqlite://./data/sutler.db",
            sqlite_in(data_dir),
            "The database: `sqlite://path` or `postgres://user:password@host/name` (PostgreSQL 15 or later); unless it is set, `sutler.db` in DATA_DIR.",
        ),
        owner_url: r.optional(
            "database.owner_url",
            "postgres://owner:password@127.0.0.1/sutler",
            "The same PostgreSQL database as the role that owns the tables; used by `sutler migrate`, which also sets up the role of DATABASE_URL.",
        ),
        max_connections: r.value(
            "database.max_connections",
            "16",
            "Connections at most, for each process; 1 to 10000. Idle ones are closed after 10 minutes.",
        ),
        pool_mode: r.value(
            "database.pool_mode",
            "session",
            "`transaction` when a pooler such as PgBouncer hands out a connection for each transaction.",
        ),
        start_timeout: r.value(
            "database.start_timeout",
            "15s",
            "How long start-up waits for a PostgreSQL that does not take connections yet; 0s to 10m.",
        ),
        acquire_timeout: r.value(
            "database.acquire_timeout",
            "5s",
            "How long a request waits for a free connection before it answers 503; 100ms to 1m.",
        ),
        statement_timeout: r.value(
            "database.statement_timeout",
            "15s",
            "How long PostgreSQL lets a statement run.",
        ),
        auto_migrate: r.value(
            "database.auto_migrate",
            "true",
            "Whether `serve` and `worker` migrate at start-up; turn it off where `sutler migrate up` runs apart.",
        ),
    }
}

/// The URL of the embedded database in a folder.
fn sqlite_in(folder: &Path) -> Secret {
    // What would mean something in a URL.
    let path = folder.join("sutler.db").display().to_string();
    let path = path.replace('%', "%25").replace('?', "%3F");
    Secret::from(format!("sqlite://{path}"))
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    let url = s.database.url.expose_secret();
    let postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if !postgres && !url.starts_with("sqlite:") {
        r.mistake(
            "database.url",
            "a URL of another kind (hidden because it may hold a password)",
            "one that starts with sqlite:// or postgres://",
        );
    }
    if let Some(owner) = &s.database.owner_url {
        let owner = owner.expose_secret();
        if !postgres || !(owner.starts_with("postgres://") || owner.starts_with("postgresql://")) {
            r.mistake(
                "database.owner_url",
                "a URL",
                "a PostgreSQL URL, and DATABASE_URL to be one too",
            );
        }
    }
}
