//! A subscription of a hosted service.

use std::time::Duration;

use catalog_model::hosting::plan::Plan;
pub use catalog_model::hosting::plan::{Interval, IntervalUnit};
use kernel::{
    Audited, Money, PlanId, ServiceId, Snapshot, SubscriptionCouponId, SubscriptionId, Timestamp,
    UserId,
};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::calendar;
use crate::coupon::Discount;

/// How many subscriptions a customer may have that have not ended.
pub const MAX_LIVE: i64 = 100;
/// Over which time renewals that fall due together are spread.
pub const SPREAD: Duration = Duration::from_hours(1);

/// Where a subscription stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// It is tried for nothing.
    Trialing,
    /// It is paid for, or costs nothing.
    Active,
    /// There was not enough credit to renew it; it goes on for a while.
    PastDue,
    /// It was not paid for longer; what runs is stopped and kept.
    Suspended,
    /// It is over.
    Ended,
}

/// Why a subscription is over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its owner or the shop canceled it.
    Canceled,
    /// Its owner did not want it to renew.
    NotRenewed,
    /// It was not paid.
    Unpaid,
}

/// A subscription of a hosted service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Which.
    pub id: SubscriptionId,
    /// Whose.
    pub user: UserId,
    /// To which service.
    pub service: ServiceId,
    /// In which plan.
    pub plan: PlanId,
    /// The plan it changes to when the period ends; its units are given
    /// already.
    pub next_plan: Option<PlanId>,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// Whether it renews.
    pub auto_renew: bool,
    /// When its owner canceled it to the end of the period.
    pub canceled_at: Option<Timestamp>,
    /// What a period costs without discounts, as it was when it was
    /// subscribed.
    pub price: Money,
    /// What the period that runs would cost as a whole at the price that is in
    /// force: what its unused part is worth is a share of this.
    pub period_price: i64,
    /// What it is discounted by.
    pub discount: Option<Discount>,
    /// The coupon it is discounted by.
    pub coupon: Option<SubscriptionCouponId>,
    /// The time zone its days are counted in.
    pub time_zone: String,
    /// The time between two payments.
    pub interval: Interval,
    /// From when periods are counted.
    pub anchor_at: Timestamp,
    /// The number of the period that begins at the anchor.
    pub anchor_period: i64,
    /// The number of the period that runs.
    pub period: i64,
    /// Since when.
    pub period_start: Timestamp,
    /// Until before when.
    pub period_end: Timestamp,
    /// When somebody has to look at it again.
    pub due_at: Timestamp,
    /// Since when it is not paid.
    pub past_due_since: Option<Timestamp>,
    /// How many reminders were sent since then.
    pub reminders: i64,
    /// Since when it is suspended.
    pub suspended_at: Option<Timestamp>,
    /// Since when it is over.
    pub ended_at: Option<Timestamp>,
    /// Why it is over.
    pub end_reason: Option<EndReason>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Subscription {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        let reason = self.end_reason.map(<&'static str>::from);
        Snapshot::new()
            .with("service", self.service)
            .with("plan", self.plan)
            .with("next_plan", self.next_plan)
            .with("status", status)
            .with("auto_renew", self.auto_renew)
            .with("price", self.price)
            .with("period", self.period)
            .with("period_end", self.period_end)
            .with("end_reason", reason)
            .with("version", self.version)
    }
}

impl Subscription {
    /// A subscription that begins now, paid or with a trial.
    pub fn begin(
        user: UserId,
        plan: &Plan,
        discount: Option<(SubscriptionCouponId, Discount)>,
        is_trial: bool,
        auto_renew: bool,
        time_zone: &str,
        now: Timestamp,
    ) -> Self {
        let mut new = Self {
            id: SubscriptionId::new(now),
            user,
            service: plan.service,
            plan: plan.id,
            next_plan: None,
            status: SubscriptionStatus::Active,
            auto_renew,
            canceled_at: None,
            price: plan.price,
            period_price: 0,
            discount: discount.map(|(_, discount)| discount),
            coupon: discount.map(|(coupon, _)| coupon),
            time_zone: time_zone.to_owned(),
            interval: plan.interval,
            anchor_at: now,
            anchor_period: 1,
            period: 1,
            period_start: now,
            period_end: now,
            due_at: now,
            past_due_since: None,
            reminders: 0,
            suspended_at: None,
            ended_at: None,
            end_reason: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        if is_trial {
            let days = u64::try_from(plan.trial_days).unwrap_or(0);
            new.status = SubscriptionStatus::Trialing;
            // The trial is period 1; what is paid is counted from its end.
            new.anchor_at = now.plus(Duration::from_hours(24 * days));
            new.anchor_period = 2;
            new.period_end = new.anchor_at;
            new.due_at = new.spread(new.period_end);
        } else {
            new.pay_for_period(1, now);
        }
        new
    }

    /// What the next period costs: the price less the discount, if that lasts.
    pub fn next_price(&self) -> i64 {
        self.next_price_of(self.price)
    }

    /// What the next period would cost at another price.
    pub fn next_price_of(&self, price: Money) -> i64 {
        match self.discount {
            Some(discount) if discount.lasts() => discount.of(price).minor,
            _ => price.minor,
        }
    }

    /// Runs a period that is paid for, and uses up a period of the discount.
    pub fn pay_for_period(&mut self, number: i64, now: Timestamp) {
        self.period_price = self.next_price();
        self.discount = self.discount.map(Discount::used_once);
        self.period = number;
        self.period_start = self.start_of(number);
        self.period_end = self.start_of(number + 1);
        self.status = SubscriptionStatus::Active;
        self.past_due_since = None;
        self.suspended_at = None;
        self.reminders = 0;
        self.due_at = self.spread(self.period_end);
        self.updated_at = now;
    }

    /// When a period begins.
    pub fn start_of(&self, period: i64) -> Timestamp {
        let number = period - self.anchor_period;
        calendar::due(self.anchor_at, &self.time_zone, self.interval, number)
    }

    /// Counts periods from now on, the next one first.
    pub fn anchor_now(&mut self, now: Timestamp) {
        self.anchor_at = now;
        self.anchor_period = self.period + 1;
    }

    /// Another instant for each subscription, so that not all that fall due
    /// together are worked on together.
    pub fn spread(&self, at: Timestamp) -> Timestamp {
        let seconds = self.id.uuid().as_u128() % u128::from(SPREAD.as_secs());
        at.plus(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    /// Ends it.
    pub fn end(&mut self, reason: EndReason, now: Timestamp) {
        self.status = SubscriptionStatus::Ended;
        self.end_reason = Some(reason);
        self.ended_at = Some(now);
        self.next_plan = None;
        self.updated_at = now;
    }

    /// Whether it runs and is paid for.
    pub fn runs(&self) -> bool {
        matches!(
            self.status,
            SubscriptionStatus::Trialing | SubscriptionStatus::Active
        )
    }

    /// Whether it holds a unit of a plan: of its own, or of that which comes
    /// next.
    pub fn holds(&self, plan: PlanId) -> bool {
        let is_live = self.status != SubscriptionStatus::Ended;
        is_live && (self.plan == plan || self.next_plan == Some(plan))
    }

    /// What the unused part of the period that runs is worth: its share of
    /// what the period costs, rounded down.
    pub fn unused(&self, now: Timestamp) -> i64 {
        if !self.runs() {
            return 0;
        }
        share(self.period_price, self.left(now), self.length())
    }

    /// How much of the period is left, in microseconds.
    pub fn left(&self, now: Timestamp) -> i64 {
        (self.period_end.micros() - now.max(self.period_start).micros()).max(0)
    }

    /// How long the period is, in microseconds; at least 1.
    pub fn length(&self) -> i64 {
        (self.period_end.micros() - self.period_start.micros()).max(1)
    }
}

/// A share of an amount, rounded down.
pub(crate) fn share(amount: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(amount) * i128::from(part) / i128::from(whole);
    i64::try_from(exact).unwrap_or(i64::MAX)
}
