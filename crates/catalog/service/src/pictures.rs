//! Decoding, turning, shrinking and writing of pictures: a few at a time, away
//! from the threads that serve requests.
//!
//! Nothing of an upload is kept but its pixels. What decoders could be made to
//! do is bounded before they begin: by the size of the file, by the pixels it
//! says it has, by the memory a decoder may ask for, and by the passes a
//! progressive JPEG may make over them.

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use catalog_model::CatalogError;
use catalog_model::image::{ImageFormat, ImageSize, MAX_SIDE};
use fast_image_resize::Resizer;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageReader, ImageResult, Limits};
use kernel::Fault;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Uploads that may wait for each picture that is being decoded; they are in
/// memory by then.
const WAITING: usize = 8;
/// The quality of JPEGs, of 100.
const QUALITY: u8 = 85;
/// What a decoder may ask for beside the pixels, in bytes.
const DECODER_BYTES: u64 = 16 << 20;
/// The bytes of a pixel at most: four channels of 16 bits.
const PIXEL_BYTES: u64 = 8;
/// Passes over a progressive JPEG; cameras and editors make some ten.
const MAX_SCANS: usize = 100;

/// A place among the uploads that are being worked at; to be held while an
/// upload is read.
pub struct UploadPlace(#[expect(dead_code, reason = "held, not looked at")] OwnedSemaphorePermit);

/// A picture, ready to be stored.
pub(crate) struct Picture {
    pub(crate) format: ImageFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// One file for each size.
    pub(crate) files: Vec<(ImageSize, Bytes)>,
}

/// Makes pictures of uploads.
pub(crate) struct Pictures {
    uploads: Arc<Semaphore>,
    decoders: Arc<Semaphore>,
    max_bytes: usize,
    max_pixels: usize,
}

impl Pictures {
    pub(crate) fn new(settings: &config::Media) -> Self {
        let at_once = settings.concurrency.get();
        Self {
            uploads: Arc::new(Semaphore::new(at_once * (WAITING + 1))),
            decoders: Arc::new(Semaphore::new(at_once)),
            max_bytes: settings.max_bytes.get(),
            max_pixels: settings.max_pixels.get(),
        }
    }

    /// A place for an upload, unless there are too many.
    pub(crate) fn place(&self) -> Result<UploadPlace, CatalogError> {
        self.uploads
            .clone()
            .try_acquire_owned()
            .map(UploadPlace)
            .map_err(|_| CatalogError::ImagesBusy)
    }

    /// What becomes of an upload.
    pub(crate) async fn make(&self, upload: Bytes) -> Result<Picture, CatalogError> {
        if upload.len() > self.max_bytes {
            return Err(CatalogError::ImageBytes(self.max_bytes));
        }
        let decoder = self.decoders.clone().acquire_owned().await;
        let decoder =
            decoder.map_err(|error| Fault::permanent("wait to decode").caused_by(error))?;
        let max_pixels = self.max_pixels;
        let work = tokio::task::spawn_blocking(move || {
            let made = make(&upload, max_pixels);
            drop(decoder);
            made
        });
        match work.await {
            Ok(made) => made,
            // A decoder that gives up on a file must not look like our fault.
            Err(error) if error.is_panic() => {
                tracing::warn!(%error, "a decoder panicked");
                Err(CatalogError::ImageBroken)
            }
            Err(error) => Err(Fault::transient("decode").caused_by(error).into()),
        }
    }
}

fn make(upload: &[u8], max_pixels: usize) -> Result<Picture, CatalogError> {
    let (came_as, image) = decode(upload, max_pixels)?;
    let transparent = image.color().has_alpha();
    let format = match came_as {
        // There is no lossy encoder for WebP, and a lossless photograph is
        // many times as large.
        ImageFormat::Webp if !transparent => ImageFormat::Jpeg,
        same => same,
    };
    let (width, height) = (image.width(), image.height());
    let mut files = vec![(ImageSize::Original, encode(&image, format)?)];
    // Each from the next larger one, which costs less and looks no worse.
    let mut from = image;
    for size in [ImageSize::Large, ImageSize::Medium, ImageSize::Thumb] {
        let (width, height) = size.fit(from.width(), from.height());
        if (width, height) != (from.width(), from.height()) {
            let mut smaller = DynamicImage::new(width, height, from.color());
            Resizer::new()
                .resize(&from, &mut smaller, None)
                .map_err(|error| Fault::permanent("resize").caused_by(error))?;
            from = smaller;
        }
        files.push((size, encode(&from, format)?));
    }
    Ok(Picture {
        format,
        width,
        height,
        files,
    })
}

/// The pixels of an upload, upright, in 8 bits, with a channel for
/// transparency only where something is transparent.
fn decode(upload: &[u8], max_pixels: usize) -> Result<(ImageFormat, DynamicImage), CatalogError> {
    let format = ImageFormat::of(upload).ok_or(CatalogError::ImageType)?;
    if format == ImageFormat::Jpeg && scans(upload) > MAX_SCANS {
        return Err(CatalogError::ImageBroken);
    }
    let broken = |error: image::ImageError| {
        tracing::debug!(%error, "a picture cannot be decoded");
        CatalogError::ImageBroken
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODER_BYTES);
    let (width, height) = reader(upload, format, limits)
        .into_dimensions()
        .map_err(broken)?;
    let pixels = u64::from(width) * u64::from(height);
    if pixels > max_pixels as u64 || width.max(height) > MAX_SIDE || pixels == 0 {
        return Err(CatalogError::ImagePixels {
            width,
            height,
            max: max_pixels,
            side: MAX_SIDE,
        });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(pixels * PIXEL_BYTES + DECODER_BYTES);
    let read = || -> ImageResult<DynamicImage> {
        let mut decoder = reader(upload, format, limits).into_decoder()?;
        let orientation = decoder.orientation()?;
        let mut image = eight_bits(DynamicImage::from_decoder(decoder)?);
        image.apply_orientation(orientation);
        Ok(image)
    };
    Ok((format, read().map_err(broken)?))
}

fn reader(upload: &[u8], format: ImageFormat, limits: Limits) -> ImageReader<Cursor<&[u8]>> {
    let format = match format {
        ImageFormat::Jpeg => image::ImageFormat::Jpeg,
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Webp => image::ImageFormat::WebP,
    };
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    reader.limits(limits);
    reader
}

fn eight_bits(image: DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return DynamicImage::ImageRgb8(image.into_rgb8());
    }
    let image = image.into_rgba8();
    if image.pixels().any(|pixel| pixel.0[3] < u8::MAX) {
        DynamicImage::ImageRgba8(image)
    } else {
        DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(image).into_rgb8())
    }
}

/// How many passes a JPEG makes: its markers "start of scan". Within the data
/// of a scan 0xFF is always followed by 0x00, so they cannot be anything else
/// there.
fn scans(jpeg: &[u8]) -> usize {
    jpeg.windows(2).filter(|pair| *pair == [0xFF, 0xDA]).count()
}

/// A file with these pixels and nothing else.
fn encode(image: &DynamicImage, format: ImageFormat) -> Result<Bytes, CatalogError> {
    let mut file = Vec::new();
    let written = match format {
        ImageFormat::Jpeg => JpegEncoder::new_with_quality(&mut file, QUALITY).encode_image(image),
        ImageFormat::Png => image.write_with_encoder(PngEncoder::new_with_quality(
            &mut file,
            CompressionType::Default,
            FilterType::Adaptive,
        )),
        ImageFormat::Webp => image.write_with_encoder(WebPEncoder::new_lossless(&mut file)),
    };
    written.map_err(|error| Fault::permanent("encode a picture").caused_by(error))?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    const ENOUGH: usize = 25_000_000;

    fn photo(width: u32, height: u32) -> DynamicImage {
        let pixel = |x, y| {
            let (x, y) = (x * 255 / width, y * 255 / height);
            Rgb([x, y, 128].map(|c| u8::try_from(c).unwrap_or(255)))
        };
        DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel))
    }

    fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        encode(image, format).unwrap().to_vec()
    }

    #[test]
    fn every_size_is_written_in_the_form_it_says() {
        for (format, becomes) in [
            (ImageFormat::Jpeg, ImageFormat::Jpeg),
            (ImageFormat::Png, ImageFormat::Png),
            (ImageFormat::Webp, ImageFormat::Jpeg),
        ] {
            let made = make(&written(&photo(2_000, 1_000), format), ENOUGH).unwrap();
            assert_eq!(
                (made.format, made.width, made.height),
                (becomes, 2_000, 1_000)
            );
            let sizes: Vec<_> = made.files.iter().map(|(size, _)| *size).collect();
            assert_eq!(
                sizes,
                [
                    ImageSize::Original,
                    ImageSize::Large,
                    ImageSize::Medium,
                    ImageSize::Thumb
                ]
            );
            for (size, file) in &made.files {
                assert_eq!(ImageFormat::of(file), Some(becomes));
                let (_, read) = decode(file, ENOUGH).unwrap();
                assert_eq!((read.width(), read.height()), size.fit(2_000, 1_000));
            }
        }
    }

    #[test]
    fn transparency_is_kept_where_there_is_any() {
        let clear = RgbaImage::from_pixel(40, 40, Rgba([200, 10, 10, 90]));
        let full = RgbaImage::from_pixel(40, 40, Rgba([200, 10, 10, 255]));
        let made = |image: &RgbaImage, format| {
            let image = DynamicImage::ImageRgba8(image.clone());
            make(&written(&image, format), ENOUGH).unwrap()
        };
        assert_eq!(made(&clear, ImageFormat::Webp).format, ImageFormat::Webp);
        assert_eq!(made(&full, ImageFormat::Webp).format, ImageFormat::Jpeg);
        let kept = &made(&clear, ImageFormat::Png).files[3].1;
        let (_, read) = decode(kept, ENOUGH).unwrap();
        assert_eq!(read.to_rgba8().get_pixel(3, 3).0, [200, 10, 10, 90]);
    }

    #[test]
    fn many_passes_are_refused() {
        let mut jpeg = written(&photo(64, 64), ImageFormat::Jpeg);
        assert_eq!(scans(&jpeg), 1);
        for _ in 0..MAX_SCANS {
            jpeg.extend([0xFF, 0xDA]);
        }
        assert!(matches!(
            make(&jpeg, ENOUGH),
            Err(CatalogError::ImageBroken)
        ));
    }

    #[test]
    fn whatever_is_cut_or_changed_there_is_no_panic() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Webp] {
            let file = written(&photo(90, 60), format);
            for cut in 0..file.len().min(400) {
                let _ = make(&file[..cut], ENOUGH);
            }
            for at in 0..file.len().min(400) {
                let mut changed = file.clone();
                changed[at] ^= 0x5A;
                let _ = make(&changed, ENOUGH);
            }
        }
    }
}
