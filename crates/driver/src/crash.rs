//! Kills the process at random moments while buyers buy, and looks for what
//! is lost.
//!
//! Buyers write down what was acknowledged. After each restart everything that
//! was acknowledged since the one before must be there, in the state that was
//! acknowledged or a later one, and the rows must agree with each other. What
//! was not acknowledged is asked for again with the same idempotency key, so
//! that at the end the number of orders is known exactly.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::consistency::Reader;
use crate::installation::{Backend, Installation, Running};
use crate::payer::{self, Payer};
use crate::recovery::{drain, kill_a_backend};
use crate::say;
use crate::shopper::{self, Item, Purchase, Step};

/// How long the process lives under load, in milliseconds.
const LIFE: std::ops::Range<u64> = 20..900;
/// How many pay into a wallet at the same time.
const PAYERS: usize = 3;
/// How long jobs may take after the last restart.
const PATIENCE: Duration = Duration::from_mins(1);

/// What to do.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often to kill.
    pub rounds: u32,
    /// Buyers at the same time.
    pub buyers: usize,
    /// What chance is made from.
    pub seed: u64,
    /// In every fourth round on PostgreSQL, kill one of its processes first,
    /// so that it recovers from its log.
    pub kill_postgres: bool,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Figures {
    /// How often Sutler was killed.
    pub kills: u32,
    /// How often PostgreSQL was.
    pub postgres_kills: u32,
    /// Writes that were acknowledged.
    pub acknowledged: u64,
    /// Requests whose outcome nobody knew, and that were repeated.
    pub unknown: u64,
    /// Orders.
    pub orders: usize,
    /// Top-ups that were credited.
    pub top_ups: usize,
    /// Checkouts that were refused because the goods were gone.
    pub sold_out: u64,
    /// What should not be.
    pub anomalies: Vec<String>,
}

/// What the buyers of all rounds share.
struct Market {
    items: Vec<Item>,
    stop: AtomicBool,
    purchases: AtomicU64,
    acknowledged: AtomicU64,
    unknown: AtomicU64,
    sold_out: AtomicU64,
    seed: u64,
}

/// A buyer, and what they were told since the last restart.
struct Buyer {
    chance: StdRng,
    current: Option<Purchase>,
    finished: Vec<Purchase>,
}

/// Kills and looks.
pub async fn run(sutler: &Path, backend: Backend, options: &Options) -> Result<Figures> {
    let mut installation = Installation::new(sutler, backend).await?;
    installation.set("LOG_FILTER", "warn");
    installation.set("AUTH_ACCESS_TTL", "24h");
    // So that the jobs of the dead go on soon.
    installation.set("JOBS_LEASE", "2s");
    let mut chance = StdRng::seed_from_u64(options.seed);
    let mut server = installation.start(&["--demo"]).await?;
    let market = Arc::new(open_market(&server, options.seed).await?);
    let mut buyers: Vec<Buyer> = (0..options.buyers)
        .map(|_| Buyer {
            chance: StdRng::seed_from_u64(chance.random()),
            current: None,
            finished: Vec::new(),
        })
        .collect();
    let mut payers = payers(&server, options.seed).await?;
    let mut known: BTreeMap<String, Purchase> = BTreeMap::new();
    let mut figures = Figures::default();
    for round in 0..options.rounds {
        let crash_postgres =
            options.kill_postgres && backend == Backend::Postgres && round % 4 == 3;
        let life = Duration::from_millis(chance.random_range(LIFE));
        let running = buy_until_stopped(&market, &server, buyers);
        let paying = pay_until_stopped(&market, &server, payers);
        tokio::time::sleep(life).await;
        if crash_postgres {
            kill_a_backend(&installation).await?;
            figures.postgres_kills += 1;
            tokio::time::sleep(Duration::from_millis(chance.random_range(LIFE))).await;
        }
        server.kill()?;
        figures.kills += 1;
        market.stop.store(true, Ordering::SeqCst);
        buyers = running
            .join_all()
            .await
            .into_iter()
            .collect::<Result<_>>()?;
        payers = paying.join_all().await.into_iter().collect::<Result<_>>()?;
        server = installation.start(&[]).await?;
        let mut client = server.client();
        for payer in &payers {
            figures.anomalies.extend(payer.lost(&mut client).await?);
        }
        let found = look(&installation, &server, &mut buyers, &mut known).await?;
        for anomaly in found {
            say::line(format!("  round {round} ({backend:?}): {anomaly}"));
            figures.anomalies.push(format!("round {round}: {anomaly}"));
        }
        if round % 20 == 19 {
            say::line(format!(
                "  {backend:?}: {} kills, {} orders, {} anomalies",
                figures.kills,
                known.len(),
                figures.anomalies.len()
            ));
        }
    }
    finish(
        &installation,
        &server,
        &market,
        (buyers, payers),
        &mut known,
        &mut figures,
    )
    .await?;
    Ok(figures)
}

/// A catalog with plenty of most things and few of some.
async fn open_market(server: &Running, seed: u64) -> Result<Market> {
    let mut client = server.client();
    let token = shopper::sign_in(&mut client).await?;
    let items = shopper::goods(&mut client, 12).await?;
    for (n, item) in items.iter().enumerate() {
        let stock = if n < 4 { 40 } else { 1_000_000 };
        shopper::set_stock(&mut client, &token, item, stock).await?;
    }
    Ok(Market {
        items,
        stop: AtomicBool::new(false),
        purchases: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
        unknown: AtomicU64::new(0),
        sold_out: AtomicU64::new(0),
        seed,
    })
}

fn buy_until_stopped(
    market: &Arc<Market>,
    server: &Running,
    buyers: Vec<Buyer>,
) -> JoinSet<Result<Buyer>> {
    market.stop.store(false, Ordering::SeqCst);
    let mut running = JoinSet::new();
    for mut buyer in buyers {
        let (market, mut client) = (market.clone(), server.client());
        running.spawn(async move {
            while !market.stop.load(Ordering::SeqCst) {
                buyer.step(&market, &mut client).await?;
            }
            Ok(buyer)
        });
    }
    running
}

/// Those who pay into a wallet meanwhile.
async fn payers(server: &Running, seed: u64) -> Result<Vec<Payer>> {
    let mut client = server.client();
    let token: Arc<str> = shopper::sign_in(&mut client).await?.into();
    let call = crate::client::Call::get("/api/wallet").bearer(&token);
    let wallet = client.expect(&call, 200).await?;
    let currency: Arc<str> = wallet.text("/available/currency")?.into();
    let names = (0..PAYERS).map(|n| format!("{seed}-{n}"));
    Ok(names
        .map(|name| Payer::new(token.clone(), currency.clone(), name))
        .collect())
}

fn pay_until_stopped(
    market: &Arc<Market>,
    server: &Running,
    payers: Vec<Payer>,
) -> JoinSet<Result<Payer>> {
    let mut running = JoinSet::new();
    for mut payer in payers {
        let (market, mut client) = (market.clone(), server.client());
        running.spawn(async move {
            while !market.stop.load(Ordering::SeqCst) {
                payer.step(&mut client).await?;
            }
            Ok(payer)
        });
    }
    running
}

impl Buyer {
    /// One request. That nobody answers it is no error.
    async fn step(&mut self, market: &Market, client: &mut Client) -> Result<()> {
        let purchase = self.current.get_or_insert_with(|| {
            let number = market.purchases.fetch_add(1, Ordering::Relaxed);
            let item = market.items[self.chance.random_range(0..market.items.len())].clone();
            let quantity = self.chance.random_range(1..4);
            Purchase::new(format!("{}-{number}", market.seed), item, quantity)
        });
        let before = purchase.step;
        if let Ok(answer) = client.send(&purchase.call(true)?).await {
            purchase.accept(&answer)?;
            if answer.status >= 500 {
                market.unknown.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            } else if before < Step::Paid {
                market.acknowledged.fetch_add(1, Ordering::Relaxed);
            } else if purchase.step == Step::Paid {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } else {
            market.unknown.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if purchase.step == Step::Done {
            let gone = u64::from(purchase.sold_out);
            market.sold_out.fetch_add(gone, Ordering::Relaxed);
            self.finished.extend(self.current.take());
        }
        Ok(())
    }
}

/// Compares what was acknowledged since the last restart with what is there,
/// and the rows with each other.
async fn look(
    installation: &Installation,
    server: &Running,
    buyers: &mut [Buyer],
    known: &mut BTreeMap<String, Purchase>,
) -> Result<Vec<String>> {
    let mut anomalies = Vec::new();
    let mut client = server.client();
    for buyer in buyers {
        for purchase in buyer.current.iter().chain(&buyer.finished) {
            check(&mut client, purchase, &mut anomalies).await?;
        }
        for purchase in buyer.finished.drain(..) {
            remember(purchase, known, &mut anomalies);
        }
    }
    anomalies.extend(Reader::open(installation).await?.violations().await?);
    Ok(anomalies)
}

fn remember(
    purchase: Purchase,
    known: &mut BTreeMap<String, Purchase>,
    anomalies: &mut Vec<String>,
) {
    let Some((id, _)) = purchase.order.clone() else {
        return;
    };
    if known.insert(id.clone(), purchase).is_some() {
        anomalies.push(format!("{id} was acknowledged to two buyers"));
    }
}

/// What one buyer was told must still hold.
async fn check(
    client: &mut Client,
    purchase: &Purchase,
    anomalies: &mut Vec<String>,
) -> Result<()> {
    if let Some((id, _)) = &purchase.order {
        let answer = client.send(&purchase.look()?).await?;
        if answer.status != 200 {
            anomalies.push(format!(
                "{id} was acknowledged and answers {}",
                answer.status
            ));
            return Ok(());
        }
        let status = answer.text("/status")?;
        let legal: &[&str] = match purchase.step {
            Step::Done => &["paid"],
            _ => &["pending", "paid"],
        };
        if !legal.contains(&status) || answer.number("/number")? != purchase.number {
            anomalies.push(format!(
                "{id} was acknowledged at {:?} and is {status}",
                purchase.step
            ));
        }
    } else if let Some((id, _)) = &purchase.cart {
        let answer = client.send(&purchase.look_at_cart()?).await?;
        let line = answer.body.pointer("/lines/0");
        let (variant, quantity) = purchase.wanted();
        let has_line = line.is_some_and(|line| {
            line["variant_id"] == variant && line["quantity"].as_i64() == Some(quantity)
        });
        let has_address = answer.body["shipping_address"].is_object();
        let kept = answer.status == 200
            && (purchase.step <= Step::Line || has_line)
            && (purchase.step <= Step::Address || has_address);
        if !kept {
            anomalies.push(format!(
                "{id} was acknowledged at {:?} and answers {} {}",
                purchase.step, answer.status, answer.body
            ));
        }
    }
    Ok(())
}

/// Lets everybody finish, and checks everything once more.
async fn finish(
    installation: &Installation,
    server: &Running,
    market: &Market,
    (buyers, mut payers): (Vec<Buyer>, Vec<Payer>),
    known: &mut BTreeMap<String, Purchase>,
    figures: &mut Figures,
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut client = server.client();
    for mut buyer in buyers {
        while let Some(purchase) = &buyer.current {
            if Instant::now() > deadline {
                let step = purchase.step;
                figures
                    .anomalies
                    .push(format!("a buyer still waits at {step:?}"));
                break;
            }
            buyer.step(market, &mut client).await?;
        }
        for purchase in buyer.finished {
            remember(purchase, known, &mut figures.anomalies);
        }
    }
    for payer in &mut payers {
        while !payer.is_idle() && Instant::now() < deadline {
            payer.step(&mut client).await?;
        }
    }
    drain(&mut client, deadline, &mut figures.anomalies).await?;
    let (credited, wrong) = payer::verdict(&payers, &mut client).await?;
    figures.top_ups = credited;
    figures.anomalies.extend(wrong);
    for purchase in known.values() {
        check(&mut client, purchase, &mut figures.anomalies).await?;
    }
    let mut reader = Reader::open(installation).await?;
    figures.anomalies.extend(reader.violations().await?);
    let stored = reader.number("SELECT count(*) FROM orders").await?;
    if usize::try_from(stored)? != known.len() {
        figures.anomalies.push(format!(
            "{} orders were acknowledged and {stored} are there",
            known.len()
        ));
    }
    figures.orders = known.len();
    figures.acknowledged = market.acknowledged.load(Ordering::Relaxed);
    figures.sold_out = market.sold_out.load(Ordering::Relaxed);
    figures.unknown = market.unknown.load(Ordering::Relaxed);
    Ok(())
}
