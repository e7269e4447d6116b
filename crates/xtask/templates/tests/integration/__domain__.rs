//! The domain of __domain__.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Tenant;

const PATH: &str = "/api/admin/__entities_path__";

async fn make(app: &App, tenant: &Tenant, name: &str) -> String {
    app.client
        .post(PATH, &json!({"name": name}))
        .bearer(&tenant.key)
        .expect(201)
        .await
        .text_at("/id")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn made_once_read_back_and_listed_by_pages(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let body = json!({"name": "  first "});
    let made = app.client.post(PATH, &body).bearer(key).once("k1");
    let made = made.expect(201).await;
    assert_eq!(made.body["name"], "first");
    let again = app.client.post(PATH, &body).bearer(key).once("k1");
    let again = again.expect(201).await;
    assert_eq!(again.body, made.body);
    assert_eq!(again.header("idempotent-replayed"), "true");
    let path = format!("{PATH}/{}", made.text_at("/id"));
    let read = app.client.get(&path).bearer(key).expect(200).await;
    assert_eq!(read.body, made.body);

    // Ids sort by time, and the clock of tests stands still.
    app.advance(Duration::from_secs(1));
    make(&app, &shop.first, "second").await;
    let refused = app.client.post(PATH, &json!({"name": "second"}));
    refused.bearer(key).refused(409, "__entity__.name_taken").await;
    let page = app.client.get(&format!("{PATH}?limit=1")).bearer(key);
    let page = page.expect(200).await;
    assert_eq!(page.text_at("/data/0/name"), "second");
    let cursor = page.text_at("/next_cursor");
    let last = app.client.get(&format!("{PATH}?limit=1&cursor={cursor}"));
    let last = last.bearer(key).expect(200).await;
    assert_eq!(last.text_at("/data/0/name"), "first");
    assert_eq!(last.body["has_more"], false);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_need_the_version_that_was_read(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let path = format!("{PATH}/{}", make(&app, &shop.first, "first").await);
    let patch = |name: &str| app.client.patch(&path, &json!({"name": name})).bearer(key);
    patch("x").refused(428, "request.if_match_missing").await;
    let changed = patch("other").header("if-match", "\"1\"").expect(200).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(changed.body["name"], "other");
    patch("late")
        .header("if-match", "\"1\"")
        .refused(412, "version_mismatch")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_and_other_tenants_see_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let path = format!("{PATH}/{}", make(&app, &shop.first, "first").await);
    app.client.get(&path).refused(401, "auth.required").await;
    let user = app.client.get(&path).bearer(&shop.first.user.token);
    user.refused(403, "auth.forbidden").await;
    let manager = app.client.get(&path).bearer(&shop.first.manager.token);
    manager.expect(200).await;
    let other = app.client.get(&path).bearer(&shop.second.key);
    other.refused(404, "__entity__.not_found").await;
    // Its name is free there.
    make(&app, &shop.second, "first").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_archived_is_forgotten_after_a_while(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let key = &shop.first.key;
    let kept = format!("{PATH}/{}", make(&app, &shop.first, "kept").await);
    let gone = format!("{PATH}/{}", make(&app, &shop.first, "gone").await);
    let archived = app.client.patch(&gone, &json!({"status": "archived"}));
    archived.bearer(key).header("if-match", "\"1\"").expect(200).await;
    app.advance(Duration::from_hours(29 * 24));
    app.drain().await;
    app.client.get(&gone).bearer(key).expect(200).await;
    app.advance(Duration::from_hours(2 * 24));
    app.drain().await;
    app.client.get(&gone).bearer(key).refused(404, "__entity__.not_found").await;
    app.client.get(&kept).bearer(key).expect(200).await;
}
