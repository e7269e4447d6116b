//! Piles that run low.

use catalog_model::low_stock::{DrawingVariant, LowFilter, LowPosition, LowStock};
use catalog_model::stock::StockItem;
use database::column::Stored;
use database::{Backend, OrFault as _, Scoped};
use kernel::{Fault, PageRequest, SellerId, VariantId};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::piles::{ItemRow, columns, low_up_to};

#[derive(FromQueryResult)]
struct ProductRow {
    name: String,
    slug: String,
    seller_id: Option<Uuid>,
    variants: Option<Stored<Vec<VariantJson>>>,
}

#[derive(Deserialize)]
struct VariantJson {
    id: Uuid,
    sku: String,
    title: String,
}

/// Piles of which no more can be promised than their threshold, the emptiest
/// first, one more than the page holds. Only those count that a variant draws
/// from which can be sold. One statement, which looks at every pile of the
/// tenant: an index on what is available would cost each order a write.
pub async fn list(
    db: &Scoped,
    filter: LowFilter,
    page: &PageRequest<LowPosition>,
) -> Result<Vec<LowStock>, Fault> {
    let (variants, order) = match db.backend() {
        Backend::Postgres => (
            "json_agg(json_build_object('id', v.id, 'sku', v.sku, 'title', v.title) ORDER BY v.position, v.id)",
            "s.on_hand - s.reserved, s.id",
        ),
        Backend::Sqlite => (
            "json_group_array(json_object('id', lower(hex(v.id)), 'sku', v.sku, 'title', v.title) ORDER BY v.position, v.id)",
            "s.on_hand - s.reserved, s.id",
        ),
    };
    let drawing =
        "variants v WHERE v.tenant_id = $1 AND v.stock_item_id = s.id AND v.status = 'active'";
    let sql = format!(
        "SELECT {}, p.name AS p_name, p.slug AS p_slug, p.seller_id AS p_seller_id, \
           (SELECT {variants} FROM {drawing}) AS p_variants \
         FROM stock_items s JOIN products p ON p.tenant_id = $1 AND p.id = s.product_id AND p.status <> 'archived' \
         WHERE s.tenant_id = $1 AND s.on_hand - s.reserved <= {} AND EXISTS (SELECT 1 FROM {drawing}) \
           AND ($2 IS NULL OR s.product_id = $2) AND ($3 IS NULL OR p.seller_id = $3) \
           AND (NOT $4 OR s.on_hand <= s.reserved) \
           AND ($5 IS NULL OR (s.on_hand - s.reserved, s.id) > ($5, $6)) AND ($8 IS NULL OR p.seller_id = $8) \
         ORDER BY {order} LIMIT $7",
        columns("s."),
        low_up_to("s."),
    );
    let after = page.after;
    let values: [Value; 7] = [
        filter.product.map(kernel::ProductId::uuid).into(),
        filter.seller.map(SellerId::uuid).into(),
        filter.out_only.into(),
        after.map(|after| after.available).into(),
        after.map(|after| after.item.uuid()).into(),
        i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
        db.seller_value(),
    ];
    let rows = db.rows(&sql, values).await?;
    rows.iter()
        .map(|row| {
            let pile = ItemRow::from_query_result(row, "").or_fault()?;
            let product = ProductRow::from_query_result(row, "p_").or_fault()?;
            let variants = product.variants.map_or_else(Vec::new, |Stored(all)| all);
            Ok(LowStock {
                pile: StockItem::try_from(pile)?,
                name: product.name,
                slug: product.slug,
                seller: product.seller_id.map(SellerId::from_uuid),
                variants: variants
                    .into_iter()
                    .map(|one| DrawingVariant {
                        id: VariantId::from_uuid(one.id),
                        sku: one.sku,
                        title: one.title,
                    })
                    .collect(),
            })
        })
        .collect()
}
