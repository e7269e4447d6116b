//! What reports cost as a shop grows.

use rstest::rstest;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Tenant;

use super::report::{REPORT, open};

/// Copies an order with its lines.
async fn copy(app: &App, tenant: &Tenant, times: usize) {
    let tx = app.begin_in(tenant).await;
    for n in 0..times {
        let n = i64::try_from(n).expect("a few");
        let [order, line] =
            [(); 2].map(|()| kernel::random::uuid_v7(kernel::Timestamp::from_seconds(n)));
        tx.run(
            "INSERT INTO orders (tenant_id, id, number, cart_id, email, currency, status, payment_status, fulfilment_status, \
               subtotal, shipping, fee, total, tax, captured, refunded, return_urls, placed_at, paid_at, version, updated_at) \
             SELECT tenant_id, $2, number + 100000 + $3, $2, email, currency, status, payment_status, fulfilment_status, \
               subtotal, shipping, fee, total, tax, captured, refunded, return_urls, placed_at, paid_at, version, updated_at \
             FROM orders WHERE tenant_id = $1 AND number < 100000",
            [order.into(), n.into()],
        )
        .await
        .expect("an order");
        tx.run(
            "INSERT INTO order_lines (tenant_id, id, order_id, position, product_id, variant_id, seller_id, sku, name, options, \
               unit_price, quantity, discount, fee, restocked) \
             SELECT l.tenant_id, $2, $3, l.position, l.product_id, l.variant_id, l.seller_id, l.sku, l.name, l.options, \
               l.unit_price, l.quantity, l.discount, l.fee, 0 \
             FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id \
             WHERE l.tenant_id = $1 AND l.name LIKE 'Lamp%' AND o.number < 100000",
            [line.into(), order.into()],
        )
        .await
        .expect("a line");
    }
    tx.commit().await.expect("a commit");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_orders_take_as_many_queries_as_one(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let market = open(&app, tenant, "seller").await;
    market.order(&app, tenant).await;
    let count = async |path: &str, token: &str| {
        let mut fewest = u64::MAX;
        for _ in 0..6 {
            let before = app.sutler.database.round_trips();
            app.client.get(path).bearer(token).expect(200).await;
            fewest = fewest.min(app.sutler.database.round_trips() - before);
        }
        fewest
    };
    let path = format!("/api/admin/sellers/{}/report", market.oak);
    let mut counts = Vec::new();
    for copies in [0, 1000] {
        copy(&app, tenant, copies).await;
        counts.push([
            count(&path, &tenant.key).await,
            count(REPORT, &tenant.key).await,
            count("/api/seller/report", &market.token).await,
            count("/api/seller/orders", &market.token).await,
        ]);
    }
    let one = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    assert_eq!(one.number_at("/sales/0/orders"), 1001);
    assert_eq!(one.number_at("/sales/0/gross/amount"), 1001 * 2002);
    assert_eq!(counts, [[2, 1, 1, 1], [2, 1, 1, 1]]);
}
