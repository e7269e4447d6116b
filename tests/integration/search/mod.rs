//! Search: one set of products and questions (`fixtures/search.json`), with the
//! same answers on both databases.

mod refusals;
mod upkeep;

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Tenant, eur};
use testkit::{Answer, App};

/// Memory for what is searched. Without room the database finds candidates.
const ENOUGH: &str = "1000000";
const NONE: &str = "1";

fn test_set() -> Value {
    serde_json::from_str(include_str!("../../fixtures/search.json")).expect("a test set")
}

fn list(app: &App, query: &str) -> Call {
    app.client.get(&format!("/api/catalog/products?{query}"))
}

fn names(answer: &Answer) -> Vec<&str> {
    let data = answer.body["data"].as_array().expect("a list");
    data.iter()
        .map(|product| product["name"].as_str().expect("a name"))
        .collect()
}

async fn post(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Answer {
    let path = format!("/api/admin/catalog{path}");
    app.client
        .post(&path, body)
        .bearer(&tenant.key)
        .expect(201)
        .await
}

/// The shop of the test set; the ids of its products by name, and of their
/// variants by SKU.
async fn fill(app: &App, tenant: &Tenant) -> BTreeMap<String, String> {
    let mut categories: BTreeMap<&str, String> = BTreeMap::new();
    for (slug, parent) in [
        ("outdoor", None),
        ("shoes", Some("outdoor")),
        ("trail", Some("shoes")),
        ("jackets", Some("outdoor")),
        ("home", None),
    ] {
        let parent = parent.map(|parent| categories[parent].clone());
        let body = json!({"name": slug, "slug": slug, "parent_id": parent});
        let made = post(app, tenant, "/categories", &body).await.text_at("/id");
        categories.insert(slug, made);
    }
    let mut ids = BTreeMap::new();
    for product in test_set()["products"].as_array().expect("products") {
        app.advance(Duration::from_millis(10));
        let text = |name: &str, other: &str| product[name].as_str().unwrap_or(other).to_owned();
        let some = |name: &str, other: Value| match &product[name] {
            Value::Null => other,
            there => there.clone(),
        };
        let body = json!({
            "name": product["name"], "brand": product["brand"], "description": product["description"],
            "kind": text("kind", "goods"), "condition": text("condition", "new"),
            "status": text("status", "active"), "tags": some("tags", json!([])),
            "attributes": some("attributes", json!({})),
            "category_ids": [categories[text("category", "").as_str()]],
        });
        let id = post(app, tenant, "/products", &body).await.text_at("/id");
        for variant in product["variants"].as_array().expect("variants") {
            let mut body = json!({"sku": variant["sku"], "price": eur(variant["price"].as_i64().expect("a price"))});
            for name in ["size", "options"] {
                if !variant[name].is_null() {
                    body[name] = variant[name].clone();
                }
            }
            if text("kind", "goods") == "goods" {
                body["on_hand"] = variant["stock"].clone();
            }
            let made = post(app, tenant, &format!("/products/{id}/variants"), &body).await;
            ids.insert(text_of(&variant["sku"]), made.text_at("/id"));
        }
        ids.insert(text("name", ""), id);
    }
    ids
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn foreign(app: &App, tenant: &Tenant) {
    let body = json!({"name": "Foreign Trail Runner", "brand": "Bergmann", "status": "active"});
    let id = post(app, tenant, "/products", &body).await.text_at("/id");
    let body = json!({"sku": "TR-41", "price": {"amount": 1, "currency": "USD"}});
    post(app, tenant, &format!("/products/{id}/variants"), &body).await;
}

/// Facets as the test set writes them: values to counts.
fn short(facets: &Value) -> Value {
    let counts = |list: &Value| -> Value {
        let list = list.as_array().expect("a list");
        list.iter()
            .map(|one| {
                let name = one.get("slug").unwrap_or(&one["value"]);
                (text_of(name), one["count"].clone())
            })
            .collect()
    };
    let mut out = serde_json::Map::new();
    for (name, facet) in facets.as_object().expect("facets") {
        let short = match name.as_str() {
            "in_stock" => facet.clone(),
            "attribute" => facet
                .as_object()
                .expect("names")
                .iter()
                .map(|(name, list)| (name.clone(), counts(list)))
                .collect(),
            "price" => {
                let ranges = facet["ranges"].as_array().expect("ranges").iter();
                let ranges: Value = ranges
                    .map(|range| {
                        let (from, to) = (&range["from"]["amount"], &range["to"]["amount"]);
                        (format!("{from}-{to}"), range["count"].clone())
                    })
                    .collect();
                let end = |name: &str| facet[name].get("amount").cloned().unwrap_or(Value::Null);
                json!({"min": end("min"), "max": end("max"), "ranges": ranges})
            }
            _ => counts(facet),
        };
        out.insert(name.clone(), short);
    }
    out.into()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_test_set_finds_the_same_everywhere(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(ENOUGH, NONE)] room: &str,
) {
    let app = App::with(backend, &[("CATALOG_SEARCH_BYTES", room)]).await;
    let shop = app.shop().await;
    foreign(&app, &shop.second).await;
    fill(&app, &shop.first).await;
    let set = test_set();
    let mut wrong = Vec::new();
    for case in set["queries"].as_array().expect("queries") {
        let query = case["query"].as_str().expect("a query");
        let answer = list(&app, query).expect(200).await;
        if json!(names(&answer)) != case["found"] {
            wrong.push(format!("{query}: {:?}", names(&answer)));
        }
        assert!(answer.body.get("facets").is_none(), "{query}");
        // Page by page it is the same.
        let mut paged: Vec<String> = Vec::new();
        let mut next = format!("/api/catalog/products?{query}&limit=1");
        loop {
            let page = app.client.get(&next).expect(200).await;
            paged.extend(names(&page).into_iter().map(str::to_owned));
            let Some(cursor) = page.body["next_cursor"].as_str() else {
                break;
            };
            next = format!("/api/catalog/products?{query}&limit=1&cursor={cursor}");
        }
        if json!(paged) != case["found"] {
            wrong.push(format!("{query}, by pages: {paged:?}"));
        }
    }
    for case in set["facets"].as_array().expect("facets") {
        let query = case["query"].as_str().expect("a query");
        let answer = list(&app, query).expect(200).await;
        let facets = short(&answer.body["facets"]);
        if facets != case["facets"] || answer.body["total"] != case["total"] {
            wrong.push(format!("{query}: {} {facets}", answer.body["total"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Another tenant finds its own.
    let other = list(&app, "q=trail&facets=brand").header("host", "other.test");
    let other = other.expect(200).await;
    assert_eq!(names(&other), ["Foreign Trail Runner"]);
    assert_eq!(
        short(&other.body["facets"]),
        json!({"brand": {"Bergmann": 1}})
    );
}

/// Each count is what the list has when the value is chosen: alone where
/// nothing of the facet was, else instead of it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_count_is_what_a_click_leads_to(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(ENOUGH, NONE)] room: &str,
) {
    let app = App::with(backend, &[("CATALOG_SEARCH_BYTES", room)]).await;
    let shop = app.shop().await;
    fill(&app, &shop.first).await;
    let encode =
        |value: &str| url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
    for others in [
        "",
        "q=trail&",
        "in_stock=true&",
        "q=trail&in_stock=true&price_to=12900&",
    ] {
        for (own, facet) in [
            ("brand=Bergmann", "brand"),
            ("size=42", "size"),
            ("tag=sale", "tag"),
            ("category=shoes", "category"),
        ] {
            let asked = format!("{others}{own}&facets={facet}");
            let counted = list(&app, &asked).expect(200).await;
            let counts = short(&counted.body["facets"]);
            let counts = counts[facet].as_object().expect("counts");
            assert!(!counts.is_empty(), "{asked}");
            for (value, count) in counts {
                let click = format!("{others}{facet}={}&limit=100", encode(value));
                let found = list(&app, &click).expect(200).await;
                assert_eq!(json!(names(&found).len()), *count, "{asked}: {click}");
            }
        }
    }
}

/// What changes is found as it is now, at once: names, prices, stock, status.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_found_at_once(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(ENOUGH, NONE)] room: &str,
) {
    let app = App::with(backend, &[("CATALOG_SEARCH_BYTES", room)]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let ids = fill(&app, tenant).await;
    let found = async |query: &str| -> Vec<String> {
        let answer = list(&app, query).expect(200).await;
        names(&answer).into_iter().map(str::to_owned).collect()
    };
    let edit = async |path: String, body: Value| {
        let read = app.client.get(&format!(
            "/api/admin/catalog/products/{}",
            ids["Trail Runner"]
        ));
        let read = read.bearer(&tenant.key).expect(200).await;
        let version = if path.contains("variants") {
            let variants = read.body["variants"].as_array().expect("variants");
            let own = variants
                .iter()
                .find(|one| path.ends_with(one["id"].as_str().expect("an id")));
            own.expect("the variant")["version"].clone()
        } else {
            read.body["version"].clone()
        };
        let call = app
            .client
            .patch(&format!("/api/admin/catalog{path}"), &body);
        call.bearer(&tenant.key)
            .header("if-match", &format!("\"{version}\""))
            .expect(200)
            .await;
    };
    let product = format!("/products/{}", ids["Trail Runner"]);
    edit(
        product.clone(),
        json!({"name": "Fell Racer", "tags": ["fast"]}),
    )
    .await;
    assert_eq!(found("q=fell").await, ["Fell Racer"]);
    assert_eq!(found("q=trail+runner").await, ["Road Runner 2"]);
    assert_eq!(found("q=fell&tag=sale").await, Vec::<String>::new());
    assert_eq!(
        found("q=racr").await,
        ["Fell Racer"],
        "a new word is corrected to"
    );
    let described = json!({"description": "Made for zorbulating."});
    edit(product.clone(), described).await;
    assert_eq!(found("q=zorbulating").await, ["Fell Racer"]);
    assert_eq!(found("q=zorbulatnig").await, Vec::<String>::new());
    let tagged = json!({"tags": ["fast", "zorbulating"]});
    edit(product.clone(), tagged).await;
    assert_eq!(
        found("q=zorbulatnig").await,
        ["Fell Racer"],
        "a word is corrected to that was in the description before"
    );
    let variant = format!("/variants/{}", ids["TR-41"]);
    edit(variant.clone(), json!({"price": eur(100), "size": "47"})).await;
    assert_eq!(found("q=fell&size=47&price_to=100").await, ["Fell Racer"]);
    assert_eq!(found("q=fell&size=41").await, Vec::<String>::new());

    // The last ones are reserved, come back, and are reserved again.
    let item = ids["TR-41"].as_str();
    assert_eq!(found("q=fell&in_stock=true").await, ["Fell Racer"]);
    let order = app.order(tenant, &[(item, 3)]).await;
    assert_eq!(found("q=fell&in_stock=true").await, Vec::<String>::new());
    let path = format!("/api/orders/{}/cancel", order.id);
    let cancel = app
        .client
        .post(&path, &json!({}))
        .header("x-order-token", &order.token);
    cancel.expect(200).await;
    assert_eq!(found("q=fell&in_stock=true").await, ["Fell Racer"]);

    edit(variant, json!({"status": "archived"})).await;
    assert_eq!(found("q=fell&size=47").await, Vec::<String>::new());
    edit(product, json!({"status": "archived"})).await;
    assert_eq!(found("q=fell").await, Vec::<String>::new());
}

/// Questions without words are answered from memory, which follows what
/// changes: new products, prices, stock, what is hidden, and of the own tenant
/// only.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facets_without_words_follow_changes(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::with(backend, &[("CATALOG_CACHE_TTL", "0s")]).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let ids = fill(&app, tenant).await;
    let seen = async |query: &str| -> Value {
        let answer = list(&app, query).expect(200).await;
        json!([answer.body["total"], short(&answer.body["facets"])])
    };
    let brands = "facets=brand,in_stock";
    let first = json!([6, {"brand": {"Bergmann": 2, "Étoile": 2, "Granite Co": 1, "Lux": 1}, "in_stock": 5}]);
    assert_eq!(seen(brands).await, first);
    foreign(&app, &shop.second).await;
    assert_eq!(seen(brands).await, first, "of the own tenant only");

    let body = json!({"name": "Lamp", "brand": "Lux", "status": "active"});
    let lamp = post(&app, tenant, "/products", &body).await.text_at("/id");
    let body = json!({"sku": "NL-1", "price": eur(700), "on_hand": 2});
    let variants = format!("/products/{lamp}/variants");
    let line = post(&app, tenant, &variants, &body).await.text_at("/id");
    let second = json!([7, {"brand": {"Bergmann": 2, "Étoile": 2, "Granite Co": 1, "Lux": 2}, "in_stock": 6}]);
    assert_eq!(seen(brands).await, second);
    assert_eq!(
        seen("brand=Lux&price_to=700&facets=kind").await,
        json!([1, {"kind": {"goods": 1}}])
    );

    app.order(tenant, &[(line.as_str(), 2), (ids["TR-41"].as_str(), 3)])
        .await;
    let sold_out = json!([7, {"brand": second[1]["brand"], "in_stock": 4}]);
    assert_eq!(seen(brands).await, sold_out);

    let path = format!("/api/admin/catalog/products/{lamp}");
    let read = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let version = format!("\"{}\"", read.body["version"]);
    let archive = app.client.patch(&path, &json!({"status": "archived"}));
    let archive = archive.bearer(&tenant.key).header("if-match", &version);
    archive.expect(200).await;
    let archived = json!([6, {"brand": first[1]["brand"], "in_stock": 4}]);
    assert_eq!(seen(brands).await, archived);
}
