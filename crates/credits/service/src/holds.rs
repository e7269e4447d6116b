//! Promising credit and spending it as a service goes, for other domains.

use credits_model::CreditsError;
use credits_model::hold::{Hold, HoldStatus};
use credits_model::transfer::{Booked, MAX_REFERENCE, SpendKind};
use credits_model::wallet::{Wallet, WalletKey};
use credits_repository::{holds, wallets};
use database::{Batch, Transaction};
use kernel::{Fault, HoldId, Money, Scope, Timestamp};

use crate::Credits;
use crate::booking::{known_booking, lock, lock_purse, nothing_there};

/// Credit to promise.
#[derive(Debug, Clone)]
pub struct Authorise {
    /// Of which wallet.
    pub wallet: WalletKey,
    /// The name under which it happens once.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Until when it can be captured.
    pub expires_at: Timestamp,
}

/// A part of a hold to spend.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Of which hold.
    pub hold: HoldId,
    /// On what.
    pub kind: SpendKind,
    /// The name under which it happens once.
    pub reference: String,
    /// How much; all that is left when absent.
    pub amount: Option<Money>,
    /// Whether the rest is let go.
    pub is_last: bool,
}

impl Credits {
    /// Promises credit that is available: it stays in the wallet and cannot be
    /// spent otherwise. Again with the same reference it answers the hold as
    /// it is now.
    pub async fn authorise_in_tx(
        &self,
        tx: &Transaction,
        wanted: &Authorise,
    ) -> Result<Hold, CreditsError> {
        let Some(locked) = wallets::lock(tx, wanted.wallet, None).await? else {
            return Err(nothing_there(wanted.wallet, wanted.amount));
        };
        self.hold_of(tx, locked.purse.wallet, wanted).await
    }

    /// The same of a wallet that is under lock.
    pub(crate) async fn hold_of(
        &self,
        tx: &Transaction,
        mut wallet: Wallet,
        wanted: &Authorise,
    ) -> Result<Hold, CreditsError> {
        if !(1..=MAX_REFERENCE).contains(&wanted.reference.len()) {
            return Err(CreditsError::InvalidReference);
        }
        let amount = wallet.positive(wanted.amount)?;
        // Under the lock: whoever was before is seen.
        if let Some(known) = holds::find_by_reference(tx, &wanted.reference).await? {
            if known.wallet != wallet.id || known.amount != amount {
                return Err(CreditsError::ReferenceReused);
            }
            return Ok(known);
        }
        let now = self.now();
        let hold = Hold::on(
            &mut wallet,
            HoldId::new(now),
            wanted.reference.clone(),
            amount,
            wanted.expires_at,
            now,
        )?;
        wallet.updated_at = now;
        let mut batch = Batch::new();
        batch.add(holds::insert(&hold));
        wallets::save(tx, batch, &mut wallet)
            .await
            .map_err(reused)?;
        Ok(hold)
    }

    /// Spends a part of a hold, or all that is left of it. Again with the same
    /// reference it answers what was booked and books nothing.
    ///
    /// # Errors
    /// [`CreditsError::HoldOver`] when it was captured, let go or is past its
    /// time, [`CreditsError::CaptureTooLarge`] when less is left.
    pub async fn capture_in_tx(
        &self,
        tx: &Transaction,
        capture: &Capture,
    ) -> Result<Booked, CreditsError> {
        let seen = find(tx, capture.hold).await?;
        self.capture_of(tx, &seen, capture).await
    }

    /// The same of a hold that was read before its wallet is locked.
    pub(crate) async fn capture_of(
        &self,
        tx: &Transaction,
        seen: &Hold,
        capture: &Capture,
    ) -> Result<Booked, CreditsError> {
        let naming = self.naming(capture.kind.into(), &capture.reference)?;
        let Some(locked) = lock(tx, WalletKey::Id(seen.wallet), &naming).await? else {
            return Err(CreditsError::WalletNotFound);
        };
        // Again, now that nobody else changes it.
        let mut hold = find(tx, seen.id).await?;
        let mut purse = locked.purse;
        let wanted = capture
            .amount
            .map(|amount| purse.wallet.positive(amount))
            .transpose()?;
        if let Some(known) = locked.known {
            let amount = wanted.map(|amount| -amount);
            return known_booking(tx, known, &purse.wallet, amount).await;
        }
        let amount = wanted.unwrap_or_else(|| hold.left());
        hold.capture(amount, naming.at)?;
        let before = purse.wallet.balance;
        let posting = purse.capture(naming, amount)?;
        if capture.is_last {
            purse.wallet.held -= hold.end(HoldStatus::Voided, posting.at);
        }
        let mut batch = Batch::new();
        batch.add(holds::update(&hold));
        self.book(tx, batch, &mut purse.wallet, &posting, before)
            .await
    }

    /// Lets go what is left of a hold. Again is no error.
    pub async fn void_in_tx(&self, tx: &Transaction, id: HoldId) -> Result<Hold, CreditsError> {
        let seen = find(tx, id).await?;
        self.end_hold(tx, &seen, HoldStatus::Voided).await
    }

    /// Ends a hold that was read before its wallet is locked. One that is not
    /// open stays as it is.
    pub(crate) async fn end_hold(
        &self,
        tx: &Transaction,
        seen: &Hold,
        status: HoldStatus,
    ) -> Result<Hold, CreditsError> {
        if seen.status != HoldStatus::Open {
            return Ok(seen.clone());
        }
        let mut wallet = lock_purse(tx, seen.wallet).await?.wallet;
        let mut hold = find(tx, seen.id).await?;
        if hold.status != HoldStatus::Open {
            return Ok(hold);
        }
        let now = self.now();
        wallet.held -= hold.end(status, now);
        wallet.updated_at = now;
        let mut batch = Batch::new();
        batch.add(holds::update(&hold));
        wallets::save(tx, batch, &mut wallet).await?;
        Ok(hold)
    }

    /// Lets go of a hold whose time is over.
    pub(crate) async fn expire_hold(&self, scope: &Scope, hold: &Hold) -> Result<(), CreditsError> {
        let tx = self.database.begin_write(scope, "hold.expire").await?;
        self.end_hold(&tx, hold, HoldStatus::Expired).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A hold as it is now. It may change until its wallet is locked.
pub(crate) async fn find(tx: &Transaction, id: HoldId) -> Result<Hold, CreditsError> {
    let found = holds::find(tx, id).await?;
    found.ok_or(CreditsError::HoldNotFound)
}

fn reused(fault: Fault) -> CreditsError {
    if fault.violates(holds::UNIQUE_REFERENCE) {
        CreditsError::ReferenceReused
    } else {
        fault.into()
    }
}
