//! A shop that takes money through the stand-in.

use std::time::Duration;

use serde_json::{Value, json};

use super::StandIn;
use crate::app::App;
use crate::client::{Answer, Call};
use crate::shop::{Item, Order, Shop, Tenant, eur};
use crate::store::Backend;

/// A shop with one thing to sell, and the stand-in behind it. The total of an
/// order of `n` pieces is `n` times 25.00 and 5.00 for shipping.
pub struct Till {
    /// The app.
    pub app: App,
    /// Stripe.
    pub stripe: StandIn,
    /// The people.
    pub shop: Shop,
    /// What is sold.
    pub item: Item,
}

impl Till {
    /// A shop with some pieces in stock.
    pub async fn open(backend: Backend, stock: i64) -> Self {
        Self::with(backend, stock, &[]).await
    }

    /// A shop with other settings.
    pub async fn with(backend: Backend, stock: i64, settings: &[(&str, &str)]) -> Self {
        let (app, stripe) = App::with_stripe(backend, settings).await;
        let shop = app.shop().await;
        let item = app.simple(&shop.first, "Lamp", stock).await;
        app.drain().await;
        Self {
            app,
            stripe,
            shop,
            item,
        }
    }

    /// The tenant that sells.
    pub fn tenant(&self) -> &Tenant {
        &self.shop.first
    }

    /// Orders some pieces.
    pub async fn order(&self, pieces: i64) -> Order {
        let lines = [(self.item.variants[0].as_str(), pieces)];
        self.app.order(self.tenant(), &lines).await
    }

    /// Stock, as (on hand, reserved).
    pub async fn stock(&self) -> (i64, i64) {
        self.app.stock(self.tenant(), &self.item, 0).await
    }

    /// Delivers the events that wait and lets them be worked on.
    pub async fn deliver(&self) {
        self.stripe.deliver_all(&self.app.client).await;
        self.app.drain().await;
    }

    /// Lets time pass, a minute a step.
    pub async fn pass_minutes(&self, minutes: u64) {
        self.app
            .pass(Duration::from_mins(minutes), Duration::from_mins(1))
            .await;
    }

    /// The order as the shop sees it.
    pub async fn see(&self, order: &Order) -> Value {
        let path = format!("/api/admin/orders/{}", order.id);
        let call = self.app.client.get(&path).bearer(&self.tenant().key);
        call.expect(200).await.body
    }

    /// The request for another attempt to pay.
    pub fn try_again(&self, order: &Order) -> Call {
        self.app
            .client
            .post(&format!("/api/orders/{}/payments", order.id), &json!({}))
            .header("x-order-token", &order.token)
    }

    /// Makes another attempt to pay, and answers its session.
    ///
    /// # Panics
    /// When there can be none.
    pub async fn pay_again(&self, order: &Order) -> String {
        // So that it is the last one.
        self.app.advance(Duration::from_secs(1));
        let answer = self.try_again(order).expect(201).await;
        let last = answer
            .body
            .pointer("/order/payments")
            .and_then(Value::as_array)
            .and_then(|payments| payments.last()?["session_id"].as_str());
        last.expect("an attempt with a session").to_owned()
    }

    /// Asks for money back; all that is left when no amount is given.
    pub async fn refund(&self, order: &Order, amount: Option<i64>) -> Answer {
        // So that it is the last one.
        self.app.advance(Duration::from_secs(1));
        let mut body = json!({"reason": "returned"});
        if let Some(amount) = amount {
            body["amount"] = eur(amount);
        }
        self.app
            .client
            .post(&format!("/api/admin/orders/{}/refund", order.id), &body)
            .bearer(&self.tenant().key)
            .send()
            .await
    }

    /// What is in the webhook inbox of the tenant, oldest first.
    pub async fn inbox(&self) -> Vec<Value> {
        let call = self
            .app
            .client
            .get("/api/admin/webhook-events?limit=100")
            .bearer(&self.tenant().key);
        let answer = call.expect(200).await;
        let mut events = answer.body["data"].as_array().cloned().unwrap_or_default();
        events.reverse();
        events
    }

    /// Events that mean nothing here, or are about nobody's things.
    pub fn nothings(&self) -> Vec<Value> {
        let event = |id: &str, kind: &str, object: Value| {
            json!({"id": id, "object": "event", "api_version": null, "created": 1, "livemode": false,
                "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
                "type": kind, "data": {"object": object}})
        };
        let nobody = json!({"sutler_tenant": self.tenant().id, "sutler_payment": "pay_01j9z6m3k4f5g6h7j8k9m0n1p2"});
        vec![
            event(
                "evt_a",
                "customer.created",
                json!({"id": "cus_1", "object": "customer"}),
            ),
            event(
                "evt_b",
                "checkout.session.completed",
                json!({"id": "cs_1", "metadata": {}}),
            ),
            event(
                "evt_c",
                "checkout.session.completed",
                json!({"id": "cs_2", "metadata": nobody}),
            ),
            event(
                "evt_d",
                "charge.refunded",
                json!({"id": "ch_1", "payment_intent": "pi_none"}),
            ),
            event(
                "evt_e",
                "payment_intent.payment_failed",
                json!({"id": "pi_none", "metadata": nobody}),
            ),
            event(
                "evt_f",
                "charge.refunded",
                json!({"id": "ch_2", "payment_intent": null}),
            ),
        ]
    }
}
