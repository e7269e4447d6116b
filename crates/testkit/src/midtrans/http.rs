//! The stand-in's API over HTTP.

use std::sync::Mutex;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::books::{Books, Refused};
use super::{Call, SERVER_KEY};

/// Answers any call.
pub(super) async fn answer(
    books: Data<Mutex<Books>>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let (method, path) = (request.method().as_str(), request.path());
    let given = request.headers().get("authorization");
    let authorization = given.and_then(|value| value.to_str().ok());
    let authorization = authorization.unwrap_or_default().to_owned();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut books = books.lock().expect("not poisoned");
    books.calls.push(Call {
        method: method.to_owned(),
        path: path.to_owned(),
        authorization: authorization.clone(),
        body: body.clone(),
    });
    if let Some(status) = books.trouble(method, path) {
        return core(Err((status, "There is trouble.")));
    }
    let key = STANDARD.encode(format!("{SERVER_KEY}:"));
    if authorization != format!("Basic {key}") {
        let why =
            "Access denied due to unauthorized transaction, please check client or server key";
        return if path.starts_with("/snap/") {
            snap(&Err((401, why)))
        } else {
            core(Err((401, why)))
        };
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("POST", ["snap", "v1", "transactions"]) => snap(&books.open(&body)),
        ("GET", ["v2", id, "status"]) => {
            let found = books.find(id).cloned();
            core(found.ok_or((404, "Transaction doesn't exist.")))
        }
        ("POST", ["v2", id, "expire"]) => core(books.end(id, "expire", "407")),
        ("POST", ["v2", id, "cancel"]) => core(books.end(id, "cancel", "200")),
        ("POST", ["v2", id, "refund"]) => {
            let amount = body["amount"].as_i64().unwrap_or_default();
            core(books.give_back(id, amount, body["refund_key"].as_str()))
        }
        _ => core(Err((404, "The requested resource is not found"))),
    }
}

fn respond(status: u16, body: &Value) -> HttpResponse {
    let status = StatusCode::from_u16(status).expect("a status");
    HttpResponse::build(status).json(body)
}

fn snap(opened: &Result<String, Refused>) -> HttpResponse {
    match opened {
        Ok(token) => {
            let url = format!("https://app.sandbox.midtrans.com/snap/v4/redirection/{token}");
            respond(201, &json!({"token": token, "redirect_url": url}))
        }
        Err((status, why)) => respond(*status, &json!({"error_messages": [why]})),
    }
}

/// The core API says what is wrong in the body: refusals come with a status of
/// 200, but for what is not there, who may not, and trouble.
fn core(done: Result<Value, Refused>) -> HttpResponse {
    match done {
        Ok(body) => respond(200, &body),
        Err((status, why)) => {
            let outer = if [401, 404].contains(&status) || status >= 500 {
                status
            } else {
                200
            };
            let body =
                json!({"status_code": status.to_string(), "status_message": why, "id": "c0ffee"});
            respond(outer, &body)
        }
    }
}
