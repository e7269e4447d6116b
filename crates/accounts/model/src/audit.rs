//! The audit log: what administrators did, as a chain of hashes.

use std::net::IpAddr;

use kernel::secret::{hex, sha256};
use kernel::{AuditEntry, Scope, TenantId, Timestamp};

/// The hash that the first entry of a chain follows.
pub const START: [u8; 32] = [0; 32];

/// One entry of a tenant's log. It holds no personal data: ids, facts, and the
/// network that the client was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its place in the log of its tenant, from 1 on without gaps.
    pub sequence: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who did it: the id of a user, an API key or a job, or `system`.
    pub actor: String,
    /// The user behind the actor, if there is one.
    pub user: Option<String>,
    /// What was done, such as `product.change`.
    pub action: String,
    /// To what: an id.
    pub object: String,
    /// In which request.
    pub request_id: String,
    /// The network of the client; see [`network_of`].
    pub network: Option<String>,
    /// How the object was, as JSON.
    pub before: Option<String>,
    /// How the object is, as JSON.
    pub after: Option<String>,
}

/// An entry with the hash that is stored beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chained {
    /// The entry.
    pub record: AuditRecord,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl AuditRecord {
    /// The entry of an action that is done in a scope.
    pub fn new(sequence: i64, scope: &Scope, entry: &AuditEntry, now: Timestamp) -> Self {
        let request = scope.request();
        Self {
            sequence,
            at: now,
            actor: scope.actor().label(),
            user: scope.user().map(|user| user.to_string()),
            action: entry.action.to_owned(),
            object: entry.object.clone(),
            request_id: request.request_id.clone(),
            network: request.address.map(network_of),
            before: entry.before.as_ref().map(kernel::Snapshot::text),
            after: entry.after.as_ref().map(kernel::Snapshot::text),
        }
    }

    /// The hash of the entry, given that of the one before: SHA-256 over the
    /// UTF-8 text of the JSON array `[previous, tenant, sequence, at, actor,
    /// user, action, object, request_id, network, before, after]` without
    /// spaces, where `previous` is in hexadecimal digits, `at` in microseconds
    /// since 1970, and `before` and `after` are the stored texts.
    pub fn hash(&self, tenant: TenantId, previous: &[u8]) -> [u8; 32] {
        let array = serde_json::json!([
            hex(previous),
            tenant.to_string(),
            self.sequence,
            self.at.micros(),
            self.actor,
            self.user,
            self.action,
            self.object,
            self.request_id,
            self.network,
            self.before,
            self.after,
        ]);
        sha256(array.to_string().as_bytes())
    }
}

/// The network an address is in, which tells a strange place from a known one
/// and not one person from another: the first 24 bits of an IPv4 address, the
/// first 48 of an IPv6 address.
pub fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// Which entries to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only those of an actor; the id of a user stands for their sessions and
    /// their API keys.
    pub actor: Option<String>,
    /// Only those of an action, or of all that begin so when it ends with a
    /// dot.
    pub action: Option<String>,
    /// Only those about a thing.
    pub object: Option<String>,
    /// Only those of a request.
    pub request_id: Option<String>,
    /// Only those from then on.
    pub from: Option<Timestamp>,
    /// Only those before then.
    pub to: Option<Timestamp>,
    /// Of those about tenants, only those about this one. The log of the
    /// tenant that operators belong to names others, which are not for all who
    /// may read it.
    pub no_tenant_but: Option<String>,
}

/// Why a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Break {
    /// The entry does not have the hash it had: it, or the one before it with
    /// its hash, was changed.
    Changed,
    /// The entry is not there.
    Missing,
    /// The end of the chain is not the one that was signed.
    Unsigned,
}

/// What came of checking a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries were found in order.
    pub checked: i64,
    /// The hash of the last of them.
    pub hash: Vec<u8>,
    /// The first entry that is not, and why.
    pub broken: Option<(i64, Break)>,
}

/// Follows a chain, entry by entry.
pub struct Follow {
    tenant: TenantId,
    verdict: Verdict,
}

impl Follow {
    /// From the start of a tenant's chain.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            verdict: Verdict {
                checked: 0,
                hash: START.to_vec(),
                broken: None,
            },
        }
    }

    /// The next stored entry; false when the chain is broken there.
    pub fn next(&mut self, stored: &Chained) -> bool {
        let expected = self.verdict.checked + 1;
        if stored.record.sequence != expected {
            self.verdict.broken = Some((expected, Break::Missing));
            return false;
        }
        let hash = stored.record.hash(self.tenant, &self.verdict.hash);
        if hash.as_slice() != stored.hash {
            self.verdict.broken = Some((expected, Break::Changed));
            return false;
        }
        self.verdict.checked = expected;
        self.verdict.hash = hash.to_vec();
        true
    }

    /// Where it ends, compared with where it should.
    pub fn end(mut self, sequence: i64, hash: &[u8], signed: bool) -> Verdict {
        if self.verdict.broken.is_some() {
            return self.verdict;
        }
        let next = self.verdict.checked + 1;
        if self.verdict.checked < sequence {
            self.verdict.broken = Some((next, Break::Missing));
        } else if self.verdict.hash != hash || !signed {
            self.verdict.broken = Some((self.verdict.checked, Break::Unsigned));
        }
        self.verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(sequence: i64) -> AuditRecord {
        AuditRecord {
            sequence,
            at: Timestamp::from_seconds(1_000 + sequence),
            actor: "system".to_owned(),
            user: None,
            action: "product.change".to_owned(),
            object: format!("prod_{sequence}"),
            request_id: "req_1".to_owned(),
            network: Some("192.0.2.0/24".to_owned()),
            before: None,
            after: Some(format!("{{\"version\":{sequence}}}")),
        }
    }

    fn chain(tenant: TenantId, length: i64) -> Vec<Chained> {
        let mut previous = START;
        (1..=length)
            .map(|sequence| {
                let record = record(sequence);
                previous = record.hash(tenant, &previous);
                Chained {
                    record,
                    hash: previous.to_vec(),
                }
            })
            .collect()
    }

    fn follow(tenant: TenantId, chain: &[Chained], length: i64, end: &[u8]) -> Verdict {
        let mut follow = Follow::new(tenant);
        for stored in chain {
            if !follow.next(stored) {
                break;
            }
        }
        follow.end(length, end, true)
    }

    #[test]
    fn networks_are_coarse() {
        for (address, network) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            assert_eq!(network_of(address.parse().unwrap()), network);
        }
    }

    /// So that somebody else can compute it; the value is Python's
    /// `hashlib.sha256(json.dumps(array, separators=(",", ":"), ensure_ascii=False).encode())`.
    #[test]
    fn the_hash_is_that_of_the_documented_text() {
        let tenant: TenantId = "ten_01h455vb4pex5vsknk084sn02q".parse().unwrap();
        assert_eq!(
            hex(&record(1).hash(tenant, &START)),
            "045c25f50017312b29e303be3a26dd3aeed6a41642d1290fadf16b85e4457d2d"
        );
    }

    proptest! {
        #[test]
        fn the_first_entry_that_was_touched_is_named(at in 1usize..=20, what in 0..4) {
            let tenant = TenantId::new(Timestamp::from_seconds(0));
            let mut stored = chain(tenant, 20);
            let end = stored[19].hash.clone();
            prop_assert_eq!(follow(tenant, &stored, 20, &end).broken, None);
            let place = i64::try_from(at).unwrap();
            let expected = match what {
                0 => {
                    stored[at - 1].record.actor = "usr_somebody".to_owned();
                    (place, Break::Changed)
                }
                1 => {
                    stored[at - 1].record.before = Some("{}".to_owned());
                    (place, Break::Changed)
                }
                2 => {
                    stored.remove(at - 1);
                    (place, Break::Missing)
                }
                _ => {
                    stored.truncate(at - 1);
                    (place, Break::Missing)
                }
            };
            prop_assert_eq!(follow(tenant, &stored, 20, &end).broken, Some(expected));
        }

        #[test]
        fn a_chain_that_was_computed_anew_has_another_end(at in 1usize..=20) {
            let tenant = TenantId::new(Timestamp::from_seconds(0));
            let mut stored = chain(tenant, 20);
            let end = stored[19].hash.clone();
            stored[at - 1].record.action = "nothing".to_owned();
            let mut previous = START.to_vec();
            for one in &mut stored {
                previous = one.record.hash(tenant, &previous).to_vec();
                one.hash.clone_from(&previous);
            }
            prop_assert_eq!(
                follow(tenant, &stored, 20, &end).broken,
                Some((20, Break::Unsigned))
            );
        }
    }
}
