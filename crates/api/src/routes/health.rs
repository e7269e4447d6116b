//! Whether the process lives, whether it can serve, and what it measures.

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use kernel::secret::equal;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// How the process is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or why not.
    #[schema(example = "ok")]
    status: String,
    /// The version of the server.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

fn health(status: &str) -> Health {
    Health {
        status: status.to_owned(),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Ask whether the process lives
#[utoipa::path(tag = "operations", responses(
    (status = 200, description = "It does.", body = Health),
), security(()))]
#[get("/health")]
pub(crate) async fn get_health() -> HttpResponse {
    HttpResponse::Ok().json(health("ok"))
}

/// Ask whether the process can serve
///
/// It can when the database answers, the migrations are up to date, and it is
/// not about to stop.
#[utoipa::path(tag = "operations", responses(
    (status = 200, description = "It can.", body = Health),
    (status = 503, description = "It cannot; `status` says why.", body = Health),
), security(()))]
#[get("/ready")]
pub(crate) async fn get_ready(state: Data<ApiState>) -> HttpResponse {
    if state.is_draining() {
        return HttpResponse::ServiceUnavailable()
            .insert_header(("retry-after", 1))
            .json(health("draining"));
    }
    match state.readiness.check().await {
        None => HttpResponse::Ok().json(health("ok")),
        Some(why) => HttpResponse::ServiceUnavailable()
            .insert_header(("retry-after", 1))
            .json(health(&why)),
    }
}

/// The answer of `/ready` while the process starts: it migrates, or fills a
/// shop with demonstration data.
pub(crate) async fn get_ready_soon() -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header(("retry-after", 1))
        .json(health("starting"))
}

/// Read the metrics
///
/// In Prometheus' text format. Where `HTTP_METRICS_TOKEN` is set, it must be
/// sent.
#[utoipa::path(tag = "operations", responses(
    (status = 200, description = "The metrics.", body = String, content_type = "text/plain"),
), security((), ("bearer" = [])))]
#[get("/metrics")]
pub(crate) async fn get_metrics(
    state: Data<ApiState>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    if let Some(token) = &state.metrics_token {
        let given = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        if !equal(given.as_bytes(), token.expose_secret().as_bytes()) {
            return Err(RequestError::MetricsToken.into());
        }
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body((state.metrics)()))
}
