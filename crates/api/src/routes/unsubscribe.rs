//! Where people say that they want no reminders. Not part of the API: the
//! page for people, and the POST of mail programs (RFC 8058).

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use engagement_model::EngagementError;
use serde::Deserialize;
use validator::Validate;

use crate::extract::{Caller, Query};
use crate::problem::ApiError;
use crate::state::ApiState;

/// What the link holds.
#[derive(Deserialize, Validate)]
pub(crate) struct Link {
    /// Which shop, which address.
    #[validate(length(max = 200))]
    token: String,
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn page(status: StatusCode, title: &str, content: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}}\
         h1{{font-size:1.25rem}}button{{padding:.75rem 1.25rem;font:inherit;border:0;border-radius:.4rem;background:#18181b;color:#fff;cursor:pointer}}\
         </style></head><body><h1>{title}</h1>{content}</body></html>"
    );
    HttpResponse::build(status)
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ))
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn answer(
    result: Result<String, EngagementError>,
    title: &str,
    content: impl Fn(&str) -> String,
) -> Result<HttpResponse, ApiError> {
    match result {
        Ok(shop) => Ok(page(StatusCode::OK, title, &content(&escape(&shop)))),
        Err(EngagementError::InvalidLink) => Ok(page(
            StatusCode::GONE,
            "This link is not valid",
            "<p>Please open the link of the mail again, as a whole.</p>",
        )),
        Err(error) => Err(error.into()),
    }
}

/// The page that asks. Looking at it changes nothing: mail scanners do.
#[get("/unsubscribe")]
pub(crate) async fn ask(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let link = Query::<Link>::of(&request)?.0;
    let shop = state
        .engagement
        .unsubscribe_page(&caller.0, &link.token)
        .await;
    answer(shop, "No more reminders?", |shop| {
        format!(
            "<p>{shop} will not remind you of carts any more. Mails about orders still come.</p>\
             <form method=\"post\"><button>Unsubscribe</button></form>"
        )
    })
}

/// The click, of a person or of their mail program. Whatever the body says, the
/// link is what counts.
#[post("/unsubscribe")]
pub(crate) async fn unsubscribe(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let link = Query::<Link>::of(&request)?.0;
    let shop = state.engagement.unsubscribe(&caller.0, &link.token).await;
    answer(shop, "Done", |shop| {
        format!("<p>{shop} will not remind you of carts any more.</p>")
    })
}
