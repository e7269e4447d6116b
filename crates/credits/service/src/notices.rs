//! Mails about wallets.

use accounts_model::mails::MailKind;
use accounts_service::Letter;
use credits_model::CreditsError;
use credits_model::jobs::SendLowBalance;
use credits_model::mails::{AUTO_TOP_UP_STOPPED, WALLET_LOW, WalletMail};
use credits_model::wallet::{Wallet, WalletKey};
use credits_repository::{auto_top_ups, wallets};
use kernel::{JobId, Scope, WalletId};
use serde_json::json;

use crate::Credits;

/// What a mail says besides the balance.
#[derive(Default)]
struct About<'a> {
    balance: i64,
    threshold: i64,
    amount: Option<i64>,
    method: Option<&'a str>,
    reason: Option<&'a str>,
}

impl Credits {
    /// Mails the owner of a wallet that its balance is low; called by its job.
    pub async fn send_low_balance(
        &self,
        scope: &Scope,
        job: JobId,
        told: &SendLowBalance,
    ) -> Result<(), CreditsError> {
        let db = self.database.read(scope).await?;
        let wallet = wallets::find(&db, WalletKey::Id(told.wallet)).await?;
        drop(db);
        let Some(wallet) = wallet else { return Ok(()) };
        let about = About {
            balance: told.balance,
            threshold: told.threshold,
            ..About::default()
        };
        self.mail_owner(scope, job, &wallet, &WALLET_LOW, &about)
            .await
    }

    /// Mails the owner of a wallet that automatic top-ups of it stopped;
    /// called by its job. Nobody is told who turned them on again since.
    pub async fn send_auto_top_up_stopped(
        &self,
        scope: &Scope,
        job: JobId,
        wallet: WalletId,
    ) -> Result<(), CreditsError> {
        let db = self.database.read(scope).await?;
        let found = wallets::find(&db, WalletKey::Id(wallet)).await?;
        let auto = auto_top_ups::find(&db, wallet).await?;
        drop(db);
        let (Some(wallet), Some(auto)) = (found, auto) else {
            return Ok(());
        };
        let Some(terms) = auto.terms.filter(|_| auto.below().is_none()) else {
            return Ok(());
        };
        let about = About {
            balance: wallet.balance,
            threshold: terms.threshold,
            amount: Some(terms.amount),
            method: Some(&auto.method.label),
            reason: auto.failure.as_deref(),
        };
        self.mail_owner(scope, job, &wallet, &AUTO_TOP_UP_STOPPED, &about)
            .await
    }

    /// Mails the owner of a wallet. Addresses that were never proven are not
    /// written to.
    async fn mail_owner(
        &self,
        scope: &Scope,
        job: JobId,
        wallet: &Wallet,
        kind: &'static MailKind,
        about: &About<'_>,
    ) -> Result<(), CreditsError> {
        let owner = self.accounts.contact(scope, wallet.user).await?;
        let Some(owner) = owner.filter(|owner| owner.email_verified_at.is_some()) else {
            return Ok(());
        };
        let tenant = self.tenant(scope).await?;
        let mut link = self.accounts.home(&tenant);
        link.set_path("wallet");
        let values = WalletMail {
            name: &owner.name,
            balance: wallet.money(about.balance).to_string(),
            threshold: wallet.money(about.threshold).to_string(),
            link: link.into(),
            amount: about.amount.map(|minor| wallet.money(minor).to_string()),
            method: about.method,
            reason: about.reason,
        };
        let letter = Letter {
            kind,
            to: owner.email.as_str(),
            languages: &[owner.locale.as_deref()],
            values: json!(values),
            key: job.to_string(),
            unsubscribe: None,
        };
        Ok(self.accounts.send_letter(scope, letter).await?)
    }
}
