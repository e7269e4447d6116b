//! Making bundles of variants, and telling their products when the stock they
//! share changes.

use std::collections::BTreeSet;

use catalog_model::bundle::{Candidate, Contents, Draw, NewComponent, check, check_list};
use catalog_model::bundle_errors::some;
use catalog_model::events::StockShownChanged;
use catalog_model::listing::ProductRef;
use catalog_model::offer::StockedVariant;
use catalog_model::stock::{StockItem, shown};
use catalog_model::supply::Supply;
use catalog_model::{BundleError, CatalogError};
use catalog_repository::bundles::{self, Holder};
use catalog_repository::detail::{self, Audience};
use catalog_repository::piles;
use catalog_repository::prices::Pricing;
use database::Transaction;
use kernel::{
    AuditEntry, Expected, Permission, ProductId, Scope, StockItemId, Timestamp, VariantId,
};

use crate::Catalog;
use crate::index::{index, reread};
use crate::variants::one;

impl Catalog {
    /// Makes a bundle of a variant, of others than before, or, of nothing, a
    /// variant that has its own stock again; if its version is still that one.
    /// Orders that were placed keep what their lines were made of.
    pub async fn set_components(
        &self,
        scope: &Scope,
        id: VariantId,
        wanted: &[NewComponent],
        expected: &Expected,
    ) -> Result<StockedVariant, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        check_list(id, wanted)?;
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "variant.components")
            .await?;
        let (own, parts) = candidates(&tx, id, wanted).await?;
        let known = detail::find(
            &tx,
            &ProductRef::Id(own.product),
            Audience::System,
            Pricing::own(now),
        )
        .await?
        .ok_or(CatalogError::VariantNotFound)?;
        let known = one(known, id)?;
        let version = known.variant.version;
        if !expected.is_met_by(version) {
            return Err(CatalogError::VersionMismatch);
        }
        let before: Vec<VariantId> = known.components.iter().map(|one| one.variant).collect();
        check(&own, &parts, &before)?;
        // Whoever changes one of these piles waits until the bundle can be
        // told, or has changed it before what there is of the bundle is read.
        let mut shared: BTreeSet<StockItemId> =
            parts.iter().filter_map(|part| part.stock_item).collect();
        let left = known.components.iter().filter_map(|one| one.pile);
        shared.extend(left.map(|pile| pile.item));
        let locked: Vec<StockItemId> = shared.iter().copied().chain(own.stock_item).collect();
        let locked = piles::lock_all(&tx, &locked).await?;
        if let Some(pile) = own.stock_item.filter(|_| !wanted.is_empty()) {
            set_aside(&tx, &locked, pile, now).await?;
        }
        if !bundles::write(&tx, id, wanted, version, now).await? {
            return Err(CatalogError::VersionMismatch);
        }
        let shared: Vec<StockItemId> = shared.into_iter().collect();
        bundles::mark(&tx, &shared).await?;
        self.product_touched(&tx, own.product).await?;
        let changed = one(reread(&tx, own.product, now).await?, id)?;
        let entry = AuditEntry::new("variant.components", id)
            .before(&Contents(&known.components))
            .after(&Contents(&changed.components));
        self.record(&tx, entry).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Refuses to archive what bundles that are sold are made of.
    pub(crate) fn check_not_in_bundles(
        holders: &[Holder],
        but: Option<ProductId>,
    ) -> Result<(), CatalogError> {
        let sold = holders
            .iter()
            .filter(|holder| holder.active && Some(holder.product) != but);
        let skus: Vec<&str> = sold.map(|holder| holder.sku.as_str()).collect();
        if skus.is_empty() {
            Ok(())
        } else {
            Err(BundleError::InBundles(some(&skus)).into())
        }
    }

    /// Tells everybody that what bundles say of their components is not so any
    /// more, because a component or its product `own` was changed; perhaps also
    /// whether they are sold.
    pub(crate) async fn tell_bundles(
        &self,
        tx: &Transaction,
        own: ProductId,
        holders: &[Holder],
        sold_otherwise: bool,
    ) -> Result<(), CatalogError> {
        let products: BTreeSet<ProductId> = holders.iter().map(|one| one.product).collect();
        if products.is_empty() {
            return Ok(());
        }
        if sold_otherwise {
            // All at once, so that documents are locked in order.
            index(tx, products.iter().copied().chain([own]), self.now()).await?;
        }
        let event = StockShownChanged {
            products: products.into_iter().collect(),
            in_lists: sold_otherwise,
        };
        self.queue.publish(tx, &event).await?;
        Ok(())
    }

    /// Tells the bundles that draw from a pile that its supply changed.
    pub(crate) async fn tell_of_supply(
        &self,
        tx: &Transaction,
        pile: &StockItem,
    ) -> Result<(), CatalogError> {
        if !pile.bundled {
            return Ok(());
        }
        let drawing = bundles::drawing_from(tx, &[pile.id]).await?;
        let products: BTreeSet<ProductId> = drawing.iter().map(|one| one.product).collect();
        let event = StockShownChanged {
            products: products.into_iter().collect(),
            in_lists: false,
        };
        self.queue.publish(tx, &event).await?;
        Ok(())
    }
}

/// A variant as the public sees it before and after a change: its product, how
/// many there were and are, and what is sold beyond that.
pub(crate) struct Seen {
    pub(crate) product: ProductId,
    pub(crate) before: (i64, Supply),
    pub(crate) after: (i64, Supply),
}

impl Seen {
    /// Whether the public sees a difference.
    pub(crate) fn differs(&self) -> bool {
        let shown = |(available, supply)| shown(Some(available), supply);
        shown(self.before) != shown(self.after)
    }

    /// Whether it came into stock or went out of it.
    pub(crate) fn in_lists(&self) -> bool {
        (self.before.0 > 0) != (self.after.0 > 0)
    }
}

/// What changes of piles mean for bundles that draw from them. Each pile is
/// looked at as if there were enough of everything else: what others change at
/// the same moment cannot be seen here, and whoever is told reads all of it
/// again. Piles that no bundle draws from cost no statement.
pub(crate) async fn seen_of_bundles(
    tx: &Transaction,
    changed: &[(StockItem, i64)],
    now: Timestamp,
) -> Result<Vec<Seen>, CatalogError> {
    let shared = || changed.iter().filter(|(pile, _)| pile.bundled);
    let ids: Vec<StockItemId> = shared().map(|(pile, _)| pile.id).collect();
    let drawing = bundles::drawing_from(tx, &ids).await?;
    let seen = drawing.into_iter().filter_map(|one| {
        let (pile, before) = shared().find(|(pile, _)| pile.id == one.item)?;
        let pieces = |available| {
            Draw {
                item: one.item,
                quantity: one.quantity,
                available,
                supply: pile.supply.at(now),
            }
            .pieces()
        };
        Some(Seen {
            product: one.product,
            before: pieces(*before),
            after: pieces(pile.available()),
        })
    });
    Ok(seen.collect())
}

/// A variant and what it is to be made of, which nobody else changes until the
/// transaction ends.
async fn candidates(
    tx: &Transaction,
    id: VariantId,
    wanted: &[NewComponent],
) -> Result<(Candidate, Vec<Candidate>), CatalogError> {
    let mut ids: Vec<VariantId> = wanted.iter().map(|one| one.variant).collect();
    ids.push(id);
    let mut found = bundles::lock(tx, &ids).await?;
    if found.len() < ids.len() {
        return Err(CatalogError::VariantNotFound);
    }
    let own = found.iter().position(|one| one.id == id);
    let own = found.swap_remove(own.ok_or(CatalogError::VariantNotFound)?);
    Ok((own, found))
}

/// The pile that a variant has of its own has to be empty before it is a
/// bundle; nothing is sold beyond it any more. One that it shares stays with
/// the others.
async fn set_aside(
    tx: &Transaction,
    locked: &[StockItem],
    pile: StockItemId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    if bundles::count_drawing(tx, pile).await? > 1 {
        return Ok(());
    }
    let Some(pile) = locked.iter().find(|one| one.id == pile) else {
        return Ok(());
    };
    if pile.on_hand != 0 || pile.reserved != 0 {
        return Err(BundleError::HasStock.into());
    }
    piles::update(tx, pile.id, pile.low_at, Supply::STOCK, now).await?;
    Ok(())
}
