//! Making price lists, and setting what is in them.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::eur;

use super::{ROOT, change, list, product, set, shown, usd};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_made_changed_and_archived(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let body = json!({"name": "Dollars", "currency": "USD", "priority": 3, "ends_at": "2026-05-01T00:00:00Z"});
    let make = || app.client.post(ROOT, &body).bearer(&first.key).once("one");
    let made = make().expect(201).await;
    assert_eq!(make().expect(201).await.body, made.body);
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.text_at("/status"), "active");
    assert_eq!(made.number_at("/priority"), 3);
    let id = made.text_at("/id");
    let euros = list(&app, first, json!({"name": "Sale", "currency": "EUR"})).await;

    let get = async |query: &str| {
        let call = app
            .client
            .get(&format!("{ROOT}?{query}"))
            .bearer(&first.key);
        let lists = call.expect(200).await.body["data"].clone();
        let ids = lists.as_array().expect("a list").iter();
        ids.map(|list| list["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(get("").await.len(), 2);
    assert_eq!(get("currency=USD").await, [json!(id)]);
    assert_eq!(get("currency=EUR&status=active").await, [json!(euros)]);

    for (wrong, code) in [
        (
            json!({"ends_at": "2026-01-01T00:00:00Z", "starts_at": "2026-02-01T00:00:00Z"}),
            "price_list.times",
        ),
        (
            json!({"starts_at": "2026-05-01T00:00:00Z"}),
            "price_list.times",
        ),
        (json!({"currency": "EUR"}), "request.invalid_body"),
        (json!({"priority": 2_000_000}), "request.invalid_body"),
        (json!({"name": "a\nb"}), "request.invalid_body"),
    ] {
        change(&app, first, &id, 1, &wrong).refused(422, code).await;
    }
    let ended = json!({"status": "archived", "ends_at": null, "name": "Old"});
    let changed = change(&app, first, &id, 1, &ended).expect(200).await;
    assert_eq!(changed.body["ends_at"], Value::Null);
    assert_eq!(changed.text_at("/status"), "archived");
    change(&app, first, &id, 1, &ended)
        .refused(412, "version_mismatch")
        .await;
    assert_eq!(get("status=archived").await, [json!(id)]);
    let log = app.audited(first).await;
    assert_eq!(log[..2], ["price_list.change", "price_list.create"]);

    // The other shop knows nothing of it.
    let other = &shop.second;
    let path = format!("{ROOT}/{id}");
    for path in [path.clone(), format!("{path}/prices")] {
        let call = app.client.get(&path).bearer(&other.key);
        call.refused(404, "price_list.not_found").await;
    }
    change(&app, other, &id, 2, &json!({"priority": 1}))
        .refused(404, "price_list.not_found")
        .await;
    let theirs = app.client.get(ROOT).bearer(&other.key).expect(200).await;
    assert_eq!(theirs.body["data"], json!([]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prices_are_set_together_or_not_at_all(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (first, second) = (&shop.first, &shop.second);
    let item = product(&app, first, "Lamp", &[1000, 2000, 3000]).await;
    let foreign = app.simple(second, "Foreign", 1).await;
    let [a, b, c] = [0, 1, 2].map(|n| item.variants[n].as_str());
    let dollars = list(&app, first, json!({"name": "Dollars", "currency": "USD"})).await;
    let prices = format!("{ROOT}/{dollars}/prices");
    let seen = async || {
        let call = app.client.get(&prices).bearer(&first.key).expect(200);
        call.await.body["data"].as_array().cloned().expect("a list")
    };

    set(&app, first, &dollars, &[(a, usd(1100)), (b, usd(2200))])
        .expect(200)
        .await;
    assert_eq!(seen().await.len(), 2);
    for (wrong, field) in [
        (
            json!({"variant_id": foreign.variants[0], "price": usd(1)}),
            "variant_id",
        ),
        (json!({"variant_id": a, "price": usd(5)}), "variant_id"),
        (json!({"variant_id": b, "price": eur(1)}), "price/currency"),
        (
            json!({"variant_id": b, "price": usd(5), "compare_at_price": usd(5)}),
            "compare_at_price",
        ),
        (
            json!({"variant_id": b, "price": null, "compare_at_price": usd(5)}),
            "compare_at_price",
        ),
    ] {
        let body = json!({"prices": [{"variant_id": a, "price": usd(9)}, wrong]});
        let call = app.client.put(&prices, &body).bearer(&first.key);
        let refused = call.refused(422, "price_list.invalid_prices").await;
        assert_eq!(
            refused.text_at("/errors/0/pointer"),
            format!("/prices/1/{field}")
        );
    }
    for amount in [-1, 1_000_000_000_001] {
        set(&app, first, &dollars, &[(a, usd(amount))])
            .refused(422, "request.invalid_body")
            .await;
    }
    set(&app, first, &dollars, &[])
        .refused(422, "price_list.invalid_prices")
        .await;
    set(&app, second, &dollars, &[(&foreign.variants[0], usd(1))])
        .refused(404, "price_list.not_found")
        .await;
    assert!(seen().await.iter().all(|one| one["price"] != usd(9)));

    // One is changed, one is added, one is taken away.
    let mixed = [(a, usd(1200)), (b, Value::Null), (c, usd(3300))];
    let done = set(&app, first, &dollars, &mixed).expect(200).await;
    assert_eq!(done.number_at("/count"), 3);
    let mut now: Vec<(Value, Value)> = seen()
        .await
        .into_iter()
        .map(|one| (one["sku"].clone(), one["price"].clone()))
        .collect();
    now.sort_by_key(|(sku, _)| sku.to_string());
    assert_eq!(
        now,
        [(json!("lamp-0"), usd(1200)), (json!("lamp-2"), usd(3300))]
    );
    assert_eq!(app.audited(first).await[0], "price_list.set_prices");
    // Page by page.
    let page = app
        .client
        .get(&format!("{prices}?limit=1"))
        .bearer(&first.key);
    let page = page.expect(200).await;
    assert_eq!(page.body["has_more"], true);
    let next = format!("{prices}?limit=1&cursor={}", page.text_at("/next_cursor"));
    let rest = app.client.get(&next).bearer(&first.key).expect(200).await;
    assert_eq!(rest.body["has_more"], false);
    assert_ne!(rest.body["data"][0]["sku"], page.body["data"][0]["sku"]);
}

/// Of two changes at once, what is shown is what both left.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_once_leave_what_is_shown_right(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let first = &shop.first;
    let item = product(&app, first, "Lamp", &[9000, 9000]).await;
    let (a, b) = (item.variants[0].as_str(), item.variants[1].as_str());
    let one = list(&app, first, json!({"name": "One", "currency": "EUR"})).await;
    let two = list(&app, first, json!({"name": "Two", "currency": "EUR"})).await;
    for round in 0..4 {
        let (low, high) = (1000 + round, 5000 + round);
        let (set_one, set_two) = ([(a, eur(low))], [(b, eur(high))]);
        let (first_done, second_done) = tokio::join!(
            set(&app, first, &one, &set_one).send(),
            set(&app, first, &two, &set_two).send()
        );
        assert_eq!(first_done.status, 200, "{}", first_done.describe());
        assert_eq!(second_done.status, 200, "{}", second_done.describe());
        app.drain().await;
        assert_eq!(shown(&app, "").await, [json!(["lamp", low, high, 9000])]);
    }
}
