//! One rule says what a mail address is, wherever one is given: what is taken
//! can be written to.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{PASSWORD, Tenant};

/// What is typed, and the form it is stored in; none where it is refused.
const TYPED: [(&str, Option<&str>); 14] = [
    ("o'neil+x@e.test", Some("o'neil+x@e.test")),
    ("Ada@Exämple.test", Some("ada@xn--exmple-cua.test")),
    ("a@[127.0.0.1]", None),
    ("a@[IPv6:::1]", None),
    (".a@e.test", None),
    ("a..b@e.test", None),
    ("a@-e.test", None),
    ("a@e_f.test", None),
    ("a(c)@e.test", None),
    ("x@xn--a.test", None),
    ("ü@exämple.test", None),
    ("тест@почта.рф", None),
    ("a\u{feff}b@e.test", None),
    (
        "a@bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.test",
        None,
    ),
];

/// Whether an answer takes or refuses an address as it should.
fn check(answer: &testkit::Answer, typed: &str, stored: Option<&str>, at: &str) {
    if let Some(stored) = stored {
        assert!(answer.status < 300, "{typed}: {}", answer.describe());
        assert_eq!(answer.text_at(at), stored, "{typed}");
    } else {
        assert_eq!(answer.status, 422, "{typed}: {}", answer.describe());
        let name = at.rsplit('/').next().unwrap_or_default();
        let pointer = format!("/{name}");
        assert_eq!(answer.text_at("/errors/0/pointer"), pointer, "{typed}");
    }
}

/// Registers, and buys something as a guest.
async fn buy(app: &App, tenant: &Tenant, variant: &str, typed: &str, stored: Option<&str>) {
    let client = &app.client;
    let body = json!({"email": typed, "password": PASSWORD, "name": "Ada"});
    let made = client.post("/api/auth/register", &body).send().await;
    check(&made, typed, stored, "/user/email");
    let cart = client.post("/api/carts", &Value::Null);
    let cart = cart.header("host", tenant.host).expect(201).await;
    let (id, token) = (cart.text_at("/id"), cart.text_at("/token"));
    let line = json!({"variant_id": variant, "quantity": 1});
    let line = client.post(&format!("/api/carts/{id}/lines"), &line);
    line.header("x-cart-token", &token).expect(200).await;
    let change = client.patch(&format!("/api/carts/{id}"), &json!({"email": typed}));
    let change = change.header("x-cart-token", &token).send().await;
    check(&change, typed, stored, "/email");
    let body = json!({"cart_id": id, "email": typed, "shipping_method": "standard",
        "shipping_address": testkit::shop::address()});
    let placed = client.post("/api/checkout", &body);
    let placed = placed.header("x-cart-token", &token).send().await;
    check(&placed, typed, stored, "/order/email");
    if stored.is_some() {
        app.pay(&testkit::shop::placed(&placed)).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_rule_says_what_a_mail_address_is(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("RATE_LIMIT_ENABLED", "false")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 50).await;
    for (typed, stored) in TYPED {
        buy(&app, tenant, &item.variants[0], typed, stored).await;
        let read = app.client.get("/api/admin/settings").bearer(&tenant.key);
        let read = read.expect(200).await;
        let change = json!({"support_email": typed});
        let change = app.client.patch("/api/admin/settings", &change);
        let change = change.bearer(&tenant.key);
        let change = change.header("if-match", read.header("etag")).send().await;
        check(&change, typed, stored, "/support_email");
        let seller = json!({"name": format!("Seller {typed}"), "contact_email": typed});
        let seller = app.client.post("/api/admin/sellers", &seller);
        let seller = seller.bearer(&tenant.key).send().await;
        check(&seller, typed, stored, "/contact_email");
    }
    app.drain().await;
    let dead = app.client.get("/api/admin/jobs?state=dead");
    let dead = dead.bearer(&tenant.key).expect(200).await;
    assert_eq!(dead.body["data"], json!([]));
    // Whoever types the domain as people do finds their account.
    let login = json!({"email": "ada@EXÄMPLE.test", "password": PASSWORD});
    let login = app.client.post("/api/auth/login", &login);
    login.expect(200).await;
}
