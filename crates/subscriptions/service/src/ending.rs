//! Ending subscriptions, and taking that back.

use database::{Once, Transaction, retrying};
use kernel::{Scope, SubscriptionId};
use subscriptions_model::SubscriptionError;
use subscriptions_model::events::SubscriptionEnded;
use subscriptions_model::jobs::SendNotice;
use subscriptions_model::mails::Notice;
use subscriptions_model::renewal::Step;
use subscriptions_model::subscription::{EndReason, Subscription, SubscriptionStatus};

use crate::Subscriptions;
use crate::renewing::plan_of;

impl Subscriptions {
    /// Cancels the caller's subscription: to the end of its period, or now. Of
    /// a period that ends early the unused part goes back into the wallet.
    pub async fn cancel(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        now: bool,
    ) -> Result<Subscription, SubscriptionError> {
        retrying("subscription.cancel", || self.cancel_once(scope, id, now)).await
    }

    async fn cancel_once(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        at_once: bool,
    ) -> Result<Subscription, SubscriptionError> {
        let tx = match self
            .database
            .begin_once::<Subscription>(scope, "subscription.cancel", self.now())
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let mut one = self.lock_own(&tx, id).await?;
        if one.status == SubscriptionStatus::Ended {
            return Err(SubscriptionError::Over);
        }
        if at_once || !one.runs() {
            // What is not paid has no period to wait for the end of.
            self.end_now(&tx, &mut one, true).await?;
        } else if one.canceled_at.is_some() {
            return Err(SubscriptionError::AlreadyCanceled);
        } else {
            self.schedule(&tx, &mut one, None).await?;
            one.canceled_at = Some(self.now());
            self.save(&tx, &mut one).await?;
        }
        Ok(tx.commit_with(one).await?)
    }

    /// Takes a cancellation back, or starts what is suspended again: it is
    /// paid then, and a new period begins.
    pub async fn resume(
        &self,
        scope: &Scope,
        id: SubscriptionId,
    ) -> Result<Subscription, SubscriptionError> {
        retrying("subscription.resume", || self.resume_once(scope, id)).await
    }

    async fn resume_once(
        &self,
        scope: &Scope,
        id: SubscriptionId,
    ) -> Result<Subscription, SubscriptionError> {
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Subscription>(scope, "subscription.resume", now)
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let mut one = self.lock_own(&tx, id).await?;
        match one.status {
            SubscriptionStatus::Ended => return Err(SubscriptionError::Over),
            SubscriptionStatus::Suspended | SubscriptionStatus::PastDue => {
                one.canceled_at = None;
                one.auto_renew = true;
                let next = self.next_plan(&tx, &one).await?;
                if let Step::Pay(after) = one.step(plan_of(next.as_ref()), now) {
                    one = self.pay(&tx, &one, *after, next.as_ref()).await?;
                }
            }
            _ if one.canceled_at.is_some() => {
                one.canceled_at = None;
                self.save(&tx, &mut one).await?;
            }
            _ => return Err(SubscriptionError::NothingToResume),
        }
        Ok(tx.commit_with(one).await?)
    }

    /// Ends a subscription now; the unused part of its period goes back, if
    /// wanted. What somebody gave back of the period by hand is not unused as
    /// well.
    pub(crate) async fn end_now(
        &self,
        tx: &Transaction,
        one: &mut Subscription,
        refund: bool,
    ) -> Result<(), SubscriptionError> {
        let mut unused = if refund { one.unused(self.now()) } else { 0 };
        if unused > 0 {
            unused -= self.given_back_by_hand(tx, one).await?;
        }
        self.end(tx, one, EndReason::Canceled, unused).await
    }

    /// Ends a subscription: its units go back, then so much of what was
    /// charged, and its instance goes.
    pub(crate) async fn end(
        &self,
        tx: &Transaction,
        one: &mut Subscription,
        reason: EndReason,
        unused: i64,
    ) -> Result<(), SubscriptionError> {
        self.swap_units(tx, one, None).await?;
        one.end(reason, self.now());
        self.save(tx, one).await?;
        if unused > 0 {
            self.give_back(tx, one, unused).await?;
        }
        self.terminate(tx, one).await?;
        let event = SubscriptionEnded {
            subscription: one.id,
            reason,
        };
        self.queue.publish(tx, &event).await?;
        let notice = SendNotice {
            subscription: one.id,
            notice: Notice::Ended,
        };
        self.queue.enqueue(tx, &notice).await?;
        Ok(())
    }
}
