//! Ten thousand accounts, a year each, on a clock that is moved by hand: what
//! is charged is what was promised, once for each period.

use std::collections::BTreeSet;
use std::time::Duration;

use accounts_model::tenant::SubscriptionSettings;
use catalog_model::hosting::plan::{IntervalUnit, Tier};
use jiff::tz::TimeZone;
use kernel::Timestamp;
use kernel::random;

use super::{Consequence, Step};
use crate::change::tests::{plan, subscribe};
use crate::subscription::{Subscription, SubscriptionStatus};

/// How many account-years; `ACCOUNT_YEARS` asks for another number.
fn account_years() -> u64 {
    let given = std::env::var("ACCOUNT_YEARS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

const TERMS: SubscriptionSettings = SubscriptionSettings::DEFAULT;

/// What became of an account.
#[derive(Default)]
struct Account {
    balance: i64,
    paid_in: i64,
    charged: i64,
    periods: BTreeSet<i64>,
    suspensions: u32,
}

impl Account {
    fn top_up(&mut self, amount: i64) {
        self.balance += amount;
        self.paid_in += amount;
    }

    /// What the job does with a subscription that is due.
    fn work(&mut self, one: &mut Subscription, now: Timestamp) {
        match one.step(None, now) {
            Step::Wait => {}
            Step::End(reason) => one.end(reason, now),
            Step::Pay(after) if after.period_price <= self.balance => {
                self.balance -= after.period_price;
                self.charged += after.period_price;
                assert!(self.periods.insert(after.period), "a period paid twice");
                if one.status != SubscriptionStatus::Suspended {
                    assert_eq!(after.period_start, one.period_end, "a gap");
                    assert_anchor(&after);
                }
                *one = *after;
            }
            Step::Pay(_) => match one.unpaid(&TERMS, now) {
                Consequence::Suspend => self.suspensions += 1,
                Consequence::Remind(n) => assert!((1..=super::REMINDERS).contains(&n)),
                Consequence::End(reason) => one.end(reason, now),
                Consequence::None => {}
            },
        }
    }
}

/// The day of the month is that of the anchor, or the last of a short month.
fn assert_anchor(one: &Subscription) {
    let date = |at: Timestamp| {
        let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap();
        instant.to_zoned(TimeZone::UTC).date()
    };
    let (anchor, end) = (date(one.anchor_at), date(one.period_end));
    assert_eq!(end.day(), anchor.day().min(end.days_in_month()));
}

fn live_a_year(n: u64) -> Account {
    let start = Timestamp::from_seconds(
        1_767_225_600 + i64::try_from(random::below(4 * 365 * 86_400)).unwrap(),
    );
    let (unit, price) = match n % 10 {
        0 => (IntervalUnit::Year, 9_000),
        _ => (IntervalUnit::Month, 900),
    };
    let plan = plan(Tier::Pro, price, unit);
    let mut account = Account::default();
    // Some have enough, some never, some now and then.
    let is_rich = n.is_multiple_of(2);
    account.top_up(if is_rich { 100_000 } else { price });
    account.balance -= price;
    account.charged += price;
    account.periods.insert(1);
    let mut one = subscribe(&plan, false, start);
    if n.is_multiple_of(17) {
        one.auto_renew = false;
    }
    let end = start.plus(Duration::from_hours(366 * 24));
    let mut now = start;
    while now < end && one.status != SubscriptionStatus::Ended {
        // The worker looks every minute, and is sometimes away for days.
        now = one.due_at.plus(Duration::from_secs(random::below(60)));
        if random::below(40) == 0 {
            now = now.plus(Duration::from_hours(random::below(96)));
        }
        if !is_rich && random::below(200) == 0 {
            account.top_up(i64::try_from(random::below(3_000)).unwrap());
        }
        account.work(&mut one, now);
        // Again at the same moment there is nothing to pay, but for periods
        // that passed while the worker was away.
        let before = account.charged;
        if one.runs() && now < one.period_end {
            account.work(&mut one, now);
            assert_eq!(account.charged, before);
        }
    }
    assert_eq!(account.paid_in - account.charged, account.balance);
    assert!(account.balance >= 0);
    let paid = i64::try_from(account.periods.len()).unwrap();
    assert_eq!(account.charged, paid * price);
    // Numbers of periods have no gaps.
    assert_eq!(account.periods.last().copied(), Some(paid));
    if is_rich && one.auto_renew && unit == IntervalUnit::Month {
        // The last look is after the end of the year, by up to a month.
        assert!((13..=14).contains(&paid), "{one:?}");
        assert_eq!(account.suspensions, 0, "{one:?}");
    }
    account
}

#[test]
fn ten_thousand_account_years() {
    let (mut charged, mut periods, mut suspensions) = (0, 0, 0);
    for n in 0..account_years() {
        let account = live_a_year(n);
        charged += account.charged;
        periods += account.periods.len();
        suspensions += account.suspensions;
    }
    println!("{periods} periods, {charged} charged, {suspensions} suspensions");
    assert!(suspensions > 0 || account_years() < 100);
}
