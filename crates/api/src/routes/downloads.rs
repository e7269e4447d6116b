//! Answers that are files to be kept.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentDisposition, HeaderName};
use actix_web::http::header::{DispositionParam, DispositionType};
use kernel::{DomainError, Fault};
use utoipa::ToSchema;

/// Comma-separated values as RFC 4180 has them, in UTF-8.
#[derive(ToSchema)]
#[schema(value_type = String)]
#[expect(dead_code, reason = "it describes an answer")]
pub(crate) struct CsvFile(String);

/// The header that names a file.
pub(crate) fn attachment(name: &str) -> (HeaderName, ContentDisposition) {
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name.to_owned())],
    };
    (CONTENT_DISPOSITION, disposition)
}

/// An export that breaks off in the middle: it is too late for a status, so
/// the connection is closed, and the log says why.
pub(crate) fn broken(error: &impl DomainError) -> std::io::Error {
    let cause = error.fault().map(Fault::chain).unwrap_or_default();
    tracing::error!(%error, cause, "an export broke off");
    std::io::Error::other("the export broke off")
}
