//! Stock for orders, in the transactions that place, pay, cancel, ship and
//! refund them.

use std::collections::BTreeMap;

use catalog_model::CatalogError;
use catalog_model::stock::{Demand, MovementKind, StockItem};
use catalog_repository::reservations::{self, Reservation};
use catalog_repository::stock::{Cause, Change};
use database::{Batch, Transaction};
use kernel::{Fault, OrderId, StockItemId, Timestamp};

use crate::Catalog;

/// Pieces of piles that were promised and are not there.
pub type Owed = Vec<(StockItemId, i64)>;

/// What came of handing over what an order was promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sold {
    /// Whether it was promised anything any more.
    pub any: bool,
    /// What of it is not there, and stays promised until it is shipped.
    pub owed: Owed,
}

impl Catalog {
    /// Promises stock to an order until an instant; what of it is not there
    /// yet, because a pile sells beyond what it holds. When there is not
    /// enough, the error names the piles that hold too little, and the
    /// transaction must be rolled back. What remains to be written goes into
    /// the batch.
    pub async fn reserve_in_tx(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: OrderId,
        demand: &Demand,
        until: Timestamp,
    ) -> Result<Owed, CatalogError> {
        let changes: Vec<Change> = demand
            .iter()
            .map(|(item, quantity)| Change {
                item,
                on_hand: 0,
                reserved: quantity,
                owed: 0,
            })
            .collect();
        let cause = self.for_order(MovementKind::Reserved, order);
        let changed = self.apply(tx, &changes, cause).await?;
        if changed.len() < changes.len() {
            return Err(CatalogError::OutOfStock(missing(&changes, &changed)));
        }
        let reserved: Vec<Reservation> = changes
            .iter()
            .zip(&changed)
            .map(|(change, pile)| Reservation {
                item: pile.id,
                quantity: change.reserved,
                owed: pile.short_of(change.reserved),
            })
            .collect();
        if !reserved.is_empty() {
            batch.add(reservations::insert(order, &reserved, false, until));
        }
        Ok(owed_of(&reserved))
    }

    /// Takes back what an order was promised. Again is no error: then there is
    /// nothing to take back.
    pub async fn release_in_tx(
        &self,
        tx: &Transaction,
        order: OrderId,
    ) -> Result<bool, CatalogError> {
        let taken = reservations::take(tx, order).await?;
        let changes: Vec<Change> = taken
            .iter()
            .map(|one| Change {
                item: one.item,
                on_hand: 0,
                reserved: -one.quantity,
                owed: -one.owed,
            })
            .collect();
        self.settle(tx, order, MovementKind::Released, &changes)
            .await?;
        Ok(!taken.is_empty())
    }

    /// Hands over what an order was promised: the promise and the pieces are
    /// gone. What is not there yet stays promised until it is shipped.
    pub async fn sell_in_tx(&self, tx: &Transaction, order: OrderId) -> Result<Sold, CatalogError> {
        let taken = reservations::take(tx, order).await?;
        let changes: Vec<Change> = taken
            .iter()
            .filter(|one| one.quantity > one.owed)
            .map(|one| Change {
                item: one.item,
                on_hand: one.owed - one.quantity,
                reserved: one.owed - one.quantity,
                owed: 0,
            })
            .collect();
        self.settle(tx, order, MovementKind::Sold, &changes).await?;
        let waiting: Vec<Reservation> = taken
            .iter()
            .filter(|one| one.owed > 0)
            .map(|one| Reservation {
                quantity: one.owed,
                ..*one
            })
            .collect();
        if !waiting.is_empty() {
            let (sql, values) = reservations::insert(order, &waiting, true, self.now());
            tx.run(&sql, values).await?;
        }
        Ok(Sold {
            any: !taken.is_empty(),
            owed: owed_of(&waiting),
        })
    }

    /// Hands over what a paid order still waits for: it is there now. When it
    /// is not, the error names the piles, and the transaction must be rolled
    /// back.
    pub async fn fill_in_tx(
        &self,
        tx: &Transaction,
        order: OrderId,
        wanted: &Demand,
    ) -> Result<(), CatalogError> {
        let changes = self.settle_owed(tx, order, wanted, -1).await?;
        let cause = self.for_order(MovementKind::Filled, order);
        let changed = self.apply(tx, &changes, cause).await?;
        if changed.len() < changes.len() {
            return Err(CatalogError::NotThereYet(missing(&changes, &changed)));
        }
        Ok(())
    }

    /// Takes away promises that wait for goods; `on_hand` of each piece
    /// leaves with it.
    async fn settle_owed(
        &self,
        tx: &Transaction,
        order: OrderId,
        pieces: &Demand,
        on_hand: i64,
    ) -> Result<Vec<Change>, CatalogError> {
        let mut changes = Vec::new();
        for (item, quantity) in pieces.iter() {
            if !reservations::settle_owed(tx, order, item, quantity).await? {
                return Err(Fault::permanent("a line waits for what no reservation holds").into());
            }
            changes.push(Change {
                item,
                on_hand: on_hand * quantity,
                reserved: -quantity,
                owed: -quantity,
            });
        }
        Ok(changes)
    }

    /// Puts back what came back of an order, and takes back what it still
    /// waits for and nobody wants any more: there is nothing to put back of it.
    pub async fn restock_in_tx(
        &self,
        tx: &Transaction,
        order: OrderId,
        returned: &Demand,
        given_up: &Demand,
    ) -> Result<(), CatalogError> {
        let changes = self.settle_owed(tx, order, given_up, 0).await?;
        let mut changes: BTreeMap<StockItemId, Change> = changes
            .into_iter()
            .map(|change| (change.item, change))
            .collect();
        for (item, quantity) in returned.iter() {
            let nothing = Change::on_hand(item, 0);
            changes.entry(item).or_insert(nothing).on_hand += quantity;
        }
        let kind = if returned.is_empty() {
            MovementKind::Released
        } else {
            MovementKind::Restocked
        };
        let changes: Vec<Change> = changes.into_values().collect();
        self.settle(tx, order, kind, &changes).await
    }

    async fn settle(
        &self,
        tx: &Transaction,
        order: OrderId,
        kind: MovementKind,
        changes: &[Change],
    ) -> Result<(), CatalogError> {
        let changed = self.apply(tx, changes, self.for_order(kind, order)).await?;
        if changed.len() < changes.len() {
            return Err(Fault::permanent("a reservation exceeds its pile").into());
        }
        Ok(())
    }

    fn for_order(&self, kind: MovementKind, order: OrderId) -> Cause<'static> {
        Cause {
            kind,
            reason: None,
            order: Some(order),
            now: self.now(),
        }
    }
}

/// The piles that did not change.
fn missing(changes: &[Change], changed: &[StockItem]) -> Vec<StockItemId> {
    let items = changes.iter().map(|change| change.item);
    items
        .filter(|item| !changed.iter().any(|pile| pile.id == *item))
        .collect()
}

fn owed_of(reservations: &[Reservation]) -> Owed {
    let owed = reservations.iter().filter(|one| one.owed > 0);
    owed.map(|one| (one.item, one.owed)).collect()
}
