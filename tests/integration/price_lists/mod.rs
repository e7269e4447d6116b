//! Price lists: making them, sales, other currencies.

mod currencies;
mod editing;
mod orders;
mod sales;

use serde_json::{Value, json};
use testkit::client::Call;
use testkit::shop::{Item, Listing, Tenant};
use testkit::{Answer, App};

const ROOT: &str = "/api/admin/price-lists";

fn usd(amount: i64) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

/// A product with variants at these prices, each with five pieces.
async fn product(app: &App, tenant: &Tenant, name: &str, prices: &[i64]) -> Item {
    let listing = Listing {
        name,
        strategy: "per_size",
        price: prices[0],
        stock: &vec![5; prices.len()],
    };
    let item = app.list(tenant, &listing).await;
    for (variant, price) in item.variants.iter().zip(prices).skip(1) {
        let path = format!("/api/admin/catalog/variants/{variant}");
        let body = json!({"price": testkit::shop::eur(*price)});
        let call = app.client.patch(&path, &body).bearer(&tenant.key);
        call.header("if-match", "\"1\"").expect(200).await;
    }
    item
}

async fn list(app: &App, tenant: &Tenant, body: Value) -> String {
    let made = app.client.post(ROOT, &body).bearer(&tenant.key);
    made.expect(201).await.text_at("/id")
}

fn set(app: &App, tenant: &Tenant, list: &str, prices: &[(&str, Value)]) -> Call {
    let prices: Vec<Value> = prices
        .iter()
        .map(|(variant, price)| json!({"variant_id": variant, "price": price}))
        .collect();
    let path = format!("{ROOT}/{list}/prices");
    let call = app.client.put(&path, &json!({"prices": prices}));
    call.bearer(&tenant.key)
}

fn change(app: &App, tenant: &Tenant, list: &str, version: i64, body: &Value) -> Call {
    let call = app.client.patch(&format!("{ROOT}/{list}"), body);
    let call = call.bearer(&tenant.key);
    call.header("if-match", &format!("\"{version}\""))
}

/// The public list: slugs with what the cheapest and the dearest cost, and what
/// the cheapest cost before.
async fn shown(app: &App, query: &str) -> Vec<Value> {
    let path = format!("/api/catalog/products?{query}");
    let list = app.client.get(&path).expect(200).await;
    let products = list.body["data"].as_array().expect("a list").iter();
    products
        .map(|product| {
            json!([
                product["slug"],
                product["price_min"]["amount"],
                product["price_max"]["amount"],
                product["compare_at_price"]["amount"],
            ])
        })
        .collect()
}

/// A product's variants as (price, compare-at price), in minor units.
async fn variants(app: &App, product: &str, query: &str) -> Vec<(Value, Value)> {
    let path = format!("/api/catalog/products/{product}?{query}");
    let seen: Answer = app.client.get(&path).expect(200).await;
    let variants = seen.body["variants"].as_array().expect("a list").iter();
    variants
        .map(|variant| {
            (
                variant["price"]["amount"].clone(),
                variant["compare_at_price"]["amount"].clone(),
            )
        })
        .collect()
}
