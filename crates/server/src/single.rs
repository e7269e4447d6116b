//! One process for one SQLite file.

use std::fs::{File, TryLockError};

use anyhow::{Context as _, Result, bail};

use crate::migrations::explained;

/// Held by the process that works with a SQLite file. The system gives it back
/// when the process ends, however that happens.
pub(crate) struct Single(Option<File>);

impl Single {
    /// Refuses a second process on the same SQLite file: its caches and its
    /// queue of writers would know nothing of the first one's. Commands that
    /// run beside it for a moment do not take it. PostgreSQL needs none.
    pub(crate) fn take(settings: &config::Database) -> Result<Self> {
        let Some(database) = database::file(settings).map_err(|fault| explained(&fault))? else {
            return Ok(Self(None));
        };
        let path = database.with_extension("serving");
        let file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => bail!(
                "another `sutler serve` or `sutler worker` works with {}; SQLite is for one process: \
                 stop that one, or use PostgreSQL, which is for many",
                database.display()
            ),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("lock {}", path.display()))
            }
        }
    }

    /// Whether there is no other process that could work at the same database.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.is_some()
    }
}
