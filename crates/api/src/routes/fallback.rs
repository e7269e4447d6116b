//! What goes nowhere.

use actix_web::{HttpRequest, HttpResponse};
use kernel::secret::base64url;
use kernel::{Clock as _, Fault, SystemClock, random};

use super::table::Route;
use crate::problem::{ApiError, RequestError, render};

/// 404, for a process that has few of the routes.
pub(crate) async fn nothing_else() -> Result<actix_web::HttpResponse, ApiError> {
    Err(RequestError::NoRoute.into())
}

/// 503, for a process that is not built yet.
pub(crate) async fn not_yet() -> HttpResponse {
    let id = format!("req_{}", base64url(&random::id_bytes::<15>()));
    let fault = Fault::transient("the process starts");
    render(&fault.into(), &id, SystemClock.now())
}

/// 405 where the path is known by other methods, else 404.
pub(crate) async fn nowhere(request: HttpRequest) -> Result<actix_web::HttpResponse, ApiError> {
    match Route::of(request.match_info().as_str()) {
        Some(route) => Err(ApiError::method_not_allowed(route.allow())),
        None => Err(RequestError::NoRoute.into()),
    }
}
