//! What bundles are made of.

use catalog_model::bundle::{Candidate, Component, ComponentPile, NewComponent};
use catalog_model::supply::Supply;
use database::column::word;
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

/// A component, as [`json`] has it.
#[derive(Deserialize)]
pub(crate) struct ComponentJson {
    id: Uuid,
    product: Uuid,
    sku: String,
    name: String,
    title: String,
    quantity: i64,
    status: String,
    product_status: String,
    pile: Option<Uuid>,
    available: Option<i64>,
    supply: Option<String>,
    beyond: Option<i64>,
    available_at: Option<i64>,
}

/// A subquery: the components of the variant `v` as a JSON array, NULL unless
/// it is a bundle.
pub(crate) fn json(backend: Backend) -> String {
    let (all, object) = match backend {
        Backend::Postgres => ("json_agg", "json_build_object"),
        Backend::Sqlite => ("json_group_array", "json_object"),
    };
    let id = |column: &str| match backend {
        Backend::Postgres => column.to_owned(),
        Backend::Sqlite => format!("nullif(lower(hex({column})), '')"),
    };
    format!(
        "CASE WHEN v.bundle THEN (SELECT {all}({object}('id', {}, 'product', {}, 'sku', bc.sku, 'name', bp.name, \
             'title', bc.title, 'quantity', b.quantity, 'status', bc.status, 'product_status', bp.status, 'pile', {}, \
             'available', bs.on_hand - bs.reserved, 'supply', bs.supply, 'beyond', bs.beyond, \
             'available_at', bs.available_at) ORDER BY b.position) \
           FROM bundle_components b JOIN variants bc ON bc.tenant_id = $1 AND bc.id = b.component_id \
           JOIN products bp ON bp.tenant_id = $1 AND bp.id = bc.product_id \
           LEFT JOIN stock_items bs ON bs.tenant_id = $1 AND bs.id = bc.stock_item_id \
           WHERE b.tenant_id = $1 AND b.bundle_id = v.id) END",
        id("bc.id"),
        id("bc.product_id"),
        id("bs.id"),
    )
}

impl TryFrom<ComponentJson> for Component {
    type Error = Fault;

    fn try_from(row: ComponentJson) -> Result<Self, Fault> {
        let pile = match (row.pile, row.available) {
            (Some(id), Some(available)) => Some(ComponentPile {
                item: StockItemId::from_uuid(id),
                available,
                supply: Supply {
                    mode: row
                        .supply
                        .map(|mode| word("stock_items.supply", &mode))
                        .transpose()?
                        .unwrap_or_default(),
                    beyond: row.beyond.unwrap_or(0),
                    available_at: row.available_at.map(Timestamp::from_micros),
                },
            }),
            _ => None,
        };
        Ok(Self {
            variant: VariantId::from_uuid(row.id),
            product: ProductId::from_uuid(row.product),
            sku: row.sku,
            name: row.name,
            title: row.title,
            quantity: row.quantity,
            archived: row.status == "archived" || row.product_status == "archived",
            pile,
        })
    }
}

/// A subquery: a column of the pile `x` that the variant `v`, a bundle, had of
/// its own before it was one. A pile that others share is not its own.
pub(crate) fn set_aside(column: &str) -> String {
    format!(
        "CASE WHEN v.bundle THEN (SELECT {column} FROM stock_items x WHERE x.tenant_id = $1 AND x.id = v.set_aside_id \
           AND NOT EXISTS (SELECT 1 FROM variants y WHERE y.tenant_id = $1 AND y.stock_item_id = x.id)) END"
    )
}

#[derive(FromQueryResult)]
struct PileRow {
    id: Option<Uuid>,
}

/// The pile that a bundle had of its own before it was one.
pub async fn own_pile(db: &Scoped, bundle: VariantId) -> Result<Option<StockItemId>, Fault> {
    let sql = format!(
        "SELECT {} AS id FROM variants v WHERE v.tenant_id = $1 AND v.id = $2",
        set_aside("x.id")
    );
    let row: Option<PileRow> = db.one(&sql, [bundle.uuid().into()]).await?;
    Ok(row.and_then(|row| row.id).map(StockItemId::from_uuid))
}

/// That enough is there of all components of the variant `v`, which is a
/// bundle, and that none of them is archived.
pub(crate) const THERE: &str = "NOT EXISTS (SELECT 1 FROM bundle_components b \
     JOIN variants bc ON bc.tenant_id = b.tenant_id AND bc.id = b.component_id \
     JOIN stock_items bs ON bs.tenant_id = b.tenant_id AND bs.id = bc.stock_item_id \
     WHERE b.tenant_id = v.tenant_id AND b.bundle_id = v.id \
     GROUP BY bs.id, bs.on_hand, bs.reserved HAVING sum(b.quantity) > bs.on_hand - bs.reserved) \
   AND NOT EXISTS (SELECT 1 FROM bundle_components b \
     JOIN variants bc ON bc.tenant_id = b.tenant_id AND bc.id = b.component_id \
     JOIN products bp ON bp.tenant_id = b.tenant_id AND bp.id = bc.product_id \
     WHERE b.tenant_id = v.tenant_id AND b.bundle_id = v.id AND (bc.status = 'archived' OR bp.status = 'archived'))";

fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}

#[derive(FromQueryResult)]
struct CandidateRow {
    id: Uuid,
    product_id: Uuid,
    sku: String,
    bundle: bool,
    stock_item_id: Option<Uuid>,
    status: String,
    kind: String,
    product_status: String,
    seller_id: Option<Uuid>,
    bundles: i64,
}

/// Variants, which together with their products nobody else changes until the
/// transaction ends; unknown ones are left out, and for those who are bound to
/// a seller all that are not the seller's. All who make bundles lock first the
/// variants and then the products, each in order, so that no bundle becomes a
/// component at the same moment.
pub async fn lock(tx: &Transaction, ids: &[VariantId]) -> Result<Vec<Candidate>, Fault> {
    let values = || ids.iter().map(|id| Value::from(id.uuid()));
    let some = places(2, ids.len());
    if tx.backend() == Backend::Postgres {
        let variants = format!(
            "SELECT 1 FROM variants WHERE tenant_id = $1 AND id IN ({some}) ORDER BY id FOR NO KEY UPDATE"
        );
        tx.run(&variants, values()).await?;
        let products = format!(
            "SELECT 1 FROM products WHERE tenant_id = $1 AND id IN \
               (SELECT product_id FROM variants WHERE tenant_id = $1 AND id IN ({some})) ORDER BY id FOR NO KEY UPDATE"
        );
        tx.run(&products, values()).await?;
    }
    let seller = ids.len() + 2;
    let sql = format!(
        "SELECT v.id, v.product_id, v.sku, v.bundle, v.stock_item_id, v.status, p.kind, p.status AS product_status, \
           p.seller_id, (SELECT count(*) FROM bundle_components b WHERE b.tenant_id = $1 AND b.component_id = v.id) AS bundles \
         FROM variants v JOIN products p ON p.tenant_id = $1 AND p.id = v.product_id \
         WHERE v.tenant_id = $1 AND v.id IN ({some}) AND (${seller} IS NULL OR p.seller_id = ${seller}) ORDER BY v.id"
    );
    let rows: Vec<CandidateRow> = tx.all(&sql, values().chain([tx.seller_value()])).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Candidate {
                id: VariantId::from_uuid(row.id),
                product: ProductId::from_uuid(row.product_id),
                sku: row.sku,
                bundle: row.bundle,
                stock_item: row.stock_item_id.map(StockItemId::from_uuid),
                status: word("variants.status", &row.status)?,
                kind: word("products.kind", &row.kind)?,
                product_status: word("products.status", &row.product_status)?,
                seller: row.seller_id.map(SellerId::from_uuid),
                bundles: row.bundles,
            })
        })
        .collect()
}

/// How many variants draw from a pile.
pub async fn count_drawing(db: &Scoped, pile: StockItemId) -> Result<i64, Fault> {
    let row: Option<CountRow> = db
        .one(
            "SELECT count(*) AS count FROM variants WHERE tenant_id = $1 AND stock_item_id = $2",
            [pile.uuid().into()],
        )
        .await?;
    Ok(row.map_or(0, |row| row.count))
}

#[derive(FromQueryResult)]
struct CountRow {
    count: i64,
}

/// Writes what a variant is made of, if its version is still that one, and
/// raises it. Its own pile is set aside while it is a bundle.
pub async fn write(
    tx: &Transaction,
    bundle: VariantId,
    components: &[NewComponent],
    version: i64,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE variants SET bundle = $2, version = version + 1, updated_at = $3, \
               set_aside_id = CASE WHEN bundle = $2 THEN set_aside_id WHEN $2 THEN stock_item_id ELSE NULL END, \
               stock_item_id = CASE WHEN bundle = $2 THEN stock_item_id WHEN $2 THEN NULL ELSE set_aside_id END \
             WHERE tenant_id = $1 AND id = $4 AND version = $5",
            [
                (!components.is_empty()).into(),
                now.micros().into(),
                bundle.uuid().into(),
                version.into(),
            ],
        )
        .await?;
    if changed != 1 {
        return Ok(false);
    }
    tx.run(
        "DELETE FROM bundle_components WHERE tenant_id = $1 AND bundle_id = $2",
        [bundle.uuid().into()],
    )
    .await?;
    if components.is_empty() {
        return Ok(true);
    }
    let mut values: Vec<Value> = vec![bundle.uuid().into()];
    let mut rows = Vec::with_capacity(components.len());
    for (component, position) in components.iter().zip(1i64..) {
        let n = values.len() + 2;
        rows.push(format!("($1, $2, ${n}, ${}, ${})", n + 1, n + 2));
        values.extend([
            component.variant.uuid().into(),
            component.quantity.into(),
            position.into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO bundle_components (tenant_id, bundle_id, component_id, quantity, position) VALUES {}",
        rows.join(", ")
    );
    tx.run(&sql, values).await?;
    Ok(true)
}

/// Notes of piles whether bundles draw from them. The piles are locked.
pub async fn mark(tx: &Transaction, piles: &[StockItemId]) -> Result<(), Fault> {
    if piles.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE stock_items SET bundled = EXISTS (SELECT 1 FROM bundle_components b \
             JOIN variants c ON c.tenant_id = $1 AND c.id = b.component_id AND c.stock_item_id = stock_items.id \
             WHERE b.tenant_id = $1) \
         WHERE tenant_id = $1 AND id IN ({})",
        places(2, piles.len())
    );
    tx.run(&sql, piles.iter().map(|id| Value::from(id.uuid())))
        .await
        .map(|_| ())
}

/// What a bundle takes of a pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawing {
    /// Of which product the bundle is.
    pub product: ProductId,
    /// Which pile.
    pub item: StockItemId,
    /// How many pieces one bundle takes.
    pub quantity: i64,
}

#[derive(FromQueryResult)]
struct DrawingRow {
    product_id: Uuid,
    stock_item_id: Uuid,
    quantity: i64,
}

/// The bundles that draw from piles, once for each of these.
pub async fn drawing_from(db: &Scoped, piles: &[StockItemId]) -> Result<Vec<Drawing>, Fault> {
    if piles.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT v.product_id, c.stock_item_id, CAST(sum(b.quantity) AS bigint) AS quantity FROM variants c \
         JOIN bundle_components b ON b.tenant_id = $1 AND b.component_id = c.id \
         JOIN variants v ON v.tenant_id = $1 AND v.id = b.bundle_id \
         WHERE c.tenant_id = $1 AND c.stock_item_id IN ({}) GROUP BY v.id, v.product_id, c.stock_item_id",
        places(2, piles.len())
    );
    let values = piles.iter().map(|id| Value::from(id.uuid()));
    let rows: Vec<DrawingRow> = db.all(&sql, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| Drawing {
            product: ProductId::from_uuid(row.product_id),
            item: StockItemId::from_uuid(row.stock_item_id),
            quantity: row.quantity,
        })
        .collect())
}

/// A bundle that has a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Of which product it is.
    pub product: ProductId,
    /// Its stock keeping unit.
    pub sku: String,
    /// Whether it is sold: neither is it archived nor is its product.
    pub active: bool,
}

/// Which components are asked about.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// One variant.
    Variant(VariantId),
    /// All variants of a product.
    Product(ProductId),
}

#[derive(FromQueryResult)]
struct HolderRow {
    product_id: Uuid,
    sku: String,
    active: bool,
}

/// The bundles that have components, by SKU.
pub async fn holding(db: &Scoped, of: Of) -> Result<Vec<Holder>, Fault> {
    let (column, id) = match of {
        Of::Variant(id) => ("id", id.uuid()),
        Of::Product(id) => ("product_id", id.uuid()),
    };
    let sql = format!(
        "SELECT v.product_id, v.sku, v.status <> 'archived' AND p.status <> 'archived' AS active FROM variants v \
         JOIN products p ON p.tenant_id = $1 AND p.id = v.product_id \
         WHERE v.tenant_id = $1 AND v.bundle AND EXISTS (SELECT 1 FROM bundle_components b \
           JOIN variants c ON c.tenant_id = $1 AND c.id = b.component_id AND c.{column} = $2 \
           WHERE b.tenant_id = $1 AND b.bundle_id = v.id) ORDER BY v.sku"
    );
    let rows: Vec<HolderRow> = db.all(&sql, [id.into()]).await?;
    Ok(rows
        .into_iter()
        .map(|row| Holder {
            product: ProductId::from_uuid(row.product_id),
            sku: row.sku,
            active: row.active,
        })
        .collect())
}

#[derive(FromQueryResult)]
struct SkuRow {
    sku: String,
}

/// The bundles that have components of a product or belong to it, and have to
/// do with other products at the same time, by SKU.
pub async fn across(db: &Scoped, product: ProductId) -> Result<Vec<String>, Fault> {
    let rows: Vec<SkuRow> = db
        .all(
            "SELECT DISTINCT v.sku FROM bundle_components b \
             JOIN variants v ON v.tenant_id = $1 AND v.id = b.bundle_id \
             JOIN variants c ON c.tenant_id = $1 AND c.id = b.component_id \
             WHERE b.tenant_id = $1 AND v.product_id <> c.product_id AND (v.product_id = $2 OR c.product_id = $2) \
             ORDER BY v.sku",
            [product.uuid().into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.sku).collect())
}
