//! Automatic top-ups: deciding on one, charging it, and what comes of it.
//!
//! At most one of a wallet is under way; a unique index says so. It is decided
//! on and written down first, then charged under the attempt's id, so that a
//! crash between the two, or a second job, charges once.

use credits_model::CreditsError;
use credits_model::auto_top_up::{AutoTopUp, DAY};
use credits_model::events::{AutoTopUpDue, AutoTopUpStopped};
use credits_model::jobs::ForgetMethod;
use credits_model::top_up::TopUp;
use credits_model::wallet::{Wallet, WalletKey};
use credits_repository::{auto_top_ups, top_ups, wallets};
use database::{Batch, Transaction, retrying};
use kernel::{DomainError as _, Fault, Scope, Timestamp, TopUpId, WalletId, last_of_full};
use payments::{ChargeRequest, GatewayError, Purpose, ReturnUrls, SavedMethod, SessionReport};

use crate::Credits;
use crate::booking::lock_purse;
use crate::top_ups::refused;

/// How many are looked up at once.
const AT_ONCE: i64 = 200;

impl Credits {
    /// Lets a wallet top itself up, if it does, because it was not enough for
    /// something that its owner pays without being there.
    pub async fn top_up_for_in_tx(
        &self,
        tx: &Transaction,
        key: WalletKey,
        needed: i64,
    ) -> Result<(), CreditsError> {
        let found = wallets::find(tx, key).await?;
        if let Some(wallet) = found.filter(|wallet| wallet.wants_top_up(Some(needed))) {
            let event = AutoTopUpDue {
                wallet: wallet.id,
                needed: Some(needed),
            };
            self.queue.publish(tx, &event).await?;
        }
        Ok(())
    }

    /// Tops a wallet up whose balance is low, or not enough for what is needed,
    /// if its owner wants that and it is time; called by its job and by the
    /// sweep. Again is harmless.
    pub async fn top_up_when_low(
        &self,
        scope: &Scope,
        wallet: WalletId,
        needed: Option<i64>,
    ) -> Result<(), CreditsError> {
        let decided = retrying("top_up.automatic", || self.decide(scope, wallet, needed)).await?;
        match decided {
            Some(id) => self.open_page(scope, id).await,
            None => Ok(()),
        }
    }

    /// The automatic top-up that a wallet needs, which may be under way.
    async fn decide(
        &self,
        scope: &Scope,
        wallet: WalletId,
        needed: Option<i64>,
    ) -> Result<Option<TopUpId>, CreditsError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "top_up.automatic").await?;
        let wallet = lock_purse(&tx, wallet).await?.wallet;
        let Some(mut auto) = auto_top_ups::find(&tx, wallet.id).await? else {
            return Ok(None);
        };
        let recent = auto_top_ups::recent(&tx, wallet.id, now.minus(DAY)).await?;
        if let Some(open) = recent.iter().find(|one| one.is_open) {
            return Ok(Some(open.id));
        }
        let Some(terms) = auto.due(now).filter(|_| wallet.wants_top_up(needed)) else {
            return Ok(None);
        };
        let mut batch = Batch::new();
        let made = i64::try_from(recent.len()).unwrap_or(i64::MAX);
        // The oldest of as many as there may be makes room when it is a day old.
        let frees = recent
            .len()
            .checked_sub(usize::try_from(terms.max_per_day).unwrap_or(usize::MAX))
            .and_then(|at| recent.get(at));
        let decided = if let Some(first) = frees.filter(|_| made >= terms.max_per_day) {
            auto.wait_until(first.created_at.plus(DAY), now);
            batch.add(auto_top_ups::put(&auto));
            None
        } else {
            let top_up = self.automatic(&wallet, &auto, terms.amount, now);
            batch.add(top_ups::insert(&top_up));
            Some(top_up.id)
        };
        batch.run(&tx).await?;
        tx.commit().await?;
        Ok(decided)
    }

    fn automatic(&self, wallet: &Wallet, auto: &AutoTopUp, amount: i64, now: Timestamp) -> TopUp {
        TopUp {
            charged_to: Some(auto.method.clone()),
            ..TopUp::new(
                wallet.id,
                auto.gateway.clone(),
                wallet.money(amount),
                // Nobody is sent anywhere.
                ReturnUrls {
                    success: String::new(),
                    cancel: String::new(),
                },
                now.plus(self.session_ttl),
                now,
            )
        }
    }

    /// Charges an automatic top-up, and settles what the gateway says. The
    /// attempt's id is the idempotency key there.
    pub(crate) async fn charge(
        &self,
        scope: &Scope,
        top_up: &TopUp,
        from: &SavedMethod,
    ) -> Result<(), CreditsError> {
        let gateway = self.gateways.of(&top_up.gateway)?;
        let request = ChargeRequest {
            payment: top_up.payment,
            purpose: Purpose::TopUp(top_up.id),
            amount: top_up.amount,
            from: from.clone(),
            decided_at: top_up.created_at,
        };
        let report = match gateway.charge(scope, &request).await {
            Err(GatewayError::Refused(why)) => refused(top_up, why),
            answer => answer?,
        };
        self.settle_top_up(scope, top_up.id, &report, None).await
    }

    /// Notes the way in which a top-up was paid, if its gateway keeps it, or
    /// lets the gateway forget it where it is not wanted any more: its owner
    /// was forgotten. The wallet is locked by the credit.
    pub(crate) async fn keep_method(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        top_up: &TopUp,
        report: &SessionReport,
    ) -> Result<(), CreditsError> {
        let now = self.now();
        let Some(saved) = report.saved.clone() else {
            return Ok(());
        };
        let gateway = top_up.gateway.clone();
        if !top_up.saves_method {
            let forget = ForgetMethod {
                gateway,
                method: saved,
            };
            self.queue.enqueue(tx, &forget).await?;
            return Ok(());
        }
        let auto = match auto_top_ups::find(tx, top_up.wallet).await? {
            Some(mut known) => {
                if known.method.customer != saved.customer {
                    let forget = ForgetMethod {
                        gateway: known.gateway.clone(),
                        method: known.method.clone(),
                    };
                    self.queue.enqueue(tx, &forget).await?;
                }
                known.replace(gateway, saved, now);
                known
            }
            None => AutoTopUp::new(top_up.wallet, gateway, saved, now),
        };
        batch.add(auto_top_ups::put(&auto));
        Ok(())
    }

    /// An automatic top-up went well: earlier failures are forgotten. The
    /// wallet is locked by the credit.
    pub(crate) async fn count_success(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        top_up: &TopUp,
    ) -> Result<(), CreditsError> {
        let known = auto_top_ups::find(tx, top_up.wallet).await?;
        if let Some(mut auto) = known.filter(|auto| auto.failures > 0) {
            auto.succeed(self.now());
            batch.add(auto_top_ups::put(&auto));
        }
        Ok(())
    }

    /// An automatic top-up failed: the next one waits, or there is none and
    /// the owner hears of it.
    pub(crate) async fn count_failure(
        &self,
        tx: &Transaction,
        top_up: &TopUp,
    ) -> Result<(), CreditsError> {
        let mut wallet = lock_purse(tx, top_up.wallet).await?.wallet;
        let Some(mut auto) = auto_top_ups::find(tx, wallet.id).await? else {
            return Ok(());
        };
        // One that is charged to another card by now says nothing of this one.
        if top_up.charged_to.as_ref() != Some(&auto.method) {
            return Ok(());
        }
        let now = self.now();
        let stops = auto.fail(top_up.failure.clone(), now);
        let mut batch = Batch::new();
        batch.add(auto_top_ups::put(&auto));
        if stops {
            let event = AutoTopUpStopped { wallet: wallet.id };
            self.queue.publish_with(tx, &mut batch, &event)?;
        }
        wallet.auto_top_up_below = auto.below();
        wallet.updated_at = now;
        wallets::save(tx, batch, &mut wallet).await?;
        Ok(())
    }

    /// Tops up what is low and was not topped up yet: because it waited, or
    /// its job was lost.
    pub(crate) async fn sweep_low(&self, scope: &Scope) -> Result<(), CreditsError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let due = auto_top_ups::due(&db, self.now(), last, AT_ONCE).await?;
            drop(db);
            for &id in &due {
                if let Err(error) = self.top_up_when_low(scope, id, None).await {
                    let cause = error.fault().map(Fault::chain).unwrap_or_default();
                    tracing::warn!(%id, %error, cause, "could not be topped up; the next sweep tries again");
                }
            }
            last = match last_of_full(&due, AT_ONCE) {
                Some(&id) => Some(id),
                None => return Ok(()),
            };
        }
    }

    /// Lets a gateway forget a way of paying; called by its job. One that was
    /// turned off since has nothing to be asked with.
    pub async fn forget_method(
        &self,
        scope: &Scope,
        gateway: &str,
        method: &SavedMethod,
    ) -> Result<(), CreditsError> {
        let Some(kept_by) = self.gateways.named(gateway) else {
            tracing::warn!(
                gateway,
                "a way of paying is kept by a gateway that is not configured"
            );
            return Ok(());
        };
        Ok(kept_by.forget(scope, method).await?)
    }
}
