//! Buying, and what the shop does then.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::Stage;
use crate::client::Call;
use crate::say;
use crate::shopper::{self, Item, address};

/// Who bought.
pub(super) struct Bought {
    pub(super) email: String,
    pub(super) token: String,
}

struct Buyer {
    email: String,
    token: String,
    cart: String,
}

/// Two pieces of the first thing with plenty of it, from cart to refund.
pub(super) async fn buy(stage: &mut Stage) -> Result<Bought> {
    let admin = shopper::sign_in(&mut stage.client).await?;
    let item = shopper::goods(&mut stage.client, 1).await?.remove(0);
    shopper::set_stock(&mut stage.client, &admin, &item, 10).await?;
    let buyer = sign_up(stage, &item).await?;
    address_and_shipping(stage, &buyer).await?;
    stock(stage, &admin, &item, (10, 0)).await?;
    let (order, session) = check_out(stage, &buyer).await?;
    stock(stage, &admin, &item, (10, 2)).await?;

    stage.title("Pay at the test gateway");
    let pay =
        Call::post(format!("/api/test-gateway/sessions/{session}")).json(json!({"outcome": "pay"}));
    stage.show(&pay, 200, &["/description", "/amount"]).await?;
    stage.title("The webhook's job confirms the order");
    let look = Call::get(format!("/api/orders/{order}")).bearer(&buyer.token);
    stage.wait_for(&look, "/status", "paid").await?;
    stock(stage, &admin, &item, (8, 0)).await?;
    ship_and_refund(stage, &admin, &order).await?;
    stock(stage, &admin, &item, (9, 0)).await?;
    Ok(Bought {
        email: buyer.email,
        token: buyer.token,
    })
}

/// A guest fills a cart, makes an account, and finds the cart there; then the
/// same from another device, where they sign in.
async fn sign_up(stage: &mut Stage, item: &Item) -> Result<Buyer> {
    stage.title("A guest fills a cart");
    let (cart, cart_token) = filled_cart(stage, item).await?;
    stage.title("They register, and the cart becomes theirs");
    let email = format!("bea.{}@example.com", &cart[cart.len() - 8..]);
    let register = Call::post("/api/auth/register")
        .header("x-cart-token", &cart_token)
        .json(json!({"email": email, "password": "a long enough password", "name": "Bea Buyer", "cart_id": cart}));
    let session = stage
        .show(&register, 201, &["/user/email", "/cart_id"])
        .await?;
    let own = session.text("/cart_id")?.to_owned();
    stage.title("On another device they fill another cart and sign in: both are merged");
    let (second, second_token) = filled_cart(stage, item).await?;
    let login = Call::post("/api/auth/login")
        .header("x-cart-token", &second_token)
        .json(json!({"email": email, "password": "a long enough password", "cart_id": second}));
    let session = stage
        .show(&login, 200, &["/user/email", "/cart_id"])
        .await?;
    ensure!(
        session.text("/cart_id")? == own,
        "the carts were not merged"
    );
    let token = session.text("/access_token")?.to_owned();
    let look = Call::get(format!("/api/carts/{own}")).bearer(&token);
    let merged = stage
        .show(
            &look,
            200,
            &["/lines/0/name", "/lines/0/quantity", "/totals/subtotal"],
        )
        .await?;
    ensure!(
        merged.number("/lines/0/quantity")? == 2,
        "the lines were not added up"
    );
    Ok(Buyer {
        email,
        token,
        cart: own,
    })
}

async fn filled_cart(stage: &mut Stage, item: &Item) -> Result<(String, String)> {
    let made = stage.show(&Call::post("/api/carts"), 201, &["/id"]).await?;
    let (cart, token) = (
        made.text("/id")?.to_owned(),
        made.text("/token")?.to_owned(),
    );
    let add = Call::post(format!("/api/carts/{cart}/lines"))
        .header("x-cart-token", &token)
        .json(json!({"variant_id": item.variant, "quantity": 1}));
    stage
        .show(&add, 200, &["/lines/0/name", "/lines/0/unit_price"])
        .await?;
    Ok((cart, token))
}

async fn address_and_shipping(stage: &mut Stage, buyer: &Buyer) -> Result<()> {
    stage.title("Address and shipping");
    let cart = format!("/api/carts/{}", buyer.cart);
    let change = Call::patch(&cart)
        .bearer(&buyer.token)
        .json(json!({"email": buyer.email, "shipping_address": address()}));
    stage
        .show(&change, 200, &["/shipping_address/city"])
        .await?;
    let options = Call::get(format!("{cart}/shipping-options")).bearer(&buyer.token);
    stage
        .show(
            &options,
            200,
            &[
                "/data/0/code",
                "/data/0/price",
                "/data/1/code",
                "/data/1/price",
            ],
        )
        .await?;
    let choose = Call::patch(&cart)
        .bearer(&buyer.token)
        .json(json!({"shipping_method": "express"}));
    stage
        .show(
            &choose,
            200,
            &["/totals/subtotal", "/totals/shipping", "/totals/total"],
        )
        .await?;
    Ok(())
}

/// The order and the payment session.
async fn check_out(stage: &mut Stage, buyer: &Buyer) -> Result<(String, String)> {
    stage.title("Check out, and repeat the request: it has one effect");
    let call = Call::post("/api/checkout")
        .bearer(&buyer.token)
        .once(&format!("checkout-{}", buyer.cart))
        .json(json!({"cart_id": buyer.cart}));
    let shown = [
        "/order/number",
        "/order/status",
        "/order/total",
        "/payment_url",
    ];
    let answer = stage.show(&call, 201, &shown).await?;
    let again = stage.show(&call, 201, &["/order/number"]).await?;
    ensure!(
        again.body == answer.body,
        "the repeated request was answered otherwise"
    );
    let replayed = again.headers.get("idempotent-replayed");
    ensure!(
        replayed.is_some_and(|value| value == "true"),
        "it does not say that it is a replay"
    );
    let look = Call::get(format!("/api/orders/{}", answer.text("/order/id")?));
    let seen = stage.client.expect(&look.bearer(&buyer.token), 200).await?;
    ensure!(
        seen.body == answer.body["order"],
        "the order is {} and was answered as {}",
        seen.body,
        answer.body["order"]
    );
    Ok((
        answer.text("/order/id")?.to_owned(),
        answer.text("/order/payments/0/session_id")?.to_owned(),
    ))
}

/// Shows and checks the stock as (on hand, reserved).
async fn stock(stage: &mut Stage, admin: &str, item: &Item, expected: (i64, i64)) -> Result<()> {
    let call = Call::get(format!("/api/admin/catalog/products/{}", item.product)).bearer(admin);
    let answer = stage.client.expect(&call, 200).await?;
    let stock = answer
        .list("/variants")?
        .iter()
        .find(|variant| variant["id"] == item.variant.as_str())
        .map(|variant| &variant["stock"])
        .context("the variant is gone")?;
    let found = (stock["on_hand"].as_i64(), stock["reserved"].as_i64());
    say::line(format!(
        "   stock: {} on hand, {} of them reserved",
        stock["on_hand"], stock["reserved"]
    ));
    ensure!(
        found == (Some(expected.0), Some(expected.1)),
        "the stock should be {expected:?}"
    );
    Ok(())
}

async fn ship_and_refund(stage: &mut Stage, admin: &str, order: &str) -> Result<()> {
    let path = format!("/api/admin/orders/{order}");
    stage.title("The shop ships it");
    let ship = Call::post(format!("{path}/ship"))
        .bearer(admin)
        .json(json!({"carrier": "DHL", "tracking_number": "00340434161094042557"}));
    let shipped = stage
        .show(
            &ship,
            200,
            &[
                "/status",
                "/fulfilment_status",
                "/carrier",
                "/tracking_number",
            ],
        )
        .await?;
    stage.title("One piece comes back: a part is refunded, and it goes into stock");
    let price = shipped.body["lines"][0]["unit_price"].clone();
    let refund = Call::post(format!("{path}/refund"))
        .bearer(admin)
        .json(json!({
            "amount": price,
            "reason": "did not fit",
            "restock": [{"line_id": shipped.text("/lines/0/id")?, "quantity": 1}],
        }));
    stage
        .show(
            &refund,
            200,
            &["/payment_status", "/refunds/0/amount", "/refunds/0/status"],
        )
        .await?;
    let look = Call::get(&path).bearer(admin);
    let done = stage
        .wait_for(&look, "/refunds/0/status", "succeeded")
        .await?;
    ensure!(
        done.text("/payment_status")? == "partially_refunded",
        "the order is {}",
        done.body["payment_status"]
    );
    Ok(())
}
