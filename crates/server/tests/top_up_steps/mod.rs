//! SIGKILL between the steps of a top-up. The gateway is a stand-in that lives
//! on, counts, and says when a step is reached; what people and Stripe would
//! repeat is repeated after the restart.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use driver::client::{Answer, Call, Client};
use driver::consistency::Reader;
use driver::installation::{Backend, Installation, Running};
use driver::shopper;
use kernel::{Clock as _, ManualClock, SystemClock, signature};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use testkit::stripe::{StandIn, Trouble, WEBHOOK_SECRET};

const SESSIONS: &str = "/v1/checkout/sessions";
const INTENTS: &str = "/v1/payment_intents";
/// How much each top-up is for, in minor units.
const AMOUNT: i64 = 1_000;
/// How long an answer of the stand-in is held back, so that there is time to
/// kill whoever waits for it.
const HELD_BACK: Duration = Duration::from_millis(700);
/// How long something may take to happen on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// While a top-up is decided on, or just after, before the gateway opens
    /// a page.
    Decided,
    /// The gateway opened a page and nobody hears of it.
    Opened,
    /// The answer is on its way, heard, or noted.
    Noted,
    /// It is paid, and the webhook is on its way, stored, or being worked on.
    Told,
    /// The gateway is asked where it stands, and its answer is not heard.
    Asked,
    /// The answer is heard, and what it says is being booked, or is booked.
    Settled,
    /// A low wallet is being topped up, and the gateway charged nothing yet.
    ChargeDecided,
    /// The gateway charged, and nobody hears of it.
    Charged,
    /// It is heard of, and being booked, or is booked.
    ChargeSettled,
}

const STEPS: [Step; 9] = [
    Step::Decided,
    Step::Opened,
    Step::Noted,
    Step::Told,
    Step::Asked,
    Step::Settled,
    Step::ChargeDecided,
    Step::Charged,
    Step::ChargeSettled,
];

/// How many rounds a shop is for: its wallet may not be charged more often in
/// a day.
const ROUNDS: usize = 3;

/// One shop, one payer, and what came so far.
struct Play {
    installation: Installation,
    server: Option<Running>,
    stripe: StandIn,
    /// The time there, which is kept up with ours.
    clock: Arc<ManualClock>,
    chance: StdRng,
    token: String,
    currency: String,
    top_ups: i64,
    charges: usize,
}

/// Kills at each step, so many times; how often that was.
pub async fn run(sutler: &Path, backend: Backend, rounds: u32, seed: u64) -> Result<usize> {
    let mut kills = 0;
    for first in (0..rounds).step_by(ROUNDS) {
        let mut play = Play::begin(sutler, backend, seed.wrapping_add(first.into())).await?;
        for _ in (first..rounds).take(ROUNDS) {
            for step in STEPS {
                play.round(step).await.with_context(|| {
                    format!("killed at {step:?}; it said:\n{}", play.installation.log())
                })?;
                kills += 1;
            }
        }
    }
    Ok(kills)
}

impl Play {
    async fn begin(sutler: &Path, backend: Backend, seed: u64) -> Result<Self> {
        let clock = Arc::new(ManualClock::new(SystemClock.now()));
        let stripe = StandIn::start(clock.clone());
        let mut installation = Installation::new(sutler, backend).await?;
        for (name, value) in stripe.settings() {
            installation.set(name, value);
        }
        installation.set("LOG_FILTER", "warn");
        installation.set("AUTH_ACCESS_TTL", "24h");
        installation.set("JOBS_LEASE", "2s");
        let server = installation.start(&["--demo"]).await?;
        let mut client = server.client();
        let token = shopper::sign_in(&mut client).await?;
        let wallet = Call::get("/api/wallet").bearer(&token);
        let wallet = client.expect(&wallet, 200).await?;
        let currency = wallet.text("/available/currency")?.to_owned();
        let mut play = Self {
            installation,
            server: Some(server),
            stripe,
            clock,
            chance: StdRng::seed_from_u64(seed),
            token,
            currency,
            top_ups: 0,
            charges: 0,
        };
        // The card that is charged later.
        let session = play.make("first").await?;
        play.pay(&session)?;
        play.tell().await?;
        play.wait_until_credited().await?;
        Ok(play)
    }

    fn client(&self) -> Result<Client> {
        Ok(self.server.as_ref().context("it runs")?.client())
    }

    fn top_up(&self, name: &str) -> Call {
        let amount = json!({"amount": AMOUNT, "currency": self.currency});
        Call::post("/api/wallet/top-ups")
            .bearer(&self.token)
            .once(&format!("top-up-of-{name:0>8}"))
            .json(json!({"amount": amount, "save_payment_method": true}))
    }

    /// Makes a top-up, or hears of the one that was made; its session.
    async fn make(&mut self, name: &str) -> Result<String> {
        let call = self.top_up(name);
        let made = self.repeat(&call, 201).await?;
        let (id, session) = (made.text("/id")?, made.text("/session_id")?);
        let opened = self.stripe.sessions();
        let of_it = |one: &&Value| one["metadata"]["sutler_top_up"] == id;
        ensure!(
            opened.iter().filter(of_it).count() == 1,
            "{id} has not one page: {opened:?}"
        );
        Ok(session.to_owned())
    }

    /// Sends a request until it is answered so.
    async fn repeat(&self, call: &Call, status: u16) -> Result<Answer> {
        let (began, mut client) = (Instant::now(), self.client()?);
        loop {
            let answer = client.send(call).await;
            match answer {
                Ok(answer) if answer.status == status => return Ok(answer),
                Ok(answer) if answer.status < 500 && answer.status != 409 => {
                    anyhow::bail!("{} answers {}: {}", call.path, answer.status, answer.body)
                }
                _ => ensure!(began.elapsed() < PATIENCE, "{} is not answered", call.path),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn pay(&mut self, session: &str) -> Result<()> {
        ensure!(self.stripe.pay(session), "the page of {session} is closed");
        self.top_ups += 1;
        Ok(())
    }

    fn webhook(event: &Value) -> Call {
        let body = event.to_string();
        let now = SystemClock.now();
        let header = signature::sign(WEBHOOK_SECRET.as_bytes(), body.as_bytes(), now);
        Call::post("/api/webhooks/stripe")
            .header("stripe-signature", &header)
            .json(event.clone())
    }

    /// Tells of all that happened, until it is heard.
    async fn tell(&self) -> Result<()> {
        for event in self.stripe.take_events() {
            self.repeat(&Self::webhook(&event), 200).await?;
        }
        Ok(())
    }

    /// All that was paid is in the wallet, once.
    async fn wait_until_credited(&self) -> Result<()> {
        let wanted = AMOUNT * (self.top_ups + i64::try_from(self.charges)?);
        let (began, call) = (Instant::now(), Call::get("/api/wallet").bearer(&self.token));
        loop {
            let wallet = self.repeat(&call, 200).await?;
            let came = wallet.number("/total_top_up/amount")?;
            ensure!(came <= wanted, "{wanted} was paid and {came} came");
            if came == wanted {
                ensure!(wallet.number("/credit_balance/amount")? == wanted);
                return Ok(());
            }
            ensure!(
                began.elapsed() < PATIENCE,
                "{wanted} was paid and {came} came"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn calls(&self, method: &str, path: &str) -> usize {
        let calls = self.stripe.calls();
        let of_it =
            |call: &&testkit::stripe::Call| call.method == method && call.path.starts_with(path);
        calls.iter().filter(of_it).count()
    }

    /// Sends a request that nobody need answer, and kills the process a moment
    /// after the stand-in did so many calls of a kind.
    async fn kill_during(
        &mut self,
        request: Call,
        (method, path): (&'static str, &'static str),
        calls: usize,
        longest: u64,
    ) -> Result<()> {
        let mut client = self.client()?;
        let asked = tokio::spawn(async move { client.send(&request).await.map(|_| ()) });
        let began = Instant::now();
        while self.calls(method, path) < calls {
            ensure!(began.elapsed() < PATIENCE, "{method} {path} does not come");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let moment = Duration::from_micros(self.chance.random_range(0..=longest * 1000));
        tokio::time::sleep(moment).await;
        self.server.take().context("it runs")?.kill()?;
        // That nobody answers is no error.
        let _ = asked.await?;
        self.server = Some(self.installation.start(&[]).await?);
        Ok(())
    }

    async fn round(&mut self, step: Step) -> Result<()> {
        self.clock
            .advance(SystemClock.now().since(self.clock.now()));
        let name = format!("{step:?}-{}-{}", self.top_ups, self.charges);
        match step {
            Step::Decided | Step::Opened | Step::Noted => self.kill_making(step, &name).await?,
            Step::Told | Step::Asked | Step::Settled => self.kill_settling(step, &name).await?,
            _ => self.kill_charging(step).await?,
        }
        self.tell().await?;
        self.wait_until_credited().await?;
        let violations = Reader::open(&self.installation).await?.violations().await?;
        ensure!(violations.is_empty(), "{violations:?}");
        Ok(())
    }

    async fn kill_making(&mut self, step: Step, name: &str) -> Result<()> {
        let opened = ("POST", SESSIONS);
        let (before, request) = (self.calls(opened.0, opened.1), self.top_up(name));
        match step {
            Step::Decided => {
                self.stripe.take(HELD_BACK);
                self.kill_during(request, opened, before, 300).await?;
                self.stripe.take(Duration::ZERO);
            }
            Step::Opened => {
                let slow = Trouble::Slow(HELD_BACK);
                self.stripe.break_next(opened.0, opened.1, slow, 1);
                self.kill_during(request, opened, before + 1, 5).await?;
            }
            _ => self.kill_during(request, opened, before + 1, 30).await?,
        }
        let session = self.make(name).await?;
        self.pay(&session)
    }

    async fn kill_settling(&mut self, step: Step, name: &str) -> Result<()> {
        let session = self.make(name).await?;
        self.pay(&session)?;
        let mut events = self.stripe.take_events();
        let event = events.pop().context("an event")?;
        let request = Self::webhook(&event);
        let asked = ("GET", SESSIONS);
        let before = self.calls(asked.0, asked.1);
        match step {
            Step::Told => self.kill_during(request, asked, before, 60).await?,
            Step::Asked => {
                let slow = Trouble::Slow(HELD_BACK);
                self.stripe.break_next("GET", &session, slow, 1);
                self.kill_during(request, asked, before + 1, 5).await?;
            }
            _ => self.kill_during(request, asked, before + 1, 30).await?,
        }
        // Whoever was not answered tells it again.
        self.repeat(&Self::webhook(&event), 200).await.map(|_| ())
    }

    async fn kill_charging(&mut self, step: Step) -> Result<()> {
        let made = ("POST", INTENTS);
        let before = self.calls(made.0, made.1);
        let low = AMOUNT * (self.top_ups + i64::try_from(self.charges)?) + 1;
        let money = |minor: i64| json!({"amount": minor, "currency": self.currency});
        let body = json!({"threshold": money(low), "amount": money(AMOUNT), "max_per_day": 10});
        let request = Call::put("/api/wallet/auto-top-up")
            .bearer(&self.token)
            .json(body);
        match step {
            Step::ChargeDecided => {
                self.stripe.take(HELD_BACK);
                self.kill_during(request.clone(), made, before, 900).await?;
                self.stripe.take(Duration::ZERO);
            }
            Step::Charged => {
                let slow = Trouble::Slow(HELD_BACK);
                self.stripe.break_next(made.0, made.1, slow, 1);
                self.kill_during(request.clone(), made, before + 1, 5)
                    .await?;
            }
            _ => {
                self.kill_during(request.clone(), made, before + 1, 30)
                    .await?;
            }
        }
        self.charges += 1;
        // Asked for again, which turns it on where it was not; but not when it
        // went well already, because the balance is above it then.
        self.repeat(&request, 200).await?;
        self.wait_until_credited().await?;
        let charged = self.stripe.charges_without_buyer().len();
        ensure!(
            charged == self.charges,
            "{charged} charges of {}",
            self.charges
        );
        Ok(())
    }
}
