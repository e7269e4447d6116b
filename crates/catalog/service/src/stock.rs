//! Changing stock by hand, and telling everybody what changed.

use std::collections::HashMap;

use catalog_model::events::{LowPile, ProductChanged, StockLow, StockShownChanged};
use catalog_model::stock::{Adjustment, Movement, MovementKind, StockItem};
use catalog_model::stock_feed::BY_HAND;
use catalog_model::supply::PileChange;
use catalog_model::{BundleError, CatalogError};
use catalog_repository::stock::{self, Cause, Change};
use catalog_repository::stock_counts::{self, Last};
use catalog_repository::{bundles, movements, piles, variants};
use database::{Once, Scoped, Transaction};
use kernel::{
    AuditEntry, Page, PageRequest, Permission, ProductId, Scope, StockItemId, StockMovementId,
    Timestamp, VariantId,
};

use crate::Catalog;
use crate::bundles::{Seen, seen_of_bundles};
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
        let (known, set_aside) = locked_or_set_aside(&tx, variant).await?;
        let delta = adjustment.delta(known.on_hand)?;
        if set_aside && delta > 0 {
            return Err(BundleError::NoStock.into());
        }
        let change = Change::on_hand(known.id, delta);
        let cause = Cause {
            kind: MovementKind::Adjusted,
            reason: Some(reason),
            order: None,
            now,
        };
        let changed = self.apply(&tx, &[change], cause).await?;
        let pile = *changed.first().ok_or(CatalogError::BelowReserved)?;
        if let Adjustment::To(on_hand) = adjustment {
            // Counts that were made before it and come later have no effect.
            let counted = Last {
                item: pile.id,
                source: BY_HAND.to_owned(),
                counted_at: now,
                on_hand,
            };
            stock_counts::note(&tx, &[counted], now).await?;
        }
        let entry = AuditEntry::new("stock.adjust", variant);
        self.record(&tx, entry.before(&known).after(&pile)).await?;
        Ok(tx.commit_with(pile).await?)
    }

    /// Changes what is true of the pile of a variant besides its numbers: from
    /// when on it is low, and whether more is sold than there is.
    pub async fn change_pile(
        &self,
        scope: &Scope,
        variant: VariantId,
        change: PileChange,
    ) -> Result<StockItem, CatalogError> {
        scope.require_within(Permission::StockWrite)?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "stock.change").await?;
        let known = self.locked_pile(&tx, variant).await?;
        let supply = change.supply(known.supply, now)?;
        let low_at = change.low_at.unwrap_or(known.low_at);
        piles::update(&tx, known.id, low_at, supply, now).await?;
        let pile = piles::lock(&tx, known.id)
            .await?
            .ok_or(CatalogError::VariantNotFound)?;
        if pile.supply != known.supply {
            let product = pile.product;
            self.queue.publish(&tx, &ProductChanged { product }).await?;
            self.tell_of_supply(&tx, &pile).await?;
        }
        let available = pile.available();
        if let Some(low) = low_now(&pile, available > known.low_up_to) {
            self.queue
                .publish(&tx, &StockLow { piles: vec![low] })
                .await?;
        }
        let entry = AuditEntry::new("stock.change", variant);
        self.record(&tx, entry.before(&known).after(&pile)).await?;
        tx.commit().await?;
        Ok(pile)
    }

    /// The pile of a variant, which nobody else changes until the transaction
    /// ends.
    async fn locked_pile(
        &self,
        tx: &Transaction,
        variant: VariantId,
    ) -> Result<StockItem, CatalogError> {
        let item = pile_of(tx, variant).await?;
        piles::lock(tx, item)
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
        let item = pile_of(&db, variant).await?;
        let mut page = movements::of_item(&db, item, page).await?;
        if scope.seller().is_some() {
            // Who else works or buys here is no business of a seller.
            let own = scope.actor().label();
            for movement in page.items.iter_mut().filter(|one| one.actor != own) {
                "shop".clone_into(&mut movement.actor);
            }
        }
        Ok(page)
    }

    /// Changes piles, and tells everybody if the public sees a difference or
    /// stock runs low. The row of a pile is locked from its change on, so that
    /// of many at once exactly one takes it over the threshold.
    pub(crate) async fn apply(
        &self,
        tx: &Transaction,
        changes: &[Change],
        cause: Cause<'_>,
    ) -> Result<Vec<StockItem>, CatalogError> {
        let changed = stock::apply(tx, changes, cause).await?;
        let before = availability_before(&changed, changes);
        let mut seen = seen_of(&before, cause.now);
        seen.extend(seen_of_bundles(tx, &before, cause.now).await?);
        if let Some(event) = shown_change(&seen) {
            // Search knows only whether there is any.
            if event.in_lists {
                index(tx, event.products.iter().copied(), self.now()).await?;
            }
            self.queue.publish(tx, &event).await?;
        }
        let piles: Vec<LowPile> = before
            .iter()
            .filter_map(|(pile, before)| low_now(pile, *before > pile.low_up_to))
            .collect();
        if !piles.is_empty() {
            self.queue.publish(tx, &StockLow { piles }).await?;
        }
        Ok(changed)
    }
}

/// What is to be said of a pile that is low now and was not before.
pub(crate) fn low_now(pile: &StockItem, was_enough: bool) -> Option<LowPile> {
    let available = pile.available();
    (was_enough && available <= pile.low_up_to).then_some(LowPile {
        stock_item: pile.id,
        product: pile.product,
        available,
        threshold: pile.low_up_to,
    })
}

/// The changed piles, each with what was available of it before.
fn availability_before(changed: &[StockItem], changes: &[Change]) -> Vec<(StockItem, i64)> {
    let deltas: HashMap<StockItemId, i64> = changes
        .iter()
        .map(|change| (change.item, change.on_hand - change.reserved))
        .collect();
    let before = changed.iter().map(|pile| {
        let delta = deltas.get(&pile.id).copied().unwrap_or(0);
        (*pile, pile.available() - delta)
    });
    before.collect()
}

/// What the public saw and sees of piles.
fn seen_of(changed: &[(StockItem, i64)], now: Timestamp) -> Vec<Seen> {
    let seen = changed.iter().map(|&(pile, before)| {
        let supply = pile.supply.at(now);
        Seen {
            product: pile.product,
            before: (before, supply),
            after: (pile.available(), supply),
        }
    });
    seen.collect()
}

/// The pile of a variant, or the one that is set aside while it is a bundle,
/// and whether it is that. What came back on it may be taken away.
async fn locked_or_set_aside(
    tx: &Transaction,
    variant: VariantId,
) -> Result<(StockItem, bool), CatalogError> {
    let (item, set_aside) = match pile_of(tx, variant).await {
        Err(CatalogError::Bundle(BundleError::NoStock)) => {
            let own = bundles::own_pile(tx, variant).await?;
            (own.ok_or(BundleError::NoStock)?, true)
        }
        other => (other?, false),
    };
    let pile = piles::lock(tx, item).await?;
    Ok((pile.ok_or(CatalogError::VariantNotFound)?, set_aside))
}

/// Where the stock of a variant is counted.
async fn pile_of(db: &Scoped, variant: VariantId) -> Result<StockItemId, CatalogError> {
    let variant = variants::find(db, variant)
        .await?
        .ok_or(CatalogError::VariantNotFound)?;
    if variant.bundle {
        return Err(BundleError::NoStock.into());
    }
    variant.stock_item.ok_or(CatalogError::NotCounted)
}

/// What the public sees differently after changes; none if it sees no
/// difference, as with most orders.
fn shown_change(changed: &[Seen]) -> Option<StockShownChanged> {
    let mut products: Vec<ProductId> = Vec::new();
    let mut in_lists = false;
    for seen in changed.iter().filter(|seen| seen.differs()) {
        in_lists |= seen.in_lists();
        if !products.contains(&seen.product) {
            products.push(seen.product);
        }
    }
    (!products.is_empty()).then_some(StockShownChanged { products, in_lists })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pile(on_hand: i64) -> StockItem {
        let now = Timestamp::from_seconds(0);
        StockItem::new(StockItemId::new(now), ProductId::new(now), on_hand)
    }

    fn after(on_hand: i64, delta: i64) -> Vec<(StockItem, i64)> {
        let pile = pile(on_hand);
        availability_before(&[pile], &[Change::on_hand(pile.id, delta)])
    }

    #[test]
    fn only_visible_changes_are_announced() {
        let seen = |on_hand, delta| {
            let now = Timestamp::from_seconds(0);
            shown_change(&seen_of(&after(on_hand, delta), now)).map(|event| event.in_lists)
        };
        assert_eq!(seen(99, -1), None);
        assert_eq!(seen(10, -1), Some(false));
        assert_eq!(seen(3, -1), Some(false));
        assert_eq!(seen(0, -1), Some(true));
        assert_eq!(seen(1, 1), Some(true));
    }

    #[test]
    fn low_is_said_on_the_way_down_only() {
        let said = |on_hand, delta| {
            let changed = after(on_hand, delta);
            let (pile, before) = changed[0];
            low_now(&pile, before > pile.low_up_to).map(|low| low.available)
        };
        assert_eq!(said(5, -1), Some(5));
        assert_eq!(said(2, -9), Some(2));
        assert_eq!(said(4, -1), None);
        assert_eq!(said(5, 1), None);
        assert_eq!(said(6, -1), None);
    }
}
