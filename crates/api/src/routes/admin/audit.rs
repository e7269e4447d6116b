//! The audit log.

use accounts_model::audit::{AuditFilter, Chained};
use accounts_service::{AuditPart, AuditPlace};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::cell::neutralise;
use kernel::secret::hex;
use kernel::{Scope, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::app::Routes;
use crate::dto::audit::{AuditEntryDto, VerdictDto};
use crate::extract::{Caller, List, Listed, Query, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::routes::downloads::{attachment, broken};
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
    /// Of this action; of all that begin so when it ends with a dot, such as
    /// `product.`. docs/security.md lists them.
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
    /// Of this action; of all that begin so when it ends with a dot, such as
    /// `product.`. docs/security.md lists them.
    #[validate(length(min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
    action: Option<String>,
    /// About the thing with this id.
    #[validate(length(min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
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
        request_id: query.request_id,
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
        .insert_header(attachment("audit.csv"))
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
            .map_err(|error| broken(&error))
    }
}

fn lines(entries: Vec<Chained>, head: bool) -> Result<Bytes, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if head {
        writer.write_record(COLUMNS)?;
    }
    let text = |text: &str| neutralise(text).into_owned();
    for stored in entries {
        let record = stored.record;
        writer.write_record([
            record.sequence.to_string(),
            record.at.to_string(),
            text(&record.actor),
            text(&record.user.unwrap_or_default()),
            text(&record.action),
            text(&record.object),
            text(&record.request_id),
            text(&record.network.unwrap_or_default()),
            text(&record.before.unwrap_or_default()),
            text(&record.after.unwrap_or_default()),
            hex(&stored.hash),
        ])?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(bytes.into())
}
