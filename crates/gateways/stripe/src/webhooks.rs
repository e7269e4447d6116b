//! Stripe's webhooks. They are read leniently: which object an event is about
//! is all that is taken from it, the rest is asked for.

use kernel::{Timestamp, signature};
use payments::{MoneyRef, RawWebhook, Subject, VerifiedWebhook, WebhookRefused};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;

use crate::{StripeGateway, metadata};

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    account: Option<String>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

impl Data {
    fn text(&self, pointer: &str) -> Option<&str> {
        self.object.pointer(pointer).and_then(Value::as_str)
    }

    fn metadata(&self, key: &str) -> Option<&str> {
        self.text(&format!("/metadata/{key}"))
    }
}

/// Checks the signature, the mode and the account of an event.
pub(crate) fn verify(
    gateway: &StripeGateway,
    webhook: &RawWebhook<'_>,
    now: Timestamp,
) -> Result<VerifiedWebhook, WebhookRefused> {
    let secrets = gateway
        .webhook_secrets
        .iter()
        .map(|secret| secret.expose_secret().as_bytes());
    if !signature::verify(webhook.signature, webhook.body, secrets, now) {
        return Err(WebhookRefused::Signature);
    }
    let event: Event = serde_json::from_slice(webhook.body)
        .map_err(|error| WebhookRefused::Unreadable(error.to_string()))?;
    if !is_event_id(&event.id) {
        let why = "its id is not one of Stripe's".to_owned();
        return Err(WebhookRefused::Unreadable(why));
    }
    if event.livemode != gateway.live {
        let mode = if event.livemode { "live" } else { "test" };
        return Err(WebhookRefused::NotOurs(format!("{mode} mode")));
    }
    if let Some(account) = &event.account
        && gateway.account.as_ref() != Some(account)
    {
        return Err(WebhookRefused::NotOurs(account.clone()));
    }
    Ok(VerifiedWebhook {
        tenant: event
            .data
            .metadata(metadata::TENANT)
            .and_then(|id| id.parse().ok()),
        id: event.id,
        kind: event.kind,
    })
}

/// Ids are stored under a unique key, which has no room for anything longer.
fn is_event_id(id: &str) -> bool {
    (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What an event is about.
pub(crate) fn subject(payload: &str) -> Subject {
    let event: Event = match serde_json::from_str(payload) {
        Ok(event) => event,
        Err(error) => return Subject::Nothing(error.to_string()),
    };
    let data = &event.data;
    let payment = data
        .metadata(metadata::PAYMENT)
        .and_then(|id| id.parse().ok());
    match event.kind.as_str() {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => match (payment, data.text("/id")) {
            (Some(_), Some(session)) => Subject::Session(session.to_owned()),
            _ => Subject::Nothing("the session was not made by Sutler".to_owned()),
        },
        // A charge without the buyer has no session; it stands for one.
        kind if kind.starts_with("payment_intent.")
            && data.metadata(metadata::CHARGE).is_some() =>
        {
            match data.text("/id") {
                Some(id) => Subject::Session(id.to_owned()),
                None => Subject::Nothing("it names no payment".to_owned()),
            }
        }
        "payment_intent.payment_failed" => money(payment, data.text("/id"), Subject::Payment),
        "charge.refunded"
        | "refund.created"
        | "refund.updated"
        | "refund.failed"
        | "charge.refund.updated" => money(payment, data.text("/payment_intent"), Subject::Refunds),
        kind if crate::disputes::is_news(kind) => match data.text("/id") {
            Some(id) => Subject::Dispute(id.to_owned()),
            None => Subject::Nothing("it names no dispute".to_owned()),
        },
        other => Subject::Nothing(format!("{other} means nothing here")),
    }
}

fn money(
    payment: Option<kernel::PaymentId>,
    intent: Option<&str>,
    subject: fn(MoneyRef) -> Subject,
) -> Subject {
    if payment.is_none() && intent.is_none() {
        return Subject::Nothing("it names no payment".to_owned());
    }
    subject(MoneyRef {
        payment,
        intent: intent.map(str::to_owned),
    })
}
