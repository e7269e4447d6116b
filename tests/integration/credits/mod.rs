//! Wallets: the ledger, lots, holds, and the routes over them.

mod admin;
mod auto_stripe;
mod auto_top_ups;
mod chargebacks;
mod gift_cards;
mod holds;
mod ledger;
mod model;
mod orders;
mod races;
mod random;
mod top_up_refunds;
mod top_up_trouble;
mod top_ups;
mod wallet;

use credits_model::CreditsError;
use credits_model::hold::Hold;
use credits_model::transfer::{Booked, SpendKind};
use credits_model::wallet::WalletKey;
use credits_service::{
    Authorise, Capture, Credit, CreditSource, RefundOf, RefundSpend, Spend, WalletDetail,
};
use database::Transaction;
use kernel::{Clock as _, Currency, HoldId, Money, Scope, Timestamp, WalletId};
use serde_json::{Value, json};
use testkit::App;
use testkit::shop::{Person, Tenant};

/// Amounts of the first tenant's currency.
fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// The authority of a tenant's own work.
fn scope(app: &App, tenant: &Tenant) -> Scope {
    app.scope(&tenant.id)
}

/// The wallet of somebody of the first tenant.
fn wallet_of(person: &Person) -> WalletKey {
    WalletKey::Of {
        user: person.id.parse().expect("the id of a user"),
        currency: Currency::EUR,
    }
}

/// What other domains do, each time in a transaction of its own.
#[derive(Clone)]
struct Books {
    credits: std::sync::Arc<credits_service::Credits>,
    database: database::Database,
    scope: Scope,
}

impl Books {
    fn new(app: &App, tenant: &Tenant) -> Self {
        Self {
            credits: app.sutler.credits.clone(),
            database: app.sutler.database.clone(),
            scope: scope(app, tenant),
        }
    }

    async fn begin(&self) -> Transaction {
        let tx = self.database.begin_write(&self.scope, "test").await;
        tx.expect("a transaction")
    }

    async fn credit(
        &self,
        wallet: WalletKey,
        source: CreditSource,
        reference: &str,
        amount: i64,
    ) -> Result<Booked, CreditsError> {
        let tx = self.begin().await;
        let credit = Credit {
            wallet,
            source,
            reference: reference.to_owned(),
            amount: eur(amount),
        };
        let booked = self.credits.credit_in_tx(&tx, &credit).await?;
        tx.commit().await?;
        Ok(booked)
    }

    async fn gift(
        &self,
        wallet: WalletKey,
        reference: &str,
        amount: i64,
        expires_at: Option<Timestamp>,
    ) -> Booked {
        let source = CreditSource::Gift {
            expires_at,
            priority: None,
        };
        let booked = self.credit(wallet, source, reference, amount).await;
        booked.expect("a gift")
    }

    async fn spend(
        &self,
        wallet: WalletKey,
        reference: &str,
        amount: i64,
    ) -> Result<Booked, CreditsError> {
        let tx = self.begin().await;
        let spend = Spend {
            wallet,
            kind: SpendKind::Subscription,
            reference: reference.to_owned(),
            amount: eur(amount),
        };
        let booked = self.credits.spend_in_tx(&tx, &spend).await?;
        tx.commit().await?;
        Ok(booked)
    }

    async fn refund(
        &self,
        spend: &str,
        reference: &str,
        amount: Option<i64>,
    ) -> Result<Booked, CreditsError> {
        let tx = self.begin().await;
        let refund = RefundSpend {
            of: RefundOf::Spend(SpendKind::Subscription, spend.to_owned()),
            reference: reference.to_owned(),
            amount: amount.map(eur),
        };
        let booked = self.credits.refund_in_tx(&tx, &refund).await?;
        tx.commit().await?;
        Ok(booked)
    }

    async fn hold(
        &self,
        wallet: WalletKey,
        reference: &str,
        amount: i64,
        expires_at: Timestamp,
    ) -> Result<Hold, CreditsError> {
        let tx = self.begin().await;
        let wanted = Authorise {
            wallet,
            reference: reference.to_owned(),
            amount: eur(amount),
            expires_at,
        };
        let hold = self.credits.authorise_in_tx(&tx, &wanted).await?;
        tx.commit().await?;
        Ok(hold)
    }

    async fn capture(
        &self,
        hold: HoldId,
        reference: &str,
        amount: Option<i64>,
        is_last: bool,
    ) -> Result<Booked, CreditsError> {
        let tx = self.begin().await;
        let capture = Capture {
            hold,
            kind: SpendKind::Subscription,
            reference: reference.to_owned(),
            amount: amount.map(eur),
            is_last,
        };
        let booked = self.credits.capture_in_tx(&tx, &capture).await?;
        tx.commit().await?;
        Ok(booked)
    }

    async fn void(&self, hold: HoldId) -> Hold {
        let tx = self.begin().await;
        let hold = self.credits.void_in_tx(&tx, hold).await.expect("a hold");
        tx.commit().await.expect("a commit");
        hold
    }

    async fn detail(&self, wallet: WalletId) -> WalletDetail {
        let detail = self.credits.wallet(&self.scope, wallet).await;
        detail.expect("a wallet")
    }

    /// Everything that is cached is what was booked.
    async fn assert_proven(&self) {
        let wrong = self.credits.prove_wallets(&self.scope).await;
        assert_eq!(wrong.expect("a proof"), []);
        let db = self.database.read(&self.scope).await.expect("a read");
        let rows = db
            .rows(
                "SELECT CAST(COALESCE(sum(side * amount), 0) AS bigint) AS total FROM ledger_entries WHERE tenant_id = $1",
                [],
            )
            .await
            .expect("a sum");
        let total: i64 = rows[0].try_get("", "total").expect("a number");
        assert_eq!(total, 0, "debits and credits differ");
    }
}

/// Some time from now.
fn later(app: &App, seconds: u64) -> Timestamp {
    app.clock
        .now()
        .plus(std::time::Duration::from_secs(seconds))
}

/// A wallet with credit in it that counts as paid for.
async fn funded(books: &Books, person: &Person, amount: i64) -> WalletId {
    let key = wallet_of(person);
    let reference = format!("fund-{}", person.id);
    let booked = books
        .credit(key, CreditSource::TopUp, &reference, amount)
        .await;
    booked.expect("a credit").wallet
}

/// The path of a wallet for administrators.
fn path(wallet: WalletId) -> String {
    format!("/api/admin/wallets/{wallet}")
}

/// An amount as the API has it.
fn amount(minor: i64) -> Value {
    json!({"amount": minor, "currency": "EUR"})
}
