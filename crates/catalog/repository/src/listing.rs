//! Lists of products.

use std::collections::HashMap;

use catalog_model::image::Image;
use catalog_model::listing::{CategoryRef, ProductFilter, ProductPosition, ProductSort};
use catalog_model::offer::ProductSummary;
use database::column::{Stored, currency, word};
use database::{Backend, Conditions, Scoped};
use kernel::{Fault, PageRequest, ProductId, SellerId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::bundles::THERE;
use crate::images;
use crate::prices::{Pricing, listed, own_price};

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    sort_name: String,
    brand: Option<String>,
    kind: String,
    condition: String,
    status: String,
    currency: String,
    price_min: Option<i64>,
    price_max: Option<i64>,
    compare_at: Option<i64>,
    in_stock: bool,
    image: Option<Stored<images::Row>>,
    version: i64,
    updated_at: i64,
}

/// A sellable variant, for conditions on variants.
const VARIANTS: &str = "SELECT 1 FROM variants v \
     LEFT JOIN stock_items s ON s.tenant_id = v.tenant_id AND s.id = v.stock_item_id \
     WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.status = 'active'";
fn available() -> String {
    format!(
        "CASE WHEN v.bundle THEN {THERE} ELSE v.stock_item_id IS NULL OR s.on_hand > s.reserved END"
    )
}

/// Products that match, in order, one more than the page holds. The public
/// list (`priced_only`) leaves out products without a price; that of
/// administrators who are bound to a seller what is not the seller's. In another
/// currency than that of the shop, only products with a price in it match.
pub async fn list(
    db: &Scoped,
    filter: &ProductFilter,
    sort: ProductSort,
    page: &PageRequest<ProductPosition>,
    priced_only: bool,
    pricing: &Pricing,
) -> Result<Vec<ProductSummary>, Fault> {
    let mut conditions = Conditions::of_tenant("p.tenant_id");
    if priced_only {
        conditions.add("p.price_min IS NOT NULL");
    } else if let Some(seller) = db.seller() {
        conditions.add_if("p.seller_id = ?", Some(seller.uuid()));
    }
    of_product(filter, &mut conditions);
    of_variants(filter, pricing, db.backend(), &mut conditions);
    of_category(filter, &mut conditions);
    after(sort, page.after.as_ref(), &mut conditions);
    let order = match sort {
        ProductSort::Newest | ProductSort::Relevance => "p.id DESC",
        ProductSort::Name => "p.sort_name, p.id",
        ProductSort::Price => "COALESCE(p.price_min, 0), p.id",
        ProductSort::PriceDesc => "COALESCE(p.price_min, 0) DESC, p.id DESC",
    };
    // Without a constant price the index on the plain column would be missed.
    let order = if priced_only {
        order.replace("COALESCE(p.price_min, 0)", "p.price_min")
    } else {
        order.to_owned()
    };
    let limit = conditions.bind(i64::try_from(page.limit + 1).unwrap_or(i64::MAX));
    let priced = pricing
        .currency
        .map(|currency| conditions.bind(currency.code()));
    let (wanted, values) = conditions.into_parts();
    let sql = match priced {
        None => format!(
            "{} WHERE {wanted} ORDER BY {order} LIMIT {limit}",
            select(db.backend(), "p"),
        ),
        Some(currency) => format!(
            "{} JOIN product_prices r ON r.tenant_id = $1 AND r.product_id = p.id AND r.currency = {currency} \
             WHERE {} ORDER BY {} LIMIT {limit}",
            select(db.backend(), "r"),
            wanted.replace("p.price_min", "r.price_min"),
            order.replace("p.price_min", "r.price_min")
        ),
    };
    let rows: Vec<Row> = db.all(&sql, values).await?;
    rows.into_iter().map(summary).collect()
}

/// `from` is what has the prices: the products, or `r`.
fn select(backend: Backend, from: &str) -> String {
    let image = images::json(backend);
    format!(
        "SELECT p.id, p.slug, p.name, p.sort_name, p.brand, p.kind, p.condition, p.status, p.version, p.updated_at, \
           {from}.currency, {from}.price_min, {from}.price_max, {from}.compare_at, \
           EXISTS ({VARIANTS} AND {}) AS in_stock, \
           (SELECT {image} FROM product_images i WHERE i.tenant_id = $1 AND i.product_id = p.id AND i.state = 'ready' \
              ORDER BY i.position, i.id LIMIT 1) AS image \
         FROM products p",
        available()
    )
}

/// Products that are sold, by id and in that order; what is not sold any more
/// is left out.
pub async fn by_ids(db: &Scoped, ids: &[ProductId]) -> Result<Vec<ProductSummary>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::of_tenant("p.tenant_id");
    let places: Vec<String> = ids.iter().map(|id| conditions.bind(id.uuid())).collect();
    conditions.add(format!("p.id IN ({})", places.join(", ")));
    conditions.add("p.status = 'active' AND p.price_min IS NOT NULL");
    let (wanted, values) = conditions.into_parts();
    let sql = format!("{} WHERE {wanted}", select(db.backend(), "p"));
    let rows: Vec<Row> = db.all(&sql, values).await?;
    let mut found = rows
        .into_iter()
        .map(|row| summary(row).map(|product| (product.id, product)))
        .collect::<Result<HashMap<_, _>, Fault>>()?;
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// That a column has one of some values; nothing where none is named.
fn one_of<T: Into<Value>>(
    column: &str,
    values: impl IntoIterator<Item = T>,
    conditions: &mut Conditions,
) -> Option<String> {
    let places: Vec<String> = values
        .into_iter()
        .map(|value| conditions.bind(value))
        .collect();
    (!places.is_empty()).then(|| format!("{column} IN ({})", places.join(", ")))
}

fn of_product(filter: &ProductFilter, conditions: &mut Conditions) {
    let status: Option<&'static str> = filter.status.map(Into::into);
    let condition = filter.conditions.iter().map(<&'static str>::from);
    let kind = filter.kinds.iter().map(<&'static str>::from);
    let of_columns = [
        one_of("p.status", status, conditions),
        one_of("p.condition", condition, conditions),
        one_of("p.kind", kind, conditions),
        one_of("p.brand", filter.brands.iter().cloned(), conditions),
    ];
    for column in of_columns.into_iter().flatten() {
        conditions.add(column);
    }
    conditions.add_if("p.seller_id = ?", filter.seller.map(SellerId::uuid));
    if let Some(named) = one_of("t.tag", filter.tags.iter().cloned(), conditions) {
        conditions.add(format!(
            "EXISTS (SELECT 1 FROM product_tags t WHERE t.tenant_id = $1 AND t.product_id = p.id AND {named})"
        ));
    }
}

/// One variant must meet all conditions on variants.
fn of_variants(
    filter: &ProductFilter,
    pricing: &Pricing,
    backend: Backend,
    conditions: &mut Conditions,
) {
    let mut on_variant = Vec::new();
    on_variant.extend(one_of("v.size", filter.sizes.iter().cloned(), conditions));
    if filter.price_from.is_some() || filter.price_to.is_some() {
        let now = conditions.bind(pricing.now.micros());
        let price = match pricing.currency {
            None => own_price(backend, &now),
            Some(currency) => listed("price", &conditions.bind(currency.code()), &now),
        };
        for (compared, price_limit) in [(">=", filter.price_from), ("<=", filter.price_to)] {
            if let Some(limit) = price_limit {
                let place = conditions.bind(limit);
                on_variant.push(format!("{price} {compared} {place}"));
            }
        }
    }
    if filter.in_stock {
        on_variant.push(available());
    }
    if !on_variant.is_empty() {
        conditions.add(format!(
            "EXISTS ({VARIANTS} AND {})",
            on_variant.join(" AND ")
        ));
    }
}

/// In one of the categories or anywhere below it, unless it is archived or below
/// such a one.
fn of_category(filter: &ProductFilter, conditions: &mut Conditions) {
    let ids = filter.categories.iter().filter_map(|named| match named {
        CategoryRef::Id(id) => Some(id.uuid()),
        CategoryRef::Slug(_) => None,
    });
    let slugs = filter.categories.iter().filter_map(|named| match named {
        CategoryRef::Slug(slug) => Some(slug.clone()),
        CategoryRef::Id(_) => None,
    });
    let named = [
        one_of("c.id", ids, conditions),
        one_of("c.slug", slugs, conditions),
    ];
    let named: Vec<String> = named.into_iter().flatten().collect();
    if named.is_empty() {
        return;
    }
    let named = named.join(" OR ");
    conditions.add(format!(
        "p.id IN (WITH RECURSIVE below(id) AS ( \
            SELECT c.id FROM categories c WHERE c.tenant_id = $1 AND ({named}) AND c.status = 'active' \
              AND NOT EXISTS (WITH RECURSIVE above(parent_id, status) AS ( \
                  SELECT a.parent_id, a.status FROM categories a WHERE a.tenant_id = $1 AND a.id = c.parent_id \
                  UNION ALL SELECT a.parent_id, a.status FROM categories a JOIN above ON a.id = above.parent_id \
                    WHERE a.tenant_id = $1) \
                SELECT 1 FROM above WHERE status <> 'active') \
            UNION SELECT c.id FROM categories c JOIN below ON c.parent_id = below.id \
              WHERE c.tenant_id = $1 AND c.status = 'active') \
          SELECT pc.product_id FROM product_categories pc JOIN below ON pc.category_id = below.id WHERE pc.tenant_id = $1)"
    ));
}

fn after(sort: ProductSort, position: Option<&ProductPosition>, conditions: &mut Conditions) {
    let sql = match (sort, position) {
        (ProductSort::Newest | ProductSort::Relevance, Some(ProductPosition::Newest(id))) => {
            format!("p.id < {}", conditions.bind(id.uuid()))
        }
        (ProductSort::Name, Some(ProductPosition::Name(name, id))) => {
            let (name, id) = (conditions.bind(name.clone()), conditions.bind(id.uuid()));
            format!("(p.sort_name, p.id) > ({name}, {id})")
        }
        (ProductSort::Price, Some(ProductPosition::Price(price, id))) => {
            let (price, id) = (conditions.bind(*price), conditions.bind(id.uuid()));
            format!("(COALESCE(p.price_min, 0), p.id) > ({price}, {id})")
        }
        (ProductSort::PriceDesc, Some(ProductPosition::Price(price, id))) => {
            let (price, id) = (conditions.bind(*price), conditions.bind(id.uuid()));
            format!("(COALESCE(p.price_min, 0), p.id) < ({price}, {id})")
        }
        // A cursor is bound to its sort, so a position of another one cannot
        // come here; the first page is a safe answer.
        _ => return,
    };
    conditions.add(sql);
}

fn summary(row: Row) -> Result<ProductSummary, Fault> {
    Ok(ProductSummary {
        id: ProductId::from_uuid(row.id),
        slug: row.slug,
        name: row.name,
        sort_name: row.sort_name,
        brand: row.brand,
        kind: word("products.kind", &row.kind)?,
        condition: word("products.condition", &row.condition)?,
        status: word("products.status", &row.status)?,
        currency: currency("products.currency", &row.currency)?,
        price_min: row.price_min,
        price_max: row.price_max,
        compare_at: row.compare_at,
        in_stock: row.in_stock,
        image: row
            .image
            .map(|Stored(image)| Image::try_from(image))
            .transpose()?,
        version: row.version,
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}
