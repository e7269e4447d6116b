//! Errors as callers see them: RFC 9457, `application/problem+json`.

use std::fmt;
use std::time::Duration;

use actix_web::error::UrlencodedError;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use kernel::{DomainError, ErrorKind, ErrorReport, FieldError, Timestamp};
use serde::Serialize;
use strum::{EnumDiscriminants, EnumIter};
use utoipa::ToSchema;

/// What controllers return when something is refused.
#[derive(Debug)]
pub struct ApiError(pub(crate) Box<ErrorReport>, Option<String>);

impl ApiError {
    /// The method is not known here; these are.
    pub(crate) fn method_not_allowed(allow: String) -> Self {
        Self(Box::new(RequestError::MethodNotAllowed.into()), Some(allow))
    }

    /// What the header `Allow` is to say.
    pub(crate) fn allow(&self) -> Option<&str> {
        self.1.as_deref()
    }
}

impl<E: DomainError> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(Box::new(error.into()), None)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(self.0.kind)
    }

    /// The middleware replaces the body by [`render`]'s, which knows the
    /// request; this one is for errors outside of it.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

/// Why a request was refused before a service saw it.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(RequestErrorCode), derive(EnumIter))]
pub enum RequestError {
    /// The body is not JSON.
    #[error("the body is not valid JSON: {0}")]
    MalformedJson(String),
    /// The body lacks something or has something wrong.
    #[error("the body does not fit: {}", summary(.0))]
    InvalidBody(Vec<FieldError>),
    /// The query string does not fit.
    #[error("the query string does not fit: {}", summary(.0))]
    InvalidQuery(Vec<FieldError>),
    /// The body is no form.
    #[error("the body is not a valid form: {0}")]
    MalformedForm(String),
    /// The body is of another kind.
    #[error("send the body as `Content-Type: {0}`")]
    UnsupportedMediaType(&'static str),
    /// The body is too large.
    #[error("the body may have at most {0} bytes")]
    BodyTooLarge(usize),
    /// The body broke off.
    #[error("the body could not be read to its end")]
    BodyBroken,
    /// The body took too long.
    #[error("the body did not come within {} s; send it again", .0.as_secs())]
    BodyTimeout(Duration),
    /// A header does not fit.
    #[error("the header {name} does not fit: {why}")]
    InvalidHeader {
        /// Which.
        name: &'static str,
        /// What to change.
        why: &'static str,
    },
    /// The version that is to be changed must be named.
    #[error("send `If-Match` with the ETag of what you read, so that nobody's change is lost")]
    IfMatchMissing,
    /// The cursor does not fit.
    #[error(transparent)]
    Cursor(#[from] kernel::CursorError),
    /// No such route.
    #[error("there is nothing at this path; /api/openapi.json lists what there is")]
    NoRoute,
    /// No such method.
    #[error("this path does not know this method; see the header Allow")]
    MethodNotAllowed,
    /// Too many requests.
    #[error("too many requests; try again in {} s", .0.as_secs().max(1))]
    RateLimited(Duration),
    /// The process is about to stop.
    #[error("this node is about to stop; try again, another one will answer")]
    Draining,
    /// A token is needed.
    #[error("send the token of HTTP_METRICS_TOKEN as `Authorization: Bearer …`")]
    MetricsToken,
    /// The URL is too long.
    #[error("the URL may have at most {0} bytes")]
    UrlTooLong(usize),
}

impl RequestError {
    /// What the framework says about a form.
    pub(crate) fn from_form(error: &UrlencodedError) -> Self {
        match error {
            UrlencodedError::Overflow { limit, .. } => Self::BodyTooLarge(*limit),
            UrlencodedError::ContentType => {
                Self::UnsupportedMediaType("application/x-www-form-urlencoded")
            }
            UrlencodedError::Parse(why) => Self::MalformedForm(why.to_string()),
            UrlencodedError::Encoding => Self::MalformedForm("it is not UTF-8".to_owned()),
            _ => Self::BodyBroken,
        }
    }

    /// The refusal of a query string where there are no parameters.
    pub(crate) fn no_parameter(query: &str) -> Self {
        let first = query.split(['=', '&']).next().unwrap_or_default();
        let name: String = first.chars().take(64).collect();
        let detail = format!("{name:?} is not known here; there are no parameters");
        Self::InvalidQuery(vec![FieldError::new(format!("/{name}"), "type", detail)])
    }
}

fn summary(fields: &[FieldError]) -> String {
    let texts: Vec<String> = fields
        .iter()
        .take(5)
        .map(|field| {
            if field.pointer.is_empty() {
                field.detail.clone()
            } else {
                format!("{} {}", field.pointer, field.detail)
            }
        })
        .collect();
    texts.join("; ")
}

impl RequestErrorCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::MalformedJson => "request.malformed_json",
            Self::MalformedForm => "request.malformed_form",
            Self::InvalidBody => "request.invalid_body",
            Self::InvalidQuery => "request.invalid_query",
            Self::UnsupportedMediaType => "request.unsupported_media_type",
            Self::BodyTooLarge => "request.body_too_large",
            Self::BodyBroken => "request.body_broken",
            Self::BodyTimeout => "request.body_timeout",
            Self::InvalidHeader => "request.invalid_header",
            Self::IfMatchMissing => "request.if_match_missing",
            Self::Cursor => "request.invalid_cursor",
            Self::NoRoute => "request.no_route",
            Self::MethodNotAllowed => "request.method_not_allowed",
            Self::RateLimited => "rate_limited",
            Self::Draining => "draining",
            Self::MetricsToken => "metrics.token",
            Self::UrlTooLong => "request.url_too_long",
        }
    }

    /// What kind of failure has the code.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::MalformedJson
            | Self::MalformedForm
            | Self::InvalidQuery
            | Self::BodyBroken
            | Self::InvalidHeader
            | Self::Cursor => ErrorKind::Malformed,
            Self::InvalidBody => ErrorKind::Unprocessable,
            Self::UnsupportedMediaType => ErrorKind::UnsupportedMediaType,
            Self::BodyTooLarge => ErrorKind::TooLarge,
            Self::BodyTimeout => ErrorKind::Timeout,
            Self::UrlTooLong => ErrorKind::UrlTooLong,
            Self::IfMatchMissing => ErrorKind::PreconditionRequired,
            Self::NoRoute => ErrorKind::NotFound,
            Self::MethodNotAllowed => ErrorKind::MethodNotAllowed,
            Self::RateLimited => ErrorKind::TooManyRequests,
            Self::Draining => ErrorKind::Unavailable,
            Self::MetricsToken => ErrorKind::Unauthenticated,
        }
    }
}

impl DomainError for RequestError {
    fn kind(&self) -> ErrorKind {
        RequestErrorCode::from(self).kind()
    }

    fn code(&self) -> &'static str {
        RequestErrorCode::from(self).code()
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::InvalidBody(fields) | Self::InvalidQuery(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(after) => Some(*after),
            Self::Draining => Some(Duration::from_secs(1)),
            _ => None,
        }
    }
}

/// One field that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// Where, as a JSON pointer (RFC 6901); for query parameters, the name
    /// after a slash.
    #[schema(example = "/lines/0/quantity")]
    pub pointer: String,
    /// Which rule.
    #[schema(example = "range")]
    pub code: String,
    /// What to change.
    #[schema(example = "must be between 1 and 9999")]
    pub detail: String,
}

/// What went wrong, as RFC 9457 has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// A URN of the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:sutler:error:order.not_found")]
    pub type_: String,
    /// The status in words.
    #[schema(example = "Not Found")]
    pub title: &'static str,
    /// The status.
    #[schema(example = 404, minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened and what to change.
    #[schema(example = "there is no such order")]
    pub detail: String,
    /// The stable code to program against; docs/errors.md lists all.
    #[schema(example = "order.not_found")]
    pub code: &'static str,
    /// The fields that are wrong, where that can be said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<ProblemField>,
    /// The request's id; name it when you ask for help.
    #[schema(example = "req_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    pub request_id: String,
    /// When it happened.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T12:00:00.000000Z")]
    pub timestamp: Timestamp,
}

/// The response to an error, for one request.
pub(crate) fn render(report: &ErrorReport, request_id: &str, now: Timestamp) -> HttpResponse {
    let status = status(report.kind);
    let problem = Problem {
        type_: format!("urn:sutler:error:{}", report.code),
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        detail: report.detail.clone(),
        code: report.code,
        errors: report
            .fields
            .iter()
            .map(|field| ProblemField {
                pointer: field.pointer.clone(),
                code: field.code.clone(),
                detail: field.detail.clone(),
            })
            .collect(),
        request_id: request_id.to_owned(),
        timestamp: now,
    };
    let mut response = HttpResponse::build(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"sutler\""),
        ));
    }
    if let Some(after) = report.retry_after {
        response.insert_header((header::RETRY_AFTER, after.as_secs().max(1)));
    }
    response
        .content_type("application/problem+json")
        .body(serde_json::to_vec(&problem).unwrap_or_default())
}

/// The status of a kind of failure.
pub(crate) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Malformed => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::PaymentRequired => StatusCode::PAYMENT_REQUIRED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::Gone => StatusCode::GONE,
        ErrorKind::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
        ErrorKind::Timeout => StatusCode::REQUEST_TIMEOUT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::UrlTooLong => StatusCode::URI_TOO_LONG,
        ErrorKind::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        ErrorKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::BadGateway => StatusCode::BAD_GATEWAY,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}
