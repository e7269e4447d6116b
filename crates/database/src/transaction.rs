//! Write transactions.

use std::ops::Deref;
use std::sync::Mutex;
use std::time::Instant;

use kernel::{Fault, Scope};
use sea_orm::{ConnectionTrait as _, Statement, Value};

use crate::backend::Backend;
use crate::fault::{OrFault as _, driver_fault};
use crate::scoped::Scoped;

type Hook = Box<dyn FnOnce() + Send>;

/// A write transaction in one tenant. It rolls back unless it is committed.
pub struct Transaction {
    handle: Scoped,
    name: &'static str,
    scope: Scope,
    started: Instant,
    after_commit: Mutex<Vec<Hook>>,
}

impl Transaction {
    pub(crate) fn new(handle: Scoped, name: &'static str, scope: Scope) -> Self {
        Self {
            handle,
            name,
            scope,
            started: Instant::now(),
            after_commit: Mutex::default(),
        }
    }

    /// The scope the transaction was begun in.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Something to do when, and only when, the transaction has committed:
    /// waking a worker, dropping a cache entry. It must not block and must not
    /// be needed for correctness, because a crash skips it.
    pub fn after_commit(&self, hook: impl FnOnce() + Send + 'static) {
        self.after_commit
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(Box::new(hook));
    }

    /// Runs a statement on rows of another tenant, in the few tables whose rows
    /// the system itself handles; the number of rows it touched. Unlike in
    /// [`Scoped::run`], `$1` is the first of the values.
    pub async fn run_as_system(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<u64, Fault> {
        let statement = Statement {
            sql: sql.to_owned(),
            values: Some(sea_orm::Values(values.into_iter().collect())),
            db_backend: self.backend().into(),
        };
        self.confine_to_tenant(false).await?;
        let result = self.execute_raw(statement).await.or_fault()?;
        self.confine_to_tenant(true).await?;
        Ok(result.rows_affected())
    }

    /// What PostgreSQL's policies let the rest of the transaction see.
    #[expect(clippy::disallowed_methods, reason = "it reads and writes no row")]
    async fn confine_to_tenant(&self, confine: bool) -> Result<(), Fault> {
        if self.backend() == Backend::Sqlite {
            return Ok(());
        }
        let system = if confine { "" } else { "on" };
        self.execute_unprepared(&format!(
            "SELECT set_config('app.system', '{system}', true)"
        ))
        .await
        .map(|_| ())
        .or_fault()
    }

    /// Makes everything durable. After a transient fault here it is unknown
    /// whether that happened.
    pub async fn commit(self) -> Result<(), Fault> {
        commit(&self.handle, self.name, self.started).await?;
        let hooks = self
            .after_commit
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for hook in hooks {
            hook();
        }
        Ok(())
    }

    /// Undoes everything, at once instead of when dropped.
    pub async fn rollback(self) -> Result<(), Fault> {
        self.handle
            .lock()
            .await
            .rollback()
            .await
            .map_err(|error| driver_fault("roll back", &error))
    }
}

impl Deref for Transaction {
    type Target = Scoped;

    fn deref(&self) -> &Scoped {
        &self.handle
    }
}

pub(crate) async fn commit(
    handle: &Scoped,
    name: &'static str,
    started: Instant,
) -> Result<(), Fault> {
    let result = handle.lock().await.commit().await;
    metrics::histogram!("sutler_transaction_seconds", "name" => name)
        .record(started.elapsed().as_secs_f64());
    result.map_err(|error| driver_fault(&format!("commit {name}"), &error))
}
