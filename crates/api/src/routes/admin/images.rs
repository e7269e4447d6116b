//! Pictures of products.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, delete, patch, post, put};
use catalog_model::CatalogError;
use catalog_model::image::{Image, ImageChange, MAX_ALT};
use catalog_service::Upload;
use kernel::{ImageId, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::image::AdminImageDto;
use crate::dto::patch::present;
use crate::extract::{
    BodyLimits, Caller, FileForm, Json, RequiredIfMatch, etag, id, line, wrong_part,
};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A picture to add.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read part by part")]
pub(crate) struct ImageForm {
    /// A JPEG, PNG or WebP picture of at most `IMAGES_MAX_BYTES` bytes and
    /// `IMAGES_MAX_PIXELS` pixels. What it is called does not matter.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What is read out in its place.
    #[schema(max_length = 500, example = "The shoe from the side")]
    alt: Option<String>,
}

/// A change of a picture; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImagePatch {
    /// What is read out in its place.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(max = 500))]
    #[schema(max_length = 500, nullable = false)]
    alt: Option<String>,
    /// Its place, counted from 0; those after it move on. 0 makes it the one
    /// that lists show.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(max = 1_000))]
    #[schema(minimum = 0, maximum = 1_000, nullable = false)]
    position: Option<u32>,
}

/// An order of pictures.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageOrder {
    /// All pictures of the product, each once, the first one first.
    #[validate(length(max = 100))]
    #[schema(value_type = Vec<String>, max_items = 100)]
    image_ids: Vec<ImageId>,
}

/// All pictures of a product.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImageList {
    /// The pictures, in order.
    data: Vec<AdminImageDto>,
}

fn respond(
    state: &ApiState,
    scope: &Scope,
    mut response: HttpResponseBuilder,
    image: &Image,
) -> HttpResponse {
    response
        .insert_header(("etag", etag(image.version)))
        .json(AdminImageDto::new(image, state.image_urls(scope)))
}

/// Add a picture to a product
///
/// It is recognised by its content, turned upright, and written anew in four
/// sizes, without anything but its pixels: positions, names and thumbnails that
/// cameras put into files are gone.
#[utoipa::path(tag = "admin: catalog", request_body(content = ImageForm, content_type = "multipart/form-data"), params(
    ("product_id" = String, Path, description = "The product."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The picture.", body = AdminImageDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/products/{product_id}/images")]
pub(crate) async fn create_image(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let place = state.catalog.upload_place(&caller.0)?;
    let product = id(&path, CatalogError::ProductNotFound)?;
    let limits = BodyLimits {
        bytes: state.upload_bytes,
        ..state.body_limits
    };
    let mut form = FileForm::read(&request, payload, limits, &["alt"]).await?;
    let alt = form.texts.remove("alt").unwrap_or_default();
    if alt.chars().count() > MAX_ALT {
        let why = format!("must have at most {MAX_ALT} characters");
        return Err(wrong_part("alt", "length", &why).into());
    }
    if line(&alt).is_err() {
        return Err(wrong_part("alt", "line", "must be one line").into());
    }
    let upload = Upload {
        file: form.file,
        alt,
    };
    let image = state
        .catalog
        .add_image(&caller.0, product, upload, place)
        .await?;
    Ok(respond(&state, &caller.0, HttpResponse::Created(), &image))
}

/// Change a picture
///
/// The text in its place, and where it stands among the others.
#[utoipa::path(tag = "admin: catalog", request_body = ImagePatch, params(
    ("product_id" = String, Path, description = "The product."),
    ("image_id" = String, Path, description = "The picture."),
    ("If-Match" = String, Header, description = "The picture's version, in quotes."),
), responses(
    (status = 200, description = "The picture.", body = AdminImageDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/catalog/products/{product_id}/images/{image_id}")]
pub(crate) async fn patch_image(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
    version: RequiredIfMatch,
    body: Json<ImagePatch>,
) -> Result<HttpResponse, ApiError> {
    let product = id(&path.0, CatalogError::ImageNotFound)?;
    let image = id(&path.1, CatalogError::ImageNotFound)?;
    let change = ImageChange {
        alt: body.0.alt,
        position: body.0.position,
    };
    let image = state
        .catalog
        .change_image(&caller.0, product, image, change, &version.0)
        .await?;
    Ok(respond(&state, &caller.0, HttpResponse::Ok(), &image))
}

/// Put the pictures of a product into an order
#[utoipa::path(tag = "admin: catalog", request_body = ImageOrder, params(
    ("product_id" = String, Path, description = "The product."),
), responses(
    (status = 200, description = "All pictures of the product, in order.", body = ImageList),
))]
#[put("/api/admin/catalog/products/{product_id}/images/order")]
pub(crate) async fn order_images(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<ImageOrder>,
) -> Result<HttpResponse, ApiError> {
    let product = id(&path, CatalogError::ProductNotFound)?;
    let images = state
        .catalog
        .order_images(&caller.0, product, &body.0.image_ids)
        .await?;
    let urls = state.image_urls(&caller.0);
    let data = images.iter().map(|image| AdminImageDto::new(image, urls));
    Ok(HttpResponse::Ok().json(ImageList {
        data: data.collect(),
    }))
}

/// Delete a picture
///
/// It is out of sight at once, and its files go with it.
#[utoipa::path(tag = "admin: catalog", params(
    ("product_id" = String, Path, description = "The product."),
    ("image_id" = String, Path, description = "The picture."),
), responses(
    (status = 204, description = "It is deleted."),
))]
#[delete("/api/admin/catalog/products/{product_id}/images/{image_id}")]
pub(crate) async fn delete_image(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let product = id(&path.0, CatalogError::ImageNotFound)?;
    let image = id(&path.1, CatalogError::ImageNotFound)?;
    state
        .catalog
        .delete_image(&caller.0, product, image)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
