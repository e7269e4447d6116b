//! What goes nowhere.

use actix_web::HttpRequest;

use super::table::Route;
use crate::problem::{ApiError, RequestError};

/// 404, for a process that has few of the routes.
pub(crate) async fn nothing_else() -> Result<actix_web::HttpResponse, ApiError> {
    Err(RequestError::NoRoute.into())
}

/// 405 where the path is known by other methods, else 404.
pub(crate) async fn nowhere(request: HttpRequest) -> Result<actix_web::HttpResponse, ApiError> {
    match Route::of(request.match_info().as_str()) {
        Some(route) => Err(ApiError::method_not_allowed(route.allow())),
        None => Err(RequestError::NoRoute.into()),
    }
}
