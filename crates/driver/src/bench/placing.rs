//! Placing orders, against pgbench with the statements of one placement.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use tokio::task::JoinSet;

use super::load::{self, Post};
use super::pgbench::{self, Runner, computed, drawn};
use super::table::Table;
use super::{Bench, CONNECTIONS, Options, log, median, uuid_of};
use crate::client::{Call, Client};
use crate::installation::Running;
use crate::shopper::address;

/// Orders that each connection of pgbench places for each second that was
/// asked for.
const A_SECOND: usize = 30;
/// Carts for each second, more than can be ordered in one.
const CARTS_A_SECOND: usize = 1_500;
const CHECKOUT: &str = "/api/checkout";
/// Where the numbers of pgbench's carts begin, turn by turn.
const FIRST: usize = 1_000;

/// A cart with a line, and the token that opens it.
struct Cart {
    id: String,
    token: String,
}

/// Measures.
pub(super) async fn measure(bench: &mut Bench, options: &Options, table: &mut Table) -> Result<()> {
    let (server, mut client) = bench.start().await?;
    let script = script(bench, &mut client).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let each = usize::try_from(options.seconds)? * A_SECOND;
    let mut runner = None;
    for turn in 0..options.repeats {
        let carts = usize::try_from(options.seconds)? * CARTS_A_SECOND;
        let carts = fill(bench, &server, carts).await?;
        ours.push(place(bench, &server, &carts, options.seconds)?);
        let first = FIRST + turn * each;
        carts_for_pgbench(bench, first, each).await?;
        if runner.is_none() {
            carts_of(bench, &[(0, 900_001)]).await?;
            runner = Some(Runner::new(bench, "placing", &script)?);
        }
        let runner = runner.as_ref().context("made above")?;
        theirs.push(runner.for_count(each, first - 1)?);
    }
    let statements = script
        .lines()
        .filter(|line| !line.starts_with('\\'))
        .count();
    let what = format!("order placement / pgbench ({statements} statements)");
    table.ratio(&what, median(ours), median(theirs), 0.8);
    Ok(())
}

/// Carts with one line each.
async fn fill(bench: &Bench, server: &Running, count: usize) -> Result<Vec<Cart>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks: JoinSet<Result<Vec<Cart>>> = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (mut client, next, items) = (server.client(), next.clone(), bench.items.clone());
        tasks.spawn(async move {
            let mut carts = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return Ok(carts);
                }
                let variant = &items[n % items.len()].variant;
                carts.push(cart(&mut client, variant).await?);
            }
        });
    }
    let mut all = Vec::new();
    while let Some(carts) = tasks.join_next().await {
        all.extend(carts??);
    }
    Ok(all)
}

async fn cart(client: &mut Client, variant: &str) -> Result<Cart> {
    let made = client.expect(&Call::post("/api/carts"), 201).await?;
    let cart = Cart {
        id: made.text("/id")?.to_owned(),
        token: made.text("/token")?.to_owned(),
    };
    let add = Call::post(format!("/api/carts/{}/lines", cart.id))
        .header("x-cart-token", &cart.token)
        .json(json!({"variant_id": variant, "quantity": 1}));
    client.expect(&add, 200).await?;
    Ok(cart)
}

fn checkout(cart: &Cart) -> Call {
    Call::post(CHECKOUT)
        .header("x-cart-token", &cart.token)
        .json(order_of(cart))
}

fn order_of(cart: &Cart) -> Value {
    json!({"cart_id": cart.id, "email": "buyer@example.com",
        "shipping_address": address(), "shipping_method": "standard"})
}

/// Orders carts for so long; orders a second.
fn place(bench: &Bench, server: &Running, carts: &[Cart], seconds: u32) -> Result<f64> {
    let posts: Vec<Post> = carts
        .iter()
        .map(|cart| Post {
            token: cart.token.clone(),
            body: order_of(cart),
        })
        .collect();
    let folder = bench.installation.folder();
    let seen = load::wrk_posts(folder, server.address, CHECKOUT, &posts, seconds)?;
    Ok(seen.rate)
}

/// The script of one placement, as PostgreSQL saw it.
async fn script(bench: &mut Bench, client: &mut Client) -> Result<String> {
    let variant = bench.items[0].variant.clone();
    // The first ones set up connections and caches.
    for _ in 0..40 {
        let cart = cart(client, &variant).await?;
        client.expect(&checkout(&cart), 201).await?;
    }
    log::enable(&mut bench.admin, true).await?;
    for _ in 0..40 {
        client.expect(&Call::get("/ready"), 200).await?;
    }
    let cart = cart(client, &variant).await?;
    let before = log::read(&mut bench.admin).await?.len();
    client.expect(&checkout(&cart), 201).await?;
    let text = log::read(&mut bench.admin).await?;
    log::enable(&mut bench.admin, false).await?;
    let statements: Vec<_> = log::statements(&text[before..])
        .into_iter()
        .filter(|statement| !statement.sql.contains("pg_read_file"))
        .collect();
    let places = statements
        .iter()
        .any(|s| s.sql.contains("INSERT INTO orders "));
    ensure!(places, "no order was placed: {statements:?}");
    let [variants, products, piles] = [
        bench.ids("id").await?,
        bench.ids("product_id").await?,
        bench.ids("stock_item_id").await?,
    ];
    let known = [
        (uuid_of(&variant)?, drawn(&variants)),
        (uuid_of(&bench.items[0].product)?, drawn(&products)),
        (first_of(&piles)?, drawn(&piles)),
        // The cart that was made for this transaction.
        (uuid_of(&cart.id)?, computed("(:base + 99)")),
    ];
    pgbench::script(&bench.tenant, &statements, &known)
}

fn first_of(array: &str) -> Result<String> {
    let inner = array.trim_start_matches("'{");
    let (first, _) = inner.split_once([',', '}']).context("ids")?;
    Ok(first.to_owned())
}

/// Carts with one line each for all transactions of one turn.
async fn carts_for_pgbench(bench: &mut Bench, first: usize, each: usize) -> Result<()> {
    let all: Vec<(usize, usize)> = (0..CONNECTIONS)
        .flat_map(|client| (first..first + each).map(move |turn| (client, turn)))
        .collect();
    for some in all.chunks(1000) {
        carts_of(bench, some).await?;
    }
    Ok(())
}

/// The carts of transactions, as (client, turn): like the last open one.
async fn carts_of(bench: &mut Bench, transactions: &[(usize, usize)]) -> Result<()> {
    let numbers: Vec<String> = transactions
        .iter()
        .map(|(client, turn)| ((client * 1_000_000 + turn) * 100 + 99).to_string())
        .collect();
    let numbers = format!("unnest('{{{}}}'::bigint[])", numbers.join(","));
    let variants = bench.ids("id").await?;
    let tenant = bench.tenant.clone();
    for sql in [
        format!(
            "INSERT INTO carts (tenant_id, id, currency, status, version, created_at, updated_at) \
             SELECT '{tenant}', {}, 'EUR', 'open', 2, 1, 1 FROM {numbers} AS n",
            computed("n")
        ),
        format!(
            "INSERT INTO cart_lines (tenant_id, id, cart_id, variant_id, quantity, seen_price, created_at) \
             SELECT '{tenant}', {0}, {0}, ({variants})[1 + n % {1}], 1, 100, 1 FROM {numbers} AS n",
            computed("n"),
            super::PRODUCTS
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut bench.admin)
            .await?;
    }
    Ok(())
}
