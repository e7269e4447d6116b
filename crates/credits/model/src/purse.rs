//! What bookings do to a wallet and its lots.

use kernel::{Fault, LotId, Timestamp, TransferId};

use crate::errors::CreditsError;
use crate::lot::{Lot, LotChange, LotKind, Taken, burn, give_back};
use crate::transfer::{Posting, TransferKind};
use crate::wallet::{MAX_BALANCE, Wallet};

/// A wallet with those of its lots of which something is left, in the order in
/// which they are burned. Nobody else changes it meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// The wallet.
    pub wallet: Wallet,
    /// The lots.
    pub lots: Vec<Lot>,
}

/// What names a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Which transfer.
    pub id: TransferId,
    /// What for.
    pub kind: TransferKind,
    /// The name under which it happens once.
    pub reference: String,
    /// When.
    pub at: Timestamp,
}

/// What a credit is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotTerms {
    /// Where it comes from.
    pub kind: LotKind,
    /// Which of a kind goes first: the lower one.
    pub priority: i64,
    /// When what is left of it expires.
    pub expires_at: Option<Timestamp>,
}

impl Purse {
    /// Adds credit as a lot of its own.
    pub fn credit(
        &mut self,
        naming: Naming,
        lot: LotId,
        terms: LotTerms,
        amount: i64,
    ) -> Result<Posting, CreditsError> {
        if terms.expires_at.is_some_and(|at| at <= naming.at) {
            return Err(CreditsError::InvalidExpiry);
        }
        let lot = Lot {
            id: lot,
            kind: terms.kind,
            priority: terms.priority,
            expires_at: terms.expires_at,
            granted: amount,
            remaining: amount,
            created_at: naming.at,
        };
        self.keep(lot.clone());
        let mut posting = self.post(naming, amount, vec![LotChange { lot, by: amount }])?;
        posting.adds_lot = true;
        if posting.kind == TransferKind::TopUp {
            self.wallet.total_top_up += amount;
        }
        Ok(posting)
    }

    /// Takes an amount that is available.
    pub fn debit(&mut self, naming: Naming, amount: i64) -> Result<Posting, CreditsError> {
        self.wallet.require_available(amount)?;
        let spends = naming.kind.is_spend();
        let changes = burn(&mut self.lots, amount)
            .ok_or_else(|| Fault::permanent("the lots of a wallet are less than its balance"))?;
        let posting = self.post(naming, -amount, changes)?;
        if spends {
            self.wallet.total_spent += amount;
        }
        Ok(posting)
    }

    /// Takes an amount that was held: it is not held any more.
    pub fn capture(&mut self, naming: Naming, amount: i64) -> Result<Posting, CreditsError> {
        self.wallet.held -= amount;
        self.debit(naming, amount)
    }

    /// Gives an amount of a spend back to the lots that it was taken from.
    /// Credit that came back has the expiry it had.
    pub fn refund(
        &mut self,
        naming: Naming,
        spend: TransferId,
        taken: Vec<Taken>,
        amount: i64,
    ) -> Result<Posting, CreditsError> {
        let left = taken.iter().map(|part| part.amount).sum();
        let changes = give_back(taken, amount)
            .ok_or_else(|| CreditsError::RefundTooLarge(self.wallet.money(left)))?;
        for change in &changes {
            self.keep(change.lot.clone());
        }
        let mut posting = self.post(naming, amount, changes)?;
        posting.reverses = Some(spend);
        self.wallet.total_spent -= amount;
        Ok(posting)
    }

    /// Takes what is left of a lot whose time is over, but for what is held:
    /// that waits until the hold ends. None when there is nothing to take.
    pub fn expire(&mut self, naming: Naming, lot: LotId) -> Result<Option<Posting>, CreditsError> {
        let available = self.wallet.available();
        let found = self.lots.iter_mut().find(|known| known.id == lot);
        let Some(found) = found.filter(|lot| lot.is_over(naming.at)) else {
            return Ok(None);
        };
        let part = found.remaining.min(available);
        if part == 0 {
            return Ok(None);
        }
        found.remaining -= part;
        let change = LotChange {
            lot: found.clone(),
            by: -part,
        };
        self.lots.retain(|lot| lot.remaining > 0);
        self.post(naming, -part, vec![change]).map(Some)
    }

    /// Takes credit of one lot away, because money it was paid with goes back.
    pub fn take_back(
        &mut self,
        naming: Naming,
        top_up: TransferId,
        lot: LotId,
        amount: i64,
    ) -> Result<Posting, CreditsError> {
        self.wallet.require_available(amount)?;
        let found = self.lots.iter_mut().find(|known| known.id == lot);
        let found = found
            .filter(|known| known.remaining >= amount)
            .ok_or_else(|| Fault::permanent("less is left of a lot than is taken back"))?;
        found.remaining -= amount;
        let change = LotChange {
            lot: found.clone(),
            by: -amount,
        };
        self.lots.retain(|lot| lot.remaining > 0);
        let mut posting = self.post(naming, -amount, vec![change])?;
        posting.reverses = Some(top_up);
        self.wallet.total_top_up -= amount;
        Ok(posting)
    }

    /// Puts such credit back into its lot, because the money did not go back
    /// after all.
    pub fn put_again(
        &mut self,
        naming: Naming,
        top_up: TransferId,
        mut lot: Lot,
        amount: i64,
    ) -> Result<Posting, CreditsError> {
        lot.remaining += amount;
        self.keep(lot.clone());
        let mut posting = self.post(naming, amount, vec![LotChange { lot, by: amount }])?;
        posting.reverses = Some(top_up);
        self.wallet.total_top_up += amount;
        Ok(posting)
    }

    /// Puts a lot where it belongs.
    fn keep(&mut self, lot: Lot) {
        self.lots.retain(|known| known.id != lot.id);
        self.lots.push(lot);
        self.lots.sort_by_key(Lot::burn_order);
    }

    fn post(
        &mut self,
        naming: Naming,
        amount: i64,
        lots: Vec<LotChange>,
    ) -> Result<Posting, CreditsError> {
        let balance = self.wallet.balance.checked_add(amount);
        self.wallet.balance = balance
            .filter(|balance| *balance <= MAX_BALANCE)
            .ok_or(CreditsError::BalanceTooLarge)?;
        self.wallet.entries += 1;
        self.wallet.updated_at = naming.at;
        Ok(Posting {
            id: naming.id,
            kind: naming.kind,
            reference: naming.reference,
            amount,
            balance_after: self.wallet.balance,
            sequence: self.wallet.entries,
            lots,
            adds_lot: false,
            reverses: None,
            at: naming.at,
        })
    }
}
