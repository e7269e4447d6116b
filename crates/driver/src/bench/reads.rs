//! Product detail from the database, and what comes from memory.

use anyhow::{Context as _, Result};

use super::load::{self, Constant};
use super::log::{self, Statement};
use super::table::{Aim, Table};
use super::{Bench, Options, median, pgbench};
use crate::client::Call;

/// As many threads as the server has by default.
const WORKERS: usize = 2;

/// Product details that are read from the database each time, against pgbench
/// with the same statement.
pub(super) async fn uncached(
    bench: &mut Bench,
    options: &Options,
    table: &mut Table,
) -> Result<()> {
    // Each product comes again later than this.
    bench.installation.set("CATALOG_CACHE_TTL", "1ms");
    let (server, mut client) = bench.start().await?;
    let paths: Vec<String> = bench
        .items
        .iter()
        .map(|item| format!("/api/catalog/products/{}", item.product))
        .collect();
    let statements = capture(bench, &mut client, &Call::get(&paths[0])).await?;
    let products = bench.ids("product_id").await?;
    let product = super::uuid_of(&bench.items[0].product)?;
    let known = [(product, pgbench::drawn(&products))];
    let script = pgbench::script(&bench.tenant, &statements, &known)?;
    let folder = bench.installation.folder().to_owned();
    let runner = pgbench::Runner::new(bench, "detail", &script)?;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut p99 = Vec::new();
    for _ in 0..options.repeats {
        let seen = load::wrk(&folder, server.address, &paths, options.seconds)?;
        let base = runner.for_seconds(options.seconds)?;
        ratios.push(seen.rate / base);
        ours.push(seen.rate);
        theirs.push(base);
        p99.push(seen.p99);
    }
    table.ratio(
        "product detail from the database / pgbench",
        median(ours),
        median(theirs),
        0.5,
    );
    table.figure("  99 of 100 within", median(p99), "ms", Aim::None);
    bench.installation.set("CATALOG_CACHE_TTL", "30s");
    Ok(())
}

/// The statements of one request.
pub(super) async fn capture(
    bench: &mut Bench,
    client: &mut crate::client::Client,
    call: &Call,
) -> Result<Vec<Statement>> {
    log::enable(&mut bench.admin, true).await?;
    // The first ones set up the connection.
    for _ in 0..40 {
        client.expect(call, 200).await?;
    }
    let before = log::read(&mut bench.admin).await?.len();
    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    client.expect(call, 200).await?;
    let text = log::read(&mut bench.admin).await?;
    log::enable(&mut bench.admin, false).await?;
    let statements = log::statements(&text[before..]);
    let own: Vec<Statement> = statements
        .into_iter()
        .filter(|s| s.sql.contains("$1"))
        .collect();
    own.first()
        .context("no statement of the request is in the log")?;
    Ok(own)
}

/// Detail and list from memory, against a constant answer of the same size.
pub(super) async fn cached(bench: &Bench, options: &Options, table: &mut Table) -> Result<()> {
    let (server, mut client) = bench.start().await?;
    let detail = format!("/api/catalog/products/{}", bench.items[0].product);
    let list = "/api/catalog/products?limit=20".to_owned();
    for (what, path) in [("product detail", detail), ("product list", list)] {
        let size = client.expect(&Call::get(&path), 200).await?.bytes.len();
        let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let constant = Constant::start(free, size, WORKERS).await?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..options.repeats {
            let folder = bench.installation.folder();
            let paths = std::slice::from_ref(&path);
            ours.push(load::wrk(folder, server.address, paths, options.seconds)?.rate);
            theirs.push(load::wrk(folder, constant.address, paths, options.seconds)?.rate);
        }
        let name = format!("{what} from memory / constant answer ({size} bytes)");
        table.ratio(&name, median(ours), median(theirs), 0.6);
    }
    Ok(())
}
