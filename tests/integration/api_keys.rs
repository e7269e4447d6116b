//! Keys for programs.

use std::time::Duration;

use kernel::Clock as _;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::Person;

fn key(app: &App, owner: &Person, body: &Value) -> Call {
    app.client.post("/api/api-keys", body).bearer(&owner.token)
}

fn products(app: &App, secret: &str) -> Call {
    app.client.get("/api/admin/catalog/products").bearer(secret)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_hash_of_a_key_is_stored(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let owner = &shop.first.manager;
    let body = json!({"name": "feed", "scopes": ["catalog:read"]});
    let made = key(&app, owner, &body).expect(201).await;
    let secret = made.text_at("/secret");
    assert!(secret.starts_with("sk_"));
    let listed = app
        .client
        .get("/api/api-keys")
        .bearer(&owner.token)
        .expect(200)
        .await;
    assert!(!listed.text.contains(&secret));
    assert_eq!(listed.body["data"][0]["hint"], secret[secret.len() - 4..]);
    assert_eq!(listed.body["data"][0]["last_used_at"], Value::Null);
    // Neither the text nor the random part of it is anywhere.
    let stored = app.store().dump("api_keys").await;
    assert!(stored.contains("feed"), "the dump shows the row");
    assert!(!stored.contains(&secret) && !stored.contains(&secret[30..]));

    products(&app, &secret).expect(200).await;
    let listed = app
        .client
        .get("/api/api-keys")
        .bearer(&owner.token)
        .expect(200)
        .await;
    assert_eq!(
        listed.text_at("/data/0/last_used_at"),
        app.clock.now().to_string()
    );
    // A wrong character anywhere opens nothing.
    let mut wrong = secret.clone();
    let last = if wrong.ends_with('A') { "B" } else { "A" };
    wrong.replace_range(wrong.len() - 3..wrong.len() - 2, last);
    if wrong != secret {
        products(&app, &wrong)
            .refused(401, "auth.invalid_token")
            .await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_narrow_what_the_owner_may(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let reader = json!({"name": "reader", "scopes": ["catalog:read"]});
    let reader = key(&app, &tenant.manager, &reader).expect(201).await;
    let reader = reader.text_at("/secret");
    products(&app, &reader).expect(200).await;
    let write = app
        .client
        .post("/api/admin/catalog/products", &json!({"name": "Lamp"}));
    write.bearer(&reader).refused(403, "auth.forbidden").await;
    let plain = key(&app, &tenant.manager, &json!({"name": "plain"}))
        .expect(201)
        .await;
    products(&app, &plain.text_at("/secret"))
        .refused(403, "auth.forbidden")
        .await;

    // What the owner may not, a key of theirs may not.
    let greedy = json!({"name": "greedy", "scopes": ["orders:refund"]});
    let greedy = key(&app, &tenant.manager, &greedy);
    let greedy = greedy.refused(422, "api_key.scope_not_held").await;
    assert_eq!(greedy.text_at("/errors/0/pointer"), "/scopes");
    let unknown = json!({"name": "x", "scopes": ["catalog:eat"]});
    key(&app, &tenant.manager, &unknown)
        .refused(422, "request.invalid_body")
        .await;

    // A key is no person.
    let more = app
        .client
        .post("/api/api-keys", &json!({"name": "more"}))
        .bearer(&reader);
    more.refused(403, "auth.users_only").await;

    // It loses what its owner loses.
    let path = format!("/api/admin/users/{}", tenant.manager.id);
    let read = app
        .client
        .get(&path)
        .bearer(&tenant.admin.token)
        .expect(200)
        .await;
    app.client
        .patch(&path, &json!({"role": "user"}))
        .bearer(&tenant.admin.token)
        .header("if-match", read.header("etag"))
        .expect(200)
        .await;
    products(&app, &reader).refused(403, "auth.forbidden").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_expire_and_are_revoked(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let owner = &shop.first.admin;
    let at = |after: Duration| app.clock.now().plus(after).to_string();
    let body = json!({"name": "x", "scopes": [], "expires_at": "9999-12-31T23:59:59Z"});
    let far = key(&app, owner, &body);
    let far = far.refused(422, "request.invalid_body").await;
    assert!(far.text_at("/errors/0/detail").contains("out of range"));
    let body = json!({"name": "x", "expires_at": at(Duration::ZERO)});
    key(&app, owner, &body)
        .refused(422, "api_key.expiry_in_past")
        .await;
    let body =
        json!({"name": "x", "scopes": ["catalog:read"], "expires_at": at(Duration::from_mins(10))});
    let brief = key(&app, owner, &body).expect(201).await.text_at("/secret");
    let body = json!({"name": "y", "scopes": ["catalog:read"]});
    let lasting = key(&app, owner, &body).expect(201).await;
    products(&app, &brief).expect(200).await;
    app.advance(Duration::from_mins(10));
    products(&app, &brief)
        .refused(401, "auth.invalid_token")
        .await;

    let secret = lasting.text_at("/secret");
    products(&app, &secret).expect(200).await;
    let path = format!("/api/api-keys/{}", lasting.text_at("/id"));
    // Nobody else's: not a colleague's, not another tenant's.
    for other in [&shop.first.manager, &shop.second.admin] {
        let other = app.client.delete(&path).bearer(&other.token);
        other.refused(404, "api_key.not_found").await;
    }
    products(&app, &secret).expect(200).await;
    app.client
        .delete(&path)
        .bearer(&owner.token)
        .expect(204)
        .await;
    products(&app, &secret)
        .refused(401, "auth.invalid_token")
        .await;
}

/// However many are asked for at once.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_more_than_fifty_keys(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let owner = &shop.first.manager;
    let calls = (0..64).map(|n| {
        let body = json!({"name": format!("key {n}"), "scopes": ["catalog:read"]});
        key(&app, owner, &body).send()
    });
    let answers = futures::future::join_all(calls).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 50);
}
