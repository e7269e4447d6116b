//! Products.

use catalog_model::product::Product;
use database::column::to_json;
use database::{Backend, OrFault as _, Transaction};
use kernel::{Fault, ProductId, SellerId, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::QueryFilter as _;

use crate::prices::{self, Which};
use crate::rows::product;
use crate::rows::product::ActiveModel;

/// The unique key on the slug, as faults name it.
pub const UNIQUE_SLUG: &str = "products(slug)";

fn row(product: &Product) -> ActiveModel {
    let (kind, condition): (&'static str, &'static str) =
        (product.kind.into(), product.condition.into());
    let (status, strategy): (&'static str, &'static str) =
        (product.status.into(), product.inventory_strategy.into());
    ActiveModel {
        id: Set(product.id.uuid()),
        slug: Set(product.slug.clone()),
        name: Set(product.name.clone()),
        sort_name: Set(product.sort_name()),
        brand: Set(product.brand.clone()),
        description: Set(product.description.clone()),
        kind: Set(kind.to_owned()),
        condition: Set(condition.to_owned()),
        status: Set(status.to_owned()),
        attributes: Set(to_json(&product.attributes)),
        seller_id: Set(product.seller.map(SellerId::uuid)),
        inventory_strategy: Set(strategy.to_owned()),
        currency: Set(product.currency.code().to_owned()),
        price_min: Set(None),
        price_max: Set(None),
        compare_at: Set(None),
        version: Set(product.version),
        created_at: Set(product.created_at.micros()),
        updated_at: Set(product.updated_at.micros()),
        ..Default::default()
    }
}

/// Adds products with their categories and tags.
pub async fn insert(tx: &Transaction, products: &[Product]) -> Result<(), Fault> {
    tx.insert_many(products.iter().map(row)).await?;
    insert_links(tx, products).await
}

async fn insert_links(tx: &Transaction, products: &[Product]) -> Result<(), Fault> {
    tx.insert_many(products.iter().flat_map(|of| {
        of.categories
            .iter()
            .map(|id| product::category::ActiveModel {
                product_id: Set(of.id.uuid()),
                category_id: Set(id.uuid()),
                ..Default::default()
            })
    }))
    .await?;
    tx.insert_many(products.iter().flat_map(|of| {
        of.tags.iter().map(|tag| product::tag::ActiveModel {
            product_id: Set(of.id.uuid()),
            tag: Set(tag.clone()),
            ..Default::default()
        })
    }))
    .await
}

/// Writes a product, if the stored version is still the one before, and it
/// belongs to the seller whom the caller is bound to, if any.
pub async fn update(tx: &Transaction, product: &Product) -> Result<bool, Fault> {
    let (condition, status): (&'static str, &'static str) =
        (product.condition.into(), product.status.into());
    let changed = tx
        .run(
            "UPDATE products SET slug = $2, name = $3, sort_name = $4, brand = $5, description = $6, condition = $7, \
                    status = $8, attributes = $9, seller_id = $10, version = $11, updated_at = $12 \
             WHERE tenant_id = $1 AND id = $13 AND version = $11 - 1 AND ($14 IS NULL OR seller_id = $14)",
            [
                product.slug.clone().into(),
                product.name.clone().into(),
                product.sort_name().into(),
                product.brand.clone().into(),
                product.description.clone().into(),
                condition.into(),
                status.into(),
                to_json(&product.attributes).into(),
                product.seller.map(SellerId::uuid).into(),
                product.version.into(),
                product.updated_at.micros().into(),
                product.id.uuid().into(),
                tx.seller_value(),
            ],
        )
        .await?;
    if changed != 1 {
        return Ok(false);
    }
    let id = product.id.uuid();
    tx.delete::<product::category::Entity>()
        .filter(product::category::COLUMN.product_id.eq(id))
        .exec(&**tx)
        .await
        .or_fault()?;
    tx.delete::<product::tag::Entity>()
        .filter(product::tag::COLUMN.product_id.eq(id))
        .exec(&**tx)
        .await
        .or_fault()?;
    insert_links(tx, std::slice::from_ref(product)).await?;
    Ok(true)
}

/// Locks a product until the transaction ends. On SQLite there is one writer
/// anyway.
pub async fn lock(tx: &Transaction, id: ProductId) -> Result<(), Fault> {
    if tx.backend() == Backend::Postgres {
        tx.run(
            "SELECT 1 FROM products WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
            [id.uuid().into()],
        )
        .await?;
    }
    Ok(())
}

/// Raises a product's version because something that belongs to it changed,
/// and works out its prices anew. False when there is no such product, or not
/// of the seller whom the caller is bound to.
pub async fn touch(tx: &Transaction, id: ProductId, now: Timestamp) -> Result<bool, Fault> {
    // First, so that what follows sees what others did to its prices.
    lock(tx, id).await?;
    let changed = tx
        .run(
            "UPDATE products SET version = version + 1, updated_at = $2 \
             WHERE tenant_id = $1 AND id = $3 AND ($4 IS NULL OR seller_id = $4)",
            [now.micros().into(), id.uuid().into(), tx.seller_value()],
        )
        .await?;
    if changed != 1 {
        return Ok(false);
    }
    prices::work_out(tx, Which::Some(&[id]), now).await?;
    Ok(true)
}

/// Works out the prices of products that have none; after bulk inserts.
pub async fn price_all(tx: &Transaction, now: Timestamp) -> Result<(), Fault> {
    prices::work_out(tx, Which::Unpriced, now).await
}
