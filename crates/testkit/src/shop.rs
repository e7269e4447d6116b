//! Two shops with people in them, made through the API.

use serde_json::{Value, json};

use accounts_service::NewUser;
use kernel::Role;
use secrecy::SecretString;

use crate::app::App;
use crate::client::{Answer, Call};

/// The password of everybody in tests.
pub const PASSWORD: &str = "a password of tests";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// The id.
    pub id: String,
    /// The address.
    pub email: String,
    /// An access token.
    pub token: String,
}

/// A tenant and the people in it.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The id.
    pub id: String,
    /// The host it is reached at.
    pub host: &'static str,
    /// Who administers it.
    pub admin: Person,
    /// Who runs the shop from day to day.
    pub manager: Person,
    /// A customer.
    pub user: Person,
    /// An API key of the administrator's with all permissions; unlike access
    /// tokens it does not expire when a test moves the clock.
    pub key: String,
}

/// An installation with two tenants.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Runs the installation.
    pub operator: Person,
    /// The default tenant.
    pub first: Tenant,
    /// Another one, at the host `other.test`.
    pub second: Tenant,
}

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
    /// Makes two tenants with people in them, and a way to ship.
    pub async fn shop(&self) -> Shop {
        let operator = self.operator().await;
        let made = self
            .client
            .post(
                "/api/admin/tenants",
                &json!({"slug": "other", "name": "The other shop", "currency": "USD", "hosts": ["other.test"]}),
            )
            .bearer(&operator.token)
            .expect(201)
            .await;
        let second = made.text_at("/id");
        let me = self
            .client
            .get("/api/auth/me")
            .bearer(&operator.token)
            .expect(200)
            .await;
        let first = me.text_at("/tenant_id");
        let shop = Shop {
            first: self.tenant(&operator, first, "127.0.0.1").await,
            second: self.tenant(&operator, second, "other.test").await,
            operator,
        };
        for (tenant, currency) in [(&shop.first, "EUR"), (&shop.second, "USD")] {
            self.client
                .post(
                    "/api/admin/shipping-methods",
                    &json!({"code": "standard", "name": "Standard", "rates": {"kind": "flat", "amount": {"amount": 500, "currency": currency}}}),
                )
                .bearer(&tenant.admin.token)
                .expect(201)
                .await;
        }
        shop
    }

    async fn operator(&self) -> Person {
        let tenant = self.sutler.default_tenant().await.expect("a tenant");
        let scope = self.sutler.accounts.system_scope(tenant.id, "test");
        let new = NewUser {
            email: "operator@shop.test".to_owned(),
            password: SecretString::from(PASSWORD),
            name: "Olga Operator".to_owned(),
            role: Role::Operator,
        };
        let made = self.sutler.accounts.ensure_user(&scope, new).await;
        made.expect("an operator");
        self.login("operator@shop.test", "127.0.0.1").await
    }

    /// An API key that may do everything, of somebody who runs the
    /// installation. They need not be there yet.
    pub async fn operator_key(&self) -> String {
        let operator = self.operator().await;
        self.key(&operator).await
    }

    async fn key(&self, of: &Person) -> String {
        let me = self.client.get("/api/auth/me").bearer(&of.token);
        let permissions = me.expect(200).await.body["permissions"].clone();
        let body = json!({"name": "tests", "scopes": permissions});
        let made = self.client.post("/api/api-keys", &body).bearer(&of.token);
        made.expect(201).await.text_at("/secret")
    }

    async fn tenant(&self, operator: &Person, id: String, host: &'static str) -> Tenant {
        let admin = format!("admin@{host}");
        self.client
            .post(
                &format!("/api/admin/tenants/{id}/admins"),
                &json!({"email": admin, "password": PASSWORD, "name": "Ada Admin"}),
            )
            .bearer(&operator.token)
            .expect(201)
            .await;
        let admin = self.login(&admin, host).await;
        let user = self.register("user@mail.test", host).await;
        let manager = self.register("manager@mail.test", host).await;
        let path = format!("/api/admin/users/{}", manager.id);
        let before = self.client.get(&path).bearer(&admin.token).expect(200);
        let etag = before.await.header("etag").to_owned();
        self.client
            .patch(&path, &json!({"role": "manager"}))
            .bearer(&admin.token)
            .header("if-match", &etag)
            .expect(200)
            .await;
        let key = self.key(&admin).await;
        Tenant {
            id,
            host,
            admin,
            manager,
            user,
            key,
        }
    }

    /// Makes an account.
    pub async fn register(&self, email: &str, host: &str) -> Person {
        let answer = self
            .client
            .post(
                "/api/auth/register",
                &json!({"email": email, "password": PASSWORD, "name": "Some Body"}),
            )
            .header("host", host)
            .expect(201)
            .await;
        person(&answer, email)
    }

    /// Signs somebody in.
    pub async fn login(&self, email: &str, host: &str) -> Person {
        let answer = self
            .client
            .post(
                "/api/auth/login",
                &json!({"email": email, "password": PASSWORD}),
            )
            .header("host", host)
            .expect(200)
            .await;
        person(&answer, email)
    }

    /// Puts a product on sale.
    pub async fn list(&self, tenant: &Tenant, listing: &Listing<'_>) -> Item {
        let currency = if tenant.host == "other.test" {
            "USD"
        } else {
            "EUR"
        };
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
                "price": {"amount": listing.price, "currency": currency},
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

fn person(answer: &Answer, email: &str) -> Person {
    Person {
        id: answer.text_at("/user/id"),
        email: email.to_owned(),
        token: answer.text_at("/access_token"),
    }
}
