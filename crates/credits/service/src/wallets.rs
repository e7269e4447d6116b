//! A wallet, as its owner sees it.

use credits_model::CreditsError;
use credits_model::transfer::Transaction;
use credits_model::wallet::{MAX_BALANCE, Wallet, WalletKey};
use credits_repository::{ledger, wallets};
use database::{Batch, retrying};
use kernel::{Currency, Money, Page, PageRequest, Scope};

use crate::booking::lock_or_make;
use crate::{Credits, TransactionFilter};

/// The caller's wallet; those who never had credit have none yet.
#[derive(Debug, Clone)]
pub struct OwnWallet {
    /// The wallet.
    pub wallet: Option<Wallet>,
    /// In which currency it is, or would be.
    pub currency: Currency,
}

impl Credits {
    /// Which wallet is the caller's: that in the tenant's currency.
    pub(crate) async fn own_key(&self, scope: &Scope) -> Result<WalletKey, CreditsError> {
        let user = scope.require_user()?;
        let currency = self.tenant(scope).await?.settings.currency;
        Ok(WalletKey::Of { user, currency })
    }

    /// The caller's wallet.
    pub async fn own_wallet(&self, scope: &Scope) -> Result<OwnWallet, CreditsError> {
        let user = scope.require_user()?;
        let currency = self.tenant(scope).await?.settings.currency;
        let db = self.database.read(scope).await?;
        let wallet = wallets::find(&db, WalletKey::Of { user, currency }).await?;
        Ok(OwnWallet { wallet, currency })
    }

    /// Transactions of the caller's wallet, newest first.
    pub async fn own_transactions(
        &self,
        scope: &Scope,
        filter: &TransactionFilter,
        page: &PageRequest<i64>,
    ) -> Result<Page<Transaction, i64>, CreditsError> {
        let key = self.own_key(scope).await?;
        let db = self.database.read(scope).await?;
        let Some(wallet) = wallets::find(&db, key).await? else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        Ok(ledger::transactions(&db, &wallet, filter, page).await?)
    }

    /// Lets the caller be told when the balance falls below an amount, or no
    /// longer.
    pub async fn change_threshold(
        &self,
        scope: &Scope,
        threshold: Option<Money>,
    ) -> Result<Wallet, CreditsError> {
        let key = self.own_key(scope).await?;
        retrying("wallet.threshold", || {
            self.change_threshold_once(scope, key, threshold)
        })
        .await
    }

    async fn change_threshold_once(
        &self,
        scope: &Scope,
        key: WalletKey,
        threshold: Option<Money>,
    ) -> Result<Wallet, CreditsError> {
        let WalletKey::Of { currency, .. } = key else {
            return Err(CreditsError::WalletNotFound);
        };
        if let Some(threshold) = threshold {
            if threshold.currency != currency {
                return Err(CreditsError::CurrencyMismatch(currency));
            }
            if !(1..=MAX_BALANCE).contains(&threshold.minor) {
                return Err(CreditsError::InvalidAmount);
            }
        }
        let now = self.now();
        let tx = self.database.begin_write(scope, "wallet.threshold").await?;
        let mut wallet = lock_or_make(&tx, key, None, now).await?.purse.wallet;
        wallet.low_balance_threshold = threshold.map(|threshold| threshold.minor);
        wallet.updated_at = now;
        wallets::save(&tx, Batch::new(), &mut wallet).await?;
        tx.commit().await?;
        Ok(wallet)
    }
}
