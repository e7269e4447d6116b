//! Wallets, as those who run the shop see and change them.

use credits_model::CreditsError;
use credits_model::events::WalletFrozen;
use credits_model::hold::Hold;
use credits_model::lot::Lot;
use credits_model::transfer::{Transaction, TransferKind};
use credits_model::wallet::{Wallet, WalletKey, WalletStatus};
use credits_repository::{holds, ledger, lots, wallets};
use database::{Batch, Once, OnceTransaction};
use kernel::{
    AuditEntry, Audited as _, LotId, Money, Page, PageRequest, Permission, Scope, Snapshot,
    Timestamp, TransferId, UserId, WalletId,
};

use crate::booking::{Credit, CreditSource, RefundOf, RefundSpend, lock_purse};
use crate::{Credits, TransactionFilter, WalletFilter};

/// How many lots and holds are shown with a wallet.
const SHOWN: i64 = 100;

/// A wallet with what it is made of.
#[derive(Debug, Clone)]
pub struct WalletDetail {
    /// The wallet.
    pub wallet: Wallet,
    /// Lots of which something is left, in the order in which they are
    /// burned; the first hundred.
    pub lots: Vec<Lot>,
    /// Open holds, the first to end first; the first hundred.
    pub holds: Vec<Hold>,
}

/// Something to put right by hand.
#[derive(Debug, Clone)]
pub struct Adjustment {
    /// How much more there is to be; negative to take away.
    pub amount: Money,
    /// Why.
    pub reason: String,
}

/// Credit to give away.
#[derive(Debug, Clone)]
pub struct Grant {
    /// How much.
    pub amount: Money,
    /// When what is left of it expires.
    pub expires_at: Option<Timestamp>,
    /// Which gift is burned first: the lower one.
    pub priority: Option<i64>,
    /// Why.
    pub reason: String,
}

/// A spend to give back.
#[derive(Debug, Clone)]
pub struct AdminRefund {
    /// Which.
    pub transaction: TransferId,
    /// How much; all that is left when absent.
    pub amount: Option<Money>,
    /// Why.
    pub reason: String,
}

impl Credits {
    /// Wallets, newest first.
    pub async fn wallets(
        &self,
        scope: &Scope,
        filter: &WalletFilter,
        page: PageRequest<WalletId>,
    ) -> Result<Page<Wallet, WalletId>, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        Ok(wallets::list(&db, filter, page).await?)
    }

    /// One wallet.
    pub async fn wallet(&self, scope: &Scope, id: WalletId) -> Result<WalletDetail, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        let wallet = wallets::find(&db, WalletKey::Id(id))
            .await?
            .ok_or(CreditsError::WalletNotFound)?;
        Ok(WalletDetail {
            lots: lots::open(&db, &wallet, SHOWN).await?,
            holds: holds::open(&db, id, SHOWN).await?,
            wallet,
        })
    }

    /// Transactions of any wallet, newest first.
    pub async fn wallet_transactions(
        &self,
        scope: &Scope,
        id: WalletId,
        filter: &TransactionFilter,
        page: &PageRequest<i64>,
    ) -> Result<Page<Transaction, i64>, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        let wallet = wallets::find(&db, WalletKey::Id(id))
            .await?
            .ok_or(CreditsError::WalletNotFound)?;
        Ok(ledger::transactions(&db, &wallet, filter, page).await?)
    }

    /// Makes the wallet of a user in the tenant's currency, or answers the one
    /// they have.
    pub async fn open_wallet(&self, scope: &Scope, user: UserId) -> Result<Wallet, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        let user = self
            .accounts
            .contact(scope, user)
            .await?
            .ok_or(accounts_model::AccountsError::UserNotFound)?;
        let currency = self.tenant(scope).await?.settings.currency;
        let now = self.now();
        let tx = match self.begin::<Wallet>(scope, "wallet.open").await? {
            Once::Replayed(wallet) => return Ok(wallet),
            Once::Fresh(tx) => tx,
        };
        let key = WalletKey::Of {
            user: user.id,
            currency,
        };
        let (sql, values) =
            wallets::insert(&Wallet::new(WalletId::new(now), user.id, currency, now));
        tx.run(sql, values).await?;
        let wallet = wallets::find(&tx, key)
            .await?
            .ok_or(CreditsError::WalletNotFound)?;
        let entry = AuditEntry::new("wallet.open", wallet.id).after(&wallet);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(wallet).await?)
    }

    /// Adds to a wallet, or takes away from what is available in it.
    pub async fn adjust_wallet(
        &self,
        scope: &Scope,
        id: WalletId,
        adjustment: &Adjustment,
    ) -> Result<Wallet, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        let tx = match self.begin::<Wallet>(scope, "wallet.adjust").await? {
            Once::Replayed(wallet) => return Ok(wallet),
            Once::Fresh(tx) => tx,
        };
        let mut purse = lock_purse(&tx, id).await?;
        let before = purse.wallet.clone();
        let amount = adjustment.amount;
        let size = before.positive(Money::new(amount.minor.saturating_abs(), amount.currency))?;
        let mut naming = self.naming(TransferKind::AdminAdjustment, "its own id")?;
        naming.reference = naming.id.to_string();
        let posting = if amount.minor > 0 {
            let lot = LotId::new(naming.at);
            purse.credit(naming, lot, CreditSource::Adjustment.terms(), size)?
        } else if before.available() < size {
            let most = before.money(before.available());
            return Err(CreditsError::AdjustmentTooLarge(most));
        } else {
            purse.debit(naming, size)?
        };
        let wallet = &mut purse.wallet;
        let booked = self
            .book(&tx, Batch::new(), wallet, &posting, before.balance)
            .await?;
        let (action, reason) = ("wallet.adjust", &adjustment.reason);
        self.explain(tx, action, &before, booked.transfer, reason)
            .await
    }

    /// Gives credit away.
    pub async fn grant_credit(
        &self,
        scope: &Scope,
        id: WalletId,
        grant: &Grant,
    ) -> Result<Wallet, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        let tx = match self.begin::<Wallet>(scope, "wallet.grant").await? {
            Once::Replayed(wallet) => return Ok(wallet),
            Once::Fresh(tx) => tx,
        };
        let before = lock_purse(&tx, id).await?.wallet;
        let credit = Credit {
            wallet: WalletKey::Id(id),
            source: CreditSource::Gift {
                expires_at: grant.expires_at,
                priority: grant.priority,
            },
            reference: TransferId::new(self.now()).to_string(),
            amount: grant.amount,
        };
        let booked = self.credit_in_tx(&tx, &credit).await?;
        self.explain(tx, "wallet.grant", &before, booked.transfer, &grant.reason)
            .await
    }

    /// Gives a spend of the wallet back, or a part of it.
    pub async fn refund_spend(
        &self,
        scope: &Scope,
        id: WalletId,
        refund: &AdminRefund,
    ) -> Result<Wallet, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        let tx = match self.begin::<Wallet>(scope, "wallet.refund").await? {
            Once::Replayed(wallet) => return Ok(wallet),
            Once::Fresh(tx) => tx,
        };
        let before = lock_purse(&tx, id).await?.wallet;
        let spend = ledger::find(&tx, refund.transaction).await?;
        let spend = spend.filter(|spend| spend.wallet == id);
        let spend = spend.ok_or(CreditsError::TransactionNotFound)?;
        if spend.kind == TransferKind::Order {
            return Err(CreditsError::RefundOfOrder);
        }
        let wanted = RefundSpend {
            of: RefundOf::Transfer(refund.transaction),
            reference: TransferId::new(self.now()).to_string(),
            amount: refund.amount,
        };
        let booked = self.refund_in_tx(&tx, &wanted).await?;
        self.explain(
            tx,
            "wallet.refund",
            &before,
            booked.transfer,
            &refund.reason,
        )
        .await
    }

    /// Freezes a wallet, or lets its owner use it again.
    pub async fn freeze_wallet(
        &self,
        scope: &Scope,
        id: WalletId,
        frozen: bool,
    ) -> Result<Wallet, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        let action = if frozen {
            "wallet.freeze"
        } else {
            "wallet.unfreeze"
        };
        let tx = match self.begin::<Wallet>(scope, action).await? {
            Once::Replayed(wallet) => return Ok(wallet),
            Once::Fresh(tx) => tx,
        };
        let mut wallet = lock_purse(&tx, id).await?.wallet;
        let before = wallet.clone();
        let wanted = if frozen {
            WalletStatus::Frozen
        } else {
            WalletStatus::Active
        };
        if wallet.status == WalletStatus::Closed {
            return Err(CreditsError::Closed);
        }
        if wallet.status == wanted {
            return Err(CreditsError::AlreadyThere(wanted.into()));
        }
        wallet.status = wanted;
        wallet.updated_at = self.now();
        let mut batch = Batch::new();
        let event = WalletFrozen { wallet: id, frozen };
        self.queue.publish_with(&tx, &mut batch, &event)?;
        wallets::save(&tx, batch, &mut wallet).await?;
        self.done(tx, action, &before, wallet).await
    }

    pub(crate) async fn begin<T: serde::de::DeserializeOwned>(
        &self,
        scope: &Scope,
        name: &'static str,
    ) -> Result<Once<T>, CreditsError> {
        Ok(self
            .database
            .begin_once::<T>(scope, name, self.now())
            .await?)
    }

    /// Keeps why something was booked, and ends the transaction.
    async fn explain(
        &self,
        tx: OnceTransaction,
        action: &'static str,
        before: &Wallet,
        transfer: TransferId,
        reason: &str,
    ) -> Result<Wallet, CreditsError> {
        let (sql, values) = ledger::note(transfer, reason);
        tx.run(sql, values).await?;
        let wallet = wallets::find(&tx, WalletKey::Id(before.id))
            .await?
            .ok_or(CreditsError::WalletNotFound)?;
        self.done(tx, action, before, wallet).await
    }

    /// Records what was done, and ends the transaction.
    async fn done(
        &self,
        tx: OnceTransaction,
        action: &'static str,
        before: &Wallet,
        wallet: Wallet,
    ) -> Result<Wallet, CreditsError> {
        let before: Snapshot = before.snapshot();
        let entry = AuditEntry::new(action, wallet.id);
        self.record(&tx, entry.before(&before).after(&wallet))
            .await?;
        Ok(tx.commit_with(wallet).await?)
    }
}
