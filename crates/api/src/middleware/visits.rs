//! Which requests count as visits of the shop.

use actix_web::http::{Method, StatusCode};
use engagement_model::visit::Stage;

/// How far a request that was answered like that shows its sender to be; none
/// when it shows nothing.
pub(crate) fn stage(method: &Method, route: &str, status: StatusCode) -> Option<Stage> {
    if !status.is_success() && status != StatusCode::NOT_MODIFIED {
        return None;
    }
    match (method.as_str(), route) {
        ("GET", "/api/catalog/products/{product}") => Some(Stage::VIEWED),
        ("GET", _) if route.starts_with("/api/catalog/") => Some(Stage::VISITED),
        ("POST", "/api/carts/{cart_id}/lines") => Some(Stage::FILLED_CART),
        ("POST", "/api/checkout") => Some(Stage::CHECKED_OUT),
        _ => None,
    }
}
