//! Where the links of mails lead while there is no front end: `HTTP_APP_URL`
//! names it, and when it is absent links lead to this server. Each page tells
//! what its link is for and how a program uses it, and does nothing itself.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use actix_web::{HttpResponse, get};
use serde::Deserialize;

use super::pay_page::{escape, page};

/// What a link carries.
#[derive(Deserialize)]
pub(crate) struct Link {
    token: Option<String>,
}

fn answer(title: &str, text: &str, call: &str) -> HttpResponse {
    let content = format!(
        "<h1>{title}</h1><p>{text}</p><p>This page is the server's own: <code>HTTP_APP_URL</code> is not set, so the \
         links of mails lead here and not to a front end. A program does this:</p><pre>{}</pre>",
        escape(call)
    );
    page(StatusCode::OK, title, &content)
}

fn token(link: &Query<Link>) -> &str {
    link.token.as_deref().unwrap_or("TOKEN")
}

fn post(path: &str, body: &str) -> String {
    format!(
        "curl -X POST \"$API{path}\" \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )
}

/// The link of mails about an order.
#[get("/orders/{order_id}")]
pub(crate) async fn order(path: Path<String>, link: Query<Link>) -> HttpResponse {
    let call = format!(
        "curl \"$API/orders/{}\" \\\n  -H 'X-Order-Token: {}'",
        *path,
        token(&link)
    );
    answer("Your order", "This link shows an order.", &call)
}

/// The link that proves an address.
#[get("/verify-email")]
pub(crate) async fn verify_email(link: Query<Link>) -> HttpResponse {
    let body = format!("{{\"token\": \"{}\"}}", token(&link));
    let call = post("/auth/verify-email", &body);
    answer(
        "Your mail address",
        "This link proves a mail address.",
        &call,
    )
}

/// The link to set a new password.
#[get("/reset-password")]
pub(crate) async fn reset_password(link: Query<Link>) -> HttpResponse {
    let body = format!(
        "{{\"token\": \"{}\", \"password\": \"a new one\"}}",
        token(&link)
    );
    let call = post("/auth/password/reset", &body);
    answer("A new password", "This link sets a new password.", &call)
}

/// The link back to a cart that was left behind.
#[get("/cart/restore")]
pub(crate) async fn restore_cart(link: Query<Link>) -> HttpResponse {
    let body = format!("{{\"token\": \"{}\"}}", token(&link));
    let call = post("/abandoned-carts/restore", &body);
    answer("Your cart", "This link brings back a cart.", &call)
}
