//! Holds by the name they were made under, for domains that promise credit for
//! one thing, such as an order, and need not remember which hold it was.

use credits_model::CreditsError;
use credits_model::hold::{Hold, HoldStatus};
use credits_model::transfer::{Booked, SpendKind};
use credits_model::wallet::WalletKey;
use credits_repository::{holds, wallets};
use database::{Batch, Transaction};
use kernel::{Money, Timestamp};

use crate::Credits;
use crate::booking::{Spend, lock_purse, nothing_there};
use crate::holds::{Authorise, Capture, find};

/// Credit to promise, as far as it is there.
#[derive(Debug, Clone)]
pub struct HoldUpTo {
    /// Of which wallet.
    pub wallet: WalletKey,
    /// The name under which it happens once.
    pub reference: String,
    /// How much; what is there when absent.
    pub amount: Option<Money>,
    /// How much is needed at most.
    pub most: Money,
    /// Until when it can be captured.
    pub expires_at: Timestamp,
}

impl Credits {
    /// Promises an amount, or as much of what is needed as is available and
    /// `round` leaves of it. None when nothing is.
    ///
    /// # Errors
    /// [`CreditsError::InsufficientCredit`] when less is available than was
    /// named, [`CreditsError::Frozen`].
    pub async fn authorise_up_to_in_tx(
        &self,
        tx: &Transaction,
        wanted: &HoldUpTo,
        round: impl FnOnce(Money) -> Money + Send,
    ) -> Result<Option<Hold>, CreditsError> {
        let Some(locked) = wallets::lock(tx, wanted.wallet, None).await? else {
            let needed = wanted.amount;
            return needed.map_or(Ok(None), |needed| Err(nothing_there(wanted.wallet, needed)));
        };
        let wallet = locked.purse.wallet;
        let amount = if let Some(amount) = wanted.amount {
            amount
        } else {
            let most = wallet.positive(wanted.most)?;
            wallet.require_active()?;
            let amount = round(wallet.money(wallet.available().min(most)));
            if amount.minor < 1 {
                return Ok(None);
            }
            amount
        };
        let hold = Authorise {
            wallet: wanted.wallet,
            reference: wanted.reference.clone(),
            amount,
            expires_at: wanted.expires_at,
        };
        self.hold_of(tx, wallet, &hold).await.map(Some)
    }

    /// Spends what was promised under a name, and lets the rest go. When the
    /// time of the hold is over, it spends what is available, as far as there
    /// still is enough.
    pub async fn capture_held_in_tx(
        &self,
        tx: &Transaction,
        kind: SpendKind,
        reference: &str,
        amount: Money,
    ) -> Result<Booked, CreditsError> {
        let hold = holds::find_by_reference(tx, reference)
            .await?
            .ok_or(CreditsError::HoldNotFound)?;
        let capture = Capture {
            hold: hold.id,
            kind,
            reference: reference.to_owned(),
            amount: Some(amount),
            is_last: true,
        };
        match self.capture_of(tx, &hold, &capture).await {
            Err(CreditsError::HoldOver) => {
                self.end_hold(tx, &hold, HoldStatus::Expired).await?;
                let spend = Spend {
                    wallet: WalletKey::Id(hold.wallet),
                    kind,
                    reference: reference.to_owned(),
                    amount,
                };
                self.spend_in_tx(tx, &spend).await
            }
            booked => booked,
        }
    }

    /// Lets go what was promised under a name. Again is no error, nor is a
    /// name that nothing was promised under.
    pub async fn void_held_in_tx(
        &self,
        tx: &Transaction,
        reference: &str,
    ) -> Result<(), CreditsError> {
        if let Some(hold) = holds::find_by_reference(tx, reference).await? {
            self.end_hold(tx, &hold, HoldStatus::Voided).await?;
        }
        Ok(())
    }

    /// Promises no more than that under a name from now on.
    pub async fn lower_held_in_tx(
        &self,
        tx: &Transaction,
        reference: &str,
        amount: Money,
    ) -> Result<(), CreditsError> {
        let seen = holds::find_by_reference(tx, reference)
            .await?
            .ok_or(CreditsError::HoldNotFound)?;
        if amount.minor < 1 {
            self.end_hold(tx, &seen, HoldStatus::Voided).await?;
            return Ok(());
        }
        let mut wallet = lock_purse(tx, seen.wallet).await?.wallet;
        let wanted = wallet.positive(amount)?;
        let mut hold = find(tx, seen.id).await?;
        let now = self.now();
        wallet.held -= hold.lower(wanted, now)?;
        wallet.updated_at = now;
        let mut batch = Batch::new();
        batch.add(holds::update(&hold));
        wallets::save(tx, batch, &mut wallet).await?;
        Ok(())
    }
}
