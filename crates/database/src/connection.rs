//! One pooled connection and what it remembers about itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::TenantId;
use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A connection of ours. `in_flight` stays set when a caller went away in the
/// middle of a statement; such a connection is in an unknown state and is
/// closed instead of being handed out again (sqlx issues 4385 and 4393).
pub(crate) struct Connection {
    raw: Raw,
    round_trips: Arc<AtomicU64>,
    bound: Option<TenantId>,
    in_flight: bool,
    transaction: Phase,
}

/// Where the connection is in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    None,
    Open,
    /// A statement failed; all that is left is to roll back. PostgreSQL would
    /// answer a commit with a silent rollback, SQLite would keep half.
    Failed,
}

/// What has to happen with a connection that is no longer used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterUse {
    /// Nothing.
    Reuse,
    /// Its transaction was not finished.
    RollBack,
    /// A statement was interrupted.
    Close,
}

/// How a write transaction is confined.
#[derive(Clone, Copy)]
pub(crate) enum Confinement {
    Tenant(TenantId),
    System,
}

impl Connection {
    pub(crate) fn new(raw: Raw, round_trips: Arc<AtomicU64>) -> Self {
        Self {
            raw,
            round_trips,
            bound: None,
            in_flight: false,
            transaction: Phase::None,
        }
    }

    /// What has to happen before the next user may have it.
    pub(crate) fn after_use(&self) -> AfterUse {
        if self.in_flight {
            AfterUse::Close
        } else if self.transaction != Phase::None {
            AfterUse::RollBack
        } else {
            AfterUse::Reuse
        }
    }

    pub(crate) async fn ping(&mut self) -> Result<(), sqlx::Error> {
        match &mut self.raw {
            Raw::Sqlite(raw) => raw.ping().await,
            Raw::Postgres(raw) => raw.ping().await,
        }
    }

    /// Sets `app.tenant` for the session, unless it is set already. The
    /// connection remembers it, so a read costs one round trip and not four.
    pub(crate) async fn bind_session(&mut self, tenant: TenantId) -> Result<(), sqlx::Error> {
        let Raw::Postgres(raw) = &mut self.raw else {
            return Ok(());
        };
        if self.bound == Some(tenant) {
            return Ok(());
        }
        self.bound = None;
        self.in_flight = true;
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        sqlx::query("SELECT set_config('app.tenant', $1, false)")
            .bind(tenant.uuid().to_string())
            .execute(raw)
            .await?;
        self.in_flight = false;
        self.bound = Some(tenant);
        Ok(())
    }

    /// Starts a transaction and confines it, in one round trip.
    pub(crate) async fn begin(
        &mut self,
        confinement: Confinement,
        read_only: bool,
    ) -> Result<(), sqlx::Error> {
        let sql = match (&self.raw, read_only) {
            (Raw::Sqlite(_), true) => "BEGIN".to_owned(),
            (Raw::Sqlite(_), false) => "BEGIN IMMEDIATE".to_owned(),
            (Raw::Postgres(_), _) => begin_postgres(confinement, self.bound, read_only),
        };
        self.control(sql).await?;
        self.transaction = Phase::Open;
        Ok(())
    }

    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        if self.transaction == Phase::Failed {
            return Err(sqlx::Error::InvalidArgument(
                "a statement of the transaction failed".to_owned(),
            ));
        }
        self.control("COMMIT".to_owned()).await?;
        self.transaction = Phase::None;
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.control("ROLLBACK".to_owned()).await?;
        self.transaction = Phase::None;
        Ok(())
    }

    /// Runs a statement that changes the state of the session. When it fails
    /// that state is unknown, so `in_flight` stays set and the connection is
    /// closed.
    async fn control(&mut self, sql: String) -> Result<(), sqlx::Error> {
        self.sent();
        let sql = AssertSqlSafe(sql);
        match &mut self.raw {
            Raw::Sqlite(raw) => raw.execute(sql).await.map(|_| ())?,
            Raw::Postgres(raw) => raw.execute(sql).await.map(|_| ())?,
        }
        self.in_flight = false;
        Ok(())
    }

    /// Takes note that a statement is about to be sent.
    fn sent(&mut self) {
        self.in_flight = true;
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes note of how a statement ended.
    fn settle<T>(&mut self, result: &Result<T, sqlx::Error>) {
        self.in_flight = result.as_ref().is_err_and(is_broken);
        if result.is_err() && self.transaction == Phase::Open {
            self.transaction = Phase::Failed;
        }
    }

    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.sent();
        let result = match &mut self.raw {
            Raw::Sqlite(raw) => raw.execute(query(statement)).await.map(ExecResult::from),
            Raw::Postgres(raw) => raw.execute(query(statement)).await.map(ExecResult::from),
        };
        self.settle(&result);
        result.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    pub(crate) async fn execute_unprepared(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        self.sent();
        let sql = AssertSqlSafe(sql.to_owned());
        let result = match &mut self.raw {
            Raw::Sqlite(raw) => raw.execute(sql).await.map(ExecResult::from),
            Raw::Postgres(raw) => raw.execute(sql).await.map(ExecResult::from),
        };
        self.settle(&result);
        result.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    pub(crate) async fn fetch_all(
        &mut self,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, DbErr> {
        self.sent();
        let result = match &mut self.raw {
            Raw::Sqlite(raw) => raw
                .fetch_all(query(statement))
                .await
                .map(|rows| rows.into_iter().map(QueryResult::from).collect()),
            Raw::Postgres(raw) => raw
                .fetch_all(query(statement))
                .await
                .map(|rows| rows.into_iter().map(QueryResult::from).collect()),
        };
        self.settle(&result);
        result.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

/// Whether an error means that the connection is of no more use.
fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(refusal) => refusal
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("08")),
        _ => false,
    }
}

/// What begins a transaction. Where the session is bound to the tenant there
/// is nothing to set, which spares PostgreSQL from parsing and planning it.
fn begin_postgres(confinement: Confinement, bound: Option<TenantId>, read_only: bool) -> String {
    let mode = if read_only { " READ ONLY" } else { "" };
    match confinement {
        Confinement::Tenant(tenant) if bound == Some(tenant) => format!("BEGIN{mode}"),
        Confinement::Tenant(tenant) => format!(
            "BEGIN{mode}; SELECT set_config('app.tenant', '{}', true)",
            tenant.uuid()
        ),
        Confinement::System => format!(
            "BEGIN{mode}; SELECT set_config('app.tenant', '', true), set_config('app.system', 'on', true)"
        ),
    }
}

fn query<DB>(statement: Statement) -> sqlx::query::Query<'static, DB, SqlxValues>
where
    DB: sqlx::Database,
    SqlxValues: sqlx::IntoArguments<DB>,
{
    let values = statement
        .values
        .unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}
