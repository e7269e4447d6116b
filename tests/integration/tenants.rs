//! Which tenant a request is for, and who says what tenants there are.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::PASSWORD;
use testkit::{Answer, App};

/// The tenant that a stranger reaches at a host, by what it sells.
async fn sold_at(app: &App, host: &str) -> Value {
    let list = app.client.get("/api/catalog/products").header("host", host);
    list.expect(200).await.body["data"][0]["name"].clone()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_says_which_tenant_unless_a_token_does(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    app.simple(&shop.first, "First", 1).await;
    app.simple(&shop.second, "Second", 1).await;
    for host in ["other.test", "OTHER.test", "other.test:8080", "other.test."] {
        assert_eq!(sold_at(&app, host).await, "Second", "{host}");
    }
    for host in ["127.0.0.1", "unknown.test", "test", "x.other.test"] {
        assert_eq!(sold_at(&app, host).await, "First", "{host}");
    }
    // Tokens and keys stay what they are at any host.
    for (tenant, host) in [(&shop.first, "other.test"), (&shop.second, "127.0.0.1")] {
        for token in [&tenant.user.token, &tenant.key] {
            let me = app.client.get("/api/auth/me").header("host", host);
            let me = me.bearer(token).expect(200).await;
            assert_eq!(me.body["tenant_id"], tenant.id.as_str());
            assert_ne!(me.body["tenant_id"], Value::Null);
        }
    }
}

/// The same address is two people in two tenants.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_and_roles_belong_to_one_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, second) = (&shop.first, &shop.second);
    assert_eq!(first.manager.email, second.manager.email);
    assert_ne!(first.manager.id, second.manager.id);
    // A manager here, a customer there.
    let path = format!("/api/admin/users/{}", second.manager.id);
    let read = app
        .client
        .get(&path)
        .bearer(&second.admin.token)
        .expect(200)
        .await;
    app.client
        .patch(&path, &json!({"role": "user"}))
        .bearer(&second.admin.token)
        .header("if-match", read.header("etag"))
        .expect(200)
        .await;
    let products = |token: &str| app.client.get("/api/admin/catalog/products").bearer(token);
    products(&second.manager.token)
        .refused(403, "auth.forbidden")
        .await;
    products(&first.manager.token).expect(200).await;
    let stranger = app.client.get(&path).bearer(&first.admin.token);
    stranger.refused(404, "user.not_found").await;
    // An administrator of one tenant has no account at the other.
    let login = json!({"email": first.admin.email, "password": PASSWORD});
    let login = app.client.post("/api/auth/login", &login);
    login
        .header("host", second.host)
        .refused(401, "auth.bad_credentials")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_operators_manage_tenants(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let list = |token: &str| app.client.get("/api/admin/tenants").bearer(token);
    list(&shop.first.admin.token)
        .refused(403, "auth.forbidden")
        .await;
    list(&shop.first.key).refused(403, "auth.forbidden").await;
    let tenants = list(&shop.operator.token).expect(200).await;
    let all = tenants.body["data"].as_array().expect("a list");
    let other = |tenant: &&Value| tenant["is_default"] == false;
    let others: Vec<&Value> = all.iter().filter(other).collect();
    assert_eq!((all.len(), others.len()), (2, 1));
    assert_eq!(others[0]["hosts"], json!(["other.test"]));

    let make = |body: Value| {
        app.client
            .post("/api/admin/tenants", &body)
            .bearer(&shop.operator.token)
    };
    let tenant = |slug: &str, host: &str| json!({"slug": slug, "name": "X", "currency": "JPY", "hosts": [host]});
    make(tenant("other", "new.test"))
        .refused(409, "tenant.slug_taken")
        .await;
    make(tenant("new", "other.test"))
        .refused(409, "tenant.host_taken")
        .await;
    make(tenant("new", "http://new.test"))
        .refused(422, "tenant.invalid_host")
        .await;
    make(tenant("No Slug", "new.test"))
        .refused(422, "tenant.invalid_slug")
        .await;
    // What was refused left nothing behind.
    make(tenant("new", "new.test")).expect(201).await;
    // Nobody is made an operator over the network.
    let path = format!("/api/admin/users/{}", shop.first.manager.id);
    let read = app
        .client
        .get(&path)
        .bearer(&shop.operator.token)
        .expect(200)
        .await;
    app.client
        .patch(&path, &json!({"role": "operator"}))
        .bearer(&shop.operator.token)
        .header("if-match", read.header("etag"))
        .refused(422, "user.operator_role")
        .await;
}

/// Who administers one tenant has no say over who runs the installation, even
/// where they have their account.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_are_out_of_reach_of_a_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let admin = &shop.first.admin.token;
    let path = format!("/api/admin/users/{}", shop.operator.id);
    let read = app.client.get(&path).bearer(admin).expect(200).await;
    for body in [json!({"role": "user"}), json!({"status": "disabled"})] {
        let change = app.client.patch(&path, &body).bearer(admin);
        let change = change.header("if-match", read.header("etag"));
        let refused = change.refused(403, "user.is_operator").await;
        assert_eq!(refused.body.get("errors"), None);
    }
    for route in ["2fa/reset", "export"] {
        let call = app.client.post(&format!("{path}/{route}"), &json!({}));
        let call = call.bearer(admin);
        call.refused(403, "user.is_operator").await;
    }
    let erase = app.client.post(&format!("{path}/erase"), &json!({}));
    erase.bearer(admin).refused(409, "user.is_staff").await;
    // They are who they were, and see their own.
    let again = app.client.get(&path).bearer(admin).expect(200).await;
    assert_eq!(again.body, read.body);
    let own = app.client.post(&format!("{path}/export"), &json!({}));
    own.bearer(&shop.operator.token).expect(200).await;
}

async fn patch(app: &App, operator: &str, tenant: &str, body: &Value) -> Answer {
    let path = format!("/api/admin/tenants/{tenant}");
    let read = app.client.get(&path).bearer(operator).expect(200).await;
    app.client
        .patch(&path, body)
        .bearer(operator)
        .header("if-match", read.header("etag"))
        .send()
        .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_move_and_tenants_are_suspended(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let operator = &shop.operator.token;
    app.simple(&shop.second, "Second", 1).await;
    let (first, second) = (&shop.first.id, &shop.second.id);
    let moved = patch(&app, operator, second, &json!({"hosts": ["moved.test"]})).await;
    assert_eq!(moved.status, 200, "{}", moved.describe());
    assert_eq!(sold_at(&app, "moved.test").await, "Second");
    assert_eq!(sold_at(&app, "other.test").await, Value::Null);
    let taken = patch(&app, operator, first, &json!({"hosts": ["moved.test"]})).await;
    assert_eq!(taken.body["code"], "tenant.host_taken");
    // The installation's own host, by HTTP_PUBLIC_URL, stays the default's.
    let own = json!({"hosts": ["moved.test", "Shop.test"]});
    let refused = patch(&app, operator, second, &own).await;
    assert_eq!(refused.body["code"], "tenant.installation_host");
    let new = json!({"slug": "new", "name": "New", "currency": "EUR", "hosts": ["shop.test"]});
    let new = app.client.post("/api/admin/tenants", &new).bearer(operator);
    new.refused(409, "tenant.installation_host").await;
    let allowed = patch(&app, operator, first, &json!({"hosts": ["shop.test"]})).await;
    assert_eq!(allowed.status, 200, "{}", allowed.describe());

    let default = patch(&app, operator, first, &json!({"status": "suspended"})).await;
    assert_eq!(
        (default.status, &default.body["code"]),
        (409, &json!("tenant.default"))
    );
    patch(&app, operator, second, &json!({"status": "suspended"})).await;
    let list = app
        .client
        .get("/api/catalog/products")
        .header("host", "moved.test");
    list.refused(403, "tenant.suspended").await;
    for token in [&shop.second.admin.token, &shop.second.key] {
        let me = app.client.get("/api/auth/me").bearer(token);
        me.refused(403, "tenant.suspended").await;
    }
    patch(&app, operator, second, &json!({"status": "active"})).await;
    assert_eq!(sold_at(&app, "moved.test").await, "Second");

    // A change that was made from an old state is refused.
    let path = format!("/api/admin/tenants/{second}");
    let stale = app
        .client
        .patch(&path, &json!({"name": "Late"}))
        .bearer(operator);
    stale
        .header("if-match", "\"1\"")
        .refused(412, "version_mismatch")
        .await;
}

/// A tenant with hosts of its own sends its people there.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_lead_to_the_host_of_the_tenant(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    for (tenant, home) in [
        (&shop.first, "http://shop.test/"),
        (&shop.second, "http://other.test/"),
    ] {
        let item = app.simple(tenant, "Lamp", 1).await;
        let order = app.order(tenant, &[(&item.variants[0], 1)]).await;
        let page = format!("/api/test-gateway/sessions/{}", order.session);
        let page = app.client.get(&page).expect(200).await;
        let success = page.text_at("/success_url");
        assert_eq!(success, format!("{home}checkout/success"));
        app.pay(&order).await;
        let link = format!("{home}orders/{}?token=", order.id);
        let mails = app.mails.to("buyer@mail.test");
        assert!(
            mails.iter().any(|mail| mail.text.contains(&link)),
            "{link} in {mails:?}"
        );
    }
}

/// The operator adds administrators, and does not take over accounts.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_there_is_not_taken_over(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    for (tenant, email) in [
        (&shop.second, &shop.second.user.email),
        (&shop.first, &shop.operator.email),
    ] {
        let body = json!({"email": email, "password": "another long one", "name": "X"});
        app.client
            .post(&format!("/api/admin/tenants/{}/admins", tenant.id), &body)
            .bearer(&shop.operator.token)
            .refused(409, "auth.email_taken")
            .await;
    }
    let tenants = app.client.get("/api/admin/tenants");
    tenants.bearer(&shop.operator.token).expect(200).await;
}

/// A repeated request makes one tenant and one administrator.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_and_administrators_are_made_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let post = |path: &str, body: &Value| {
        let call = app.client.post(path, body).bearer(&shop.operator.token);
        call.once("the-same-key")
    };
    let third =
        json!({"slug": "third", "name": "Third", "currency": "EUR", "hosts": ["third.test"]});
    let made = post("/api/admin/tenants", &third).expect(201).await;
    let again = post("/api/admin/tenants", &third).expect(201).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(
        (&made.text, made.header("etag")),
        (&again.text, again.header("etag"))
    );
    let another = json!({"slug": "fourth", "name": "Fourth", "currency": "EUR"});
    let reused = post("/api/admin/tenants", &another);
    reused.refused(422, "idempotency.key_reused").await;
    let tenants = app.client.get("/api/admin/tenants");
    let tenants = tenants.bearer(&shop.operator.token).expect(200).await;
    assert_eq!(tenants.body["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(sold_at(&app, "third.test").await, Value::Null);

    let path = format!("/api/admin/tenants/{}/admins", made.text_at("/id"));
    let admin = json!({"email": "ada@third.test", "password": PASSWORD, "name": "Ada"});
    let made = post(&path, &admin).expect(201).await;
    let again = post(&path, &admin).expect(201).await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(made.text, again.text);
    app.login("ada@third.test", "third.test").await;
    let other = json!({"email": "bob@third.test", "password": PASSWORD, "name": "Bob"});
    post(&path, &other)
        .refused(422, "idempotency.key_reused")
        .await;
}
