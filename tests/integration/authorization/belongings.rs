//! What belongs to one person: a session, a key, an address.

use serde_json::{Value, json};
use testkit::App;
use testkit::shop::Tenant;

/// Signs the owner in once more: another session than that of their token.
pub(super) async fn another_session(app: &App, tenant: &Tenant, owner: &str) -> String {
    let me = app.client.get("/api/auth/me").bearer(owner);
    let email = me.expect(200).await.text_at("/user/email");
    let other = app.login(&email, tenant.host).await.token;
    let list = app
        .client
        .get("/api/auth/sessions?limit=100")
        .bearer(&other);
    let list = list.expect(200).await;
    let mut all = list.body["data"].as_array().into_iter().flatten();
    let new = all.find(|one| one["current"] == true).expect("a session");
    new["id"].as_str().expect("an id").to_owned()
}

/// A key of somebody, who does not get too many by asking often.
pub(super) async fn short_lived_key(app: &App, owner: &str) -> String {
    let list = app.client.get("/api/api-keys?limit=100").bearer(owner);
    let list = list.expect(200).await;
    let mut all = list.body["data"].as_array().into_iter().flatten();
    let is_it = |one: &&Value| one["name"] == "short-lived" && one["revoked_at"].is_null();
    if let Some(known) = all.find(is_it) {
        return known["id"].as_str().expect("an id").to_owned();
    }
    let made = app
        .client
        .post("/api/api-keys", &json!({"name": "short-lived"}));
    made.bearer(owner).expect(201).await.text_at("/id")
}

/// An address in somebody's book, which does not get full by asking often.
pub(super) async fn saved_address(app: &App, owner: &str) -> String {
    let path = "/api/profile/addresses";
    let list = app.client.get(path).bearer(owner).expect(200).await;
    if let Some(id) = list.body["data"][0]["id"].as_str() {
        return id.to_owned();
    }
    let body = json!({"address": testkit::shop::address()});
    let saved = app.client.post(path, &body).bearer(owner);
    saved.expect(201).await.text_at("/id")
}
