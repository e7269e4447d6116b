//! What buyers, banks and people at Stripe's dashboard do, for tests.

use serde_json::{Value, json};

use super::objects::{self, number, set, text};
use super::{Books, StandIn};

/// How a session is paid, where it is not as it should be.
#[derive(Debug, Clone, Default)]
pub struct Paid {
    /// Taxes that Stripe puts on top.
    pub tax: i64,
    /// Taxes that Stripe finds in the price.
    pub tax_inside: i64,
    /// Another total than the session's.
    pub amount: Option<i64>,
    /// Another currency than the session's.
    pub currency: Option<&'static str>,
}

impl Books {
    /// The payment of a session, begun when there is none.
    fn intent_of(&mut self, session: &str) -> String {
        let known = text(&self.sessions[session], "/payment_intent").to_owned();
        if !known.is_empty() {
            return known;
        }
        let id = self.id("pi_");
        let data = self.intent_data.get(session).cloned().unwrap_or_default();
        let intent = objects::payment_intent(&id, &self.sessions[session], &data, self.now);
        self.intents.insert(id.clone(), intent);
        self.change(session, json!({"payment_intent": id}));
        id
    }

    fn change(&mut self, session: &str, fields: Value) {
        set(
            self.sessions.get_mut(session).expect("a session of ours"),
            fields,
        );
    }

    /// The money of a session comes.
    fn receive(&mut self, session: &str) {
        let intent = self.intent_of(session);
        self.keep_method(session, &intent);
        let amount = self.sessions[session]["amount_total"].clone();
        let currency = self.sessions[session]["currency"].clone();
        let charge = self.id("ch_");
        let object = self.intents.get_mut(&intent).expect("made above");
        set(
            object,
            json!({"status": "succeeded", "amount": amount, "amount_received": amount, "currency": currency,
                "latest_charge": charge, "last_payment_error": null, "processing": null}),
        );
        let object = object.clone();
        self.charges
            .insert(charge.clone(), objects::charge(&charge, &object, self.now));
        self.change(
            session,
            json!({"status": "complete", "payment_status": "paid", "url": null}),
        );
    }

    /// A card or a bank says no.
    fn refuse(&mut self, session: &str, message: &str) {
        let intent = self.intent_of(session);
        let object = self.intents.get_mut(&intent).expect("made above");
        set(
            object,
            json!({"status": "requires_payment_method", "processing": null, "last_payment_error":
                {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline", "message": message}}),
        );
        let object = object.clone();
        self.emit("payment_intent.payment_failed", &object);
    }

    fn tell(&mut self, kind: &str, session: &str) {
        let object = self.sessions[session].clone();
        self.emit(kind, &object);
    }

    fn is(&self, session: &str, status: &str) -> bool {
        self.sessions
            .get(session)
            .is_some_and(|object| object["status"] == status)
    }
}

impl StandIn {
    /// The buyer pays by card. Whether the page was open.
    pub fn pay(&self, session: &str) -> bool {
        self.pay_as(session, &Paid::default())
    }

    /// The buyer pays by card, in a way that is not as it should be.
    pub fn pay_as(&self, session: &str, paid: &Paid) -> bool {
        let mut books = self.books();
        if !books.is(session, "open") {
            return false;
        }
        let subtotal = number(&books.sessions[session], "/amount_subtotal");
        let total = paid.amount.unwrap_or(subtotal + paid.tax);
        books.change(session, json!({"amount_total": total}));
        if let Some(object) = books.sessions.get_mut(session) {
            object["total_details"]["amount_tax"] = json!(paid.tax + paid.tax_inside);
            if let Some(currency) = paid.currency {
                object["currency"] = json!(currency);
            }
        }
        books.receive(session);
        books.tell("checkout.session.completed", session);
        true
    }

    /// The money comes although the page was closed a moment before.
    pub fn pay_late(&self, session: &str) {
        let mut books = self.books();
        books.receive(session);
        books.tell("checkout.session.completed", session);
    }

    /// The buyer's card is declined; the page stays open.
    pub fn decline(&self, session: &str) -> bool {
        let mut books = self.books();
        let open = books.is(session, "open");
        if open {
            books.refuse(session, "Your card was declined.");
        }
        open
    }

    /// The buyer pays in a way that takes days.
    pub fn pay_later(&self, session: &str) -> bool {
        let mut books = self.books();
        if !books.is(session, "open") {
            return false;
        }
        let intent = books.intent_of(session);
        if let Some(intent) = books.intents.get_mut(&intent) {
            intent["status"] = json!("processing");
        }
        books.change(session, json!({"status": "complete", "url": null}));
        books.tell("checkout.session.completed", session);
        true
    }

    /// Days later, the bank pays or does not.
    pub fn bank_says(&self, session: &str, paid: bool) {
        let mut books = self.books();
        assert!(books.is(session, "complete"), "nothing waits for a bank");
        if paid {
            books.receive(session);
            books.tell("checkout.session.async_payment_succeeded", session);
        } else {
            books.refuse(session, "The bank refused the debit.");
            books.tell("checkout.session.async_payment_failed", session);
        }
    }

    /// Somebody gives money back at Stripe's dashboard.
    pub fn refund_at_dashboard(&self, session: &str, amount: i64) -> Value {
        let mut books = self.books();
        let intent = text(&books.sessions[session], "/payment_intent").to_owned();
        match books.give_back(&intent, Some(amount), &json!({})) {
            Ok(refund) => refund,
            Err(refusal) => panic!("{}", refusal.body()),
        }
    }

    /// Whether refunds from now on wait for a bank.
    pub fn let_refunds_wait(&self, wait: bool) {
        self.books().refunds_wait = wait;
    }

    /// The bank took a refund, or refused it: then the money is back on the
    /// charge.
    pub fn refund_ends(&self, refund: &str, taken: bool) {
        let mut books = self.books();
        let object = books.refunds.get_mut(refund).expect("a refund of ours");
        if taken {
            set(object, json!({"status": "succeeded"}));
        } else {
            set(
                object,
                json!({"status": "failed", "failure_reason": "declined"}),
            );
        }
        let object = object.clone();
        books.emit("refund.updated", &object);
        if taken {
            return;
        }
        let amount = number(&object, "/amount");
        if let Some(charge) = books.charges.get_mut(text(&object, "/charge")) {
            let refunded = number(charge, "/amount_refunded") - amount;
            set(
                charge,
                json!({"amount_refunded": refunded, "refunded": false}),
            );
        }
        books.emit("refund.failed", &object);
    }

    /// Changes an object behind everybody's back.
    pub fn tamper(&self, session: &str, fields: Value) {
        self.books().change(session, fields);
    }

    /// Forgets a session, as another account would not know it.
    pub fn forget(&self, session: &str) {
        self.books().sessions.remove(session);
    }

    /// Forgets idempotency keys, as Stripe does after a day.
    pub fn forget_keys(&self) {
        self.books().keys.clear();
    }
}
