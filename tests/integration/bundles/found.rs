//! Orders and pieces that have to do with bundles, as those see them who run
//! the shop or sell in it.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Item, Listing, Order, Tenant, eur};

use super::{adjust, bundle, list_of, put, seen};
use crate::sellers::{by, person, seller};

/// The orders that are found, oldest first.
async fn found(app: &App, tenant: &Tenant, query: &str) -> Vec<String> {
    let path = format!("/api/admin/orders?sort=total&{query}");
    let seen = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let data = seen.body["data"].as_array().expect("a list");
    let ids = data.iter().filter_map(|one| one["id"].as_str());
    ids.map(str::to_owned).collect()
}

async fn edit(app: &App, tenant: &Tenant, order: &Order, lines: &[(&str, i64)]) {
    let path = format!("/api/admin/orders/{}", order.id);
    let now = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let lines = lines
        .iter()
        .map(|(variant, quantity)| json!({"variant_id": variant, "quantity": quantity}));
    let body = json!({"lines": lines.collect::<Vec<Value>>()});
    let call = app
        .client
        .patch(&format!("/api/orders/{}", order.id), &body);
    let version = now.number_at("/version");
    let call = call
        .header("x-order-token", &order.token)
        .header("if-match", &format!("\"{version}\""));
    let edited = call.send().await;
    assert!(edited.status < 300, "{}", edited.describe());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_found_by_what_bundles_are_made_of(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 50).await;
    let bulb = app.simple(tenant, "Bulb", 50).await;
    let (lamps, bulbs) = (&*lamp.variants[0], &*bulb.variants[0]);
    let set = bundle(&app, tenant, "Set", &[(lamps, 1), (bulbs, 2)]).await;
    let pair = bundle(&app, tenant, "Pair", &[(lamps, 2)]).await;
    let (sets, pairs) = (&*set.variants[0], &*pair.variants[0]);
    // The more pieces, the later.
    let alone = app.order(tenant, &[(lamps, 1)]).await;
    let in_set = app.order(tenant, &[(sets, 2)]).await;
    let in_both = app.order(tenant, &[(sets, 2), (pairs, 1)]).await;
    let with_bulb = [in_set.id.clone(), in_both.id.clone()];
    let with_lamp = [alone.id.clone(), in_set.id.clone(), in_both.id.clone()];
    let with_pair = [in_both.id.clone()];
    for (item, sku, ids) in [
        (&bulb, "bulb-0", with_bulb.to_vec()),
        (&lamp, "lamp-0", with_lamp.to_vec()),
        (&set, "set-0", with_bulb.to_vec()),
        (&pair, "pair-0", with_pair.to_vec()),
    ] {
        let by_product = format!("product_id={}", item.product);
        assert_eq!(found(&app, tenant, &by_product).await, ids, "{sku}");
        let by_sku = format!("sku={sku}");
        assert_eq!(found(&app, tenant, &by_sku).await, ids, "{sku}");
    }
    // One statement, whatever is in the orders.
    let mut fewest = u64::MAX;
    for _ in 0..4 {
        let before = app.sutler.database.round_trips();
        found(&app, tenant, "sku=bulb-0").await;
        fewest = fewest.min(app.sutler.database.round_trips() - before);
    }
    assert_eq!(fewest, 1);

    // What the bundle is made of now does not matter, what the order holds does.
    let call = put(&app, tenant, &set, &list_of(&[(lamps, 1)])).await;
    call.expect(200).await;
    assert_eq!(found(&app, tenant, "sku=bulb-0").await, with_bulb);
    edit(&app, tenant, &in_set, &[(sets, 3)]).await;
    assert_eq!(
        found(&app, tenant, "sku=bulb-0").await.len(),
        2,
        "more of the same"
    );
    edit(&app, tenant, &in_set, &[(lamps, 3)]).await;
    assert_eq!(found(&app, tenant, "sku=bulb-0").await, with_pair);

    // Nobody finds what another shop sells under the same name.
    let theirs = app.simple(&shop.second, "Bulb", 9).await;
    let of_two = [(&*theirs.variants[0], 2)];
    let foreign = bundle(&app, &shop.second, "Set", &of_two).await;
    app.order(&shop.second, &[(&foreign.variants[0], 1)]).await;
    assert_eq!(found(&app, tenant, "sku=bulb-0").await.len(), 1);
    assert_eq!(found(&app, &shop.second, "sku=bulb-0").await.len(), 1);
}

async fn restock(app: &App, tenant: &Tenant, order: &Order) {
    let line = &order.answer["order"]["lines"][0]["id"];
    let body = json!({"reason": "changed their mind", "amount": eur(100),
        "restock": [{"line_id": line, "quantity": 1}]});
    let path = format!("/api/admin/orders/{}/refund", order.id);
    let refunded = app.client.post(&path, &body).bearer(&tenant.key);
    let refunded = refunded.send().await;
    assert!(refunded.status < 300, "{}", refunded.describe());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_for_a_bundle_is_seen(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 9).await;
    let set = app.simple(tenant, "Set", 1).await;
    let order = app.order(tenant, &[(&set.variants[0], 1)]).await;
    app.pay(&order).await;
    let of_lamps = list_of(&[(&lamp.variants[0], 2)]);
    put(&app, tenant, &set, &of_lamps).await.expect(200).await;
    let aside = async |item: &Item| {
        let seen = seen(&app, tenant, item).await;
        assert_eq!(seen["stock"], Value::Null);
        seen["set_aside"].clone()
    };
    assert_eq!(aside(&set).await, json!(0));
    restock(&app, tenant, &order).await;
    assert_eq!(aside(&set).await, json!(1));
    assert_eq!(seen(&app, tenant, &lamp).await["set_aside"], Value::Null);
    // It can be taken away, and nothing be added to it.
    adjust(&app, tenant, &set, 2)
        .refused(409, "stock.bundle")
        .await;
    let taken = adjust(&app, tenant, &set, 0).expect(200).await;
    assert_eq!(taken.body["on_hand"], json!(0), "{}", taken.describe());
    assert_eq!(aside(&set).await, json!(0));
    put(&app, tenant, &set, &list_of(&[]))
        .await
        .expect(200)
        .await;
    assert_eq!(app.stock(tenant, &set, 0).await, (0, 0));
    put(&app, tenant, &set, &of_lamps).await.expect(200).await;

    // What others share was never the bundle's own.
    let listing = Listing {
        name: "Shirt",
        strategy: "flat",
        price: 2500,
        stock: &[5, 0],
    };
    let shirt = app.list(tenant, &listing).await;
    put(&app, tenant, &shirt, &of_lamps).await.expect(200).await;
    assert_eq!(aside(&shirt).await, Value::Null);
    adjust(&app, tenant, &shirt, 0)
        .refused(409, "stock.bundle")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_tell_what_is_in_a_bundle(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 9).await;
    let set = bundle(&app, tenant, "Set", &[(&lamp.variants[0], 3)]).await;
    let order = app.order(tenant, &[(&set.variants[0], 2)]).await;
    app.pay(&order).await;
    let path = format!("/api/admin/orders/{}/ship", order.id);
    let ship = app.client.post(&path, &Value::Null).bearer(&tenant.key);
    ship.expect(200).await;
    app.drain().await;
    let mails = app.mails.to("buyer@mail.test");
    assert_eq!(mails.len(), 2, "paid and shipped");
    for mail in mails {
        let (text, html) = (&mail.text, mail.html.as_deref().unwrap_or_default());
        assert!(text.contains("2 x Set (40)"), "{text}");
        assert!(text.contains("\n  - 6 x Lamp (40)\n"), "{text}");
        assert!(html.contains("– 6 × Lamp (40)"), "{html}");
    }
    // Done twice, it says so.
    let again = app.client.post(&path, &Value::Null).bearer(&tenant.key);
    let refused = again.refused(409, "order.wrong_state").await;
    assert!(
        refused
            .text_at("/detail")
            .contains("nothing is left to ship"),
        "{}",
        refused.describe()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sellers_see_what_to_pack(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let oak = seller(&app, tenant, json!({"name": "Oak"})).await;
    let sal = person(&app, tenant, &oak, "sal@mail.test").await;
    let sal = &by(tenant, &sal);
    let lamp = app.simple(sal, "Lamp", 3).await;
    let path = format!("/api/admin/catalog/variants/{}/stock", lamp.variants[0]);
    let body = json!({"supply": "backorder", "backorder_limit": 9, "available_at": "2100-01-01T00:00:00Z"});
    let call = app.client.patch(&path, &body).bearer(&tenant.key);
    call.expect(200).await;
    let set = bundle(&app, sal, "Set", &[(&lamp.variants[0], 2)]).await;
    let order = app.order(tenant, &[(&set.variants[0], 2)]).await;
    app.pay(&order).await;
    // The bundle is another one by now.
    put(&app, sal, &set, &list_of(&[(&lamp.variants[0], 5)]))
        .await
        .expect(200)
        .await;
    let path = format!("/api/seller/orders/{}", order.id);
    let found = app.client.get(&path).bearer(&sal.key).expect(200).await;
    let line = &found.body["lines"][0];
    assert_eq!(
        (
            &line["components"][0]["sku"],
            &line["components"][0]["quantity"]
        ),
        (&json!("lamp-0"), &json!(2)),
        "{}",
        found.describe()
    );
    assert_eq!(line["backordered"], json!(1));
    let expected = line["expected_at"].as_str().unwrap_or_default();
    assert!(expected.starts_with("2100-01-01"), "{}", found.describe());
}
