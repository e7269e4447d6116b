//! A stand-in for Midtrans: the part of Snap's and the core API that the
//! gateway uses, and a buyer, a bank and a dashboard that tests play. Midtrans'
//! own client library checks that it behaves
//! (`tests/integration/midtrans/oracle.rs`).

mod books;
mod http;

use std::sync::{Mutex, MutexGuard};

use actix_web::web::Data;
use kernel::secret::{hex, sha512};
use serde_json::{Value, json};

use crate::client::{Answer, Client, POST};
use crate::stand_in::Serving;
use books::Books;

/// The server key of Midtrans' published examples.
pub const SERVER_KEY: &str = "SB-Mid-server-TESTKEY0001";
/// The merchant of these examples.
pub const MERCHANT: &str = "G000000001";

/// Turns the gateway on, for tests that never call Midtrans.
pub const KEYS: &[(&str, &str)] = &[("MIDTRANS_SERVER_KEY", SERVER_KEY)];

/// A call that came.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The header `Authorization`.
    pub authorization: String,
    /// The body.
    pub body: Value,
}

/// The notifications of Midtrans' documentation, each with a name.
pub fn examples() -> Vec<(String, Value)> {
    let text = include_str!("../../fixtures/midtrans/notifications.json");
    let all: Value = serde_json::from_str(text).expect("a fixture is JSON");
    let list = all["notifications"].as_array().expect("a list");
    list.iter()
        .map(|one| {
            let name = one["case"].as_str().expect("a name").to_owned();
            (name, one["body"].clone())
        })
        .collect()
}

/// The signature of a notification with these fields.
pub fn sign(order: &str, code: &str, amount: &str) -> String {
    hex(&sha512(
        format!("{order}{code}{amount}{SERVER_KEY}").as_bytes(),
    ))
}

/// A running stand-in.
pub struct Midtrans {
    books: Data<Mutex<Books>>,
    server: Serving,
}

impl Midtrans {
    /// Starts one on a free port.
    pub fn start() -> Self {
        let books = Data::new(Mutex::new(Books::default()));
        let server = Serving::start(books.clone(), http::answer);
        Self { books, server }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The settings that send an app here.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let base = self.server.url();
        vec![
            ("PAYMENT_GATEWAY", "midtrans".to_owned()),
            ("MIDTRANS_SERVER_KEY", SERVER_KEY.to_owned()),
            ("MIDTRANS_MERCHANT_ID", MERCHANT.to_owned()),
            ("MIDTRANS_API_BASE", base.clone()),
            ("MIDTRANS_SNAP_BASE", base),
            ("TENANT_CURRENCY", "IDR".to_owned()),
            ("CREDITS_TOP_UP_MAX", "10000000000".to_owned()),
        ]
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("not poisoned")
    }

    /// Lets the next calls of a method whose path ends so be answered with a
    /// status, and have no effect.
    pub fn break_next(&self, method: &'static str, end: &'static str, status: u16, times: usize) {
        for _ in 0..times {
            self.books().faults.push((method, end, status));
        }
    }

    /// The calls that came, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.books().calls.clone()
    }

    /// What a page was opened with; null when there is none.
    pub fn page(&self, order: &str) -> Value {
        self.books().pages.get(order).cloned().unwrap_or_default()
    }

    /// The buyer chooses a way to pay: there is a transaction, which waits.
    ///
    /// # Panics
    /// When there is no such page.
    pub fn choose(&self, order: &str, way: &str) {
        self.books().choose(order, way);
    }

    /// Changes a transaction, as the bank, the dashboard or time would.
    ///
    /// # Panics
    /// When there is no such transaction.
    pub fn change(&self, order: &str, fields: &Value) {
        self.books().change(order, fields);
    }

    /// The buyer chooses a way and pays at once.
    pub fn pay(&self, order: &str) {
        self.choose(order, "qris");
        self.settle(order);
    }

    /// The money of a transaction came.
    pub fn settle(&self, order: &str) {
        let settled = json!({"transaction_status": "settlement", "status_code": "200"});
        self.change(order, &settled);
    }

    /// Somebody gives money back at the dashboard, in whole rupiah.
    pub fn refund_at_dashboard(&self, order: &str, amount: i64) {
        let done = self.books().give_back(order, amount, None);
        assert!(done.is_ok(), "{done:?}");
    }

    /// The refunds of a transaction.
    pub fn refunds(&self, order: &str) -> Vec<Value> {
        let transaction = self.transaction(order);
        transaction["refunds"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// A transaction; null when there is none.
    pub fn transaction(&self, order: &str) -> Value {
        let books = self.books();
        books.transactions.get(order).cloned().unwrap_or_default()
    }

    /// The signed notification of how a transaction stands now.
    pub fn notification(&self, order: &str) -> Value {
        signed(self.transaction(order))
    }

    /// Posts a notification.
    pub async fn deliver(&self, client: &Client, notification: &Value) -> Answer {
        client
            .call(POST, "/api/webhooks/midtrans")
            .header("content-type", "application/json")
            .body(notification.to_string())
            .send()
            .await
    }
}

/// A notification with the signature that its fields ask for.
pub fn signed(mut notification: Value) -> Value {
    let field = |name: &str| notification[name].as_str().unwrap_or_default().to_owned();
    let signature = sign(
        &field("order_id"),
        &field("status_code"),
        &field("gross_amount"),
    );
    notification["signature_key"] = json!(signature);
    notification
}
