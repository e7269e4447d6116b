//! SIGKILL after each statement of subscribing and of renewing, and after the
//! commit: what was begun is gone, what was done stays, and the request or the
//! job that is repeated makes one of it.

mod brake;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use driver::client::{Answer, Call, Client};
use driver::consistency::Reader;
use driver::installation::{Backend, Installation, Running};
use driver::{recovery, shopper};
use serde_json::json;

use brake::{Brake, Place};

/// What a period costs, in minor units.
const PRICE: i64 = 700;
/// What is in the wallet at first.
const FUNDS: i64 = 1_000_000;
/// How many units there are; never is more than one of them given.
const TOTAL: i64 = 1;
/// How long something may take to happen on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// What all subscriptions have in common that go on.
const LIVE: &str = "FROM subscriptions WHERE status <> 'ended'";

const fn insert(table: &'static str, rows: &'static str) -> Place {
    Place {
        write: "INSERT",
        table,
        rows,
    }
}

const fn update(table: &'static str) -> Place {
    Place {
        write: "UPDATE",
        table,
        rows: "NEW.id = NEW.id",
    }
}

const ANY: &str = "NEW.id = NEW.id";

/// The writes of subscribing, in their order. What is taken from the wallet is
/// one statement with its transfer.
const SUBSCRIBING: [Place; 10] = [
    insert("subscriptions", ANY),
    insert("quota_allocations", ANY),
    update("quotas"),
    insert("ledger_transfers", ANY),
    insert("subscription_charges", ANY),
    insert("service_instances", ANY),
    insert("events", "NEW.kind = 'instance.changed'"),
    insert("jobs", "NEW.kind = 'clusters.reconcile_instance'"),
    insert("events", "NEW.kind = 'subscription.created'"),
    insert("request_keys", ANY),
];

/// The writes of renewing, in their order.
const RENEWING: [Place; 4] = [
    insert("ledger_transfers", ANY),
    insert("subscription_charges", ANY),
    update("subscriptions"),
    insert("events", "NEW.kind = 'subscription.renewed'"),
];

/// One shop and one customer, who is its administrator.
struct Play {
    installation: Installation,
    server: Option<Running>,
    brake: Brake,
    token: String,
    plan: String,
    number: usize,
}

/// What can be seen past the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    /// Subscriptions that go on.
    live: i64,
    /// Units that are given, as the quota has it.
    used: i64,
    /// What is in the wallet.
    balance: i64,
    /// What was charged so far.
    charges: i64,
    /// Which instances were asked for.
    instances: i64,
}

/// Kills at each step; how often that was.
pub async fn run(sutler: &Path, backend: Backend) -> Result<usize> {
    let mut play = Play::begin(sutler, backend).await?;
    for place in SUBSCRIBING.map(Some).into_iter().chain([None]) {
        play.kill_subscribing(place).await.with_context(|| {
            let log = play.installation.log();
            format!("killed in subscribing after {place:?}; it said:\n{log}")
        })?;
    }
    play.subscribe("goes-on").await?;
    for place in RENEWING.map(Some).into_iter().chain([None]) {
        play.kill_renewing(place).await.with_context(|| {
            let log = play.installation.log();
            format!("killed in renewing after {place:?}; it said:\n{log}")
        })?;
    }
    Ok(SUBSCRIBING.len() + RENEWING.len() + 2)
}

impl Play {
    async fn begin(sutler: &Path, backend: Backend) -> Result<Self> {
        let mut installation = Installation::new(sutler, backend).await?;
        installation.set("LOG_FILTER", "warn");
        installation.set("AUTH_ACCESS_TTL", "24h");
        installation.set("JOBS_LEASE", "2s");
        let server = installation.start(&["--demo"]).await?;
        let mut client = server.client();
        let token = shopper::sign_in(&mut client).await?;
        let plan = shopper::add_plan(&mut client, &token, "day", PRICE, Some(TOTAL)).await?;
        shopper::fund(&mut client, &token, FUNDS).await?;
        let brake = Brake::new(&installation).await?;
        Ok(Self {
            installation,
            server: Some(server),
            brake,
            token,
            plan,
            number: 0,
        })
    }

    fn client(&self) -> Result<Client> {
        Ok(self.server.as_ref().context("it runs")?.client())
    }

    fn request(&self, name: &str) -> Call {
        Call::post("/api/subscriptions")
            .bearer(&self.token)
            .once(&format!("subscribe-{name:0>8}"))
            .json(json!({"plan_id": self.plan}))
    }

    async fn subscribe(&self, name: &str) -> Result<Answer> {
        self.client()?.expect(&self.request(name), 201).await
    }

    async fn look(&self) -> Result<State> {
        let mut reader = Reader::open(&self.installation).await?;
        let mut number = async |sql: String| reader.number(&sql).await;
        Ok(State {
            live: number(format!("SELECT count(*) {LIVE}")).await?,
            used: number("SELECT sum(used) FROM quotas".to_owned()).await?,
            balance: number("SELECT sum(credit_balance) FROM wallets".to_owned()).await?,
            charges: number("SELECT count(*) FROM subscription_charges".to_owned()).await?,
            instances: number("SELECT count(*) FROM service_instances".to_owned()).await?,
        })
    }

    async fn assert_sound(&self) -> Result<()> {
        let violations = Reader::open(&self.installation).await?.violations().await?;
        ensure!(violations.is_empty(), "{violations:?}");
        Ok(())
    }

    /// Waits until a statement past the application answers a number.
    async fn until(&self, sql: &str, wanted: i64) -> Result<()> {
        let (began, mut reader) = (Instant::now(), Reader::open(&self.installation).await?);
        while reader.number(sql).await? != wanted {
            ensure!(began.elapsed() < PATIENCE, "{sql} is not {wanted}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// Kills the process when it stands still there, or as soon as something
    /// is committed.
    async fn kill(&mut self, place: Option<Place>, committed: (&str, i64)) -> Result<()> {
        match place {
            Some(_) => self.brake.wait().await?,
            None => self.until(committed.0, committed.1).await?,
        }
        self.server.take().context("it runs")?.kill()?;
        match place {
            Some(place) => self.brake.release(place.table).await,
            None => Ok(()),
        }
    }

    async fn restart(&mut self) -> Result<()> {
        self.server = Some(self.installation.start(&[]).await?);
        Ok(())
    }

    async fn kill_subscribing(&mut self, place: Option<Place>) -> Result<()> {
        self.number += 1;
        let name = self.number.to_string();
        // Nobody else writes about instances then.
        let going = "SELECT count(*) FROM service_instances WHERE status <> 'terminated'";
        self.until(going, 0).await?;
        let before = self.look().await?;
        ensure!((before.live, before.used) == (0, 0), "{before:?}");
        let after = State {
            live: 1,
            used: 1,
            balance: before.balance - PRICE,
            charges: before.charges + 1,
            instances: before.instances + 1,
        };
        if let Some(place) = place {
            self.brake.set(place).await?;
        }
        let (mut client, request) = (self.client()?, self.request(&name));
        let asked = tokio::spawn(async move { client.send(&request).await.is_ok() });
        let committed = format!("SELECT count(*) {LIVE}");
        self.kill(place, (&committed, 1)).await?;
        let is_answered = asked.await?;
        ensure!(!is_answered || place.is_none(), "it was answered");
        // All of it, or nothing.
        let found = self.look().await?;
        let wanted = if place.is_some() { before } else { after };
        ensure!(found == wanted, "{found:?} instead of {wanted:?}");
        self.assert_sound().await?;
        self.restart().await?;
        // Whoever was not answered asks again, and once more.
        let made = self.subscribe(&name).await?;
        let again = self.subscribe(&name).await?;
        ensure!(made.body == again.body, "{} {}", made.body, again.body);
        let found = self.look().await?;
        ensure!(found == after, "{found:?} instead of {after:?}");
        self.assert_sound().await?;
        let path = format!("/api/subscriptions/{}/cancel", made.text("/id")?);
        let end = Call::post(path)
            .bearer(&self.token)
            .json(json!({"now": true}));
        self.client()?.expect(&end, 200).await?;
        self.assert_sound().await
    }

    /// Moves the subscription so far into the past that its period is over.
    async fn let_it_fall_due(&mut self) -> Result<()> {
        let mut reader = Reader::open(&self.installation).await?;
        let end = reader.number(&format!("SELECT period_end {LIVE}")).await?;
        let now = kernel::Clock::now(&kernel::SystemClock).micros();
        let by = end - now + 60_000_000;
        let sql = format!(
            "UPDATE subscriptions SET anchor_at = anchor_at - {by}, period_start = period_start - {by}, \
             period_end = period_end - {by}, due_at = 0 WHERE status <> 'ended'"
        );
        self.brake.run(&sql).await
    }

    async fn let_the_job_run(&mut self) -> Result<()> {
        let sql = "UPDATE schedules SET next_at = 0 WHERE name = 'subscriptions.renew'";
        self.brake.run(sql).await
    }

    async fn kill_renewing(&mut self, place: Option<Place>) -> Result<()> {
        self.rest().await?;
        self.let_it_fall_due().await?;
        let before = self.look().await?;
        let after = State {
            balance: before.balance - PRICE,
            charges: before.charges + 1,
            ..before
        };
        if let Some(place) = place {
            self.brake.set(place).await?;
        }
        self.let_the_job_run().await?;
        let count = "SELECT count(*) FROM subscription_charges";
        self.kill(place, (count, after.charges)).await?;
        let found = self.look().await?;
        let wanted = if place.is_some() { before } else { after };
        ensure!(found == wanted, "{found:?} instead of {wanted:?}");
        self.assert_sound().await?;
        self.restart().await?;
        self.until(count, after.charges).await?;
        // Again there is nothing to pay.
        self.rest().await?;
        self.let_the_job_run().await?;
        self.until(
            "SELECT count(*) FROM schedules WHERE name = 'subscriptions.renew' AND next_at = 0",
            0,
        )
        .await?;
        self.rest().await?;
        let found = self.look().await?;
        ensure!(found == after, "{found:?} instead of {after:?}");
        let behind = format!("SELECT count(*) {LIVE} AND period_end <= updated_at");
        self.until(&behind, 0).await?;
        self.assert_sound().await
    }

    /// Waits until no job is left.
    async fn rest(&self) -> Result<()> {
        let mut anomalies = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        recovery::drain(&mut self.client()?, deadline, &mut anomalies).await?;
        ensure!(anomalies.is_empty(), "{anomalies:?}");
        Ok(())
    }
}
