//! Proving that what is cached of wallets is what was booked.

use credits_model::CreditsError;
use credits_model::proof::Proof;
use credits_repository::proof;
use kernel::{Permission, Scope, WalletId, last_of_full};

use crate::Credits;

/// How many wallets are proven at once.
const AT_ONCE: i64 = 100;

impl Credits {
    /// Proves a wallet: its balance is what its entries and its lots add up
    /// to, each transfer balances, and so on.
    pub async fn verify_wallet(&self, scope: &Scope, id: WalletId) -> Result<Proof, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        proof::of(&db, id)
            .await?
            .ok_or(CreditsError::WalletNotFound)
    }

    /// Proves all wallets and that all entries add up to nothing; called by
    /// its job. Answers the wallets that do not hold, which are logged as
    /// errors: there are none unless somebody wrote to the database by hand.
    pub async fn prove_wallets(&self, scope: &Scope) -> Result<Vec<WalletId>, CreditsError> {
        let mut wrong = Vec::new();
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let some = proof::some(&db, last, AT_ONCE).await?;
            drop(db);
            for proof in some.iter().filter(|proof| !proof.holds()) {
                let figures: Vec<_> = proof.figures.iter().filter(|one| !one.holds()).collect();
                tracing::error!(wallet = %proof.wallet, ?figures, "a wallet is not what was booked");
                wrong.push(proof.wallet);
            }
            last = match last_of_full(&some, AT_ONCE) {
                Some(proof) => Some(proof.wallet),
                None => break,
            };
        }
        let db = self.database.read(scope).await?;
        let sum = proof::sum_of_entries(&db).await?;
        if sum != 0 {
            tracing::error!(sum, "the ledger does not balance");
        }
        Ok(wrong)
    }
}
