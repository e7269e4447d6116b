//! The files of pictures, where no bucket serves them.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use catalog_model::image::FileName;

use crate::answers::matches_etag;
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// For a year, by anybody: a name never means anything else.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file. Its name has a hash of its content; whoever knows the name may see
/// it.
#[get("/media/{path:.*}")]
pub(crate) async fn show(
    state: Data<ApiState>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let Some(name) = FileName::parse(&path) else {
        return Err(RequestError::NoRoute.into());
    };
    let size: &'static str = name.size.into();
    let hash = name.stem.rsplit('-').next().unwrap_or_default();
    let etag = format!("\"{hash}-{size}\"");
    let known = matches_etag(request.headers(), &etag);
    let file = if known {
        None
    } else {
        let file = state.catalog.image_file(&path).await?;
        Some(file.ok_or(RequestError::NoRoute)?)
    };
    let mut response = if known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, FOR_EVER))
        // Shop fronts of other origins show it.
        .insert_header(("cross-origin-resource-policy", "cross-origin"));
    Ok(match file {
        Some(file) => response.content_type(name.format.content_type()).body(file),
        None => response.finish(),
    })
}
