//! Spending, giving back and crediting, for other domains.

use credits_model::CreditsError;
use credits_model::events::{AutoTopUpDue, LowBalance};
use credits_model::lot::{DEFAULT_PRIORITY, LotKind};
use credits_model::purse::{LotTerms, Naming, Purse};
use credits_model::transfer::{Booked, MAX_REFERENCE, Posting, SpendKind, Transfer, TransferKind};
use credits_model::wallet::{Wallet, WalletKey};
use credits_repository::wallets::Locked;
use credits_repository::{ledger, wallets};
use database::{Batch, Transaction};
use kernel::{Fault, LotId, Money, Timestamp, TransferId, WalletId};

use crate::Credits;

/// Credit to spend.
#[derive(Debug, Clone)]
pub struct Spend {
    /// Of which wallet.
    pub wallet: WalletKey,
    /// On what.
    pub kind: SpendKind,
    /// The name under which it happens once, such as the id of the order.
    pub reference: String,
    /// How much.
    pub amount: Money,
}

/// Which spend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOf {
    /// By its transfer.
    Transfer(TransferId),
    /// By the name under which it happened.
    Spend(SpendKind, String),
}

/// Credit to give back.
#[derive(Debug, Clone)]
pub struct RefundSpend {
    /// Of which spend.
    pub of: RefundOf,
    /// The name under which it happens once.
    pub reference: String,
    /// How much; all that is left when absent.
    pub amount: Option<Money>,
}

/// Where credit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditSource {
    /// Its owner paid it in.
    TopUp,
    /// It was given.
    Gift {
        /// When what is left of it expires.
        expires_at: Option<Timestamp>,
        /// Which gift is burned first: the lower one; the usual one when
        /// absent.
        priority: Option<i64>,
    },
    /// It was on a gift card, which counts as paid for.
    GiftCard,
    /// Somebody put something right.
    Adjustment,
}

/// Credit to add.
#[derive(Debug, Clone)]
pub struct Credit {
    /// To which wallet. Named by its owner, it is made if there is none.
    pub wallet: WalletKey,
    /// Where it comes from.
    pub source: CreditSource,
    /// The name under which it happens once.
    pub reference: String,
    /// How much.
    pub amount: Money,
}

impl CreditSource {
    fn kind(self) -> TransferKind {
        match self {
            Self::TopUp => TransferKind::TopUp,
            Self::Gift { .. } | Self::GiftCard => TransferKind::Gift,
            Self::Adjustment => TransferKind::AdminAdjustment,
        }
    }

    pub(crate) fn terms(self) -> LotTerms {
        match self {
            Self::Gift {
                expires_at,
                priority,
            } => LotTerms {
                kind: LotKind::Promotional,
                priority: priority.unwrap_or(DEFAULT_PRIORITY),
                expires_at,
            },
            Self::TopUp | Self::GiftCard | Self::Adjustment => LotTerms {
                kind: LotKind::Paid,
                priority: DEFAULT_PRIORITY,
                expires_at: None,
            },
        }
    }
}

impl Credits {
    /// Spends credit that is available. Again with the same reference it
    /// answers what was booked and books nothing.
    ///
    /// # Errors
    /// [`CreditsError::InsufficientCredit`] when less is available,
    /// [`CreditsError::Frozen`], [`CreditsError::ReferenceReused`] when the
    /// reference names another amount or wallet.
    pub async fn spend_in_tx(
        &self,
        tx: &Transaction,
        spend: &Spend,
    ) -> Result<Booked, CreditsError> {
        let naming = self.naming(spend.kind.into(), &spend.reference)?;
        let Some(locked) = lock(tx, spend.wallet, &naming).await? else {
            return Err(nothing_there(spend.wallet, spend.amount));
        };
        let amount = locked.purse.wallet.positive(spend.amount)?;
        if let Some(known) = locked.known {
            return known_booking(tx, known, &locked.purse.wallet, Some(-amount)).await;
        }
        let mut purse = locked.purse;
        purse.wallet.require_active()?;
        let before = purse.wallet.balance;
        let posting = purse.debit(naming, amount)?;
        self.book(tx, Batch::new(), &mut purse.wallet, &posting, before)
            .await
    }

    /// Adds credit to a wallet, as a lot of its own. Again with the same
    /// reference it answers what was booked and books nothing.
    pub async fn credit_in_tx(
        &self,
        tx: &Transaction,
        credit: &Credit,
    ) -> Result<Booked, CreditsError> {
        let naming = self.naming(credit.source.kind(), &credit.reference)?;
        let name = (naming.kind, naming.reference.as_str());
        let locked = lock_or_make(tx, credit.wallet, Some(name), naming.at).await?;
        let amount = locked.purse.wallet.positive(credit.amount)?;
        if let Some(known) = locked.known {
            return known_booking(tx, known, &locked.purse.wallet, Some(amount)).await;
        }
        let mut purse = locked.purse;
        let before = purse.wallet.balance;
        let lot = LotId::new(naming.at);
        let posting = purse.credit(naming, lot, credit.source.terms(), amount)?;
        self.book(tx, Batch::new(), &mut purse.wallet, &posting, before)
            .await
    }

    /// Gives credit of a spend back to the lots it was taken from, the one
    /// that was burned last first. Again with the same reference it answers
    /// what was booked and books nothing.
    pub async fn refund_in_tx(
        &self,
        tx: &Transaction,
        refund: &RefundSpend,
    ) -> Result<Booked, CreditsError> {
        let naming = self.naming(TransferKind::Refund, &refund.reference)?;
        let spend = match &refund.of {
            RefundOf::Transfer(id) => ledger::find(tx, *id).await?,
            RefundOf::Spend(kind, name) => {
                ledger::find_by_reference(tx, (*kind).into(), name).await?
            }
        };
        let spend = spend.ok_or(CreditsError::TransactionNotFound)?;
        if !spend.kind.is_spend() {
            return Err(CreditsError::NotRefundable);
        }
        let Some(locked) = lock(tx, WalletKey::Id(spend.wallet), &naming).await? else {
            return Err(CreditsError::WalletNotFound);
        };
        let mut purse = locked.purse;
        let amount = refund
            .amount
            .map(|amount| purse.wallet.positive(amount))
            .transpose()?;
        if let Some(known) = locked.known {
            return known_refund(tx, known, &purse.wallet, &spend, amount).await;
        }
        let taken = ledger::taken(tx, spend.id).await?;
        let left: i64 = taken.iter().map(|part| part.amount).sum();
        let amount = amount.unwrap_or(left);
        if amount == 0 {
            return Err(CreditsError::RefundTooLarge(purse.wallet.money(0)));
        }
        let before = purse.wallet.balance;
        let posting = purse.refund(naming, spend.id, taken, amount)?;
        self.book(tx, Batch::new(), &mut purse.wallet, &posting, before)
            .await
    }

    /// How much of a spend was not given back, in minor units.
    pub async fn kept_in_tx(&self, tx: &Transaction, spend: TransferId) -> Result<i64, Fault> {
        let taken = ledger::taken(tx, spend).await?;
        Ok(taken.iter().map(|part| part.amount).sum())
    }

    /// Writes a booking and the wallet after it.
    pub(crate) async fn book(
        &self,
        tx: &Transaction,
        mut batch: Batch,
        wallet: &mut Wallet,
        posting: &Posting,
        before: i64,
    ) -> Result<Booked, CreditsError> {
        ledger::post(&mut batch, wallet, posting, &tx.scope().actor().label());
        if let Some(threshold) = wallet.low_balance_threshold
            && wallet.fell_low(before)
        {
            let event = LowBalance {
                wallet: wallet.id,
                balance: wallet.balance,
                threshold,
            };
            self.queue.publish_with(tx, &mut batch, &event)?;
        }
        let was_enough = wallet
            .auto_top_up_below
            .is_some_and(|below| before >= below);
        if was_enough && wallet.wants_top_up(None) {
            let event = AutoTopUpDue {
                wallet: wallet.id,
                needed: None,
            };
            self.queue.publish_with(tx, &mut batch, &event)?;
        }
        wallets::save(tx, batch, wallet).await.map_err(reused)?;
        Ok(Booked {
            transfer: posting.id,
            wallet: wallet.id,
            balance_after: posting.balance_after,
            currency: wallet.currency,
            is_new: true,
        })
    }

    /// The name of a booking that is made now.
    pub(crate) fn naming(
        &self,
        kind: TransferKind,
        reference: &str,
    ) -> Result<Naming, CreditsError> {
        if !(1..=MAX_REFERENCE).contains(&reference.len()) {
            return Err(CreditsError::InvalidReference);
        }
        let at = self.now();
        Ok(Naming {
            id: TransferId::new(at),
            kind,
            reference: reference.to_owned(),
            at,
        })
    }
}

/// A wallet under lock, and what was booked under a name, if one is given. One
/// that is named by its owner is made if there is none.
pub(crate) async fn lock_or_make(
    tx: &Transaction,
    key: WalletKey,
    name: Option<(TransferKind, &str)>,
    now: Timestamp,
) -> Result<Locked, CreditsError> {
    if let Some(locked) = wallets::lock(tx, key, name).await? {
        return Ok(locked);
    }
    let WalletKey::Of { user, currency } = key else {
        return Err(CreditsError::WalletNotFound);
    };
    let new = Wallet::new(WalletId::new(now), user, currency, now);
    let (sql, values) = wallets::insert(&new);
    tx.run(sql, values).await?;
    wallets::lock(tx, key, name)
        .await?
        .ok_or_else(|| Fault::transient("a wallet that was made is not there").into())
}

/// A wallet under lock, and what was booked under a name.
pub(crate) async fn lock(
    tx: &Transaction,
    key: WalletKey,
    naming: &Naming,
) -> Result<Option<Locked>, Fault> {
    wallets::lock(tx, key, Some((naming.kind, &naming.reference))).await
}

/// A wallet under lock.
pub(crate) async fn lock_purse(tx: &Transaction, wallet: WalletId) -> Result<Purse, CreditsError> {
    wallets::lock(tx, WalletKey::Id(wallet), None)
        .await?
        .map(|locked| locked.purse)
        .ok_or(CreditsError::WalletNotFound)
}

/// Who has no wallet has no credit.
pub(crate) fn nothing_there(key: WalletKey, needed: Money) -> CreditsError {
    match key {
        WalletKey::Id(_) => CreditsError::WalletNotFound,
        WalletKey::Of { currency, .. } if currency != needed.currency => {
            CreditsError::CurrencyMismatch(currency)
        }
        WalletKey::Of { .. } if needed.minor < 1 => CreditsError::InvalidAmount,
        WalletKey::Of { currency, .. } => CreditsError::InsufficientCredit {
            needed,
            available: Money::zero(currency),
        },
    }
}

/// Somebody else booked under the same name, in another wallet, at the same
/// moment.
fn reused(fault: Fault) -> CreditsError {
    if fault.violates(ledger::UNIQUE_REFERENCE) {
        CreditsError::ReferenceReused
    } else {
        fault.into()
    }
}

fn answer(known: &Transfer, wallet: &Wallet) -> Booked {
    Booked {
        transfer: known.id,
        wallet: wallet.id,
        balance_after: known.balance_after,
        currency: wallet.currency,
        is_new: false,
    }
}

async fn load(tx: &Transaction, id: TransferId) -> Result<Transfer, CreditsError> {
    ledger::find(tx, id)
        .await?
        .ok_or_else(|| Fault::permanent("a transfer without an entry of a wallet").into())
}

/// What was booked under a name, if it is what is asked for now.
pub(crate) async fn known_booking(
    tx: &Transaction,
    known: TransferId,
    wallet: &Wallet,
    amount: Option<i64>,
) -> Result<Booked, CreditsError> {
    let known = load(tx, known).await?;
    let same = amount.is_none_or(|amount| amount == known.amount);
    if known.wallet != wallet.id || !same {
        return Err(CreditsError::ReferenceReused);
    }
    Ok(answer(&known, wallet))
}

async fn known_refund(
    tx: &Transaction,
    known: TransferId,
    wallet: &Wallet,
    spend: &Transfer,
    amount: Option<i64>,
) -> Result<Booked, CreditsError> {
    let known = load(tx, known).await?;
    let same =
        known.reverses == Some(spend.id) && amount.is_none_or(|amount| amount == known.amount);
    if !same {
        return Err(CreditsError::ReferenceReused);
    }
    Ok(answer(&known, wallet))
}
