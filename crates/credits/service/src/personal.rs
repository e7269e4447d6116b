//! What wallets know about a person: handing it out, and forgetting it.
//!
//! The ledger stays: accounting has to keep it, and it names nobody. The
//! wallet is closed.

use accounts_service::{NotErased, Person, PersonalData};
use credits_model::jobs::ForgetMethod;
use credits_model::wallet::Wallet;
use credits_repository::{auto_top_ups, ledger, personal, top_ups, wallets};
use database::{Scoped, Transaction};
use kernel::{Fault, PageRequest, Scope};
use serde_json::{Value, json};

use crate::{Credits, TopUpFilter, TransactionFilter};

/// How many transactions are read at a time.
const AT_ONCE: u64 = 500;

#[async_trait::async_trait]
impl PersonalData for Credits {
    fn part(&self) -> &'static str {
        "credits"
    }

    async fn export(&self, scope: &Scope, person: &Person) -> Result<Value, Fault> {
        let db = self.database.read(scope).await?;
        let mut all = Vec::new();
        for wallet in wallets::of(&db, person.id).await? {
            let mut transactions = Vec::new();
            let mut page = PageRequest::first(AT_ONCE);
            loop {
                let filter = TransactionFilter::default();
                let part = ledger::transactions(&db, &wallet, &filter, &page).await?;
                transactions.extend(part.items.iter().map(|one| {
                    json!({
                        "id": one.id,
                        "type": one.kind,
                        "reference": one.reference,
                        "amount": one.amount,
                        "balance_after": one.balance_after,
                        "reason": one.reason,
                        "created_at": one.created_at,
                    })
                }));
                page.after = part.next;
                if page.after.is_none() {
                    break;
                }
            }
            let top_ups = self.top_ups_of(&db, &wallet).await?;
            all.push(json!({
                "wallet": wallet,
                "transactions": transactions,
                "top_ups": top_ups,
                "auto_top_up": auto_top_ups::find(&db, wallet.id).await?.map(|auto| json!({
                    "status": auto.status,
                    "terms": auto.terms,
                    "gateway": auto.gateway,
                    "payment_method": auto.method.label,
                    "saved_at": auto.saved_at,
                })),
            }));
        }
        Ok(json!({ "wallets": all }))
    }

    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased> {
        if personal::open_holds(tx, person.id).await? > 0 {
            let why = "credit of the wallet is held; end the services that hold it, or wait until the holds are over";
            return Err(NotErased::InProgress(why.to_owned()));
        }
        if personal::open_top_ups(tx, person.id).await? > 0 {
            let why = "a top-up waits to be paid; pay it, or wait until it is over";
            return Err(NotErased::InProgress(why.to_owned()));
        }
        for auto in auto_top_ups::of(tx, person.id).await? {
            let forget = ForgetMethod {
                gateway: auto.gateway,
                method: auto.method,
            };
            self.queue.enqueue(tx, &forget).await?;
        }
        personal::close(tx, person.id, self.now()).await?;
        Ok(())
    }
}

impl Credits {
    async fn top_ups_of(&self, db: &Scoped, wallet: &Wallet) -> Result<Vec<Value>, Fault> {
        let filter = TopUpFilter {
            wallet: Some(wallet.id),
            ..TopUpFilter::default()
        };
        let mut all = Vec::new();
        let mut page = PageRequest::first(AT_ONCE);
        loop {
            let part = top_ups::list(db, &filter, page.clone()).await?;
            all.extend(part.items.iter().map(|one| {
                json!({
                    "id": one.id,
                    "gateway": one.gateway,
                    "status": one.status,
                    "amount": one.amount,
                    "paid": one.paid,
                    "created_at": one.created_at,
                })
            }));
            page.after = part.next;
            if page.after.is_none() {
                return Ok(all);
            }
        }
    }
}
