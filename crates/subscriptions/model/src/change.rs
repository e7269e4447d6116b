//! Changing to another plan: which changes are upgrades, and what they cost.
//!
//! An upgrade leads to a higher tier, or in the same tier to a longer interval,
//! or with the same interval to a plan that does not cost less; all else is a
//! downgrade. What an upgrade costs:
//!
//! - **Same interval.** The period goes on. The difference of the two prices of
//!   a period is charged for the part of it that is left: `(new - old) × left ÷
//!   length`, in minor units, rounded down.
//! - **Longer interval, or out of a trial or of a plan that is free.** A new
//!   period begins now, and its price is charged less what the unused part of
//!   the old one is worth: `new - old × left ÷ length`, where the subtrahend is
//!   rounded down. It is never below 0. What somebody gave back of the period
//!   by hand is not unused as well.
//!
//! `old` is the price of the period that runs, after discounts and earlier
//! upgrades; the discount of a coupon goes on.

use catalog_model::hosting::plan::Plan;
use kernel::Timestamp;

use crate::errors::SubscriptionError;
use crate::subscription::{Subscription, SubscriptionStatus, share};

/// What a change to another plan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To more.
    Up,
    /// To less.
    Down,
}

/// What an upgrade does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The subscription after it.
    pub after: Subscription,
    /// What is charged now, in minor units.
    pub charge: i64,
    /// What the unused part of the old period is worth.
    pub unused: i64,
    /// Whether a new period begins.
    pub begins_period: bool,
}

/// Whether a change leads to more or to less.
///
/// # Errors
/// [`SubscriptionError::OtherService`], [`SubscriptionError::SamePlan`].
pub fn direction(
    subscription: &Subscription,
    from: &Plan,
    to: &Plan,
) -> Result<Direction, SubscriptionError> {
    if to.service != subscription.service {
        return Err(SubscriptionError::OtherService);
    }
    if to.id == subscription.plan {
        return Err(SubscriptionError::SamePlan);
    }
    let worth = |plan: &Plan| (plan.tier, plan.interval.days(), plan.price.minor);
    if worth(to) >= worth(from) {
        Ok(Direction::Up)
    } else {
        Ok(Direction::Down)
    }
}

/// What an upgrade to a plan does to a subscription that runs. `by_hand` was
/// given back of the period that runs, in minor units.
///
/// # Errors
/// [`SubscriptionError::ShorterInterval`] when the new plan is paid more often.
pub fn upgrade(
    subscription: &Subscription,
    to: &Plan,
    by_hand: i64,
    now: Timestamp,
) -> Result<Upgrade, SubscriptionError> {
    let old = subscription;
    let is_sold = is_sold(old);
    if to.interval.days() < old.interval.days() && is_sold {
        return Err(SubscriptionError::ShorterInterval);
    }
    let mut after = old.clone();
    after.plan = to.id;
    after.next_plan = None;
    after.price = to.price;
    after.updated_at = now;
    let unused = (old.unused(now) - by_hand).max(0);
    if to.interval == old.interval && is_sold {
        after.period_price = price_now(&after, old);
        let difference = (after.period_price - old.period_price).max(0);
        let charge = share(difference, old.left(now), old.length());
        return Ok(Upgrade {
            after,
            charge,
            unused,
            begins_period: false,
        });
    }
    after.interval = to.interval;
    after.anchor_now(now);
    after.pay_for_period(old.period + 1, now);
    Ok(Upgrade {
        charge: (after.period_price - unused).max(0),
        after,
        unused,
        begins_period: true,
    })
}

/// Whether the period that runs was sold, if only for a coupon; neither a
/// trial nor a plan that is free is.
fn is_sold(subscription: &Subscription) -> bool {
    subscription.price.minor > 0 && subscription.status != SubscriptionStatus::Trialing
}

/// The price of the period that runs in the new plan: discounted if the period
/// was.
fn price_now(after: &Subscription, old: &Subscription) -> i64 {
    match after.discount {
        Some(discount) if old.period_price < old.price.minor => discount.of(after.price).minor,
        _ => after.price.minor,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::coupon::Discount;
    use catalog_model::category::CategoryStatus;
    use catalog_model::hosting::plan::{Interval, IntervalUnit, Tier};
    use kernel::{Currency, Money, PlanId, ServiceId, SubscriptionCouponId, UserId};
    use std::collections::BTreeMap;

    pub(crate) fn plan(tier: Tier, price: i64, unit: IntervalUnit) -> Plan {
        let at = Timestamp::from_seconds(0);
        Plan {
            id: PlanId::new(at),
            service: "svc_00000000000000000000000000".parse().unwrap(),
            slug: "plan".to_owned(),
            name: "Plan".to_owned(),
            tier,
            price: Money::new(price, Currency::EUR),
            interval: Interval { unit, count: 1 },
            trial_days: 14,
            features: Vec::new(),
            limits: BTreeMap::new(),
            resources: None,
            status: CategoryStatus::Active,
            version: 1,
            created_at: at,
            updated_at: at,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    pub(crate) fn subscribe(plan: &Plan, is_trial: bool, now: Timestamp) -> Subscription {
        let user = UserId::new(now);
        Subscription::begin(user, plan, None, is_trial, true, "UTC", now)
    }

    #[test]
    fn the_difference_is_charged_for_what_is_left() {
        let basic = plan(Tier::Basic, 1_000, IntervalUnit::Month);
        let pro = plan(Tier::Pro, 3_001, IntervalUnit::Month);
        // April has 30 days, of which 10 are left.
        let old = subscribe(&basic, false, at("2026-04-01T00:00:00Z"));
        let up = upgrade(&old, &pro, 0, at("2026-04-21T00:00:00Z")).unwrap();
        assert_eq!((up.charge, up.unused, up.begins_period), (667, 333, false));
        assert_eq!((up.after.period, up.after.period_end), (1, old.period_end));
        assert_eq!(up.after.next_price(), 3_001);
        // What is unused is worth more after it.
        assert_eq!(up.after.unused(at("2026-04-21T00:00:00Z")), 1_000);
        // At the very end nothing is left to charge.
        let late = upgrade(&old, &pro, 0, at("2026-05-01T00:30:00Z")).unwrap();
        assert_eq!(late.charge, 0);
    }

    #[test]
    fn a_longer_interval_begins_now_less_what_is_unused() {
        let monthly = plan(Tier::Pro, 3_000, IntervalUnit::Month);
        let yearly = plan(Tier::Pro, 30_000, IntervalUnit::Year);
        let old = subscribe(&monthly, false, at("2026-04-01T00:00:00Z"));
        let now = at("2026-04-16T00:00:00Z");
        let up = upgrade(&old, &yearly, 0, now).unwrap();
        assert_eq!(
            (up.charge, up.unused, up.begins_period),
            (28_500, 1_500, true)
        );
        assert_eq!((up.after.period, up.after.period_start), (2, now));
        assert_eq!(up.after.period_end, at("2027-04-16T00:00:00Z"));
        assert!(matches!(
            upgrade(&up.after, &monthly, 0, now),
            Err(SubscriptionError::ShorterInterval)
        ));
        let cheap = plan(Tier::Pro, 1_000, IntervalUnit::Year);
        assert_eq!(upgrade(&old, &cheap, 0, now).unwrap().charge, 0);
    }

    #[test]
    fn a_trial_and_a_free_plan_end_with_an_upgrade() {
        let now = at("2026-04-05T00:00:00Z");
        let basic = plan(Tier::Basic, 1_000, IntervalUnit::Month);
        let pro = plan(Tier::Pro, 3_000, IntervalUnit::Month);
        let trial = subscribe(&basic, true, at("2026-04-01T00:00:00Z"));
        assert_eq!(trial.period_end, at("2026-04-15T00:00:00Z"));
        let up = upgrade(&trial, &pro, 0, now).unwrap();
        assert_eq!((up.charge, up.begins_period), (3_000, true));
        assert_eq!(up.after.period_end, at("2026-05-05T00:00:00Z"));
        let free = plan(Tier::Free, 0, IntervalUnit::Year);
        let free = subscribe(&free, false, at("2026-04-01T00:00:00Z"));
        let up = upgrade(&free, &pro, 0, now).unwrap();
        assert_eq!((up.charge, up.begins_period), (3_000, true));
    }

    #[test]
    fn discounts_go_on() {
        let basic = plan(Tier::Basic, 1_000, IntervalUnit::Month);
        let pro = plan(Tier::Pro, 3_000, IntervalUnit::Month);
        let start = at("2026-04-01T00:00:00Z");
        let half = Discount {
            basis_points: 5_000,
            periods_left: Some(1),
        };
        let coupon = Some((SubscriptionCouponId::new(start), half));
        let user = UserId::new(start);
        let old = Subscription::begin(user, &basic, coupon, false, true, "UTC", start);
        assert_eq!((old.period_price, old.next_price()), (500, 1_000));
        let up = upgrade(&old, &pro, 0, at("2026-04-16T00:00:00Z")).unwrap();
        assert_eq!((up.charge, up.after.period_price), (500, 1_500));
        assert_eq!(up.after.next_price(), 3_000);
    }

    #[test]
    fn a_coupon_for_all_of_the_price_is_no_trial() {
        let basic = plan(Tier::Basic, 1_000, IntervalUnit::Month);
        let pro = plan(Tier::Pro, 3_000, IntervalUnit::Month);
        let weekly = plan(Tier::Pro, 900, IntervalUnit::Week);
        let yearly = plan(Tier::Pro, 30_000, IntervalUnit::Year);
        let start = at("2026-04-01T00:00:00Z");
        let all = Discount {
            basis_points: 10_000,
            periods_left: Some(1),
        };
        let coupon = Some((SubscriptionCouponId::new(start), all));
        let user = UserId::new(start);
        let old = Subscription::begin(user, &basic, coupon, false, true, "UTC", start);
        assert_eq!((old.period_price, old.next_price()), (0, 1_000));
        // The period goes on, and what it is discounted by as well.
        let now = at("2026-04-16T00:00:00Z");
        let up = upgrade(&old, &pro, 0, now).unwrap();
        assert_eq!((up.charge, up.begins_period), (0, false));
        assert_eq!((up.after.period, up.after.period_end), (1, old.period_end));
        assert_eq!((up.after.period_price, up.after.next_price()), (0, 3_000));
        assert!(matches!(
            upgrade(&old, &weekly, 0, now),
            Err(SubscriptionError::ShorterInterval)
        ));
        // A longer one begins now, without the coupon, which is used up.
        let up = upgrade(&old, &yearly, 0, now).unwrap();
        assert_eq!((up.charge, up.begins_period), (30_000, true));
        // A trial is none the less for a coupon.
        let trial = Subscription::begin(user, &basic, coupon, true, true, "UTC", start);
        let up = upgrade(&trial, &pro, 0, start).unwrap();
        assert_eq!((up.charge, up.begins_period), (0, true));
    }

    #[test]
    fn tiers_and_intervals_tell_up_from_down() {
        let now = at("2026-04-01T00:00:00Z");
        let plans = [
            plan(Tier::Free, 0, IntervalUnit::Month),
            plan(Tier::Basic, 1_000, IntervalUnit::Month),
            plan(Tier::Basic, 9_000, IntervalUnit::Year),
            plan(Tier::Enterprise, 500, IntervalUnit::Month),
        ];
        for (n, from) in plans.iter().enumerate() {
            let subscription = subscribe(from, false, now);
            for (m, to) in plans.iter().enumerate() {
                let found = direction(&subscription, from, to);
                match n.cmp(&m) {
                    std::cmp::Ordering::Less => assert_eq!(found.unwrap(), Direction::Up),
                    std::cmp::Ordering::Greater => assert_eq!(found.unwrap(), Direction::Down),
                    std::cmp::Ordering::Equal => {
                        assert!(matches!(found, Err(SubscriptionError::SamePlan)));
                    }
                }
            }
        }
        let mut other = plan(Tier::Pro, 1, IntervalUnit::Month);
        other.service = ServiceId::new(now);
        let found = direction(&subscribe(&plans[0], false, now), &plans[0], &other);
        assert!(matches!(found, Err(SubscriptionError::OtherService)));
    }
}
