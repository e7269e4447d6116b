//! Pictures of products: what is taken, what is written, and how files are
//! called.

use kernel::{Audited, ImageId, ProductId, Snapshot, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

/// Pictures one product may have.
pub const MAX_IMAGES: usize = 50;
/// The longest side of a picture, in pixels.
pub const MAX_SIDE: u32 = 16_000;
/// The longest text in place of a picture, in characters.
pub const MAX_ALT: usize = 500;

/// In which form a picture comes and is kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ImageFormat {
    /// For photographs.
    Jpeg,
    /// For drawings; lossless.
    Png,
    /// For both; written lossless.
    Webp,
}

impl ImageFormat {
    /// The form that the first bytes of a file show. What a client says of a
    /// file, its name and its type, is not looked at.
    pub fn of(file: &[u8]) -> Option<Self> {
        if file.starts_with(&[0xFF, 0xD8, 0xFF]) {
            Some(Self::Jpeg)
        } else if file.starts_with(b"\x89PNG\r\n\x1A\n") {
            Some(Self::Png)
        } else if file.len() > 16 && file.starts_with(b"RIFF") && &file[8..12] == b"WEBP" {
            Some(Self::Webp)
        } else {
            None
        }
    }

    /// The end of file names.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// What the header `Content-Type` says.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// The sizes in which a picture is kept.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ImageSize {
    /// As it came.
    Original,
    /// For lists in a cart.
    Thumb,
    /// For lists of products.
    Medium,
    /// For the page of a product.
    Large,
}

impl ImageSize {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Original, Self::Thumb, Self::Medium, Self::Large];

    /// How long the longer side is at most, in pixels; none for no limit.
    pub const fn longest_side(self) -> Option<u32> {
        match self {
            Self::Original => None,
            Self::Thumb => Some(256),
            Self::Medium => Some(768),
            Self::Large => Some(1_600),
        }
    }

    /// What becomes of a picture of so many pixels. It keeps its shape and
    /// never grows.
    pub fn fit(self, width: u32, height: u32) -> (u32, u32) {
        let Some(most) = self.longest_side() else {
            return (width, height);
        };
        let longest = width.max(height);
        if longest <= most {
            return (width, height);
        }
        let scaled = |side: u32| {
            let (side, most, longest) = (u64::from(side), u64::from(most), u64::from(longest));
            u32::try_from((side * most + longest / 2) / longest).map_or(1, |side| side.max(1))
        };
        (scaled(width), scaled(height))
    }
}

/// How a picture is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ImageState {
    /// Its files are being written.
    Storing,
    /// It is shown.
    Ready,
    /// Its files are gone, so that it is not shown.
    Missing,
    /// It was deleted, and its files are about to be.
    Deleting,
}

/// A picture of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Which.
    pub id: ImageId,
    /// Where its files are in the tenant's folder, without size and ending:
    /// `products/{sku}/product-{sku}-{hash}`.
    pub stem: String,
    /// In which form it is kept.
    pub format: ImageFormat,
    /// How it is kept.
    pub state: ImageState,
    /// What is read out in its place.
    pub alt: String,
    /// How wide the original is, in pixels.
    pub width: u32,
    /// How high the original is, in pixels.
    pub height: u32,
    /// Its place among the product's pictures; the first one is shown in
    /// lists.
    pub position: i64,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Audited for Image {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with_public_text("stem", Some(&self.stem))
            .with_public_text("alt", Some(&self.alt))
            .with("width", self.width)
            .with("height", self.height)
            .with("position", self.position)
            .with("version", self.version)
    }
}

/// A change of a picture; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageChange {
    /// What is read out in its place.
    pub alt: Option<String>,
    /// Its place, counted from 0; those after it move on.
    pub position: Option<u32>,
}

impl Image {
    /// The path of one of its files in the store.
    pub fn path(&self, tenant: TenantId, size: ImageSize) -> String {
        path(tenant, &self.stem, size, self.format)
    }
}

/// The path of a file in the store.
pub fn path(tenant: TenantId, stem: &str, size: ImageSize, format: ImageFormat) -> String {
    let size: &'static str = size.into();
    format!("{}{stem}-{size}.{}", folder(tenant), format.extension())
}

/// The folder of a tenant in the store, with a slash at its end.
pub fn folder(tenant: TenantId) -> String {
    format!("{tenant}/")
}

/// What a file is called without size and ending. The hash makes the name
/// unique for ever: no other upload ever has it, so that what is deleted late
/// cannot be what was written since.
pub fn stem(sku: &str, hash: &str) -> String {
    let sku = safe_name(sku);
    format!("products/{sku}/product-{sku}-{hash}")
}

/// A SKU as it can stand in a path: of other characters than letters, digits
/// and underscores, hyphens are left.
fn safe_name(sku: &str) -> String {
    let mut name = String::new();
    for character in deunicode::deunicode(sku).chars() {
        if character.is_ascii_alphanumeric() || character == '_' {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        if name.len() == 64 {
            break;
        }
    }
    let name = name.trim_end_matches('-');
    if name.is_empty() {
        "item".to_owned()
    } else {
        name.to_owned()
    }
}

/// A path of the store, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName<'a> {
    /// Whose.
    pub tenant: TenantId,
    /// Without size and ending.
    pub stem: &'a str,
    /// In which size.
    pub size: ImageSize,
    /// In which form.
    pub format: ImageFormat,
}

impl<'a> FileName<'a> {
    /// Takes a path apart; none for what is not exactly of the form that
    /// [`path`] makes, so that nothing else can be asked for.
    pub fn parse(path: &'a str) -> Option<Self> {
        let (tenant, rest) = path.split_once('/')?;
        let (name, ending) = rest.rsplit_once('.')?;
        let (stem, size) = name.rsplit_once('-')?;
        let format = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Webp]
            .into_iter()
            .find(|format| format.extension() == ending)?;
        let (folder, file) = stem.strip_prefix("products/")?.split_once('/')?;
        let (sku, hash) = file.strip_prefix("product-")?.rsplit_once('-')?;
        let good = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        (folder == sku && good(folder) && good(hash)).then_some(Self {
            tenant: tenant.parse().ok()?,
            stem,
            size: size.parse().ok()?,
            format,
        })
    }
}

/// A picture before anything was written.
#[derive(Debug, Clone)]
pub struct NewImage {
    /// Which.
    pub id: ImageId,
    /// Of which product.
    pub product: ProductId,
    /// What was uploaded, as a hash: a product has each picture once.
    pub source_hash: Vec<u8>,
    /// Where its files will be.
    pub stem: String,
    /// In which form it is kept.
    pub format: ImageFormat,
    /// What is read out in its place.
    pub alt: String,
    /// How wide it is, in pixels.
    pub width: u32,
    /// How high it is, in pixels.
    pub height: u32,
    /// When.
    pub now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_are_told_by_content() {
        let mut webp = b"RIFF\0\0\0\0WEBPVP8L".to_vec();
        webp.resize(32, 0);
        for (bytes, format) in [
            (&[0xFF, 0xD8, 0xFF, 0xE0][..], Some(ImageFormat::Jpeg)),
            (b"\x89PNG\r\n\x1A\n\0", Some(ImageFormat::Png)),
            (&webp, Some(ImageFormat::Webp)),
            (b"GIF89a", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(ImageFormat::of(bytes), format);
        }
    }

    #[test]
    fn sizes_keep_the_shape_and_never_grow() {
        assert_eq!(ImageSize::Original.fit(9000, 5), (9000, 5));
        assert_eq!(ImageSize::Thumb.fit(200, 100), (200, 100));
        assert_eq!(ImageSize::Thumb.fit(4000, 3000), (256, 192));
        assert_eq!(ImageSize::Medium.fit(3000, 4000), (576, 768));
        assert_eq!(ImageSize::Large.fit(16_000, 1), (1600, 1));
    }

    #[test]
    fn only_our_own_paths_are_paths() {
        let tenant = TenantId::new(Timestamp::from_seconds(0));
        let own = path(
            tenant,
            &stem("TR2/..", "abc"),
            ImageSize::Thumb,
            ImageFormat::Jpeg,
        );
        assert_eq!(
            own,
            format!("{tenant}/products/TR2/product-TR2-abc-thumb.jpg")
        );
        assert!(FileName::parse(&own).is_some());
        for bad in [
            format!("{tenant}/products/../product-..-abc-thumb.jpg"),
            format!("{tenant}/products/a/../../x/product-a-abc-thumb.jpg"),
            format!("{tenant}/products/a/product-b-abc-thumb.jpg"),
            format!("{tenant}/products/a/product-a-abc-thumb.svg"),
            format!("{tenant}/products/a/product-a-abc-huge.jpg"),
            format!("{tenant}/products/a%2f/product-a%2f-abc-thumb.jpg"),
            "/etc/passwd".to_owned(),
            format!("{tenant}/sutler.db"),
            String::new(),
        ] {
            assert_eq!(FileName::parse(&bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_sku_the_path_is_ours(sku in ".{0,80}") {
            let tenant = TenantId::new(Timestamp::from_seconds(0));
            let stem = stem(&sku, "0a1b");
            let path = path(tenant, &stem, ImageSize::Large, ImageFormat::Webp);
            let parsed = FileName::parse(&path);
            prop_assert_eq!(parsed.map(|name| name.stem.to_owned()), Some(stem));
        }
    }
}
