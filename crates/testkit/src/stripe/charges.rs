//! Ways of paying that customers let Stripe keep, and charges to them.

use serde_json::{Value, json};

use super::books::{Answer, Books, find, page};
use super::objects::{self, known, number, set, text};
use super::refusal::Refusal;
use super::{StandIn, form};

const PARAMS: &[&str] = &[
    "amount",
    "confirm",
    "currency",
    "customer",
    "description",
    "metadata",
    "off_session",
    "payment_method",
];

/// What a bank says to a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bank {
    /// It pays.
    #[default]
    Pays,
    /// It says no.
    Declines,
    /// It will say something in some days.
    Thinks,
    /// It wants the owner of the card to confirm it.
    WantsOwner,
}

impl Books {
    /// Keeps the way in which a session is paid, when that was asked for.
    pub(super) fn keep_method(&mut self, session: &str, intent: &str) {
        let wanted = self.sessions[session]["customer_creation"] == "always";
        let data = self.intent_data.get(session).cloned().unwrap_or_default();
        let usage = text(&data, "/setup_future_usage").to_owned();
        if !wanted || usage.is_empty() {
            return;
        }
        let (customer, method) = (self.id("cus_"), self.id("pm_"));
        let object = objects::payment_method(&method, &customer, self.now);
        self.methods.insert(method.clone(), object);
        if let Some(session) = self.sessions.get_mut(session) {
            session["customer"] = json!(customer);
        }
        if let Some(intent) = self.intents.get_mut(intent) {
            set(
                intent,
                json!({"customer": customer, "payment_method": method, "setup_future_usage": usage}),
            );
        }
    }

    /// Puts the way of paying of a payment in place of its name.
    pub(super) fn expand_method(&self, intent: &mut Value) {
        if let Some(method) = self.methods.get(text(intent, "/payment_method")) {
            intent["payment_method"] = method.clone();
        }
    }

    /// Charges a way of paying that is kept.
    pub(super) fn create_intent(&mut self, params: &Value) -> Answer {
        known(params, PARAMS)?;
        if text(params, "/confirm") != "true" || text(params, "/off_session") != "true" {
            let why = "The stand-in knows payments that are confirmed off session only.";
            return Err(Refusal::parameter("parameter_missing", "off_session", why));
        }
        let (customer, method) = (text(params, "/customer"), text(params, "/payment_method"));
        let kept = find(&self.methods, "PaymentMethod", method)?;
        if kept["customer"] != customer {
            let why = format!("No such customer: '{customer}'");
            return Err(Refusal::parameter("resource_missing", "customer", why));
        }
        let amount: i64 = text(params, "/amount").parse().map_err(|_| {
            Refusal::parameter("parameter_invalid_integer", "amount", "Invalid integer")
        })?;
        let id = self.id("pi_");
        let session = json!({"amount_total": amount, "currency": params["currency"]});
        let mut intent = objects::payment_intent(&id, &session, params, self.now);
        set(
            &mut intent,
            json!({"customer": customer, "payment_method": method}),
        );
        self.intents.insert(id.clone(), intent);
        match self.bank {
            Bank::Pays => self.bank_pays(&id),
            Bank::Thinks => self.change_intent(&id, json!({"status": "processing"}), "processing"),
            Bank::Declines => return Err(self.decline_intent(&id, "card_declined")),
            Bank::WantsOwner => return Err(self.decline_intent(&id, "authentication_required")),
        }
        find(&self.intents, "payment_intent", &id).cloned()
    }

    fn change_intent(&mut self, id: &str, fields: Value, news: &str) {
        if let Some(intent) = self.intents.get_mut(id) {
            set(intent, fields);
            let intent = intent.clone();
            self.emit(&format!("payment_intent.{news}"), &intent);
        }
    }

    fn bank_pays(&mut self, id: &str) {
        let charge = self.id("ch_");
        let amount = self.intents[id]["amount"].clone();
        let paid = json!({"status": "succeeded", "amount_received": amount, "latest_charge": charge,
            "last_payment_error": null, "processing": null});
        self.change_intent(id, paid, "succeeded");
        let object = objects::charge(&charge, &self.intents[id], self.now);
        self.charges.insert(charge, object);
    }

    fn decline_intent(&mut self, id: &str, code: &'static str) -> Refusal {
        let message = match code {
            "card_declined" => "Your card was declined.",
            _ => "Your card was declined. This transaction requires authentication.",
        };
        let error = json!({"type": "card_error", "code": code, "message": message});
        let fields = json!({"status": "requires_payment_method", "payment_method": null,
            "last_payment_error": error});
        self.change_intent(id, fields, "payment_failed");
        Refusal::card(code, message)
    }

    pub(super) fn list_intents(&self, params: &Value) -> Answer {
        known(params, &["created", "customer", "limit", "starting_after"])?;
        let from: i64 = text(params, "/created/gte").parse().unwrap_or(i64::MIN);
        let customer = text(params, "/customer");
        let found = self.intents.values().filter(|intent| {
            number(intent, "/created") >= from
                && (customer.is_empty() || intent["customer"] == customer)
        });
        page(found, params, "/v1/payment_intents")
    }

    pub(super) fn cancel_intent(&mut self, id: &str) -> Answer {
        let status = text(find(&self.intents, "payment_intent", id)?, "/status").to_owned();
        if ["succeeded", "canceled", "processing"].contains(&status.as_str()) {
            let message = format!(
                "You cannot cancel this PaymentIntent because it has a status of {status}."
            );
            return Err(Refusal::state(None, message));
        }
        self.change_intent(id, json!({"status": "canceled"}), "canceled");
        find(&self.intents, "payment_intent", id).cloned()
    }

    pub(super) fn delete_customer(&mut self, id: &str) -> Answer {
        let before = self.methods.len();
        self.methods.retain(|_, method| method["customer"] != id);
        if self.methods.len() == before {
            return Err(Refusal::missing("customer", id));
        }
        Ok(json!({"id": id, "object": "customer", "deleted": true}))
    }

    /// What of a session was asked for to be put in place of its name.
    pub(super) fn expand_session(&self, session: &mut Value, params: &Value) {
        let wanted = form::list(params.get("expand"));
        let names = |name: &str| wanted.iter().any(|one| *one == name);
        let with_method = names("payment_intent.payment_method");
        let known = self.intents.get(text(session, "/payment_intent"));
        if let Some(intent) = known.filter(|_| names("payment_intent") || with_method) {
            let mut intent = intent.clone();
            if with_method {
                self.expand_method(&mut intent);
            }
            session["payment_intent"] = intent;
        }
    }
}

impl StandIn {
    /// What banks say to charges without the buyer from now on.
    pub fn let_banks(&self, bank: Bank) {
        self.books().bank = bank;
    }

    /// Charges without the buyer, oldest first.
    pub fn charges_without_buyer(&self) -> Vec<Value> {
        let books = self.books();
        let all = books.intents.values();
        all.filter(|intent| intent["metadata"]["sutler_charge"] == "1")
            .cloned()
            .collect()
    }

    /// How many ways of paying are kept.
    pub fn kept_methods(&self) -> usize {
        self.books().methods.len()
    }

    /// Days later, the bank pays a charge.
    pub fn bank_pays_charge(&self, id: &str) {
        self.books().bank_pays(id);
    }
}
