//! A day of a shop, with every kind of secret there is in it.

use serde_json::{Value, json};
use testkit::Client;
use testkit::shop::{PASSWORD, address};

use crate::binary::{self, Binary, Secrets};

/// Who has an account.
pub const EMAIL: &str = "ada.lovelace@mail.test";
/// Who buys without one.
const BUYER: &str = "bea.buyer@mail.test";

/// Lets people register, buy and fail, and answers what must stay among them.
pub async fn live(sutler: &Binary) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(&[
        PASSWORD,
        EMAIL,
        BUYER,
        "wrong password 1",
        "Ada Lovelace",
        binary::SECRET_KEY,
    ]);
    for part in ["name", "line1", "postal_code"] {
        secrets.add(&[address()[part].as_str().expect("an address")]);
    }
    account(&sutler.client, &mut secrets).await;
    purchase(sutler, &mut secrets).await;
    mails(sutler, &mut secrets).await;
    strangers(&sutler.client, &mut secrets).await;
    secrets
}

async fn account(client: &Client, secrets: &mut Secrets) {
    let body = json!({"email": EMAIL, "password": PASSWORD, "name": "Ada Lovelace", "token_transport": "cookie"});
    let registered = client.post("/api/auth/register", &body).expect(201).await;
    let cookie = registered
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap_or_default()
        .to_owned();
    let access = registered.text_at("/access_token");
    secrets.add(&[&access, cookie.split_once('=').expect("a cookie").1]);
    let wrong = json!({"email": EMAIL, "password": "wrong password 1"});
    client.post("/api/auth/login", &wrong).expect(401).await;
    let refreshed = client
        .post("/api/auth/refresh", &Value::Null)
        .header("cookie", &cookie);
    secrets.add(&[&refreshed.expect(200).await.text_at("/access_token")]);
    let key = json!({"name": "feed", "scopes": []});
    let key = client
        .post("/api/api-keys", &key)
        .bearer(&access)
        .expect(201)
        .await;
    let key = key.text_at("/secret");
    client.get("/api/auth/me").bearer(&key).expect(200).await;
    secrets.add(&[&key]);
    client
        .post("/api/auth/password/forgot", &json!({"email": EMAIL}))
        .expect(202)
        .await;
}

/// A variant that can be bought.
async fn variant(client: &Client) -> Value {
    let products = client
        .get("/api/catalog/products?in_stock=true")
        .expect(200)
        .await;
    let product = products.text_at("/data/0/id");
    let product = client
        .get(&format!("/api/catalog/products/{product}"))
        .expect(200)
        .await;
    let variants = product.body["variants"].as_array().expect("variants");
    let there = |variant: &&Value| variant["availability"] != "out_of_stock";
    let variant = variants.iter().find(there).expect("one that is there");
    variant["id"].clone()
}

async fn purchase(sutler: &Binary, secrets: &mut Secrets) {
    let client = &sutler.client;
    let cart = client.post("/api/carts", &Value::Null).expect(201).await;
    let token = cart.text_at("/token");
    secrets.add(&[&token]);
    let line = json!({"variant_id": variant(client).await, "quantity": 1});
    let path = format!("/api/carts/{}/lines", cart.text_at("/id"));
    client
        .post(&path, &line)
        .header("x-cart-token", &token)
        .expect(200)
        .await;
    let body = json!({"cart_id": cart.text_at("/id"), "email": BUYER, "shipping_address": address(),
        "shipping_method": sutler.shipping_method(&cart.text_at("/id"), &token).await});
    let placed = client
        .post("/api/checkout", &body)
        .header("x-cart-token", &token);
    let placed = placed
        .header("idempotency-key", "an-idempotency-key-of-tests")
        .expect(201)
        .await;
    let token = placed.text_at("/order/token");
    secrets.add(&[&token]);
    let session = placed.text_at("/order/payments/0/session_id");
    let path = format!("/api/test-gateway/sessions/{session}");
    client
        .post(&path, &json!({"outcome": "pay"}))
        .expect(200)
        .await;
    let path = format!("/api/orders/{}", placed.text_at("/order/id"));
    sutler
        .until("the order is paid", async || {
            let order = client
                .get(&path)
                .header("x-order-token", &token)
                .expect(200)
                .await;
            order.body["status"] == "paid"
        })
        .await;
}

/// Waits for the mails about all that, with tokens in them.
async fn mails(sutler: &Binary, secrets: &mut Secrets) {
    // Verification, password reset, confirmation.
    sutler
        .until("three mails are written", async || {
            sutler.mails().len() == 3
        })
        .await;
    for mail in sutler.mails() {
        if let Some((_, rest)) = mail.split_once("?token=") {
            let token = rest.split_whitespace().next().unwrap_or_default();
            assert!(token.len() > 40 && !token.contains('='), "{mail}");
            secrets.add(&[token]);
        }
    }
}

async fn strangers(client: &Client, secrets: &mut Secrets) {
    client
        .get("/api/orders")
        .bearer("not.a.token")
        .expect(401)
        .await;
    client
        .get(&format!("/api/nothing?email={EMAIL}"))
        .expect(404)
        .await;
    for _ in 0..3 {
        client
            .post(
                "/api/checkout",
                &json!({"email": BUYER, "card": "4242424242424242"}),
            )
            .send()
            .await;
    }
    secrets.add(&["4242424242424242"]);
}
