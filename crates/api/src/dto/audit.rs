//! What administrators did, as the API tells it.

use accounts_model::audit::{Break, Chained, Verdict};
use kernel::Timestamp;
use kernel::secret::hex;
use serde::Serialize;
use utoipa::ToSchema;

/// Something an administrator did.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditEntryDto {
    /// Its place in the log, from 1 on without gaps.
    sequence: i64,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who did it: a user, an API key, a job, or `system`.
    #[schema(example = "usr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    actor: String,
    /// The user behind the actor.
    #[schema(required = true)]
    user_id: Option<String>,
    /// What was done.
    #[schema(example = "product.change")]
    action: String,
    /// To what.
    #[schema(example = "prod_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    object: String,
    /// In which request.
    request_id: String,
    /// The network of the client: 24 bits of an IPv4, 48 of an IPv6 address.
    #[schema(required = true, example = "203.0.113.0/24")]
    network: Option<String>,
    /// Facts about the object before; null when it was not there.
    #[schema(required = true, value_type = Option<Object>)]
    before: Option<serde_json::Value>,
    /// Facts about the object after; null when it is gone.
    #[schema(required = true, value_type = Option<Object>)]
    after: Option<serde_json::Value>,
    /// The hash that chains the entry to the one before.
    #[schema(min_length = 64, max_length = 64)]
    hash: String,
}

/// What is not JSON any more was tampered with; it is shown as a text.
fn facts(text: Option<String>) -> Option<serde_json::Value> {
    text.map(|text| serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text)))
}

impl From<Chained> for AuditEntryDto {
    fn from(stored: Chained) -> Self {
        let record = stored.record;
        Self {
            sequence: record.sequence,
            at: record.at,
            actor: record.actor,
            user_id: record.user,
            action: record.action,
            object: record.object,
            request_id: record.request_id,
            network: record.network,
            before: facts(record.before),
            after: facts(record.after),
            hash: hex(&stored.hash),
        }
    }
}

/// Why a chain is broken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditBreak)]
pub(crate) enum BreakDto {
    /// The entry is not what was recorded.
    Changed,
    /// The entry is not there.
    Missing,
    /// The entry is the last one, and not the one we signed as such.
    Unsigned,
}

/// The first entry that is not in order.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditBroken)]
pub(crate) struct BrokenDto {
    /// Its place.
    sequence: i64,
    /// What is wrong with it.
    reason: BreakDto,
}

/// What came of checking the log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditVerdict)]
pub(crate) struct VerdictDto {
    /// Whether every entry is what was recorded, and none is missing.
    intact: bool,
    /// How many entries are in order, from the first on.
    checked: i64,
    /// The hash of the last of them. Kept elsewhere, it proves later that the
    /// log up to there is still the same.
    #[schema(min_length = 64, max_length = 64)]
    hash: String,
    /// The first entry that is not in order.
    #[schema(required = true)]
    broken: Option<BrokenDto>,
}

impl From<Verdict> for VerdictDto {
    fn from(verdict: Verdict) -> Self {
        Self {
            intact: verdict.broken.is_none(),
            checked: verdict.checked,
            hash: hex(&verdict.hash),
            broken: verdict.broken.map(|(sequence, reason)| BrokenDto {
                sequence,
                reason: match reason {
                    Break::Changed => BreakDto::Changed,
                    Break::Missing => BreakDto::Missing,
                    Break::Unsigned => BreakDto::Unsigned,
                },
            }),
        }
    }
}
