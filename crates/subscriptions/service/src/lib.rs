//! The use cases of subscriptions: subscribing, changing, ending, renewing.
//!
//! What belongs together happens in one transaction: the subscription, its
//! units of the quota, what is taken from the wallet, what is asked of those
//! who run the instance, and the event. Locks are taken in this order:
//! subscription, quota, wallet.

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
mod scheduling;
mod subscribing;

use std::sync::Arc;

use accounts_model::tenant::{SubscriptionSettings, Tenant};
use accounts_service::Accounts;
use catalog_service::Catalog;
use credits_service::{Credits, Quotas};
use database::{Database, Transaction};
use kernel::{AuditEntry, Fault, InstanceRequestId, Scope, SubscriptionId, Timestamp};
use queue::Queue;
use subscriptions_model::SubscriptionError;
use subscriptions_model::events::InstanceRequested;
use subscriptions_model::instance::{InstanceRequest, InstanceWish};
use subscriptions_model::subscription::Subscription;
use subscriptions_repository::{instances, subscriptions};

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
}

/// The use cases of subscriptions.
pub struct Subscriptions {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    catalog: Arc<Catalog>,
    credits: Arc<Credits>,
    quotas: Arc<Quotas>,
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

    /// Asks something of those who run the instance of a subscription.
    async fn ask(
        &self,
        tx: &Transaction,
        subscription: &Subscription,
        wish: InstanceWish,
    ) -> Result<(), SubscriptionError> {
        let now = self.now();
        let runs = !matches!(wish, InstanceWish::Suspend | InstanceWish::Terminate);
        let template = if runs {
            let (plan, service) = self.catalog.plan_in_tx(tx, subscription.plan).await?;
            let mut template = service.template;
            template.resources = plan.resources.unwrap_or(template.resources);
            Some(template)
        } else {
            None
        };
        let request = InstanceRequest {
            id: InstanceRequestId::new(now),
            subscription: subscription.id,
            wish,
            plan: subscription.plan,
            template,
            created_at: now,
        };
        instances::insert(tx, &request).await?;
        let event = InstanceRequested {
            request: request.id,
            subscription: subscription.id,
            wish,
        };
        self.queue.publish(tx, &event).await?;
        Ok(())
    }
}
