//! All that is known about a person: exported, and forgotten.

use std::collections::BTreeSet;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Order, PASSWORD, Person, Tenant};
use testkit::{App, shop};

mod elsewhere;
mod hosting;

const HOST: &str = "127.0.0.1";
const EMAIL: &str = "carla@mail.test";
const PHONE: &str = "+49 30 555";
/// What must not be found any more.
const TRACES: &[&str] = &[
    EMAIL,
    PHONE,
    "Carla Customer",
    "Hidden Street",
    "a secret wish",
];

/// A customer whose address is proven.
async fn customer(app: &App) -> Person {
    let body =
        json!({"email": EMAIL, "password": PASSWORD, "name": "Carla Customer", "locale": "de"});
    let made = app
        .client
        .post("/api/auth/register", &body)
        .expect(201)
        .await;
    app.drain().await;
    let mails = app.mails.to(EMAIL);
    let text = &mails.last().expect("a mail").text;
    let (_, token) = text.split_once("token=").expect("a link");
    let token = token.split_whitespace().next().expect("a token");
    let verify = app
        .client
        .post("/api/auth/verify-email", &json!({"token": token}));
    verify.expect(204).await;
    let person = Person {
        id: made.text_at("/user/id"),
        email: EMAIL.to_owned(),
        token: made.text_at("/access_token"),
    };
    let call = app.client.patch("/api/profile", &json!({"phone": PHONE}));
    call.bearer(&person.token).expect(200).await;
    person
}

fn delivery() -> Value {
    let mut address = shop::address();
    address["name"] = json!("Carla Customer");
    address["phone"] = json!(PHONE);
    let mut billing = address.clone();
    address["line1"] = json!("Hidden Street 5");
    billing["line1"] = json!("Office Road 9");
    json!({"email": EMAIL, "shipping_method": "standard", "shipping_address": address, "billing_address": billing})
}

/// An order of somebody who is signed in, or of a guest with the address.
async fn order(app: &App, token: Option<&str>, item: &Item) -> Order {
    let signed = |call: Call, cart: &str| match token {
        Some(token) => call.bearer(token),
        None => call.header("x-cart-token", cart),
    };
    let made = signed(app.client.post("/api/carts", &Value::Null), "")
        .send()
        .await;
    let cart = made.text_at("/id");
    let key = made.body["token"].as_str().unwrap_or_default().to_owned();
    let body = json!({"variant_id": item.variants[0], "quantity": 1});
    let add = app.client.post(&format!("/api/carts/{cart}/lines"), &body);
    signed(add, &key).expect(200).await;
    let fill = app.client.patch(&format!("/api/carts/{cart}"), &delivery());
    signed(fill, &key).expect(200).await;
    let buy = app.client.post("/api/checkout", &json!({"cart_id": cart}));
    let answer = signed(buy, &key).expect(201).await;
    let token = answer.body.pointer("/order/token").and_then(Value::as_str);
    Order {
        id: answer.text_at("/order/id"),
        token: token.unwrap_or_default().to_owned(),
        session: answer.text_at("/order/payments/0/session_id"),
        payment: answer.text_at("/order/payments/0/id"),
        answer: answer.body.clone(),
    }
}

async fn ship(app: &App, tenant: &Tenant, order: &Order) {
    let path = format!("/api/admin/orders/{}/ship", order.id);
    let body = json!({"carrier": "DHL"});
    app.client
        .post(&path, &body)
        .bearer(&tenant.key)
        .expect(200)
        .await;
    app.drain().await;
}

/// Keeps an address in somebody's book.
async fn keep_address(app: &App, person: &Person) {
    let mut address = shop::address();
    address["line1"] = json!("Hidden Street 7");
    let body = json!({"label": "Home", "address": address});
    let call = app.client.post("/api/profile/addresses", &body);
    call.bearer(&person.token).expect(201).await;
}

fn erase_own(app: &App, token: &str) -> Call {
    let body = json!({"current_password": PASSWORD});
    app.client.post("/api/profile/erase", &body).bearer(token)
}

async fn admin_order(app: &App, tenant: &Tenant, order: &Order) -> Value {
    let path = format!("/api/admin/orders/{}", order.id);
    app.client
        .get(&path)
        .bearer(&tenant.key)
        .expect(200)
        .await
        .body
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_known_is_handed_out(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 50).await;
    let person = customer(&app).await;
    let bought = order(&app, Some(&person.token), &item).await;
    app.pay(&bought).await;
    let as_guest = order(&app, None, &item).await;
    let of_another = app.order(tenant, &[(&item.variants[0], 1)]).await;
    keep_address(&app, &person).await;
    let key = app
        .client
        .post("/api/api-keys", &json!({"name": "my script"}));
    let key = key.bearer(&person.token).expect(201).await;

    let own = app.client.get("/api/profile/export").bearer(&person.token);
    let own = own.expect(200).await;
    assert!(own.header("content-disposition").contains("attachment"));
    let path = format!("/api/admin/users/{}/export", person.id);
    let export = |who: &str| app.client.post(&path, &Value::Null).bearer(who);
    let theirs = export(&tenant.admin.token).expect(200).await;
    assert_eq!(own.body["account"], theirs.body["account"]);
    assert_eq!(own.body["shop"], theirs.body["shop"]);
    let account = &own.body["account"];
    assert_eq!(account["profile"]["email"], EMAIL);
    assert_eq!(account["profile"]["phone"], PHONE);
    assert_eq!(account["sessions"][0]["address"], "127.0.0.1");
    assert_eq!(account["api_keys"][0]["name"], "my script");
    let orders = own.body["shop"]["orders"].as_array().expect("a list");
    // The clock of tests stands still, so either may be the first.
    let ids: BTreeSet<&str> = orders.iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(
        ids,
        BTreeSet::from([bought.id.as_str(), as_guest.id.as_str()])
    );
    assert_eq!(orders[0]["shipping_address"]["line1"], "Hidden Street 5");
    assert_eq!(orders[0]["lines"][0]["name"], "Lamp (40)");
    let paid = orders.iter().find(|one| one["id"] == bought.id.as_str());
    assert_eq!(
        paid.expect("the first order")["payments"][0]["status"],
        "succeeded"
    );
    let shop_part = &own.body["shop"];
    assert_eq!(
        shop_part["addresses"][0]["address"]["line1"],
        "Hidden Street 7"
    );
    assert_eq!(shop_part["carts"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        shop_part["carts"][0]["shipping_address"]["line1"],
        "Hidden Street 5"
    );
    let reminders = json!({"unsubscribed": false, "sent": []});
    assert_eq!(own.body["reminders"], reminders);
    assert!(!own.text.contains(&of_another.id));
    for secret in ["argon2", "password", &key.text_at("/secret")] {
        assert!(!own.text.contains(secret), "{secret}");
    }

    export(&tenant.manager.token)
        .refused(403, "auth.forbidden")
        .await;
    export(&shop.second.admin.token)
        .refused(404, "user.not_found")
        .await;
    let by_key = app.client.get("/api/profile/export").bearer(&tenant.key);
    by_key.refused(403, "auth.users_only").await;
    let log = app.client.get("/api/admin/audit?action=user.export");
    let log = log.bearer(&tenant.key).expect(200).await;
    assert_eq!(log.body["data"].as_array().map(Vec::len), Some(1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_forgotten_but_for_the_books(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let item = app.simple(tenant, "Lamp", 50).await;
    let person = customer(&app).await;
    let pending = order(&app, Some(&person.token), &item).await;
    let paid = order(&app, Some(&person.token), &item).await;
    app.pay(&paid).await;
    let as_guest = order(&app, None, &item).await;
    app.pay(&as_guest).await;
    let before = admin_order(&app, tenant, &paid).await;

    // Not before everything is done.
    let wrong = json!({"current_password": "not the password"});
    let wrong = app
        .client
        .post("/api/profile/erase", &wrong)
        .bearer(&person.token);
    wrong.refused(422, "auth.wrong_password").await;
    let open = erase_own(&app, &person.token);
    let open = open.refused(409, "user.erasure_blocked").await;
    let number = before["number"].as_i64().expect("a number") - 1;
    assert!(open.text.contains(&number.to_string()), "{}", open.text);
    let path = format!("/api/orders/{}/cancel", pending.id);
    let cancel = app.client.post(&path, &json!({"reason": "a secret wish"}));
    cancel.bearer(&person.token).expect(200).await;
    erase_own(&app, &person.token)
        .refused(409, "user.erasure_blocked")
        .await;
    ship(&app, tenant, &paid).await;
    ship(&app, tenant, &as_guest).await;
    app.client
        .post("/api/carts", &Value::Null)
        .bearer(&person.token)
        .send()
        .await;
    let answers = futures::future::join_all((0..3).map(|_| erase_own(&app, &person.token).send()));
    let answers = answers.await;
    assert!(
        answers.iter().any(|answer| answer.status == 204),
        "{answers:?}"
    );
    assert!(
        answers
            .iter()
            .all(|answer| [204, 401].contains(&answer.status)),
        "{answers:?}"
    );

    // Nobody can be them any more.
    let me = app.client.get("/api/auth/me").bearer(&person.token);
    me.refused(401, "auth.invalid_token").await;
    let login = json!({"email": EMAIL, "password": PASSWORD});
    let login = app.client.post("/api/auth/login", &login);
    login.refused(401, "auth.bad_credentials").await;
    let path = format!("/api/admin/users/{}", person.id);
    let row = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    assert_eq!(row.body["status"], "disabled");
    assert_eq!(row.body["phone"], Value::Null);

    // The books are as they were, with what an invoice needs.
    for order in [&paid, &as_guest] {
        let after = admin_order(&app, tenant, order).await;
        for field in [
            "number", "total", "captured", "subtotal", "shipping", "tax", "paid_at",
        ] {
            assert_eq!(after[field], admin_order(&app, tenant, order).await[field]);
            assert!(
                !after[field].is_null() || before[field].is_null(),
                "{field}"
            );
        }
        assert_eq!(after["billing_address"]["line1"], "Office Road 9");
        assert_eq!(after["billing_address"]["phone"], Value::Null);
        assert_eq!(after["shipping_address"], Value::Null);
        assert!(!after.to_string().contains(EMAIL), "{after}");
    }
    let after = admin_order(&app, tenant, &paid).await;
    for field in ["id", "name", "sku", "quantity", "unit_price", "discount"] {
        assert_eq!(after["lines"][0][field], before["lines"][0][field]);
    }
    assert_eq!(after["total"], before["total"]);
    let canceled = admin_order(&app, tenant, &pending).await;
    assert_eq!(canceled["billing_address"], Value::Null);
    assert_eq!(canceled["cancel_reason"], Value::Null);

    // An hour later, what requests in flight may have left is gone as well.
    app.pass(Duration::from_hours(2), Duration::from_hours(1))
        .await;
    if backend == Postgres {
        for table in [
            "users",
            "sessions",
            "api_keys",
            "one_time_tokens",
            "carts",
            "orders",
            "refunds",
            "audit_log",
            "request_keys",
            "sign_in_places",
            "jobs",
            "events",
        ] {
            let dump = app.store().dump(table).await;
            for trace in TRACES {
                // The name that was billed is kept for a while.
                let kept = table == "orders" && *trace == "Carla Customer";
                assert!(
                    kept || !dump.contains(trace),
                    "{table} holds {trace}: {dump}"
                );
            }
        }
    }
    // Until tax law does not need it any more.
    app.advance(Duration::from_hours(24 * 3653));
    app.drain().await;
    for order in [&paid, &as_guest] {
        let after = admin_order(&app, tenant, order).await;
        assert_eq!(after["billing_address"], Value::Null);
        assert_eq!(after["total"], before["total"]);
    }
    let log = app.client.get("/api/admin/audit?action=user.erase");
    let log = log.bearer(&tenant.key).expect(200).await;
    assert_eq!(log.body["data"].as_array().map(Vec::len), Some(1));

    // The address is free again.
    let again = app.register(EMAIL, HOST).await;
    assert_ne!(again.id, person.id);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_forget_whom(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let erase = |who: &str, of: &Person| {
        let path = format!("/api/admin/users/{}/erase", of.id);
        app.client.post(&path, &Value::Null).bearer(who)
    };
    let admin = &tenant.admin.token;
    erase(admin, &tenant.manager)
        .refused(409, "user.is_staff")
        .await;
    erase(admin, &tenant.admin)
        .refused(409, "user.own_account")
        .await;
    erase(&tenant.manager.token, &tenant.user)
        .refused(403, "auth.forbidden")
        .await;
    erase(&shop.second.admin.token, &tenant.user)
        .refused(404, "user.not_found")
        .await;
    erase_own(&app, &tenant.manager.token)
        .refused(409, "user.is_staff")
        .await;
    // Again is no error, and the other tenant's person with the same address
    // stays.
    erase(admin, &tenant.user).expect(204).await;
    erase(admin, &tenant.user).expect(204).await;
    let theirs = app
        .client
        .get("/api/auth/me")
        .bearer(&shop.second.user.token);
    assert_eq!(
        theirs.expect(200).await.body["user"]["email"],
        "user@mail.test"
    );
}
