//! What is known of customers of hosted services: their wallet, their
//! subscriptions, and what they wait for.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{customer, erase_own};
use crate::subscriptions::{fund, menu, used};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wallets_subscriptions_and_places_in_lines_are_handed_out_and_forgotten(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = customer(&app).await;
    let offered = menu(&app, tenant, "n8n", Value::Null).await;
    let gone = menu(&app, tenant, "Ghost", json!(0)).await;
    let coupon = json!({"code": "WELCOME", "basis_points": 5000, "periods": 1});
    let coupon = app
        .client
        .post("/api/admin/subscription-coupons", &coupon)
        .bearer(&tenant.key);
    coupon.expect(201).await;
    fund(&app, tenant, &person, 5000).await;
    fund(&app, tenant, &tenant.user, 5000).await;
    let post = |path: &str, body: Value| app.client.post(path, &body).bearer(&person.token);
    let subscribe = json!({"plan_id": offered.basic, "coupon": "WELCOME"});
    let made = post("/api/subscriptions", subscribe).expect(201).await;
    let id = made.text_at("/id");
    app.advance(Duration::from_mins(1));
    let upgrade = json!({"plan_id": offered.pro});
    post(&format!("/api/subscriptions/{id}/upgrade"), upgrade)
        .expect(200)
        .await;
    let wait = json!({"plan_id": gone.basic});
    let place = post("/api/waiting-list", wait.clone()).expect(201).await;
    // Somebody else does the same.
    let other = json!({"plan_id": offered.basic});
    for (path, body) in [("/api/subscriptions", other), ("/api/waiting-list", wait)] {
        let call = app.client.post(path, &body).bearer(&tenant.user.token);
        call.expect(201).await;
    }

    let own = app.client.get("/api/profile/export").bearer(&person.token);
    let own = own.expect(200).await;
    let known = &own.body["subscriptions"];
    assert_eq!(known.as_array().map(Vec::len), Some(1), "{known}");
    assert_eq!(known[0]["subscription"]["id"], id.as_str());
    assert_eq!(known[0]["subscription"]["plan"], offered.pro.as_str());
    let kinds = |n: usize| known[0]["charges"][n]["kind"].as_str();
    assert_eq!((kinds(0), kinds(1)), (Some("upgrade"), Some("start")));
    let waits = &own.body["waiting_lists"];
    assert_eq!(waits.as_array().map(Vec::len), Some(1), "{waits}");
    assert_eq!(waits[0]["id"], place.body["id"]);
    let runs = &own.body["clusters"]["instances"];
    assert_eq!(runs.as_array().map(Vec::len), Some(1), "{runs}");
    assert_eq!(runs[0]["name"], "n8n");
    let wallets = &own.body["credits"]["wallets"];
    assert_eq!(wallets.as_array().map(Vec::len), Some(1), "{wallets}");
    let booked = &wallets[0]["transactions"];
    let types: Vec<_> = (0..3).map(|n| booked[n]["type"].as_str()).collect();
    let expected = ["UPGRADE", "SUBSCRIPTION", "TOP_UP"].map(Some);
    assert_eq!(types, expected, "{booked}");

    let admin = |path: String| app.client.get(&path).bearer(&tenant.key);
    assert_eq!(used(&app, tenant, &offered.pro).await, 1);

    // What goes on ends: nobody has to find all of it first.
    erase_own(&app, &person.token).expect(204).await;
    assert_eq!(used(&app, tenant, &offered.pro).await, 0);
    let instance = runs[0]["id"].as_str().expect("an id");
    let instance = || admin(format!("/api/admin/instances/{instance}"));
    let going = instance().expect(200).await;
    assert_eq!(going.text_at("/instance/status"), "terminating");
    let second = Duration::from_secs(1);
    app.pass(second * 3, second).await;
    let gone_by_now = instance().expect(200).await;
    assert_eq!(gone_by_now.text_at("/instance/status"), "terminated");

    // What was booked and charged stays, and names nobody.
    let kept = admin(format!("/api/admin/subscriptions/{id}"));
    let kept = kept.expect(200).await;
    let charges = kept.body["charges"].as_array().map(Vec::len);
    assert_eq!(
        (kept.text_at("/status").as_str(), charges),
        ("ended", Some(2))
    );
    let wallet = wallets[0]["wallet"]["id"].as_str().expect("an id");
    let wallet = admin(format!("/api/admin/wallets/{wallet}"));
    let wallet = wallet.expect(200).await;
    assert_eq!(wallet.text_at("/status"), "closed");
    // What was unused of the period is in it.
    let before = wallets[0]["wallet"]["balance"].as_i64();
    assert!(
        Some(wallet.number_at("/credit_balance/amount")) > before,
        "{}",
        wallet.text
    );
    // What belongs to others goes on.
    let others = admin("/api/admin/subscriptions?status=active".to_owned());
    let others = others.expect(200).await;
    assert_eq!(others.body["data"].as_array().map(Vec::len), Some(1));
    for text in [
        &kept.text,
        &admin("/api/admin/quotas".to_owned()).expect(200).await.text,
    ] {
        assert!(!text.contains("carla"), "{text}");
    }
    // The line has moved up.
    let plan = admin(format!("/api/admin/catalog/plans/{}", gone.basic));
    let quota = plan.expect(200).await.text_at("/quota_id");
    let line = admin(format!("/api/admin/quotas/{quota}/waiting-list"));
    let line = line.expect(200).await;
    let waiting = line.body["data"].as_array().map(Vec::len);
    assert_eq!(waiting, Some(1), "{}", line.text);
    assert_eq!(line.number_at("/data/0/place"), 1);
    app.drain().await;
    assert_eq!(app.mails.to("erased@erased.invalid").len(), 0);
}
