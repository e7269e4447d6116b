//! Random operations, in the database and in a model of it.

mod customers;
mod holds;
mod market;
mod orders;
mod routes;

use std::collections::BTreeMap;
use std::time::Duration;

use credits_model::CreditsError;
use credits_model::lot::LotKind;
use credits_model::transfer::SpendKind;
use credits_model::wallet::WalletKey;
use credits_service::{Credit, CreditSource, RefundOf, RefundSpend, Spend};
use database::Transaction;
use futures::{StreamExt as _, stream};
use kernel::{Clock as _, DomainError as _, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, RngExt as _, SeedableRng as _};
use rstest::rstest;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, seed};

use super::model::{Lot, Outcome, Wallet};
use super::{Books, eur, funded, wallet_of};
use market::Market;
use routes::Outside;

/// How many operations; `LEDGER_OPERATIONS` asks for another number.
fn operations() -> usize {
    seed::number("LEDGER_OPERATIONS").unwrap_or(10_000)
}

/// How many operations are done to the same wallets at most: each is compared
/// with all that was done before.
const PLAY: usize = 10_000;
/// Among so many operations, those with customers are done in every way.
const MANY: usize = 100_000;
/// How many operations are in one transaction.
const AT_ONCE: usize = 20;
/// After how many transactions something comes from outside.
const OUTSIDE: usize = 9;
/// After how many transactions subscriptions are renewed.
const RENEW: usize = 5;
/// After how many transactions everything is added up.
const PROVE: usize = 50;

/// The wallets and what is done to them.
struct Play {
    books: Books,
    keys: Vec<WalletKey>,
    wallets: Vec<Wallet>,
    chance: StdRng,
    number: usize,
    counts: Counts,
}

impl Play {
    fn roll(&mut self, most: i64) -> i64 {
        self.chance.random_range(1..=most)
    }

    fn pick(&mut self, of: usize) -> Option<usize> {
        (of > 0).then(|| self.chance.random_range(0..of))
    }

    /// One operation, in the database and in the model, with the same outcome.
    async fn step(&mut self, tx: &Transaction, now: Timestamp) {
        self.number += 1;
        let w = self.chance.random_range(0..self.wallets.len());
        let reference = format!("op-{}", self.number);
        let (name, real, wanted) = match self.chance.random_range(0..100) {
            0..25 => self.credit(tx, w, &reference, now).await,
            25..53 => {
                let amount = self.roll(250);
                self.spend(tx, w, &reference, amount).await
            }
            53..66 => self.refund(tx, w, &reference).await,
            66..74 => self.hold(tx, w, &reference, now).await,
            74..82 => self.capture(tx, w, &reference, now).await,
            82..84 => self.void(tx, w).await,
            84..90 => self.promise(tx, w, &reference, now).await,
            90..95 => self.settle(tx, w, now).await,
            95..96 => self.lower(tx, w).await,
            96..97 => self.let_go(tx, w).await,
            _ => self.again(tx, w).await,
        };
        let real = real.map_err(|error| {
            let cause = error.fault().map(kernel::Fault::chain);
            assert_eq!(cause, None, "{error}");
            error.code()
        });
        assert_eq!(real, wanted, "operation {}: {name}", self.number);
        let outcome = wanted.err().unwrap_or(name);
        *self.counts.entry(outcome).or_default() += 1;
    }

    async fn credit(
        &mut self,
        tx: &Transaction,
        w: usize,
        reference: &str,
        now: Timestamp,
    ) -> Answer {
        let amount = self.roll(300);
        let expires_at = (self.roll(3) > 1)
            .then(|| now.plus(Duration::from_secs(self.chance.random_range(1..40_000))));
        let priority = self.chance.random_range(0..=4) * 25;
        let (source, paid) = match self.roll(5) {
            1 => (CreditSource::TopUp, true),
            2 => (CreditSource::Adjustment, true),
            3 => (CreditSource::GiftCard, true),
            _ => {
                let gift = CreditSource::Gift {
                    expires_at,
                    priority: Some(priority),
                };
                (gift, false)
            }
        };
        let credit = Credit {
            wallet: self.keys[w],
            source,
            reference: reference.to_owned(),
            amount: eur(amount),
        };
        let real = self.books.credits.credit_in_tx(tx, &credit).await;
        let wallet = &mut self.wallets[w];
        wallet.lots.push(Lot {
            paid,
            priority: if paid { 50 } else { priority },
            expires: expires_at.filter(|_| !paid),
            made: now,
            granted: amount,
            left: amount,
        });
        wallet.entries += 1;
        if source == CreditSource::TopUp {
            wallet.topped_up += amount;
        }
        ("credit", real.map(|_| ()), Ok(()))
    }

    async fn spend(&mut self, tx: &Transaction, w: usize, reference: &str, amount: i64) -> Answer {
        let spend = Spend {
            wallet: self.keys[w],
            kind: SpendKind::Order,
            reference: reference.to_owned(),
            amount: eur(amount),
        };
        let real = self.books.credits.spend_in_tx(tx, &spend).await;
        let wanted = self.wallets[w].spend(SpendKind::Order, reference, amount);
        if let (Ok(booked), Ok(())) = (&real, &wanted) {
            assert_eq!(booked.balance_after, self.wallets[w].balance());
        }
        ("spend", real.map(|_| ()), wanted)
    }

    async fn refund(&mut self, tx: &Transaction, w: usize, reference: &str) -> Answer {
        let Some(n) = self.pick(self.wallets[w].spends.len()) else {
            return ("nothing to refund", Ok(()), Ok(()));
        };
        let amount = (self.roll(3) > 1).then(|| self.roll(120));
        let spend = &self.wallets[w].spends[n];
        let refund = RefundSpend {
            of: RefundOf::Spend(spend.kind, spend.reference.clone()),
            reference: reference.to_owned(),
            amount: amount.map(eur),
        };
        let real = self.books.credits.refund_in_tx(tx, &refund).await;
        let wanted = self.wallets[w].refund(n, amount);
        ("refund", real.map(|_| ()), wanted)
    }

    /// A spend that was booked before, as it was or of another amount.
    async fn again(&mut self, tx: &Transaction, w: usize) -> Answer {
        let Some(n) = self.pick(self.wallets[w].spends.len()) else {
            return ("nothing to repeat", Ok(()), Ok(()));
        };
        let other = i64::from(self.roll(2) == 1);
        let known = &self.wallets[w].spends[n];
        let spend = Spend {
            wallet: self.keys[w],
            kind: known.kind,
            reference: known.reference.clone(),
            amount: eur(known.amount + other),
        };
        let real = self.books.credits.spend_in_tx(tx, &spend).await;
        if let Ok(booked) = &real {
            assert!(!booked.is_new);
        }
        let wanted = if other == 0 {
            Ok(())
        } else {
            Err("wallet.reference_reused")
        };
        ("again", real.map(|_| ()), wanted)
    }

    /// Each wallet is as the model has it.
    async fn compare(&self, ids: &[kernel::WalletId]) {
        for (id, wallet) in ids.iter().zip(&self.wallets) {
            let found = self.books.detail(*id).await;
            let real = &found.wallet;
            assert_eq!(
                (
                    real.balance,
                    real.held,
                    real.total_top_up,
                    real.total_spent,
                    real.entries
                ),
                (
                    wallet.balance(),
                    wallet.held(),
                    wallet.topped_up,
                    wallet.spent,
                    wallet.entries
                )
            );
            let mut lots: Vec<Lot> = wallet.lots.iter().filter(|l| l.left > 0).cloned().collect();
            lots.sort_by_key(|l| (l.paid, l.priority, l.expires.is_none(), l.expires, l.made));
            let real: Vec<Lot> = found
                .lots
                .iter()
                .map(|lot| Lot {
                    paid: lot.kind == LotKind::Paid,
                    priority: lot.priority,
                    expires: lot.expires_at,
                    made: lot.created_at,
                    granted: lot.granted,
                    left: lot.remaining,
                })
                .collect();
            assert_eq!(real, lots[..lots.len().min(100)]);
        }
    }
}

type Answer = (&'static str, Result<(), CreditsError>, Outcome);

/// How often each outcome came.
type Counts = BTreeMap<&'static str, usize>;

/// A wallet that was given 500 now.
fn funded_now(now: Timestamp) -> Wallet {
    Wallet {
        lots: vec![Lot {
            paid: true,
            priority: 50,
            expires: None,
            made: now,
            granted: 500,
            left: 500,
        }],
        topped_up: 500,
        entries: 1,
        ..Wallet::default()
    }
}

/// Does so many operations to wallets that nothing was done to before.
async fn play(backend: Backend, operations: usize, chance: StdRng) -> Counts {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let books = Books::new(&app, &shop.first);
    let people = [&shop.first.user, &shop.first.manager, &shop.first.admin];
    let mut ids = Vec::new();
    for person in people {
        ids.push(funded(&books, person, 500).await);
    }
    let mut play = Play {
        books: books.clone(),
        keys: people.iter().map(|person| wallet_of(person)).collect(),
        wallets: vec![funded_now(app.clock.now()); ids.len()],
        chance,
        number: 0,
        counts: Counts::new(),
    };
    let mut outside = Outside::new(&app, &shop.first, &people).await;
    let mut market = Market::new(&app, &shop.first).await;
    for round in 0..operations.div_ceil(AT_ONCE) {
        let before = play.wallets.clone();
        let tx = books.begin().await;
        for _ in 0..AT_ONCE {
            // No two lots are made at the same instant.
            app.advance(Duration::from_micros(1));
            play.step(&tx, app.clock.now()).await;
        }
        if play.chance.random_range(0..10) == 0 {
            tx.rollback().await.expect("a rollback");
            play.wallets = before;
        } else {
            tx.commit().await.expect("a commit");
        }
        app.advance(Duration::from_secs(play.chance.next_u64() % 1200));
        if round % 3 == 0 {
            books.credits.expire(&books.scope).await.expect("an expiry");
            let now = app.clock.now();
            play.wallets
                .iter_mut()
                .for_each(|wallet| wallet.expire(now));
        }
        if round % OUTSIDE == 0 {
            play.meet_outside(&mut outside, &mut market).await;
        }
        play.meet_customer(&outside, &mut market).await;
        if round % RENEW == 0 {
            play.renew(&mut market).await;
        }
        market.compare().await;
        play.compare(&ids).await;
        if round % PROVE == 0 {
            books.assert_proven().await;
            market.assert_proven().await;
        }
    }
    books.assert_proven().await;
    market.assert_proven().await;
    app.stop().await;
    play.counts
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_do_what_the_model_says(#[values(Sqlite, Postgres)] backend: Backend) {
    let all = operations();
    let mut chance = seed::rng("ledger");
    let plays: Vec<_> = (0..all)
        .step_by(PLAY)
        .map(|done| {
            let some = PLAY.min(all - done);
            play(backend, some, StdRng::from_rng(&mut chance))
        })
        .collect();
    // One waits for its database while another computes.
    let mut plays = stream::iter(plays).buffer_unordered(2);
    let mut counts = Counts::new();
    while let Some(play) = plays.next().await {
        for (outcome, times) in play {
            *counts.entry(outcome).or_default() += times;
        }
    }
    println!("{backend:?}, {all} operations: {counts:?}");
    // Everything was done, and refused.
    let rare: &[&str] = if all >= MANY {
        &[
            "upgrade",
            "reminded",
            "suspended",
            "ended unpaid",
            "gift card",
            "cancel",
            "end now",
            "resume",
            "renewed",
        ]
    } else {
        &[]
    };
    let often = [
        "credit",
        "spend",
        "refund",
        "hold",
        "capture",
        "void",
        "again",
        "promise",
        "settle",
        "lower",
        "let go",
        "top-up",
        "take-back",
        "top_up.refund_too_large",
        "wallet.insufficient_credit",
        "wallet.refund_too_large",
        "wallet.hold_over",
        "wallet.capture_too_large",
        "wallet.reference_reused",
        "subscribe",
        "new total",
        "give units",
        "take units back",
        "quota.exhausted",
        "subscription.already_subscribed",
        "subscription.not_running",
    ];
    for what in rare.iter().chain(&often) {
        assert!(counts.contains_key(*what), "{what} never: {counts:?}");
    }
}
