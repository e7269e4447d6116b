//! Making the variants of a size run at once.

use catalog_model::CatalogError;
use catalog_model::listing::ProductRef;
use catalog_model::matrix::{Matrix, Plan, plan};
use catalog_model::offer::ProductDetail;
use catalog_model::product::ProductKind;
use catalog_model::stock::{MAX_ON_HAND, MovementKind};
use catalog_model::variant::{NewVariant, Variant, check_compare_at};
use catalog_repository::detail::Audience;
use catalog_repository::prices::Pricing;
use catalog_repository::stock::{Cause, Change};
use catalog_repository::{detail, piles, products, stock, variants};
use database::{Once, Scoped, Transaction};
use kernel::{AuditEntry, Permission, ProductId, Scope, Snapshot, StockItemId, Timestamp};

use crate::Catalog;
use crate::index::reread;
use crate::products::shares_a_pile;
use crate::variants::{build, next_place, right_currency, sku_taken};

impl Catalog {
    /// Adds a variant for each combination of options that a product lacks,
    /// all or none. A dry run says which these are and changes nothing.
    pub async fn create_matrix(
        &self,
        scope: &Scope,
        product: ProductId,
        matrix: Matrix,
        dry_run: bool,
    ) -> Result<Plan, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        if dry_run {
            let db = self.database.read(scope).await?;
            return Ok(planned(&db, product, &matrix, self.now()).await?.1);
        }
        let tx = match self
            .database
            .begin_once::<Plan>(scope, "variant.matrix", self.now())
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        // So that two at once neither exceed the limit nor make the same.
        products::lock(&tx, product).await?;
        let (known, mut plan) = planned(&tx, product, &matrix, self.now()).await?;
        if plan.new.is_empty() {
            return Ok(tx.commit_with(plan).await?);
        }
        let mut made = self.variants_of(&known, &matrix, &plan);
        self.fill_piles(&tx, &known, &mut made, matrix.on_hand)
            .await?;
        variants::insert(&tx, &made).await.map_err(sku_taken)?;
        self.product_touched(&tx, product).await?;
        reread(&tx, product, self.now()).await?;
        for (new, variant) in plan.new.iter_mut().zip(&made) {
            new.variant = Some(variant.id);
        }
        let after = Snapshot::new()
            .with("variants", made.len())
            .with("price", matrix.price)
            .with_public_texts("skus", made.iter().map(|variant| variant.sku.as_str()));
        let entry = AuditEntry::new("variant.matrix", product).after(&after);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(plan).await?)
    }

    /// The variants to add, behind those there are.
    fn variants_of(&self, known: &ProductDetail, matrix: &Matrix, plan: &Plan) -> Vec<Variant> {
        let first = next_place(known);
        let new = plan.new.iter().zip(0..);
        new.map(|(new, place)| {
            let new = NewVariant {
                sku: new.sku.clone(),
                title: Some(new.title.clone()),
                size: new.size.clone(),
                options: new.options.clone(),
                price: matrix.price,
                compare_at: matrix.compare_at,
                weight_grams: matrix.weight_grams,
                position: None,
                on_hand: matrix.on_hand,
            };
            let place = first.saturating_add(place);
            build(&known.product, new, place, self.now())
        })
        .collect()
    }

    /// Gives each variant its pile: a filled one of its own, the one that all
    /// share, or none.
    async fn fill_piles(
        &self,
        tx: &Transaction,
        known: &ProductDetail,
        made: &mut [Variant],
        on_hand: i64,
    ) -> Result<(), CatalogError> {
        let (product, now) = (&known.product, self.now());
        if product.kind != ProductKind::Goods {
            return Ok(());
        }
        if shares_a_pile(product) {
            let piles = piles::of_product(tx, product.id).await?;
            let shared = piles.first().map(|pile| pile.id);
            for variant in made {
                variant.stock_item = shared;
            }
            return Ok(());
        }
        let mut piles: Vec<StockItemId> = made.iter().map(|_| StockItemId::new(now)).collect();
        for (variant, pile) in made.iter_mut().zip(&piles) {
            variant.stock_item = Some(*pile);
        }
        piles::insert(tx, piles.iter().map(|&pile| (pile, product.id)), now).await?;
        if on_hand == 0 {
            return Ok(());
        }
        piles.sort_unstable();
        let changes: Vec<Change> = piles
            .into_iter()
            .map(|item| Change::on_hand(item, on_hand))
            .collect();
        let cause = Cause {
            kind: MovementKind::Adjusted,
            reason: Some("first stock"),
            order: None,
            now,
        };
        stock::apply(tx, &changes, cause).await?;
        Ok(())
    }
}

/// The product, and what is to be made of a matrix and can be.
async fn planned(
    db: &Scoped,
    product: ProductId,
    matrix: &Matrix,
    now: Timestamp,
) -> Result<(ProductDetail, Plan), CatalogError> {
    let known = detail::find(
        db,
        &ProductRef::Id(product),
        Audience::Admin,
        Pricing::own(now),
    )
    .await?
    .ok_or(CatalogError::ProductNotFound)?;
    right_currency(&known.product, matrix.price)?;
    check_compare_at(matrix.price, matrix.compare_at)?;
    if shares_a_pile(&known.product) && matrix.on_hand != 0 {
        return Err(CatalogError::SharedPile);
    }
    if !(0..=MAX_ON_HAND).contains(&matrix.on_hand) {
        return Err(CatalogError::QuantityOutOfRange("/on_hand"));
    }
    let plan = plan(&known.product.slug, matrix, &known.variants)?;
    let skus: Vec<&str> = plan.new.iter().map(|new| new.sku.as_str()).collect();
    match variants::first_taken(db, &skus).await? {
        Some(taken) => Err(CatalogError::SkuPattern(format!(
            "another variant has the SKU {taken}; choose another pattern"
        ))),
        None => Ok((known, plan)),
    }
}
