//! A product with all that belongs to it.

use std::collections::{BTreeMap, BTreeSet};

use catalog_model::bundle::Component;
use catalog_model::image::Image;
use catalog_model::listing::ProductRef;
use catalog_model::offer::{CategoryName, ProductDetail, StockedVariant};
use catalog_model::product::Product;
use catalog_model::stock::StockItem;
use catalog_model::supply::Supply;
use catalog_model::variant::Variant;
use database::column::{Stored, currency, word};
use database::{Backend, OrFault as _, Scoped, Sql};
use kernel::{CategoryId, Fault, Money, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use sea_orm::{FromQueryResult, QueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::bundles::{self, ComponentJson};
use crate::images;
use crate::piles::low_up_to;
use crate::prices::{Pricing, listed};

/// The product, which every row of the query repeats.
#[derive(FromQueryResult)]
struct ProductRow {
    id: Uuid,
    slug: String,
    name: String,
    brand: Option<String>,
    description: String,
    kind: String,
    condition: String,
    status: String,
    attributes: Stored<BTreeMap<String, String>>,
    seller_id: Option<Uuid>,
    inventory_strategy: String,
    currency: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
    tags: Option<Stored<BTreeSet<String>>>,
    categories: Option<Stored<Vec<CategoryJson>>>,
    images: Option<Stored<Vec<images::Row>>>,
}

#[derive(Deserialize)]
struct CategoryJson {
    id: Uuid,
    slug: String,
    name: String,
}

/// One variant; its columns begin with `v_`.
#[derive(FromQueryResult)]
struct VariantRow {
    id: Uuid,
    stock_item_id: Option<Uuid>,
    bundle: bool,
    components: Option<Stored<Vec<ComponentJson>>>,
    set_aside: Option<i64>,
    sku: String,
    title: String,
    size: Option<String>,
    options: Stored<BTreeMap<String, String>>,
    price: i64,
    compare_at: Option<i64>,
    weight_grams: i64,
    status: String,
    position: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
    on_hand: Option<i64>,
    reserved: Option<i64>,
    listed_price: Option<i64>,
    listed_compare_at: Option<i64>,
    owed: Option<i64>,
    low_at: Option<i64>,
    low_up_to: Option<i64>,
    supply: Option<String>,
    beyond: Option<i64>,
    available_at: Option<i64>,
    bundled: Option<bool>,
}

/// Whom a detail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The public: active products, variants and categories only.
    Public,
    /// Administrators: everything, and of those who are bound to a seller what
    /// is the seller's.
    Admin,
    /// The system, whoever it works for: everything.
    System,
}

/// The places of currency and time where there is one value before them.
const PRICING: Option<(&str, &str)> = Some(("$3", "$4"));

static PUBLIC_BY_ID: Sql =
    Sql::new(|backend| select(backend, "p.id = $2", Audience::Public, PRICING));
static PUBLIC_BY_SLUG: Sql =
    Sql::new(|backend| select(backend, "p.slug = $2", Audience::Public, PRICING));
static ADMIN_BY_ID: Sql = Sql::new(|backend| {
    select(
        backend,
        "p.id = $2 AND ($5 IS NULL OR p.seller_id = $5)",
        Audience::Admin,
        PRICING,
    )
});
static ADMIN_BY_SLUG: Sql = Sql::new(|backend| {
    select(
        backend,
        "p.slug = $2 AND ($5 IS NULL OR p.seller_id = $5)",
        Audience::Admin,
        PRICING,
    )
});
static SYSTEM_BY_ID: Sql =
    Sql::new(|backend| select(backend, "p.id = $2", Audience::System, PRICING));
static SYSTEM_BY_SLUG: Sql =
    Sql::new(|backend| select(backend, "p.slug = $2", Audience::System, PRICING));
static PAGE: Sql = Sql::new(|backend| {
    let page = "p.id IN (SELECT id FROM products WHERE tenant_id = $1 AND ($2 IS NULL OR id > $2) \
                AND ($4 IS NULL OR seller_id = $4) ORDER BY id LIMIT $3)";
    select(backend, page, Audience::Admin, None)
});

/// A product with its categories, tags, pictures, variants and their stock,
/// in one statement.
pub async fn find(
    db: &Scoped,
    product: &ProductRef,
    audience: Audience,
    pricing: Pricing,
) -> Result<Option<ProductDetail>, Fault> {
    let sql = match (product, audience) {
        (ProductRef::Id(_), Audience::Public) => &PUBLIC_BY_ID,
        (ProductRef::Slug(_), Audience::Public) => &PUBLIC_BY_SLUG,
        (ProductRef::Id(_), Audience::Admin) => &ADMIN_BY_ID,
        (ProductRef::Slug(_), Audience::Admin) => &ADMIN_BY_SLUG,
        (ProductRef::Id(_), Audience::System) => &SYSTEM_BY_ID,
        (ProductRef::Slug(_), Audience::System) => &SYSTEM_BY_SLUG,
    };
    let key = match product {
        ProductRef::Id(id) => id.uuid().into(),
        ProductRef::Slug(slug) => slug.clone().into(),
    };
    let [currency, now] = pricing.values();
    let mut values: Vec<Value> = vec![key, currency, now];
    if audience == Audience::Admin {
        values.push(db.seller_value());
    }
    let rows = db.rows(sql.on(db.backend()), values).await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut detail = product_of(ProductRow::from_query_result(first, "").or_fault()?)?;
    for row in &rows {
        // A product without variants has one row, with none.
        let variant = Option::<VariantRow>::from_query_result(row, "v_").or_fault()?;
        if let Some(variant) = variant {
            let variant = variant_of(variant, &detail.product)?;
            detail.variants.push(variant);
        }
    }
    Ok(Some(detail))
}

/// Products with all that belongs to them, in order of their ids and in one
/// statement.
pub async fn some(
    db: &Scoped,
    products: &BTreeSet<ProductId>,
    pricing: Pricing,
) -> Result<Vec<ProductDetail>, Fault> {
    let places: Vec<String> = (2..2 + products.len()).map(|n| format!("${n}")).collect();
    let condition = format!("p.id IN ({})", places.join(", "));
    let (currency, now) = (products.len() + 2, products.len() + 3);
    let (currency, now) = (format!("${currency}"), format!("${now}"));
    let priced = Some((currency.as_str(), now.as_str()));
    let sql = select(db.backend(), &condition, Audience::System, priced);
    let ids = products.iter().map(|id| Value::from(id.uuid()));
    details(db.rows(&sql, ids.chain(pricing.values())).await?)
}

/// Products in order of their ids, with all that belongs to them but prices of
/// lists, in one statement; `after` is the last one of the page before.
pub async fn page(
    db: &Scoped,
    after: Option<ProductId>,
    limit: i64,
) -> Result<Vec<ProductDetail>, Fault> {
    let values = [
        after.map(ProductId::uuid).into(),
        limit.into(),
        db.seller_value(),
    ];
    details(db.rows(PAGE.on(db.backend()), values).await?)
}

/// The products of rows that come in order of them.
fn details(rows: Vec<QueryResult>) -> Result<Vec<ProductDetail>, Fault> {
    let mut details: Vec<ProductDetail> = Vec::new();
    for row in rows {
        let product = ProductRow::from_query_result(&row, "").or_fault()?;
        if details.last().map(|last| last.product.id.uuid()) != Some(product.id) {
            details.push(product_of(product)?);
        }
        let variant = Option::<VariantRow>::from_query_result(&row, "v_").or_fault()?;
        if let (Some(variant), Some(detail)) = (variant, details.last_mut()) {
            let variant = variant_of(variant, &detail.product)?;
            detail.variants.push(variant);
        }
    }
    Ok(details)
}

/// With prices of lists if it is said where the currency and the time stand.
fn select(
    backend: Backend,
    condition: &str,
    audience: Audience,
    pricing: Option<(&str, &str)>,
) -> String {
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
    let listed_in = |column: &str| match pricing {
        Some((currency, now)) => listed(column, &format!("COALESCE({currency}, p.currency)"), now),
        None => "CAST(NULL AS bigint)".to_owned(),
    };
    let (price, compare_at) = (listed_in("price"), listed_in("compare_at"));
    let set_aside = match audience {
        Audience::Public => "CAST(NULL AS bigint)".to_owned(),
        Audience::Admin | Audience::System => bundles::set_aside("x.on_hand"),
    };
    let image = images::json(backend);
    let components = bundles::json(backend);
    let all = match backend {
        Backend::Postgres => "json_agg",
        Backend::Sqlite => "json_group_array",
    };
    let (of_product, of_variant, of_category, of_image) = match audience {
        Audience::Public => (
            " AND p.status = 'active'",
            " AND v.status = 'active'",
            " AND c.status = 'active'",
            " AND i.state = 'ready'",
        ),
        Audience::Admin | Audience::System => ("", "", "", " AND i.state <> 'deleting'"),
    };
    format!(
        "WITH p AS MATERIALIZED (SELECT p.*, \
           (SELECT {tags} FROM product_tags t WHERE t.tenant_id = $1 AND t.product_id = p.id) AS tags, \
           (SELECT {category} FROM product_categories pc \
              JOIN categories c ON c.tenant_id = $1 AND c.id = pc.category_id{of_category} \
              WHERE pc.tenant_id = $1 AND pc.product_id = p.id) AS categories, \
           (SELECT {all}({image} ORDER BY i.position, i.id) FROM product_images i \
              WHERE i.tenant_id = $1 AND i.product_id = p.id{of_image}) AS images \
           FROM products p WHERE p.tenant_id = $1 AND {condition}{of_product}) \
         SELECT p.id, p.slug, p.name, p.brand, p.description, p.kind, p.condition, p.status, p.attributes, \
           p.seller_id, p.inventory_strategy, p.currency, p.version, p.created_at, p.updated_at, p.tags, p.categories, p.images, \
           v.id AS v_id, v.stock_item_id AS v_stock_item_id, v.bundle AS v_bundle, {components} AS v_components, {set_aside} AS v_set_aside, v.sku AS v_sku, v.title AS v_title, v.size AS v_size, \
           v.options AS v_options, v.price AS v_price, v.compare_at AS v_compare_at, v.weight_grams AS v_weight_grams, v.status AS v_status, \
           v.position AS v_position, v.version AS v_version, v.created_at AS v_created_at, v.updated_at AS v_updated_at, \
           s.on_hand AS v_on_hand, s.reserved AS v_reserved, s.owed AS v_owed, s.low_at AS v_low_at, \
           {} AS v_low_up_to, s.supply AS v_supply, s.beyond AS v_beyond, s.available_at AS v_available_at, s.bundled AS v_bundled, \
           {price} AS v_listed_price, {compare_at} AS v_listed_compare_at \
         FROM p LEFT JOIN variants v ON v.tenant_id = $1 AND v.product_id = p.id{of_variant} \
         LEFT JOIN stock_items s ON s.tenant_id = $1 AND s.id = v.stock_item_id \
         ORDER BY p.id, v.position, v.id",
        low_up_to("s.")
    )
}

fn product_of(row: ProductRow) -> Result<ProductDetail, Fault> {
    let categories = row.categories.map_or_else(Vec::new, |Stored(all)| all);
    let images = row.images.map_or_else(Vec::new, |Stored(all)| all);
    Ok(ProductDetail {
        images: images
            .into_iter()
            .map(Image::try_from)
            .collect::<Result<_, Fault>>()?,
        product: Product {
            id: ProductId::from_uuid(row.id),
            slug: row.slug,
            name: row.name,
            brand: row.brand,
            description: row.description,
            kind: word("products.kind", &row.kind)?,
            condition: word("products.condition", &row.condition)?,
            status: word("products.status", &row.status)?,
            attributes: row.attributes.0,
            tags: row.tags.map_or_else(BTreeSet::new, |Stored(all)| all),
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

fn variant_of(row: VariantRow, product: &Product) -> Result<StockedVariant, Fault> {
    let stock_item = row.stock_item_id.map(StockItemId::from_uuid);
    let stock = match (stock_item, row.on_hand, row.reserved) {
        (Some(id), Some(on_hand), Some(reserved)) => Some(StockItem {
            id,
            product: product.id,
            on_hand,
            reserved,
            owed: row.owed.unwrap_or(0),
            low_at: row.low_at,
            low_up_to: row.low_up_to.unwrap_or(0),
            supply: Supply {
                mode: row
                    .supply
                    .map(|mode| word("stock_items.supply", &mode))
                    .transpose()?
                    .unwrap_or_default(),
                beyond: row.beyond.unwrap_or(0),
                available_at: row.available_at.map(Timestamp::from_micros),
            },
            bundled: row.bundled.unwrap_or(false),
        }),
        _ => None,
    };
    let components = row.components.map_or_else(Vec::new, |Stored(all)| all);
    let components = components.into_iter().map(Component::try_from);
    Ok(StockedVariant {
        variant: Variant {
            id: VariantId::from_uuid(row.id),
            product: product.id,
            stock_item,
            bundle: row.bundle,
            sku: row.sku,
            title: row.title,
            size: row.size,
            options: row.options.0,
            price: Money::new(row.price, product.currency),
            compare_at: row
                .compare_at
                .map(|minor| Money::new(minor, product.currency)),
            weight_grams: row.weight_grams,
            status: word("variants.status", &row.status)?,
            position: row.position,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        },
        stock,
        components: components.collect::<Result<_, Fault>>()?,
        set_aside: row.set_aside,
        listed: row.listed_price.map(|price| (price, row.listed_compare_at)),
    })
}
