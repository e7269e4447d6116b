//! The use cases of credits: wallets, their ledger, lots and holds.
//!
//! Every booking goes the same way: the wallet is locked and read with its
//! open lots, the model says what the booking does to them, and one batch
//! writes the transfer, its two entries, the lots and the wallet. Methods that
//! end in `_in_tx` are for other domains, in transactions of theirs; each has
//! one effect for each reference.

mod admin;
mod booking;
mod expiry;
mod holds;
mod personal;
mod proof;
mod wallets;

use std::sync::Arc;

use accounts_model::tenant::Tenant;
use accounts_service::Accounts;
use credits_model::CreditsError;
use database::{Database, Transaction};
use kernel::{AuditEntry, Fault, Scope, Timestamp};
use queue::Queue;

pub use admin::{Adjustment, AdminRefund, Grant, WalletDetail};
pub use booking::{Credit, CreditSource, RefundOf, RefundSpend, Spend};
pub use credits_repository::ledger::Filter as TransactionFilter;
pub use credits_repository::wallets::Filter as WalletFilter;
pub use holds::{Authorise, Capture};
pub use wallets::OwnWallet;

/// What credits are made of.
pub struct CreditsParts {
    /// Where they are stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// Tenants and people.
    pub accounts: Arc<Accounts>,
}

/// The use cases of credits.
pub struct Credits {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
}

impl Credits {
    /// The use cases over these parts.
    pub fn new(parts: CreditsParts) -> Self {
        Self {
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
        }
    }

    /// Records what an administrator did, as the last write of the transaction.
    async fn record(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    /// The tenant of a scope, with its settings.
    async fn tenant(&self, scope: &Scope) -> Result<Arc<Tenant>, CreditsError> {
        self.accounts.tenant(scope).await.map_err(|error| {
            Fault::transient("read the tenant's settings")
                .caused_by(error)
                .into()
        })
    }
}
