//! Variants.

use catalog_model::variant::Variant;
use database::column::{currency, json, to_json, word};
use database::{Backend, OrFault as _, Scoped, Transaction};
use kernel::{Fault, Money, ProductId, StockItemId, Timestamp, VariantId};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _,
};

use crate::rows::product;
use crate::rows::variant::{ActiveModel, COLUMN, Column, Entity, Model};

/// The unique key on the SKU, as faults name it.
pub const UNIQUE_SKU: &str = "variants(sku)";

fn read(row: Model) -> Result<Variant, Fault> {
    let currency = currency("variants.currency", &row.currency)?;
    Ok(Variant {
        id: VariantId::from_uuid(row.id),
        product: ProductId::from_uuid(row.product_id),
        stock_item: row.stock_item_id.map(StockItemId::from_uuid),
        bundle: row.bundle,
        sku: row.sku,
        title: row.title,
        size: row.size,
        options: json("variants.options", row.options)?,
        price: Money::new(row.price, currency),
        compare_at: row.compare_at.map(|minor| Money::new(minor, currency)),
        weight_grams: row.weight_grams,
        status: word("variants.status", &row.status)?,
        position: row.position,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

fn row(variant: &Variant) -> ActiveModel {
    let status: &'static str = variant.status.into();
    ActiveModel {
        id: Set(variant.id.uuid()),
        product_id: Set(variant.product.uuid()),
        stock_item_id: Set(variant.stock_item.map(StockItemId::uuid)),
        bundle: Set(variant.bundle),
        sku: Set(variant.sku.clone()),
        title: Set(variant.title.clone()),
        size: Set(variant.size.clone()),
        options: Set(to_json(&variant.options)),
        price: Set(variant.price.minor),
        compare_at: Set(variant.compare_at.map(|money| money.minor)),
        currency: Set(variant.price.currency.code().to_owned()),
        weight_grams: Set(variant.weight_grams),
        status: Set(status.to_owned()),
        position: Set(variant.position),
        version: Set(variant.version),
        created_at: Set(variant.created_at.micros()),
        updated_at: Set(variant.updated_at.micros()),
        ..Default::default()
    }
}

/// One variant, for administrators: of those who are bound to a seller one of
/// the seller's.
pub async fn find(db: &Scoped, id: VariantId) -> Result<Option<Variant>, Fault> {
    let mut query = db.find::<Entity>().filter(COLUMN.id.eq(id.uuid()));
    if let Some(seller) = db.seller() {
        let own = db
            .find::<product::Entity>()
            .filter(product::COLUMN.seller_id.eq(seller.uuid()))
            .select_only()
            .column(product::Column::Id)
            .into_query();
        query = query.filter(Column::ProductId.in_subquery(own));
    }
    let row = query.one(db).await.or_fault()?;
    row.map(read).transpose()
}

/// How many variants a product has.
pub async fn count(db: &Scoped, product: ProductId) -> Result<u64, Fault> {
    db.find::<Entity>()
        .filter(COLUMN.product_id.eq(product.uuid()))
        .count(db)
        .await
        .or_fault()
}

/// The first of some SKUs that a variant has.
pub async fn first_taken(db: &Scoped, skus: &[&str]) -> Result<Option<String>, Fault> {
    if skus.is_empty() {
        return Ok(None);
    }
    let row = db
        .find::<Entity>()
        .filter(COLUMN.sku.is_in(skus.iter().copied()))
        .order_by_asc(COLUMN.sku)
        .one(db)
        .await
        .or_fault()?;
    Ok(row.map(|row| row.sku))
}

/// Adds variants.
pub async fn insert(tx: &Transaction, variants: &[Variant]) -> Result<(), Fault> {
    tx.insert_many(variants.iter().map(row)).await
}

/// Locks a variant until the transaction ends, but for what only points at it.
/// On SQLite there is one writer anyway.
pub async fn lock(tx: &Transaction, id: VariantId) -> Result<(), Fault> {
    if tx.backend() == Backend::Postgres {
        tx.run(
            "SELECT 1 FROM variants WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
            [id.uuid().into()],
        )
        .await?;
    }
    Ok(())
}

/// Writes a variant, if the stored version is still the one before.
pub async fn update(tx: &Transaction, variant: &Variant) -> Result<bool, Fault> {
    let status: &'static str = variant.status.into();
    let changed = tx
        .run(
            "UPDATE variants SET sku = $2, title = $3, size = $4, options = $5, price = $6, currency = $7, \
                    weight_grams = $8, status = $9, position = $10, version = $11, updated_at = $12, compare_at = $14 \
             WHERE tenant_id = $1 AND id = $13 AND version = $11 - 1",
            [
                variant.sku.clone().into(),
                variant.title.clone().into(),
                variant.size.clone().into(),
                to_json(&variant.options).into(),
                variant.price.minor.into(),
                variant.price.currency.code().into(),
                variant.weight_grams.into(),
                status.into(),
                variant.position.into(),
                variant.version.into(),
                variant.updated_at.micros().into(),
                variant.id.uuid().into(),
                variant.compare_at.map(|money| money.minor).into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}
