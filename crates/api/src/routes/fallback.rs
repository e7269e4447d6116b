//! What goes nowhere.

use actix_web::HttpRequest;

use super::table::methods_at;
use crate::problem::{ApiError, RequestError};

/// 404, for a process that has few of the routes.
pub(crate) async fn nothing_else() -> Result<actix_web::HttpResponse, ApiError> {
    Err(RequestError::NoRoute.into())
}

/// 405 where the path is known by other methods, else 404.
pub(crate) async fn nowhere(request: HttpRequest) -> Result<actix_web::HttpResponse, ApiError> {
    match methods_at(request.match_info().as_str()) {
        Some(methods) => Err(ApiError::method_not_allowed(methods)),
        None => Err(RequestError::NoRoute.into()),
    }
}
