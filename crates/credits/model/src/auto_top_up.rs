//! Automatic top-ups: a wallet that falls below an amount is topped up by
//! charging a way of paying that its owner let the gateway keep.

use std::time::Duration;

use kernel::{Timestamp, WalletId};
use payments::SavedMethod;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// After how many failures in a row it stops.
pub const MAX_FAILURES: i64 = 3;
/// The most automatic top-ups of a wallet within [`DAY`] that an owner can ask
/// for.
pub const MAX_PER_DAY: i64 = 10;
/// How many it is when the owner says nothing.
pub const DEFAULT_PER_DAY: i64 = 3;
/// Within how long they are counted.
pub const DAY: Duration = Duration::from_hours(24);
/// How long to wait after the first failure, and after the second.
const WAITS: [Duration; 2] = [Duration::from_hours(1), Duration::from_hours(6)];

/// Whether a wallet tops itself up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum AutoTopUpStatus {
    /// Its owner did not turn it on.
    Off,
    /// It does.
    Active,
    /// It failed too often; its owner can turn it on again.
    Stopped,
}

/// What an owner wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUpTerms {
    /// Below which balance, in minor units.
    pub threshold: i64,
    /// How much is paid in then, in minor units.
    pub amount: i64,
    /// How often within [`DAY`] at most.
    pub max_per_day: i64,
}

/// The way of paying that a gateway keeps for a wallet, and what is done with
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoTopUp {
    /// Of which wallet.
    pub wallet: WalletId,
    /// Which gateway keeps it.
    pub gateway: String,
    /// What it keeps.
    pub method: SavedMethod,
    /// Since when.
    pub saved_at: Timestamp,
    /// Whether the wallet tops itself up.
    pub status: AutoTopUpStatus,
    /// What its owner asked for last.
    pub terms: Option<AutoTopUpTerms>,
    /// How often it failed since it went well last.
    pub failures: i64,
    /// Until when it waits: after a failure, or because that is enough for a
    /// day.
    pub not_before: Option<Timestamp>,
    /// Why it failed last.
    pub failure: Option<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl AutoTopUp {
    /// A way of paying that was just kept, for nothing yet.
    pub fn new(wallet: WalletId, gateway: String, method: SavedMethod, now: Timestamp) -> Self {
        Self {
            wallet,
            gateway,
            method,
            saved_at: now,
            status: AutoTopUpStatus::Off,
            terms: None,
            failures: 0,
            not_before: None,
            failure: None,
            updated_at: now,
        }
    }

    /// Another way of paying takes the place of the one before. Whether the
    /// wallet tops itself up stays as it was.
    pub fn replace(&mut self, gateway: String, method: SavedMethod, now: Timestamp) {
        self.gateway = gateway;
        self.method = method;
        self.saved_at = now;
        self.forget_failures(now);
    }

    /// Its owner turns it on, or wants something else.
    pub fn turn_on(&mut self, terms: AutoTopUpTerms, now: Timestamp) {
        self.terms = Some(terms);
        self.status = AutoTopUpStatus::Active;
        self.forget_failures(now);
    }

    /// Its owner turns it off.
    pub fn turn_off(&mut self, now: Timestamp) {
        self.status = AutoTopUpStatus::Off;
        self.forget_failures(now);
    }

    /// One went well.
    pub fn succeed(&mut self, now: Timestamp) {
        self.forget_failures(now);
    }

    /// One failed: the next one waits, or there is none. Whether it stopped.
    pub fn fail(&mut self, why: Option<String>, now: Timestamp) -> bool {
        self.failures += 1;
        self.failure = why;
        self.updated_at = now;
        let waits = usize::try_from(self.failures - 1).ok();
        self.not_before = waits
            .and_then(|at| WAITS.get(at))
            .map(|wait| now.plus(*wait));
        let stops = self.status == AutoTopUpStatus::Active && self.failures >= MAX_FAILURES;
        if stops {
            self.status = AutoTopUpStatus::Stopped;
        }
        stops
    }

    /// What is paid in now, if it is time: the terms.
    pub fn due(&self, now: Timestamp) -> Option<AutoTopUpTerms> {
        let waits = self.not_before.is_some_and(|at| now < at);
        self.terms
            .filter(|_| self.status == AutoTopUpStatus::Active && !waits)
    }

    /// That was enough for a day.
    pub fn wait_until(&mut self, at: Timestamp, now: Timestamp) {
        self.not_before = Some(at);
        self.updated_at = now;
    }

    /// Below which balance the wallet tops itself up.
    pub fn below(&self) -> Option<i64> {
        self.terms
            .filter(|_| self.status == AutoTopUpStatus::Active)
            .map(|terms| terms.threshold)
    }

    fn forget_failures(&mut self, now: Timestamp) {
        self.failures = 0;
        self.not_before = None;
        self.failure = None;
        self.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_after_each_failure_and_then_stops() {
        let now = Timestamp::from_seconds(1);
        let method = SavedMethod {
            customer: "c".into(),
            method: "m".into(),
            label: "visa 4242".into(),
        };
        let mut auto = AutoTopUp::new(WalletId::new(now), "test".into(), method.clone(), now);
        assert_eq!((auto.due(now), auto.below()), (None, None));
        let terms = AutoTopUpTerms {
            threshold: 100,
            amount: 1000,
            max_per_day: 3,
        };
        auto.turn_on(terms, now);
        assert_eq!((auto.due(now), auto.below()), (Some(terms), Some(100)));
        for (at, hours) in [(0, 1), (1, 6)] {
            assert!(!auto.fail(Some("declined".into()), now), "{at}");
            let over = now.plus(Duration::from_hours(hours));
            assert_eq!(auto.due(over.minus(Duration::from_secs(1))), None);
            assert_eq!(auto.due(over), Some(terms));
        }
        assert!(auto.fail(Some("declined".into()), now));
        assert_eq!(auto.status, AutoTopUpStatus::Stopped);
        assert_eq!((auto.due(now), auto.below()), (None, None));
        // Another failure, of one that was under way, stops nothing again.
        assert!(!auto.fail(None, now));
        // Another card does not turn it on by itself.
        auto.replace("test".into(), method, now);
        assert_eq!((auto.failures, auto.due(now)), (0, None));
        auto.turn_on(terms, now);
        auto.fail(None, now);
        auto.succeed(now);
        assert_eq!((auto.failures, auto.due(now)), (0, Some(terms)));
    }
}
