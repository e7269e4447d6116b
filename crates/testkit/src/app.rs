//! A server that listens, and everything a test does around it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use accounts_model::ports::Mailer;
use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use api::ApiState;
use database::Transaction;
use kernel::{ManualClock, Scope, Timestamp};
use server::Sutler;
use server::background::Tasks;
use server::compose::Overrides;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::mail::Mailbox;
use crate::midtrans::Midtrans;
use crate::shop::Tenant;
use crate::store::{Backend, Store};
use crate::stripe::StandIn;

/// 2026-03-01T12:00:00Z: when every test begins.
const START: i64 = 1_772_366_400;

/// Settings of every test: limits only where they are what is tested, the
/// cheapest allowed password hash, little of everything.
const DEFAULTS: &[(&str, &str)] = &[
    ("SECRET_KEY", "a-secret-of-tests-that-is-long-enough-1"),
    ("RATE_LIMIT_ENABLED", "false"),
    // Many callers at once, on a machine that may have other work.
    ("DATABASE_ACQUIRE_TIMEOUT", "30s"),
    ("HTTP_WORKERS", "2"),
    ("HTTP_SHUTDOWN_TIMEOUT", "1s"),
    ("HTTP_PUBLIC_URL", "http://shop.test"),
    ("LOG_FILTER", "warn"),
];

/// A running Sutler.
pub struct App {
    /// What was put together.
    pub sutler: Sutler,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Mails it sent.
    pub mails: Mailbox,
    /// Calls it.
    pub client: Client,
    /// Its state, to let it drain.
    pub state: Data<ApiState>,
    handle: ServerHandle,
    stop: CancellationToken,
    background: JoinSet<()>,
    // The last one to go.
    store: Arc<Store>,
}

impl App {
    /// A server on a fresh database.
    pub async fn start(backend: Backend) -> Self {
        Self::with(backend, &[]).await
    }

    /// A server on a fresh database with other settings.
    pub async fn with(backend: Backend, settings: &[(&str, &str)]) -> Self {
        Self::on(Arc::new(Store::new(backend).await), settings).await
    }

    /// A server on a database; several may share one.
    pub async fn on(store: Arc<Store>, settings: &[(&str, &str)]) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START)));
        Self::at(store, clock, settings).await
    }

    /// A server on a fresh database that takes money through a stand-in for
    /// Stripe.
    pub async fn with_stripe(backend: Backend, settings: &[(&str, &str)]) -> (Self, StandIn) {
        let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(START)));
        let stripe = StandIn::start(clock.clone());
        let through_stripe = stripe.settings();
        let mut all: Vec<(&str, &str)> = through_stripe
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .filter(|(name, _)| !settings.iter().any(|(other, _)| other == name))
            .collect();
        all.extend(settings);
        let app = Self::at(Arc::new(Store::new(backend).await), clock, &all).await;
        (app, stripe)
    }

    /// A server on a fresh database that takes rupiah through a stand-in for
    /// Midtrans.
    pub async fn with_midtrans(backend: Backend, settings: &[(&str, &str)]) -> (Self, Midtrans) {
        let midtrans = Midtrans::start();
        let through_midtrans = midtrans.settings();
        let mut all: Vec<(&str, &str)> = through_midtrans
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        all.extend(settings);
        (Self::with(backend, &all).await, midtrans)
    }

    /// Another node: a server on the same database that shares this one's
    /// clock.
    pub async fn another(&self, settings: &[(&str, &str)]) -> Self {
        Self::at(self.store.clone(), self.clock.clone(), settings).await
    }

    async fn at(store: Arc<Store>, clock: Arc<ManualClock>, settings: &[(&str, &str)]) -> Self {
        let mut all: Vec<(&str, &str)> = DEFAULTS
            .iter()
            .copied()
            .filter(|(name, _)| !settings.iter().any(|(other, _)| other == name))
            .collect();
        all.extend(settings);
        // A test of a transport names it; in all others mails are caught.
        let caught = !all.iter().any(|(name, _)| *name == "MAIL_TRANSPORT");
        let settings = store.settings(&all);
        show_logs();
        let mails = Mailbox::default();
        let overrides = Overrides {
            clock: Some(clock.clone()),
            mailer: caught.then(|| Arc::new(mails.clone()) as Arc<dyn Mailer>),
            ..Overrides::default()
        };
        let sutler = match Sutler::build(settings, overrides).await {
            Ok(sutler) => sutler,
            Err(error) => panic!("{error:#}"),
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Data::new(sutler.api_state(server::telemetry::metrics()));
        let running = server::http::server(&sutler.settings, state.clone(), listener)
            .expect("a server on the listener");
        let handle = running.handle();
        tokio::spawn(running);
        let stop = CancellationToken::new();
        let background = sutler.start_background(
            Tasks {
                worker: false,
                relay: false,
                listener: sutler.database.backend() == database::Backend::Postgres,
            },
            &stop,
        );
        Self {
            sutler,
            clock,
            mails,
            client: Client::new(format!("http://{address}")),
            state,
            handle,
            stop,
            background,
            store,
        }
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The authority of a tenant's own work.
    pub fn scope(&self, tenant: &str) -> Scope {
        let id = tenant.parse().expect("the id of a tenant");
        self.sutler.accounts.system_scope(id, "test")
    }

    /// A transaction of the system in a tenant.
    pub async fn begin_in(&self, tenant: &Tenant) -> Transaction {
        let scope = self.scope(&tenant.id);
        let tx = self.sutler.database.begin_write(&scope, "test").await;
        tx.expect("a transaction")
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Runs everything that is due: schedules, events, jobs, and what follows
    /// from them. Answers how many jobs ran.
    pub async fn drain(&self) -> usize {
        let (worker, relay) = (self.sutler.worker(), self.sutler.relay());
        worker.drain(&relay).await.expect("the worker works")
    }

    /// Lets time pass, in steps in which jobs run.
    pub async fn pass(&self, duration: Duration, step: Duration) {
        let mut left = duration;
        while !left.is_zero() {
            let now = left.min(step);
            self.advance(now);
            self.drain().await;
            left -= now;
        }
    }

    /// Stops the server and waits for what it began.
    pub async fn stop(mut self) {
        self.state.start_draining();
        self.handle.stop(true).await;
        self.stop.cancel();
        while self.background.join_next().await.is_some() {}
        self.sutler.database.close();
    }
}

/// Shows log lines of tests when `TEST_LOG` says which.
fn show_logs() {
    if let Ok(filter) = std::env::var("TEST_LOG") {
        // Only the first test of the process can.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .try_init();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
        // Sent, not awaited: the server's threads end by themselves.
        drop(self.handle.stop(false));
        self.sutler.database.close();
    }
}
