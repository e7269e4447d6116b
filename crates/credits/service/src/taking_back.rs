//! The credit of top-ups whose money goes back: how much of it is there,
//! taking it, putting it back, and freezing the wallet where it is missing.

use credits_model::CreditsError;
use credits_model::events::WalletFrozen;
use credits_model::top_up::TopUp;
use credits_model::top_up_refund::TopUpRefund;
use credits_model::transfer::TransferKind;
use credits_model::wallet::WalletStatus;
use credits_repository::{lots, wallets};
use database::{Batch, Transaction};
use kernel::{Fault, TransferId, WalletId};
use payments::RefundStatus;

use crate::Credits;
use crate::booking::lock_purse;

impl Credits {
    /// How much of the credit of a top-up is there and not held. The top-up is
    /// locked; its wallet is by this.
    pub(crate) async fn room(&self, tx: &Transaction, top_up: &TopUp) -> Result<i64, CreditsError> {
        let purse = lock_purse(tx, top_up.wallet).await?;
        let lot = lots::of_top_up(tx, top_up.id).await?;
        let left = lot.map_or(0, |(_, lot)| lot.remaining);
        Ok(left.min(purse.wallet.available()))
    }

    /// Takes so much credit of the top-up of a refund, and notes it there; the
    /// transfer, unless there is nothing to take.
    pub(crate) async fn take_credit(
        &self,
        tx: &Transaction,
        wallet: WalletId,
        refund: &mut TopUpRefund,
        amount: i64,
    ) -> Result<Option<TransferId>, CreditsError> {
        if amount == 0 {
            return Ok(None);
        }
        let (source, lot) = lots::of_top_up(tx, refund.top_up)
            .await?
            .ok_or_else(no_lot)?;
        let mut purse = lock_purse(tx, wallet).await?;
        let before = purse.wallet.balance;
        let naming = self.naming(TransferKind::TopUpRefund, &refund.id.to_string())?;
        let posting = purse.take_back(naming, source, lot.id, amount)?;
        let booked = self
            .book(tx, Batch::new(), &mut purse.wallet, &posting, before)
            .await?;
        refund.taken = amount;
        Ok(Some(booked.transfer))
    }

    /// The money did not go back after all: its credit is there again.
    pub(crate) async fn undo_refund(
        &self,
        tx: &Transaction,
        top_up: &mut TopUp,
        refund: &mut TopUpRefund,
    ) -> Result<(), CreditsError> {
        refund.status = RefundStatus::Failed;
        top_up.give_back(-refund.amount, -refund.taken, self.now());
        if refund.taken == 0 {
            return Ok(());
        }
        let mut purse = lock_purse(tx, top_up.wallet).await?;
        let (source, lot) = lots::of_top_up(tx, top_up.id).await?.ok_or_else(no_lot)?;
        let before = purse.wallet.balance;
        let reference = format!("{}-undone", refund.id);
        let naming = self.naming(TransferKind::TopUpRefund, &reference)?;
        let posting = purse.put_again(naming, source, lot, refund.taken)?;
        self.book(tx, Batch::new(), &mut purse.wallet, &posting, before)
            .await?;
        Ok(())
    }

    /// Freezes a wallet that is not frozen or closed yet.
    pub(crate) async fn freeze(
        &self,
        tx: &Transaction,
        wallet: WalletId,
    ) -> Result<(), CreditsError> {
        let mut locked = lock_purse(tx, wallet).await?.wallet;
        if locked.status != WalletStatus::Active {
            return Ok(());
        }
        locked.status = WalletStatus::Frozen;
        locked.updated_at = self.now();
        let mut batch = Batch::new();
        let event = WalletFrozen {
            wallet,
            frozen: true,
        };
        self.queue.publish_with(tx, &mut batch, &event)?;
        wallets::save(tx, batch, &mut locked).await?;
        Ok(())
    }
}

fn no_lot() -> Fault {
    Fault::permanent("a top-up that was credited has no lot")
}
