//! What the stand-in knows, and what its API does with it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::{Value, json};

use super::faults::Fault;
use super::objects::{self, Cart, known, number, set, text};
use super::refusal::Refusal;

/// The shortest and the longest life of a session, in seconds.
const LIFE: std::ops::RangeInclusive<i64> = 30 * 60..=24 * 60 * 60;

const SESSION_PARAMS: &[&str] = &[
    "automatic_tax",
    "cancel_url",
    "client_reference_id",
    "customer_creation",
    "customer_email",
    "expand",
    "expires_at",
    "line_items",
    "metadata",
    "mode",
    "payment_intent_data",
    "success_url",
];

/// What was answered to a request with an idempotency key.
pub(super) struct Kept {
    /// Path and parameters.
    pub(super) request: String,
    /// The answer; none while it is worked on.
    pub(super) answer: Option<(u16, Value)>,
}

/// All the stand-in knows.
#[derive(Default)]
pub(super) struct Books {
    /// The time, in seconds.
    pub(super) now: i64,
    counter: u64,
    pub(super) sessions: BTreeMap<String, Value>,
    /// What was given for the payment of a session.
    pub(super) intent_data: HashMap<String, Value>,
    pub(super) intents: BTreeMap<String, Value>,
    pub(super) charges: BTreeMap<String, Value>,
    pub(super) refunds: BTreeMap<String, Value>,
    pub(super) disputes: BTreeMap<String, Value>,
    /// Ways of paying that are kept.
    pub(super) methods: BTreeMap<String, Value>,
    /// What banks say to charges without the buyer.
    pub(super) bank: super::Bank,
    /// Whether new refunds wait for a bank.
    pub(super) refunds_wait: bool,
    /// Events that were not handed out yet.
    pub(super) events: Vec<Value>,
    pub(super) keys: HashMap<String, Kept>,
    pub(super) faults: VecDeque<Fault>,
    pub(super) calls: Vec<super::Call>,
}

pub(super) type Answer = Result<Value, Refusal>;

impl Books {
    /// A new id. They rise, so that newer things are later.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{:024}", self.counter)
    }

    /// Lets an event happen.
    pub(super) fn emit(&mut self, kind: &str, object: &Value) {
        let id = self.id("evt_");
        let event = objects::event(&id, kind, object, self.now);
        self.events.push(event);
    }

    /// Expires sessions whose time is over.
    pub(super) fn tick(&mut self, now: i64) {
        self.now = now;
        let over: Vec<String> = self
            .sessions
            .values()
            .filter(|session| session["status"] == "open" && number(session, "/expires_at") <= now)
            .map(|session| text(session, "/id").to_owned())
            .collect();
        for id in over {
            self.close(&id);
        }
    }

    /// Closes a session.
    pub(super) fn close(&mut self, id: &str) {
        if let Some(session) = self.sessions.get_mut(id) {
            set(session, json!({"status": "expired", "url": null}));
            let session = session.clone();
            self.emit("checkout.session.expired", &session);
        }
    }

    /// Does what a call asks for.
    pub(super) fn call(&mut self, method: &str, path: &str, params: &Value) -> Answer {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("POST", ["v1", "checkout", "sessions"]) => self.create_session(params),
            ("GET", ["v1", "checkout", "sessions"]) => self.list_sessions(params),
            ("GET", ["v1", "checkout", "sessions", id]) => self.session(id, params),
            ("POST", ["v1", "checkout", "sessions", id, "expire"]) => self.expire(id),
            ("GET", ["v1", "payment_intents", id]) => {
                find(&self.intents, "payment_intent", id).cloned()
            }
            ("POST", ["v1", "payment_intents"]) => self.create_intent(params),
            ("GET", ["v1", "payment_intents"]) => self.list_intents(params),
            ("POST", ["v1", "payment_intents", id, "cancel"]) => self.cancel_intent(id),
            ("DELETE", ["v1", "customers", id]) => self.delete_customer(id),
            ("GET", ["v1", "disputes", id]) => self.dispute(id, params),
            ("POST", ["v1", "refunds"]) => self.create_refund(params),
            ("GET", ["v1", "refunds"]) => self.list_refunds(params),
            ("GET", ["v1", "refunds", id]) => find(&self.refunds, "refund", id).cloned(),
            _ => Err(Refusal::unknown_url(method, path)),
        }
    }

    fn create_session(&mut self, params: &Value) -> Answer {
        known(params, SESSION_PARAMS)?;
        if text(params, "/mode") != "payment" {
            return Err(Refusal::parameter(
                "parameter_missing",
                "mode",
                "The stand-in knows the mode payment only.",
            ));
        }
        if text(params, "/success_url").is_empty() {
            return Err(Refusal::parameter(
                "parameter_missing",
                "success_url",
                "Missing required param: success_url.",
            ));
        }
        if !text(params, "/customer_email").contains('@') {
            return Err(Refusal::parameter(
                "email_invalid",
                "customer_email",
                "Invalid email address.",
            ));
        }
        let cart = Cart::of(params)?;
        let expires_at = match text(params, "/expires_at") {
            "" => self.now + LIFE.end(),
            given => given.parse().unwrap_or_default(),
        };
        if !LIFE.contains(&(expires_at - self.now)) {
            return Err(Refusal::parameter(
                "parameter_invalid",
                "expires_at",
                "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
            ));
        }
        let id = self.id("cs_test_");
        let session = objects::session(&id, params, &cart, self.now, expires_at);
        let data = params.get("payment_intent_data").cloned();
        self.intent_data
            .insert(id.clone(), data.unwrap_or_default());
        self.sessions.insert(id, session.clone());
        Ok(session)
    }

    fn session(&self, id: &str, params: &Value) -> Answer {
        let mut session = find(&self.sessions, "checkout.session", id)?.clone();
        self.expand_session(&mut session, params);
        Ok(session)
    }

    fn list_sessions(&self, params: &Value) -> Answer {
        known(
            params,
            &[
                "created",
                "limit",
                "starting_after",
                "status",
                "payment_intent",
            ],
        )?;
        let bound = |name: &str, other: i64| {
            let given = text(params, &format!("/created/{name}"));
            given.parse().unwrap_or(other)
        };
        let (from, to) = (bound("gte", i64::MIN), bound("lte", i64::MAX));
        let wanted = |session: &Value, name: &str| match text(params, &format!("/{name}")) {
            "" => true,
            given => session[name] == given,
        };
        let found = self.sessions.values().filter(|session| {
            (from..=to).contains(&number(session, "/created"))
                && wanted(session, "status")
                && wanted(session, "payment_intent")
        });
        page(found, params, "/v1/checkout/sessions")
    }

    fn expire(&mut self, id: &str) -> Answer {
        let session = find(&self.sessions, "checkout.session", id)?;
        let status = text(session, "/status");
        if status != "open" {
            let message = format!(
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of {status}."
            );
            return Err(Refusal::state(None, message));
        }
        self.close(id);
        find(&self.sessions, "checkout.session", id).cloned()
    }

    fn create_refund(&mut self, params: &Value) -> Answer {
        known(
            params,
            &["amount", "metadata", "payment_intent", "reason", "charge"],
        )?;
        let intent = text(params, "/payment_intent");
        find(&self.intents, "payment_intent", intent)?;
        let amount = match text(params, "/amount") {
            "" => None,
            given => Some(given.parse().map_err(|_| {
                Refusal::parameter("parameter_invalid_integer", "amount", "Invalid integer")
            })?),
        };
        let metadata = params.get("metadata").cloned().unwrap_or(json!({}));
        self.give_back(intent, amount, &metadata)
    }

    /// Gives money of a payment back; all that is left when no amount is
    /// given.
    pub(super) fn give_back(
        &mut self,
        intent: &str,
        amount: Option<i64>,
        metadata: &Value,
    ) -> Answer {
        let Some(charge) = self
            .charges
            .values_mut()
            .find(|charge| charge["payment_intent"] == intent && charge["paid"] == true)
        else {
            let message = format!(
                "This PaymentIntent ({intent}) does not have a successful charge to refund."
            );
            return Err(Refusal::state(None, message));
        };
        let left = number(charge, "/amount") - number(charge, "/amount_refunded");
        if left == 0 {
            return Err(Refusal::state(
                Some("charge_already_refunded"),
                format!("Charge {} has already been refunded.", text(charge, "/id")),
            ));
        }
        let amount = amount.unwrap_or(left);
        if amount < 1 || amount > left {
            return Err(Refusal::parameter(
                "amount_too_large",
                "amount",
                "Refund amount is greater than unrefunded amount on charge",
            ));
        }
        let refunded = number(charge, "/amount_refunded") + amount;
        set(
            charge,
            json!({"amount_refunded": refunded, "refunded": amount == left}),
        );
        let charge = charge.clone();
        let id = self.id("re_");
        let mut refund = objects::refund(&id, &charge, amount, metadata, self.now);
        if self.refunds_wait {
            refund["status"] = json!("pending");
        }
        self.refunds.insert(id, refund.clone());
        self.emit("refund.created", &refund);
        self.emit("charge.refunded", &charge);
        Ok(refund)
    }

    fn dispute(&self, id: &str, params: &Value) -> Answer {
        let mut dispute = find(&self.disputes, "dispute", id)?.clone();
        for expanded in super::form::list(params.get("expand")) {
            if expanded == "charge"
                && let Some(charge) = self.charges.get(text(&dispute, "/charge"))
            {
                dispute["charge"] = charge.clone();
            }
        }
        Ok(dispute)
    }

    fn list_refunds(&self, params: &Value) -> Answer {
        known(
            params,
            &["limit", "payment_intent", "charge", "starting_after"],
        )?;
        let intent = text(params, "/payment_intent");
        let found = self
            .refunds
            .values()
            .filter(|refund| intent.is_empty() || refund["payment_intent"] == intent);
        page(found, params, "/v1/refunds")
    }
}

pub(super) fn find<'a>(
    objects: &'a BTreeMap<String, Value>,
    what: &str,
    id: &str,
) -> Result<&'a Value, Refusal> {
    objects.get(id).ok_or_else(|| Refusal::missing(what, id))
}

/// One page of a list, newest first.
pub(super) fn page<'a>(
    found: impl DoubleEndedIterator<Item = &'a Value>,
    params: &Value,
    url: &str,
) -> Answer {
    let limit: usize = text(params, "/limit").parse().unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return Err(Refusal::parameter(
            "parameter_invalid_integer",
            "limit",
            "limit must be between 1 and 100",
        ));
    }
    let after = text(params, "/starting_after");
    let mut rest = found
        .rev()
        .filter(|object| after.is_empty() || text(object, "/id") < after);
    let data: Vec<&Value> = rest.by_ref().take(limit).collect();
    let has_more = rest.next().is_some();
    Ok(json!({"object": "list", "url": url, "has_more": has_more, "data": data}))
}
