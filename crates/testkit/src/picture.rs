//! Pictures to upload.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::client::Call;

/// A picture in colours that go from side to side; another seed is another
/// picture.
pub fn picture(width: u32, height: u32, seed: u32, format: ImageFormat) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let (x, y) = (x * 255 / width, y * 255 / height);
        Rgb([x, y, seed % 256].map(|c| u8::try_from(c).unwrap_or(255)))
    };
    let image = DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel));
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, format).expect("a picture");
    file.into_inner()
}

/// A small PNG; another one for each seed below 10,000.
pub fn small(seed: u32) -> Vec<u8> {
    picture(12 + seed / 256, 8, seed, ImageFormat::Png)
}

/// A part of a form.
pub struct Part<'a> {
    /// Its name.
    pub name: &'a str,
    /// What the file is called, if it is one.
    pub file_name: Option<&'a str>,
    /// What it is said to be.
    pub content_type: Option<&'a str>,
    /// What it is.
    pub content: &'a [u8],
}

impl<'a> Part<'a> {
    /// A file that is called and said to be what it likes.
    pub fn file(content: &'a [u8]) -> Self {
        Self {
            name: "file",
            file_name: Some("picture.jpg"),
            content_type: Some("image/jpeg"),
            content,
        }
    }

    /// A text.
    pub fn text(name: &'a str, content: &'a str) -> Self {
        Self {
            name,
            file_name: None,
            content_type: None,
            content: content.as_bytes(),
        }
    }
}

impl Call {
    /// With a form of parts.
    #[must_use]
    pub fn form(self, parts: &[Part<'_>]) -> Self {
        const BOUNDARY: &str = "-------a-boundary-of-tests";
        let mut body = Vec::new();
        for part in parts {
            body.extend(
                format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"",
                    part.name
                )
                .bytes(),
            );
            if let Some(name) = part.file_name {
                body.extend(format!("; filename=\"{name}\"").bytes());
            }
            if let Some(kind) = part.content_type {
                body.extend(format!("\r\nContent-Type: {kind}").bytes());
            }
            body.extend(b"\r\n\r\n");
            body.extend(part.content);
            body.extend(b"\r\n");
        }
        body.extend(format!("--{BOUNDARY}--\r\n").bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.header("content-type", &kind).body(body)
    }
}
