//! Many at once: no capacity is given twice.

use std::collections::BTreeMap;

use credits_model::quota::QuotaError;
use rstest::rstest;
use serde_json::json;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use crate::crowd::{MANY, at_once, rounds};

use super::{Pool, plan, service};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_who_want_the_last_10_units_exactly_10_get_one(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(10)).await;
    let pool = Pool::new(&app, tenant, &made);
    let quota = made.text_at("/quota_id").parse().expect("an id");
    for round in 0..rounds() {
        let counts = at_once(MANY, |n| {
            let pool = pool.clone();
            async move { pool.give(&format!("{round}-{n}")).await }
        });
        let expected = BTreeMap::from([("ok", 10), ("quota.exhausted", MANY - 10)]);
        assert_eq!(counts.await, expected, "round {round}");
        let proof = pool.quotas.verify_quota(&pool.scope, quota).await;
        let proof = proof.expect("a proof");
        assert_eq!((proof.used, proof.allocated), (10, 10));
        // All that was given goes back, each by four at once.
        let counts = at_once(MANY * 4, |n| {
            let pool = pool.clone();
            async move {
                let released = pool.take_back(&format!("{round}-{}", n / 4)).await?;
                released.then_some(()).ok_or(QuotaError::NotFound)
            }
        });
        let expected = BTreeMap::from([("ok", 10), ("quota.not_found", MANY * 4 - 10)]);
        assert_eq!(counts.await, expected, "round {round}");
        let proof = pool.quotas.verify_quota(&pool.scope, quota).await;
        let proof = proof.expect("a proof");
        assert_eq!((proof.used, proof.allocated), (0, 0));
    }
}

/// Those who take and those who give back, while the total goes up and down.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_name_is_given_to_once_while_totals_change(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(10)).await;
    let pool = Pool::new(&app, tenant, &made);
    let quota = made.text_at("/quota_id").parse().expect("an id");
    let counts = at_once(16, |_| {
        let pool = pool.clone();
        async move { pool.give("one").await }
    });
    assert_eq!(counts.await, BTreeMap::from([("ok", 16)]));
    for round in 0..rounds() {
        at_once(48, |n| {
            let pool = pool.clone();
            async move {
                match n % 8 {
                    0 => {
                        let change = credits_model::quota::QuotaChange {
                            total: Some(Some(i64::try_from(n / 8).unwrap_or(0) + 5)),
                            ..Default::default()
                        };
                        let any = kernel::Expected::Any;
                        match pool
                            .quotas
                            .change_quota(&pool.scope, quota, &change, &any)
                            .await
                        {
                            Err(QuotaError::VersionMismatch) | Ok(_) => Ok(()),
                            Err(error) => Err(error),
                        }
                    }
                    1..4 => pool
                        .take_back(&format!("{round}-{}", n - 1))
                        .await
                        .map(drop),
                    _ => pool.give(&format!("{round}-{n}")).await,
                }
            }
        })
        .await;
        let proof = pool.quotas.verify_quota(&pool.scope, quota).await;
        assert!(proof.expect("a proof").holds());
        for n in 0..48 {
            pool.take_back(&format!("{round}-{n}"))
                .await
                .expect("an answer");
        }
    }
    let proof = pool.quotas.verify_quota(&pool.scope, quota).await;
    let proof = proof.expect("a proof");
    assert_eq!((proof.used, proof.allocated), (1, 1));
}
