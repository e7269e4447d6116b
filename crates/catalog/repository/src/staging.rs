//! Rows of an import that are waiting to become products.

use catalog_model::import::{ImportedProduct, ImportedVariant};
use catalog_model::product::{InventoryStrategy, ProductKind, sort_name};
use catalog_model::variant::title_of;
use database::Transaction;
use database::column::{to_json, to_maybe};
use kernel::{Fault, ImportId, ProductId, StockItemId, StockMovementId, Timestamp, VariantId};
use sea_orm::Value;

/// Rows that are deleted in one transaction.
const AT_ONCE: i64 = 5_000;

/// Columns of a row after the tenant and the import.
const PRODUCT: usize = 17;
const VARIANT: usize = 23;

/// Which numbers the next rows get.
#[derive(Debug, Clone, Copy, Default)]
pub struct Next {
    /// The next product's.
    pub product: i64,
    /// The next variant's.
    pub variant: i64,
    /// The id of the last product: products are listed and exported in the
    /// order of their file.
    pub last: Option<ProductId>,
}

/// Adds products and their variants. Ids are made as if all were new.
pub async fn insert(
    tx: &Transaction,
    import: ImportId,
    products: &[ImportedProduct],
    next: &mut Next,
    now: Timestamp,
) -> Result<(), Fault> {
    let mut of_products = Vec::new();
    let mut of_variants = Vec::new();
    let mut count = 0;
    for product in products {
        let counted = product.kind.unwrap_or(ProductKind::Goods) == ProductKind::Goods;
        let shared = product.strategy == Some(InventoryStrategy::Flat);
        let pile = (counted && shared).then(|| StockItemId::new(now));
        let id = ProductId::after(next.last, now);
        next.last = Some(id);
        of_products.extend(product_row(product, id, next.product, pile));
        for (place, variant) in (0i64..).zip(&product.variants) {
            let own = || counted.then(|| StockItemId::new(now));
            let pile = pile.or_else(own);
            of_variants.extend(variant_row(variant, *next, place, pile, now));
            next.variant += 1;
            count += 1;
        }
        next.product += 1;
    }
    let sql = format!(
        "INSERT INTO import_products (tenant_id, import_id, n, line, product_id, is_new, pile_id, slug, name, sort_name, \
           brand, description, kind, condition, status, strategy, attributes, tags, categories) VALUES {}",
        rows(products.len(), PRODUCT)
    );
    run(tx, import, &sql, of_products).await?;
    if count == 0 {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO import_variants (tenant_id, import_id, n, line, product_n, variant_id, is_new, pile_id, movement_id, \
           sku, title, made_title, size, options, price, weight_grams, on_hand, position, place, status, compare_at, low_at, supply, beyond, \
           available_at) VALUES {}",
        rows(count, VARIANT)
    );
    run(tx, import, &sql, of_variants).await
}

async fn run(
    tx: &Transaction,
    import: ImportId,
    sql: &str,
    mut values: Vec<Value>,
) -> Result<(), Fault> {
    values.insert(0, import.uuid().into());
    tx.run(sql, values).await.map(|_| ())
}

/// Rows that begin with the tenant and the import.
fn rows(count: usize, columns: usize) -> String {
    let row = |n: usize| {
        let places: Vec<String> = (0..columns)
            .map(|c| format!("${}", 3 + n * columns + c))
            .collect();
        format!("($1, $2, {})", places.join(", "))
    };
    (0..count).map(row).collect::<Vec<_>>().join(", ")
}

fn product_row(
    product: &ImportedProduct,
    id: ProductId,
    n: i64,
    pile: Option<StockItemId>,
) -> [Value; PRODUCT] {
    let kind: Option<&'static str> = product.kind.map(Into::into);
    let condition: Option<&'static str> = product.condition.map(Into::into);
    let status: Option<&'static str> = product.status.map(Into::into);
    let strategy: Option<&'static str> = product.strategy.map(Into::into);
    [
        n.into(),
        i64::try_from(product.line).unwrap_or(i64::MAX).into(),
        id.uuid().into(),
        true.into(),
        pile.map(StockItemId::uuid).into(),
        product.slug.clone().into(),
        product.name.clone().into(),
        product.name.as_deref().map(sort_name).into(),
        product.brand.clone().into(),
        product.description.clone().into(),
        kind.map(str::to_owned).into(),
        condition.map(str::to_owned).into(),
        status.map(str::to_owned).into(),
        strategy.map(str::to_owned).into(),
        to_json(&product.attributes).into(),
        to_maybe(product.tags.as_ref()).into(),
        to_maybe(product.categories.as_ref()).into(),
    ]
}

fn variant_row(
    variant: &ImportedVariant,
    next: Next,
    place: i64,
    pile: Option<StockItemId>,
    now: Timestamp,
) -> [Value; VARIANT] {
    let status: Option<&'static str> = variant.status.map(Into::into);
    let supply: Option<&'static str> = variant.supply.map(Into::into);
    [
        next.variant.into(),
        i64::try_from(variant.line).unwrap_or(i64::MAX).into(),
        next.product.into(),
        VariantId::new(now).uuid().into(),
        true.into(),
        pile.map(StockItemId::uuid).into(),
        StockMovementId::new(now).uuid().into(),
        variant.sku.clone().into(),
        variant.title.clone().into(),
        title_of(variant.size.as_deref(), &variant.options).into(),
        variant.size.clone().into(),
        to_json(&variant.options).into(),
        variant.price.into(),
        variant.weight_grams.into(),
        variant.on_hand.into(),
        variant.position.into(),
        place.into(),
        status.map(str::to_owned).into(),
        variant.compare_at.into(),
        variant.low_at.into(),
        supply.map(str::to_owned).into(),
        variant.beyond.into(),
        variant.available_at.map(Timestamp::micros).into(),
    ]
}

/// Deletes some of an import's rows, a few thousand at a time so that others
/// can write in between; false when there are none left.
pub async fn delete_some(tx: &Transaction, import: ImportId, file: bool) -> Result<bool, Fault> {
    let mut deleted = 0;
    for (table, wanted, at_once) in [
        ("import_variants", true, AT_ONCE),
        ("import_products", true, AT_ONCE),
        ("import_chunks", file, 20),
    ] {
        if !wanted {
            continue;
        }
        let sql = format!(
            "DELETE FROM {table} WHERE tenant_id = $1 AND import_id = $2 AND n IN \
               (SELECT n FROM {table} WHERE tenant_id = $1 AND import_id = $2 ORDER BY n LIMIT $3)"
        );
        deleted += tx.run(&sql, [import.uuid().into(), at_once.into()]).await?;
    }
    Ok(deleted > 0)
}
