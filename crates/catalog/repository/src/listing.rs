//! Lists of products.

use catalog_model::image::Image;
use catalog_model::listing::{CategoryRef, ProductFilter, ProductPosition, ProductSort};
use catalog_model::offer::ProductSummary;
use database::Scoped;
use database::column::{Stored, currency, word};
use kernel::{Fault, PageRequest, ProductId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::images;

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

/// Conditions and their values; `$1` is the tenant.
struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len() + 1)
    }
}

/// A sellable variant, for conditions on variants.
const VARIANTS: &str = "SELECT 1 FROM variants v \
     LEFT JOIN stock_items s ON s.tenant_id = v.tenant_id AND s.id = v.stock_item_id \
     WHERE v.tenant_id = p.tenant_id AND v.product_id = p.id AND v.status = 'active'";
const AVAILABLE: &str = "(v.stock_item_id IS NULL OR s.on_hand > s.reserved)";

/// Products that match, in order, one more than the page holds. The public
/// list (`priced_only`) leaves out products without a price.
pub async fn list(
    db: &Scoped,
    filter: &ProductFilter,
    sort: ProductSort,
    page: &PageRequest<ProductPosition>,
    priced_only: bool,
) -> Result<Vec<ProductSummary>, Fault> {
    let mut conditions = Conditions {
        sql: vec!["p.tenant_id = $1".to_owned()],
        values: Vec::new(),
    };
    if priced_only {
        conditions.sql.push("p.price_min IS NOT NULL".to_owned());
    }
    of_product(filter, &mut conditions);
    of_variants(filter, &mut conditions);
    of_category(filter, &mut conditions);
    after(sort, page.after.as_ref(), &mut conditions);
    let order = match sort {
        ProductSort::Newest => "p.id DESC",
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
    let image = images::json(db.backend());
    let sql = format!(
        "SELECT p.id, p.slug, p.name, p.sort_name, p.brand, p.kind, p.condition, p.status, p.currency, \
           p.price_min, p.price_max, p.version, p.updated_at, \
           (SELECT max(v.compare_at) FROM variants v WHERE v.tenant_id = $1 AND v.product_id = p.id \
              AND v.status = 'active' AND v.price = p.price_min) AS compare_at, \
           EXISTS ({VARIANTS} AND {AVAILABLE}) AS in_stock, \
           (SELECT {image} FROM product_images i WHERE i.tenant_id = $1 AND i.product_id = p.id AND i.state = 'ready' \
              ORDER BY i.position, i.id LIMIT 1) AS image \
         FROM products p WHERE {} ORDER BY {order} LIMIT {limit}",
        conditions.sql.join(" AND ")
    );
    let rows: Vec<Row> = db.all(&sql, conditions.values).await?;
    rows.into_iter().map(summary).collect()
}

fn of_product(filter: &ProductFilter, conditions: &mut Conditions) {
    let words: [(&str, Option<&'static str>); 3] = [
        ("p.status", filter.status.map(Into::into)),
        ("p.condition", filter.condition.map(Into::into)),
        ("p.kind", filter.kind.map(Into::into)),
    ];
    for (column, value) in words {
        if let Some(value) = value {
            let place = conditions.bind(value);
            conditions.sql.push(format!("{column} = {place}"));
        }
    }
    if let Some(brand) = &filter.brand {
        let place = conditions.bind(brand.clone());
        conditions.sql.push(format!("p.brand = {place}"));
    }
    if let Some(tag) = &filter.tag {
        let place = conditions.bind(tag.clone());
        conditions.sql.push(format!(
            "EXISTS (SELECT 1 FROM product_tags t WHERE t.tenant_id = $1 AND t.product_id = p.id AND t.tag = {place})"
        ));
    }
}

/// One variant must meet all conditions on variants.
fn of_variants(filter: &ProductFilter, conditions: &mut Conditions) {
    let mut on_variant = Vec::new();
    if let Some(size) = &filter.size {
        let place = conditions.bind(size.clone());
        on_variant.push(format!("v.size = {place}"));
    }
    if let Some(from) = filter.price_from {
        let place = conditions.bind(from);
        on_variant.push(format!("v.price >= {place}"));
    }
    if let Some(to) = filter.price_to {
        let place = conditions.bind(to);
        on_variant.push(format!("v.price <= {place}"));
    }
    if filter.in_stock {
        on_variant.push(AVAILABLE.to_owned());
    }
    if !on_variant.is_empty() {
        conditions.sql.push(format!(
            "EXISTS ({VARIANTS} AND {})",
            on_variant.join(" AND ")
        ));
    }
}

/// In the category or anywhere below it.
fn of_category(filter: &ProductFilter, conditions: &mut Conditions) {
    let (column, place) = match &filter.category {
        None => return,
        Some(CategoryRef::Id(id)) => ("id", conditions.bind(id.uuid())),
        Some(CategoryRef::Slug(slug)) => ("slug", conditions.bind(slug.clone())),
    };
    conditions.sql.push(format!(
        "p.id IN (WITH RECURSIVE below(id) AS ( \
            SELECT c.id FROM categories c WHERE c.tenant_id = $1 AND c.{column} = {place} AND c.status = 'active' \
            UNION SELECT c.id FROM categories c JOIN below ON c.parent_id = below.id \
              WHERE c.tenant_id = $1 AND c.status = 'active') \
          SELECT pc.product_id FROM product_categories pc JOIN below ON pc.category_id = below.id WHERE pc.tenant_id = $1)"
    ));
}

fn after(sort: ProductSort, position: Option<&ProductPosition>, conditions: &mut Conditions) {
    let sql = match (sort, position) {
        (ProductSort::Newest, Some(ProductPosition::Newest(id))) => {
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
    conditions.sql.push(sql);
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
