//! What happens to a subscription when it is due.
//!
//! Who has enough credit is charged for the next period, which begins where
//! the last one ended, however late that is noticed. Who has not is reminded
//! three times in a time of grace, in which the service runs on. Then it is
//! suspended; as soon as there is credit, it starts again with a period that
//! begins at that moment. When there is none for longer, it ends.

use std::time::Duration;

use accounts_model::tenant::SubscriptionSettings;
use catalog_model::hosting::plan::Plan;
use kernel::Timestamp;

use crate::subscription::{EndReason, Subscription, SubscriptionStatus};

/// How often it is tried again while there is not enough credit.
pub const RETRY: Duration = Duration::from_hours(1);
/// How many reminders are sent.
pub const REMINDERS: i64 = 3;

/// What is to be done with a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet.
    Wait,
    /// It ends.
    End(EndReason),
    /// It is to be paid; this is how it is then. What it costs is its
    /// `period_price`.
    Pay(Box<Subscription>),
}

/// What follows from there not being enough credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// Nothing yet.
    None,
    /// The owner is reminded, for the first, second or third time.
    Remind(i64),
    /// What runs is stopped.
    Suspend,
    /// It ends.
    End(EndReason),
}

impl Subscription {
    /// What is to be done now. `next` is the plan it changes to when the
    /// period ends, if there is one.
    pub fn step(&self, next: Option<&Plan>, now: Timestamp) -> Step {
        use SubscriptionStatus as S;
        match self.status {
            S::Ended => return Step::Wait,
            S::Trialing | S::Active if now < self.period_end => return Step::Wait,
            _ => {}
        }
        if self.canceled_at.is_some() {
            return Step::End(EndReason::Canceled);
        }
        if !self.auto_renew {
            return Step::End(EndReason::NotRenewed);
        }
        let mut after = self.clone();
        if let Some(plan) = next {
            after.plan = plan.id;
            after.next_plan = None;
            after.price = plan.price;
            if after.interval != plan.interval {
                after.interval = plan.interval;
                after.anchor_now(self.period_end);
            }
        }
        if self.status == S::Suspended {
            after.anchor_now(now);
        }
        after.pay_for_period(self.period + 1, now);
        Step::Pay(Box::new(after))
    }

    /// Notes that there was not enough credit, and says what follows.
    pub fn unpaid(&mut self, terms: &SubscriptionSettings, now: Timestamp) -> Consequence {
        use SubscriptionStatus as S;
        self.updated_at = now;
        self.due_at = now.plus(RETRY);
        let since = *self.past_due_since.get_or_insert(now);
        let is_over = self.unpaid_until(terms).is_some_and(|until| now >= until);
        match self.status {
            S::Suspended if is_over => Consequence::End(EndReason::Unpaid),
            S::Suspended => Consequence::None,
            _ if is_over && self.reminders > 0 => {
                self.status = S::Suspended;
                self.suspended_at = Some(now);
                Consequence::Suspend
            }
            _ => {
                self.status = S::PastDue;
                let grace = days(terms.grace_days);
                let sent = u32::try_from(self.reminders).unwrap_or(u32::MAX);
                if self.reminders >= REMINDERS || now < since.plus(grace / 3 * sent) {
                    return Consequence::None;
                }
                self.reminders += 1;
                Consequence::Remind(self.reminders)
            }
        }
    }

    /// Until when it goes on as it is without being paid: then it is
    /// suspended, or it ends. None when it is paid.
    fn unpaid_until(&self, terms: &SubscriptionSettings) -> Option<Timestamp> {
        if let Some(suspended) = self.suspended_at {
            return Some(suspended.plus(days(terms.suspension_days)));
        }
        Some(self.past_due_since?.plus(days(terms.grace_days)))
    }

    /// The day on which what comes next comes: it is suspended, or it ends, or
    /// is to be paid; when it ended, where it did.
    pub fn next_day(&self, terms: &SubscriptionSettings) -> Timestamp {
        let ends = self.ended_at.or_else(|| self.unpaid_until(terms));
        ends.unwrap_or(self.period_end)
    }
}

fn days(count: u32) -> Duration {
    Duration::from_hours(24 * u64::from(count))
}

#[cfg(test)]
mod simulation;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::{plan, subscribe};
    use crate::renewal::Consequence as C;
    use catalog_model::hosting::plan::{IntervalUnit, Tier};

    const TERMS: SubscriptionSettings = SubscriptionSettings::DEFAULT;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn paid(step: Step) -> Subscription {
        match step {
            Step::Pay(after) => *after,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_noticed_late_is_charged_from_where_it_was_due() {
        let pro = plan(Tier::Pro, 900, IntervalUnit::Month);
        let first = subscribe(&pro, false, at("2026-01-31T10:00:00Z"));
        assert_eq!(first.step(None, at("2026-02-28T09:59:59Z")), Step::Wait);
        let second = paid(first.step(None, at("2026-05-02T00:00:00Z")));
        assert_eq!((second.period, second.period_price), (2, 900));
        assert_eq!(second.period_start, at("2026-02-28T10:00:00Z"));
        assert_eq!(second.period_end, at("2026-03-31T10:00:00Z"));
        let third = paid(second.step(None, at("2026-05-02T00:00:00Z")));
        assert_eq!(third.period_end, at("2026-04-30T10:00:00Z"));
        let due = third.due_at.since(third.period_end);
        assert!(due < crate::subscription::SPREAD, "{due:?}");
    }

    #[test]
    fn who_does_not_pay_is_reminded_suspended_and_ended() {
        let pro = plan(Tier::Pro, 900, IntervalUnit::Month);
        let mut one = subscribe(&pro, false, at("2026-03-01T00:00:00Z"));
        let begin = at("2026-04-01T00:10:00Z");
        let mut log = Vec::new();
        let mut now = begin;
        while one.status != SubscriptionStatus::Ended {
            assert!(matches!(one.step(None, now), Step::Pay(_)));
            let announced = one.next_day(&TERMS);
            let what = one.unpaid(&TERMS, now);
            if let Consequence::End(reason) = what {
                // That follows, and is done as for all other reasons.
                assert_eq!(one.status, SubscriptionStatus::Suspended);
                one.end(reason, now);
            }
            if matches!(what, C::Suspend | C::End(_)) {
                // What mails said, but for when it is tried again.
                assert!(now.since(announced) < RETRY, "{announced}");
            }
            if what != Consequence::None {
                log.push((now.since(begin).as_secs() / 86_400, what));
            }
            now = one.due_at;
        }
        let expected = [
            (0, C::Remind(1)),
            (2, C::Remind(2)),
            (4, C::Remind(3)),
            (7, C::Suspend),
            (21, C::End(EndReason::Unpaid)),
        ];
        assert_eq!(log, expected);
        assert_eq!(one.end_reason, Some(EndReason::Unpaid));
        assert_eq!(Some(one.next_day(&TERMS)), one.ended_at);
        assert_eq!(one.step(None, now), Step::Wait);
    }

    #[test]
    fn after_a_suspension_a_period_begins_when_it_is_paid() {
        let pro = plan(Tier::Pro, 900, IntervalUnit::Month);
        let mut one = subscribe(&pro, false, at("2026-03-31T00:00:00Z"));
        one.unpaid(&TERMS, at("2026-04-30T00:10:00Z"));
        // In the time of grace the day stays.
        let soon = paid(one.step(None, at("2026-05-03T00:00:00Z")));
        assert_eq!(soon.period_end, at("2026-05-31T00:00:00Z"));
        assert_eq!((soon.past_due_since, soon.reminders), (None, 0));
        one.unpaid(&TERMS, at("2026-05-08T00:00:00Z"));
        assert_eq!(one.status, SubscriptionStatus::Suspended);
        let late = paid(one.step(None, at("2026-05-10T08:00:00Z")));
        assert_eq!(late.period_start, at("2026-05-10T08:00:00Z"));
        assert_eq!(late.period_end, at("2026-06-10T08:00:00Z"));
        assert_eq!((late.period, late.status), (2, SubscriptionStatus::Active));
    }

    #[test]
    fn who_does_not_want_more_is_not_charged() {
        let pro = plan(Tier::Pro, 900, IntervalUnit::Month);
        let mut one = subscribe(&pro, false, at("2026-03-01T00:00:00Z"));
        let now = at("2026-04-01T00:00:00Z");
        one.auto_renew = false;
        assert_eq!(one.step(None, now), Step::End(EndReason::NotRenewed));
        one.canceled_at = Some(now);
        assert_eq!(one.step(None, now), Step::End(EndReason::Canceled));
    }

    #[test]
    fn another_plan_begins_where_the_old_one_ended() {
        let pro = plan(Tier::Pro, 900, IntervalUnit::Month);
        let basic = plan(Tier::Basic, 4_000, IntervalUnit::Year);
        let one = subscribe(&pro, false, at("2026-03-31T00:00:00Z"));
        let next = paid(one.step(Some(&basic), at("2026-05-01T00:00:00Z")));
        assert_eq!((next.plan, next.period_price), (basic.id, 4_000));
        assert_eq!(next.period_start, at("2026-04-30T00:00:00Z"));
        assert_eq!(next.period_end, at("2027-04-30T00:00:00Z"));
    }
}
