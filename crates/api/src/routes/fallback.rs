//! What goes nowhere.

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse};
use kernel::secret::base64url;
use kernel::{Clock as _, Fault, SystemClock, random};

use super::table::Route;
use crate::problem::{ApiError, RequestError, render};

/// 404, for a process that has few of the routes.
pub(crate) async fn nothing_else() -> Result<HttpResponse, ApiError> {
    Err(RequestError::NoRoute.into())
}

/// 503, for a process that is not built yet.
pub(crate) async fn not_yet() -> HttpResponse {
    let id = format!("req_{}", base64url(&random::id_bytes::<15>()));
    let fault = Fault::transient("the process starts");
    render(&fault.into(), &id, SystemClock.now())
}

/// 405 where the path is known by other methods, else 404. To `OPTIONS` the
/// methods are the answer (RFC 9110, section 9.3.7).
pub(crate) async fn nowhere(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    match Route::of(request.match_info().as_str()) {
        Some(route) if request.method() == Method::OPTIONS => Ok(HttpResponse::NoContent()
            .insert_header((header::ALLOW, route.allow()))
            .finish()),
        Some(route) => Err(ApiError::method_not_allowed(route.allow())),
        None => Err(RequestError::NoRoute.into()),
    }
}
