//! Renewals, and what happens without credit.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{balance, eur, fund, instance, lasting, menu, scope, see, used, wanted};

const DAY: Duration = Duration::from_hours(24);

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_pay_is_reminded_suspended_and_ended(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", json!(1)).await;
    fund(&app, tenant, person, 1500).await;
    let made = app
        .client
        .post("/api/subscriptions", &json!({"plan_id": menu.basic}));
    let id = made.bearer(&person.token).expect(201).await.text_at("/id");
    let mails = |about: &str| {
        let mut mails = app.mails.to(&person.email);
        mails.retain(|mail| mail.subject.contains(about));
        mails.len()
    };
    app.pass(DAY * 31, DAY).await;
    app.pass(Duration::from_hours(2), Duration::from_hours(1))
        .await;
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.text_at("/status"), "past_due");
    assert_eq!(balance(&app, person).await, 500);
    assert_eq!(mails("Not enough credit"), 1);
    app.pass(DAY * 6, Duration::from_hours(6)).await;
    assert_eq!(mails("Not enough credit"), 3);
    assert_eq!(wanted(&app, person, &id).await, "running");
    app.pass(DAY * 2, Duration::from_hours(6)).await;
    assert_eq!(see(&app, person, &id).await.text_at("/status"), "suspended");
    assert_eq!(mails("is stopped"), 1);
    assert_eq!(instance(&app, person, &id).await["status"], "suspended");
    // It has its unit until it ends.
    assert_eq!(used(&app, tenant, &menu.basic).await, 1);

    // With credit it starts again by itself, with a period of its own.
    fund(&app, tenant, person, 600).await;
    app.pass(Duration::from_hours(2), Duration::from_hours(1))
        .await;
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.text_at("/status"), "active");
    assert_eq!(seen.number_at("/period"), 2);
    assert!(
        seen.text_at("/period_start").starts_with("2026-04-09T"),
        "{}",
        seen.text
    );
    assert_eq!(balance(&app, person).await, 100);
    assert_eq!(wanted(&app, person, &id).await, "running");

    // And without, it ends: 30 days, 7 of grace, 14 more.
    app.pass(DAY * 53, Duration::from_hours(12)).await;
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.text_at("/status"), "ended");
    assert_eq!(seen.text_at("/end_reason"), "unpaid");
    assert_eq!(used(&app, tenant, &menu.basic).await, 0);
    assert_eq!(instance(&app, person, &id).await["status"], "terminated");
    assert_eq!(mails("has ended"), 1);
    assert_eq!(balance(&app, person).await, 100);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_past_due_is_paid_at_once_by_resuming(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    fund(&app, tenant, person, 1000).await;
    let made = app
        .client
        .post("/api/subscriptions", &json!({"plan_id": menu.basic}));
    let id = made.bearer(&person.token).expect(201).await.text_at("/id");
    app.pass(DAY * 31 + Duration::from_hours(1), DAY).await;
    let resume = || {
        let call = app
            .client
            .post(&format!("/api/subscriptions/{id}/resume"), &Value::Null);
        call.bearer(&person.token)
    };
    resume().refused(402, "wallet.insufficient_credit").await;
    fund(&app, tenant, person, 1000).await;
    let paid = resume().expect(200).await;
    assert_eq!(paid.text_at("/status"), "active");
    // The day stays, and so do the days that were not paid at once.
    assert_eq!(paid.text_at("/period_end"), "2026-05-01T12:00:00.000000Z");
    resume()
        .refused(409, "subscription.nothing_to_resume")
        .await;
    assert_eq!(balance(&app, person).await, 0);
}

/// A year and more of several customers on a clock that is moved by hand.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_period_is_charged_once_and_the_day_is_kept(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    // 2026-03-31T12:00:00Z.
    app.advance(DAY * 30);
    let mut all = Vec::new();
    for n in 0..6 {
        let person = app
            .register(&format!("pays-{n}@mail.test"), tenant.host)
            .await;
        let person = lasting(&app, &person).await;
        fund(&app, tenant, &person, 1000 * (n + 9)).await;
        let body = json!({"plan_id": menu.basic});
        let made = app.client.post("/api/subscriptions", &body);
        let made = made.bearer(&person.token).expect(201).await;
        all.push((person, made.text_at("/id")));
    }
    let mut ends = Vec::new();
    for _ in 0..120 {
        app.advance(DAY * 3);
        // Two workers at the same time.
        let (scope, subscriptions) = (scope(&app, tenant), &app.sutler.subscriptions);
        let (one, other) = tokio::join!(
            subscriptions.renew_due(&scope),
            subscriptions.renew_due(&scope)
        );
        one.expect("a run");
        other.expect("a run");
        let db = app.sutler.database.read(&scope).await.expect("a read");
        let id: kernel::SubscriptionId = all[5].1.parse().expect("an id");
        let sql = "SELECT period_end FROM subscriptions WHERE tenant_id = $1 AND id = $2";
        let rows = db.rows(sql, [id.uuid().into()]).await.expect("a row");
        let end: i64 = rows[0].try_get("", "period_end").expect("a time");
        let day = kernel::Timestamp::from_micros(end).date_in("UTC");
        if ends.last() != Some(&day) {
            ends.push(day);
        }
    }
    assert_eq!(
        ends,
        [
            "2026-04-30",
            "2026-05-31",
            "2026-06-30",
            "2026-07-31",
            "2026-08-31",
            "2026-09-30",
            "2026-10-31",
            "2026-11-30",
            "2026-12-31",
            "2027-01-31",
            "2027-02-28",
            "2027-03-31",
        ]
    );
    for (n, (person, id)) in (0..).zip(&all) {
        // Of 12 periods that fell due, as many as there was credit for.
        let paid = (n + 9).min(12);
        assert_eq!(balance(&app, person).await, 1000 * (n + 9 - paid), "{n}");
        let seen = see(&app, person, id).await;
        assert_eq!(
            seen.body["charges"].as_array().map(Vec::len),
            usize::try_from(paid).ok()
        );
        let ended = seen.text_at("/status") == "ended";
        assert_eq!(ended, n < 3, "{n}: {}", seen.text);
    }
    let wrong = app.sutler.credits.prove_wallets(&scope(&app, tenant)).await;
    assert_eq!(wrong.expect("a proof"), []);
    let live = i64::try_from(all.len()).unwrap_or(0) - 3;
    assert_eq!(used(&app, tenant, &menu.basic).await, live);
}

/// A wallet that tops itself up is not short of a renewal for long, although
/// its balance is above the threshold.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_tops_itself_up_pays_its_renewals(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", json!(1)).await;
    let body = json!({"amount": eur(1500), "save_payment_method": true});
    let made = app.client.post("/api/wallet/top-ups", &body);
    let made = made.bearer(&person.token).expect(201).await;
    app.act(&made.text_at("/session_id"), "pay").await;
    app.drain().await;
    let terms = json!({"threshold": eur(400), "amount": eur(5000)});
    let on = app.client.put("/api/wallet/auto-top-up", &terms);
    on.bearer(&person.token).expect(200).await;
    let body = json!({"plan_id": menu.basic});
    let made = app.client.post("/api/subscriptions", &body);
    let id = made.bearer(&person.token).expect(201).await.text_at("/id");
    // What somebody wants and cannot pay tops nothing up.
    let path = format!("/api/subscriptions/{id}/upgrade");
    let upgrade = app.client.post(&path, &json!({"plan_id": menu.yearly}));
    let upgrade = upgrade.bearer(&person.token);
    upgrade.refused(402, "wallet.insufficient_credit").await;
    app.drain().await;
    assert_eq!(balance(&app, person).await, 500);
    app.pass(DAY * 31, DAY).await;
    app.pass(Duration::from_hours(4), Duration::from_mins(30))
        .await;
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.text_at("/status"), "active");
    assert_eq!(seen.number_at("/period"), 2);
    assert_eq!(balance(&app, person).await, 4500);
}
