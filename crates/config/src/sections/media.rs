//! Pictures: where they are kept, how large they may be.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use strum::{EnumString, VariantNames};
use url::Url;

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::{Choice, Secret};

/// Where files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum MediaStore {
    /// In a folder of this machine.
    Local,
    /// In a bucket of S3, R2 or whatever else speaks S3's protocol.
    S3,
}

impl Choice for MediaStore {}

/// Pictures.
#[derive(Debug, Clone)]
pub struct Media {
    /// Where they are kept.
    pub store: MediaStore,
    /// The folder of the `local` store.
    pub folder: PathBuf,
    /// The base of their URLs, if they are not served from here.
    pub public_url: Option<Url>,
    /// The bucket of the `s3` store.
    pub bucket: Option<String>,
    /// Its region.
    pub region: String,
    /// Where the S3 protocol is spoken, if not at Amazon.
    pub endpoint: Option<Url>,
    /// Who we are there.
    pub access_key_id: Option<String>,
    /// The secret that proves it.
    pub secret_access_key: Option<Secret>,
    /// The largest upload, in bytes.
    pub max_bytes: NonZeroUsize,
    /// The largest picture, in pixels.
    pub max_pixels: NonZeroUsize,
    /// Pictures that are decoded at the same time.
    pub concurrency: NonZeroUsize,
}

pub(crate) fn read(r: &mut Reader, data_dir: &Path) -> Media {
    Media {
        store: r.value(
            "media.store",
            "local",
            "Where pictures are kept: in a folder, or in a bucket of S3, R2 or what speaks their protocol. Several nodes need a bucket or a shared folder.",
        ),
        folder: r.following(
            "media.folder",
            "./data/media",
            data_dir.join("media"),
            "The folder of the `local` store; unless it is set, `media` in DATA_DIR.",
        ),
        public_url: r.optional(
            "media.public_url",
            "https://images.shop.example",
            "The base of the URLs of pictures when something else serves them, such as the bucket's CDN; without it they are served at `/media` below HTTP_PUBLIC_URL.",
        ),
        bucket: r.optional("s3.bucket", "shop-images", "The bucket of the `s3` store."),
        region: r.value(
            "s3.region",
            "us-east-1",
            "The bucket's region; `auto` for R2.",
        ),
        endpoint: r.optional(
            "s3.endpoint",
            "https://ACCOUNT.r2.cloudflarestorage.com",
            "Where the S3 protocol is spoken, if not at Amazon. The bucket is named in the path.",
        ),
        access_key_id: r.optional(
            "s3.access_key_id",
            "AKIA…",
            "Who we are at the bucket.",
        ),
        secret_access_key: r.optional(
            "s3.secret_access_key",
            "a-long-random-text",
            "The secret of S3_ACCESS_KEY_ID.",
        ),
        max_bytes: r.value(
            "images.max_bytes",
            "10485760",
            "The largest picture that may be uploaded, in bytes; 1024 to 67108864.",
        ),
        max_pixels: r.value(
            "images.max_pixels",
            "25000000",
            "The most pixels a picture may have, 10000 to 100000000; checked before it is decoded. Decoding takes up to 16 bytes for each.",
        ),
        concurrency: r.value(
            "images.concurrency",
            "1",
            "Pictures that are decoded at the same time, 1 to 64; others wait.",
        ),
    }
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    let media = &s.media;
    if media.store == MediaStore::S3 {
        let missing = [
            ("s3.bucket", media.bucket.is_none()),
            ("s3.access_key_id", media.access_key_id.is_none()),
            ("s3.secret_access_key", media.secret_access_key.is_none()),
        ];
        for (key, _) in missing.into_iter().filter(|(_, missing)| *missing) {
            r.mistake(key, "nothing", "a value, because MEDIA_STORE is s3");
        }
    }
    for (key, url) in [
        ("media.public_url", &media.public_url),
        ("s3.endpoint", &media.endpoint),
    ] {
        if let Some(url) = url
            && !super::http::is_base(url)
        {
            r.mistake(
                key,
                "a URL that nothing can be added to",
                "an http:// or https:// URL without a query or password",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Settings, Sources};

    #[test]
    fn a_bucket_needs_a_name_and_keys() {
        let load = |variables: &[(&str, &str)]| {
            Settings::load(Sources::of(variables.iter().copied(), None))
        };
        assert!(load(&[]).is_ok());
        let text = load(&[("MEDIA_STORE", "s3")]).unwrap_err().to_string();
        for name in ["S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"] {
            assert!(text.contains(name), "{text}");
        }
        let keys = [
            ("MEDIA_STORE", "s3"),
            ("S3_BUCKET", "shop"),
            ("S3_ACCESS_KEY_ID", "id"),
            ("S3_SECRET_ACCESS_KEY", "hunter2"),
        ];
        let settings = load(&keys).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        let bad = load(&[("MEDIA_PUBLIC_URL", "https://a.example/?x=1")]);
        assert!(bad.unwrap_err().to_string().contains("MEDIA_PUBLIC_URL"));
        for (name, value) in [("IMAGES_MAX_PIXELS", "5"), ("IMAGES_CONCURRENCY", "65")] {
            assert!(
                load(&[(name, value)])
                    .unwrap_err()
                    .to_string()
                    .contains(name)
            );
        }
    }
}
