//! The database of a process, and how reads and writes begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use config::PoolMode;
use kernel::secret::Sealer;
use kernel::{Fault, Scope};

use crate::backend::{Backend, Opener};
use crate::connection::Confinement;
use crate::fault::driver_fault;
use crate::held::expect_no_connection_held;
use crate::pool::{Manager, Pool, PoolStatus};
use crate::scoped::Scoped;
use crate::system::SystemTransaction;
use crate::transaction::Transaction;

struct Inner {
    backend: Backend,
    round_trips: Arc<AtomicU64>,
    opener: Opener,
    readers: Pool,
    writers: Pool,
    pool_mode: PoolMode,
    sealer: Sealer,
}

/// The database of this process. Cheap to clone.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

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
            Pool::new(manager, limit, settings.acquire_timeout)
        };
        let (readers, writers) = match backend {
            // SQLite has one writer at a time; queueing for it here is fairer
            // than its busy handler.
            Backend::Sqlite => (build(limit, true), build(1, false)),
            Backend::Postgres => {
                let pool = build(limit, false);
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

    /// A handle for reads in a scope.
    pub async fn read(&self, scope: &Scope) -> Result<Scoped, Fault> {
        expect_no_connection_held("a read");
        let mut connection = self.0.readers.get().await?;
        let tenant = scope.tenant();
        let in_transaction =
            self.0.backend == Backend::Postgres && self.0.pool_mode == PoolMode::Transaction;
        if in_transaction {
            connection.begin(Confinement::Tenant(tenant), true).await
        } else {
            connection.bind_session(tenant).await
        }
        .map_err(|error| driver_fault("begin to read", &error))?;
        Ok(Scoped::new(connection, self.0.backend, Some(tenant)).bound_to(scope.seller()))
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
        let mut connection = self.0.writers.get().await?;
        connection
            .bind_session(tenant)
            .await
            .map_err(|error| driver_fault("begin to write", &error))?;
        let handle = Scoped::new(connection, self.0.backend, Some(tenant)).bound_to(scope.seller());
        let touched = handle.run(sql.as_ref(), values).await;
        metrics::histogram!("sutler_transaction_seconds", "name" => name)
            .record(started.elapsed().as_secs_f64());
        touched
    }

    /// A handle for consistent reads in a scope: all its statements see the
    /// same state.
    pub async fn read_snapshot(&self, scope: &Scope) -> Result<Scoped, Fault> {
        expect_no_connection_held("a read");
        let mut connection = self.0.readers.get().await?;
        let tenant = scope.tenant();
        connection
            .begin(Confinement::Tenant(tenant), true)
            .await
            .map_err(|error| driver_fault("begin to read", &error))?;
        Ok(Scoped::new(connection, self.0.backend, Some(tenant)).bound_to(scope.seller()))
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
            .await?
            .bound_to(scope.seller());
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
        let mut connection = self.0.readers.get().await?;
        connection
            .begin(Confinement::System, true)
            .await
            .map_err(|error| driver_fault("begin to read", &error))?;
        let handle = Scoped::new(connection, self.0.backend, None);
        Ok(SystemTransaction::new(handle, name))
    }

    async fn begin(
        &self,
        confinement: Confinement,
        tenant: Option<kernel::TenantId>,
    ) -> Result<Scoped, Fault> {
        let mut connection = self.0.writers.get().await?;
        connection
            .begin(confinement, false)
            .await
            .map_err(|error| driver_fault("begin a transaction", &error))?;
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
        [self.0.readers.status(), self.0.writers.status()]
    }

    /// Closes connections that nobody used for so long. What they keep, pages
    /// of tables and prepared statements, is given back.
    pub fn close_idle(&self, for_long: Duration) {
        self.0.readers.close_idle(for_long);
        self.0.writers.close_idle(for_long);
    }

    /// Closes the pools; whoever waits gets an error.
    pub fn close(&self) {
        self.0.readers.close();
        self.0.writers.close();
    }

    /// Whether what other processes announce can be heard: on SQLite there are
    /// none, and a pooler that lends connections for single transactions passes
    /// no notifications on.
    pub fn hears_others(&self) -> bool {
        self.0.backend == Backend::Sqlite || self.0.pool_mode == PoolMode::Session
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
            .map_err(|error| driver_fault("connect the listener", &error))?;
        sqlx::postgres::PgListener::connect_with(&pool)
            .await
            .map(Some)
            .map_err(|error| driver_fault("connect the listener", &error))
    }
}
