//! `If-Match` as RFC 9110 has it, and changes that change nothing.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Person, Tenant, address, eur};

/// Sends nothing to change, based on all kinds of versions.
async fn nothing_changes(app: &App, path: &str, token: &str, etag: &str) {
    let with = |tags: &str| {
        let call = app.client.patch(path, &json!({})).bearer(token);
        call.header("if-match", tags)
    };
    let listed = format!("\"999\" ,{etag}, W/\"7\"");
    for tags in [etag, "*", &listed] {
        let answer = with(tags).expect(200).await;
        assert_eq!(answer.header("etag"), etag, "{path} {tags}");
    }
    let weak = format!("W/{etag}");
    for tags in ["\"999\"", &weak, "\"999\", \"998\"", "\"x\""] {
        with(tags).refused(412, "version_mismatch").await;
    }
    with("999").refused(400, "request.invalid_header").await;
}

/// Makes something; its path and the version it has.
async fn made(app: &App, token: &str, path: &str, body: Value) -> (String, String) {
    let made = app.client.post(path, &body).bearer(token);
    let made = made.expect(201).await;
    let etag = format!("\"{}\"", made.number_at("/version"));
    (format!("{path}/{}", made.text_at("/id")), etag)
}

async fn read(app: &App, token: &str, path: &str) -> (String, String) {
    let read = app.client.get(path).bearer(token).expect(200).await;
    (path.to_owned(), read.header("etag").to_owned())
}

async fn things(app: &App, tenant: &Tenant) -> Vec<(String, String)> {
    let key = &tenant.key;
    let item = app.simple(tenant, "Lamp", 1).await;
    let product = format!("/api/admin/catalog/products/{}", item.product);
    let seen = app.client.get(&product).bearer(key).expect(200).await;
    let variant = format!("/api/admin/catalog/variants/{}", item.variants[0]);
    let version = seen.number_at("/variants/0/version");
    let user = format!("/api/admin/users/{}", tenant.user.id);
    let rate = json!({"kind": "flat", "amount": eur(1)});
    vec![
        (variant, format!("\"{version}\"")),
        read(app, key, &product).await,
        read(app, key, &user).await,
        read(app, key, "/api/admin/settings").await,
        made(
            app,
            key,
            "/api/admin/catalog/categories",
            json!({"name": "Lamps"}),
        )
        .await,
        made(
            app,
            key,
            "/api/admin/price-lists",
            json!({"name": "Yen", "currency": "JPY"}),
        )
        .await,
        made(app, key, "/api/admin/sellers", json!({"name": "Oak"})).await,
        made(
            app,
            key,
            "/api/admin/promotions",
            json!({"name": "Less", "needs_coupon": false, "rule": {"effect": {"kind": "percent", "basis_points": 500}}}),
        )
        .await,
        made(
            app,
            key,
            "/api/admin/shipping-zones",
            json!({"name": "Near", "areas": [{"country": "DE"}]}),
        )
        .await,
        made(
            app,
            key,
            "/api/admin/shipping-methods",
            json!({"code": "slow", "name": "Slow", "rates": rate}),
        )
        .await,
    ]
}

async fn own_things(app: &App, person: &Person) -> Vec<(String, String)> {
    let body = json!({"label": "Home", "address": address()});
    vec![
        read(app, &person.token, "/api/profile").await,
        made(app, &person.token, "/api/profile/addresses", body).await,
    ]
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_of_nothing_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    for (path, etag) in things(&app, tenant).await {
        nothing_changes(&app, &path, &tenant.key, &etag).await;
    }
    // Nor is the payment page of an order closed.
    let item = app.simple(tenant, "Chair", 1).await;
    let order = app.order(tenant, &[(&item.variants[0], 1)]).await;
    let before = app.see(&order).await;
    let etag = format!("\"{}\"", before["version"]);
    let path = format!("/api/orders/{}", order.id);
    nothing_changes(&app, &path, &tenant.key, &etag).await;
    assert_eq!(app.see(&order).await, before);
    app.pay(&order).await;
    assert_eq!(app.see(&order).await["status"], "paid");
    for (path, etag) in own_things(&app, &tenant.user).await {
        nothing_changes(&app, &path, &tenant.user.token, &etag).await;
    }
    let operator = &shop.operator.token;
    let other = format!("/api/admin/tenants/{}", shop.second.id);
    let (path, etag) = read(&app, operator, &other).await;
    nothing_changes(&app, &path, operator, &etag).await;
}

/// `*` changes whatever is there, and nothing that is not.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_version_will_do(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 1).await;
    let path = format!("/api/admin/catalog/products/{}", item.product);
    let change = |body: Value, tags: &str| {
        let call = app.client.patch(&path, &body).bearer(&tenant.key);
        call.header("if-match", tags)
    };
    let first = change(json!({"brand": "Heron"}), "*").expect(200).await;
    let second = change(json!({"brand": "Crane"}), "*").expect(200).await;
    assert_eq!(second.body["brand"], "Crane");
    assert_eq!(
        second.number_at("/version"),
        first.number_at("/version") + 1
    );
    change(json!({"brand": "Late"}), first.header("etag"))
        .refused(412, "version_mismatch")
        .await;
    // The default of a mail has the version 0; afterwards there is another.
    let mail = "/api/admin/mail-templates/order_confirmation/en";
    let body = json!({"subject": "Thanks", "text": "{{ order.number }}", "html": "<p>{{ order.number }}</p>"});
    for version in 1..=2 {
        let put = app.client.put(mail, &body).bearer(&tenant.key);
        let put = put.header("if-match", "*").expect(200).await;
        assert_eq!(put.number_at("/version"), version);
    }
    let reset = || app.client.delete(mail).bearer(&tenant.key);
    reset().header("if-match", "*").expect(204).await;
    let again = reset().header("if-match", "*");
    again.refused(412, "version_mismatch").await;
}
