//! The pools of connections.
//!
//! They are deadpool's, over sqlx's connections: sqlx's own pool pings the
//! server whenever a connection comes back, which costs 40 % of the reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use config::PoolMode;
use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult};
use kernel::secret::Sealer;
use kernel::{Fault, Scope};
use sea_orm::FromQueryResult;
use sqlx::{AssertSqlSafe, Row as _};

use crate::backend::{Backend, Checked, Opener};
use crate::connection::{AfterUse, Confinement, Connection, Raw};
use crate::fault::driver_fault;
use crate::held::expect_no_connection_held;
use crate::scoped::Scoped;
use crate::system::SystemTransaction;
use crate::transaction::Transaction;

pub(crate) type Pooled = Object<Manager>;

/// A connection that rested this long is tried before it is handed out.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// Opens connections for a pool and checks the ones that come back.
pub(crate) struct Manager {
    opener: Opener,
    round_trips: Arc<AtomicU64>,
    read_only: bool,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<Connection, sqlx::Error> {
        let raw = match &self.opener {
            Opener::Sqlite(options) => {
                Raw::Sqlite(Opener::open_sqlite(options, self.read_only).await?)
            }
            Opener::Postgres(options) => Raw::Postgres(Opener::open_postgres(options).await?),
        };
        Ok(Connection::new(raw, self.round_trips.clone()))
    }

    async fn recycle(
        &self,
        connection: &mut Connection,
        metrics: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        if connection.after_use() != AfterUse::Reuse {
            return Err(RecycleError::message("was left in the middle of something"));
        }
        if metrics.last_used() > PING_AFTER_IDLE {
            connection.ping().await?;
        }
        Ok(())
    }
}

#[derive(FromQueryResult)]
struct MigrationRow {
    version: String,
}

#[derive(FromQueryResult)]
struct NowRow {
    micros: i64,
}

struct Inner {
    backend: Backend,
    round_trips: Arc<AtomicU64>,
    opener: Opener,
    readers: managed::Pool<Manager>,
    writers: managed::Pool<Manager>,
    pool_mode: PoolMode,
    pub(crate) sealer: Sealer,
}

/// The database of this process. Cheap to clone.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

/// How busy the connections are.
#[derive(Debug, Clone, Copy)]
pub struct PoolStatus {
    /// Connections that are open.
    pub open: usize,
    /// Connections that wait for work.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
    /// Connections at most.
    pub limit: usize,
}

impl Database {
    /// Opens the pools. No connection is made yet; [`Database::check`] does.
    pub fn open(settings: &config::Database, sealer: Sealer) -> Result<Self, Fault> {
        let opener = Opener::new(settings)?;
        let backend = opener.backend();
        let limit = usize::try_from(settings.max_connections.get()).unwrap_or(usize::MAX);
        let round_trips: Arc<AtomicU64> = Arc::default();
        let build = |limit: usize, read_only: bool| {
            let manager = Manager {
                opener: opener.clone(),
                round_trips: round_trips.clone(),
                read_only,
            };
            managed::Pool::builder(manager)
                .max_size(limit)
                .wait_timeout(Some(settings.acquire_timeout))
                .create_timeout(Some(settings.acquire_timeout))
                .recycle_timeout(Some(settings.acquire_timeout))
                .runtime(deadpool::Runtime::Tokio1)
                .build()
                .map_err(|error| Fault::permanent("build the pool").caused_by(error))
        };
        let (readers, writers) = match backend {
            // SQLite has one writer at a time; queueing for it here is fairer
            // than its busy handler.
            Backend::Sqlite => (build(limit, true)?, build(1, false)?),
            Backend::Postgres => {
                let pool = build(limit, false)?;
                (pool.clone(), pool)
            }
        };
        Ok(Self(Arc::new(Inner {
            backend,
            opener,
            round_trips,
            readers,
            writers,
            pool_mode: settings.pool_mode,
            sealer,
        })))
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    /// Connects and checks the version: SQLite 3.51.3 or later (earlier ones
    /// have a WAL bug that can lose a commit), PostgreSQL 15 or later.
    pub async fn check(&self) -> Result<Checked, Fault> {
        let backend = self.0.backend;
        let sql = match backend {
            Backend::Sqlite => "SELECT sqlite_version() AS version",
            Backend::Postgres => "SELECT current_setting('server_version') AS version",
        };
        let mut connection = self.acquire(&self.0.writers).await?;
        let statement = sea_orm::Statement {
            sql: sql.to_owned(),
            values: None,
            db_backend: backend.into(),
        };
        let rows = connection
            .fetch_all(&statement)
            .await
            .map_err(crate::fault::fault)?;
        let version: String = rows
            .first()
            .ok_or_else(|| Fault::permanent("the database told no version"))?
            .try_get("", "version")
            .map_err(crate::fault::fault)?;
        let least: &[u32] = match backend {
            Backend::Sqlite => &[3, 51, 3],
            Backend::Postgres => &[15],
        };
        if !at_least(&version, least) {
            return Err(Fault::permanent(format!(
                "{backend:?} {version} is too old; {} or later is needed",
                least
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(".")
            )));
        }
        Ok(Checked { backend, version })
    }

    async fn acquire(&self, pool: &managed::Pool<Manager>) -> Result<Pooled, Fault> {
        pool.get().await.map_err(|error| match error {
            managed::PoolError::Backend(error) => driver_fault("connect to the database", error),
            other => Fault::transient("wait for a database connection").caused_by(other),
        })
    }

    /// A handle for reads in a scope.
    pub async fn read(&self, scope: &Scope) -> Result<Scoped, Fault> {
        expect_no_connection_held("a read");
        let mut connection = self.acquire(&self.0.readers).await?;
        let tenant = scope.tenant();
        let in_transaction =
            self.0.backend == Backend::Postgres && self.0.pool_mode == PoolMode::Transaction;
        if in_transaction {
            connection.begin(Confinement::Tenant(tenant), true).await
        } else {
            connection.bind_session(tenant).await
        }
        .map_err(|error| driver_fault("begin to read", error))?;
        Ok(Scoped::new(connection, self.0.backend, Some(tenant)))
    }

    /// Runs a write that is one statement, as a transaction of its own, which
    /// saves two round trips; the number of rows it touched.
    pub async fn write_one(
        &self,
        scope: &Scope,
        name: &'static str,
        (sql, values): (impl AsRef<str> + Send, Vec<sea_orm::Value>),
    ) -> Result<u64, Fault> {
        if self.0.backend == Backend::Postgres && self.0.pool_mode == PoolMode::Transaction {
            let tx = self.begin_write(scope, name).await?;
            let touched = tx.run(sql.as_ref(), values).await?;
            tx.commit().await?;
            return Ok(touched);
        }
        let started = std::time::Instant::now();
        let tenant = scope.tenant();
        expect_no_connection_held(name);
        let mut connection = self.acquire(&self.0.writers).await?;
        connection
            .bind_session(tenant)
            .await
            .map_err(|error| driver_fault("begin to write", error))?;
        let handle = Scoped::new(connection, self.0.backend, Some(tenant));
        let touched = handle.run(sql.as_ref(), values).await;
        metrics::histogram!("sutler_transaction_seconds", "name" => name)
            .record(started.elapsed().as_secs_f64());
        touched
    }

    /// A handle for consistent reads in a scope: all its statements see the
    /// same state.
    pub async fn read_snapshot(&self, scope: &Scope) -> Result<Scoped, Fault> {
        expect_no_connection_held("a read");
        let mut connection = self.acquire(&self.0.readers).await?;
        let tenant = scope.tenant();
        connection
            .begin(Confinement::Tenant(tenant), true)
            .await
            .map_err(|error| driver_fault("begin to read", error))?;
        Ok(Scoped::new(connection, self.0.backend, Some(tenant)))
    }

    /// A write transaction in a scope. The name stands in logs and metrics.
    pub async fn begin_write(
        &self,
        scope: &Scope,
        name: &'static str,
    ) -> Result<Transaction, Fault> {
        let tenant = scope.tenant();
        expect_no_connection_held(name);
        let handle = self
            .begin(Confinement::Tenant(tenant), Some(tenant))
            .await?;
        Ok(Transaction::new(handle, name, scope.clone()))
    }

    /// A transaction over all tenants, for the few tables whose rows the
    /// system itself handles: jobs, events, schedules, the directory of
    /// tenants.
    pub async fn begin_system(&self, name: &'static str) -> Result<SystemTransaction, Fault> {
        expect_no_connection_held(name);
        let handle = self.begin(Confinement::System, None).await?;
        Ok(SystemTransaction::new(handle, name))
    }

    /// Like [`Database::begin_system`], only to read; on SQLite it does not
    /// wait for the one connection for writes.
    pub async fn read_system(&self, name: &'static str) -> Result<SystemTransaction, Fault> {
        expect_no_connection_held(name);
        let mut connection = self.acquire(&self.0.readers).await?;
        connection
            .begin(Confinement::System, true)
            .await
            .map_err(|error| driver_fault("begin to read", error))?;
        let handle = Scoped::new(connection, self.0.backend, None);
        Ok(SystemTransaction::new(handle, name))
    }

    async fn begin(
        &self,
        confinement: Confinement,
        tenant: Option<kernel::TenantId>,
    ) -> Result<Scoped, Fault> {
        let mut connection = self.acquire(&self.0.writers).await?;
        connection
            .begin(confinement, false)
            .await
            .map_err(|error| driver_fault("begin a transaction", error))?;
        Ok(Scoped::new(connection, self.0.backend, tenant))
    }

    /// How often a statement was sent and its answer awaited, on all
    /// connections since the pools were opened.
    pub fn round_trips(&self) -> u64 {
        self.0.round_trips.load(Ordering::Relaxed)
    }

    /// How busy the connections are: those for reads, then those for writes
    /// (the same ones on PostgreSQL).
    pub fn status(&self) -> [PoolStatus; 2] {
        [&self.0.readers, &self.0.writers].map(|pool| {
            let status = pool.status();
            PoolStatus {
                open: status.size,
                idle: status.available,
                waiting: status.waiting,
                limit: status.max_size,
            }
        })
    }

    /// Opens as many connections as the pool holds, so that the first
    /// requests need not.
    pub async fn warm_up(&self, connections: usize) -> Result<(), Fault> {
        let mut held = Vec::new();
        for _ in 0..connections {
            held.push(self.acquire(&self.0.readers).await?);
        }
        Ok(())
    }

    /// Closes the pools; whoever waits gets an error.
    pub fn close(&self) {
        self.0.readers.close();
        self.0.writers.close();
    }

    /// A connection of its own that listens to PostgreSQL notifications; none
    /// on SQLite.
    pub async fn listener(&self) -> Result<Option<sqlx::postgres::PgListener>, Fault> {
        let Opener::Postgres(options) = &self.0.opener else {
            return Ok(None);
        };
        let pool = sqlx::postgres::PgPoolOptions::new()
            .max_connections(1)
            .connect_with((**options).clone())
            .await
            .map_err(|error| driver_fault("connect the listener", error))?;
        sqlx::postgres::PgListener::connect_with(&pool)
            .await
            .map(Some)
            .map_err(|error| driver_fault("connect the listener", error))
    }

    /// What time it is at the database server; none on SQLite, which has no
    /// clock of its own.
    pub async fn now(&self) -> Result<Option<kernel::Timestamp>, Fault> {
        if self.0.backend == Backend::Sqlite {
            return Ok(None);
        }
        let tx = self.begin_system("database.now").await?;
        let row: Option<NowRow> = tx
            .one(
                "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS micros",
                [],
            )
            .await?;
        Ok(row.map(|row| kernel::Timestamp::from_micros(row.micros)))
    }

    /// The names of the migrations that were applied.
    pub async fn applied_migrations(&self) -> Result<Vec<String>, Fault> {
        let tx = self.begin_system("database.migrations").await?;
        let rows: Vec<MigrationRow> = tx.all("SELECT version FROM seaql_migrations", []).await?;
        Ok(rows.into_iter().map(|row| row.version).collect())
    }

    /// What the role of this connection may do on PostgreSQL; none on SQLite.
    pub async fn role(&self) -> Result<Option<crate::owner::RoleReport>, Fault> {
        if self.0.backend == Backend::Sqlite {
            return Ok(None);
        }
        let tx = self.begin_system("database.role").await?;
        crate::owner::RoleReport::read(&tx).await.map(Some)
    }
}

/// Whether a version such as `3.51.3` or `15.18 (Debian …)` is at least
/// another one.
fn at_least(version: &str, least: &[u32]) -> bool {
    let numbers: Vec<u32> = version
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()
        .unwrap_or_default()
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    numbers.as_slice() >= least
}

/// Runs SQL of our own on a plain connection; used by the owner's set-up.
pub(crate) async fn run(
    connection: &mut sqlx::PgConnection,
    sql: String,
) -> Result<(), sqlx::Error> {
    sqlx::Executor::execute(connection, AssertSqlSafe(sql))
        .await
        .map(|_| ())
}

/// One text of a one-column answer.
pub(crate) async fn text(
    connection: &mut sqlx::PgConnection,
    sql: &'static str,
) -> Result<String, sqlx::Error> {
    sqlx::query(sql).fetch_one(connection).await?.try_get(0)
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_compare_by_number() {
        assert!(at_least("3.51.3", &[3, 51, 3]));
        assert!(at_least("3.100.0", &[3, 51, 3]));
        assert!(!at_least("3.51.2", &[3, 51, 3]));
        assert!(!at_least("3.9.9", &[3, 51, 3]));
        assert!(at_least("15.18 (Debian 15.18-0+deb12u1)", &[15]));
        assert!(at_least("17beta1", &[15]));
        assert!(!at_least("14.11", &[15]));
        assert!(!at_least("", &[15]));
    }
}
