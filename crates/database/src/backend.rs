//! Which database it is, and how its connections are opened.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Duration;

use config::PoolMode;
use kernel::Fault;
use secrecy::ExposeSecret as _;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use crate::fault::driver_fault;

/// The two databases Sutler runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Embedded, one file.
    Sqlite,
    /// A server.
    Postgres,
}

impl From<Backend> for sea_orm::DbBackend {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite,
            Backend::Postgres => Self::Postgres,
        }
    }
}

/// What start-up found out about the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Which database.
    pub backend: Backend,
    /// Its version, as it says.
    pub version: String,
}

/// How to open connections.
#[derive(Clone)]
pub(crate) enum Opener {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

impl Opener {
    pub(crate) fn new(settings: &config::Database) -> Result<Self, Fault> {
        let url = settings.url.expose_secret();
        if url.starts_with("sqlite:") {
            sqlite(url).map(|options| Self::Sqlite(Box::new(options)))
        } else {
            postgres(url, settings).map(|options| Self::Postgres(Box::new(options)))
        }
    }

    pub(crate) fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    pub(crate) async fn open_sqlite(
        options: &SqliteConnectOptions,
        read_only: bool,
    ) -> Result<SqliteConnection, sqlx::Error> {
        let mut options = options.clone();
        if read_only {
            options = options.pragma("query_only", "ON");
        }
        options.connect().await
    }

    pub(crate) async fn open_postgres(
        options: &PgConnectOptions,
    ) -> Result<PgConnection, sqlx::Error> {
        options.connect().await
    }
}

/// The file of the embedded database, if it has to be created first; creates
/// nothing.
pub fn missing_file(settings: &config::Database) -> Result<Option<PathBuf>, Fault> {
    let url = settings.url.expose_secret();
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    let file = parsed(url)?.get_filename().to_owned();
    Ok((!file.exists()).then_some(file))
}

/// The file of the embedded database, which is created with its folder if it
/// is not there; none on PostgreSQL.
pub fn file(settings: &config::Database) -> Result<Option<PathBuf>, Fault> {
    Ok(match Opener::new(settings)? {
        Opener::Sqlite(options) => Some(options.get_filename().to_owned()),
        Opener::Postgres(_) => None,
    })
}

fn parsed(url: &str) -> Result<SqliteConnectOptions, Fault> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(Fault::permanent(
            "DATABASE_URL names a database in memory, which ends with the connection that made its tables; \
             name a file, such as sqlite://data/sutler.db",
        ));
    }
    SqliteConnectOptions::from_str(url)
        .map_err(|error| driver_fault("DATABASE_URL is not a SQLite URL", &error))
}

fn sqlite(url: &str) -> Result<SqliteConnectOptions, Fault> {
    let options = parsed(url)?;
    if let Some(folder) = options.get_filename().parent() {
        config::create_private_folder(folder).map_err(|error| {
            Fault::permanent(format!("create the folder {}", folder.display())).caused_by(error)
        })?;
        // SQLite gives its other files the permissions of this one.
        let file = options.get_filename();
        config::create_private_file(file).map_err(|error| {
            Fault::permanent(format!("create the file {}", file.display())).caused_by(error)
        })?;
    }
    Ok(options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(256)
        .disable_statement_logging())
}

fn postgres(url: &str, settings: &config::Database) -> Result<PgConnectOptions, Fault> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| driver_fault("DATABASE_URL is not a PostgreSQL URL", &error))?
        .application_name("sutler")
        .disable_statement_logging();
    if settings.pool_mode == PoolMode::Transaction {
        // A pooler refuses start-up options and mixes up named statements.
        return Ok(options.statement_cache_capacity(0));
    }
    let timeout = settings.statement_timeout.as_millis().to_string();
    Ok(options.statement_cache_capacity(512).options([
        ("statement_timeout", timeout.as_str()),
        // A transaction of a request never waits for its client.
        ("idle_in_transaction_session_timeout", "30000"),
        ("lock_timeout", "10000"),
        // LIMIT is a parameter; without this every execution plans anew.
        ("plan_cache_mode", "force_generic_plan"),
    ]))
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn a_database_in_memory_is_refused() {
        for url in [
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite://x?mode=memory",
        ] {
            let fault = parsed(url).unwrap_err();
            assert!(
                fault.chain().contains("name a file"),
                "{url}: {}",
                fault.chain()
            );
        }
        assert!(parsed("sqlite://data/sutler.db").is_ok());
    }
}
