//! Buyers who dispute payments at their bank, for tests.

use serde_json::{Value, json};

use super::StandIn;
use super::objects::{set, text};

impl StandIn {
    /// The buyer disputes the payment of a session; the dispute's id. The
    /// events tell of it once it is delivered.
    ///
    /// # Panics
    /// When nothing was paid.
    pub fn dispute(&self, session: &str, amount: i64) -> String {
        let mut books = self.books();
        let intent = text(&books.sessions[session], "/payment_intent").to_owned();
        let charge = books
            .charges
            .values()
            .find(|charge| charge["payment_intent"] == intent.as_str())
            .cloned()
            .expect("a charge");
        let id = books.id("du_");
        let mut dispute: Value =
            serde_json::from_str(include_str!("../../fixtures/stripe/dispute.json"))
                .expect("a fixture is JSON");
        set(
            &mut dispute,
            json!({"id": id, "amount": amount, "charge": charge["id"], "currency": charge["currency"],
                "payment_intent": intent, "created": books.now, "status": "needs_response", "reason": "fraudulent"}),
        );
        books.disputes.insert(id.clone(), dispute.clone());
        books.emit("charge.dispute.created", &dispute);
        id
    }

    /// A dispute goes on, and an event of a kind tells of it.
    ///
    /// # Panics
    /// When there is no such dispute.
    pub fn dispute_goes_on(&self, id: &str, kind: &str, fields: Value) {
        let mut books = self.books();
        let dispute = books.disputes.get_mut(id).expect("a dispute");
        set(dispute, fields);
        let dispute = dispute.clone();
        books.emit(kind, &dispute);
    }
}
