//! Forms with a file.

use std::collections::BTreeMap;

use actix_multipart::{Field, Multipart, MultipartError as Error};
use actix_web::HttpRequest;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures::StreamExt as _;
use kernel::FieldError;

use super::BodyLimits;
use super::tree::{NUL, NUL_REFUSED};
use crate::problem::RequestError;

/// What a part that is no file may have, in bytes.
const MAX_TEXT: usize = 8_192;
/// What the frame around the parts may have, in bytes.
pub(crate) const FRAME: usize = 16_384;
/// The name of the part that is the file.
const FILE: &str = "file";

/// A form with a file, read as far as it may be. What a client says of the
/// file, its name and its type, is not even looked at.
pub(crate) struct FileForm {
    /// The file.
    pub(crate) file: Bytes,
    /// The other parts, by name.
    pub(crate) texts: BTreeMap<String, String>,
}

impl FileForm {
    /// Reads a form whose file has at most so many bytes, and whose other
    /// parts have these names.
    pub(crate) async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: BodyLimits,
        names: &[&str],
    ) -> Result<Self, RequestError> {
        let form = Multipart::new(request.headers(), payload);
        tokio::time::timeout(limits.time, gather(form, limits.bytes, names))
            .await
            .unwrap_or(Err(RequestError::BodyTimeout(limits.time)))
    }
}

async fn gather(
    mut form: Multipart,
    limit: usize,
    names: &[&str],
) -> Result<FileForm, RequestError> {
    let mut file = None;
    let mut texts = BTreeMap::new();
    while let Some(part) = form.next().await {
        let part = part.map_err(refused)?;
        let name = part.name().unwrap_or_default().to_owned();
        if name == FILE && file.is_none() {
            file = Some(read(part, limit).await?);
        } else if names.contains(&name.as_str()) && !texts.contains_key(&name) {
            let bytes = read(part, MAX_TEXT).await.map_err(|error| match error {
                // The body may have more than that.
                RequestError::BodyTooLarge(most) => {
                    wrong(&name, "length", &format!("may have at most {most} bytes"))
                }
                other => other,
            })?;
            let text = String::from_utf8(bytes.to_vec())
                .map_err(|_| wrong(&name, "type", "must be text in UTF-8"))?;
            if text.contains(NUL) {
                return Err(wrong(&name, "type", NUL_REFUSED));
            }
            texts.insert(name, text);
        } else {
            let known = [&[FILE], names].concat().join(", ");
            let name: String = name.chars().take(64).collect();
            let why = format!("is not known here or comes twice; parts are: {known}");
            return Err(wrong(&name, "type", &why));
        }
    }
    let file = file
        .filter(|file| !file.is_empty())
        .ok_or_else(|| wrong(FILE, "type", "is missing or empty"))?;
    Ok(FileForm { file, texts })
}

async fn read(mut part: Field, limit: usize) -> Result<Bytes, RequestError> {
    let mut content = BytesMut::new();
    while let Some(chunk) = part.next().await {
        let chunk = chunk.map_err(refused)?;
        if content.len() + chunk.len() > limit {
            return Err(RequestError::BodyTooLarge(limit));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content.freeze())
}

/// A part that does not fit.
pub(crate) fn wrong(name: &str, code: &str, why: &str) -> RequestError {
    RequestError::InvalidBody(vec![FieldError::new(format!("/{name}"), code, why)])
}

fn refused(error: Error) -> RequestError {
    match error {
        Error::ContentTypeMissing | Error::ContentTypeParse | Error::ContentTypeIncompatible => {
            RequestError::UnsupportedMediaType("multipart/form-data")
        }
        Error::Payload(_) => RequestError::BodyBroken,
        Error::Incomplete => RequestError::MalformedForm(
            "it ends without the boundary that its Content-Type names".to_owned(),
        ),
        other => RequestError::MalformedForm(other.to_string()),
    }
}
