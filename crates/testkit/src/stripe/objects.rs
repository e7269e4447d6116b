//! Stripe's objects, made from Stripe's own examples.

use serde_json::{Map, Value, json};

use super::form;
use super::refusal::Refusal;

/// A fresh copy of one of Stripe's examples.
fn example(text: &str) -> Value {
    serde_json::from_str(text).expect("a fixture is JSON")
}

/// Sets fields of an object.
pub(super) fn set(object: &mut Value, fields: Value) {
    if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
        object.extend(fields);
    }
}

/// A text of an object; empty when it has none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A number of an object.
pub(super) fn number(object: &Value, pointer: &str) -> i64 {
    object
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// An open checkout session of checked parameters.
pub(super) fn session(id: &str, params: &Value, cart: &Cart, now: i64, expires_at: i64) -> Value {
    let mut session = example(include_str!("../../fixtures/stripe/checkout.session.json"));
    let taxes = text(params, "/automatic_tax/enabled") == "true";
    set(
        &mut session,
        json!({
            "id": id,
            "created": now,
            "expires_at": expires_at,
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": null,
            "currency": cart.currency,
            "amount_subtotal": cart.total,
            "amount_total": cart.total,
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "client_reference_id": params.get("client_reference_id"),
            "customer_email": params.get("customer_email"),
            "metadata": params.get("metadata").cloned().unwrap_or_else(|| json!({})),
            "customer_creation": params.get("customer_creation"),
            "success_url": params.get("success_url"),
            "cancel_url": params.get("cancel_url"),
            "url": format!("https://checkout.stripe.com/c/pay/{id}"),
            "after_expiration": null,
            "consent": null,
            "consent_collection": null,
            "shipping_address_collection": null,
            "shipping_cost": null,
            "currency_conversion": null,
            "collected_information": null,
            "invoice_creation": {"enabled": false, "invoice_data": {"metadata": {}}},
        }),
    );
    session["customer_details"]["email"] = json!(params.get("customer_email"));
    session["automatic_tax"] = json!({
        "enabled": taxes, "liability": null, "provider": null,
        "status": if taxes { json!("requires_location_inputs") } else { Value::Null },
    });
    session
}

/// The payment of a session, as it begins.
pub(super) fn payment_intent(id: &str, session: &Value, data: &Value, now: i64) -> Value {
    let mut intent = example(include_str!("../../fixtures/stripe/payment_intent.json"));
    set(
        &mut intent,
        json!({
            "id": id,
            "client_secret": format!("{id}_secret_of_tests"),
            "amount": session["amount_total"],
            "currency": session["currency"],
            "created": now,
            "canceled_at": null,
            "description": data.get("description"),
            "metadata": data.get("metadata").cloned().unwrap_or_else(|| json!({})),
            "last_payment_error": null,
            "next_action": null,
            "processing": null,
            "shipping": null,
            "transfer_data": null,
            "status": "requires_payment_method",
        }),
    );
    intent
}

/// A way of paying that a customer lets Stripe keep.
pub(super) fn payment_method(id: &str, customer: &str, now: i64) -> Value {
    let mut method = example(include_str!("../../fixtures/stripe/payment_method.json"));
    set(
        &mut method,
        json!({"id": id, "customer": customer, "created": now, "metadata": {}}),
    );
    method
}

/// A charge of a payment, with the payment's metadata.
pub(super) fn charge(id: &str, intent: &Value, now: i64) -> Value {
    let mut charge = example(include_str!("../../fixtures/stripe/charge.json"));
    set(
        &mut charge,
        json!({
            "id": id,
            "amount": intent["amount"],
            "amount_captured": intent["amount"],
            "captured": true,
            "created": now,
            "currency": intent["currency"],
            "description": intent["description"],
            "metadata": intent["metadata"],
            "payment_intent": intent["id"],
            "shipping": null,
            "transfer_data": null,
            "outcome": null,
            "refunds": {"object": "list", "data": [], "has_more": false, "url": format!("/v1/charges/{id}/refunds")},
        }),
    );
    charge
}

/// A refund of a charge.
pub(super) fn refund(id: &str, charge: &Value, amount: i64, metadata: &Value, now: i64) -> Value {
    let mut refund = example(include_str!("../../fixtures/stripe/refund.json"));
    set(
        &mut refund,
        json!({
            "id": id,
            "amount": amount,
            "charge": charge["id"],
            "payment_intent": charge["payment_intent"],
            "currency": charge["currency"],
            "created": now,
            "metadata": metadata,
        }),
    );
    refund
}

/// An event about an object.
pub(super) fn event(id: &str, kind: &str, object: &Value, now: i64) -> Value {
    let mut event = example(include_str!("../../fixtures/stripe/event.json"));
    let live = object["livemode"].as_bool().unwrap_or(false);
    set(
        &mut event,
        json!({
            "id": id,
            "type": kind,
            "created": now,
            "livemode": live,
            "data": {"object": object},
        }),
    );
    event
}

/// What is in a new session, added up.
pub(super) struct Cart {
    pub(super) currency: String,
    pub(super) total: i64,
}

/// Currencies whose amounts must be whole hundreds, and whole tens.
const HUNDREDS: &[&str] = &["isk", "ugx"];
const TENS: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

impl Cart {
    /// The line items of a new session.
    pub(super) fn of(params: &Value) -> Result<Self, Refusal> {
        let lines = form::list(params.get("line_items"));
        if lines.is_empty() || lines.len() > 100 {
            return Err(Refusal::parameter(
                "parameter_missing",
                "line_items",
                "You must pass 1 to 100 line items.",
            ));
        }
        let mut cart: Option<Self> = None;
        for (at, line) in lines.iter().enumerate() {
            let param = format!("line_items[{at}]");
            let bad = |what: &str| {
                Refusal::parameter("parameter_invalid", param.clone(), what.to_owned())
            };
            let currency = text(line, "/price_data/currency").to_owned();
            let unit: i64 = text(line, "/price_data/unit_amount")
                .parse()
                .map_err(|_| bad("Invalid integer: unit_amount"))?;
            let quantity: i64 = text(line, "/quantity")
                .parse()
                .map_err(|_| bad("Invalid integer: quantity"))?;
            if text(line, "/price_data/product_data/name").is_empty() {
                return Err(bad("A product needs a name."));
            }
            if currency.len() != 3 || currency.to_lowercase() != currency {
                return Err(bad("Invalid currency."));
            }
            let step = match currency.as_str() {
                code if HUNDREDS.contains(&code) => 100,
                code if TENS.contains(&code) => 10,
                _ => 1,
            };
            if !(0..=99_999_999).contains(&unit) || unit % step != 0 || quantity < 1 {
                return Err(bad("Invalid unit_amount or quantity."));
            }
            let cart = cart.get_or_insert(Self {
                currency: currency.clone(),
                total: 0,
            });
            if cart.currency != currency {
                return Err(bad("All line items must have the same currency."));
            }
            cart.total += unit * quantity;
        }
        cart.filter(|cart| cart.total == 0 || cart.total >= 50 || cart.currency != "eur")
            .ok_or_else(|| {
                Refusal::parameter(
                    "amount_too_small",
                    "line_items",
                    "The Checkout Session's total amount due must add up to at least €0.50 eur",
                )
            })
    }
}

/// Refuses parameters that the stand-in does not know, so that nothing is
/// passed over in silence.
pub(super) fn known(params: &Value, names: &[&str]) -> Result<(), Refusal> {
    let empty = Map::new();
    let given = params.as_object().unwrap_or(&empty);
    match given.keys().find(|key| !names.contains(&key.as_str())) {
        Some(key) => Err(Refusal::parameter(
            "parameter_unknown",
            key.clone(),
            format!("Received unknown parameter: {key}"),
        )),
        None => Ok(()),
    }
}
