//! Everybody who may call, and the things they call for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::{Permission, Role};
use serde_json::{Value, json};
use testkit::picture::Part;
use testkit::shop::{Person, Shop, Tenant};
use testkit::{Answer, App};

use super::belongings::{another_session, saved_address, short_lived_key};
use super::clusters::fresh_in_clusters;
use super::of_sellers::{of_seller, seller_callers};
use super::routes::{Access, Route};
use super::services::{fresh_in_hosting, hosted};
use super::wallets::{fresh_in_wallet, paid_top_up, wallet};

/// Somebody who calls.
pub struct Caller {
    /// For messages.
    pub name: String,
    /// The access token or API key; empty for nobody in particular.
    pub credential: String,
    /// Whether they signed in themselves.
    pub person: bool,
    /// What they may do.
    pub permissions: Vec<&'static str>,
    /// What they may do with what is their seller's; only those have this who
    /// belong to one.
    pub within: Vec<&'static str>,
}

impl Caller {
    /// Whether a route is for them, as they are and without a guest's token.
    pub fn may(&self, access: Access) -> bool {
        match access {
            Access::Open => true,
            Access::Owner => false,
            Access::OwnerOrBoth { see, change } => {
                self.permissions.contains(&see) && self.permissions.contains(&change)
            }
            Access::Account => !self.credential.is_empty(),
            Access::Person => self.person,
            Access::Within(permission) => {
                self.permissions.contains(&permission) || self.within.contains(&permission)
            }
            Access::OfSeller(permission) => self.within.contains(&permission),
            Access::Needs(permission) | Access::OwnerOr(permission) => {
                self.permissions.contains(&permission)
            }
        }
    }
}

pub(super) fn names(role: Role) -> Vec<&'static str> {
    role.permissions().iter().map(Permission::name).collect()
}

/// Everybody in the first tenant.
pub async fn callers(app: &App, shop: &Shop) -> Vec<Caller> {
    let people = [
        (&shop.first.user, Role::User),
        (&shop.first.manager, Role::Manager),
        (&shop.first.admin, Role::Admin),
        (&shop.operator, Role::Operator),
    ];
    let mut callers = vec![Caller {
        name: "nobody".to_owned(),
        credential: String::new(),
        person: false,
        permissions: Vec::new(),
        within: Vec::new(),
    }];
    for (person, role) in people {
        callers.push(Caller {
            name: role.name().to_owned(),
            credential: person.token.clone(),
            person: true,
            permissions: names(role),
            within: Vec::new(),
        });
    }
    callers.extend(seller_callers(app, shop).await);
    // A key for each permission alone, one for none, one for all but one.
    let all = names(Role::Operator);
    let mut sets: Vec<Vec<&'static str>> = all.iter().map(|one| vec![*one]).collect();
    sets.push(Vec::new());
    for without in &all {
        sets.push(all.iter().copied().filter(|one| one != without).collect());
    }
    // Nobody may have as many as these.
    let of_admins = names(Role::Admin);
    for permissions in sets {
        let is_admins = permissions.iter().all(|one| of_admins.contains(one));
        let owner = if is_admins {
            &shop.first.admin
        } else {
            &shop.operator
        };
        let made = key(app, owner, &permissions).await;
        callers.push(Caller {
            name: format!("a key for {permissions:?}"),
            credential: made.text_at("/secret"),
            person: false,
            permissions,
            within: Vec::new(),
        });
    }
    callers
}

pub(super) async fn key(app: &App, owner: &Person, permissions: &[&str]) -> Answer {
    app.client
        .post(
            "/api/api-keys",
            &json!({"name": "a key", "scopes": permissions}),
        )
        .bearer(&owner.token)
        .expect(201)
        .await
}

/// Ids by the names that stand for them in paths and bodies.
pub type Things = BTreeMap<&'static str, String>;

/// Things that one request makes: what stands for their id, where they are
/// made, and with which body.
const MADE: &[(&str, &str, &str)] = &[
    ("cluster_id", super::clusters::PATH, super::clusters::ONE),
    (
        "category_id",
        "/api/admin/catalog/categories",
        r#"{"name": "Lights"}"#,
    ),
    ("seller_id", "/api/admin/sellers", r#"{"name": "Elm"}"#),
    (
        "price_list_id",
        "/api/admin/price-lists",
        r#"{"name": "Yen", "currency": "JPY"}"#,
    ),
    (
        "promotion_id",
        "/api/admin/promotions",
        r#"{"name": "Sale", "needs_coupon": true, "rule": {"effect": {"kind": "free_shipping"}}}"#,
    ),
];

/// One of everything a tenant can have, with a guest as the buyer.
pub async fn things(app: &App, tenant: &Tenant) -> (Things, Tokens) {
    let client = &app.client;
    let item = app.simple(tenant, "Lamp", 1000).await;
    // The first piece is sent and asked back; the others wait.
    let order = app.order(tenant, &[(&item.variants[0], 3)]).await;
    app.pay(&order).await;
    let line = order.answer["order"]["lines"][0]["id"].as_str();
    let line = line.unwrap_or_default().to_owned();
    let path = format!("/api/admin/orders/{}", order.id);
    let ship = json!({"lines": [{"line_id": line, "quantity": 1}]});
    let shipped = client.post(&format!("{path}/shipments"), &ship);
    let shipped = shipped.bearer(&tenant.key).expect(200).await;
    let back =
        json!({"lines": [{"line_id": line, "quantity": 1, "reason": "other"}], "approved": false});
    let back = client.post(&format!("{path}/returns"), &back);
    let back = back.bearer(&tenant.key).expect(201).await;
    let first_of = async |path: &str| {
        let list = client.get(path).bearer(&tenant.key).expect(200).await;
        list.text_at("/data/0/id")
    };
    let currency = order.answer.pointer("/order/total/currency");
    let mut things = Things::from([
        ("product", item.product.clone()),
        ("product_id", item.product.clone()),
        ("variant_id", item.variants[0].clone()),
        ("order_id", order.id.clone()),
        ("sent_order_id", order.id.clone()),
        ("order_line_id", line),
        ("shipment_id", shipped.text_at("/shipments/0/id")),
        ("return_id", back.text_at("/id")),
        ("session_id", order.session.clone()),
        ("user_id", tenant.user.id.clone()),
        ("tenant_id", tenant.id.clone()),
        ("mail", "order_confirmation".to_owned()),
        ("language", "de".to_owned()),
        (
            "shipping_method_id",
            first_of("/api/admin/shipping-methods").await,
        ),
        (
            "webhook_event_id",
            first_of("/api/admin/webhook-events").await,
        ),
        (
            "currency",
            currency
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
        ),
    ]);
    for (name, path, body) in MADE {
        let body: Value = serde_json::from_str(body).expect("a body");
        let made = client.post(path, &body).bearer(&tenant.key).expect(201);
        things.insert(name, made.await.text_at("/id"));
    }
    things.insert("wallet_id", wallet(app, tenant, &things["currency"]).await);
    let paid = paid_top_up(app, tenant, &things["currency"]).await;
    things.insert("paid_top_up_id", paid);
    hosted(app, tenant, &mut things).await;
    things.insert("image_id", picture(app, tenant, &item.product).await);
    app.drain().await;
    things.insert("import_id", import(app, tenant).await);
    app.drain().await;
    let tokens = Tokens {
        sent: order.token.clone(),
        order: order.token,
        cart: String::new(),
    };
    (things, tokens)
}

/// A picture of a product.
async fn picture(app: &App, tenant: &Tenant, product: &str) -> String {
    let file = testkit::picture::small(NUMBER.fetch_add(1, Ordering::Relaxed));
    let path = format!("/api/admin/catalog/products/{product}/images");
    let call = app.client.call(testkit::client::POST, &path);
    let call = call.bearer(&tenant.key).form(&[Part::file(&file)]);
    call.expect(201).await.text_at("/id")
}

/// An import that waits for a worker.
async fn import(app: &App, tenant: &Tenant) -> String {
    let call = app
        .client
        .call(testkit::client::POST, "/api/admin/imports")
        .bearer(&tenant.key)
        .header("content-type", "text/csv")
        .body("handle,name\nimported,Imported\n");
    call.expect(202).await.text_at("/id")
}

/// A job of the tenant.
async fn job(app: &App, tenant: &Tenant) -> String {
    let body = json!({"email": tenant.user.email});
    let forgot = app.client.post("/api/auth/password/forgot", &body);
    forgot.header("host", tenant.host).expect(202).await;
    let jobs = app.client.get("/api/admin/jobs").bearer(&tenant.key);
    jobs.expect(200).await.text_at("/data/0/id")
}

/// What lets a guest use their things.
#[derive(Clone)]
pub struct Tokens {
    /// The order's.
    pub order: String,
    /// That of the order that was sent.
    pub sent: String,
    /// The cart's.
    pub cart: String,
}

/// A cart with a line.
async fn filled_cart(app: &App, tenant: &Tenant, things: &mut Things, tokens: &mut Tokens) {
    let cart = app.cart(tenant.host, &[(&things["variant_id"], 1)]).await;
    let path = format!("/api/carts/{}", cart.id);
    let seen = app.client.get(&path).header("host", tenant.host);
    let seen = seen.header("x-cart-token", &cart.token).expect(200).await;
    things.insert("cart_id", cart.id);
    things.insert("line_id", seen.text_at("/lines/0/id"));
    tokens.cart = cart.token;
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Adds those things to which a route does something final: each call gets
/// its own. The owner makes those that belong to a person.
pub async fn fresh(
    app: &App,
    tenant: &Tenant,
    route: &Route,
    owner: &str,
    things: &mut Things,
    tokens: &mut Tokens,
) {
    let wants = |name: &str| {
        let name = format!("{{{name}}}");
        route.path.contains(&name) || route.body.contains(&name)
    };
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    things.insert("any", format!("any-{number}"));
    things.insert("user_id", tenant.user.id.clone());
    if route.path.ends_with("/erase") {
        let email = format!("short-lived-{number}@mail.test");
        let person = app.register(&email, tenant.host).await;
        things.insert("user_id", person.id);
    }
    if route.path.contains("/people") {
        let person = of_seller(app, tenant, route, number, &things["seller_id"]).await;
        things.insert("user_id", person);
    }
    if wants("cart_id") {
        filled_cart(app, tenant, things, tokens).await;
    }
    if wants("code") || wants("coupon") || wants("coupon_id") {
        offer(app, tenant, number, things, tokens).await;
    }
    if wants("address_id") {
        things.insert("address_id", saved_address(app, owner).await);
    }
    if wants("shipping_zone_id") {
        things.insert("shipping_zone_id", shipping_zone(app, tenant).await);
    }
    if wants("order_line_id") || wants("return_id") {
        things.insert("order_id", things["sent_order_id"].clone());
        tokens.order.clone_from(&tokens.sent);
    }
    if route.path.ends_with("/orders/{order_id}/cancel") {
        let order = app.order(tenant, &[(&things["variant_id"], 1)]).await;
        things.insert("order_id", order.id);
        tokens.order = order.token;
    }
    fresh_in_clusters(app, tenant, route, owner, things).await;
    if wants("job_id") {
        things.insert("job_id", job(app, tenant).await);
    }
    if route.method == "DELETE" && wants("image_id") {
        let id = picture(app, tenant, &things["product_id"]).await;
        things.insert("image_id", id);
    }
    if ["wallet", "top-ups", "gift-cards"]
        .iter()
        .any(|part| route.path.contains(part))
    {
        fresh_in_wallet(app, tenant, route, owner, things).await;
    }
    fresh_in_hosting(app, route, owner, things).await;
    if wants("import_id") {
        // What goes on is in the way of the next one.
        app.drain().await;
        things.insert("import_id", import(app, tenant).await);
    }
    if wants("auth_session_id") {
        let id = another_session(app, tenant, owner).await;
        things.insert("auth_session_id", id);
    }
    if wants("key_id") {
        things.insert("key_id", short_lived_key(app, owner).await);
    }
}

async fn shipping_zone(app: &App, tenant: &Tenant) -> String {
    let zone = json!({"name": "Near", "areas": [{"country": "DE"}]});
    let zone = app.client.post("/api/admin/shipping-zones", &zone);
    zone.bearer(&tenant.key).expect(201).await.text_at("/id")
}

/// A code that is in the cart, one that is not, and the id of that one.
async fn offer(app: &App, tenant: &Tenant, number: u32, things: &mut Things, tokens: &Tokens) {
    let path = format!("/api/admin/promotions/{}/coupons", things["promotion_id"]);
    for (name, code) in [
        ("code", format!("IN-{number}")),
        ("coupon", format!("NEW-{number}")),
    ] {
        let made = app.client.post(&path, &json!({"code": code}));
        let made = made.bearer(&tenant.key).expect(201).await;
        things.insert("coupon_id", made.text_at("/id"));
        things.insert(name, code);
    }
    if let Some(cart) = things.get("cart_id") {
        let body = json!({"code": format!("IN-{number}")});
        let call = app
            .client
            .post(&format!("/api/carts/{cart}/coupons"), &body);
        call.header("host", tenant.host)
            .header("x-cart-token", &tokens.cart)
            .send()
            .await;
    }
}
