//! A script that also changes tables of earlier migrations.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::Owned;
use crate::script::{Script, run};

/// A script whose tables can be dropped only after what it changed elsewhere
/// was changed back. `script.up` makes its tables; what moves data
/// stands apart, because the two databases read JSON differently.
pub(crate) struct Reshape {
    pub(crate) script: Script,
    /// Moves data into the new shape, after `script.up`.
    pub(crate) then: Moves,
    /// Changes back what was changed elsewhere, before the tables are dropped.
    pub(crate) undo: Moves,
}

/// The same in the words of each database.
pub(crate) struct Moves {
    pub(crate) postgres: &'static str,
    pub(crate) sqlite: &'static str,
}

impl Moves {
    async fn run(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DbBackend::Postgres => self.postgres,
            _ => self.sqlite,
        };
        run(manager, sql).await
    }
}

impl MigrationName for Reshape {
    fn name(&self) -> &str {
        self.script.name
    }
}

impl Owned for Reshape {
    fn tables(&self) -> Vec<&'static str> {
        self.script.tables()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Reshape {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.script.up(manager).await?;
        self.then.run(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.undo.run(manager).await?;
        self.script.down(manager).await
    }
}
