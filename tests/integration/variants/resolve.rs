//! Choosing a variant of a product by its options.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Tenant, eur};

const ROOT: &str = "/api/admin/catalog";

/// A boot in red 41 and 42, and in blue 42; of red 41 there are none left.
async fn boot(app: &App, of: &Tenant) -> (String, Value) {
    let made = app
        .client
        .post(
            &format!("{ROOT}/products"),
            &json!({"name": "Boot", "status": "active"}),
        )
        .bearer(&of.key)
        .expect(201)
        .await;
    let path = format!("{ROOT}/products/{}/variants", made.text_at("/id"));
    for (colour, size, on_hand) in [("Red", "41", 0), ("Red", "42", 1), ("Blue", "42", 1)] {
        let body = json!({
            "sku": format!("{colour}-{size}"), "options": {"colour": colour}, "size": size,
            "price": eur(100), "on_hand": on_hand,
        });
        app.client
            .post(&path, &body)
            .bearer(&of.key)
            .expect(201)
            .await;
    }
    app.drain().await;
    let seen = app.client.get(&format!("{ROOT}/products/boot"));
    let seen = seen.bearer(&of.key).expect(200).await;
    (made.text_at("/id"), seen.body["variants"].clone())
}

/// The values that remain possible, by option.
fn possible(answer: &Value) -> Value {
    let options = answer["options"].as_array().expect("a list").iter();
    let pairs = options.map(|option| {
        let values = option["values"].as_array().expect("a list").iter();
        let possible: Vec<Value> = values
            .filter(|value| value["possible"] == true)
            .map(|value| value["value"].clone())
            .collect();
        (
            option["name"].as_str().expect("a name").to_owned(),
            json!(possible),
        )
    });
    Value::Object(pairs.collect())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn choices_narrow_what_remains(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (id, variants) = boot(&app, &shop.first).await;
    let path = |query: &str| format!("/api/catalog/products/boot/variants/resolve{query}");
    let get = async |query: &str| app.client.get(&path(query)).expect(200).await.body;

    let all = get("").await;
    assert_eq!(all["resolution"], "ambiguous");
    assert_eq!(
        (&all["matches"], &all["variant"]),
        (&json!(3), &Value::Null)
    );
    assert_eq!(
        possible(&all),
        json!({"colour": ["Red", "Blue"], "size": ["41", "42"]})
    );

    let red = get("?option=colour:Red").await;
    assert_eq!(
        (&red["matches"], &red["variant"]),
        (&json!(2), &Value::Null)
    );
    assert_eq!(red["options"][0]["chosen"], "Red");
    assert_eq!(
        possible(&red),
        json!({"colour": ["Red", "Blue"], "size": ["41", "42"]})
    );
    assert_eq!(
        red["options"][1]["values"][0],
        json!({"value": "41", "possible": true, "in_stock": false})
    );
    assert_eq!(red["options"][1]["values"][1]["in_stock"], true);

    let blue = get("?option=colour:Blue").await;
    assert_eq!(blue["resolution"], "exact");
    assert_eq!(blue["variant"]["id"], variants[2]["id"]);
    assert_eq!(
        possible(&blue),
        json!({"colour": ["Red", "Blue"], "size": ["42"]})
    );

    let one = get("?option=size:42&option=colour:Red").await;
    assert_eq!(one["variant"]["id"], variants[1]["id"]);
    assert_eq!(one["variant"]["price"], eur(100));
    assert_eq!(one["matches"], 1);
    // By id as well.
    let by_id = format!("/api/catalog/products/{id}/variants/resolve?option=size:41");
    let by_id = app.client.get(&by_id).expect(200).await;
    assert_eq!(by_id.body["variant"]["id"], variants[0]["id"]);

    // An answer from memory hears of what is sold.
    let sold = get("?option=size:42&option=colour:Blue").await;
    assert_eq!(sold["variant"]["availability"], "low_stock");
    let blue = variants[2]["id"].as_str().expect("an id");
    app.order(&shop.first, &[(blue, 1)]).await;
    app.drain().await;
    let sold = get("?option=size:42&option=colour:Blue").await;
    assert_eq!(sold["variant"]["availability"], "out_of_stock");
    let etag = app.client.get(&path("")).expect(200).await;
    let again = app
        .client
        .get(&path(""))
        .header("if-none-match", etag.header("etag"));
    again.expect(304).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_there_is_not_is_told(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let (_, variants) = boot(&app, &shop.first).await;
    let get = |query: &str| {
        let path = format!("/api/catalog/products/boot/variants/resolve?{query}");
        app.client.get(&path)
    };
    for (query, why) in [
        ("option=colour:Blue&option=size:41", "there are 42"),
        ("option=size:50", "there are 41, 42"),
        ("option=weight:1", "it has colour, size"),
        ("option=colour:red", "there are Red, Blue"),
    ] {
        let none = get(query).refused(404, "variant.no_match").await;
        let detail = none.text_at("/detail");
        assert!(detail.contains(why), "{query}: {detail}");
    }
    for query in [
        "option=colour",
        "option=:Red",
        "colour=Red",
        "option=size:1&option=size:2",
    ] {
        get(query).refused(400, "request.invalid_query").await;
    }
    // What is archived cannot be chosen.
    let path = format!(
        "{ROOT}/variants/{}/archive",
        variants[2]["id"].as_str().expect("an id")
    );
    let archive = app.client.post(&path, &Value::Null).bearer(&shop.first.key);
    archive.header("if-match", "\"1\"").expect(200).await;
    app.drain().await;
    let none = get("option=colour:Blue").refused(404, "variant.no_match");
    assert!(none.await.text_at("/detail").contains("there are Red"));
    // Nor what is not there, or another shop's.
    let path = "/api/catalog/products/nothing/variants/resolve";
    app.client.get(path).refused(404, "product.not_found").await;
    let other = get("").header("host", "other.test");
    other.refused(404, "product.not_found").await;
}

/// The size is no option among others, under which nobody would find it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_size_is_no_option_beside_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (product, variants) = boot(&app, tenant).await;
    let path = format!("{ROOT}/products/{product}/variants");
    for name in ["size", "Size", " SIZE "] {
        let body = json!({"sku": "X", "options": {name: "XL"}, "price": eur(100)});
        let call = app.client.post(&path, &body).bearer(&tenant.key);
        let refused = call.refused(422, "request.invalid_body").await;
        assert_eq!(refused.text_at("/errors/0/pointer"), "/options");
        let first = variants[0]["id"].as_str().unwrap_or_default();
        let change = |value: Value| {
            let body = json!({"options": {name: value}});
            let call = app.client.patch(&format!("{ROOT}/variants/{first}"), &body);
            call.bearer(&tenant.key).header("if-match", "*")
        };
        change(json!("XL"))
            .refused(422, "request.invalid_body")
            .await;
        // One that was there before may go.
        change(Value::Null).expect(200).await;
    }
    // In files the column is another name of the size.
    let file = "handle,sku,option:Size\nboot,Red-41,43\n";
    let done = crate::imports::import(&app, tenant, "", file).await;
    assert_eq!(done.text_at("/state"), "done", "{}", done.describe());
    let seen = app.client.get(&format!("{ROOT}/products/boot"));
    let seen = seen.bearer(&tenant.key).expect(200).await;
    assert_eq!(seen.text_at("/variants/0/size"), "43");
    assert_eq!(
        seen.body["variants"][0]["options"],
        json!({"colour": "Red"})
    );
}
