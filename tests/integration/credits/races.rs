//! Many at once: no credit is spent, held, captured or given back twice.

use std::collections::BTreeMap;

use credits_model::CreditsError;
use credits_service::CreditSource;
use rstest::rstest;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use crate::crowd::{MANY, at_once, rounds};

use super::{Books, funded, later, wallet_of};

fn of(ok: usize, refused: &'static str) -> BTreeMap<&'static str, usize> {
    BTreeMap::from([("ok", ok), (refused, MANY - ok)])
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_spenders_of_credit_for_10_exactly_10_spend(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let wallet = funded(&books, &shop.first.user, 1).await;
    books.spend(key, "first", 1).await.expect("a spend");
    for round in 0..rounds() {
        // Of several lots, so that spends cross them.
        books.gift(key, &format!("gift-{round}"), 33, None).await;
        let reference = format!("paid-{round}");
        let paid = books.credit(key, CreditSource::Adjustment, &reference, 37);
        paid.await.expect("a credit");
        let counts = at_once(MANY, |n| {
            let books = books.clone();
            async move { books.spend(key, &format!("{round}-{n}"), 7).await }
        });
        assert_eq!(
            counts.await,
            of(10, "wallet.insufficient_credit"),
            "round {round}"
        );
        let detail = books.detail(wallet).await;
        assert_eq!(detail.wallet.balance, 0);
        assert_eq!(detail.lots, []);
    }
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_holds_on_credit_for_10_exactly_10_are_made(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let wallet = funded(&books, &shop.first.user, 70).await;
    let end = later(&app, 3600);
    for round in 0..rounds() {
        let counts = at_once(MANY, |n| {
            let books = books.clone();
            async move { books.hold(key, &format!("{round}-{n}"), 7, end).await }
        });
        assert_eq!(
            counts.await,
            of(10, "wallet.insufficient_credit"),
            "round {round}"
        );
        let detail = books.detail(wallet).await;
        assert_eq!((detail.wallet.balance, detail.wallet.held), (70, 70));
        // Each is let go by many, once.
        for hold in &detail.holds {
            let voids = at_once(4, |_| {
                let (books, id) = (books.clone(), hold.id);
                async move { Ok::<_, CreditsError>(books.void(id).await) }
            });
            assert_eq!(voids.await, BTreeMap::from([("ok", 4)]));
        }
        assert_eq!(books.detail(wallet).await.wallet.held, 0);
    }
    // One hold, captured by many.
    let hold = books.hold(key, "whole", 70, end).await.expect("a hold");
    let counts = at_once(MANY, |n| {
        let (books, id) = (books.clone(), hold.id);
        async move { books.capture(id, &format!("c{n}"), Some(7), false).await }
    });
    assert_eq!(counts.await, of(10, "wallet.hold_over"));
    let detail = books.detail(wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.held), (0, 0));
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_name_is_booked_once_however_many_try(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    // The wallet itself is made by one of them.
    let counts = at_once(16, |_| {
        let books = books.clone();
        async move { books.credit(key, CreditSource::TopUp, "top", 100).await }
    });
    assert_eq!(counts.await, BTreeMap::from([("ok", 16)]));
    let counts = at_once(16, |_| {
        let books = books.clone();
        async move { books.spend(key, "order", 60).await }
    });
    assert_eq!(counts.await, BTreeMap::from([("ok", 16)]));
    let counts = at_once(16, |_| {
        let books = books.clone();
        async move { books.refund("order", "refund", Some(15)).await }
    });
    assert_eq!(counts.await, BTreeMap::from([("ok", 16)]));
    // 45 are left, which is three times 15.
    let counts = at_once(MANY, |n| {
        let books = books.clone();
        async move { books.refund("order", &format!("r{n}"), Some(15)).await }
    });
    assert_eq!(counts.await, of(3, "wallet.refund_too_large"));
    let counts = at_once(16, |_| {
        let (books, end) = (books.clone(), later(&app, 60));
        async move { books.hold(key, "hold", 100, end).await }
    });
    assert_eq!(counts.await, BTreeMap::from([("ok", 16)]));
    let wallet = books.credit(key, CreditSource::TopUp, "top", 100).await;
    let detail = books.detail(wallet.expect("the same").wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.held), (100, 100));
    assert_eq!(detail.wallet.entries, 1 + 1 + 1 + 3);
    books.assert_proven().await;
}

/// Spends, refunds and the expiry of the same lots, all at once.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expiry_that_races_spends_takes_what_they_left(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let wallet = funded(&books, &shop.first.user, 20).await;
    for round in 0..rounds() {
        let end = later(&app, 60);
        books
            .gift(key, &format!("gift-{round}"), 50, Some(end))
            .await;
        app.advance(std::time::Duration::from_mins(1));
        let before = books.detail(wallet).await.wallet;
        let counts = at_once(24, |n| {
            let books = books.clone();
            async move {
                if n % 8 == 0 {
                    books.credits.expire(&books.scope).await?;
                } else {
                    books.spend(key, &format!("{round}-{n}"), 1).await?;
                }
                Ok::<_, CreditsError>(())
            }
        });
        let counts = counts.await;
        let spent = counts["ok"] - 3;
        books.credits.expire(&books.scope).await.expect("an expiry");
        let after = books.detail(wallet).await;
        assert_eq!(
            after.wallet.total_spent - before.total_spent,
            i64::try_from(spent).unwrap()
        );
        // Nothing is left of the gift.
        assert!(
            after.lots.iter().all(|lot| lot.expires_at.is_none()),
            "{after:?}"
        );
        books.assert_proven().await;
    }
}
