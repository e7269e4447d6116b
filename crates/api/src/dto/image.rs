//! Pictures of products.

use catalog_model::image::{Image, ImageSize, ImageState};
use kernel::{ImageId, TenantId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// Where the pictures of a tenant are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageUrls<'a> {
    base: &'a str,
    tenant: TenantId,
}

impl<'a> ImageUrls<'a> {
    /// Pictures below a URL that ends with a slash.
    pub(crate) fn new(base: &'a str, tenant: TenantId) -> Self {
        Self { base, tenant }
    }

    fn file(&self, image: &Image, size: ImageSize) -> ImageFileDto {
        let (width, height) = size.fit(image.width, image.height);
        ImageFileDto {
            url: format!("{}{}", self.base, image.path(self.tenant, size)),
            width,
            height,
        }
    }
}

/// One size of a picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ImageFile)]
pub(crate) struct ImageFileDto {
    /// Where it is; what is there never changes.
    #[schema(
        format = "uri",
        example = "https://shop.example/media/ten_01j9z6m3k4f5g6h7j8k9m0n1p2/products/TR2-RED-42/product-TR2-RED-42-5f0c9e2b7a1d3c4e6f80-medium.jpg"
    )]
    url: String,
    /// How wide it is, in pixels.
    #[schema(example = 768)]
    width: u32,
    /// How high it is, in pixels.
    #[schema(example = 576)]
    height: u32,
}

/// A picture of a product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub(crate) struct ImageDto {
    /// Which.
    #[schema(value_type = String, example = "img_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ImageId,
    /// What is read out in its place.
    #[schema(example = "The shoe from the side")]
    alt: String,
    /// As it came.
    original: ImageFileDto,
    /// At most 256 pixels on a side.
    thumb: ImageFileDto,
    /// At most 768 pixels on a side.
    medium: ImageFileDto,
    /// At most 1600 pixels on a side.
    large: ImageFileDto,
}

impl ImageDto {
    pub(crate) fn new(image: &Image, urls: ImageUrls<'_>) -> Self {
        Self {
            id: image.id,
            alt: image.alt.clone(),
            original: urls.file(image, ImageSize::Original),
            thumb: urls.file(image, ImageSize::Thumb),
            medium: urls.file(image, ImageSize::Medium),
            large: urls.file(image, ImageSize::Large),
        }
    }
}

/// How a picture is kept.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImageState)]
pub(crate) enum ImageStateDto {
    /// Its files are being written.
    Storing,
    /// It is shown.
    Ready,
    /// Its files are gone, so that it is not shown.
    Missing,
    /// It was deleted.
    Deleting,
}

impl From<ImageState> for ImageStateDto {
    fn from(state: ImageState) -> Self {
        match state {
            ImageState::Storing => Self::Storing,
            ImageState::Ready => Self::Ready,
            ImageState::Missing => Self::Missing,
            ImageState::Deleting => Self::Deleting,
        }
    }
}

/// A picture of a product as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminImage)]
pub(crate) struct AdminImageDto {
    #[serde(flatten)]
    shown: ImageDto,
    /// How it is kept.
    state: ImageStateDto,
    /// Its place among the product's pictures; the first one is shown in
    /// lists.
    position: i64,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl AdminImageDto {
    pub(crate) fn new(image: &Image, urls: ImageUrls<'_>) -> Self {
        Self {
            shown: ImageDto::new(image, urls),
            state: image.state.into(),
            position: image.position,
            version: image.version,
            created_at: image.created_at,
        }
    }
}
