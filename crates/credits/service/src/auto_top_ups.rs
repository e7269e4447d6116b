//! Automatic top-ups, as the owner of a wallet turns them on and off.

use credits_model::CreditsError;
use credits_model::auto_top_up::{AutoTopUp, AutoTopUpTerms, DEFAULT_PER_DAY};
use credits_model::events::AutoTopUpDue;
use credits_model::jobs::ForgetMethod;
use credits_model::wallet::{MAX_BALANCE, Wallet};
use credits_repository::{auto_top_ups, wallets};
use database::{Batch, Transaction, retrying};
use kernel::{Currency, Money, Scope};

use crate::Credits;

/// What an owner asks for.
#[derive(Debug, Clone, Copy)]
pub struct WantedAutoTopUp {
    /// Below which balance.
    pub threshold: Money,
    /// How much is paid in then.
    pub amount: Money,
    /// How often in 24 hours at most; the usual number when absent.
    pub max_per_day: Option<i64>,
}

/// The caller's automatic top-ups.
#[derive(Debug, Clone)]
pub struct OwnAutoTopUp {
    /// What there is; none while no way of paying is saved.
    pub auto: Option<AutoTopUp>,
    /// In which currency.
    pub currency: Currency,
}

impl Credits {
    /// The caller's automatic top-ups.
    pub async fn own_auto_top_up(&self, scope: &Scope) -> Result<OwnAutoTopUp, CreditsError> {
        let key = self.own_key(scope).await?;
        let currency = self.tenant(scope).await?.settings.currency;
        let db = self.database.read(scope).await?;
        let auto = match wallets::find(&db, key).await? {
            Some(wallet) => auto_top_ups::find(&db, wallet.id).await?,
            None => None,
        };
        Ok(OwnAutoTopUp { auto, currency })
    }

    /// Lets the caller's wallet top itself up, or change how it does. When the
    /// balance is below the threshold already, it does so now.
    ///
    /// # Errors
    /// [`CreditsError::NoSavedMethod`] when no gateway keeps a way of paying
    /// of the caller's.
    pub async fn turn_on_auto_top_up(
        &self,
        scope: &Scope,
        wanted: &WantedAutoTopUp,
    ) -> Result<OwnAutoTopUp, CreditsError> {
        let currency = self.tenant(scope).await?.settings.currency;
        self.check_amount(wanted.amount, currency)?;
        let threshold = wanted.threshold;
        if threshold.currency != currency || !(1..=MAX_BALANCE).contains(&threshold.minor) {
            return Err(CreditsError::InvalidThreshold(currency));
        }
        let terms = AutoTopUpTerms {
            threshold: threshold.minor,
            amount: wanted.amount.minor,
            max_per_day: wanted.max_per_day.unwrap_or(DEFAULT_PER_DAY),
        };
        let auto = retrying("wallet.auto_top_up", || async {
            let (tx, mut wallet, mut auto) = self.lock_own_method(scope).await?;
            wallet.require_active()?;
            auto.turn_on(terms, self.now());
            let mut batch = Batch::new();
            wallet.auto_top_up_below = auto.below();
            if wallet.wants_top_up(None) {
                let event = AutoTopUpDue {
                    wallet: wallet.id,
                    needed: None,
                };
                self.queue.publish_with(&tx, &mut batch, &event)?;
            }
            self.keep(tx, batch, wallet, &auto).await?;
            Ok::<_, CreditsError>(auto)
        })
        .await?;
        Ok(OwnAutoTopUp {
            auto: Some(auto),
            currency,
        })
    }

    /// Lets the caller's wallet top itself up no longer. The way of paying is
    /// kept. One that is under way goes on.
    pub async fn turn_off_auto_top_up(&self, scope: &Scope) -> Result<(), CreditsError> {
        let done = retrying("wallet.auto_top_up", || async {
            let (tx, mut wallet, mut auto) = self.lock_own_method(scope).await?;
            auto.turn_off(self.now());
            wallet.auto_top_up_below = None;
            self.keep(tx, Batch::new(), wallet, &auto).await
        })
        .await;
        unless_there_is_none(done)
    }

    /// Forgets the caller's way of paying, here and at the gateway. Nothing is
    /// topped up by itself without one.
    pub async fn forget_own_method(&self, scope: &Scope) -> Result<(), CreditsError> {
        let done = retrying("wallet.forget_method", || async {
            let (tx, mut wallet, auto) = self.lock_own_method(scope).await?;
            let forget = ForgetMethod {
                gateway: auto.gateway.clone(),
                method: auto.method.clone(),
            };
            self.queue.enqueue(&tx, &forget).await?;
            wallet.auto_top_up_below = None;
            wallet.updated_at = self.now();
            let mut batch = Batch::new();
            batch.add(auto_top_ups::delete(wallet.id));
            wallets::save(&tx, batch, &mut wallet).await?;
            tx.commit().await?;
            Ok::<_, CreditsError>(())
        })
        .await;
        unless_there_is_none(done)
    }

    /// The caller's wallet under lock, and what a gateway keeps for it.
    async fn lock_own_method(
        &self,
        scope: &Scope,
    ) -> Result<(Transaction, Wallet, AutoTopUp), CreditsError> {
        let key = self.own_key(scope).await?;
        let tx = self
            .database
            .begin_write(scope, "wallet.auto_top_up")
            .await?;
        let locked = wallets::lock(&tx, key, None)
            .await?
            .ok_or(CreditsError::NoSavedMethod)?;
        let wallet = locked.purse.wallet;
        let auto = auto_top_ups::find(&tx, wallet.id)
            .await?
            .ok_or(CreditsError::NoSavedMethod)?;
        Ok((tx, wallet, auto))
    }

    async fn keep(
        &self,
        tx: Transaction,
        mut batch: Batch,
        mut wallet: Wallet,
        auto: &AutoTopUp,
    ) -> Result<(), CreditsError> {
        wallet.updated_at = self.now();
        batch.add(auto_top_ups::put(auto));
        wallets::save(&tx, batch, &mut wallet).await?;
        Ok(tx.commit().await?)
    }
}

/// What is not there is off, and forgotten.
fn unless_there_is_none(done: Result<(), CreditsError>) -> Result<(), CreditsError> {
    match done {
        Err(CreditsError::NoSavedMethod) => Ok(()),
        done => done,
    }
}
