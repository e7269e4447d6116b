//! The rows of an import become products: a fixed number of statements,
//! however many rows there are, so that the one transaction they run in is
//! short.

use catalog_model::stock::StockItem;
use database::{Backend, Sql, Transaction};
use kernel::{Currency, Fault, ImportId, Timestamp};
use sea_orm::Value;

use crate::import_supply;
use crate::piles::{ItemRow, columns, low_up_to};
use crate::prices::{self, Which};

// `$2` is the import, `$3` the time, `$4` the currency or who did it.
const OF_PRODUCT: &str = "ip.tenant_id = $1 AND ip.import_id = $2";
const OF_VARIANT: &str = "iv.tenant_id = $1 AND iv.import_id = $2";

static NEW_PRODUCTS: Sql = Sql::new(|_| {
    format!(
        "INSERT INTO products (tenant_id, id, slug, name, sort_name, brand, description, kind, condition, status, \
           attributes, seller_id, inventory_strategy, currency, price_min, price_max, version, created_at, updated_at) \
         SELECT $1, ip.product_id, ip.slug, ip.name, ip.sort_name, ip.brand, COALESCE(ip.description, ''), \
           COALESCE(ip.kind, 'goods'), COALESCE(ip.condition, 'new'), COALESCE(ip.status, 'draft'), ip.attributes, NULL, \
           COALESCE(ip.strategy, 'per_size'), $4, NULL, NULL, 1, $3, $3 \
         FROM import_products ip WHERE {OF_PRODUCT} AND ip.is_new ORDER BY ip.n"
    )
});

static CHANGED_PRODUCTS: Sql = Sql::new(|backend| {
    let merged = merge(backend, "products.attributes", "ip.attributes");
    format!(
        "UPDATE products SET name = COALESCE(ip.name, products.name), sort_name = COALESCE(ip.sort_name, products.sort_name), \
           brand = COALESCE(ip.brand, products.brand), description = COALESCE(ip.description, products.description), \
           condition = COALESCE(ip.condition, products.condition), status = COALESCE(ip.status, products.status), \
           attributes = {merged}, version = products.version + 1, updated_at = $3 \
         FROM import_products ip WHERE {OF_PRODUCT} AND NOT ip.is_new \
           AND products.tenant_id = $1 AND products.id = ip.product_id"
    )
});

static OLD_TAGS: Sql = Sql::new(|_| old_links("product_tags", "tags"));
static OLD_CATEGORIES: Sql = Sql::new(|_| old_links("product_categories", "categories"));

static TAGS: Sql = Sql::new(|backend| {
    let words = words(backend, "ip.tags");
    format!(
        "INSERT INTO product_tags (tenant_id, product_id, tag) SELECT DISTINCT $1, ip.product_id, w.value \
         FROM import_products ip {words} WHERE {OF_PRODUCT} AND ip.tags IS NOT NULL"
    )
});

static CATEGORIES: Sql = Sql::new(|backend| {
    let words = words(backend, "ip.categories");
    format!(
        "INSERT INTO product_categories (tenant_id, product_id, category_id) SELECT DISTINCT $1, ip.product_id, c.id \
         FROM import_products ip {words} JOIN categories c ON c.tenant_id = $1 AND c.slug = w.value \
         WHERE {OF_PRODUCT} AND ip.categories IS NOT NULL"
    )
});

/// Empty piles, one for each that is not there: of variants, and of products
/// whose variants will share one.
static PILES: Sql = Sql::new(|_| {
    format!(
        "INSERT INTO stock_items (tenant_id, id, product_id, on_hand, reserved, updated_at) \
         SELECT $1, new.pile_id, new.product_id, 0, 0, $3 FROM \
           (SELECT iv.pile_id, ip.product_id FROM import_variants iv JOIN import_products ip \
              ON {OF_PRODUCT} AND ip.n = iv.product_n WHERE {OF_VARIANT} AND iv.is_new AND iv.pile_id IS NOT NULL \
            UNION SELECT ip.pile_id, ip.product_id FROM import_products ip \
              WHERE {OF_PRODUCT} AND ip.is_new AND ip.pile_id IS NOT NULL) new \
         WHERE NOT EXISTS (SELECT 1 FROM stock_items s WHERE s.tenant_id = $1 AND s.id = new.pile_id)"
    )
});

static NEW_VARIANTS: Sql = Sql::new(|_| {
    format!(
        "INSERT INTO variants (tenant_id, id, product_id, stock_item_id, sku, title, size, options, price, currency, \
           weight_grams, status, position, version, created_at, updated_at, compare_at) \
         SELECT $1, iv.variant_id, ip.product_id, iv.pile_id, iv.sku, COALESCE(iv.title, iv.made_title), iv.size, iv.options, \
           iv.price, $4, COALESCE(iv.weight_grams, 0), COALESCE(iv.status, 'active'), \
           COALESCE(iv.position, iv.place + COALESCE((SELECT max(v.position) + 1 FROM variants v \
             WHERE v.tenant_id = $1 AND v.product_id = ip.product_id), 0)), 1, $3, $3, NULLIF(iv.compare_at, 0) \
         FROM import_variants iv JOIN import_products ip ON {OF_PRODUCT} AND ip.n = iv.product_n \
         WHERE {OF_VARIANT} AND iv.is_new ORDER BY iv.n"
    )
});

static CHANGED_VARIANTS: Sql = Sql::new(|backend| {
    let merged = merge(backend, "variants.options", "iv.options");
    format!(
        "UPDATE variants SET title = COALESCE(iv.title, variants.title), size = COALESCE(iv.size, variants.size), \
           options = {merged}, price = COALESCE(iv.price, variants.price), \
           compare_at = NULLIF(COALESCE(iv.compare_at, variants.compare_at), 0), \
           weight_grams = COALESCE(iv.weight_grams, variants.weight_grams), \
           position = COALESCE(iv.position, variants.position), status = COALESCE(iv.status, variants.status), version = variants.version + 1, updated_at = $3 \
         FROM import_variants iv WHERE {OF_VARIANT} AND NOT iv.is_new \
           AND variants.tenant_id = $1 AND variants.id = iv.variant_id"
    )
});

/// How many each pile is to have: what its first row says.
const WANTED: &str = "(SELECT iv.pile_id, iv.movement_id, iv.on_hand, \
       row_number() OVER (PARTITION BY iv.pile_id ORDER BY iv.n) AS place FROM import_variants iv \
     WHERE iv.tenant_id = $1 AND iv.import_id = $2 AND iv.pile_id IS NOT NULL AND iv.on_hand IS NOT NULL) w";

static MOVEMENTS: Sql = Sql::new(|_| {
    format!(
        "INSERT INTO stock_movements (tenant_id, id, stock_item_id, kind, on_hand_delta, reserved_delta, on_hand_after, \
           reserved_after, owed_after, reason, order_id, actor, created_at) \
         SELECT $1, w.movement_id, s.id, 'adjusted', w.on_hand - s.on_hand, 0, w.on_hand, s.reserved, s.owed, 'import', NULL, $4, $3 \
         FROM {WANTED} JOIN stock_items s ON s.tenant_id = $1 AND s.id = w.pile_id \
         WHERE w.place = 1 AND w.on_hand <> s.on_hand"
    )
});

static STOCK: Sql = Sql::new(|_| {
    format!(
        "UPDATE stock_items SET on_hand = w.on_hand, updated_at = $3 FROM {WANTED} \
         WHERE stock_items.tenant_id = $1 AND stock_items.id = w.pile_id AND w.place = 1 \
           AND w.on_hand <> stock_items.on_hand"
    )
});

/// Piles that had more than their threshold before and have not now.
static FELL_LOW: Sql = Sql::new(|_| {
    let low = low_up_to("s.");
    format!(
        "SELECT {} FROM {WANTED} JOIN stock_items s ON s.tenant_id = $1 AND s.id = w.pile_id \
         JOIN stock_movements m ON m.tenant_id = $1 AND m.id = w.movement_id \
         WHERE w.place = 1 AND s.on_hand - s.reserved <= {low} AND s.on_hand - m.on_hand_delta - s.reserved > {low} \
         ORDER BY s.id",
        columns("s.")
    )
});

/// The second object's members put into the first.
fn merge(backend: Backend, into: &str, from: &str) -> String {
    match backend {
        Backend::Postgres => format!("{into} || {from}"),
        Backend::Sqlite => format!("json_patch({into}, {from})"),
    }
}

/// A join with the words of a list, as `w.value`.
fn words(backend: Backend, list: &str) -> String {
    match backend {
        Backend::Postgres => {
            format!("CROSS JOIN LATERAL jsonb_array_elements_text({list}) AS w(value)")
        }
        Backend::Sqlite => format!("CROSS JOIN json_each({list}) AS w"),
    }
}

fn old_links(table: &str, column: &str) -> String {
    format!(
        "DELETE FROM {table} WHERE tenant_id = $1 AND product_id IN (SELECT ip.product_id FROM import_products ip \
           WHERE {OF_PRODUCT} AND NOT ip.is_new AND ip.{column} IS NOT NULL)"
    )
}

/// Makes products and variants of the rows, sets stock, and recomputes prices.
/// The rows were compared in this very transaction.
pub async fn apply(
    tx: &Transaction,
    import: ImportId,
    currency: Currency,
    now: Timestamp,
    actor: &str,
) -> Result<(), Fault> {
    let (id, time): (Value, Value) = (import.uuid().into(), now.micros().into());
    let currency: Value = currency.code().into();
    let steps: [(&Sql, Vec<Value>); 13] = [
        (
            &NEW_PRODUCTS,
            vec![id.clone(), time.clone(), currency.clone()],
        ),
        (&CHANGED_PRODUCTS, vec![id.clone(), time.clone()]),
        (&OLD_TAGS, vec![id.clone()]),
        (&TAGS, vec![id.clone()]),
        (&OLD_CATEGORIES, vec![id.clone()]),
        (&CATEGORIES, vec![id.clone()]),
        (&PILES, vec![id.clone(), time.clone()]),
        (&NEW_VARIANTS, vec![id.clone(), time.clone(), currency]),
        (&CHANGED_VARIANTS, vec![id.clone(), time.clone()]),
        (&import_supply::LOCK, vec![id.clone()]),
        (&import_supply::WRITE, vec![id.clone(), time.clone()]),
        (&MOVEMENTS, vec![id.clone(), time.clone(), actor.into()]),
        (&STOCK, vec![id, time]),
    ];
    for (sql, values) in steps {
        tx.run(sql.on(tx.backend()), values).await?;
    }
    prices::work_out(tx, Which::Import(import), now).await
}

/// The piles that an import took over their threshold, downwards.
pub async fn fell_low(tx: &Transaction, import: ImportId) -> Result<Vec<StockItem>, Fault> {
    let sql = FELL_LOW.on(tx.backend());
    let rows: Vec<ItemRow> = tx.all(sql, [import.uuid().into()]).await?;
    rows.into_iter().map(StockItem::try_from).collect()
}
