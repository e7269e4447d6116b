//! The use cases of __domain__.

mod __entities__;

use std::sync::Arc;

use accounts_service::Accounts;
use database::{Database, Transaction};
use kernel::{AuditEntry, Fault, Timestamp};
use queue::Queue;

/// The use cases of __domain__.
pub struct __Domain__ {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
}

impl __Domain__ {
    /// The use cases over these parts.
    pub fn new(database: Database, queue: Queue, accounts: Arc<Accounts>) -> Self {
        Self {
            database,
            queue,
            accounts,
        }
    }

    /// Records what an administrator did, as the last write of the transaction.
    async fn record(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }
}
