//! What keeps up what search knows of products.

use std::fmt::Write as _;
use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::eur;

use super::{fill, list, names, post};
use crate::imports::import;

/// Two sizes of one product sell out at the same time: afterwards search
/// knows of both.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sizes_that_sell_out_at_once_are_both_noted(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    for round in 0..6 {
        let body = json!({"name": format!("Twin {round}"), "status": "active"});
        let id = post(&app, &shop.first, "/products", &body)
            .await
            .text_at("/id");
        let mut carts = Vec::new();
        for size in ["41", "42", "43", "44"] {
            let body = json!({"sku": format!("T{round}-{size}"), "size": size, "price": eur(100), "on_hand": 1});
            let made = post(
                &app,
                &shop.first,
                &format!("/products/{id}/variants"),
                &body,
            )
            .await;
            let line = made.text_at("/id");
            carts.push(app.cart("127.0.0.1", &[(line.as_str(), 1)]).await);
        }
        let query = format!("q=twin+{round}&in_stock=true&facets=size");
        let before = list(&app, &query).expect(200).await;
        assert_eq!(
            before.body["facets"]["size"].as_array().map(Vec::len),
            Some(4)
        );
        let bought = carts
            .iter()
            .map(|cart| app.checkout("127.0.0.1", cart).expect(201));
        futures::future::join_all(bought).await;
        let after = list(&app, &query).expect(200).await;
        assert_eq!(after.body["total"], 0, "{}", after.text);
    }
}

/// Products from before search, and documents of another form, are indexed by
/// a job.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_search_does_not_know_is_indexed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    fill(&app, &shop.first).await;
    let tx = app.begin_in(&shop.first).await;
    for sql in [
        "DELETE FROM search_products WHERE tenant_id = $1",
        "DELETE FROM search_words WHERE tenant_id = $1",
    ] {
        tx.run(sql, []).await.expect("deleted");
    }
    tx.commit().await.expect("committed");
    let lost = list(&app, "q=trail&limit=9").expect(200).await;
    assert_eq!(names(&lost).len(), 0);
    app.advance(Duration::from_mins(2));
    app.drain().await;
    let again = list(&app, "q=trail&limit=9").expect(200).await;
    assert_eq!(names(&again).len(), 5);
}

/// Products of a file are found once a job has read them, and what they were
/// before is found no more.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_imported_is_found(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let mut file = "handle,name,status,sku,price,currency,on_hand\n".to_owned();
    for n in 0..450 {
        writeln!(file, "lantern-{n},Lantern {n},active,L-{n},19.00,EUR,3").expect("written");
    }
    import(&app, &shop.first, "", file).await;
    let found = list(&app, "q=lantern&facets=in_stock").expect(200).await;
    assert_eq!(found.body["total"], 450, "{}", found.text);
    assert_eq!(found.body["facets"]["in_stock"], 450);
    let changed = "handle,name,sku,price,currency,on_hand\n\
                   lantern-7,Torch,L-7,21.00,EUR,0\n";
    import(&app, &shop.first, "", changed).await;
    let found = list(&app, "q=torch&facets=in_stock").expect(200).await;
    assert_eq!(names(&found), ["Torch"]);
    assert_eq!(found.body["facets"]["in_stock"], 0);
    let left = list(&app, "q=lantern&facets=in_stock").expect(200).await;
    assert_eq!(left.body["total"], 449, "{}", left.text);
}
