//! A stand-in for Stripe: the part of its API that the gateway uses, with
//! objects made from Stripe's own examples, and a buyer, a bank and a
//! dashboard that tests play. Stripe's own client library checks that it
//! behaves (`tests/integration/stripe_oracle.rs`).

mod books;
mod buyer;
mod charges;
mod disputes;
mod faults;
mod form;
mod http;
mod objects;
mod refusal;
mod till;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use actix_web::web::Data;
use kernel::{Clock as _, ManualClock, signature};
use serde_json::Value;

use crate::client::{Answer, Client};
use crate::stand_in::Serving;
use books::Books;

pub use buyer::Paid;
pub use charges::Bank;
pub use faults::Trouble;
pub use till::Till;

/// The API key of tests.
pub const SECRET_KEY: &str = "sk_test_of_the_stand_in";
/// The signing secret of tests.
pub const WEBHOOK_SECRET: &str = "whsec_of_the_stand_in";

/// Turns the gateway on, for tests that never call Stripe.
pub const KEYS: &[(&str, &str)] = &[
    ("STRIPE_SECRET_KEY", SECRET_KEY),
    ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
];

/// A call that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The idempotency key.
    pub key: Option<String>,
    /// What was answered.
    pub status: u16,
    /// Whether that was answered to the key before.
    pub replayed: bool,
}

pub(crate) struct Shared {
    clock: Arc<ManualClock>,
    books: Mutex<Books>,
    latency: Mutex<Duration>,
}

impl Shared {
    /// The books, as of now.
    fn books(&self) -> MutexGuard<'_, Books> {
        let mut books = self.books.lock().expect("not poisoned");
        books.tick(self.clock.now().seconds());
        books
    }
}

/// A running stand-in.
pub struct StandIn {
    shared: Data<Shared>,
    server: Serving,
}

impl StandIn {
    /// Starts one on a free port.
    pub fn start(clock: Arc<ManualClock>) -> Self {
        let shared = Data::new(Shared {
            clock,
            books: Mutex::default(),
            latency: Mutex::default(),
        });
        let server = Serving::start(shared.clone(), http::answer);
        Self { shared, server }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The settings that send an app here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PAYMENT_GATEWAY", "stripe".to_owned()),
            ("STRIPE_SECRET_KEY", SECRET_KEY.to_owned()),
            ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
            ("STRIPE_API_BASE", self.server.url()),
        ]
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.shared.books()
    }

    /// Lets the next calls of a method and path go wrong.
    pub fn break_next(&self, method: &'static str, path: &str, trouble: Trouble, times: usize) {
        self.books().faults.push_back(faults::Fault {
            method,
            path: path.to_owned(),
            trouble,
            times,
        });
    }

    /// How long every call takes from now on.
    pub fn take(&self, latency: Duration) {
        *self.shared.latency.lock().expect("not poisoned") = latency;
    }

    /// The calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.books().calls.clone()
    }

    /// A session as it is now.
    pub fn session(&self, id: &str) -> Value {
        self.books().sessions.get(id).cloned().unwrap_or_default()
    }

    /// The sessions that were made, oldest first.
    pub fn sessions(&self) -> Vec<Value> {
        self.books().sessions.values().cloned().collect()
    }

    /// The refunds that were made, oldest first.
    pub fn refunds(&self) -> Vec<Value> {
        self.books().refunds.values().cloned().collect()
    }

    /// What was given for the payment of a session.
    pub fn intent_data(&self, session: &str) -> Value {
        let books = self.books();
        books.intent_data.get(session).cloned().unwrap_or_default()
    }

    /// Takes the events that happened since the last time; nobody else hears
    /// of them.
    pub fn take_events(&self) -> Vec<Value> {
        std::mem::take(&mut self.books().events)
    }

    /// Delivers an event, signed now.
    pub async fn deliver(&self, client: &Client, event: &Value) -> Answer {
        let body = event.to_string();
        let header = signature::sign(
            WEBHOOK_SECRET.as_bytes(),
            body.as_bytes(),
            self.shared.clock.now(),
        );
        post(client, "/api/webhooks/stripe", &header, body).await
    }

    /// Delivers all events that happened since the last time, in their order.
    ///
    /// # Panics
    /// When one is not accepted.
    pub async fn deliver_all(&self, client: &Client) {
        for event in self.take_events() {
            let answer = self.deliver(client, &event).await;
            assert_eq!(answer.status, 200, "{}", answer.describe());
        }
    }
}

/// Posts a webhook with a signature.
pub async fn post(client: &Client, path: &str, signature: &str, body: String) -> Answer {
    client
        .call(reqwest::Method::POST, path)
        .header("content-type", "application/json")
        .header("stripe-signature", signature)
        .body(body)
        .send()
        .await
}

impl Books {
    /// The trouble that waits for a call, if any.
    fn trouble(&mut self, method: &str, path: &str) -> Option<Trouble> {
        let at = self
            .faults
            .iter()
            .position(|fault| fault.method == method && path.ends_with(&fault.path))?;
        let fault = &mut self.faults[at];
        let trouble = fault.trouble;
        fault.times -= 1;
        if fault.times == 0 {
            self.faults.remove(at);
        }
        Some(trouble)
    }
}
