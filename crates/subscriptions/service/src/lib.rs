//! The use cases of subscriptions: subscribing, changing, ending, renewing.
//!
//! What belongs together happens in one transaction: the subscription, its
//! units of the quota, what is taken from the wallet, what is wished of its
//! instance, and the event. Locks are taken in this order: subscription, quota,
//! wallet, instance.

mod admin;
mod changing;
mod coupons;
mod ending;
mod notices;
mod paying;
mod personal;
mod reading;
mod reconciling;
mod renewing;
mod running;
mod scheduling;
mod subscribing;

use std::sync::Arc;

use accounts_model::tenant::{SubscriptionSettings, Tenant};
use accounts_service::Accounts;
use catalog_service::Catalog;
use clusters_service::Clusters;
use credits_service::{Credits, Quotas};
use database::{Database, Transaction};
use kernel::{AuditEntry, Fault, Scope, SubscriptionId, Timestamp};
use queue::Queue;
use subscriptions_model::SubscriptionError;
use subscriptions_model::subscription::Subscription;
use subscriptions_repository::subscriptions;

pub use changing::UpgradePreview;
pub use coupons::NewSubscriptionCoupon;
pub use reading::SubscriptionDetail;
pub use subscribing::NewSubscription;
pub use subscriptions_repository::subscriptions::Filter as SubscriptionFilter;

/// What subscriptions are made of.
pub struct SubscriptionsParts {
    /// Where they are stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// Tenants and people.
    pub accounts: Arc<Accounts>,
    /// What plans there are.
    pub catalog: Arc<Catalog>,
    /// What they are paid with.
    pub credits: Arc<Credits>,
    /// How much of plans can be sold.
    pub quotas: Arc<Quotas>,
    /// What runs for them.
    pub clusters: Arc<Clusters>,
}

/// The use cases of subscriptions.
pub struct Subscriptions {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    catalog: Arc<Catalog>,
    credits: Arc<Credits>,
    quotas: Arc<Quotas>,
    clusters: Arc<Clusters>,
}

impl Subscriptions {
    /// The use cases over these parts.
    pub fn new(parts: SubscriptionsParts) -> Self {
        Self {
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
            catalog: parts.catalog,
            credits: parts.credits,
            quotas: parts.quotas,
            clusters: parts.clusters,
        }
    }

    /// Records what an administrator did, as the last write of the transaction.
    async fn record(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    async fn tenant(&self, scope: &Scope) -> Result<Arc<Tenant>, SubscriptionError> {
        Ok(self.accounts.tenant(scope).await?)
    }

    async fn terms(&self, scope: &Scope) -> Result<SubscriptionSettings, SubscriptionError> {
        Ok(self.tenant(scope).await?.settings.subscriptions)
    }

    /// A subscription of the caller's, locked.
    async fn lock_own(
        &self,
        tx: &Transaction,
        id: SubscriptionId,
    ) -> Result<Subscription, SubscriptionError> {
        let user = tx.scope().require_user()?;
        subscriptions::lock(tx, id)
            .await?
            .filter(|one| one.user == user)
            .ok_or(SubscriptionError::NotFound)
    }

    /// Writes a locked subscription that was changed, with its next version.
    async fn save(
        &self,
        tx: &Transaction,
        changed: &mut Subscription,
    ) -> Result<(), SubscriptionError> {
        changed.version += 1;
        changed.updated_at = self.now();
        if subscriptions::update(tx, changed).await? {
            Ok(())
        } else {
            Err(Fault::transient("a subscription changed under its lock").into())
        }
    }
}
