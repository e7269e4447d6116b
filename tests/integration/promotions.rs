//! Promotions and coupons: what they take off, when they do not apply, and how
//! they are made.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Cart, Listing, Tenant, eur, placed};
use testkit::{Answer, App};

const HOST: &str = "127.0.0.1";

/// Makes a promotion, and answers its id.
pub(crate) async fn promote(app: &App, tenant: &Tenant, body: Value) -> String {
    let call = app.client.post("/api/admin/promotions", &body);
    call.bearer(&tenant.key).expect(201).await.text_at("/id")
}

/// A promotion of which one code with a limit is known.
pub(crate) async fn coupon(
    app: &App,
    tenant: &Tenant,
    code: &str,
    rule: Value,
    more: Value,
) -> String {
    let mut body = json!({"name": format!("For {code}"), "needs_coupon": true, "rule": rule});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let id = promote(app, tenant, body).await;
    let path = format!("/api/admin/promotions/{id}/coupons");
    let call = app.client.post(&path, &json!({"code": code}));
    call.bearer(&tenant.key).expect(201).await;
    id
}

pub(crate) fn percent(basis_points: i64) -> Value {
    json!({"effect": {"kind": "percent", "basis_points": basis_points}})
}

pub(crate) fn use_code(app: &App, cart: &Cart, code: &str) -> Call {
    let path = format!("/api/carts/{}/coupons", cart.id);
    let call = app.client.post(&path, &json!({"code": code}));
    call.header("x-cart-token", &cart.token)
}

pub(crate) fn see(app: &App, cart: &Cart) -> Call {
    let call = app.client.get(&format!("/api/carts/{}", cart.id));
    call.header("x-cart-token", &cart.token)
}

pub(crate) async fn used(app: &App, tenant: &Tenant, id: &str) -> i64 {
    let call = app.client.get(&format!("/api/admin/promotions/{id}"));
    call.bearer(&tenant.key)
        .expect(200)
        .await
        .number_at("/used")
}

pub(crate) async fn change(app: &App, tenant: &Tenant, id: &str, body: Value) -> Answer {
    let path = format!("/api/admin/promotions/{id}");
    let read = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let call = app.client.patch(&path, &body).bearer(&tenant.key);
    call.header("if-match", read.header("etag")).send().await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cart_shows_what_applies_and_why_the_rest_does_not(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    // 25.00 each.
    let item = app.simple(tenant, "Lamp", 99).await;
    let cart = app.cart(HOST, &[(&item.variants[0], 2)]).await;
    let combinable = |mut rule: Value| {
        rule["combinable"] = json!(true);
        rule
    };
    let body = json!({"name": "Ten off", "needs_coupon": false, "position": -1,
        "rule": combinable(percent(1000))});
    promote(&app, tenant, body).await;
    let seen = see(&app, &cart).expect(200).await;
    assert_eq!(seen.body["totals"]["subtotal"], eur(5000));
    assert_eq!(seen.body["totals"]["discount"], eur(500));
    assert_eq!(seen.body["totals"]["total"], eur(5000));
    assert_eq!(seen.body["lines"][0]["discount"], eur(500));
    assert_eq!(seen.body["promotions"][0]["name"], "Ten off");

    let mut large = combinable(json!({"effect": {"kind": "fixed", "amount": eur(1000)}}));
    large["minimum_subtotal"] = eur(7500);
    coupon(&app, tenant, "LARGE", large, json!({})).await;
    let free = combinable(json!({"effect": {"kind": "free_shipping"}}));
    coupon(&app, tenant, "SHIP", free, json!({})).await;
    coupon(&app, tenant, "ALONE", percent(500), json!({})).await;
    let later = json!({"starts_at": "2026-04-01T00:00:00Z"});
    coupon(&app, tenant, "LATER", percent(5000), later).await;
    for code in ["large", " Ship ", "ALONE", "LATER", "LARGE"] {
        use_code(&app, &cart, code).expect(200).await;
    }
    let seen = see(&app, &cart).expect(200).await;
    let reasons: Vec<(&str, &Value)> = seen.body["coupons"]
        .as_array()
        .expect("coupons")
        .iter()
        .map(|one| (one["code"].as_str().unwrap_or_default(), &one["refusal"]))
        .collect();
    let expected = [
        (
            "LARGE",
            &json!({"reason": "minimum_subtotal", "minimum": eur(7500)}),
        ),
        ("SHIP", &Value::Null),
        ("ALONE", &json!({"reason": "not_combinable"})),
        (
            "LATER",
            &json!({"reason": "not_started", "starts_at": "2026-04-01T00:00:00.000000Z"}),
        ),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(seen.body["totals"]["shipping"], eur(0));
    assert_eq!(seen.body["totals"]["shipping_discount"], eur(500));
    assert_eq!(seen.body["totals"]["total"], eur(4500));
    // With a third lamp the minimum is reached: 7,500 less 10 %, less 10.00.
    let line = json!({"variant_id": item.variants[0], "quantity": 1});
    let line = app
        .client
        .post(&format!("/api/carts/{}/lines", cart.id), &line);
    let seen = line.header("x-cart-token", &cart.token).expect(200).await;
    assert_eq!(seen.body["totals"]["discount"], eur(1750));
    let path = format!("/api/carts/{}/coupons/large", cart.id);
    let remove = || app.client.delete(&path).header("x-cart-token", &cart.token);
    let seen = remove().expect(200).await;
    assert_eq!(seen.body["totals"]["discount"], eur(750));
    remove().refused(404, "coupon.not_found").await;
    // What does not exist, is over, or is another shop's.
    use_code(&app, &cart, "NONE")
        .refused(422, "coupon.unknown")
        .await;
    use_code(&app, &cart, "no spaces")
        .refused(422, "coupon.invalid_code")
        .await;
    let dollars = json!({"effect": {"kind": "free_shipping"}});
    coupon(&app, &shop.second, "THEIRS", dollars, json!({})).await;
    use_code(&app, &cart, "THEIRS")
        .refused(422, "coupon.unknown")
        .await;
    let over = json!({"ends_at": "2026-03-01T11:00:00Z"});
    coupon(&app, tenant, "OVER", percent(100), over).await;
    use_code(&app, &cart, "OVER")
        .refused(422, "coupon.unknown")
        .await;
    for n in 0..2 {
        let code = format!("MORE-{n}");
        coupon(&app, tenant, &code, percent(100), json!({})).await;
        use_code(&app, &cart, &code).expect(200).await;
    }
    use_code(&app, &cart, "LARGE")
        .refused(409, "coupon.too_many")
        .await;
}

/// Three lines, a discount that does not come out even: what the gateway is
/// asked for adds up, and what goes back is what was paid.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_keeps_its_discount_for_each_line(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, _stripe) = App::with_stripe(backend, &[]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let listing = Listing {
        name: "Shirt",
        strategy: "per_size",
        price: 333,
        stock: &[50, 50, 50],
    };
    let item = app.list(tenant, &listing).await;
    let lines: Vec<(&str, i64)> = item.variants.iter().map(|v| (v.as_str(), 3)).collect();
    let cart = app.cart(HOST, &lines).await;
    let body = json!({"name": "Ten euros", "needs_coupon": false,
        "rule": {"effect": {"kind": "fixed", "amount": eur(1000)}}});
    let id = promote(&app, tenant, body).await;
    let seen = see(&app, &cart).expect(200).await;
    let answer = app.checkout(HOST, &cart).expect(201).await;
    let order = &answer.body["order"];
    assert_eq!(order["total"], seen.body["totals"]["total"]);
    assert_eq!(order["total"], eur(2997 - 1000 + 500));
    let parts: Vec<i64> = (0..3)
        .map(|n| answer.number_at(&format!("/order/lines/{n}/discount/amount")))
        .collect();
    assert_eq!(parts, [334, 333, 333]);
    assert_eq!(order["payments"][0]["amount"], order["total"]);
    assert_eq!(order["promotions"][0]["promotion_id"], json!(id));
    assert_eq!(order["promotions"][0]["goods"], eur(1000));
    assert_eq!(used(&app, tenant, &id).await, 1);
    let read = app.see(&placed(&answer)).await;
    assert_eq!(read["lines"], order["lines"]);
    assert_eq!(read["fee"], eur(0));
    // Nothing is left to take off: shipping is all there is to pay.
    let all = json!({"rule": {"effect": {"kind": "percent", "basis_points": 10_000}}});
    assert_eq!(change(&app, tenant, &id, all).await.status, 200);
    let cart = app.cart(HOST, &lines).await;
    let free = app.checkout(HOST, &cart).expect(201).await;
    assert_eq!(free.body["order"]["total"], eur(500));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promotions_and_codes_are_made_listed_changed_and_ended(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let post = |path: &str, body: &Value| app.client.post(path, body).bearer(&tenant.key);
    let get = |path: &str| app.client.get(path).bearer(&tenant.key);
    let base = "/api/admin/promotions";
    let body = json!({"name": "Vouchers", "needs_coupon": true, "rule": percent(1500),
        "ends_at": "2026-12-31T23:59:59Z", "position": 3});
    let made = post(base, &body).once("made-once").expect(201).await;
    let again = post(base, &body).once("made-once").expect(201).await;
    assert_eq!(made.body, again.body);
    let path = format!("{base}/{}", made.text_at("/id"));
    let list = get(&format!("{base}?needs_coupon=true")).expect(200).await;
    assert_eq!(list.body["data"], json!([made.body]));
    let none = get(&format!("{base}?needs_coupon=false")).expect(200).await;
    assert_eq!(none.body["data"], json!([]));
    // Codes by chance, and one that somebody thought of.
    let batch = json!({"count": 25, "prefix": "vip-"});
    let batch = post(&format!("{path}/coupons/batch"), &batch)
        .expect(201)
        .await;
    let codes = batch.body["data"].as_array().expect("codes");
    assert_eq!(codes.len(), 25);
    assert!(batch.text_at("/data/0/code").starts_with("VIP-"));
    assert_eq!(batch.body["data"][0]["use_limit"], 1);
    let own = json!({"code": "Own-Code"});
    let coupons = format!("{path}/coupons");
    let own = post(&coupons, &own).expect(201).await;
    assert_eq!(own.body["code"], "OWN-CODE");
    let taken = json!({"code": "own-code"});
    post(&coupons, &taken)
        .refused(409, "coupon.code_taken")
        .await;
    let page = get(&format!("{coupons}?limit=20")).expect(200).await;
    let cursor = page.text_at("/next_cursor");
    let rest = get(&format!("{coupons}?limit=20&cursor={cursor}"))
        .expect(200)
        .await;
    assert_eq!(rest.body["data"].as_array().map(Vec::len), Some(6));
    let code = format!("{coupons}/{}", own.text_at("/id"));
    app.client
        .delete(&code)
        .bearer(&tenant.key)
        .expect(204)
        .await;
    let cart = app.cart(HOST, &[]).await;
    use_code(&app, &cart, "OWN-CODE")
        .refused(422, "coupon.unknown")
        .await;
    // A change names the version it is based on.
    let patch = || {
        app.client
            .patch(&path, &json!({"name": "Gifts"}))
            .bearer(&tenant.key)
    };
    patch().refused(428, "request.if_match_missing").await;
    let changed = patch()
        .header("if-match", made.header("etag"))
        .expect(200)
        .await;
    assert_eq!(
        (changed.text_at("/name"), changed.number_at("/version")),
        ("Gifts".to_owned(), 2)
    );
    assert_eq!(changed.body["rule"], made.body["rule"]);
    patch()
        .header("if-match", made.header("etag"))
        .refused(412, "version_mismatch")
        .await;
    // What makes no sense is refused, and says why.
    let effect = |effect: Value| json!({"effect": effect});
    let usd = json!({"amount": 100, "currency": "USD"});
    for (rule, code) in [
        (percent(0), "promotion.invalid"),
        (percent(10_001), "promotion.invalid"),
        (
            effect(json!({"kind": "fixed", "amount": eur(0)})),
            "promotion.invalid",
        ),
        (
            effect(json!({"kind": "buy_x_get_y", "buy": 0, "get": 1})),
            "promotion.invalid",
        ),
        (
            effect(json!({"kind": "fixed", "amount": usd})),
            "promotion.currency_mismatch",
        ),
    ] {
        let body = json!({"name": "Bad", "needs_coupon": false, "rule": rule});
        post(base, &body).refused(422, code).await;
    }
    let backwards = json!({"name": "Bad", "needs_coupon": false, "rule": percent(100),
        "starts_at": "2026-05-01T00:00:00Z", "ends_at": "2026-04-01T00:00:00Z"});
    post(base, &backwards)
        .refused(422, "promotion.invalid")
        .await;
    let automatic = json!({"name": "All", "needs_coupon": false, "rule": percent(100)});
    let automatic = promote(&app, tenant, automatic).await;
    let code = json!({"code": "NO-CODE"});
    post(&format!("{base}/{automatic}/coupons"), &code)
        .refused(409, "promotion.without_code")
        .await;
    // Nobody else sees or changes any of it.
    for call in [
        app.client.get(&path).bearer(&shop.second.key),
        app.client.get(&coupons).bearer(&shop.second.key),
    ] {
        call.refused(404, "promotion.not_found").await;
    }
}
