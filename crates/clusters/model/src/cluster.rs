//! A Kubernetes cluster that is registered.

use kernel::{Audited, ClusterId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access::AccessKind;
use crate::errors::ClustersError;

/// The longest name, in characters.
pub const MAX_NAME: usize = 200;
/// The most clusters that a tenant can have. All of them are asked at once
/// when somebody looks into them.
pub const MAX_CLUSTERS: i64 = 100;
/// The longest text of what went wrong, in characters.
const MAX_TROUBLE: usize = 500;

/// A Kubernetes cluster that is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Which.
    pub id: ClusterId,
    /// What it is called; the only one of the tenant with this name.
    pub name: String,
    /// How Sutler gets into it.
    pub access: AccessKind,
    /// The address of its API server; none from within the cluster.
    pub server: Option<String>,
    /// Whether new instances may be placed there.
    pub accepts_instances: bool,
    /// How it was when it was last asked.
    pub health: Health,
    /// What is promised to instances.
    pub reserved: Reserved,
    /// Grows with every change of what administrators say about it.
    pub version: i64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How a cluster was when it was last asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether it answered; none before it was asked.
    pub reachable: Option<bool>,
    /// Why it did not.
    pub trouble: Option<String>,
    /// When it was last asked.
    pub checked_at: Option<Timestamp>,
    /// When it last answered.
    pub seen_at: Option<Timestamp>,
    /// What it said then.
    pub report: Option<Report>,
}

/// What a cluster says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of its API server, such as `v1.33.2`.
    pub version: String,
    /// How many nodes can take pods.
    pub nodes: i64,
    /// What CPU pods can have on those, in thousandths.
    pub cpu_milli: i64,
    /// What memory pods can have on those, in bytes.
    pub memory_bytes: i64,
}

/// What is promised to the instances of a cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// How many instances there are.
    pub instances: i64,
    /// CPU in thousandths.
    pub cpu_milli: i64,
    /// Memory in bytes.
    pub memory_bytes: i64,
}

/// What is needed to register one.
#[derive(Clone)]
pub struct NewCluster {
    /// What it is called.
    pub name: String,
    /// The text of a kubeconfig; none for the cluster Sutler runs in.
    pub kubeconfig: Option<String>,
    /// Whether new instances may be placed there.
    pub accepts_instances: bool,
}

/// A change; what is `None` stays.
#[derive(Clone, Default)]
pub struct ClusterChange {
    /// What it is called.
    pub name: Option<String>,
    /// The text of another kubeconfig.
    pub kubeconfig: Option<String>,
    /// Whether new instances may be placed there.
    pub accepts_instances: Option<bool>,
}

impl Cluster {
    /// How much of the scarcer of CPU and memory would be promised, in
    /// thousandths, if it took that much more; none when it cannot take it.
    pub fn load_with(&self, cpu_milli: i64, memory_bytes: i64) -> Option<i64> {
        let report = self.health.report.as_ref()?;
        if !self.accepts_instances || self.health.reachable != Some(true) {
            return None;
        }
        let share = |promised: i64, more: i64, room: i64| {
            let sum = promised.checked_add(more)?;
            (sum <= room && room > 0).then(|| {
                let thousandths = i128::from(sum) * 1000 / i128::from(room);
                i64::try_from(thousandths).unwrap_or(i64::MAX)
            })
        };
        let cpu = share(self.reserved.cpu_milli, cpu_milli, report.cpu_milli)?;
        let memory = share(
            self.reserved.memory_bytes,
            memory_bytes,
            report.memory_bytes,
        )?;
        Some(cpu.max(memory))
    }
}

/// The clusters that can take an instance of that size, the least loaded
/// first; of equals the older one.
pub fn candidates(clusters: &[Cluster], cpu_milli: i64, memory_bytes: i64) -> Vec<ClusterId> {
    let mut found: Vec<(i64, ClusterId)> = clusters
        .iter()
        .filter_map(|one| Some((one.load_with(cpu_milli, memory_bytes)?, one.id)))
        .collect();
    found.sort_by_key(|(load, id)| (*load, id.uuid()));
    found.into_iter().map(|(_, id)| id).collect()
}

/// A name without blanks around it.
pub fn checked_name(name: &str) -> Result<String, ClustersError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(ClustersError::InvalidName);
    }
    Ok(name.to_owned())
}

/// What went wrong, cut to what is kept.
pub fn shortened(trouble: &str) -> String {
    trouble.chars().take(MAX_TROUBLE).collect()
}

impl Audited for Cluster {
    fn snapshot(&self) -> Snapshot {
        let access: &'static str = self.access.into();
        Snapshot::new()
            .with_public_text("name", Some(&self.name))
            .with("access", access)
            .with_public_text("server", self.server.as_deref())
            .with("accepts_instances", self.accepts_instances)
            .with("version", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(second: i64, cpu: i64, memory: i64, reserved: (i64, i64)) -> Cluster {
        let now = Timestamp::from_seconds(second);
        Cluster {
            id: ClusterId::new(now),
            name: "one".to_owned(),
            access: AccessKind::InCluster,
            server: None,
            accepts_instances: true,
            health: Health {
                reachable: Some(true),
                report: Some(Report {
                    version: "v1.33.0".to_owned(),
                    nodes: 1,
                    cpu_milli: cpu,
                    memory_bytes: memory,
                }),
                ..Health::default()
            },
            reserved: Reserved {
                instances: 0,
                cpu_milli: reserved.0,
                memory_bytes: reserved.1,
            },
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn names_are_trimmed_and_checked() {
        assert_eq!(checked_name("  one ").unwrap(), "one");
        for bad in ["", "   ", &"x".repeat(MAX_NAME + 1)] {
            assert!(checked_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_least_loaded_cluster_with_room_comes_first() {
        let full = cluster(1, 1000, 1000, (600, 0));
        let half = cluster(2, 1000, 1000, (100, 400));
        let empty = cluster(3, 1000, 1000, (0, 0));
        let all = [full.clone(), half.clone(), empty.clone()];
        assert_eq!(candidates(&all, 400, 100), [empty.id, half.id, full.id]);
        // What does not fit is not tried.
        assert_eq!(candidates(&all, 500, 100), [empty.id, half.id]);
        assert_eq!(candidates(&all, 500, 700), [empty.id]);
        assert!(candidates(&all, 1001, 1).is_empty());
        assert!(candidates(&all, i64::MAX, 1).is_empty());
    }

    #[test]
    fn only_clusters_that_answer_and_accept_take_instances() {
        let mut one = cluster(1, 1000, 1000, (0, 0));
        assert_eq!(one.load_with(500, 250), Some(500));
        one.accepts_instances = false;
        assert_eq!(one.load_with(1, 1), None);
        one.accepts_instances = true;
        one.health.reachable = Some(false);
        assert_eq!(one.load_with(1, 1), None);
        one.health.reachable = Some(true);
        one.health.report = None;
        assert_eq!(one.load_with(1, 1), None);
    }
}
