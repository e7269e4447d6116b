//! Comparing what is promised of piles with their reservations.

use std::collections::HashMap;

use catalog_model::CatalogError;
use catalog_model::stock::MovementKind;
use catalog_model::stock_sync::{Mended, SyncReport};
use catalog_repository::stock::{Cause, Change};
use catalog_repository::stock_sync::Held;
use catalog_repository::{piles, stock_sync};
use database::{Once, Transaction};
use kernel::{AuditEntry, Permission, Scope, StockItemId};

use crate::Catalog;

/// How many piles are mended in one transaction.
const AT_ONCE: i64 = 200;
/// How many transactions one job runs; the rest comes with the next.
const ROUNDS: usize = 50;
/// What the movements say.
const REASON: &str = "what is promised differed from the reservations";

impl Catalog {
    /// Compares all piles with their reservations and mends what differs, as
    /// an administrator asks for it; up to a number of piles.
    pub async fn run_stock_sync(&self, scope: &Scope) -> Result<SyncReport, CatalogError> {
        scope.require(Permission::StockWrite)?;
        let tx = match self
            .database
            .begin_once::<SyncReport>(scope, "stock.sync", self.now())
            .await?
        {
            Once::Replayed(report) => return Ok(report),
            Once::Fresh(tx) => tx,
        };
        let mut report = self.new_report(&tx).await?;
        self.mend(&tx, &mut report).await?;
        stock_sync::keep(&tx, &report).await?;
        let entry = AuditEntry::new("stock.sync", scope.tenant()).after(&report);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(report).await?)
    }

    /// The same to the end; called by its job. What it mends is in the audit
    /// log.
    pub async fn sync_stock(&self, scope: &Scope) -> Result<(), CatalogError> {
        scope.require(Permission::StockWrite)?;
        let mut report: Option<SyncReport> = None;
        for _ in 0..ROUNDS {
            let tx = self.database.begin_write(scope, "stock.sync").await?;
            let mut so_far = match report.take() {
                Some(report) => report,
                None => self.new_report(&tx).await?,
            };
            let before = so_far.mended;
            self.mend(&tx, &mut so_far).await?;
            stock_sync::keep(&tx, &so_far).await?;
            if so_far.mended > before {
                tracing::warn!(
                    mended = so_far.mended,
                    "stock differed from its reservations"
                );
                let entry = AuditEntry::new("stock.sync", scope.tenant()).after(&so_far);
                self.record(&tx, entry).await?;
            }
            tx.commit().await?;
            let (more, got_on) = (so_far.more, so_far.mended > before);
            if !more || !got_on {
                break;
            }
            report = Some(so_far);
        }
        Ok(())
    }

    /// What the last run found and did; none before the first.
    pub async fn last_stock_sync(&self, scope: &Scope) -> Result<SyncReport, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        stock_sync::last(&db).await?.ok_or(CatalogError::NoSyncYet)
    }

    async fn new_report(&self, tx: &Transaction) -> Result<SyncReport, CatalogError> {
        let now = self.now();
        Ok(SyncReport {
            actor: tx.scope().actor().label(),
            started_at: now,
            finished_at: now,
            piles: stock_sync::count(tx).await?,
            mended: 0,
            oversold: 0,
            named: Vec::new(),
            more: false,
        })
    }

    /// Mends piles that differ. They are found without a lock, and compared
    /// again once they are locked: an order that is being placed or settled
    /// changes a pile and its reservations under that lock, and is seen whole
    /// or not at all.
    async fn mend(&self, tx: &Transaction, report: &mut SyncReport) -> Result<(), CatalogError> {
        let found = stock_sync::differing(tx, None, AT_ONCE).await?;
        report.more = i64::try_from(found.len()).is_ok_and(|found| found == AT_ONCE);
        if !found.is_empty() {
            let locked = piles::lock_all(tx, &found).await?;
            let held: HashMap<StockItemId, Held> =
                stock_sync::held(tx, &found).await?.into_iter().collect();
            let mut changes = Vec::new();
            for pile in locked {
                let mut held = held.get(&pile.id).copied().unwrap_or_default();
                // More was promised than is there: the newest promises wait.
                let oversold = (held.quantity - held.owed - pile.on_hand).max(0);
                if oversold > 0 {
                    held.owed += stock_sync::owe(tx, pile.id, oversold).await?;
                }
                let reserved = held.quantity.min(pile.on_hand + held.owed);
                let change = Change {
                    item: pile.id,
                    on_hand: 0,
                    reserved: reserved - pile.reserved,
                    owed: held.owed - pile.owed,
                };
                if change.reserved == 0 && change.owed == 0 {
                    continue;
                }
                changes.push(change);
                report.add(Mended {
                    stock_item: pile.id,
                    product: pile.product,
                    reserved_before: pile.reserved,
                    reserved_after: reserved,
                    oversold,
                });
            }
            let cause = Cause {
                kind: MovementKind::Mended,
                reason: Some(REASON),
                order: None,
                now: self.now(),
            };
            let changed = self.apply(tx, &changes, cause).await?;
            if changed.len() < changes.len() {
                return Err(kernel::Fault::permanent("a pile cannot be mended").into());
            }
        }
        report.finished_at = self.now();
        Ok(())
    }
}
