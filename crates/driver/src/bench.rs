//! Measures the server on PostgreSQL, as ratios within one run: against
//! pgbench with the same statements on the same cluster, and against a
//! constant answer. `docs/performance.md` says how to read the table.

mod customers;
mod flow;
mod load;
mod log;
mod pgbench;
mod placing;
mod process;
mod reads;
mod rest;
mod search;
mod spending;
mod subscribing;
mod table;
mod views;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use sqlx::{Connection as _, PgConnection, Row as _};

use crate::client::Client;
use crate::installation::{Backend, Installation, Running, superuser_url};
use crate::say;
use crate::shopper::{self, Item};
use table::Table;

pub use load::constant;

/// Connections that put load on the server, and on PostgreSQL directly.
const CONNECTIONS: usize = 16;
/// Products that are read and bought.
const PRODUCTS: usize = 100;

/// How long orders are placed before anything is measured.
const WARM_UP: Duration = Duration::from_secs(5);

/// How to measure.
#[derive(Args)]
pub struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 8)]
    seconds: u32,
    /// How often each pair is measured, in turns; the median counts.
    #[arg(long, default_value_t = 3)]
    repeats: usize,
    /// Only some: reads, views, cached, placing, spending,
    /// subscribing, flow, rest, search.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

impl Options {
    fn wants(&self, part: &str) -> bool {
        let wanted = self.only.is_empty() || self.only.iter().any(|only| only == part);
        if wanted {
            say::line(format!("measuring: {part}"));
        }
        wanted
    }

    /// The time of a measurement.
    fn length(&self) -> Duration {
        Duration::from_secs(u64::from(self.seconds))
    }

    /// Whether any of the parts is wanted that share a shop.
    fn wants_shop(&self) -> bool {
        let apart = |part: &String| part == "rest" || part == "search";
        self.only.is_empty() || !self.only.iter().all(apart)
    }
}

/// A shop on PostgreSQL that is ready to be measured.
struct Bench {
    installation: Installation,
    items: Vec<Item>,
    /// The superuser.
    admin: PgConnection,
    /// The tenant, as PostgreSQL has it.
    tenant: String,
}

/// Measures, and prints the table.
pub async fn run(sutler: &Path, options: &Options) -> Result<()> {
    let mut table = Table::default();
    if options.wants("rest") {
        rest::measure(sutler, &mut table).await?;
    }
    if options.wants("search") {
        search::measure(sutler, options, &mut table).await?;
    }
    if !options.wants_shop() {
        say::line(table.render());
        return Ok(());
    }
    let mut bench = Bench::prepare(sutler).await?;
    if options.wants("reads") {
        reads::uncached(&mut bench, options, &mut table).await?;
    }
    if options.wants("views") {
        views::measure(&mut bench, options, &mut table).await?;
    }
    if options.wants("cached") {
        reads::cached(&bench, options, &mut table).await?;
    }
    if options.wants("placing") {
        placing::measure(&mut bench, options, &mut table).await?;
    }
    if options.wants("spending") {
        spending::measure(&mut bench, options, &mut table).await?;
    }
    if options.wants("subscribing") {
        subscribing::measure(&mut bench, options, &mut table).await?;
    }
    if options.wants("flow") {
        flow::measure(&mut bench, options, &mut table).await?;
    }
    say::line(table.render());
    Ok(())
}

impl Bench {
    /// Demonstration data, with enough of everything that is bought.
    async fn prepare(sutler: &Path) -> Result<Self> {
        let mut installation = Installation::new(sutler, Backend::Postgres).await?;
        installation.set("AUTH_ACCESS_TTL", "24h");
        let server = installation.start(&["--demo"]).await?;
        let mut client = server.client();
        let token = shopper::sign_in(&mut client).await?;
        let items = shopper::goods(&mut client, PRODUCTS).await?;
        for item in &items {
            shopper::set_stock(&mut client, &token, item, 1_000_000).await?;
        }
        let url = superuser_url(installation.database()?)?;
        let mut admin = PgConnection::connect(url.as_str())
            .await
            .context("connect to PostgreSQL")?;
        // PostgreSQL plans for the sizes it knows of, and here plans are kept:
        // without orders it would plan for empty tables.
        flow::buy(&items, &server, WARM_UP, "first").await?;
        sqlx::query("VACUUM ANALYZE").execute(&mut admin).await?;
        let tenant = sqlx::query("SELECT id::text FROM tenants ORDER BY created_at LIMIT 1")
            .fetch_one(&mut admin)
            .await?
            .try_get(0)?;
        Ok(Self {
            installation,
            items,
            admin,
            tenant,
        })
    }

    /// A server with other settings than the one before.
    async fn start(&self) -> Result<(Running, Client)> {
        let server = self.installation.start(&[]).await?;
        let client = server.client();
        Ok((server, client))
    }

    /// A column of ids of what is bought, in the order of the items, as a
    /// PostgreSQL array.
    async fn ids(&mut self, column: &str) -> Result<String> {
        let mut ids = Vec::new();
        for item in &self.items {
            let uuid = uuid_of(&item.variant)?;
            let sql = format!("SELECT {column}::text FROM variants WHERE id = '{uuid}'");
            let row = sqlx::query(sqlx::AssertSqlSafe(sql))
                .fetch_one(&mut self.admin)
                .await?;
            ids.push(row.try_get::<String, _>(0)?);
        }
        Ok(format!("'{{{}}}'::uuid[]", ids.join(",")))
    }
}

/// The UUID in a TypeID such as `var_01j9z6m3k4f5g6h7j8k9m0n1p2`.
fn uuid_of(id: &str) -> Result<String> {
    const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let (_, text) = id.rsplit_once('_').context("an id has a prefix")?;
    let mut number: u128 = 0;
    for letter in text.chars() {
        let digit = ALPHABET.find(letter).context("an id is in base 32")?;
        number = number << 5 | digit as u128;
    }
    let hex = format!("{number:032x}");
    Ok(format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    ))
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
