//! Orders of a shop in rupiah.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Cart, Item, Listing};

use super::{AMOUNT, Till, idr};

impl Till {
    /// A lamp at 150,000 rupiah; it costs 5 to send one.
    pub(super) async fn lamp(&self) -> Item {
        let listing = Listing {
            name: "Lamp",
            strategy: "per_size",
            price: AMOUNT,
            stock: &[10],
        };
        self.app.list(&self.shop.first, &listing).await
    }

    /// A cart with one.
    pub(super) async fn cart_of(&self, lamp: &Item) -> Cart {
        let lines = [(lamp.variants[0].as_str(), 1)];
        self.app.cart(self.shop.first.host, &lines).await
    }

    /// Checks a cart out, with what the wallet is to pay.
    pub(super) fn checking_out(&self, cart: &Cart, wallet: Option<Value>) -> Call {
        let mut body = json!({"cart_id": cart.id});
        if let Some(wallet) = wallet {
            body["wallet"] = wallet;
        }
        let call = self.app.client.post("/api/checkout", &body);
        let call = call.header("x-cart-token", &cart.token);
        call.bearer(&self.user().token)
    }

    /// Orders one, with so much from the wallet.
    pub(super) async fn ordering(&self, lamp: &Item, wallet: Option<i64>) -> Call {
        let cart = self.cart_of(lamp).await;
        self.checking_out(&cart, wallet.map(|minor| json!({"amount": idr(minor)})))
    }

    pub(super) async fn see_order(&self, id: &str) -> Value {
        let look = self.app.client.get(&format!("/api/admin/orders/{id}"));
        look.bearer(&self.shop.first.key).expect(200).await.body
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_paid_and_given_back_in_whole_rupiah(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    let lamp = till.lamp().await;
    let made = till.ordering(&lamp, None).await.expect(201).await;
    let order = made.text_at("/order/id");
    let session = made.text_at("/order/payments/0/session_id");
    let page = till.midtrans.page(&session);
    assert_eq!(page["transaction_details"]["gross_amount"], 150_005);
    till.midtrans.choose(&session, "bank_transfer");
    till.notify(&session).await;
    assert_eq!(till.see_order(&order).await["status"], "pending");
    till.midtrans.settle(&session);
    till.notify(&session).await;
    till.notify(&session).await;
    let paid = till.see_order(&order).await;
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["captured"], idr(AMOUNT + 500));
    let body = json!({"amount": idr(5_000_000), "reason": "it has a scratch"});
    let path = format!("/api/admin/orders/{order}/refund");
    let refund = till.app.client.post(&path, &body);
    refund.bearer(&till.shop.first.key).expect(200).await;
    till.app.drain().await;
    let refunds = till.midtrans.refunds(&session);
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!(refunds[0]["refund_amount"], "50000.00");
    let seen = till.see_order(&order).await;
    assert_eq!(seen["refunded"], idr(5_000_000));
}

/// What is left to be paid has to be whole rupiah.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_rupiah_is_refused_before_anything_is_ordered(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::open(backend).await;
    let topped = till.chosen().await;
    till.midtrans.settle(&topped);
    till.notify(&topped).await;
    let lamp = till.lamp().await;
    let refused = till.ordering(&lamp, Some(1_000_050)).await;
    let refused = refused.refused(409, "payment.amount_not_taken").await;
    assert!(refused.text.contains("whole rupiah"), "{}", refused.text);
    assert_eq!(till.app.stock(&till.shop.first, &lamp, 0).await, (10, 0));
    let made = till
        .ordering(&lamp, Some(1_000_000))
        .await
        .expect(201)
        .await;
    let session = made.text_at("/order/payments/0/session_id");
    let page = till.midtrans.page(&session);
    assert_eq!(page["transaction_details"]["gross_amount"], 140_005);
}
