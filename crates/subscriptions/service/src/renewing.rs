//! Renewing what is due.

use accounts_model::tenant::SubscriptionSettings;
use catalog_model::hosting::plan::Plan;
use catalog_model::hosting::service::Service;
use credits_model::wallet::WalletKey;
use database::{Transaction, retrying};
use kernel::{DomainError as _, Fault, Permission, Scope, SubscriptionId, Timestamp};
use subscriptions_model::SubscriptionError;
use subscriptions_model::charge::ChargeKind;
use subscriptions_model::events::{
    SubscriptionPastDue, SubscriptionPlanChanged, SubscriptionRenewed, SubscriptionSuspended,
};
use subscriptions_model::jobs::SendNotice;
use subscriptions_model::mails::Notice;
use subscriptions_model::renewal::{Consequence, Step};
use subscriptions_model::subscription::{Subscription, SubscriptionStatus};
use subscriptions_repository::subscriptions;

use crate::Subscriptions;
use crate::paying::is_unpaid;

/// How many are looked up at once.
const AT_ONCE: i64 = 100;

impl Subscriptions {
    /// Renews all subscriptions that are due, and reminds, suspends and ends
    /// those for which there is no credit; called by its job. Each is a
    /// transaction of its own; what fails is logged and left for the next run.
    pub async fn renew_due(&self, scope: &Scope) -> Result<(), SubscriptionError> {
        scope.require(Permission::SubscriptionsWrite)?;
        let terms = self.terms(scope).await?;
        let mut after = None;
        loop {
            let db = self.database.read(scope).await?;
            let due = subscriptions::due(&db, self.now(), after, AT_ONCE).await?;
            drop(db);
            for (id, _) in &due {
                let renewed = retrying("subscription.renew", || self.renew(scope, *id, &terms));
                if let Err(error) = renewed.await {
                    let cause = error.fault().map(Fault::chain).unwrap_or_default();
                    tracing::warn!(subscription = %id, %error, cause, "could not renew; the next run tries again");
                }
            }
            after = match due.last() {
                Some((_, last)) if i64::try_from(due.len()).is_ok_and(|n| n == AT_ONCE) => {
                    Some(*last)
                }
                _ => return Ok(()),
            };
        }
    }

    async fn renew(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        terms: &SubscriptionSettings,
    ) -> Result<(), SubscriptionError> {
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "subscription.renew")
            .await?;
        let Some(mut one) = lock_due(&tx, id, now).await? else {
            return Ok(());
        };
        let next = self.next_plan(&tx, &one).await?;
        match one.step(plan_of(next.as_ref()), now) {
            Step::Wait => {
                one.due_at = one.spread(one.period_end);
                self.save(&tx, &mut one).await?;
            }
            Step::End(reason) => self.end(&tx, &mut one, reason, 0).await?,
            Step::Pay(after) => match self.pay(&tx, &one, *after, next.as_ref()).await {
                Ok(_) => {}
                Err(error) if is_unpaid(&error) => {
                    // What was begun is undone with its transaction.
                    tx.rollback().await?;
                    return self.note_unpaid(scope, id, terms).await;
                }
                Err(error) => return Err(error),
            },
        }
        tx.commit().await?;
        Ok(())
    }

    /// The plan a subscription changes to when its period ends, and the
    /// service.
    pub(crate) async fn next_plan(
        &self,
        tx: &Transaction,
        one: &Subscription,
    ) -> Result<Option<(Plan, Service)>, SubscriptionError> {
        match one.next_plan {
            Some(id) => Ok(Some(self.catalog.plan_in_tx(tx, id).await?)),
            None => Ok(None),
        }
    }

    /// Takes what the next period costs and begins it; in the plan that comes
    /// next, if one does.
    pub(crate) async fn pay(
        &self,
        tx: &Transaction,
        before: &Subscription,
        mut after: Subscription,
        next: Option<&(Plan, Service)>,
    ) -> Result<Subscription, SubscriptionError> {
        if next.is_some() {
            self.quotas
                .release_in_tx(tx, before.plan, &before.id.to_string())
                .await?;
        }
        let (kind, amount) = (ChargeKind::Renewal, after.period_price);
        self.charge(tx, &after, kind, amount).await?;
        self.save(tx, &mut after).await?;
        let event = SubscriptionRenewed {
            subscription: after.id,
            period: after.period,
        };
        self.queue.publish(tx, &event).await?;
        if let Some((plan, service)) = next {
            let event = SubscriptionPlanChanged {
                subscription: after.id,
                before: before.plan,
                plan: after.plan,
            };
            self.queue.publish(tx, &event).await?;
            self.fit_to_plan(tx, &after, plan, service).await?;
        }
        if before.status == SubscriptionStatus::Suspended {
            self.unsuspend(tx, &after).await?;
        }
        Ok(after)
    }

    /// Notes that there was not enough credit, and does what follows. A wallet
    /// that tops itself up does so, and the next run finds its credit.
    async fn note_unpaid(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        terms: &SubscriptionSettings,
    ) -> Result<(), SubscriptionError> {
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "subscription.unpaid")
            .await?;
        let Some(mut one) = lock_due(&tx, id, now).await? else {
            return Ok(());
        };
        // Its owner may have canceled it, or changed what comes next, since.
        let next = self.next_plan(&tx, &one).await?;
        let Step::Pay(paid) = one.step(plan_of(next.as_ref()), now) else {
            return Ok(());
        };
        let wallet = WalletKey::Of {
            user: one.user,
            currency: one.price.currency,
        };
        let consequence = one.unpaid(terms, now);
        // What is over is paid no more.
        if !matches!(consequence, Consequence::End(_)) {
            let price = paid.period_price;
            self.credits.top_up_for_in_tx(&tx, wallet, price).await?;
        }
        match consequence {
            Consequence::None => self.save(&tx, &mut one).await?,
            Consequence::Remind(reminder) => {
                self.save(&tx, &mut one).await?;
                let event = SubscriptionPastDue {
                    subscription: id,
                    reminder,
                };
                self.queue.publish(&tx, &event).await?;
                self.notify(&tx, id, Notice::PastDue).await?;
            }
            Consequence::Suspend => {
                self.save(&tx, &mut one).await?;
                self.suspend(&tx, &one).await?;
                let event = SubscriptionSuspended { subscription: id };
                self.queue.publish(&tx, &event).await?;
                self.notify(&tx, id, Notice::Suspended).await?;
            }
            Consequence::End(reason) => self.end(&tx, &mut one, reason, 0).await?,
        }
        tx.commit().await?;
        Ok(())
    }

    async fn notify(
        &self,
        tx: &Transaction,
        subscription: SubscriptionId,
        notice: Notice,
    ) -> Result<(), Fault> {
        let job = SendNotice {
            subscription,
            notice,
        };
        self.queue.enqueue(tx, &job).await.map(|_| ())
    }
}

/// The plan of what comes next.
pub(crate) fn plan_of(next: Option<&(Plan, Service)>) -> Option<&Plan> {
    next.map(|(plan, _)| plan)
}

/// Locks a subscription that is due. Somebody else may have been faster: then
/// it is not any more.
async fn lock_due(
    tx: &Transaction,
    id: SubscriptionId,
    now: Timestamp,
) -> Result<Option<Subscription>, Fault> {
    let locked = subscriptions::lock(tx, id).await?;
    Ok(locked.filter(|one| one.due_at <= now && one.status != SubscriptionStatus::Ended))
}
