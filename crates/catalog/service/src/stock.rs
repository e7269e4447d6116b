//! Changing stock: by hand, and for orders.

use std::collections::HashMap;

use catalog_model::CatalogError;
use catalog_model::events::StockShownChanged;
use catalog_model::stock::{
    Adjustment, Availability, Demand, Movement, MovementKind, StockItem, shown,
};
use catalog_repository::stock::{self, Cause, Change};
use catalog_repository::variants;
use database::{Batch, Once, Transaction};
use kernel::{
    AuditEntry, OrderId, Page, PageRequest, Permission, ProductId, Scope, StockItemId,
    StockMovementId, Timestamp, VariantId,
};

use crate::Catalog;
use crate::index::index;

impl Catalog {
    /// Adjusts the pile of a variant, with a reason that is kept for ever.
    pub async fn adjust_stock(
        &self,
        scope: &Scope,
        variant: VariantId,
        adjustment: Adjustment,
        reason: &str,
    ) -> Result<StockItem, CatalogError> {
        scope.require_within(Permission::StockWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<StockItem>(scope, "stock.adjust", now)
            .await?
        {
            Once::Replayed(item) => return Ok(item),
            Once::Fresh(tx) => tx,
        };
        let item = variants::find(&tx, variant)
            .await?
            .ok_or(CatalogError::VariantNotFound)?
            .stock_item
            .ok_or(CatalogError::NotCounted)?;
        let known = self.locked_pile(&tx, item).await?;
        let change = Change {
            item,
            on_hand: adjustment.delta(known.on_hand)?,
            reserved: 0,
        };
        let cause = Cause {
            kind: MovementKind::Adjusted,
            reason: Some(reason),
            order: None,
            now,
        };
        let changed = self.apply(&tx, &[change], cause).await?;
        let pile = *changed.first().ok_or(CatalogError::BelowReserved)?;
        let entry = AuditEntry::new("stock.adjust", variant);
        self.record(&tx, entry.before(&known).after(&pile)).await?;
        Ok(tx.commit_with(pile).await?)
    }

    /// A pile that nobody else changes until the transaction ends: a change by
    /// nothing takes its lock.
    async fn locked_pile(
        &self,
        tx: &Transaction,
        item: StockItemId,
    ) -> Result<StockItem, CatalogError> {
        stock::lock(tx, item)
            .await?
            .ok_or(CatalogError::VariantNotFound)
    }

    /// The changes of a variant's pile, newest first.
    pub async fn stock_movements(
        &self,
        scope: &Scope,
        variant: VariantId,
        page: PageRequest<StockMovementId>,
    ) -> Result<Page<Movement, StockMovementId>, CatalogError> {
        scope.require_within(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        let item = variants::find(&db, variant)
            .await?
            .ok_or(CatalogError::VariantNotFound)?
            .stock_item
            .ok_or(CatalogError::NotCounted)?;
        let mut page = stock::movements(&db, item, page).await?;
        if scope.seller().is_some() {
            // Who else works or buys here is no business of a seller.
            let own = scope.actor().label();
            for movement in page.items.iter_mut().filter(|one| one.actor != own) {
                "shop".clone_into(&mut movement.actor);
            }
        }
        Ok(page)
    }

    /// Promises stock to an order until an instant. When there is not enough,
    /// the error names the piles that hold too little, and the transaction
    /// must be rolled back. What remains to be written goes into the batch.
    pub async fn reserve_in_tx(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: OrderId,
        demand: &Demand,
        until: Timestamp,
    ) -> Result<(), CatalogError> {
        let changes: Vec<Change> = demand
            .iter()
            .map(|(item, quantity)| Change {
                item,
                on_hand: 0,
                reserved: quantity,
            })
            .collect();
        let cause = self.for_order(MovementKind::Reserved, order);
        let changed = self.apply(tx, &changes, cause).await?;
        if changed.len() < changes.len() {
            let short = changes
                .iter()
                .map(|change| change.item)
                .filter(|item| !changed.iter().any(|pile| pile.id == *item))
                .collect();
            return Err(CatalogError::OutOfStock(short));
        }
        if !demand.is_empty() {
            batch.add(stock::insert_reservations(order, demand.iter(), until));
        }
        Ok(())
    }

    /// Takes back what an order was promised. Again is no error: then there is
    /// nothing to take back.
    pub async fn release_in_tx(
        &self,
        tx: &Transaction,
        order: OrderId,
    ) -> Result<bool, CatalogError> {
        self.settle(tx, order, MovementKind::Released, |quantity| (0, -quantity))
            .await
    }

    /// Hands over what an order was promised: the promise and the pieces are
    /// gone. False when it was promised nothing any more.
    pub async fn sell_in_tx(&self, tx: &Transaction, order: OrderId) -> Result<bool, CatalogError> {
        self.settle(tx, order, MovementKind::Sold, |quantity| {
            (-quantity, -quantity)
        })
        .await
    }

    async fn settle(
        &self,
        tx: &Transaction,
        order: OrderId,
        kind: MovementKind,
        deltas: impl Fn(i64) -> (i64, i64),
    ) -> Result<bool, CatalogError> {
        let changes: Vec<Change> = stock::take_reservations(tx, order)
            .await?
            .into_iter()
            .map(|(item, quantity)| {
                let (on_hand, reserved) = deltas(quantity);
                Change {
                    item,
                    on_hand,
                    reserved,
                }
            })
            .collect();
        let changed = self
            .apply(tx, &changes, self.for_order(kind, order))
            .await?;
        if changed.len() < changes.len() {
            return Err(kernel::Fault::permanent("a reservation exceeds its pile").into());
        }
        Ok(!changes.is_empty())
    }

    /// Puts back what came back of an order.
    pub async fn restock_in_tx(
        &self,
        tx: &Transaction,
        order: OrderId,
        returned: &Demand,
    ) -> Result<(), CatalogError> {
        let changes: Vec<Change> = returned
            .iter()
            .map(|(item, quantity)| Change {
                item,
                on_hand: quantity,
                reserved: 0,
            })
            .collect();
        let cause = self.for_order(MovementKind::Restocked, order);
        self.apply(tx, &changes, cause).await?;
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

    /// Changes piles, and tells everybody if the public sees a difference.
    async fn apply(
        &self,
        tx: &Transaction,
        changes: &[Change],
        cause: Cause<'_>,
    ) -> Result<Vec<StockItem>, CatalogError> {
        let changed = stock::apply(tx, changes, cause).await?;
        if let Some(event) = shown_change(&changed, changes) {
            // Search knows only whether there is any.
            if event.in_lists {
                index(tx, event.products.iter().copied(), self.now()).await?;
            }
            self.queue.publish(tx, &event).await?;
        }
        Ok(changed)
    }
}

/// What the public sees differently after changes; none if it sees no
/// difference, as with most orders.
fn shown_change(changed: &[StockItem], changes: &[Change]) -> Option<StockShownChanged> {
    let deltas: HashMap<StockItemId, i64> = changes
        .iter()
        .map(|change| (change.item, change.on_hand - change.reserved))
        .collect();
    let mut products: Vec<ProductId> = Vec::new();
    let mut in_lists = false;
    for pile in changed {
        let after = pile.available();
        let before = after - deltas.get(&pile.id).copied().unwrap_or(0);
        let (seen_before, seen_after) = (shown(Some(before)), shown(Some(after)));
        if seen_before == seen_after {
            continue;
        }
        let gone = |seen: Availability| seen == Availability::OutOfStock;
        in_lists |= gone(seen_before.availability) != gone(seen_after.availability);
        if !products.contains(&pile.product) {
            products.push(pile.product);
        }
    }
    (!products.is_empty()).then_some(StockShownChanged { products, in_lists })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(on_hand: i64, delta: i64) -> Option<bool> {
        let now = Timestamp::from_seconds(0);
        let id = StockItemId::new(now);
        let pile = StockItem {
            id,
            product: ProductId::new(now),
            on_hand,
            reserved: 0,
        };
        let change = Change {
            item: id,
            on_hand: delta,
            reserved: 0,
        };
        shown_change(&[pile], &[change]).map(|event| event.in_lists)
    }

    #[test]
    fn only_visible_changes_are_announced() {
        assert_eq!(after(99, -1), None);
        assert_eq!(after(10, -1), Some(false));
        assert_eq!(after(3, -1), Some(false));
        assert_eq!(after(0, -1), Some(true));
        assert_eq!(after(1, 1), Some(true));
    }
}
