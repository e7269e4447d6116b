//! Files that were made to do harm: refused, or cleaned.

use std::fmt::Write as _;
use std::io::Write as _;

use image::ImageFormat;
use testkit::App;
use testkit::Backend::Sqlite;
use testkit::picture::{Part, picture, small};

use super::{SIZES, local, path, upload};

/// A PNG chunk.
fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = u32::try_from(content.len())
        .expect("small")
        .to_be_bytes()
        .to_vec();
    let body = [&kind[..], content].concat();
    chunk.extend(&body);
    chunk.extend(crc32(&body).to_be_bytes());
    chunk
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
        }
    }
    !crc
}

/// A PNG that says it has so many pixels, and has hardly any.
fn png_of(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 6, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1A\n".to_vec();
    file.extend(chunk(*b"IHDR", &header));
    file.extend(more);
    file.extend(chunk(*b"IDAT", &[0x78, 0x9C, 3, 0, 0, 0, 0, 1]));
    file.extend(chunk(*b"IEND", &[]));
    file
}

/// EXIF that turns a picture by a quarter and says where it was taken.
fn exif() -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    tiff.extend([0, 2]);
    // Orientation 6.
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
    // A GPS directory at 38.
    tiff.extend([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]);
    tiff.extend([0, 0, 0, 0]);
    tiff.extend([0, 1, 0, 1, 0, 2, 0, 0, 0, 2, b'N', 0, 0, 0, 0, 0, 0, 0]);
    tiff.extend(b"48 deg 51' 29.6 N");
    tiff
}

/// A JPEG with EXIF in it, and with what does not belong there.
fn photo_with(exif: &[u8], behind: &[u8]) -> Vec<u8> {
    let photo = picture(300, 200, 5, ImageFormat::Jpeg);
    let content = [b"Exif\0\0", exif].concat();
    let length = u16::try_from(content.len() + 2)
        .expect("small")
        .to_be_bytes();
    let comment = b"\xFF\xFE\0\x1B<script>alert(1)</script>";
    [
        &photo[..2],
        b"\xFF\xE1",
        &length,
        &content,
        comment,
        &photo[2..],
        behind,
    ]
    .concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pixels_are_kept() {
    let app = App::start(Sqlite).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let behind = b"PK\x03\x04 a zip archive <?php system($_GET['c']); ?> <html>";
    let file = photo_with(&exif(), behind);
    // What it is called and said to be makes no difference.
    for (n, (name, kind)) in [("../../evil.svg", "image/svg+xml"), ("x.php", "text/html")]
        .into_iter()
        .enumerate()
    {
        let item = if n == 0 {
            item.clone()
        } else {
            app.simple(&shop.first, "Desk", 3).await
        };
        let part = Part {
            name: "file",
            file_name: Some(name),
            content_type: Some(kind),
            content: &file,
        };
        let call = app
            .client
            .call(testkit::client::POST, &path(&item.product))
            .bearer(&shop.first.key);
        let made = call.form(&[part]).expect(201).await;
        // Upright: it was wider than high before it was turned.
        assert_eq!(
            (
                made.number_at("/original/width"),
                made.number_at("/original/height")
            ),
            (200, 300)
        );
        for size in SIZES {
            let url = made.text_at(&format!("/{size}/url"));
            assert_eq!(url.rsplit('.').next(), Some("jpg"), "{url}");
            let kept = app.client.get(local(&url)).expect(200).await;
            assert_eq!(kept.header("content-type"), "image/jpeg");
            for word in ["Exif", "48 deg", "script", "PK\x03\x04", "php", "<html"] {
                assert!(!kept.text.contains(word), "{word} is left in {url}");
            }
        }
        // The colours of the upper left corner are where turning puts them.
        let kept = app
            .client
            .get(local(&made.text_at("/original/url")))
            .send()
            .await;
        let kept = image::load_from_memory(&kept.bytes)
            .expect("a picture")
            .to_rgb8();
        let corner = kept.get_pixel(198, 2).0;
        assert!(corner[0] < 12 && corner[1] < 12, "{corner:?}");
    }
}

/// Text that says nothing once it is inflated: a thousandth of its size.
fn deflated_zeros(megabytes: usize) -> Vec<u8> {
    // Through the encoder of PNG, the only deflate at hand: a black picture.
    let side = 1024;
    let mut all = Vec::new();
    let picture = image::GrayImage::new(side, side * u32::try_from(megabytes).expect("small"));
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut file, ImageFormat::Png)
        .expect("a picture");
    let file = file.into_inner();
    let mut at = 8;
    while at < file.len() {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().expect("four")) as usize;
        if &file[at + 4..at + 8] == b"IDAT" {
            all.write_all(&file[at + 8..at + 8 + length])
                .expect("memory");
        }
        at += 12 + length;
    }
    all
}

/// A file that is refused: what it is, the file, the status, the code.
type Case = (&'static str, Vec<u8>, u16, &'static str);

fn cases() -> Vec<Case> {
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"><script>alert(1)</script></svg>";
    let zeros = deflated_zeros(200);
    let profile = [b"icc\0\0", &zeros[..]].concat();
    let mut jpeg = picture(64, 64, 1, ImageFormat::Jpeg);
    let sof = jpeg
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .expect("a frame");
    jpeg[sof + 5..sof + 9].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    let mut webp = picture(64, 64, 1, ImageFormat::WebP);
    let data = webp
        .windows(4)
        .position(|part| part == b"VP8L")
        .expect("lossless");
    webp[data + 9..data + 13].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x0F]);
    let cut = picture(64, 64, 1, ImageFormat::Png);
    let (kind, broken, pixels) = (
        (415, "image.unsupported_type"),
        (422, "image.broken"),
        (422, "image.too_many_pixels"),
    );
    let png = |width, height| png_of(width, height, &[]);
    let with = |kind| png_of(10, 10, &chunk(kind, &profile));
    let cases: Vec<(&'static str, Vec<u8>, (u16, &'static str))> = vec![
        ("SVG with a script", svg.to_vec(), kind),
        ("GIF", b"GIF89a\x01\0\x01\0\x80\0\0".to_vec(), kind),
        ("HTML", b"<html><script>alert(1)</script>".to_vec(), kind),
        ("PDF", b"%PDF-1.7".to_vec(), kind),
        (
            "SVG behind the mark of a JPEG",
            [b"\xFF\xD8\xFF", &svg[..]].concat(),
            broken,
        ),
        ("PNG of 60000 x 60000", png(60_000, 60_000), pixels),
        (
            "PNG of 2147483647 x 1",
            png(i32::MAX.cast_unsigned(), 1),
            broken,
        ),
        ("PNG of 5001 x 5000", png(5_001, 5_000), pixels),
        ("PNG without the pixels it says", png(4_000, 4_000), broken),
        ("JPEG of 65535 x 65535", jpeg, pixels),
        ("WebP of 16384 x 16384", webp, pixels),
        (
            "PNG whose profile inflates to 200 MB",
            with(*b"iCCP"),
            broken,
        ),
        (
            "PNG whose comment inflates to 200 MB",
            with(*b"zTXt"),
            broken,
        ),
        ("PNG that is cut off", cut[..cut.len() / 2].to_vec(), broken),
    ];
    cases
        .into_iter()
        .map(|(what, file, (status, code))| (what, file, status, code))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_and_other_kinds_are_refused() {
    let app = App::start(Sqlite).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let cases = cases();
    let mut table = String::new();
    for (what, file, status, code) in cases {
        let started = std::time::Instant::now();
        let answer = upload(&app, &shop.first, &item.product, &file).send().await;
        let found = (answer.status, answer.body["code"].as_str());
        assert_eq!(found, (status, Some(code)), "{what}: {}", answer.describe());
        let _ = writeln!(
            table,
            "{what}: {} bytes, {status} {code} after {:?}",
            file.len(),
            started.elapsed()
        );
        assert_eq!(answer.text_at("/errors/0/pointer"), "/file");
    }
    println!("{table}");
    let large = vec![0xFF; 11 << 20];
    upload(&app, &shop.first, &item.product, &large)
        .refused(413, "request.body_too_large")
        .await;
    assert_eq!(super::files(&app), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_lead_nowhere_else() {
    let app = App::start(Sqlite).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let sku = serde_json::json!({"sku": "../../../etc/passwd"});
    let variant = app.client.patch(
        &format!("/api/admin/catalog/variants/{}", item.variants[0]),
        &sku,
    );
    variant
        .bearer(&shop.first.key)
        .header("if-match", "\"1\"")
        .expect(200)
        .await;
    let made = upload(&app, &shop.first, &item.product, &small(1))
        .expect(201)
        .await;
    let url = made.text_at("/original/url");
    assert!(
        url.contains("/products/etc-passwd/product-etc-passwd-"),
        "{url}"
    );
    let inside = app.store().folder().join("media").join(&shop.first.id);
    for file in super::files(&app) {
        assert!(file.starts_with(&inside), "{}", file.display());
    }
    std::fs::write(app.store().folder().join("media/secret.jpg"), "x").expect("written");
    for bad in [
        "/media/secret.jpg",
        "/media/../sutler.db",
        "/media/%2e%2e/sutler.db",
        "/media/..%2fsutler.db",
        "/media//etc/passwd",
        "/media/",
        "/media/%00",
    ] {
        let answer = app.client.get(bad).send().await;
        assert_eq!(answer.status, 404, "{bad}: {}", answer.describe());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_are_read_strictly() {
    let app = App::start(Sqlite).await;
    let shop = app.shop().await;
    let item = app.simple(&shop.first, "Lamp", 3).await;
    let file = small(1);
    let post = || {
        app.client
            .call(testkit::client::POST, &path(&item.product))
            .bearer(&shop.first.key)
    };
    let long = "x".repeat(501);
    for parts in [
        vec![],
        vec![Part::text("alt", "no file")],
        vec![Part::file(&file), Part::text("colour", "red")],
        vec![Part::file(&file), Part::file(&file)],
        vec![Part::file(b"")],
        vec![Part::file(&file), Part::text("alt", &long)],
        vec![Part::file(&file), Part::text("alt", "two\nlines")],
    ] {
        post()
            .form(&parts)
            .refused(422, "request.invalid_body")
            .await;
    }
    // What is too long is the text, not the body.
    let endless = "x".repeat(20_000);
    let parts = [Part::file(&file), Part::text("alt", &endless)];
    let refused = post().form(&parts).refused(422, "request.invalid_body");
    assert_eq!(refused.await.text_at("/errors/0/pointer"), "/alt");
    post()
        .json(&serde_json::json!({}))
        .refused(415, "request.unsupported_media_type")
        .await;
    let no_boundary = post()
        .header("content-type", "multipart/form-data")
        .body("x");
    no_boundary.refused(400, "request.malformed_form").await;
    let cut = post().header("content-type", "multipart/form-data; boundary=b");
    let cut = cut
        .body("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc")
        .send()
        .await;
    assert_eq!(cut.status, 400, "{}", cut.describe());
    let other = post().header("content-type", "multipart/form-data; boundary=other");
    let other =
        other.body("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--b--\r\n");
    other.refused(400, "request.malformed_form").await;
}
