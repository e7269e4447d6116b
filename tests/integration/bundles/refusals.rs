//! What cannot be a bundle or a component, and who may make them.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Item, Tenant};
use testkit::{Answer, App};

use super::{adjust, bundle, list_of, put, seen, shown};
use crate::imports::import;
use crate::sellers::{by, person, seller};

async fn refused(app: &App, tenant: &Tenant, item: &Item, of: &[(&str, i64)]) -> (u16, String) {
    let call = put(app, tenant, item, &list_of(of)).await;
    let answer = call.send().await;
    (answer.status, answer.text_at("/code"))
}

async fn archive(app: &App, tenant: &Tenant, item: &Item) -> Answer {
    let version = seen(app, tenant, item).await["version"].clone();
    let path = format!("/api/admin/catalog/variants/{}/archive", item.variants[0]);
    let call = app.client.post(&path, &Value::Null).bearer(&tenant.key);
    let call = call.header("if-match", &format!("\"{version}\""));
    call.send().await
}

async fn patch_product(app: &App, tenant: &Tenant, item: &Item, body: &Value) -> Answer {
    let path = format!("/api/admin/catalog/products/{}", item.product);
    let found = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let call = app.client.patch(&path, body).bearer(&tenant.key);
    let version = found.number_at("/version");
    call.header("if-match", &format!("\"{version}\""))
        .send()
        .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_a_bundle_is_told(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 7).await;
    let bulb = app.simple(tenant, "Bulb", 20).await;
    let (lamps, bulbs) = (&*lamp.variants[0], &*bulb.variants[0]);
    let set = bundle(&app, tenant, "Set", &[(lamps, 2)]).await;
    let sets = &*set.variants[0];
    let foreign = app.simple(&shop.second, "Foreign", 7).await;
    let foreign = &*foreign.variants[0];
    for (item, of, status, code) in [
        (&set, vec![(sets, 1)], 422, "bundle.itself"),
        (
            &set,
            vec![(lamps, 1), (lamps, 2)],
            422,
            "bundle.component_twice",
        ),
        (&set, vec![(lamps, 0)], 422, "request.invalid_body"),
        (&set, vec![(lamps, 1_001)], 422, "request.invalid_body"),
        (&set, vec![(foreign, 1)], 404, "variant.not_found"),
        (&bulb, vec![(sets, 1)], 422, "bundle.nested"),
        (&lamp, vec![(bulbs, 1)], 409, "bundle.is_component"),
        (&bulb, vec![(lamps, 1)], 409, "bundle.has_stock"),
    ] {
        assert_eq!(
            refused(&app, tenant, item, &of).await,
            (status, code.to_owned())
        );
    }
    let many: Vec<(&str, i64)> = [(lamps, 1)].repeat(51);
    let (status, _) = refused(&app, tenant, &set, &many).await;
    assert_eq!(status, 422);
    // A version that is over, and none.
    let path = format!("/api/admin/catalog/variants/{sets}/components");
    let call = || app.client.put(&path, &list_of(&[]));
    let old = call().bearer(&tenant.key).header("if-match", "\"1\"");
    old.refused(412, "version_mismatch").await;
    let none = call().bearer(&tenant.key).send().await;
    assert_eq!(none.status, 428, "{}", none.describe());
    // Nobody of another tenant finds it.
    let other = call()
        .bearer(&shop.second.key)
        .header("host", shop.second.host);
    other
        .header("if-match", "\"2\"")
        .refused(404, "variant.not_found")
        .await;
    // Nothing of all this left a trace, and who made it is known.
    assert_eq!(shown(&app, "set").await.1, json!(3));
    let log = app.audited(tenant).await;
    let made = log.iter().filter(|one| *one == "variant.components");
    assert_eq!(made.count(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_has_no_stock_of_its_own(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 7).await;
    let set = bundle(&app, tenant, "Set", &[(&lamp.variants[0], 2)]).await;
    adjust(&app, tenant, &set, 5)
        .refused(409, "stock.bundle")
        .await;
    let variant = &set.variants[0];
    let admin = |call: Call| call.bearer(&tenant.key);
    let path = format!("/api/admin/catalog/variants/{variant}/stock");
    let body = json!({"low_stock_threshold": 3});
    admin(app.client.patch(&path, &body))
        .refused(409, "stock.bundle")
        .await;
    let path = format!("/api/admin/catalog/variants/{variant}/stock-movements");
    admin(app.client.get(&path))
        .refused(409, "stock.bundle")
        .await;
    let rows = json!({"rows": [
        {"sku": "set-0", "on_hand": 17, "counted_at": "2020-01-01T08:00:00Z", "source": "till"}]});
    let fed = admin(app.client.post("/api/admin/catalog/stock/feed", &rows));
    let fed = fed.expect(200).await;
    assert_eq!(
        fed.body["results"][0]["outcome"],
        json!("bundle"),
        "{}",
        fed.describe()
    );
    let path = "/api/admin/catalog/low-stock?limit=100";
    let low = admin(app.client.get(path)).expect(200).await;
    let data = low.body["data"].as_array().expect("a list").clone();
    assert!(
        data.iter().all(|one| one["slug"] != json!("set")),
        "{data:?}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_are_not_archived_under_a_bundle(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 7).await;
    let set = bundle(&app, tenant, "Set", &[(&lamp.variants[0], 2)]).await;
    let refused = archive(&app, tenant, &lamp).await;
    assert_eq!(
        (refused.status, refused.text_at("/code").as_str()),
        (409, "variant.in_bundles")
    );
    assert!(refused.text_at("/detail").contains("set-0"));
    let body = json!({"status": "archived"});
    let refused = patch_product(&app, tenant, &lamp, &body).await;
    assert_eq!(refused.text_at("/code"), "variant.in_bundles");
    // First the bundle, then the component; the bundle alone does not come
    // back into stock.
    let cart = app.cart(tenant.host, &[(&set.variants[0], 1)]).await;
    assert_eq!(archive(&app, tenant, &set).await.status, 200);
    assert_eq!(archive(&app, tenant, &lamp).await.status, 200);
    let path = format!("/api/admin/catalog/variants/{}", set.variants[0]);
    let version = seen(&app, tenant, &set).await["version"].clone();
    let call = app.client.patch(&path, &json!({"status": "active"}));
    let call = call.bearer(&tenant.key);
    call.header("if-match", &format!("\"{version}\""))
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(shown(&app, "set").await, ("out_of_stock".into(), json!(0)));
    assert_eq!(
        seen(&app, tenant, &set).await["components"][0]["archived"],
        json!(true)
    );
    let refused = app.checkout(tenant.host, &cart).send().await;
    assert_eq!(refused.status, 409, "{}", refused.describe());
    let refused = put(&app, tenant, &set, &list_of(&[(&lamp.variants[0], 1)])).await;
    refused.refused(409, "bundle.archived_component").await;
    // With the component it is sold again, and lists know it.
    let path = format!("/api/admin/catalog/variants/{}", lamp.variants[0]);
    let version = seen(&app, tenant, &lamp).await["version"].clone();
    let call = app.client.patch(&path, &json!({"status": "active"}));
    let call = call.bearer(&tenant.key);
    call.header("if-match", &format!("\"{version}\""))
        .expect(200)
        .await;
    app.drain().await;
    assert_eq!(shown(&app, "set").await.1, json!(3));
    let path = "/api/catalog/products?q=set&in_stock=true";
    let found = app.client.get(path).expect(200).await;
    assert_eq!(found.text_at("/data/0/slug"), "set");
    app.checkout(tenant.host, &cart).expect(201).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sellers_make_bundles_of_their_own_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let oak = seller(&app, tenant, json!({"name": "Oak"})).await;
    let elm = seller(&app, tenant, json!({"name": "Elm"})).await;
    let sal = person(&app, tenant, &oak, "sal@mail.test").await;
    let sal = &by(tenant, &sal);
    let lamp = app.simple(sal, "Lamp", 9).await;
    let desk = app.simple(tenant, "Desk", 9).await;
    let set = bundle(&app, sal, "Set", &[(&lamp.variants[0], 3)]).await;
    let of_shop = [(&*desk.variants[0], 1)];
    let theirs = refused(&app, sal, &set, &of_shop).await;
    assert_eq!(theirs, (404, "variant.not_found".to_owned()));
    let mixed = refused(&app, tenant, &set, &of_shop).await;
    assert_eq!(mixed, (422, "bundle.other_seller".to_owned()));
    // Nor do they get to what is the shop's.
    let path = format!(
        "/api/admin/catalog/variants/{}/components",
        desk.variants[0]
    );
    let call = app.client.put(&path, &list_of(&[]));
    let call = call.bearer(&sal.key).header("if-match", "\"1\"");
    call.refused(404, "variant.not_found").await;
    // Half of a bundle does not change hands.
    let refused = patch_product(&app, tenant, &lamp, &json!({"seller_id": elm})).await;
    assert_eq!(refused.text_at("/code"), "product.in_bundles");
}

/// Two at once who would make a bundle of a bundle: one of them is refused.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_do_not_nest_bundles(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let part = app.simple(tenant, "Part", 9).await;
    for n in 0..8 {
        let inner = app.simple(tenant, &format!("Inner {n}"), 0).await;
        let outer = app.simple(tenant, &format!("Outer {n}"), 0).await;
        let one = put(&app, tenant, &inner, &list_of(&[(&part.variants[0], 1)])).await;
        let two = put(&app, tenant, &outer, &list_of(&[(&inner.variants[0], 1)])).await;
        let (one, two) = tokio::join!(tokio::spawn(one.send()), tokio::spawn(two.send()));
        let mut statuses = [one, two].map(|answer| answer.expect("an answer").status);
        statuses.sort_unstable();
        assert!([[200, 409], [200, 422]].contains(&statuses), "{statuses:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_keep_to_the_same_rules(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 7).await;
    bundle(&app, tenant, "Set", &[(&lamp.variants[0], 2)]).await;
    bundle(&app, tenant, "Trio", &[(&lamp.variants[0], 3)]).await;
    let wrong = import(&app, tenant, "", "handle,sku,on_hand\nset,set-0,4\n").await;
    assert_eq!(wrong.text_at("/errors/0/code"), "stock.bundle");
    let wrong = import(
        &app,
        tenant,
        "",
        "handle,sku,variant_status\nlamp,lamp-0,archived\n",
    )
    .await;
    assert_eq!(wrong.text_at("/errors/0/code"), "variant.in_bundles");
    // Column and bundles are named, whichever column archives it.
    assert_eq!(wrong.text_at("/errors/0/column"), "variant_status");
    let detail = wrong.text_at("/errors/0/detail");
    assert!(detail.ends_with(": set-0, trio-0"), "{detail}");
    let wrong = import(&app, tenant, "", "slug,STATUS\nlamp,archived\n").await;
    assert_eq!(wrong.text_at("/errors/0/column"), "STATUS");
    assert_eq!(wrong.number_at("/error_count"), 1, "{}", wrong.describe());
    let wrong = import(&app, tenant, "", "handle,sku,supply\nset,set-0,stock\n").await;
    assert_eq!(wrong.text_at("/errors/0/column"), "supply");
    assert_eq!(wrong.text_at("/errors/0/code"), "stock.bundle");
    // What an import counts reaches the bundle.
    import(&app, tenant, "", "handle,sku,on_hand\nlamp,lamp-0,1\n").await;
    let path = "/api/catalog/products?q=set&in_stock=true";
    let found = app.client.get(path).expect(200).await;
    assert_eq!(found.body["data"], json!([]), "{}", found.describe());
    assert_eq!(shown(&app, "set").await.0, "out_of_stock");
}
