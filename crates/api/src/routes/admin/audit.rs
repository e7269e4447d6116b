//! The audit log.

use accounts_model::audit::{AuditFilter, Break, Chained, Verdict};
use accounts_service::{AuditPart, AuditPlace};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::secret::hex;
use kernel::{Scope, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::extract::{Caller, List, Listed, Query, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What the log adds to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[("admin: audit", "What administrators did")],
    routes,
    codes: Vec::new,
};

fn routes(config: &mut Routes) {
    config.service(list_audit_entries);
    config.service(verify_audit);
    config.service(export_audit);
}

/// Which entries, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// What this user did, with their sessions and API keys; or this API key,
    /// or `system`.
    #[validate(length(min = 1, max = 64))]
    #[param(
        min_length = 1,
        max_length = 64,
        example = "usr_01j9z6m3k4f5g6h7j8k9m0n1p2"
    )]
    actor: Option<String>,
    /// Of this action.
    #[validate(length(min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64, example = "product.change")]
    action: Option<String>,
    /// About the thing with this id.
    #[validate(length(min = 1, max = 64))]
    #[param(
        min_length = 1,
        max_length = 64,
        example = "prod_01j9z6m3k4f5g6h7j8k9m0n1p2"
    )]
    object: Option<String>,
    /// Of this request.
    #[validate(length(min = 1, max = 128))]
    #[param(min_length = 1, max_length = 128)]
    request_id: Option<String>,
    /// From then on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before then.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which entries.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditExportQuery {
    /// What this user did, with their sessions and API keys; or this API key,
    /// or `system`.
    #[validate(length(min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
    actor: Option<String>,
    /// Of this action.
    #[validate(length(min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
    action: Option<String>,
    /// About the thing with this id.
    #[validate(length(min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
    object: Option<String>,
    /// From then on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before then.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

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

/// List what administrators did
///
/// Newest first. Entries hold no personal data.
#[utoipa::path(tag = "admin: audit", params(AuditQuery), responses(
    (status = 200, description = "Entries.", body = List<AuditEntryDto>),
))]
#[get("/api/admin/audit")]
pub(crate) async fn list_audit_entries(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        object: query.object,
        request_id: query.request_id,
        from: query.from,
        to: query.to,
        no_tenant_but: None,
    };
    let accounts = &state.accounts;
    let page = accounts.audit_entries(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, AuditEntryDto::from)?.response())
}

/// Check that the log is what was recorded
///
/// Follows the chain of hashes from the first entry to the last and names the
/// first one that was changed or is missing.
#[utoipa::path(tag = "admin: audit", responses(
    (status = 200, description = "What came of it.", body = VerdictDto),
))]
#[get("/api/admin/audit/verify")]
pub(crate) async fn verify_audit(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let verdict = state.accounts.verify_audit(&caller.0).await?;
    Ok(HttpResponse::Ok().json(VerdictDto::from(verdict)))
}

/// Export the log as CSV
///
/// Oldest first, as a stream, up to what is the last entry now. Cells that a
/// spreadsheet would take for a formula begin with an apostrophe.
#[utoipa::path(tag = "admin: audit", params(AuditExportQuery), responses(
    (status = 200, description = "A line for each entry.", body = String, content_type = "text/csv"),
))]
#[get("/api/admin/audit/export")]
pub(crate) async fn export_audit(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<AuditExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        object: query.object,
        request_id: None,
        from: query.from,
        to: query.to,
        no_tenant_but: None,
    };
    // The first part now, so that refusals are answered as such.
    let part = state.accounts.audit_part(&caller.0, &filter, None).await?;
    let export = Export {
        state,
        scope: caller.0,
        filter,
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("content-disposition", "attachment; filename=\"audit.csv\""))
        .streaming(export.stream(part)))
}

/// What is being exported.
struct Export {
    state: Data<ApiState>,
    scope: Scope,
    filter: AuditFilter,
}

/// How far an export is.
enum Step {
    Write(AuditPart),
    Read(AuditPlace),
    Done,
}

const COLUMNS: [&str; 11] = [
    "sequence",
    "at",
    "actor",
    "user_id",
    "action",
    "object",
    "request_id",
    "network",
    "before",
    "after",
    "hash",
];

impl Export {
    /// The lines, in parts that are read when the client has taken the one
    /// before.
    fn stream(
        self,
        first: AuditPart,
    ) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> {
        let begin = (self, Step::Write(first), true);
        futures::stream::try_unfold(begin, |(export, step, head)| async move {
            let part = match step {
                Step::Write(part) => part,
                Step::Read(place) => export.read(place).await?,
                Step::Done => return Ok(None),
            };
            let next = part.next.map_or(Step::Done, Step::Read);
            let lines = lines(part.entries, head).map_err(std::io::Error::other)?;
            Ok(Some((lines, (export, next, false))))
        })
    }

    async fn read(&self, place: AuditPlace) -> Result<AuditPart, std::io::Error> {
        let accounts = &self.state.accounts;
        accounts
            .audit_part(&self.scope, &self.filter, Some(place))
            .await
            .map_err(|error| {
                // The status is long sent; the client sees a cut connection.
                tracing::warn!(%error, "an export of the audit log was cut short");
                std::io::Error::other(error)
            })
    }
}

fn lines(entries: Vec<Chained>, head: bool) -> Result<Bytes, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if head {
        writer.write_record(COLUMNS)?;
    }
    for stored in entries {
        let record = stored.record;
        writer.write_record([
            record.sequence.to_string(),
            record.at.to_string(),
            plain(record.actor),
            plain(record.user.unwrap_or_default()),
            plain(record.action),
            plain(record.object),
            plain(record.request_id),
            plain(record.network.unwrap_or_default()),
            plain(record.before.unwrap_or_default()),
            plain(record.after.unwrap_or_default()),
            hex(&stored.hash),
        ])?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(bytes.into())
}

/// A text that no spreadsheet takes for a formula (OWASP, "CSV Injection").
fn plain(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("-1", "'-1"),
            ("req_1", "req_1"),
        ] {
            assert_eq!(plain(text.to_owned()), cell);
        }
    }
}
