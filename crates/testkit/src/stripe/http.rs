//! The stand-in's API over HTTP: keys, idempotency, trouble.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::books::{Books, Kept};
use super::faults::Trouble;
use super::form;
use super::refusal::Refusal;
use super::{Call, SECRET_KEY, Shared};

/// What becomes of a call before it is worked on.
enum Begin {
    /// It is answered already.
    Answered {
        status: u16,
        body: Value,
        replayed: bool,
    },
    /// It is worked on, with this trouble.
    Go(Option<Trouble>),
}

/// Answers any call.
pub(super) async fn answer(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let method = request.method().as_str().to_owned();
    let path = request.path().to_owned();
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    };
    if header("authorization") != Some(&format!("Bearer {SECRET_KEY}")) {
        let refusal = Refusal::bad_key();
        return respond(refusal.status, &refusal.body(), None, false);
    }
    let given = match method.as_str() {
        "GET" => request.query_string().to_owned(),
        _ => String::from_utf8_lossy(&body).into_owned(),
    };
    let key = header("idempotency-key").filter(|_| method == "POST");
    // The same parameters in another sequence are the same.
    let whole = format!("{path} {}", form::parse(&given));
    let begun = begin(&mut shared.books(), &method, &path, key, &whole);
    let trouble = match begun {
        Begin::Go(trouble) => trouble,
        Begin::Answered {
            status,
            body,
            replayed,
        } => {
            note(&shared, &method, &path, key, status, replayed);
            return respond(status, &body, key, replayed);
        }
    };
    // Long enough for a second call with the same key to come meanwhile.
    let latency = *shared.latency.lock().expect("not poisoned");
    tokio::time::sleep(latency).await;
    let (status, answer) = work(
        &mut shared.books(),
        &method,
        &path,
        &given,
        key,
        &whole,
        trouble,
    );
    note(&shared, &method, &path, key, status, false);
    match trouble {
        Some(Trouble::Lost) => cut(),
        Some(Trouble::Slow(time)) => {
            tokio::time::sleep(time).await;
            respond(status, &answer, key, false)
        }
        _ => respond(status, &answer, key, false),
    }
}

/// Looks for trouble, and for what was answered to the key before.
fn begin(books: &mut Books, method: &str, path: &str, key: Option<&str>, whole: &str) -> Begin {
    let refuse = |refusal: &Refusal| Begin::Answered {
        status: refusal.status,
        body: refusal.body(),
        replayed: false,
    };
    if let Some(kept) = key.and_then(|key| books.keys.get(key)) {
        return match &kept.answer {
            _ if kept.request != whole => refuse(&Refusal::other_parameters(key.unwrap_or(""))),
            None => refuse(&Refusal::in_use()),
            Some((status, body)) => Begin::Answered {
                status: *status,
                body: body.clone(),
                replayed: true,
            },
        };
    }
    let trouble = books.trouble(method, path);
    match trouble {
        Some(Trouble::Before(status)) if status != 500 => {
            return refuse(&Refusal::trouble(status));
        }
        _ => {}
    }
    if let Some(key) = key {
        let kept = Kept {
            request: whole.to_owned(),
            answer: None,
        };
        books.keys.insert(key.to_owned(), kept);
    }
    Begin::Go(trouble)
}

/// Does what is asked, and keeps the answer for the key.
fn work(
    books: &mut Books,
    method: &str,
    path: &str,
    given: &str,
    key: Option<&str>,
    whole: &str,
    trouble: Option<Trouble>,
) -> (u16, Value) {
    let done = match trouble {
        Some(Trouble::Before(status)) => Err(Refusal::trouble(status)),
        _ => books.call(method, path, &form::parse(given)),
    };
    let mut keep = done.as_ref().map_or_else(|refusal| refusal.kept, |_| true);
    let mut answer = match done {
        Ok(object) => (200, object),
        Err(refusal) => (refusal.status, refusal.body()),
    };
    if matches!(trouble, Some(Trouble::After | Trouble::Before(500))) {
        let refusal = Refusal::trouble(500);
        answer = (refusal.status, refusal.body());
        keep = true;
    }
    if let Some(key) = key {
        if keep {
            let kept = Kept {
                request: whole.to_owned(),
                answer: Some(answer.clone()),
            };
            books.keys.insert(key.to_owned(), kept);
        } else {
            books.keys.remove(key);
        }
    }
    answer
}

fn note(shared: &Shared, method: &str, path: &str, key: Option<&str>, status: u16, replayed: bool) {
    shared.books().calls.push(Call {
        method: method.to_owned(),
        path: path.to_owned(),
        key: key.map(str::to_owned),
        status,
        replayed,
    });
}

fn respond(status: u16, body: &Value, key: Option<&str>, replayed: bool) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header(("request-id", "req_of_tests"));
    if let Some(key) = key {
        response.insert_header(("idempotency-key", key));
    }
    if replayed {
        response.insert_header(("idempotent-replayed", "true"));
        response.insert_header(("original-request", "req_of_tests"));
    }
    response.json(body)
}

/// Promises a body and breaks the connection instead.
fn cut() -> HttpResponse {
    let broken = futures::stream::iter([
        Ok(Bytes::from_static(b"{")),
        Err(std::io::Error::other("the answer is lost")),
    ]);
    HttpResponse::Ok()
        .content_type("application/json")
        .no_chunking(Duration::from_mins(1).as_secs())
        .streaming(broken)
}
