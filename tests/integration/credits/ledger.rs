//! Booking: once, from the right lots, and back to them.

use std::time::Duration;

use credits_model::CreditsError;
use credits_model::lot::LotKind::{self, Paid, Promotional};
use credits_service::CreditSource;
use kernel::Currency;
use rstest::rstest;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{Books, eur, funded, later, wallet_of};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_booked_again_under_the_same_name_is_booked_once(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let first = books.credit(key, CreditSource::TopUp, "top-1", 100).await;
    let first = first.expect("a credit");
    assert!(first.is_new);
    let again = books.credit(key, CreditSource::TopUp, "top-1", 100).await;
    let again = again.expect("the same");
    assert_eq!((again.transfer, again.is_new), (first.transfer, false));
    // The same name of another kind is another booking.
    let gift = books.gift(key, "top-1", 5, None).await;
    assert_ne!(gift.transfer, first.transfer);

    let spent = books.spend(key, "order-1", 30).await.expect("a spend");
    let again = books.spend(key, "order-1", 30).await.expect("the same");
    assert_eq!((again.transfer, again.is_new), (spent.transfer, false));
    assert_eq!(again.balance_after, spent.balance_after);
    let other = books.spend(key, "order-1", 31).await;
    assert!(matches!(other, Err(CreditsError::ReferenceReused)));
    let elsewhere = wallet_of(&shop.first.manager);
    funded(&books, &shop.first.manager, 100).await;
    let other = books.spend(elsewhere, "order-1", 30).await;
    assert!(matches!(other, Err(CreditsError::ReferenceReused)));

    let back = books.refund("order-1", "ref-1", Some(10)).await;
    let back = back.expect("a refund");
    let again = books.refund("order-1", "ref-1", Some(10)).await;
    assert_eq!(again.expect("the same").transfer, back.transfer);
    let detail = books.detail(first.wallet).await;
    assert_eq!(detail.wallet.balance, 100 + 5 - 30 + 10);
    assert_eq!(detail.wallet.total_spent, 20);
    assert_eq!(detail.wallet.total_top_up, 100);
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_burns_before_what_was_paid_for_and_comes_back_after_it(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let wallet = funded(&books, &shop.first.user, 100).await;
    books.gift(key, "late", 20, Some(later(&app, 7200))).await;
    books.gift(key, "never", 20, None).await;
    books.gift(key, "soon", 20, Some(later(&app, 3600))).await;
    let left = async || -> Vec<(LotKind, i64)> {
        let detail = books.detail(wallet).await;
        detail.lots.iter().map(|l| (l.kind, l.remaining)).collect()
    };
    books.spend(key, "a", 30).await.expect("a spend");
    // The soonest expiry went first, then the next one.
    assert_eq!(
        left().await,
        [(Promotional, 10), (Promotional, 20), (Paid, 100)]
    );
    books.spend(key, "b", 50).await.expect("a spend");
    assert_eq!(left().await, [(Paid, 80)]);
    // 20 of it were paid for, and come back first.
    books.refund("b", "b-1", Some(25)).await.expect("a refund");
    assert_eq!(left().await, [(Promotional, 5), (Paid, 100)]);
    let over = books.refund("b", "b-2", Some(26)).await;
    let Err(CreditsError::RefundTooLarge(most)) = over else {
        panic!("{over:?}");
    };
    assert_eq!(most, eur(25));
    books.refund("b", "b-2", None).await.expect("the rest");
    let over = books.refund("b", "b-3", None).await;
    assert!(matches!(over, Err(CreditsError::RefundTooLarge(_))));
    assert_eq!(
        left().await,
        [(Promotional, 10), (Promotional, 20), (Paid, 100)]
    );
    // Only what was spent can be given back.
    let given = books.gift(key, "x", 1, None).await.transfer;
    let gift = credits_service::RefundSpend {
        of: credits_service::RefundOf::Transfer(given),
        reference: "x".to_owned(),
        amount: None,
    };
    let tx = books.begin().await;
    let refused = books.credits.refund_in_tx(&tx, &gift).await;
    assert!(matches!(refused, Err(CreditsError::NotRefundable)));
    drop(tx);
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_and_books_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    // Who never had credit has none.
    let none = books.spend(key, "a", 1).await;
    assert!(
        matches!(none, Err(CreditsError::InsufficientCredit { available, .. }) if available == eur(0))
    );
    let wallet = funded(&books, &shop.first.user, 10).await;
    for amount in [0, -1, i64::MIN, i64::MAX] {
        let refused = books.spend(key, "a", amount).await;
        assert!(
            matches!(refused, Err(CreditsError::InvalidAmount)),
            "{amount}"
        );
        let refused = books
            .credit(key, CreditSource::Adjustment, "a", amount)
            .await;
        assert!(
            matches!(refused, Err(CreditsError::InvalidAmount)),
            "{amount}"
        );
    }
    let most = 9_007_199_254_740_991;
    let refused = books.credit(key, CreditSource::Adjustment, "a", most).await;
    assert!(matches!(refused, Err(CreditsError::BalanceTooLarge)));
    let refused = books.spend(key, "", 1).await;
    assert!(matches!(refused, Err(CreditsError::InvalidReference)));
    let refused = books.spend(key, &"x".repeat(201), 1).await;
    assert!(matches!(refused, Err(CreditsError::InvalidReference)));
    let refused = books.spend(key, "a", 11).await;
    assert!(
        matches!(refused, Err(CreditsError::InsufficientCredit { available, needed })
        if available == eur(10) && needed == eur(11))
    );
    let past = CreditSource::Gift {
        expires_at: Some(later(&app, 0)),
        priority: None,
    };
    let refused = books.credit(key, past, "a", 1).await;
    assert!(matches!(refused, Err(CreditsError::InvalidExpiry)));
    // The second shop's wallets are in dollars, and nobody's of the first.
    let elsewhere = Books::new(&app, &shop.second);
    let tx = elsewhere.begin().await;
    let spend = credits_service::Spend {
        wallet: credits_model::wallet::WalletKey::Id(wallet),
        kind: credits_model::transfer::SpendKind::Order,
        reference: "a".to_owned(),
        amount: kernel::Money::new(1, Currency::USD),
    };
    let refused = elsewhere.credits.spend_in_tx(&tx, &spend).await;
    assert!(matches!(refused, Err(CreditsError::WalletNotFound)));
    drop(tx);
    let tx = books.begin().await;
    let refused = books.credits.spend_in_tx(&tx, &spend).await;
    assert!(matches!(
        refused,
        Err(CreditsError::CurrencyMismatch(Currency::EUR))
    ));
    drop(tx);
    let detail = books.detail(wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.entries), (10, 1));
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_expires_but_for_what_is_held(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let wallet = funded(&books, &shop.first.user, 5).await;
    books.gift(key, "g", 30, Some(later(&app, 3600))).await;
    books.gift(key, "h", 7, Some(later(&app, 90_000))).await;
    let hold = books.hold(key, "hold", 20, later(&app, 7200)).await;
    let hold = hold.expect("a hold");
    app.advance(Duration::from_secs(3599));
    app.drain().await;
    assert_eq!(books.detail(wallet).await.wallet.balance, 42);
    // 22 are not held: that much of the 30 expires.
    app.pass(Duration::from_mins(10), Duration::from_mins(5))
        .await;
    let detail = books.detail(wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.held), (20, 20));
    // What is captured is taken from the lot that is over, which is burned
    // first.
    books
        .capture(hold.id, "c", Some(3), false)
        .await
        .expect("a capture");
    books.assert_proven().await;
    // The hold ends, and the rest expires with it; what is left is what was
    // paid for, and the gift whose time is not over.
    app.pass(Duration::from_hours(2), Duration::from_mins(5))
        .await;
    let detail = books.detail(wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.held), (12, 0));
    assert_eq!(detail.holds, []);
    // Credit that comes back after its time expires again.
    let spent = books.spend(key, "s", 7).await.expect("a spend");
    assert_eq!(spent.balance_after, 5);
    app.advance(Duration::from_hours(24));
    books.refund("s", "s", None).await.expect("a refund");
    assert_eq!(books.detail(wallet).await.wallet.balance, 12);
    app.pass(Duration::from_mins(10), Duration::from_mins(5))
        .await;
    assert_eq!(books.detail(wallet).await.wallet.balance, 5);
    books.assert_proven().await;
}

/// The proof finds what somebody wrote by hand.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proof_names_the_wallet_that_is_wrong(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let wrong = funded(&books, &shop.first.user, 100).await;
    funded(&books, &shop.first.manager, 100).await;
    books.assert_proven().await;
    for (sql, names) in [
        (
            "credit_balance = credit_balance + 1",
            &["balance_of_entries", "balance_of_lots"][..],
        ),
        ("held = held + 1", &["held_of_holds"]),
        ("total_top_up = total_top_up + 1", &["total_top_up"]),
        ("total_spent = total_spent + 1", &["total_spent"]),
        ("entries = entries + 1", &["entries"]),
    ] {
        let change =
            |sql: &str| format!("UPDATE wallets SET {sql} WHERE tenant_id = $1 AND id = $2");
        let write = (change(sql), vec![wrong.uuid().into()]);
        let changed = books.database.write_one(&books.scope, "test", write).await;
        assert_eq!(changed.expect("a write"), 1);
        let found = books.credits.prove_wallets(&books.scope).await;
        assert_eq!(found.expect("a proof"), [wrong], "{sql}");
        let path = format!("{}/verify", super::path(wrong));
        let proof = app
            .client
            .get(&path)
            .bearer(&shop.first.key)
            .expect(200)
            .await;
        assert_eq!(proof.body["holds"], false);
        let figures = proof.body["figures"].as_array().expect("figures");
        let failed: Vec<_> = figures.iter().filter(|one| one["holds"] == false).collect();
        let failed: Vec<_> = failed
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        assert_eq!(failed, names, "{sql}");
        let write = (change(&sql.replace('+', "-")), vec![wrong.uuid().into()]);
        books
            .database
            .write_one(&books.scope, "test", write)
            .await
            .expect("a write");
    }
    books.assert_proven().await;
}
