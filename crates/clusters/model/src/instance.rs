//! What runs for a customer: its states, and what is done about them.
//!
//! A wish (run, stop, suspend, go away) is written down first; a job compares
//! it with what is there and does what is missing, again and again until both
//! agree. Whatever was missed is noticed the next time.

use std::time::Duration;

use kernel::{ClusterId, InstanceId, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::cluster::shortened;
use crate::ports::{Observed, State, Trouble};
pub use crate::status::{CredentialsStatus, InstanceStatus, ProvisionerName, Wish};
use crate::template::{PlanLimits, Template};

/// How long an instance that is as it should be is left alone.
const SETTLED: Duration = Duration::from_mins(5);
/// The first and the longest pause while it is on its way.
const SOON: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_secs(30);
/// The longest pause while its cluster is in trouble.
const LATEST: Duration = Duration::from_mins(5);

/// What runs for a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Which.
    pub id: InstanceId,
    /// For which subscription; one has one instance.
    pub subscription: String,
    /// Whose.
    pub owner: UserId,
    /// What it is called, for people.
    pub name: String,
    /// Who makes it.
    pub provisioner: ProvisionerName,
    /// Where it runs; none before a place was found, and when it is gone.
    pub cluster: Option<ClusterId>,
    /// What runs, within the limits of its plan.
    pub template: Template,
    /// The state.
    pub status: InstanceStatus,
    /// Whether its owner stopped it.
    pub stopped: bool,
    /// Whether it is suspended.
    pub suspended: bool,
    /// How often it was to be restarted.
    pub restarts: i64,
    /// Why it is as it is, as it was found out last.
    pub reason: Option<String>,
    /// What went wrong, for who runs the shop.
    pub trouble: Option<String>,
    /// How often in a row its cluster was in trouble.
    pub failures: i64,
    /// Whether its secrets can be seen.
    pub credentials: CredentialsStatus,
    /// When somebody last wanted something of it.
    pub wished_at: Timestamp,
    /// Since when it is in its state.
    pub status_at: Timestamp,
    /// Grows with every wish.
    pub version: i64,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// What is needed to ask for one.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// For which subscription, in the words of who asks. Asking again for the
    /// same one answers the instance that is there.
    pub subscription: String,
    /// Whose.
    pub owner: UserId,
    /// What it is called, for people.
    pub name: String,
    /// What is to run.
    pub template: Template,
    /// What the plan allows.
    pub limits: PlanLimits,
}

/// What is found out about an instance by looking at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Its state.
    pub status: InstanceStatus,
    /// Why.
    pub reason: Option<String>,
    /// When to look again; never when none.
    pub after: Option<Duration>,
    /// What went wrong, for who runs the shop.
    pub trouble: Option<String>,
    /// How often in a row its cluster was in trouble.
    pub failures: i64,
}

impl Instance {
    /// What somebody wants of it.
    pub fn wish(&self) -> Wish {
        if self.status.is_over() {
            Wish::Gone
        } else if self.suspended {
            Wish::Suspended
        } else if self.stopped {
            Wish::Stopped
        } else {
            Wish::Running
        }
    }

    /// Why it is as it is, for its owner.
    pub fn told_reason(&self) -> Option<&str> {
        // Trouble before it has a place is that there is none.
        let waits = self.status == InstanceStatus::Requested
            && self.provisioner == ProvisionerName::Kubernetes
            && self.cluster.is_none()
            && self.failures > 0;
        let waiting = || waits.then_some("it waits until a cluster has room for it");
        self.reason.as_deref().or_else(waiting)
    }

    /// Its name where it runs, a DNS label: `i-` and the letters of its id.
    pub fn object_name(&self) -> String {
        object_name("i", &self.id.to_string())
    }

    /// Where it can be reached.
    pub fn host(&self) -> Option<String> {
        self.template.host(&self.object_name())
    }

    /// What follows from what is there. It has so long to begin to work.
    pub fn next(&self, observed: &Observed, now: Timestamp, patience: Duration) -> Next {
        use InstanceStatus as S;
        let (status, reason) = match (self.wish(), observed.state) {
            (Wish::Gone, State::Gone) => (S::Terminated, None),
            (Wish::Gone, _) => (S::Terminating, None),
            (Wish::Suspended, State::Stopped) => (S::Suspended, None),
            (Wish::Stopped, State::Stopped) => (S::Stopped, None),
            // On its way there: it is as it was.
            (Wish::Suspended | Wish::Stopped, _) => (self.status, self.reason.clone()),
            (Wish::Running, State::Running) => (S::Running, None),
            (Wish::Running, State::Failed) => (S::Failed, observed.reason.clone()),
            (Wish::Running, _) if self.is_late(now, patience) => {
                let late = || "it does not begin to work".to_owned();
                (S::Failed, observed.reason.clone().or_else(|| Some(late())))
            }
            (Wish::Running, _) => (S::Provisioning, observed.reason.clone()),
        };
        let settled = matches!(
            (self.wish(), status),
            (Wish::Running, S::Running)
                | (Wish::Stopped, S::Stopped)
                | (Wish::Suspended, S::Suspended)
        );
        let after = match status {
            S::Terminated => None,
            _ if settled => Some(observed.again_after.unwrap_or(SETTLED)),
            S::Failed => Some(LATER * 2),
            _ => Some(observed.again_after.unwrap_or_else(|| self.pause(now))),
        };
        Next {
            status,
            reason,
            after,
            trouble: observed.trouble.as_deref().map(shortened),
            failures: 0,
        }
    }

    /// What follows when its cluster is in trouble; `jitter` as in [`backoff`].
    pub fn troubled(
        &self,
        trouble: &Trouble,
        now: Timestamp,
        patience: Duration,
        jitter: u64,
    ) -> Next {
        // What has no place waits for room.
        let is_late = self.cluster.is_some() && self.is_late(now, patience);
        let fails = self.wish() == Wish::Running && (is_late || !trouble.passing);
        let (status, reason) = if fails && self.status != InstanceStatus::Failed {
            let why = "the cluster does not take it; whoever runs the shop can see why";
            (InstanceStatus::Failed, Some(why.to_owned()))
        } else {
            (self.status, self.reason.clone())
        };
        let failures = self.failures.saturating_add(1);
        Next {
            status,
            reason,
            after: Some(backoff(failures, jitter)),
            trouble: Some(shortened(&trouble.reason)),
            failures,
        }
    }

    /// Whether it had its time to begin to work.
    pub fn is_late(&self, now: Timestamp, patience: Duration) -> bool {
        use InstanceStatus as S;
        let since = match self.status {
            // A new wish gives it a new chance.
            S::Failed if self.wished_at <= self.status_at => return true,
            S::Provisioning => self.status_at.max(self.wished_at),
            S::Requested => self.wished_at,
            _ => return false,
        };
        now.since(since) > patience
    }

    /// A quarter of the time it has taken so far.
    fn pause(&self, now: Timestamp) -> Duration {
        (now.since(self.wished_at.max(self.status_at)) / 4).clamp(SOON, LATER)
    }
}

/// How long to wait after so many troubles in a row (from 1): 2 s, doubled each
/// time up to 5 minutes, of which `jitter` thousandths of a half are left out.
pub fn backoff(failures: i64, jitter: u64) -> Duration {
    let doublings = u32::try_from(failures.clamp(1, 9) - 1).unwrap_or(0);
    let whole = (SOON * 2_u32.pow(doublings)).min(LATEST);
    let part = u32::try_from(jitter.min(1000)).unwrap_or(0);
    whole.saturating_sub(whole / 2000 * part)
}

/// A DNS label from the letters of an id.
pub fn object_name(prefix: &str, id: &str) -> String {
    let letters = id.rsplit_once('_').map_or(id, |(_, letters)| letters);
    format!("{prefix}-{letters}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Resources;
    use InstanceStatus as S;

    const PATIENCE: Duration = Duration::from_mins(15);

    fn instance(status: InstanceStatus) -> Instance {
        let now = Timestamp::from_seconds(1000);
        Instance {
            id: InstanceId::new(now),
            subscription: "one".to_owned(),
            owner: UserId::new(now),
            name: "one".to_owned(),
            provisioner: ProvisionerName::Simulated,
            cluster: None,
            template: Template {
                image: "image".to_owned(),
                ports: Vec::new(),
                variables: Vec::new(),
                resources: Resources {
                    cpu_request_milli: 1,
                    cpu_limit_milli: 1,
                    memory_request_bytes: 1,
                    memory_limit_bytes: 1,
                },
                volumes: Vec::new(),
                health_check: None,
                ingress: None,
            },
            status,
            stopped: false,
            suspended: false,
            restarts: 0,
            reason: None,
            trouble: None,
            failures: 0,
            credentials: CredentialsStatus::None,
            wished_at: now,
            status_at: now,
            version: 1,
            created_at: now,
        }
    }

    fn next(one: &Instance, state: State, seconds: i64) -> InstanceStatus {
        let observed = Observed::of(state);
        let now = Timestamp::from_seconds(1000 + seconds);
        one.next(&observed, now, PATIENCE).status
    }

    #[test]
    fn what_is_there_decides_the_state() {
        let mut one = instance(S::Requested);
        assert_eq!(next(&one, State::Provisioning, 1), S::Provisioning);
        assert_eq!(next(&one, State::Running, 1), S::Running);
        assert_eq!(next(&one, State::Failed, 1), S::Failed);
        assert_eq!(next(&one, State::Provisioning, 901), S::Failed);
        one.stopped = true;
        one.status = S::Running;
        assert_eq!(next(&one, State::Running, 1), S::Running);
        assert_eq!(next(&one, State::Stopped, 1), S::Stopped);
        one.suspended = true;
        assert_eq!(next(&one, State::Stopped, 1), S::Suspended);
        one.status = S::Terminating;
        assert_eq!(next(&one, State::Stopped, 1), S::Terminating);
        assert_eq!(next(&one, State::Gone, 1), S::Terminated);
    }

    #[test]
    fn a_failed_one_gets_a_new_chance_by_a_new_wish_only() {
        let mut one = instance(S::Failed);
        assert_eq!(next(&one, State::Provisioning, 5), S::Failed);
        assert_eq!(next(&one, State::Running, 5), S::Running);
        one.wished_at = Timestamp::from_seconds(1004);
        assert_eq!(next(&one, State::Provisioning, 5), S::Provisioning);
        // One that worked for long is not late at once.
        let worked = instance(S::Running);
        assert_eq!(next(&worked, State::Provisioning, 90_000), S::Provisioning);
    }

    #[test]
    fn trouble_is_told_and_looked_at_less_and_less() {
        let mut one = instance(S::Provisioning);
        one.cluster = Some(ClusterId::new(one.created_at));
        let troubled = |one: &Instance, trouble: &Trouble, seconds: i64| {
            let now = Timestamp::from_seconds(1000 + seconds);
            one.troubled(trouble, now, PATIENCE, 0)
        };
        let passing = Trouble::passing("no answer");
        let soon = troubled(&one, &passing, 1);
        assert_eq!((soon.status, soon.failures), (S::Provisioning, 1));
        assert_eq!(soon.trouble.as_deref(), Some("no answer"));
        let late = troubled(&one, &passing, 901);
        assert_eq!(late.status, S::Failed);
        let refused = Trouble::lasting("no");
        assert_eq!(troubled(&one, &refused, 1).status, S::Failed);
        // What has no place waits, however long.
        one.cluster = None;
        assert_eq!(troubled(&one, &passing, 9000).status, S::Provisioning);
        // What was found out about a failed one stays said.
        one.status = S::Failed;
        one.reason = Some("its image cannot be pulled".to_owned());
        one.failures = 7;
        let again = troubled(&one, &refused, 9000);
        assert_eq!((again.status, &again.reason), (S::Failed, &one.reason));
        assert_eq!(again.after, Some(Duration::from_secs(256)));
        one.stopped = true;
        one.status = S::Stopped;
        assert_eq!(troubled(&one, &refused, 1).status, S::Stopped);
    }

    #[test]
    fn pauses_grow_and_end() {
        let one = instance(S::Provisioning);
        let after = |seconds: i64| {
            let observed = Observed::of(State::Provisioning);
            let now = Timestamp::from_seconds(1000 + seconds);
            one.next(&observed, now, PATIENCE).after
        };
        assert_eq!(after(1), Some(Duration::from_secs(2)));
        assert_eq!(after(40), Some(Duration::from_secs(10)));
        assert_eq!(after(800), Some(Duration::from_secs(30)));
        let gone = instance(S::Terminating);
        let now = Timestamp::from_seconds(1001);
        assert_eq!(
            gone.next(&Observed::of(State::Gone), now, PATIENCE).after,
            None
        );
        assert_eq!(backoff(1, 0), Duration::from_secs(2));
        assert_eq!(backoff(4, 0), Duration::from_secs(16));
        assert_eq!(backoff(4, 1000), Duration::from_secs(8));
        assert_eq!(backoff(i64::MAX, 0), Duration::from_mins(5));
    }

    #[test]
    fn names_are_dns_labels() {
        let name = instance(S::Running).object_name();
        assert!(name.starts_with("i-") && name.len() == 28, "{name}");
        assert!(
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        );
    }
}
