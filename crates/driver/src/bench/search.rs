//! Search in a big catalog, from the database each time.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use super::table::{Aim, Table};
use super::{Options, load, log, median};
use crate::client::{Call, Client};
use crate::installation::{Backend, Installation, superuser_url};

/// How many products there are.
const PRODUCTS: &str = "100000";
/// How many different questions are asked in turn.
const QUESTIONS: usize = 400;

/// Measures filtered searches with all facets.
pub(super) async fn measure(sutler: &Path, options: &Options, table: &mut Table) -> Result<()> {
    let mut installation = Installation::new(sutler, Backend::Postgres).await?;
    installation.run(&["migrate", "up"])?;
    installation.run(&["seed", "--products", PRODUCTS])?;
    // Each question comes again later than this.
    installation.set("CATALOG_CACHE_TTL", "1ms");
    let url = superuser_url(installation.database()?)?;
    let mut admin = PgConnection::connect(url.as_str())
        .await
        .context("connect to PostgreSQL")?;
    sqlx::query("VACUUM ANALYZE").execute(&mut admin).await?;
    let server = installation.start(&[]).await?;
    let mut client = server.client();
    for (name, questions) in [
        ("search with facets", questions(&mut client).await?),
        (
            "category page with facets",
            of_categories(&mut client).await?,
        ),
    ] {
        let count = statements(&mut admin, &mut client, &questions[0]).await?;
        // Connections, plans and the caches of PostgreSQL.
        load::wrk(installation.folder(), server.address, &questions, 5)?;
        let (mut rates, mut p99) = (Vec::new(), Vec::new());
        for _ in 0..options.repeats {
            let seen = load::wrk(
                installation.folder(),
                server.address,
                &questions,
                options.seconds,
            )?;
            rates.push(seen.rate);
            p99.push(seen.p99);
        }
        let name = format!("{name} in {PRODUCTS} products ({count} statements)");
        table.figure(&name, median(rates), "/s", Aim::None);
        table.figure("  99 of 100 within", median(p99), "ms", Aim::Under(50.0));
    }
    Ok(())
}

/// Questions without words: each category alone, and with filters.
async fn of_categories(client: &mut Client) -> Result<Vec<String>> {
    let call = Call::get("/api/catalog/categories");
    let tree = client.expect(&call, 200).await?.body;
    let categories = tree["data"].as_array().context("a list of categories")?;
    let mut all = Vec::new();
    for category in categories {
        let slug = category["slug"].as_str().context("a slug")?;
        for filter in [
            "",
            "&in_stock=true",
            "&size=42",
            "&price_to=10000&condition=new",
            "&sort=price&in_stock=true&size=M",
        ] {
            all.push(format!(
                "/api/catalog/products?category={slug}{filter}&facets=true"
            ));
        }
    }
    Ok(all)
}

/// Questions about products that are there: two words, a noun of a brand up to
/// a price, the beginning of a word in a size, a noun with three filters.
async fn questions(client: &mut Client) -> Result<Vec<String>> {
    let mut all = Vec::with_capacity(QUESTIONS);
    let mut next = "/api/catalog/products?limit=100&kind=goods".to_owned();
    while all.len() < QUESTIONS {
        let page = client.expect(&Call::get(&next), 200).await?.body;
        for product in page["data"].as_array().context("a list of products")? {
            all.push(question(all.len(), product)?);
        }
        let cursor = page["next_cursor"].as_str().context("there are more")?;
        next = format!("/api/catalog/products?limit=100&kind=goods&cursor={cursor}");
    }
    Ok(all)
}

fn question(n: usize, product: &Value) -> Result<String> {
    let name = product["name"].as_str().context("a name")?;
    let brand = product["brand"].as_str().unwrap_or_default();
    let price = product["price_max"]["amount"].as_i64().unwrap_or_default();
    let model = name.split(' ').next().unwrap_or_default();
    let noun = name.rsplit(' ').next().unwrap_or_default();
    let beginning: String = model.chars().take(4).collect();
    let size = ["41", "42", "M", "L"][n / 4 % 4];
    let asked: Vec<(&str, String)> = match n % 4 {
        0 => vec![
            ("q", format!("{model} {noun}")),
            ("in_stock", "true".to_owned()),
        ],
        1 => vec![
            ("q", noun.to_owned()),
            ("brand", brand.to_owned()),
            ("price_to", price.to_string()),
        ],
        2 => vec![("q", beginning), ("size", size.to_owned())],
        _ => vec![
            ("q", noun.to_owned()),
            ("brand", brand.to_owned()),
            ("size", size.to_owned()),
            ("condition", "new".to_owned()),
        ],
    };
    let pairs = asked.iter().map(|(name, value)| (*name, value.as_str()));
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair("facets", "true")
        .finish();
    Ok(format!("/api/catalog/products?{query}"))
}

/// How many statements PostgreSQL runs for one.
async fn statements(admin: &mut PgConnection, client: &mut Client, path: &str) -> Result<usize> {
    log::enable(admin, true).await?;
    // The first ones set up the connection.
    for _ in 0..40 {
        client.expect(&Call::get(path), 200).await?;
    }
    let before = log::read(admin).await?.len();
    tokio::time::sleep(Duration::from_millis(10)).await;
    client.expect(&Call::get(path), 200).await?;
    let text = log::read(admin).await?;
    log::enable(admin, false).await?;
    let statements = log::statements(&text[before..]);
    Ok(statements
        .iter()
        .filter(|one| one.sql.contains("$1"))
        .count())
}
