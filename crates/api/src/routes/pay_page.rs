//! The pay page of the embedded gateway, for people. Not part of the API.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::web::{Data, Form, Path};
use actix_web::{HttpResponse, get, post};
use orders_model::OrdersError;
use orders_model::ports::{TestOutcome, TestPage};
use serde::Deserialize;

use crate::extract::Caller;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What was clicked.
#[derive(Deserialize)]
pub(crate) struct Clicked {
    action: Action,
}

/// The buttons.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Pay,
    Decline,
    Expire,
    Back,
}

const TITLE: &str = "Test payment";

/// Text that stands in HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

pub(super) fn page(status: StatusCode, title: &str, content: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title><style>\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}}\
         h1{{font-size:1.25rem}}.amount{{font-size:2rem;margin:.5rem 0 1.5rem}}\
         button{{display:block;width:100%;padding:.75rem;margin:.5rem 0;font:inherit;border:1px solid #888;border-radius:.4rem;background:#fff;cursor:pointer}}\
         button.pay{{background:#1a7f37;border-color:#1a7f37;color:#fff}}small{{color:#666}}\
         </style></head><body>{content}</body></html>"
    );
    HttpResponse::build(status)
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http: https:; frame-ancestors 'none'",
        ))
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn render(status: StatusCode, shown: &TestPage) -> HttpResponse {
    let (description, amount) = (escape(&shown.description), shown.amount);
    if !shown.open {
        let content = format!(
            "<h1>{description}</h1><p class=\"amount\">{amount}</p><p>This payment is over.</p>"
        );
        return page(status, TITLE, &content);
    }
    let content = format!(
        "<h1>{description}</h1><p class=\"amount\">{amount}</p><form method=\"post\">\
         <button class=\"pay\" name=\"action\" value=\"pay\">Pay</button>\
         <button name=\"action\" value=\"decline\">Have the card declined</button>\
         <button name=\"action\" value=\"expire\">Let it expire</button>\
         <button name=\"action\" value=\"back\">Go back to the shop</button></form>\
         <small>This is the embedded test gateway. No money moves.</small>"
    );
    page(status, TITLE, &content)
}

/// The page.
#[get("/pay/test/{session_id}")]
pub(crate) async fn show(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let shown = state.orders.test_page(&caller.0, &path).await?;
    Ok(render(StatusCode::OK, &shown))
}

/// A click on one of its buttons.
#[post("/pay/test/{session_id}")]
pub(crate) async fn click(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    form: Form<Clicked>,
) -> Result<HttpResponse, ApiError> {
    let outcome = match form.action {
        Action::Pay => Some(TestOutcome::Pay),
        Action::Decline => Some(TestOutcome::Decline),
        Action::Expire => Some(TestOutcome::Expire),
        Action::Back => None,
    };
    let (shown, paid) = match outcome {
        Some(outcome) => match state.orders.test_act(&caller.0, &path, outcome).await {
            Ok(shown) => (shown, outcome == TestOutcome::Pay),
            Err(OrdersError::TestSessionClosed) => {
                let shown = state.orders.test_page(&caller.0, &path).await?;
                return Ok(render(StatusCode::GONE, &shown));
            }
            Err(error) => return Err(error.into()),
        },
        None => (state.orders.test_page(&caller.0, &path).await?, false),
    };
    let target = if paid {
        shown.success_url
    } else {
        shown.cancel_url
    };
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, target))
        .finish())
}

/// Where a buyer lands after paying when the shop named no page of its own.
/// That they come here does not mean that they paid.
#[get("/checkout/success")]
pub(crate) async fn success() -> HttpResponse {
    page(
        StatusCode::OK,
        "Thank you",
        "<h1>Thank you</h1><p>A confirmation comes by mail as soon as your payment is here.</p>",
    )
}

/// Where a buyer lands who turned back, likewise.
#[get("/checkout/canceled")]
pub(crate) async fn canceled() -> HttpResponse {
    page(
        StatusCode::OK,
        "Not paid",
        "<h1>Not paid</h1><p>You turned back before paying. Your order waits for a while; you can pay it later.</p>",
    )
}
