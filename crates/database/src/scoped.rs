//! The handle repositories query with.

use kernel::{Fault, SellerId, TenantId};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, DbErr, DeleteMany, EntityTrait, ExecResult,
    FromQueryResult, Iterable as _, QueryFilter as _, QueryResult, Select, Statement, UpdateMany,
    Value,
};
use tokio::sync::{Mutex, MutexGuard};

use crate::backend::Backend;
use crate::connection::AfterUse;
use crate::fault::OrFault as _;
use crate::held::Held;
use crate::pool::Pooled;

/// SQLite takes 32,766, PostgreSQL 65,535.
const MAX_PARAMETERS: usize = 30_000;

/// A connection confined to one tenant. Statements run one after the other.
///
/// Dropped in the middle of a statement it closes the connection; dropped in
/// the middle of a transaction it rolls back.
pub struct Scoped {
    connection: Option<Mutex<Pooled>>,
    backend: Backend,
    tenant: Option<TenantId>,
    seller: Option<SellerId>,
    _held: Held,
}

impl Scoped {
    pub(crate) fn new(connection: Pooled, backend: Backend, tenant: Option<TenantId>) -> Self {
        Self {
            connection: Some(Mutex::new(connection)),
            backend,
            tenant,
            seller: None,
            _held: Held::begin(),
        }
    }

    /// The same handle for a caller who may be bound to a seller.
    pub(crate) fn bound_to(mut self, seller: Option<SellerId>) -> Self {
        self.seller = seller;
        self
    }

    /// The seller whom those are bound to who administer through this handle;
    /// none when they are not. Queries for administrators keep to it.
    pub fn seller(&self) -> Option<SellerId> {
        self.seller
    }

    /// The same as a value to bind: `($2 IS NULL OR seller_id = $2)`.
    pub fn seller_value(&self) -> Value {
        self.seller.map(SellerId::uuid).into()
    }

    /// Which database it is, for the few statements that differ.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The tenant, as a value to bind.
    fn tenant_value(&self) -> Value {
        self.tenant.map(TenantId::uuid).into()
    }

    fn confined(&self) -> Expr {
        Expr::col("tenant_id").eq(self.tenant.map(TenantId::uuid))
    }

    /// The tenant's rows of a table.
    #[expect(clippy::disallowed_methods, reason = "the filter is added here")]
    pub fn find<E: EntityTrait>(&self) -> Select<E> {
        E::find().filter(Expr::col((E::default(), "tenant_id")).eq(self.tenant.map(TenantId::uuid)))
    }

    /// An update of the tenant's rows of a table.
    #[expect(clippy::disallowed_methods, reason = "the filter is added here")]
    pub fn update<E: EntityTrait>(&self) -> UpdateMany<E> {
        E::update_many().filter(self.confined())
    }

    /// A deletion of the tenant's rows of a table.
    #[expect(clippy::disallowed_methods, reason = "the filter is added here")]
    pub fn delete<E: EntityTrait>(&self) -> DeleteMany<E> {
        E::delete_many().filter(self.confined())
    }

    /// Inserts a row for the tenant; its `tenant_id` is set here.
    pub async fn insert<A>(&self, row: A) -> Result<(), Fault>
    where
        A: ActiveModelTrait + Send,
    {
        self.insert_many([row]).await
    }

    /// Inserts rows for the tenant, as many in one statement as the database
    /// takes parameters for.
    #[expect(clippy::disallowed_methods, reason = "the tenant is set here")]
    pub async fn insert_many<A>(&self, rows: impl IntoIterator<Item = A>) -> Result<(), Fault>
    where
        A: ActiveModelTrait + Send,
    {
        let column = "tenant_id"
            .parse::<<A::Entity as EntityTrait>::Column>()
            .map_err(|_| Fault::permanent("the table has no tenant_id"))?;
        let rows: Vec<A> = rows
            .into_iter()
            .map(|mut row| {
                row.set(column, self.tenant_value());
                row
            })
            .collect();
        let columns = <A::Entity as EntityTrait>::Column::iter().count();
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let some = rows.by_ref().take(MAX_PARAMETERS / columns);
            <A::Entity as EntityTrait>::insert_many(some)
                .exec_without_returning(self)
                .await
                .or_fault()?;
        }
        Ok(())
    }

    /// A statement in SQL. `$1` is the tenant; the values follow from `$2`.
    pub fn sql(
        &self,
        sql: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Statement {
        let sql = sql.into();
        debug_assert!(sql.contains("$1"), "not confined to a tenant: {sql}");
        Statement {
            sql,
            values: Some(sea_orm::Values(
                std::iter::once(self.tenant_value()).chain(values).collect(),
            )),
            db_backend: self.backend.into(),
        }
    }

    /// Runs a statement made with [`Scoped::sql`]; the number of rows it touched.
    pub async fn run(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<u64, Fault> {
        let statement = self.sql(sql, values);
        let result = self.execute_raw(statement).await.or_fault()?;
        Ok(result.rows_affected())
    }

    /// All rows of a statement made with [`Scoped::sql`], not read yet: for
    /// joins that repeat in each row what needs to be read only once.
    pub async fn rows(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Vec<QueryResult>, Fault> {
        let statement = self.sql(sql, values);
        self.query_all_raw(statement).await.or_fault()
    }

    /// All rows of a statement made with [`Scoped::sql`].
    pub async fn all<T: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Vec<T>, Fault> {
        self.rows(sql, values)
            .await?
            .iter()
            .map(|row| T::from_query_result(row, "").or_fault())
            .collect()
    }

    /// The first row of a statement made with [`Scoped::sql`].
    pub async fn one<T: FromQueryResult>(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value> + Send,
    ) -> Result<Option<T>, Fault> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    pub(crate) async fn lock(&self) -> MutexGuard<'_, Pooled> {
        self.connection
            .as_ref()
            .expect("the connection is taken only in drop")
            .lock()
            .await
    }
}

impl Drop for Scoped {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take().map(Mutex::into_inner) else {
            return;
        };
        match connection.after_use() {
            AfterUse::Reuse => {}
            AfterUse::Close => connection.discard(),
            // Now and not when the connection is used next: until then it
            // would hold its locks.
            AfterUse::RollBack => match tokio::runtime::Handle::try_current() {
                Ok(runtime) => {
                    runtime.spawn(async move {
                        if let Err(error) = connection.rollback().await {
                            tracing::warn!(%error, "roll back");
                            connection.discard();
                        }
                    });
                }
                Err(_) => connection.discard(),
            },
        }
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Scoped {
    fn get_database_backend(&self) -> DbBackend {
        self.backend.into()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.lock().await.execute(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.lock().await.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let rows = self.lock().await.fetch_all(statement).await?;
        Ok(rows.into_iter().next())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.lock().await.fetch_all(statement).await
    }
}
