//! What carts and orders need to know about variants.

use std::collections::BTreeMap;

use catalog_model::offer::Offer;
use catalog_model::supply::Supply;
use database::Scoped;
use database::column::{Stored, currency, word};
use kernel::{Fault, Money, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    product_id: Uuid,
    stock_item_id: Option<Uuid>,
    sku: String,
    title: String,
    size: Option<String>,
    options: Stored<BTreeMap<String, String>>,
    price: i64,
    currency: String,
    weight_grams: i64,
    variant_status: String,
    slug: String,
    name: String,
    kind: String,
    seller_id: Option<Uuid>,
    product_status: String,
    available: Option<i64>,
    supply: Option<String>,
    beyond: Option<i64>,
    available_at: Option<i64>,
}

/// The offers of variants, in one statement, with the supply that is stored:
/// what of it holds depends on the time. Unknown variants are left out.
pub async fn find(db: &Scoped, variants: &[VariantId]) -> Result<Vec<Offer>, Fault> {
    if variants.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..variants.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT v.id, v.product_id, v.stock_item_id, v.sku, v.title, v.size, v.options, v.price, v.currency, \
           v.weight_grams, v.status AS variant_status, p.slug, p.name, p.kind, p.seller_id, \
           p.status AS product_status, s.on_hand - s.reserved AS available, s.supply, s.beyond, s.available_at \
         FROM variants v JOIN products p ON p.tenant_id = $1 AND p.id = v.product_id \
         LEFT JOIN stock_items s ON s.tenant_id = $1 AND s.id = v.stock_item_id \
         WHERE v.tenant_id = $1 AND v.id IN ({})",
        places.join(", ")
    );
    let values: Vec<Value> = variants.iter().map(|id| id.uuid().into()).collect();
    let rows: Vec<Row> = db.all(&sql, values).await?;
    rows.into_iter().map(offer).collect()
}

fn offer(row: Row) -> Result<Offer, Fault> {
    let mut options = row.options.0;
    if let Some(size) = row.size {
        options.insert("size".to_owned(), size);
    }
    Ok(Offer {
        variant: VariantId::from_uuid(row.id),
        product: ProductId::from_uuid(row.product_id),
        slug: row.slug,
        name: row.name,
        title: row.title,
        sku: row.sku,
        options,
        kind: word("products.kind", &row.kind)?,
        seller: row.seller_id.map(SellerId::from_uuid),
        price: Money::new(row.price, currency("variants.currency", &row.currency)?),
        weight_grams: row.weight_grams,
        stock_item: row.stock_item_id.map(StockItemId::from_uuid),
        available: row.stock_item_id.and(row.available),
        supply: Supply {
            mode: row
                .supply
                .map(|mode| word("stock_items.supply", &mode))
                .transpose()?
                .unwrap_or_default(),
            beyond: row.beyond.unwrap_or(0),
            available_at: row.available_at.map(Timestamp::from_micros),
        },
        product_status: word("products.status", &row.product_status)?,
        variant_status: word("variants.status", &row.variant_status)?,
    })
}
