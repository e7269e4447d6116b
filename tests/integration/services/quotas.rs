//! Quotas: what is given, what is left, where it is going.

use std::time::Duration;

use credits_model::quota::QuotaError;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::{Answer, App};

use super::{Pool, plan, service};

/// The facts that quotas crossed thresholds, in order.
async fn crossings(pool: &Pool) -> Vec<(String, String)> {
    let db = pool.database.read(&pool.scope).await.expect("a read");
    let rows = db
        .rows(
            "SELECT payload FROM events WHERE tenant_id = $1 AND kind = 'quota.health_changed'",
            [],
        )
        .await
        .expect("events");
    let mut found: Vec<(i64, (String, String))> = rows
        .iter()
        .map(|row| {
            let payload: Value = row.try_get("", "payload").expect("a payload");
            let word = |name: &str| payload[name].as_str().expect("a word").to_owned();
            let used = payload["used"].as_i64().expect("a number");
            (used, (word("before"), word("health")))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, words)| words).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_are_given_once_and_never_above_the_total(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(20)).await;
    let pool = Pool::new(&app, tenant, &made);
    let quota = format!("/api/admin/quotas/{}", made.text_at("/quota_id"));
    let see = async || {
        let seen = app.client.get(&quota).bearer(&tenant.key);
        seen.expect(200).await
    };
    for n in 0..20 {
        pool.give(&format!("s{n}")).await.expect("a unit");
        // The same name gets nothing more.
        pool.give(&format!("s{n}")).await.expect("the same unit");
    }
    assert!(matches!(
        pool.give("late").await,
        Err(QuotaError::Exhausted)
    ));
    let seen = see().await;
    assert_eq!(seen.number_at("/used"), 20);
    assert_eq!(seen.number_at("/available"), 0);
    assert_eq!(seen.number_at("/utilisation_basis_points"), 10_000);
    assert_eq!(seen.text_at("/health"), "exhausted");
    // Each threshold is told of once: at 16, 19 and 20 of 20.
    let word = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        crossings(&pool).await,
        [
            word("ok", "warning"),
            word("warning", "critical"),
            word("critical", "exhausted")
        ]
    );

    assert!(pool.take_back("s3").await.expect("a unit back"));
    assert!(!pool.take_back("s3").await.expect("nothing more"));
    assert!(!pool.take_back("nobody").await.expect("nothing"));
    assert_eq!(see().await.number_at("/available"), 1);
    // A name that gave its unit back can have one again.
    pool.give("s3").await.expect("a unit");
    let given = app.client.get(&format!("{quota}/allocations?limit=100"));
    let given = given.bearer(&tenant.key).expect(200).await;
    assert_eq!(given.body["data"].as_array().map(Vec::len), Some(20));

    // Behind all statements stands a rule of the database.
    let wild = (
        "UPDATE quotas SET used = used + 1 WHERE tenant_id = $1 AND plan_id = $2",
        vec![pool.plan.uuid().into()],
    );
    let refused = pool.database.write_one(&pool.scope, "test", wild).await;
    let fault = refused.expect_err("a violation");
    assert!(fault.violates("ck_quotas_ceiling"), "{fault:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lowered_total_takes_nothing_away_and_gives_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(5)).await;
    let pool = Pool::new(&app, tenant, &made);
    for n in 0..5 {
        pool.give(&format!("s{n}")).await.expect("a unit");
    }
    let quota = format!("/api/admin/quotas/{}", made.text_at("/quota_id"));
    let patch = |body: Value| app.client.patch(&quota, &body).bearer(&tenant.key);
    patch(json!({"total": 3}))
        .refused(428, "request.if_match_missing")
        .await;
    let at = |call: Call, version: i64| call.header("if-match", &format!("\"{version}\""));
    let lowered = at(patch(json!({"total": 3})), 1).expect(200).await;
    assert_eq!(lowered.number_at("/used"), 5);
    assert_eq!(lowered.number_at("/excess"), 2);
    assert_eq!(lowered.number_at("/available"), 0);
    assert_eq!(lowered.number_at("/utilisation_basis_points"), 16_666);
    at(patch(json!({"total": 9})), 1)
        .refused(412, "version_mismatch")
        .await;
    for n in 0..2 {
        assert!(matches!(pool.give("new").await, Err(QuotaError::Exhausted)));
        pool.take_back(&format!("s{n}")).await.expect("a unit back");
    }
    // As many are given as there are now.
    assert!(matches!(pool.give("new").await, Err(QuotaError::Exhausted)));
    pool.take_back("s2").await.expect("a unit back");
    pool.give("new").await.expect("a unit");
    assert!(matches!(
        pool.give("next").await,
        Err(QuotaError::Exhausted)
    ));
    // Without a limit there is always one.
    let unlimited = at(patch(json!({"total": null})), 2).expect(200).await;
    assert_eq!(unlimited.body["available"], Value::Null);
    assert_eq!(unlimited.text_at("/health"), "ok");
    pool.give("next").await.expect("a unit");
    let limited = at(patch(json!({"total": 2})), 3).expect(200).await;
    assert_eq!(limited.number_at("/excess"), 2);
    for (body, pointer, code) in [
        (json!({"total": -1}), "/total", "quota.total"),
        (
            json!({"warning_percent": 99}),
            "/warning_percent",
            "quota.thresholds",
        ),
    ] {
        let refused = at(patch(body), 4).refused(422, code).await;
        assert_eq!(refused.text_at("/errors/0/pointer"), pointer);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_are_listed_by_health_and_tell_where_they_go(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(100)).await;
    plan(&app, tenant, &service, "Other", Value::Null).await;
    let pool = Pool::new(&app, tenant, &made);
    let quota = format!("/api/admin/quotas/{}", made.text_at("/quota_id"));
    let get = async |path: &str| -> Answer {
        let call = app.client.get(path).bearer(&tenant.key);
        call.expect(200).await
    };
    assert_eq!(get(&quota).await.body["forecast"], Value::Null);
    let forbidden = app.client.get(&quota).bearer(&tenant.user.token);
    forbidden.refused(403, "auth.forbidden").await;
    // One unit an hour for thirty hours.
    for n in 0..30 {
        pool.give(&format!("s{n}")).await.expect("a unit");
        app.advance(Duration::from_hours(1));
        app.drain().await;
    }
    let seen = get(&quota).await;
    assert_eq!(seen.number_at("/used"), 30);
    let daily = seen.number_at("/forecast/per_day_thousandths");
    assert!((23_900..=24_100).contains(&daily), "{daily}");
    // 70 more hours from 2026-03-02T18:00.
    let end = seen.text_at("/forecast/exhausted_at");
    assert!(end.starts_with("2026-03-05T1"), "{end}");
    let history = get(&format!("{quota}/history?limit=10")).await;
    assert_eq!(history.number_at("/data/0/used"), 30);
    assert_eq!(history.number_at("/data/9/used"), 21);
    let cursor = history.text_at("/next_cursor");
    let more = get(&format!("{quota}/history?limit=10&cursor={cursor}")).await;
    assert_eq!(more.number_at("/data/0/used"), 20);
    let until = format!("{quota}/history?to=2026-03-01T15:00:00Z");
    assert_eq!(get(&until).await.number_at("/data/0/used"), 2);

    let health = async |health: &str| {
        let list = get(&format!("/api/admin/quotas?health={health}")).await;
        list.body["data"].as_array().map_or(0, Vec::len)
    };
    assert_eq!((health("ok").await, health("warning").await), (2, 0));
    let lower = json!({"total": 36});
    let lower = app.client.patch(&quota, &lower).bearer(&tenant.key);
    lower.header("if-match", "\"1\"").expect(200).await;
    assert_eq!((health("ok").await, health("warning").await), (1, 1));
    let list = get("/api/admin/quotas?health=warning").await;
    assert_eq!(list.text_at("/data/0/plan_name"), "Pro");
    let path = format!("/api/admin/quotas?plan_id={}", made.text_at("/id"));
    assert_eq!(
        get(&path).await.body["data"].as_array().map(Vec::len),
        Some(1)
    );
    let other = app.client.get(&quota).bearer(&shop.second.key);
    other.refused(404, "quota.not_found").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cached_wrongly_is_found_and_mended(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(10)).await;
    let pool = Pool::new(&app, tenant, &made);
    pool.give("one").await.expect("a unit");
    pool.give("two").await.expect("a unit");
    let verify = format!("/api/admin/quotas/{}/verify", made.text_at("/quota_id"));
    let verify = async || {
        let call = app.client.get(&verify).bearer(&tenant.key);
        call.expect(200).await
    };
    assert_eq!(verify().await.body["holds"], true);
    pool.write("UPDATE quotas SET used = 7 WHERE tenant_id = $1 AND plan_id = $2")
        .await;
    let proof = verify().await;
    assert_eq!(proof.body["holds"], false);
    assert_eq!(
        (proof.number_at("/used"), proof.number_at("/allocated")),
        (7, 2)
    );
    app.advance(Duration::from_hours(1));
    app.drain().await;
    let proof = verify().await;
    assert_eq!(
        (proof.number_at("/used"), proof.number_at("/allocated")),
        (2, 2)
    );
}
