//! The states of instances, and what is wanted of them.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr};

/// The state of an instance.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr, EnumIter,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum InstanceStatus {
    /// Nothing was done about it yet.
    Requested,
    /// It is being made, started or restarted.
    Provisioning,
    /// It works.
    Running,
    /// Its owner stopped it.
    Stopped,
    /// It does not work; it is tried again now and then.
    Failed,
    /// It was stopped because it is not paid for.
    Suspended,
    /// It is being removed.
    Terminating,
    /// It is gone.
    Terminated,
}

impl InstanceStatus {
    /// Whether it may be in that state next.
    pub fn may_become(self, next: Self) -> bool {
        use InstanceStatus as S;
        match (self, next) {
            (S::Terminated, _) | (_, S::Requested) => false,
            (S::Terminating, next) => next == S::Terminated,
            // Gone is only what was being removed.
            (_, S::Terminated) => false,
            (now, next) => now != next,
        }
    }

    /// The states before which it may become this one.
    pub fn before(self) -> Vec<&'static str> {
        Self::iter()
            .filter(|one| one.may_become(self))
            .map(Into::into)
            .collect()
    }

    /// Whether it is gone or going.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Terminating | Self::Terminated)
    }
}

/// Who makes and removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ProvisionerName {
    /// Nobody: states follow each other by the clock.
    Simulated,
    /// A Kubernetes cluster.
    Kubernetes,
}

/// What somebody wants of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// That it runs.
    Running,
    /// That it is stopped, with its storage kept.
    Stopped,
    /// The same, and that its owner cannot start it.
    Suspended,
    /// That nothing of it is left.
    Gone,
}

/// Whether what its secrets are can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum CredentialsStatus {
    /// It has none.
    None,
    /// Not before it works.
    Waiting,
    /// They can be seen, once.
    Ready,
    /// They were seen.
    Shown,
}

#[cfg(test)]
mod tests {
    use super::InstanceStatus as S;
    use super::*;

    #[test]
    fn states_follow_each_other() {
        for status in S::iter() {
            assert!(!status.may_become(status), "{status:?}");
            assert!(!status.may_become(S::Requested), "{status:?}");
            assert!(!S::Terminated.may_become(status), "{status:?}");
            assert_eq!(
                S::Terminating.may_become(status),
                status == S::Terminated,
                "{status:?}"
            );
            let lives = !status.is_over();
            assert_eq!(status.may_become(S::Terminating), lives, "{status:?}");
        }
        assert!(S::Stopped.may_become(S::Provisioning));
        assert!(!S::Running.may_become(S::Terminated));
        assert_eq!(S::Terminated.before(), ["terminating"]);
    }
}
