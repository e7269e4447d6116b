//! Transactions over all tenants.

use std::time::Instant;

use kernel::Fault;
use sea_orm::{ConnectionTrait as _, FromQueryResult, Statement, Value};

use crate::backend::Backend;
use crate::fault::OrFault as _;
use crate::scoped::Scoped;
use crate::transaction::commit;

/// A transaction over all tenants. On PostgreSQL its policies let it see only
/// the tables whose rows the system itself handles.
pub struct SystemTransaction {
    handle: Scoped,
    name: &'static str,
    started: Instant,
}

impl SystemTransaction {
    pub(crate) fn new(handle: Scoped, name: &'static str) -> Self {
        Self {
            handle,
            name,
            started: Instant::now(),
        }
    }

    /// Which database it is, for the few statements that differ.
    pub fn backend(&self) -> Backend {
        self.handle.backend()
    }

    fn statement(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
        Statement {
            sql: sql.to_owned(),
            values: Some(sea_orm::Values(values.into_iter().collect())),
            db_backend: self.backend().into(),
        }
    }

    /// Runs a statement; the number of rows it touched.
    pub async fn run(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<u64, Fault> {
        let statement = self.statement(sql, values);
        let result = self.handle.execute_raw(statement).await.or_fault()?;
        Ok(result.rows_affected())
    }

    /// All rows of a statement.
    pub async fn all<T: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Vec<T>, Fault> {
        let statement = self.statement(sql, values);
        self.handle
            .query_all_raw(statement)
            .await
            .and_then(|rows| {
                rows.iter()
                    .map(|row| T::from_query_result(row, ""))
                    .collect()
            })
            .or_fault()
    }

    /// The first row of a statement.
    pub async fn one<T: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Option<T>, Fault> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Makes everything durable.
    pub async fn commit(self) -> Result<(), Fault> {
        commit(&self.handle, self.name, self.started).await
    }
}
