//! Holds: promised credit.

use std::time::Duration;

use credits_model::CreditsError;
use credits_model::hold::HoldStatus;
use credits_model::transfer::SpendKind;
use credits_service::HoldUpTo;
use rstest::rstest;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{Books, eur, funded, later, wallet_of};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_is_captured_in_parts_and_the_rest_let_go(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let end = later(&app, 3600);
    let none = books.hold(key, "h", 1, end).await;
    assert!(matches!(none, Err(CreditsError::InsufficientCredit { .. })));
    let wallet = funded(&books, &shop.first.user, 100).await;
    let hold = books.hold(key, "h", 60, end).await.expect("a hold");
    let again = books.hold(key, "h", 60, end).await.expect("the same");
    assert_eq!(again.id, hold.id);
    let other = books.hold(key, "h", 61, end).await;
    assert!(matches!(other, Err(CreditsError::ReferenceReused)));
    let late = books.hold(key, "late", 1, later(&app, 0)).await;
    assert!(matches!(late, Err(CreditsError::InvalidExpiry)));

    // What is held is not available to anything else.
    let over = books.spend(key, "s", 41).await;
    assert!(
        matches!(over, Err(CreditsError::InsufficientCredit { available, .. }) if available == eur(40))
    );
    let over = books.hold(key, "i", 41, end).await;
    assert!(matches!(over, Err(CreditsError::InsufficientCredit { .. })));
    books.spend(key, "s", 40).await.expect("a spend");

    let first = books.capture(hold.id, "c1", Some(25), false).await;
    assert_eq!(first.expect("a capture").balance_after, 35);
    let again = books.capture(hold.id, "c1", Some(25), false).await;
    assert!(!again.expect("the same").is_new);
    let over = books.capture(hold.id, "c2", Some(36), false).await;
    assert!(matches!(over, Err(CreditsError::CaptureTooLarge(35))));
    let last = books.capture(hold.id, "c2", Some(5), true).await;
    assert_eq!(last.expect("a capture").balance_after, 30);
    let detail = books.detail(wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.held), (30, 0));
    let over = books.capture(hold.id, "c3", Some(1), false).await;
    assert!(matches!(over, Err(CreditsError::HoldOver)));

    // All of it at once, without saying how much.
    let whole = books.hold(key, "j", 10, end).await.expect("a hold");
    books
        .capture(whole.id, "c4", None, false)
        .await
        .expect("a capture");
    let again = books.capture(whole.id, "c4", None, false).await;
    assert!(!again.expect("the same").is_new);
    assert_eq!(books.void(whole.id).await.status, HoldStatus::Captured);

    let voided = books.hold(key, "k", 10, end).await.expect("a hold");
    assert_eq!(books.void(voided.id).await.status, HoldStatus::Voided);
    assert_eq!(books.void(voided.id).await.status, HoldStatus::Voided);
    let detail = books.detail(wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.held), (20, 0));
    assert_eq!(detail.wallet.total_spent, 80);
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_whose_time_is_over_is_let_go(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(&shop.first.user);
    let wallet = funded(&books, &shop.first.user, 50).await;
    let hold = books.hold(key, "h", 50, later(&app, 600)).await;
    let hold = hold.expect("a hold");
    app.advance(Duration::from_mins(10));
    // It cannot be captured, whether the job was there or not.
    let over = books.capture(hold.id, "c", Some(1), false).await;
    assert!(matches!(over, Err(CreditsError::HoldOver)));
    app.drain().await;
    let detail = books.detail(wallet).await;
    assert_eq!((detail.wallet.balance, detail.wallet.held), (50, 0));
    let over = books.capture(hold.id, "c", Some(1), false).await;
    assert!(matches!(over, Err(CreditsError::HoldOver)));
    assert_eq!(books.void(hold.id).await.status, HoldStatus::Expired);
    books.spend(key, "s", 50).await.expect("all of it");
    books.assert_proven().await;
}

/// How often the database is asked for what is promised under a name: the
/// wallet is locked once each time, and not at all for what is over.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_ask_the_database_as_often_as_ever(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    let credits = &books.credits;
    funded(&books, user, 1000).await;
    let asked = || app.sutler.database.round_trips();
    let mut fewest = [u64::MAX; 4];
    for n in 0..8 {
        let tx = books.begin().await;
        let wanted = HoldUpTo {
            wallet: wallet_of(user),
            reference: format!("o{n}"),
            amount: None,
            most: eur(7),
            expires_at: later(&app, 3600),
        };
        let mut at = vec![asked()];
        let held = credits.authorise_up_to_in_tx(&tx, &wanted, |_| eur(6));
        let held = held.await.expect("an answer").expect("a hold");
        assert_eq!(held.amount, 6);
        at.push(asked());
        let lowered = credits.lower_held_in_tx(&tx, &wanted.reference, eur(5));
        lowered.await.expect("a lower hold");
        at.push(asked());
        let kind = SpendKind::Order;
        let booked = credits.capture_held_in_tx(&tx, kind, &wanted.reference, eur(5));
        booked.await.expect("a spend");
        at.push(asked());
        let voided = credits.void_held_in_tx(&tx, &wanted.reference);
        voided.await.expect("nothing");
        at.push(asked());
        tx.commit().await.expect("a commit");
        for (fewest, at) in fewest.iter_mut().zip(at.windows(2)) {
            *fewest = (*fewest).min(at[1] - at[0]);
        }
    }
    // Read, lock, read, write; SQLite writes one by one.
    let expected = match backend {
        Postgres => [3, 4, 4, 1],
        Sqlite => [4, 5, 9, 1],
    };
    assert_eq!(fewest, expected);
    books.assert_proven().await;
}
