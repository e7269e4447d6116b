//! Taking what expired.

use credits_model::CreditsError;
use credits_model::lot::Lot;
use credits_model::purse::Naming;
use credits_model::transfer::TransferKind;
use credits_repository::{holds, lots};
use database::{Batch, retrying};
use kernel::{DomainError as _, LotId, Scope, TransferId, WalletId, last_of_full};

use crate::Credits;
use crate::booking::lock_purse;

/// How many are looked up at once. A run goes over everything, so that what
/// fails each time cannot keep the rest from its turn.
const AT_ONCE: i64 = 200;

impl Credits {
    /// Lets go of holds whose time is over, then takes what is left of lots
    /// whose time is over; called by its job. What fails is logged and left
    /// for the next run.
    pub async fn expire(&self, scope: &Scope) -> Result<(), CreditsError> {
        self.expire_holds(scope).await?;
        self.expire_lots(scope).await
    }

    async fn expire_holds(&self, scope: &Scope) -> Result<(), CreditsError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let due = holds::due(&db, self.now(), last, AT_ONCE).await?;
            drop(db);
            for hold in &due {
                let result = retrying("hold.expire", || self.expire_hold(scope, hold)).await;
                warn("hold", &hold.id.to_string(), result);
            }
            last = match last_of_full(&due, AT_ONCE) {
                Some(hold) => Some(hold.id),
                None => return Ok(()),
            };
        }
    }

    async fn expire_lots(&self, scope: &Scope) -> Result<(), CreditsError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let due = lots::due(&db, self.now(), last, AT_ONCE).await?;
            drop(db);
            for &wallet in &due {
                let result = retrying("credit.expire", || self.expire_wallet(scope, wallet)).await;
                warn("wallet", &wallet.to_string(), result);
            }
            last = match last_of_full(&due, AT_ONCE) {
                Some(&wallet) => Some(wallet),
                None => return Ok(()),
            };
        }
    }

    /// Takes what is left of the lots of a wallet whose time is over, under
    /// the lock that spends take, but for what is held.
    async fn expire_wallet(&self, scope: &Scope, wallet: WalletId) -> Result<(), CreditsError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "credit.expire").await?;
        let mut purse = lock_purse(&tx, wallet).await?;
        let over: Vec<LotId> = purse
            .lots
            .iter()
            .filter(|lot: &&Lot| lot.is_over(now))
            .map(|lot| lot.id)
            .collect();
        let mut transfer = None;
        for lot in over {
            let id = TransferId::after(transfer, now);
            transfer = Some(id);
            let naming = Naming {
                id,
                kind: TransferKind::Expiry,
                // A lot can expire in parts, when some of it was held.
                reference: id.to_string(),
                at: now,
            };
            let before = purse.wallet.balance;
            if let Some(posting) = purse.expire(naming, lot)? {
                self.book(&tx, Batch::new(), &mut purse.wallet, &posting, before)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

fn warn(what: &str, id: &str, result: Result<(), CreditsError>) {
    if let Err(error) = result {
        let cause = error.fault().map(kernel::Fault::chain).unwrap_or_default();
        tracing::warn!(what, id, %error, cause, "could not expire; the next run tries again");
    }
}
