//! Carts that were left behind: one reminder at most, the way back, the way
//! out, and who else hears of it.

use std::time::Duration;

use accounts_model::ports::Mail;
use kernel::{JobId, signature};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Cart, Person, Tenant};
use testkit::sink::Sink;

const BUYER: &str = "buyer@mail.test";

/// Lets so much time pass that a cart counts as left behind.
async fn leave(app: &App) {
    app.advance(Duration::from_hours(5));
    app.drain().await;
}

fn reminders(app: &App, to: &str) -> Vec<Mail> {
    let mut mails = app.mails.to(to);
    mails.retain(|mail| mail.subject.starts_with("You left something"));
    mails
}

/// What follows `token=` in a text.
fn token(text: &str) -> String {
    let (_, rest) = text.split_once("token=").expect("a link");
    let end = rest
        .find(|c: char| c.is_whitespace() || c == '"')
        .unwrap_or(rest.len());
    rest[..end].to_owned()
}

async fn recovered(app: &App, tenant: &Tenant) -> (i64, i64, i64) {
    let seen = app.client.get("/api/admin/metrics").bearer(&tenant.key);
    let seen = seen.expect(200).await;
    let at = |field: &str| {
        let value = seen.body.pointer(&format!("/totals/0/{field}"));
        value.and_then(Value::as_i64).unwrap_or_default()
    };
    (
        at("reminders"),
        at("recovered_orders"),
        at("recovered_revenue/amount"),
    )
}

fn restore(app: &App, host: &str, token: &str) -> testkit::client::Call {
    let body = json!({"token": token});
    let call = app.client.post("/api/abandoned-carts/restore", &body);
    call.header("host", host)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_is_reminded_of_once_and_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (tenant, other) = (&shop.first, &shop.second);
    let lamp = app.simple(tenant, "Lamp <b>", 50).await;
    let cart = app.cart(tenant.host, &[(&lamp.variants[0], 2)]).await;
    // Without a mail address, and without anything in it.
    app.client
        .post("/api/carts", &Value::Null)
        .expect(201)
        .await;
    app.cart(tenant.host, &[]).await;
    app.advance(Duration::from_hours(3));
    app.drain().await;
    assert_eq!(reminders(&app, BUYER).len(), 0);
    leave(&app).await;
    let mails = reminders(&app, BUYER);
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert!(
        mail.text.contains("2 x Lamp <b> (40)  50.00 EUR"),
        "{}",
        mail.text
    );
    let html = mail.html.as_deref().unwrap_or_default();
    assert!(html.contains("Lamp &lt;b&gt;"), "{html}");
    let one_click = mail.unsubscribe.as_deref().unwrap_or_default();
    assert!(
        one_click.starts_with("http://shop.test/unsubscribe?token="),
        "{one_click}"
    );
    assert_eq!(recovered(&app, tenant).await, (1, 0, 0));

    // Never again, not even after the cart was touched and left once more, nor
    // when the event comes a second time.
    let path = format!("/api/carts/{}", cart.id);
    let touch = app.client.patch(&path, &json!({"email": BUYER}));
    touch.header("x-cart-token", &cart.token).expect(200).await;
    leave(&app).await;
    leave(&app).await;
    let id = cart.id.parse().expect("an id");
    let scope = app.scope(&tenant.id);
    for _ in 0..2 {
        let job = JobId::new(app.sutler.queue.clock().now());
        let again = app.sutler.engagement.remind_of_cart(&scope, job, id);
        again.await.expect("no fault");
    }
    assert_eq!(reminders(&app, BUYER).len(), 1);

    let link = token(&mail.text);
    restore(&app, tenant.host, "none")
        .refused(410, "engagement.invalid_link")
        .await;
    restore(&app, other.host, &link)
        .refused(410, "engagement.invalid_link")
        .await;
    let back = restore(&app, tenant.host, &link).expect(200).await;
    assert_eq!(back.text_at("/id"), cart.id);
    let cart = Cart {
        id: back.text_at("/id"),
        token: back.text_at("/token"),
    };
    let placed = app.checkout(tenant.host, &cart).expect(201).await;
    app.pay(&testkit::shop::placed(&placed)).await;
    assert_eq!(recovered(&app, tenant).await, (1, 1, 5500));
    restore(&app, tenant.host, &link)
        .refused(409, "cart.ordered")
        .await;
    // An order of somebody who was not reminded is no recovery.
    let order = app.order(tenant, &[(&lamp.variants[0], 1)]).await;
    app.pay(&order).await;
    assert_eq!(recovered(&app, tenant).await, (1, 1, 5500));
    assert_eq!(recovered(&app, other).await, (0, 0, 0));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_jobs_for_one_cart_one_reminds(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let cart = app.cart(tenant.host, &[(&lamp.variants[0], 2)]).await;
    app.advance(Duration::from_hours(5));
    let scope = app.scope(&tenant.id);
    let engagement = &app.sutler.engagement;
    // Marked by several at once, too.
    let marks = (0..4).map(|_| engagement.find_abandoned_carts(&scope));
    for marked in futures::future::join_all(marks).await {
        marked.expect("no fault");
    }
    let cart = cart.id.parse().expect("an id");
    let now = app.sutler.queue.clock().now();
    let jobs = (0..8).map(|_| engagement.remind_of_cart(&scope, JobId::new(now), cart));
    for reminded in futures::future::join_all(jobs).await {
        reminded.expect("no fault");
    }
    app.drain().await;
    assert_eq!(reminders(&app, BUYER).len(), 1);
    assert_eq!(recovered(&app, tenant).await.0, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_ordered_in_the_meantime_is_not_reminded(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let lines = [(lamp.variants[0].as_str(), 1)];
    let (same, another) = (
        app.cart(tenant.host, &lines).await,
        app.cart(tenant.host, &lines).await,
    );
    app.advance(Duration::from_hours(5));
    let scope = app.scope(&tenant.id);
    let find = app.sutler.engagement.find_abandoned_carts(&scope);
    find.await.expect("no fault");
    // One cart becomes an order; the other one is of the same address.
    app.checkout(tenant.host, &same).expect(201).await;
    app.drain().await;
    assert_eq!(reminders(&app, BUYER).len(), 0, "{}", another.id);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wishes_no_reminders_gets_none(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (tenant, other) = (&shop.first, &shop.second);
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let desk = app.simple(other, "Desk", 50).await;
    app.cart(tenant.host, &[(&lamp.variants[0], 1)]).await;
    leave(&app).await;
    let mails = reminders(&app, BUYER);
    assert_eq!(mails.len(), 1);
    let link = mails[0].unsubscribe.clone().unwrap_or_default();
    assert!(mails[0].text.contains(&link), "{}", mails[0].text);
    let path = link.strip_prefix("http://shop.test").expect("our address");

    // To look at the page is not to ask for anything.
    let page = app.client.get(path).expect(200).await;
    assert!(
        page.text.contains("<form method=\"post\">"),
        "{}",
        page.text
    );
    // Whoever writes their address into many carts gets no more of them.
    for _ in 0..3 {
        app.cart(tenant.host, &[(&lamp.variants[0], 1)]).await;
    }
    leave(&app).await;
    assert_eq!(reminders(&app, BUYER).len(), 1);
    app.pass(Duration::from_hours(7 * 24), Duration::from_hours(24))
        .await;
    for _ in 0..3 {
        app.cart(tenant.host, &[(&lamp.variants[0], 1)]).await;
    }
    leave(&app).await;
    assert_eq!(reminders(&app, BUYER).len(), 2);

    // As a mail program does it (RFC 8058), at whichever host, and twice.
    for host in [tenant.host, other.host] {
        app.client
            .call("POST".parse().expect("a method"), path)
            .header("host", host)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("List-Unsubscribe=One-Click")
            .expect(200)
            .await;
    }
    for bad in ["none", &"A".repeat(107), &format!("B{}", &token(path)[1..])] {
        let refused = app.client.get(&format!("/unsubscribe?token={bad}"));
        let refused = refused.send().await;
        assert_eq!(refused.status, 410, "{}", refused.describe());
    }
    app.client.get("/unsubscribe").expect(400).await;
    let cart = app.cart(tenant.host, &[(&lamp.variants[0], 1)]).await;
    app.client
        .patch(
            &format!("/api/carts/{}", cart.id),
            &json!({"email": "Buyer@Mail.test"}),
        )
        .header("x-cart-token", &cart.token)
        .expect(200)
        .await;
    leave(&app).await;
    assert_eq!(reminders(&app, BUYER).len(), 2);
    // Of another shop they do get one.
    app.cart(other.host, &[(&desk.variants[0], 1)]).await;
    leave(&app).await;
    assert_eq!(reminders(&app, BUYER).len(), 3);
}

/// A cart of somebody who is signed in.
async fn own_cart(app: &App, person: &Person, variant: &str) -> String {
    let client = &app.client;
    let cart = client
        .post("/api/carts", &Value::Null)
        .bearer(&person.token);
    let cart = cart.expect(201).await.text_at("/id");
    let line = json!({"variant_id": variant, "quantity": 1});
    let add = client.post(&format!("/api/carts/{cart}/lines"), &line);
    add.bearer(&person.token).expect(200).await;
    cart
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cart_of_an_account_is_for_its_owner(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let user = &app.register("owner@mail.test", tenant.host).await;
    let unproven = &app.register("unproven@mail.test", tenant.host).await;
    app.drain().await;
    let proof = app.mails.to(&user.email);
    let proof = proof.first().expect("the mail that proves the address");
    let body = json!({"token": token(&proof.text)});
    let proven = app
        .client
        .post("/api/auth/verify-email", &body)
        .send()
        .await;
    assert!(proven.status < 300, "{}", proven.describe());
    let cart = own_cart(&app, user, &lamp.variants[0]).await;
    // An address that was not proven is not written to.
    own_cart(&app, unproven, &lamp.variants[0]).await;
    leave(&app).await;
    assert_eq!(reminders(&app, &unproven.email).len(), 0);
    let mails = reminders(&app, &user.email);
    assert_eq!(mails.len(), 1);
    let link = token(&mails[0].text);
    restore(&app, tenant.host, &link)
        .refused(401, "auth.required")
        .await;
    let stranger = restore(&app, tenant.host, &link).bearer(&tenant.key);
    stranger.refused(404, "cart.not_found").await;
    let owner = app.login(&user.email, tenant.host).await;
    let back = restore(&app, tenant.host, &link).bearer(&owner.token);
    let back = back.expect(200).await;
    assert_eq!(back.text_at("/id"), cart);
    assert_eq!(back.body.get("token"), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_system_hears_of_it(#[values(Sqlite, Postgres)] backend: Backend) {
    const SECRET: &str = "a-secret-of-the-hook";
    let sink = Sink::start();
    let url = format!("{}/hooks/carts", sink.url());
    let app = App::with(
        backend,
        &[
            ("ABANDONED_CART_WEBHOOK_URL", &url),
            ("ABANDONED_CART_WEBHOOK_SECRET", SECRET),
            ("ABANDONED_CART_REMINDERS", "false"),
        ],
    )
    .await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let cart = app.cart(tenant.host, &[(&lamp.variants[0], 2)]).await;
    sink.answer_next(&[(500, "{}"), (302, "{}")]);
    leave(&app).await;
    assert_eq!(sink.received().len(), 1);
    // After a failure that may pass it is tried again; after one that will not,
    // somebody has to look.
    app.pass(Duration::from_mins(30), Duration::from_mins(5))
        .await;
    assert_eq!(sink.received().len(), 2);
    let dead = app
        .client
        .get("/api/admin/jobs?state=dead")
        .bearer(&tenant.key);
    let dead = dead.expect(200).await;
    assert_eq!(
        dead.text_at("/data/0/kind"),
        "engagement.post_abandoned_cart"
    );
    let retry = format!("/api/admin/jobs/{}/retry", dead.text_at("/data/0/id"));
    let retry = app.client.post(&retry, &Value::Null).bearer(&tenant.key);
    let retried = retry.send().await;
    assert!(retried.status < 300, "{}", retried.describe());
    app.drain().await;
    let all = sink.received();
    assert_eq!(all.len(), 3);
    for one in &all {
        assert_eq!(one.target, "POST /hooks/carts");
        assert_eq!(one.header("sutler-event-id"), cart.id);
    }
    let last = all.last().expect("one");
    let now = app.sutler.queue.clock().now();
    let header = last.header("sutler-signature");
    let secret = SECRET.as_bytes();
    assert!(signature::verify(header, &last.body, [secret], now));
    assert!(!signature::verify(header, b"{}", [secret], now));
    let body: Value = serde_json::from_slice(&last.body).expect("JSON");
    assert_eq!(
        (
            &body["type"],
            &body["id"],
            &body["email"],
            &body["wants_reminders"]
        ),
        (
            &json!("cart.abandoned"),
            &json!(cart.id),
            &json!(BUYER),
            &json!(true)
        )
    );
    assert_eq!(body["total"]["amount"], 5500);
    assert_eq!(body["lines"][0]["quantity"], 2);
    let link = token(body["restore_url"].as_str().unwrap_or_default());
    restore(&app, tenant.host, &link).expect(200).await;
    // Reminders are off.
    assert_eq!(reminders(&app, BUYER).len(), 0);
}
