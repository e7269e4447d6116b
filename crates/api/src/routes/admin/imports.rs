//! Imports and exports of whole catalogs.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post};
use catalog_model::CatalogError;
use catalog_model::import::ImportOptions;
use futures::StreamExt as _;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::dto::import::ImportDto;
use crate::extract::{Caller, List, Listed, Query, id, page_request};
use crate::problem::{ApiError, RequestError};
use crate::routes::downloads::attachment;
use crate::state::ApiState;

/// How to import.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportQuery {
    /// Only check the file, and change nothing.
    #[param(default = false)]
    dry_run: Option<bool>,
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportsQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How to export.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    /// Begin with the mark that tells Excel that the file is UTF-8.
    #[param(default = false)]
    bom: Option<bool>,
}

/// Whether the body says that it is CSV.
fn is_csv(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv"))
}

/// Import products
///
/// The file is the body. It is read by a job: follow the import until it is
/// done, failed or canceled. Either all rows are imported or none is.
#[utoipa::path(tag = "admin: imports", request_body(content = String, content_type = "text/csv"), params(
    ImportQuery,
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 202, description = "The import, which waits for a worker.", body = ImportDto, headers(("Location" = String, description = "Where to follow it."))),
))]
#[post("/api/admin/imports")]
pub(crate) async fn create_import(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<ImportQuery>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    caller.0.require(kernel::Permission::CatalogWrite)?;
    if !is_csv(&request) {
        return Err(RequestError::UnsupportedMediaType("text/csv").into());
    }
    let options = ImportOptions {
        dry_run: query.0.dry_run.unwrap_or(false),
    };
    // Files take longer than other bodies; but something has to come.
    let patience: Duration = state.body_limits.time;
    let parts = futures::stream::unfold(payload, async |mut payload| {
        let next = tokio::time::timeout(patience, payload.next()).await;
        let part = match next {
            Ok(None) => return None,
            Ok(Some(Ok(part))) => Ok(part),
            Ok(Some(Err(_))) | Err(_) => Err(CatalogError::ImportBroken),
        };
        Some((part, payload))
    });
    let parts = std::pin::pin!(parts);
    let import = state.catalog.import(&caller.0, options, parts).await?;
    let place = format!("/api/admin/imports/{}", import.id);
    Ok(HttpResponse::Accepted()
        .insert_header((header::LOCATION, place))
        .json(ImportDto::from(import)))
}

/// List imports, newest first
#[utoipa::path(tag = "admin: imports", params(ImportsQuery), responses(
    (status = 200, description = "A page of imports.", body = List<ImportDto>),
))]
#[get("/api/admin/imports")]
pub(crate) async fn list_imports(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<ImportsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.catalog.imports(&caller.0, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, ImportDto::from)?.response())
}

/// Follow an import
#[utoipa::path(tag = "admin: imports", params(("import_id" = String, Path, description = "The import.")), responses(
    (status = 200, description = "The import.", body = ImportDto),
))]
#[get("/api/admin/imports/{import_id}")]
pub(crate) async fn get_import(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::ImportNotFound)?;
    let import = state.catalog.import_state(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(ImportDto::from(import)))
}

/// Cancel an import
///
/// Nothing of it is kept.
#[utoipa::path(tag = "admin: imports", params(("import_id" = String, Path, description = "The import.")), responses(
    (status = 200, description = "The import.", body = ImportDto),
))]
#[post("/api/admin/imports/{import_id}/cancel")]
pub(crate) async fn cancel_import(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::ImportNotFound)?;
    let import = state.catalog.cancel_import(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(ImportDto::from(import)))
}

/// Export all products
///
/// A CSV file with a row for each variant, which an import reads again. Cells
/// that a spreadsheet would run as a formula have an apostrophe before them.
#[utoipa::path(tag = "admin: imports", params(ExportQuery), responses(
    (status = 200, description = "The file.", body = String, content_type = "text/csv"),
))]
#[get("/api/admin/exports/products")]
pub(crate) async fn export_products(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<ExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let mark = query.0.bom.unwrap_or(false);
    let file = state.catalog.export(&caller.0, mark).await?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(attachment("products.csv"))
        .streaming(file))
}
