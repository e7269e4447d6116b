//! Shops that require the second factor, and turn it off for those who lost it.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{PASSWORD, Person};

use super::{HOST, call, first_step, me, standing, turn_on};

async fn require(app: &App, who: &str, required: bool) {
    let settings = app.client.get("/api/admin/settings").bearer(who);
    let settings = settings.expect(200).await;
    let body = json!({"require_two_factor": required});
    let change = app.client.patch("/api/admin/settings", &body).bearer(who);
    let change = change.header("if-match", settings.header("etag"));
    assert_eq!(
        change.expect(200).await.body["require_two_factor"],
        required
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_can_require_it_of_those_who_run_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    // Nobody shuts themself out.
    let settings = app.client.get("/api/admin/settings");
    let settings = settings.bearer(&tenant.admin.token).expect(200).await;
    let body = json!({"require_two_factor": true});
    let alone = app.client.patch("/api/admin/settings", &body);
    let alone = alone
        .bearer(&tenant.admin.token)
        .header("if-match", settings.header("etag"));
    alone.refused(409, "settings.own_two_factor_missing").await;
    let (phone, _) = turn_on(&app, &tenant.admin.token).await;
    require(&app, &tenant.admin.token, true).await;
    let orders = |who: &str| app.client.get("/api/admin/orders").bearer(who);
    let without: [&Person; 1] = [&tenant.manager];
    for person in without {
        let seen = me(&app, &person.token).expect(200).await;
        assert_eq!(seen.body["two_factor_missing"], true);
        assert_eq!(seen.body["permissions"], json!([]));
        for path in [
            "/api/admin/orders",
            "/api/profile",
            "/api/catalog/products",
            "/api/orders",
        ] {
            let call = app.client.get(path).bearer(&person.token);
            call.refused(403, "auth.two_factor_required").await;
        }
        let body = json!({"name": "a way around", "scopes": []});
        let key = app
            .client
            .post("/api/api-keys", &body)
            .bearer(&person.token);
        key.refused(403, "auth.two_factor_required").await;
    }
    // Customers, other shops and keys that were made before go on.
    let profile = app.client.get("/api/profile").bearer(&tenant.user.token);
    profile.expect(200).await;
    assert_eq!(
        me(&app, &tenant.user.token).expect(200).await.body["two_factor_missing"],
        false
    );
    orders(&tenant.key).expect(200).await;
    orders(&shop.second.admin.token).expect(200).await;

    orders(&tenant.admin.token).expect(200).await;
    let seen = me(&app, &tenant.admin.token).expect(200).await;
    assert_eq!(seen.body["two_factor_missing"], false);
    let now = standing(&app, &tenant.admin.token).await;
    assert_eq!(now["required"], true);
    let body = json!({"current_password": PASSWORD, "code": phone.next(&app)});
    call(&app, &tenant.admin.token, "disable", &body)
        .refused(409, "auth.two_factor_mandatory")
        .await;
    // A new session of somebody without it is as closed as the old one.
    let manager = app.login(&tenant.manager.email, HOST).await;
    orders(&manager.token)
        .refused(403, "auth.two_factor_required")
        .await;
    require(&app, &tenant.admin.token, false).await;
    orders(&manager.token).expect(200).await;
    call(&app, &tenant.admin.token, "disable", &body)
        .expect(204)
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_can_turn_it_off_for_somebody(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let path = |person: &Person| format!("/api/admin/users/{}/2fa/reset", person.id);
    let reset = |who: &str, of: &Person| app.client.post(&path(of), &Value::Null).bearer(who);
    reset(&tenant.admin.token, &tenant.manager)
        .refused(409, "auth.two_factor_not_enabled")
        .await;
    turn_on(&app, &tenant.manager.token).await;
    turn_on(&app, &tenant.admin.token).await;
    reset(&tenant.manager.token, &tenant.admin)
        .refused(403, "auth.forbidden")
        .await;
    reset(&tenant.admin.token, &tenant.admin)
        .refused(409, "user.own_account")
        .await;
    reset(&shop.second.admin.token, &tenant.manager)
        .refused(404, "user.not_found")
        .await;
    reset(&tenant.admin.token, &tenant.manager)
        .expect(204)
        .await;
    me(&app, &tenant.manager.token)
        .refused(401, "auth.invalid_token")
        .await;
    first_step(&app, &tenant.manager.email).expect(200).await;
    let log = app
        .client
        .get(&format!("/api/admin/audit?object={}", tenant.manager.id));
    let log = log.bearer(&tenant.key).expect(200).await;
    assert_eq!(log.body["data"][0]["action"], "two_factor.reset");
    assert_eq!(log.body["data"][0]["before"]["two_factor"], true);
    assert_eq!(log.body["data"][1]["action"], "two_factor.enable");
}
