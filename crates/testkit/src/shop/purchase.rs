//! What shops sell, and how it is bought.

use serde_json::{Value, json};

use super::Tenant;
use crate::app::App;
use crate::client::{Answer, Call};

/// Something to buy.
#[derive(Debug, Clone)]
pub struct Item {
    /// The product.
    pub product: String,
    /// Its variants.
    pub variants: Vec<String>,
}

/// A cart and what opens it.
#[derive(Debug, Clone)]
pub struct Cart {
    /// The id.
    pub id: String,
    /// The guest's token.
    pub token: String,
}

/// An order and what opens it.
#[derive(Debug, Clone)]
pub struct Order {
    /// The id.
    pub id: String,
    /// The guest's token.
    pub token: String,
    /// The payment session.
    pub session: String,
    /// The attempt to pay.
    pub payment: String,
    /// What was answered at checkout.
    pub answer: Value,
}

/// What a product of tests is like.
#[derive(Debug, Clone)]
pub struct Listing<'a> {
    /// The name.
    pub name: &'a str,
    /// Where stock is counted.
    pub strategy: &'a str,
    /// The price of each variant, in minor units.
    pub price: i64,
    /// The stock of each variant; the first counts when it is shared.
    pub stock: &'a [i64],
}

impl App {
    /// Puts a product on sale.
    pub async fn list(&self, tenant: &Tenant, listing: &Listing<'_>) -> Item {
        let product = self
            .client
            .post(
                "/api/admin/catalog/products",
                &json!({"name": listing.name, "status": "active", "inventory_strategy": listing.strategy}),
            )
            .bearer(&tenant.key)
            .expect(201)
            .await;
        let id = product.text_at("/id");
        let mut variants = Vec::new();
        for (n, stock) in listing.stock.iter().enumerate() {
            let mut body = json!({
                "sku": format!("{}-{n}", product.text_at("/slug")),
                "size": format!("{}", 40 + n),
                "price": {"amount": listing.price, "currency": tenant.currency},
                "weight_grams": 500,
            });
            if listing.strategy != "flat" {
                body["on_hand"] = json!(stock);
            }
            let variant = self
                .client
                .post(&format!("/api/admin/catalog/products/{id}/variants"), &body)
                .bearer(&tenant.key)
                .expect(201)
                .await;
            variants.push(variant.text_at("/id"));
        }
        if listing.strategy == "flat" {
            self.client
                .post(
                    &format!(
                        "/api/admin/catalog/variants/{}/stock-adjustments",
                        variants[0]
                    ),
                    &json!({"to": listing.stock[0], "reason": "first delivery"}),
                )
                .bearer(&tenant.key)
                .expect(200)
                .await;
        }
        Item {
            product: id,
            variants,
        }
    }

    /// A product with one variant.
    pub async fn simple(&self, tenant: &Tenant, name: &str, stock: i64) -> Item {
        let listing = Listing {
            name,
            strategy: "per_size",
            price: 2500,
            stock: &[stock],
        };
        self.list(tenant, &listing).await
    }

    /// A guest's cart that is ready to be ordered.
    pub async fn cart(&self, host: &str, lines: &[(&str, i64)]) -> Cart {
        let made = self
            .client
            .post("/api/carts", &Value::Null)
            .header("host", host)
            .expect(201)
            .await;
        let cart = Cart {
            id: made.text_at("/id"),
            token: made.text_at("/token"),
        };
        for (variant, quantity) in lines {
            self.client
                .post(
                    &format!("/api/carts/{}/lines", cart.id),
                    &json!({"variant_id": variant, "quantity": quantity}),
                )
                .header("host", host)
                .header("x-cart-token", &cart.token)
                .expect(200)
                .await;
        }
        self.client
            .patch(
                &format!("/api/carts/{}", cart.id),
                &json!({"email": "buyer@mail.test", "shipping_method": "standard", "shipping_address": address()}),
            )
            .header("host", host)
            .header("x-cart-token", &cart.token)
            .expect(200)
            .await;
        cart
    }

    /// The request that orders a cart.
    pub fn checkout(&self, host: &str, cart: &Cart) -> Call {
        self.client
            .post("/api/checkout", &json!({"cart_id": cart.id}))
            .header("host", host)
            .header("x-cart-token", &cart.token)
    }

    /// Orders something as a guest.
    pub async fn order(&self, tenant: &Tenant, lines: &[(&str, i64)]) -> Order {
        let cart = self.cart(tenant.host, lines).await;
        let answer = self.checkout(tenant.host, &cart).expect(201).await;
        placed(&answer)
    }

    /// Pays at the test gateway, and lets the webhook be worked on.
    pub async fn pay(&self, order: &Order) {
        self.act(&order.session, "pay").await;
        self.drain().await;
    }

    /// Does something on the test gateway's page.
    pub async fn act(&self, session: &str, outcome: &str) -> Answer {
        self.client
            .post(
                &format!("/api/test-gateway/sessions/{session}"),
                &json!({"outcome": outcome}),
            )
            .expect(200)
            .await
    }

    /// An order as its buyer sees it.
    pub async fn see(&self, order: &Order) -> Value {
        self.client
            .get(&format!("/api/orders/{}", order.id))
            .header("x-order-token", &order.token)
            .expect(200)
            .await
            .body
    }

    /// The stock of a variant, as (on hand, reserved).
    pub async fn stock(&self, tenant: &Tenant, item: &Item, variant: usize) -> (i64, i64) {
        let answer = self
            .client
            .get(&format!("/api/admin/catalog/products/{}", item.product))
            .bearer(&tenant.key)
            .expect(200)
            .await;
        let at = |field: &str| answer.number_at(&format!("/variants/{variant}/stock/{field}"));
        (at("on_hand"), at("reserved"))
    }
}

/// What a checkout answered.
pub fn placed(answer: &Answer) -> Order {
    Order {
        id: answer.text_at("/order/id"),
        token: answer.text_at("/order/token"),
        session: answer.text_at("/order/payments/0/session_id"),
        payment: answer.text_at("/order/payments/0/id"),
        answer: answer.body.clone(),
    }
}

/// An address.
pub fn address() -> Value {
    json!({"name": "Bea Buyer", "line1": "Street 1", "city": "Berlin", "postal_code": "10115", "country": "DE"})
}

/// An amount of euros as the API has it, in minor units.
pub fn eur(amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}
