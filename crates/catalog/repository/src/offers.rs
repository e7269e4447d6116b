//! What carts and orders need to know about variants.

use std::collections::BTreeMap;

use catalog_model::bundle::Component;
use catalog_model::offer::Offer;
use catalog_model::price_list::price_in;
use catalog_model::supply::Supply;
use database::Scoped;
use database::column::{Stored, currency, word};
use kernel::{Currency, Fault, Money, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::bundles::{self, ComponentJson};
use crate::prices::listed;
use crate::sellers;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    product_id: Uuid,
    stock_item_id: Option<Uuid>,
    components: Option<Stored<Vec<ComponentJson>>>,
    sku: String,
    title: String,
    size: Option<String>,
    options: Stored<BTreeMap<String, String>>,
    price: i64,
    compare_at: Option<i64>,
    currency: String,
    weight_grams: i64,
    variant_status: String,
    slug: String,
    name: String,
    kind: String,
    seller_id: Option<Uuid>,
    fee_fixed: Option<i64>,
    fee_basis_points: Option<i64>,
    product_status: String,
    available: Option<i64>,
    supply: Option<String>,
    beyond: Option<i64>,
    available_at: Option<i64>,
    listed_price: Option<i64>,
    listed_compare_at: Option<i64>,
}

/// The offers of variants in a currency, in one statement, with the supply that
/// is stored: what of it holds depends on the time, and only [`Offer::at`] a
/// time is known what there is of bundles. Unknown variants are left
/// out; what is not sold in the currency has its price in its own.
pub async fn find(
    db: &Scoped,
    variants: &[VariantId],
    wanted: Currency,
    now: Timestamp,
) -> Result<Vec<Offer>, Fault> {
    if variants.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..variants.len()).map(|n| format!("${}", n + 4)).collect();
    let sql = format!(
        "SELECT v.id, v.product_id, v.stock_item_id, {} AS components, v.sku, v.title, v.size, v.options, v.price, v.compare_at, v.currency, \
           v.weight_grams, v.status AS variant_status, p.slug, p.name, p.kind, p.seller_id, e.fee_fixed, e.fee_basis_points, \
           p.status AS product_status, s.on_hand - s.reserved AS available, s.supply, s.beyond, s.available_at, \
           {} AS listed_price, {} AS listed_compare_at \
         FROM variants v JOIN products p ON p.tenant_id = $1 AND p.id = v.product_id \
         LEFT JOIN stock_items s ON s.tenant_id = $1 AND s.id = v.stock_item_id \
         LEFT JOIN sellers e ON e.tenant_id = $1 AND e.id = p.seller_id \
         WHERE v.tenant_id = $1 AND v.id IN ({})",
        bundles::json(db.backend()),
        listed("price", "$2", "$3"),
        listed("compare_at", "$2", "$3"),
        places.join(", ")
    );
    let mut values: Vec<Value> = vec![wanted.code().into(), now.micros().into()];
    values.extend(variants.iter().map(|id| Value::from(id.uuid())));
    let rows: Vec<Row> = db.all(&sql, values).await?;
    rows.into_iter().map(|row| offer(row, wanted)).collect()
}

fn offer(row: Row, wanted: Currency) -> Result<Offer, Fault> {
    let components = row.components.map_or_else(Vec::new, |Stored(all)| all);
    let components = components.into_iter().map(Component::try_from);
    let mut options = row.options.0;
    if let Some(size) = row.size {
        options.insert("size".to_owned(), size);
    }
    let currency = currency("variants.currency", &row.currency)?;
    let own = (
        Money::new(row.price, currency),
        row.compare_at.map(|minor| Money::new(minor, currency)),
    );
    let listed = row.listed_price.map(|price| (price, row.listed_compare_at));
    let (price, compare_at) = price_in(wanted, own, listed).unwrap_or(own);
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
        seller_fee: sellers::fee(row.fee_fixed, row.fee_basis_points)?,
        price,
        compare_at,
        weight_grams: row.weight_grams,
        stock_item: row.stock_item_id.map(StockItemId::from_uuid),
        components: components.collect::<Result<_, Fault>>()?,
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
