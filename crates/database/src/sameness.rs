//! Whether the owner's URL leads to the database of the application.

use std::str::FromStr as _;
use std::time::Duration;

use config::PoolMode;
use kernel::Fault;
use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use crate::backend::Opener;
use crate::fault::driver_fault;
use crate::owner::Owner;

/// How long a server may take to tell what it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where `DATABASE_OWNER_URL` leads, compared with `DATABASE_URL`.
#[derive(Debug)]
pub enum Sameness {
    /// To the same database, as far as the servers tell; or there is no owner
    /// of its own.
    Same,
    /// To a database of another name.
    Different {
        /// The one of `DATABASE_URL`.
        application: String,
        /// The one of `DATABASE_OWNER_URL`.
        owner: String,
    },
    /// To a database of the same name, at a server that started at another
    /// time.
    OtherServer,
    /// The role of `DATABASE_URL` could not ask.
    Unknown(Fault),
}

/// What a server tells about a connection.
struct Place {
    database: String,
    started: String,
}

impl Owner<'_> {
    /// Connects by both URLs and compares where they lead. A fault when the
    /// owner cannot connect.
    pub async fn sameness(&self) -> Result<Sameness, Fault> {
        let Some(owner_url) = &self.settings.owner_url else {
            return Ok(Sameness::Same);
        };
        let Opener::Postgres(application) = Opener::new(self.settings)? else {
            return Ok(Sameness::Same);
        };
        let owner = PgConnectOptions::from_str(owner_url.expose_secret())
            .map_err(|error| driver_fault("DATABASE_OWNER_URL is not a PostgreSQL URL", &error))?
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let owner = place(&owner)
            .await
            .map_err(|error| driver_fault("connect as the owner", &error))?;
        let error = match place(&application).await {
            Ok(application) => return Ok(compare(application, owner)),
            Err(error) => error,
        };
        // The role may have to be created first. A pooler may have names of
        // its own for databases.
        let named = application
            .get_database()
            .unwrap_or(application.get_username());
        if self.settings.pool_mode == PoolMode::Session && named != owner.database {
            return Ok(Sameness::Different {
                application: named.to_owned(),
                owner: owner.database,
            });
        }
        let fault = driver_fault("connect as the role of DATABASE_URL", &error);
        Ok(Sameness::Unknown(fault))
    }
}

fn compare(application: Place, owner: Place) -> Sameness {
    if application.database != owner.database {
        Sameness::Different {
            application: application.database,
            owner: owner.database,
        }
    } else if application.started != owner.started {
        Sameness::OtherServer
    } else {
        Sameness::Same
    }
}

async fn place(options: &PgConnectOptions) -> Result<Place, sqlx::Error> {
    let asked = async {
        let mut connection: PgConnection = options.connect().await?;
        let row = sqlx::query(
            "SELECT current_database()::text, extract(epoch FROM pg_postmaster_start_time())::text",
        )
        .fetch_one(&mut connection)
        .await?;
        let place = Place {
            database: row.try_get(0)?,
            started: row.try_get(1)?,
        };
        connection.close().await?;
        Ok(place)
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_starts_of_servers_are_compared() {
        let place = |database: &str, started: &str| Place {
            database: database.to_owned(),
            started: started.to_owned(),
        };
        let a = || place("a", "1.5");
        assert!(matches!(compare(a(), a()), Sameness::Same));
        let other = compare(a(), place("a", "2.5"));
        assert!(matches!(other, Sameness::OtherServer));
        let other = compare(a(), place("b", "1.5"));
        assert!(matches!(other, Sameness::Different { .. }));
    }
}
