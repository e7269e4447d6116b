//! Quotas: how much of a plan can be sold, who has it, and who waits for it.
//!
//! Capacity is given and taken back by single conditional statements, with a
//! CHECK behind them, in the transaction of whoever sells the plan.

mod admin;
mod giving;
mod personal;
mod plans;
mod waiting;
mod watch;

use std::sync::Arc;

use accounts_service::Accounts;
use catalog_service::Catalog;
use credits_model::quota::events::QuotaHealthChanged;
use credits_model::quota::{Health, Quota};
use database::{Database, Transaction};
use kernel::{AuditEntry, Fault, Timestamp};
use queue::Queue;

pub use admin::QuotaDetail;
pub use credits_repository::quota::quotas::Filter as QuotaFilter;

/// What quotas are made of.
pub struct QuotasParts {
    /// Where they are stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// Tenants and people.
    pub accounts: Arc<Accounts>,
    /// What plans there are.
    pub catalog: Arc<Catalog>,
}

/// The use cases of quotas.
pub struct Quotas {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    catalog: Arc<Catalog>,
}

impl Quotas {
    /// The use cases over these parts.
    pub fn new(parts: QuotasParts) -> Self {
        Self {
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
            catalog: parts.catalog,
        }
    }

    /// Records what an administrator did, as the last write of the transaction.
    async fn record(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    /// Says that a quota crossed a threshold, if it did.
    async fn say(&self, tx: &Transaction, was: Health, after: &Quota) -> Result<(), Fault> {
        let is = after.health();
        if was == is {
            return Ok(());
        }
        let event = QuotaHealthChanged {
            quota: after.id,
            plan: after.plan,
            before: was,
            health: is,
            used: after.used,
            total: after.total,
        };
        self.queue.publish(tx, &event).await
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }
}
