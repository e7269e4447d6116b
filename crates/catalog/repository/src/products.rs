//! Products, and a product with all that belongs to it.

use std::collections::BTreeSet;

use catalog_model::listing::ProductRef;
use catalog_model::offer::{CategoryName, ProductDetail, StockedVariant};
use catalog_model::product::Product;
use catalog_model::stock::StockItem;
use catalog_model::variant::Variant;
use database::{Backend, OrFault as _, Scoped, Transaction};
use kernel::{CategoryId, Fault, Money, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use sea_orm::ActiveValue::Set;
use sea_orm::{FromQueryResult, QueryFilter as _};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::rows::product::ActiveModel;
use crate::rows::{currency, json as read_json, product, word};

/// The unique key on the slug, as faults name it.
pub const UNIQUE_SLUG: &str = "products(slug)";

/// One row of the detail query: the product, repeated, and one variant.
#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    brand: Option<String>,
    description: String,
    kind: String,
    condition: String,
    status: String,
    attributes: Json,
    seller_id: Option<Uuid>,
    inventory_strategy: String,
    currency: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    tags: Option<Json>,
    categories: Option<Json>,
    v_id: Option<Uuid>,
    v_stock_item_id: Option<Uuid>,
    v_sku: Option<String>,
    v_title: Option<String>,
    v_size: Option<String>,
    v_options: Option<Json>,
    v_price: Option<i64>,
    v_weight_grams: Option<i64>,
    v_status: Option<String>,
    v_position: Option<i64>,
    v_version: Option<i64>,
    v_created_at: Option<i64>,
    v_updated_at: Option<i64>,
    s_on_hand: Option<i64>,
    s_reserved: Option<i64>,
}

#[derive(Deserialize)]
struct CategoryJson {
    id: Uuid,
    slug: String,
    name: String,
}

/// Whom a detail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The public: active products, variants and categories only.
    Public,
    /// Administrators: everything.
    Admin,
}

/// A product with its categories, tags, variants and their stock, in one
/// statement.
pub async fn detail(
    db: &Scoped,
    product: &ProductRef,
    audience: Audience,
) -> Result<Option<ProductDetail>, Fault> {
    let sql = detail_sql(db.backend(), product, audience);
    let key = match product {
        ProductRef::Id(id) => id.uuid().into(),
        ProductRef::Slug(slug) => slug.clone().into(),
    };
    let rows: Vec<Row> = db.all(&sql, [key]).await?;
    assemble(rows)
}

fn detail_sql(backend: Backend, product: &ProductRef, audience: Audience) -> String {
    let key = match product {
        ProductRef::Id(_) => "id",
        ProductRef::Slug(_) => "slug",
    };
    let (tags, category) = match backend {
        Backend::Postgres => (
            "json_agg(t.tag ORDER BY t.tag)",
            "json_agg(json_build_object('id', c.id, 'slug', c.slug, 'name', c.name) ORDER BY c.position, c.name)",
        ),
        Backend::Sqlite => (
            "json_group_array(t.tag ORDER BY t.tag)",
            "json_group_array(json_object('id', lower(hex(c.id)), 'slug', c.slug, 'name', c.name) ORDER BY c.position, c.name)",
        ),
    };
    let (of_product, of_variant, of_category) = match audience {
        Audience::Public => (
            " AND p.status = 'active'",
            " AND v.status = 'active'",
            " AND c.status = 'active'",
        ),
        Audience::Admin => ("", "", ""),
    };
    format!(
        "WITH p AS MATERIALIZED (SELECT p.*, \
           (SELECT {tags} FROM product_tags t WHERE t.tenant_id = $1 AND t.product_id = p.id) AS tags, \
           (SELECT {category} FROM product_categories pc \
              JOIN categories c ON c.tenant_id = $1 AND c.id = pc.category_id{of_category} \
              WHERE pc.tenant_id = $1 AND pc.product_id = p.id) AS categories \
           FROM products p WHERE p.tenant_id = $1 AND p.{key} = $2{of_product}) \
         SELECT p.id, p.slug, p.name, p.brand, p.description, p.kind, p.condition, p.status, p.attributes, \
           p.seller_id, p.inventory_strategy, p.currency, p.version, p.created_at, p.updated_at, p.tags, p.categories, \
           v.id AS v_id, v.stock_item_id AS v_stock_item_id, v.sku AS v_sku, v.title AS v_title, v.size AS v_size, \
           v.options AS v_options, v.price AS v_price, v.weight_grams AS v_weight_grams, v.status AS v_status, \
           v.position AS v_position, v.version AS v_version, v.created_at AS v_created_at, v.updated_at AS v_updated_at, \
           s.on_hand AS s_on_hand, s.reserved AS s_reserved \
         FROM p LEFT JOIN variants v ON v.tenant_id = $1 AND v.product_id = p.id{of_variant} \
         LEFT JOIN stock_items s ON s.tenant_id = $1 AND s.id = v.stock_item_id \
         ORDER BY v.position, v.id"
    )
}

fn assemble(rows: Vec<Row>) -> Result<Option<ProductDetail>, Fault> {
    let mut detail: Option<ProductDetail> = None;
    for mut row in rows {
        let variant = variant_of(&mut row)?;
        if detail.is_none() {
            detail = Some(product_of(row)?);
        }
        if let Some(detail) = &mut detail {
            detail.variants.extend(variant);
        }
    }
    Ok(detail)
}

fn product_of(row: Row) -> Result<ProductDetail, Fault> {
    let categories: Vec<CategoryJson> = match row.categories {
        Some(value) => read_json("categories", value)?,
        None => Vec::new(),
    };
    let tags: BTreeSet<String> = match row.tags {
        Some(value) => read_json("tags", value)?,
        None => BTreeSet::new(),
    };
    Ok(ProductDetail {
        product: Product {
            id: ProductId::from_uuid(row.id),
            slug: row.slug,
            name: row.name,
            brand: row.brand,
            description: row.description,
            kind: word("products.kind", &row.kind)?,
            condition: word("products.condition", &row.condition)?,
            status: word("products.status", &row.status)?,
            attributes: read_json("products.attributes", row.attributes)?,
            tags,
            categories: categories
                .iter()
                .map(|category| CategoryId::from_uuid(category.id))
                .collect(),
            seller: row.seller_id.map(SellerId::from_uuid),
            inventory_strategy: word("products.inventory_strategy", &row.inventory_strategy)?,
            currency: currency("products.currency", &row.currency)?,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        },
        categories: categories
            .into_iter()
            .map(|category| CategoryName {
                id: CategoryId::from_uuid(category.id),
                slug: category.slug,
                name: category.name,
            })
            .collect(),
        variants: Vec::new(),
    })
}

/// The variant of a row; none for a product without any.
fn variant_of(row: &mut Row) -> Result<Option<StockedVariant>, Fault> {
    let Some(id) = row.v_id else { return Ok(None) };
    let product = ProductId::from_uuid(row.id);
    let stock = match (row.v_stock_item_id, row.s_on_hand, row.s_reserved) {
        (Some(id), Some(on_hand), Some(reserved)) => Some(StockItem {
            id: StockItemId::from_uuid(id),
            product,
            on_hand,
            reserved,
        }),
        _ => None,
    };
    let missing = || Fault::permanent("a variant without one of its columns");
    Ok(Some(StockedVariant {
        variant: Variant {
            id: VariantId::from_uuid(id),
            product,
            stock_item: row.v_stock_item_id.map(StockItemId::from_uuid),
            sku: row.v_sku.take().ok_or_else(missing)?,
            title: row.v_title.take().ok_or_else(missing)?,
            size: row.v_size.take(),
            options: read_json(
                "variants.options",
                row.v_options.take().ok_or_else(missing)?,
            )?,
            price: Money::new(
                row.v_price.ok_or_else(missing)?,
                currency("products.currency", &row.currency)?,
            ),
            weight_grams: row.v_weight_grams.ok_or_else(missing)?,
            status: word(
                "variants.status",
                row.v_status.as_deref().ok_or_else(missing)?,
            )?,
            position: row.v_position.ok_or_else(missing)?,
            version: row.v_version.ok_or_else(missing)?,
            created_at: Timestamp::from_micros(row.v_created_at.ok_or_else(missing)?),
            updated_at: Timestamp::from_micros(row.v_updated_at.ok_or_else(missing)?),
        },
        stock,
    }))
}

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
        attributes: Set(json!(product.attributes)),
        seller_id: Set(product.seller.map(SellerId::uuid)),
        inventory_strategy: Set(strategy.to_owned()),
        currency: Set(product.currency.code().to_owned()),
        price_min: Set(None),
        price_max: Set(None),
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

/// Writes a product, if the stored version is still the one before.
pub async fn update(tx: &Transaction, product: &Product) -> Result<bool, Fault> {
    let (condition, status): (&'static str, &'static str) =
        (product.condition.into(), product.status.into());
    let changed = tx
        .run(
            "UPDATE products SET slug = $2, name = $3, sort_name = $4, brand = $5, description = $6, condition = $7, \
                    status = $8, attributes = $9, seller_id = $10, version = $11, updated_at = $12 \
             WHERE tenant_id = $1 AND id = $13 AND version = $11 - 1",
            [
                product.slug.clone().into(),
                product.name.clone().into(),
                product.sort_name().into(),
                product.brand.clone().into(),
                product.description.clone().into(),
                condition.into(),
                status.into(),
                json!(product.attributes).into(),
                product.seller.map(SellerId::uuid).into(),
                product.version.into(),
                product.updated_at.micros().into(),
                product.id.uuid().into(),
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
/// and recomputes its price range. False when there is no such product.
pub async fn touch(tx: &Transaction, id: ProductId, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE products SET version = version + 1, updated_at = $2, \
               price_min = (SELECT min(v.price) FROM variants v WHERE v.tenant_id = $1 AND v.product_id = $3 AND v.status = 'active'), \
               price_max = (SELECT max(v.price) FROM variants v WHERE v.tenant_id = $1 AND v.product_id = $3 AND v.status = 'active') \
             WHERE tenant_id = $1 AND id = $3",
            [now.micros().into(), id.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Recomputes the price ranges of all products; after bulk inserts.
pub async fn price_all(tx: &Transaction) -> Result<(), Fault> {
    tx.run(
        "UPDATE products SET price_min = r.lowest, price_max = r.highest FROM \
           (SELECT v.product_id, min(v.price) AS lowest, max(v.price) AS highest FROM variants v \
             WHERE v.tenant_id = $1 AND v.status = 'active' GROUP BY v.product_id) AS r \
         WHERE products.tenant_id = $1 AND products.id = r.product_id",
        [],
    )
    .await
    .map(|_| ())
}
