//! Making and editing variants.

use catalog_model::CatalogError;
use catalog_model::events::ProductChanged;
use catalog_model::listing::ProductRef;
use catalog_model::offer::{ProductDetail, StockedVariant};
use catalog_model::product::{Product, ProductKind};
use catalog_model::stock::{MAX_ON_HAND, MovementKind};
use catalog_model::variant::{
    MAX_PER_PRODUCT, NewVariant, Variant, VariantChange, VariantStatus, check_compare_at, title_of,
};
use catalog_repository::bundles::{self, Of};
use catalog_repository::detail::Audience;
use catalog_repository::prices::Pricing;
use catalog_repository::stock::{Cause, Change};
use catalog_repository::{detail, piles, products, stock, variants};
use database::{Once, Transaction};
use kernel::{
    AuditEntry, Audited as _, Expected, Fault, Money, Permission, ProductId, Scope, StockItemId,
    VariantId,
};

use crate::Catalog;
use crate::index::reread;
use crate::products::shares_a_pile;

impl Catalog {
    /// Adds a variant to a product. What it has in stock is its first
    /// movement; a variant that shares a pile adds nothing to it.
    pub async fn create_variant(
        &self,
        scope: &Scope,
        product: ProductId,
        new: NewVariant,
    ) -> Result<StockedVariant, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<StockedVariant>(scope, "variant.create", now)
            .await?
        {
            Once::Replayed(variant) => return Ok(variant),
            Once::Fresh(tx) => tx,
        };
        // So that two at once neither exceed the limit nor share a place.
        products::lock(&tx, product).await?;
        let known = detail::find(
            &tx,
            &ProductRef::Id(product),
            Audience::Admin,
            Pricing::own(now),
        )
        .await?
        .ok_or(CatalogError::ProductNotFound)?;
        if known.variants.len() >= MAX_PER_PRODUCT {
            return Err(CatalogError::TooManyVariants);
        }
        right_currency(&known.product, new.price)?;
        check_compare_at(new.price, new.compare_at)?;
        let on_hand = new.on_hand;
        let next = next_place(&known);
        let mut variant = build(&known.product, new, next, now);
        variant.stock_item = self.pile_for(&tx, &known.product, on_hand).await?;
        variants::insert(&tx, std::slice::from_ref(&variant))
            .await
            .map_err(sku_taken)?;
        self.product_touched(&tx, product).await?;
        let made = one(reread(&tx, product, now).await?, variant.id)?;
        let entry = AuditEntry::new("variant.create", variant.id).after(&variant);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// The pile of a new variant, filled if it is its own.
    async fn pile_for(
        &self,
        tx: &Transaction,
        product: &Product,
        on_hand: i64,
    ) -> Result<Option<StockItemId>, CatalogError> {
        let now = self.now();
        if product.kind != ProductKind::Goods {
            return Ok(None);
        }
        if shares_a_pile(product) {
            if on_hand != 0 {
                return Err(CatalogError::SharedPile);
            }
            let piles = piles::of_product(tx, product.id).await?;
            return Ok(piles.first().map(|pile| pile.id));
        }
        if !(0..=MAX_ON_HAND).contains(&on_hand) {
            return Err(CatalogError::QuantityOutOfRange("/on_hand"));
        }
        let id = StockItemId::new(now);
        piles::insert(tx, [(id, product.id)], now).await?;
        if on_hand > 0 {
            let change = Change::on_hand(id, on_hand);
            let cause = Cause {
                kind: MovementKind::Adjusted,
                reason: Some("first stock"),
                order: None,
                now,
            };
            stock::apply(tx, &[change], cause).await?;
        }
        Ok(Some(id))
    }

    /// Changes a variant, if its version is still that one.
    pub async fn change_variant(
        &self,
        scope: &Scope,
        id: VariantId,
        change: VariantChange,
        expected: &Expected,
    ) -> Result<StockedVariant, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        let tx = self.database.begin_write(scope, "variant.change").await?;
        // So that whatever version there is stays the one that is changed.
        variants::lock(&tx, id).await?;
        let known = variants::find(&tx, id)
            .await?
            .ok_or(CatalogError::VariantNotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(CatalogError::VersionMismatch);
        }
        if change == VariantChange::default() {
            return one(reread(&tx, known.product, self.now()).await?, id);
        }
        if let Some(price) = change.price
            && price.currency != known.price.currency
        {
            return Err(CatalogError::WrongCurrency(known.price.currency));
        }
        let (before, known_status) = (known.snapshot(), known.status);
        let variant = known.changed(change, self.now());
        check_compare_at(variant.price, variant.compare_at)?;
        if !variants::update(&tx, &variant).await.map_err(sku_taken)? {
            return Err(CatalogError::VersionMismatch);
        }
        // Now that its row is locked, it does not become a component.
        let holders = bundles::holding(&tx, Of::Variant(id)).await?;
        let sold_otherwise = known_status != variant.status;
        if sold_otherwise && variant.status == VariantStatus::Archived {
            Self::check_not_in_bundles(&holders, None)?;
        }
        self.product_touched(&tx, variant.product).await?;
        self.tell_bundles(&tx, variant.product, &holders, sold_otherwise)
            .await?;
        let changed = one(reread(&tx, variant.product, self.now()).await?, id)?;
        let entry = AuditEntry::new("variant.change", id);
        self.record(&tx, entry.before(&before).after(&variant))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Raises the version of the product and tells everybody.
    pub(crate) async fn product_touched(
        &self,
        tx: &Transaction,
        product: ProductId,
    ) -> Result<(), CatalogError> {
        if !products::touch(tx, product, self.now()).await? {
            return Err(CatalogError::ProductNotFound);
        }
        self.queue.publish(tx, &ProductChanged { product }).await?;
        Ok(())
    }
}

pub(crate) fn right_currency(product: &Product, price: Money) -> Result<(), CatalogError> {
    if price.currency == product.currency {
        Ok(())
    } else {
        Err(CatalogError::WrongCurrency(product.currency))
    }
}

/// The place behind the variants of a product.
pub(crate) fn next_place(product: &ProductDetail) -> i64 {
    let siblings = product.variants.iter();
    let places = siblings.map(|sibling| sibling.variant.position);
    places.max().map_or(0, |last| last.saturating_add(1))
}

/// One of the variants of a product.
pub(crate) fn one(product: ProductDetail, id: VariantId) -> Result<StockedVariant, CatalogError> {
    product
        .variants
        .into_iter()
        .find(|stocked| stocked.variant.id == id)
        .ok_or(CatalogError::VariantNotFound)
}

/// A variant of a product, without a pile; at a place, unless it names one.
pub(crate) fn build(
    product: &Product,
    new: NewVariant,
    place: i64,
    now: kernel::Timestamp,
) -> Variant {
    Variant {
        id: VariantId::new(now),
        product: product.id,
        stock_item: None,
        bundle: false,
        sku: new.sku,
        title: new
            .title
            .unwrap_or_else(|| title_of(new.size.as_deref(), &new.options)),
        size: new.size,
        options: new.options,
        price: new.price,
        compare_at: new.compare_at,
        weight_grams: new.weight_grams,
        status: VariantStatus::Active,
        position: new.position.unwrap_or(place),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

pub(crate) fn sku_taken(fault: Fault) -> CatalogError {
    if fault.violates(variants::UNIQUE_SKU) {
        CatalogError::SkuTaken
    } else {
        fault.into()
    }
}
