//! Waiting at start-up for a server that is starting as well.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use kernel::Fault;
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::backend::Opener;
use crate::fault::driver_fault;

/// How long between two attempts.
const PAUSE: Duration = Duration::from_millis(250);
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// `cannot_connect_now` (PostgreSQL, Appendix A): it starts, stops or recovers.
const NOT_NOW: &str = "57P03";

/// Waits until PostgreSQL takes connections, for as long as
/// `DATABASE_START_TIMEOUT`. What else may be wrong, such as the password, is
/// for those to tell who use the connection. SQLite has no server to wait for.
pub async fn wait_until_up(settings: &config::Database) -> Result<(), Fault> {
    let Opener::Postgres(options) = Opener::new(settings)? else {
        return Ok(());
    };
    let began = Instant::now();
    let mut told = false;
    loop {
        let attempt = async {
            let connection: PgConnection = options.connect().await?;
            connection.close().await
        };
        let error = match tokio::time::timeout(PATIENCE, attempt).await {
            Ok(Err(error)) if is_not_up(&error) => error,
            _ => return Ok(()),
        };
        if began.elapsed() >= settings.start_timeout {
            return Err(driver_fault("PostgreSQL does not take connections", &error));
        }
        if !told {
            told = true;
            tracing::warn!(%error, at_most = ?settings.start_timeout, "waiting for PostgreSQL");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether nobody listens yet, or whoever does is not ready.
fn is_not_up(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.code().as_deref() == Some(NOT_NOW),
        _ => false,
    }
}
