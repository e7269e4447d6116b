//! What those who run the shop do with subscriptions.

use database::{Once, retrying};
use kernel::{AuditEntry, Audited as _, Permission, Scope, SubscriptionId};
use subscriptions_model::SubscriptionError;
use subscriptions_model::subscription::{Subscription, SubscriptionStatus};
use subscriptions_repository::subscriptions;

use crate::Subscriptions;

impl Subscriptions {
    /// Ends somebody's subscription now; the unused part of its period goes
    /// back into the wallet, if wanted.
    pub async fn end_subscription(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        refund: bool,
    ) -> Result<Subscription, SubscriptionError> {
        scope.require(Permission::SubscriptionsWrite)?;
        retrying("subscription.end", || {
            self.end_subscription_once(scope, id, refund)
        })
        .await
    }

    async fn end_subscription_once(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        refund: bool,
    ) -> Result<Subscription, SubscriptionError> {
        let tx = match self
            .database
            .begin_once::<Subscription>(scope, "subscription.end", self.now())
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let mut one = subscriptions::lock(&tx, id)
            .await?
            .ok_or(SubscriptionError::NotFound)?;
        if one.status == SubscriptionStatus::Ended {
            return Err(SubscriptionError::Over);
        }
        let before = one.snapshot();
        self.end_now(&tx, &mut one, refund).await?;
        let entry = AuditEntry::new("subscription.end", id);
        self.record(&tx, entry.before(&before).after(&one)).await?;
        Ok(tx.commit_with(one).await?)
    }
}
