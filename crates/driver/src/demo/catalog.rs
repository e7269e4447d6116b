//! Looking around in the shop.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Stage;
use crate::client::Call;
use crate::say;

/// How many products the demonstration has.
const PRODUCTS: usize = 1_000;

/// Browses categories, filters and details, and makes sure that the whole
/// catalog is what it should be.
pub(super) async fn check(stage: &mut Stage) -> Result<()> {
    categories(stage).await?;
    filters(stage).await?;
    detail(stage).await?;
    stage.title("The whole catalog, page by page");
    let (products, variants) = count(stage).await?;
    say::line(format!(
        "   {products} products with {variants} variants, at least 2 each"
    ));
    ensure!(products == PRODUCTS, "there are {products} products");
    Ok(())
}

async fn categories(stage: &mut Stage) -> Result<()> {
    stage.title("Browse the categories");
    let answer = stage
        .show(&Call::get("/api/catalog/categories"), 200, &[])
        .await?;
    let list = answer.list("/data")?;
    let parents: HashMap<&str, Option<&str>> = list
        .iter()
        .filter_map(|category| Some((category["id"].as_str()?, category["parent_id"].as_str())))
        .collect();
    let depth =
        |id: &str| std::iter::successors(Some(id), |id| parents.get(id).copied().flatten()).count();
    let mut deepest = 0;
    let mut roots = 0;
    for category in list {
        let id = category["id"].as_str().context("a category has an id")?;
        deepest = deepest.max(depth(id));
        roots += usize::from(category["parent_id"].is_null());
    }
    say::line(format!(
        "     {} categories under {roots} roots, up to {deepest} deep",
        list.len()
    ));
    ensure!(deepest >= 3, "the categories are only {deepest} deep");
    Ok(())
}

async fn filters(stage: &mut Stage) -> Result<()> {
    stage.title("Filter products");
    let path = "/api/catalog/products?kind=goods&in_stock=true&price_from=2000&price_to=9000&sort=price&limit=3";
    let answer = stage.show(&Call::get(path), 200, &[]).await?;
    let found = answer.list("/data")?;
    for product in found {
        say::line(format!(
            "     {} ({}) from {}",
            product["name"],
            product["brand"].as_str().unwrap_or("no brand"),
            super::readable(&product["price_min"])
        ));
    }
    ensure!(
        found.len() == 3,
        "the filter found {} products",
        found.len()
    );
    let prices: Vec<Option<i64>> = found
        .iter()
        .map(|product| product["price_min"]["amount"].as_i64())
        .collect();
    ensure!(
        prices.is_sorted(),
        "the prices are not in order: {prices:?}"
    );
    Ok(())
}

async fn detail(stage: &mut Stage) -> Result<()> {
    stage.title("See a product, and ask again with its ETag");
    let list = Call::get("/api/catalog/products?kind=goods&limit=1");
    let list = stage.client.expect(&list, 200).await?;
    let call = Call::get(format!(
        "/api/catalog/products/{}",
        list.text("/data/0/slug")?
    ));
    let answer = stage
        .show(
            &call,
            200,
            &["/name", "/categories/0/name", "/variants/0/sku"],
        )
        .await?;
    let etag = answer.headers.get("etag").context("an ETag")?.to_str()?;
    let again = call.header("if-none-match", etag);
    stage.show(&again, 304, &[]).await?;
    Ok(())
}

/// Products, and their variants.
async fn count(stage: &mut Stage) -> Result<(usize, usize)> {
    let (mut products, mut variants) = (0, 0);
    let mut path = "/api/catalog/products?limit=100".to_owned();
    loop {
        let page = stage.client.expect(&Call::get(&path), 200).await?;
        for product in page.list("/data")? {
            let id = product["id"].as_str().context("a product has an id")?;
            let call = Call::get(format!("/api/catalog/products/{id}"));
            let detail = stage.client.expect(&call, 200).await?;
            let of_it = detail.list("/variants")?.len();
            ensure!(of_it >= 2, "{id} has {of_it} variants");
            products += 1;
            variants += of_it;
        }
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/catalog/products?limit=100&cursor={cursor}"),
            None => break,
        }
        ensure!(
            page.body["has_more"] == Value::Bool(true),
            "a cursor leads nowhere"
        );
    }
    Ok((products, variants))
}
