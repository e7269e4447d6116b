//! Makes the process stand still in the middle of a transaction: after a
//! statement that it chooses, it waits for ever.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use driver::installation::{Backend, Installation, superuser_url};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection,
};

/// How long something may take to happen on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// For how long nobody but the process may write before it is known to stand
/// still: longer than any transaction takes.
const STILL: Duration = Duration::from_secs(1);
/// The advisory lock that it waits for on PostgreSQL.
const LOCK: i64 = 471_147;

/// After which statement it stands still.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// What is written: `INSERT` or `UPDATE`.
    pub write: &'static str,
    /// To which table.
    pub table: &'static str,
    /// Of which rows, as a condition on `NEW`.
    pub rows: &'static str,
}

/// A connection past the application.
pub enum Brake {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Brake {
    pub async fn new(installation: &Installation) -> Result<Self> {
        let mut brake = match installation.backend {
            Backend::Sqlite => {
                let options = SqliteConnectOptions::new()
                    .filename(installation.sqlite_file())
                    .busy_timeout(Duration::ZERO);
                let connection = SqliteConnection::connect_with(&options).await;
                Self::Sqlite(connection.context("open the database")?)
            }
            Backend::Postgres => {
                let url = superuser_url(installation.database()?)?;
                let connection = PgConnection::connect(url.as_str()).await;
                Self::Postgres(connection.context("connect to PostgreSQL")?)
            }
        };
        // A trigger of SQLite may not count itself, but ask a view.
        let what = match &brake {
            Self::Sqlite(_) => {
                "CREATE VIEW for_ever AS WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL \
                 SELECT n + 1 FROM numbers WHERE n < 9000000000000000) SELECT n FROM numbers"
                    .to_owned()
            }
            Self::Postgres(_) => format!(
                "CREATE FUNCTION wait_for_ever() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL; END $$"
            ),
        };
        brake.run(&what).await?;
        Ok(brake)
    }

    /// Writes past the application, as soon as nobody else writes.
    pub async fn run(&mut self, sql: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let sql = AssertSqlSafe(sql.to_owned());
            let done = match self {
                Self::Sqlite(connection) => connection.execute(sql).await.map(|_| ()),
                Self::Postgres(connection) => connection.execute(sql).await.map(|_| ()),
            };
            match done {
                Err(error) if is_busy(&error) && began.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                done => return done.context("write past the application"),
            }
        }
    }

    /// From now on whoever writes so stands still.
    pub async fn set(&mut self, place: Place) -> Result<()> {
        let Place { write, table, rows } = place;
        let begin = format!("CREATE TRIGGER stand_still AFTER {write} ON {table} FOR EACH ROW");
        let sql = match self {
            Self::Sqlite(_) => {
                format!("{begin} WHEN {rows} BEGIN SELECT count(*) FROM for_ever; END")
            }
            Self::Postgres(_) => {
                self.run(&format!("SELECT pg_advisory_lock({LOCK})"))
                    .await?;
                format!("{begin} WHEN ({rows}) EXECUTE FUNCTION wait_for_ever()")
            }
        };
        self.run(&sql).await
    }

    /// Waits until somebody stands still.
    pub async fn wait(&mut self) -> Result<()> {
        let began = Instant::now();
        let mut since = Instant::now();
        loop {
            let (is_still, long) = match self {
                Self::Sqlite(connection) => match connection.execute("BEGIN IMMEDIATE").await {
                    Err(error) if is_busy(&error) => (true, STILL),
                    Err(error) => return Err(error).context("lock the database"),
                    Ok(_) => {
                        connection.execute("ROLLBACK").await?;
                        (false, STILL)
                    }
                },
                Self::Postgres(connection) => {
                    let sql = format!(
                        "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = {LOCK} AND NOT granted)"
                    );
                    let row = sqlx::query(AssertSqlSafe(sql))
                        .fetch_one(connection)
                        .await?;
                    (row.try_get(0)?, Duration::ZERO)
                }
            };
            if !is_still {
                since = Instant::now();
            } else if since.elapsed() >= long {
                return Ok(());
            }
            ensure!(began.elapsed() < PATIENCE, "nobody writes that");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// After the process was killed: takes away what it waits for. PostgreSQL
    /// hears of its end only then, and undoes what it did.
    pub async fn release(&mut self, table: &str) -> Result<()> {
        if let Self::Postgres(connection) = self {
            let unlock = format!("SELECT pg_advisory_unlock({LOCK})");
            connection.execute(AssertSqlSafe(unlock)).await?;
            let began = Instant::now();
            let gone = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity \
                        WHERE datname = current_database() AND application_name = 'sutler')";
            loop {
                let row = sqlx::query(gone).fetch_one(&mut *connection).await?;
                if row.try_get(0)? {
                    break;
                }
                ensure!(began.elapsed() < PATIENCE, "PostgreSQL works on");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        let sql = match self {
            Self::Sqlite(_) => "DROP TRIGGER stand_still".to_owned(),
            Self::Postgres(_) => format!("DROP TRIGGER stand_still ON {table}"),
        };
        self.run(&sql).await
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(|error| error.message().contains("locked"))
}
