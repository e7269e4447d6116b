//! Whether the process can serve.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::Readiness;
use database::Database;
use kernel::{Clock, Timestamp};

use crate::migrations;

/// How long it is believed that no migration is missing.
const BELIEVED: Duration = Duration::from_secs(3);

/// Ready when the database answers and no migration is missing.
pub(crate) struct DatabaseReadiness {
    database: Database,
    clock: Arc<dyn Clock>,
    /// When no migration was missing.
    migrated: Mutex<Option<Timestamp>>,
}

impl DatabaseReadiness {
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self {
            database,
            clock,
            migrated: Mutex::default(),
        }
    }

    fn is_believed(&self, now: Timestamp) -> bool {
        let migrated = *self.migrated.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was put back shows a time before that.
        migrated.is_some_and(|then| then <= now && now.since(then) < BELIEVED)
    }

    fn believe(&self, since: Option<Timestamp>) {
        *self.migrated.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

impl Readiness for DatabaseReadiness {
    fn check(&self) -> Pin<Box<dyn Future<Output = Option<String>> + Send + '_>> {
        Box::pin(async {
            if self.database.check().await.is_err() {
                return Some("the database does not answer".to_owned());
            }
            let now = self.clock.now();
            if self.is_believed(now) {
                return None;
            }
            match migrations::pending(&self.database).await {
                Ok(missing) if missing.is_empty() => {
                    self.believe(Some(now));
                    None
                }
                Err(fault) if fault.is_transient() => {
                    Some("the database does not answer".to_owned())
                }
                // Without a table of them, all are.
                Ok(_) | Err(_) => {
                    self.believe(None);
                    Some("migrations are missing".to_owned())
                }
            }
        })
    }
}
