//! Seeing subscriptions.

use kernel::{Page, PageRequest, Permission, Scope, SubscriptionId};
use subscriptions_model::SubscriptionError;
use subscriptions_model::charge::Charge;
use subscriptions_model::subscription::Subscription;
use subscriptions_repository::{charges, subscriptions};

use crate::{SubscriptionFilter, Subscriptions};

/// How many charges a subscription is shown with.
pub(crate) const CHARGES: i64 = 200;

/// A subscription and what was charged for it.
#[derive(Debug, Clone)]
pub struct SubscriptionDetail {
    /// The subscription.
    pub subscription: Subscription,
    /// What was charged, newest first; the last 200.
    pub charges: Vec<Charge>,
}

impl Subscriptions {
    /// The caller's subscriptions, newest first.
    pub async fn own_subscriptions(
        &self,
        scope: &Scope,
        page: PageRequest<SubscriptionId>,
    ) -> Result<Page<Subscription, SubscriptionId>, SubscriptionError> {
        let filter = SubscriptionFilter {
            user: Some(scope.require_user()?),
            ..SubscriptionFilter::default()
        };
        let db = self.database.read(scope).await?;
        Ok(subscriptions::list(&db, filter, page).await?)
    }

    /// One subscription of the caller's.
    pub async fn own_subscription(
        &self,
        scope: &Scope,
        id: SubscriptionId,
    ) -> Result<SubscriptionDetail, SubscriptionError> {
        let user = scope.require_user()?;
        let found = self.detail(scope, id).await?;
        if found.subscription.user == user {
            Ok(found)
        } else {
            Err(SubscriptionError::NotFound)
        }
    }

    /// Subscriptions of everybody, newest first.
    pub async fn subscriptions(
        &self,
        scope: &Scope,
        filter: SubscriptionFilter,
        page: PageRequest<SubscriptionId>,
    ) -> Result<Page<Subscription, SubscriptionId>, SubscriptionError> {
        scope.require(Permission::SubscriptionsRead)?;
        let db = self.database.read(scope).await?;
        Ok(subscriptions::list(&db, filter, page).await?)
    }

    /// One subscription of anybody's.
    pub async fn subscription(
        &self,
        scope: &Scope,
        id: SubscriptionId,
    ) -> Result<SubscriptionDetail, SubscriptionError> {
        scope.require(Permission::SubscriptionsRead)?;
        self.detail(scope, id).await
    }

    async fn detail(
        &self,
        scope: &Scope,
        id: SubscriptionId,
    ) -> Result<SubscriptionDetail, SubscriptionError> {
        let db = self.database.read(scope).await?;
        let subscription = subscriptions::find(&db, id)
            .await?
            .ok_or(SubscriptionError::NotFound)?;
        let charges = charges::of(&db, id, None, CHARGES).await?;
        Ok(SubscriptionDetail {
            subscription,
            charges,
        })
    }
}
