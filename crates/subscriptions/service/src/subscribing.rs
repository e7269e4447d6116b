//! Subscribing.

use catalog_model::category::CategoryStatus;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::plan::Plan;
use catalog_model::hosting::service::{Service, ServiceStatus};
use credits_model::quota::waiter::Waiter;
use database::{Once, Transaction, retrying};
use kernel::{PlanId, Scope, SubscriptionCouponId, UserId};
use subscriptions_model::SubscriptionError;
use subscriptions_model::charge::ChargeKind;
use subscriptions_model::coupon::{Discount, normal_code};
use subscriptions_model::events::SubscriptionCreated;
use subscriptions_model::subscription::{MAX_LIVE, Subscription};
use subscriptions_repository::{coupons, subscriptions};

use crate::Subscriptions;

/// What somebody subscribes to.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// The plan.
    pub plan: PlanId,
    /// Whether they want to try it first; if they may, when nothing is said.
    pub trial: Option<bool>,
    /// The code of a coupon.
    pub coupon: Option<String>,
    /// Whether it renews.
    pub auto_renew: bool,
}

impl Subscriptions {
    /// Subscribes the caller to a plan: checks it, gives units of its quota,
    /// takes the credit, and asks for the instance, in one transaction.
    ///
    /// # Errors
    /// [`SubscriptionError::AlreadySubscribed`], no quota, no credit, no such
    /// plan, or what is wrong with trial and coupon.
    pub async fn subscribe(
        &self,
        scope: &Scope,
        new: &NewSubscription,
    ) -> Result<Subscription, SubscriptionError> {
        retrying("subscription.create", || self.subscribe_once(scope, new)).await
    }

    async fn subscribe_once(
        &self,
        scope: &Scope,
        new: &NewSubscription,
    ) -> Result<Subscription, SubscriptionError> {
        let user = scope.require_user()?;
        let now = self.now();
        let zone = self.tenant(scope).await?.settings.time_zone.clone();
        let tx = match self
            .database
            .begin_once::<Subscription>(scope, "subscription.create", now)
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let (plan, service) = self.plan_on_sale(&tx, new.plan).await?;
        let live = subscriptions::count_live(&tx, user, plan.service).await?;
        if live.to_service > 0 {
            return Err(SubscriptionError::AlreadySubscribed);
        }
        if live.number >= MAX_LIVE {
            return Err(SubscriptionError::TooMany);
        }
        let is_trial = self.wants_trial(&tx, user, &plan, new.trial).await?;
        let discount = match &new.coupon {
            Some(_) if plan.price.minor == 0 => return Err(SubscriptionError::NothingToDiscount),
            Some(typed) => Some(self.redeem(&tx, user, typed).await?),
            None => None,
        };
        let made = Subscription::begin(user, &plan, discount, is_trial, new.auto_renew, &zone, now);
        subscriptions::insert(&tx, &made).await?;
        self.give_unit(&tx, &made, plan.id).await?;
        self.charge(&tx, &made, ChargeKind::Start, made.period_price)
            .await?;
        self.provision(&tx, &made, &plan, &service).await?;
        let event = SubscriptionCreated {
            subscription: made.id,
            user,
            plan: plan.id,
        };
        self.queue.publish(&tx, &event).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Lets the caller wait for a plan of which nothing is left, and which they
    /// do not have.
    pub async fn wait_for_plan(
        &self,
        scope: &Scope,
        plan: PlanId,
    ) -> Result<Waiter, SubscriptionError> {
        let user = scope.require_user()?;
        let is_held = {
            let db = self.database.read(scope).await?;
            subscriptions::has_plan(&db, user, plan).await?
        };
        let waiter = self.quotas.join_waiting_list(scope, plan, is_held).await?;
        Ok(waiter)
    }

    /// A plan that can be subscribed to. All others are as if they were not
    /// there.
    pub(crate) async fn plan_on_sale(
        &self,
        tx: &Transaction,
        id: PlanId,
    ) -> Result<(Plan, Service), SubscriptionError> {
        let (plan, service) = self.catalog.plan_in_tx(tx, id).await?;
        let is_sold =
            plan.status == CategoryStatus::Active && service.status == ServiceStatus::Active;
        if is_sold {
            Ok((plan, service))
        } else {
            Err(HostingError::PlanNotFound.into())
        }
    }

    /// Whether it begins with a trial, which is noted then.
    async fn wants_trial(
        &self,
        tx: &Transaction,
        user: UserId,
        plan: &Plan,
        wanted: Option<bool>,
    ) -> Result<bool, SubscriptionError> {
        if wanted == Some(false) {
            return Ok(false);
        }
        if plan.trial_days == 0 {
            return match wanted {
                Some(_) => Err(SubscriptionError::NoTrial),
                None => Ok(false),
            };
        }
        let is_first = subscriptions::begin_trial(tx, user, plan.service, self.now()).await?;
        if !is_first && wanted.is_some() {
            return Err(SubscriptionError::TrialUsed);
        }
        Ok(is_first)
    }

    /// Uses a coupon, once for each customer.
    async fn redeem(
        &self,
        tx: &Transaction,
        user: UserId,
        typed: &str,
    ) -> Result<(SubscriptionCouponId, Discount), SubscriptionError> {
        let code = normal_code(typed).map_err(|_| SubscriptionError::CouponNotFound)?;
        let now = self.now();
        let Some(coupon) = coupons::take(tx, &code, now).await? else {
            return if coupons::exists(tx, &code).await? {
                Err(SubscriptionError::CouponOver)
            } else {
                Err(SubscriptionError::CouponNotFound)
            };
        };
        if !coupons::note_use(tx, coupon.id, user, now).await? {
            return Err(SubscriptionError::CouponUsed);
        }
        Ok((coupon.id, coupon.discount()))
    }
}
