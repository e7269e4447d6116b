//! Sellers: records of a shop, people who belong to them, and what they are
//! told of.

mod growth;
mod own;
mod report;
mod stock;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Person, Tenant, eur};

const SELLERS: &str = "/api/admin/sellers";

/// Makes a seller.
pub async fn seller(app: &App, tenant: &Tenant, body: Value) -> String {
    let made = app.client.post(SELLERS, &body).bearer(&tenant.key);
    made.expect(201).await.text_at("/id")
}

/// Makes somebody who belongs to a seller.
pub async fn person(app: &App, tenant: &Tenant, seller: &str, email: &str) -> Person {
    let person = app.register(email, tenant.host).await;
    join(app, tenant, seller, &person.id).expect(200).await;
    person
}

fn join(app: &App, tenant: &Tenant, seller: &str, user: &str) -> Call {
    let path = format!("{SELLERS}/{seller}/people");
    let call = app.client.post(&path, &json!({"user_id": user}));
    call.bearer(&tenant.key)
}

/// The shop as somebody else administers it.
pub fn by(tenant: &Tenant, who: &Person) -> Tenant {
    Tenant {
        key: who.token.clone(),
        ..tenant.clone()
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sellers_are_records_of_a_shop(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let post = |body: Value| app.client.post(SELLERS, &body).bearer(&tenant.key);
    let body = json!({"name": "Oak", "contact_email": "hello@oak.test", "contact_address": "Street 1\nBerlin",
        "payout_reference": "DE00", "fee": {"fixed": eur(10), "basis_points": 1000}});
    let made = post(body.clone()).once("oak").expect(201).await;
    let again = post(body).once("oak").expect(201).await;
    assert_eq!(made.body, again.body);
    assert_eq!(
        made.body["fee"],
        json!({"fixed": eur(10), "basis_points": 1000})
    );
    assert_eq!(
        (&made.body["status"], made.header("etag")),
        (&json!("active"), "\"1\"")
    );
    let id = made.text_at("/id");
    post(json!({"name": "Oak"}))
        .refused(409, "seller.name_taken")
        .await;
    let dollars = json!({"fixed": {"amount": 1, "currency": "USD"}, "basis_points": 0});
    post(json!({"name": "Elm", "fee": dollars}))
        .refused(422, "seller.fee_currency")
        .await;
    for body in [
        json!({}),
        json!({"name": "Elm", "rating": 5}),
        json!({"name": "Elm", "contact_email": "nowhere"}),
        json!({"name": "Elm", "fee": {"fixed": eur(-1), "basis_points": 0}}),
        json!({"name": "Elm", "fee": {"fixed": eur(0), "basis_points": 10_001}}),
    ] {
        let answer = post(body).send().await;
        assert!([400, 422].contains(&answer.status), "{}", answer.describe());
    }
    let path = format!("{SELLERS}/{id}");
    let patch = |body: Value, version: &str| {
        let call = app.client.patch(&path, &body).bearer(&tenant.key);
        call.header("if-match", version)
    };
    let call = app
        .client
        .patch(&path, &json!({"name": "Ash"}))
        .bearer(&tenant.key);
    call.refused(428, "request.if_match_missing").await;
    let changed = patch(
        json!({"name": "Ash", "fee": null, "payout_reference": null}),
        "\"1\"",
    );
    let changed = changed.expect(200).await;
    assert_eq!(
        (&changed.body["fee"], &changed.body["payout_reference"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(changed.body["contact_email"], "hello@oak.test");
    patch(json!({"name": "Yew"}), "\"1\"")
        .refused(412, "version_mismatch")
        .await;
    // Of another shop there is no such seller, and it may have one of that name.
    let other = app.client.get(&path).bearer(&shop.second.key);
    other.refused(404, "seller.not_found").await;
    seller(&app, &shop.second, json!({"name": "Ash"})).await;
    let product = json!({"name": "Lamp", "seller_id": id});
    let foreign = app
        .client
        .post("/api/admin/catalog/products", &product)
        .bearer(&shop.second.key);
    foreign.refused(422, "product.unknown_seller").await;

    let products = "/api/admin/catalog/products";
    let sold = app
        .client
        .post(products, &product)
        .bearer(&tenant.key)
        .expect(201)
        .await;
    let archive = |version: &str| {
        let call = app.client.post(&format!("{path}/archive"), &Value::Null);
        call.bearer(&tenant.key).header("if-match", version)
    };
    archive("\"2\"").refused(409, "seller.has_products").await;
    let call = app.client.post(
        &format!("{products}/{}/archive", sold.text_at("/id")),
        &Value::Null,
    );
    call.bearer(&tenant.key)
        .header("if-match", sold.header("etag"))
        .expect(200)
        .await;
    let archived = archive("\"2\"").expect(200).await;
    assert_eq!(archived.body["status"], "archived");
    let call = app.client.post(products, &product).bearer(&tenant.key);
    call.refused(409, "seller.archived").await;
    let call = app.client.patch(
        &format!("{products}/{}", sold.text_at("/id")),
        &json!({"status": "active"}),
    );
    call.bearer(&tenant.key)
        .header("if-match", "\"2\"")
        .refused(409, "seller.archived")
        .await;
    let user = &shop.first.user.id;
    join(&app, tenant, &id, user)
        .refused(409, "seller.archived")
        .await;
    let list = app
        .client
        .get(&format!("{SELLERS}?status=active"))
        .bearer(&tenant.key);
    assert_eq!(list.expect(200).await.body["data"], json!([]));
    patch(json!({"status": "active"}), "\"3\"")
        .expect(200)
        .await;
    let managers = app
        .client
        .get(SELLERS)
        .bearer(&tenant.manager.token)
        .expect(200)
        .await;
    assert_eq!(managers.text_at("/data/0/id"), id);
    let call = app
        .client
        .post(SELLERS, &json!({"name": "Elm"}))
        .bearer(&tenant.manager.token);
    call.refused(403, "auth.forbidden").await;
}

/// Either the product is there first, or the seller is archived.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gives_products_to_a_seller_who_is_archived_meanwhile(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    for n in 0..8 {
        let id = seller(&app, tenant, json!({"name": format!("Oak {n}")})).await;
        let body = json!({"name": format!("Lamp {n}"), "seller_id": id});
        let product = app
            .client
            .post("/api/admin/catalog/products", &body)
            .bearer(&tenant.key);
        let archive = app
            .client
            .post(&format!("{SELLERS}/{id}/archive"), &Value::Null);
        let archive = archive.bearer(&tenant.key).header("if-match", "\"1\"");
        let (product, archive) = tokio::join!(product.send(), archive.send());
        assert!(
            [(201, 409), (409, 200)].contains(&(product.status, archive.status)),
            "{}, {}",
            product.describe(),
            archive.describe()
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_belong_to_one_seller(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let oak = seller(&app, tenant, json!({"name": "Oak"})).await;
    let elm = seller(&app, tenant, json!({"name": "Elm"})).await;
    let list = "/api/admin/catalog/products";
    let person = app.register("sal@mail.test", tenant.host).await;
    app.client
        .get(list)
        .bearer(&person.token)
        .refused(403, "auth.forbidden")
        .await;
    let joined = join(&app, tenant, &oak, &person.id).expect(200).await;
    assert_eq!(
        (&joined.body["role"], &joined.body["seller_id"]),
        (&json!("seller"), &json!(oak))
    );
    // At once, with the token they have.
    app.client.get(list).bearer(&person.token).expect(200).await;
    let me = app
        .client
        .get("/api/auth/me")
        .bearer(&person.token)
        .expect(200)
        .await;
    let held = [
        "catalog:read",
        "catalog:write",
        "stock:write",
        "orders:read",
    ];
    assert_eq!(me.body["permissions"], json!(held));
    let people = app
        .client
        .get(&format!("/api/admin/users?seller_id={oak}"))
        .bearer(&tenant.key);
    let people = people.expect(200).await;
    assert_eq!(people.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(people.text_at("/data/0/id"), person.id);
    // Their keys are bound as they are.
    let key = |scopes: Value| {
        let body = json!({"name": "shop system", "scopes": scopes});
        app.client
            .post("/api/api-keys", &body)
            .bearer(&person.token)
    };
    key(json!(["settings:read"]))
        .refused(422, "api_key.scope_not_held")
        .await;
    let key = key(json!(["catalog:read"]))
        .expect(201)
        .await
        .text_at("/secret");
    let own = app.simple(&by(tenant, &person), "Lamp", 1).await;
    app.simple(tenant, "Desk", 1).await;
    let seen = app.client.get(list).bearer(&key).expect(200).await;
    assert_eq!(seen.body["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen.text_at("/data/0/id"), own.product);
    app.client
        .get("/api/seller/orders")
        .bearer(&key)
        .refused(403, "auth.forbidden")
        .await;
    app.client
        .get("/api/admin/exports/products")
        .bearer(&key)
        .refused(403, "auth.forbidden")
        .await;

    // Roles are not given and not taken by the way.
    let change = async |user: &str, body: Value| {
        let path = format!("/api/admin/users/{user}");
        let seen = app.client.get(&path).bearer(&tenant.key).expect(200).await;
        let call = app.client.patch(&path, &body).bearer(&tenant.admin.token);
        call.header("if-match", seen.header("etag")).send().await
    };
    let answer = change(&tenant.user.id, json!({"role": "seller"})).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (422, &json!("user.seller_role"))
    );
    join(&app, tenant, &oak, &tenant.manager.id)
        .refused(409, "user.has_role")
        .await;
    join(&app, tenant, &oak, &shop.second.user.id)
        .refused(404, "user.not_found")
        .await;
    join(&app, tenant, "sel_01h455vb4pex5vsknk084sn02q", &person.id)
        .refused(404, "seller.not_found")
        .await;
    let path = format!("{SELLERS}/{oak}/people");
    let body = json!({"user_id": tenant.user.id});
    let call = app.client.post(&path, &body).bearer(&tenant.manager.token);
    call.refused(403, "auth.forbidden").await;

    // To another seller, and away: tokens and keys follow at once.
    join(&app, tenant, &elm, &person.id).expect(200).await;
    let seen = app.client.get(list).bearer(&key).expect(200).await;
    assert_eq!(seen.body["data"], json!([]));
    let leave = |seller: &str| {
        let path = format!("{SELLERS}/{seller}/people/{}", person.id);
        app.client.delete(&path).bearer(&tenant.key)
    };
    leave(&oak).refused(404, "user.not_found").await;
    leave(&elm).expect(204).await;
    app.client
        .get(list)
        .bearer(&person.token)
        .refused(403, "auth.forbidden")
        .await;
    app.client
        .get(list)
        .bearer(&key)
        .refused(403, "auth.forbidden")
        .await;
    join(&app, tenant, &oak, &person.id).expect(200).await;
    let answer = change(&person.id, json!({"role": "user"})).await;
    assert_eq!(
        (answer.status, &answer.body["seller_id"]),
        (200, &Value::Null)
    );
    app.client
        .get("/api/seller/orders")
        .bearer(&person.token)
        .refused(403, "auth.forbidden")
        .await;
    app.client
        .get("/api/seller/orders")
        .bearer(&tenant.key)
        .refused(403, "auth.sellers_only")
        .await;
    let log = app.audited(tenant).await;
    for (action, times) in [
        ("seller.add_person", 3),
        ("seller.remove_person", 1),
        ("seller.create", 2),
    ] {
        assert_eq!(
            log.iter().filter(|one| *one == action).count(),
            times,
            "{action}"
        );
    }
}
