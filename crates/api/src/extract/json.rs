//! JSON bodies.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use futures::StreamExt as _;
use futures::future::LocalBoxFuture;
use kernel::FieldError;
use serde::de::DeserializeOwned;
use validator::Validate;

use crate::extract::refusal::Refusal;
use crate::extract::tree::Tree;
use crate::extract::validation::flatten;
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// A body that was read, understood and validated.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_json(request);
        let limit = request
            .app_data::<Data<ApiState>>()
            .map_or_else(BodyLimits::default, |state| state.body_limits);
        let payload = payload.take();
        Box::pin(async move {
            if !json {
                return Err(RequestError::UnsupportedMediaType("application/json").into());
            }
            let body = read_all(payload, limit).await?;
            parse(&body).map(Self).map_err(ApiError::from)
        })
    }
}

/// A body that may be left out.
pub(crate) struct MaybeJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default + Validate + 'static> FromRequest for MaybeJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_json(request);
        let limit = request
            .app_data::<Data<ApiState>>()
            .map_or_else(BodyLimits::default, |state| state.body_limits);
        let payload = payload.take();
        Box::pin(async move {
            let body = read_all(payload, limit).await?;
            if body.is_empty() {
                return Ok(Self(T::default()));
            }
            if !json {
                return Err(RequestError::UnsupportedMediaType("application/json").into());
            }
            parse(&body).map(Self).map_err(ApiError::from)
        })
    }
}

/// Whether a body is said to be JSON.
pub(crate) fn is_json(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            let kind = kind.trim();
            // A merge patch may say that it is one (RFC 7396).
            ["application/json", "application/merge-patch+json"]
                .iter()
                .any(|known| kind.eq_ignore_ascii_case(known))
        })
}

/// How much a client may send, and how long it may take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// Reads a body to its end, as far as it may be.
pub(crate) async fn read_all(payload: Payload, limits: BodyLimits) -> Result<Bytes, RequestError> {
    tokio::time::timeout(limits.time, gather(payload, limits.bytes))
        .await
        .unwrap_or(Err(RequestError::BodyTimeout(limits.time)))
}

async fn gather(mut payload: Payload, limit: usize) -> Result<Bytes, RequestError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| RequestError::BodyBroken)?;
        if body.len() + chunk.len() > limit {
            return Err(RequestError::BodyTooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn parse<T: DeserializeOwned + Validate>(body: &[u8]) -> Result<T, RequestError> {
    let tree: Tree = serde_json::from_slice(body)
        .map_err(|error| RequestError::MalformedJson(error.to_string()))?;
    let value: T = read(tree).map_err(|wrong| RequestError::InvalidBody(all::<T>(body, wrong)))?;
    check(&value)?;
    Ok(value)
}

/// How many fields are named that cannot be read.
const MAX_WRONG: usize = 10;

/// A field that cannot be read, and the one of the body that it is in.
struct Wrong {
    field: FieldError,
    top: String,
}

fn read<T: DeserializeOwned>(tree: Tree) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        let at = pointer(error.path());
        let top = match error.path().iter().next() {
            Some(serde_path_to_error::Segment::Map { key }) => key.clone(),
            _ => String::new(),
        };
        let refusal: Refusal = error.into_inner();
        match refusal.missing {
            Some(name) => Wrong {
                top: if at.is_empty() { name.to_owned() } else { top },
                field: FieldError::new(format!("{at}/{name}"), "required", refusal.to_string()),
            },
            None => Wrong {
                top,
                field: FieldError::new(at, "type", refusal.to_string()),
            },
        }
    })
}

/// All fields that cannot be read: without the ones that are known to be wrong,
/// the body is read again, until what is wrong is that they are not there.
fn all<T: DeserializeOwned>(body: &[u8], first: Wrong) -> Vec<FieldError> {
    let mut without = vec![first.top];
    let mut wrong = vec![first.field];
    while wrong.len() < MAX_WRONG {
        let Ok(Tree::Object(mut members)) = serde_json::from_slice(body) else {
            break;
        };
        members.retain(|(name, _)| !without.contains(name));
        match read::<T>(Tree::Object(members)) {
            Err(next) if !next.top.is_empty() && !without.contains(&next.top) => {
                without.push(next.top);
                wrong.push(next.field);
            }
            _ => break,
        }
    }
    wrong
}

/// Refuses a body that was read and does not fit.
pub(crate) fn check(body: &impl Validate) -> Result<(), RequestError> {
    body.validate()
        .map_err(|errors| RequestError::InvalidBody(flatten(&errors)))
}

/// The path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => format!("/{variant}"),
            Segment::Unknown => String::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[validate(range(min = 1, max = 9))]
        quantity: i64,
    }

    #[derive(Debug, serde::Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[validate(nested)]
        lines: Vec<Inner>,
    }

    fn fields(body: &str) -> Vec<(String, String)> {
        match parse::<Body>(body.as_bytes()) {
            Err(RequestError::InvalidBody(fields)) => fields
                .into_iter()
                .map(|field| (field.pointer, field.code))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[derive(Debug, serde::Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Account {
        email: String,
        password: String,
        name: String,
        #[validate(nested)]
        lines: Vec<Inner>,
    }

    #[test]
    fn errors_name_all_fields_that_cannot_be_read() {
        let wrong = |body: &str| match parse::<Account>(body.as_bytes()) {
            Err(RequestError::InvalidBody(fields)) => fields
                .iter()
                .map(|field| format!("{} {}", field.pointer, field.code))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            wrong(r#"{"email":1,"password":true,"more":0,"lines":[{"quantity":"x"}],"name":"a"}"#),
            [
                "/email type",
                "/password type",
                "/more type",
                "/lines/0/quantity type"
            ]
        );
        assert_eq!(
            wrong(r#"{"name":1,"email":"a","lines":[]}"#),
            ["/name type", "/password required"]
        );
        assert_eq!(wrong("{}"), ["/email required"]);
        assert_eq!(wrong("[]"), [" type"]);
        let many: Vec<String> = (0..50).map(|n| format!("\"f{n}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        assert_eq!(wrong(&many).len(), MAX_WRONG);
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(
            fields(r#"{"lines":[{"quantity":1},{"quantity":0}]}"#),
            [("/lines/1/quantity".to_owned(), "range".to_owned())]
        );
        assert_eq!(
            fields(r#"{"lines":[{"quantity":"x"}]}"#),
            [("/lines/0/quantity".to_owned(), "type".to_owned())]
        );
        assert_eq!(fields(r#"{"lines":[],"more":1}"#)[0].0, "/more");
        for (body, pointer) in [
            ("{}", "/lines"),
            (r#"{"lines":[{"quantity":1},{}]}"#, "/lines/1/quantity"),
        ] {
            assert_eq!(fields(body), [(pointer.to_owned(), "required".to_owned())]);
        }
        for bad in ["", "{", "[1]]", "{\"lines\":[]} x"] {
            assert!(parse::<Body>(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = "[".repeat(100_000);
        assert!(matches!(
            parse::<Body>(deep.as_bytes()),
            Err(RequestError::InvalidBody(_) | RequestError::MalformedJson(_))
        ));
    }
}
