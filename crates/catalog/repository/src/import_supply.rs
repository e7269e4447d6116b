//! What the rows of an import say of piles besides how many there are: when
//! these are low, and what is sold beyond them.

use catalog_model::CatalogError;
use database::{Backend, Sql};
use kernel::{DomainError as _, Timestamp};

use crate::import_check::Check;

const OF_VARIANT: &str = "iv.tenant_id = $1 AND iv.import_id = $2";

/// The columns of files and of the table they are put aside in.
const COLUMNS: [(&str, &str); 4] = [
    ("low_stock_threshold", "low_at"),
    ("supply", "supply"),
    ("backorder_limit", "beyond"),
    ("available_at", "available_at"),
];

/// Rows with their piles, where they are there already, that say anything of
/// the supply.
const SUPPLIED: &str = "import_variants iv LEFT JOIN stock_items s ON s.tenant_id = $1 AND s.id = iv.pile_id \
     WHERE iv.tenant_id = $1 AND iv.import_id = $2 AND iv.pile_id IS NOT NULL \
       AND (iv.supply IS NOT NULL OR iv.beyond IS NOT NULL OR iv.available_at IS NOT NULL)";

/// The rules of [`PileChange`](catalog_model::supply::PileChange).
pub(crate) fn checks(now: Timestamp) -> Vec<Check> {
    let mode = "COALESCE(iv.supply, s.supply, 'stock')";
    let is_new = "(s.id IS NULL OR iv.supply <> s.supply OR iv.beyond <> s.beyond \
         OR iv.available_at <> COALESCE(s.available_at, 0))";
    let rules = [
        (
            "supply",
            CatalogError::SupplyIsStock,
            format!("{mode} = 'stock' AND (iv.beyond > 0 OR iv.available_at IS NOT NULL)"),
        ),
        (
            "backorder_limit",
            CatalogError::SupplyLimit,
            format!("{mode} <> 'stock' AND COALESCE(iv.beyond, s.beyond, 0) < 1"),
        ),
        (
            "available_at",
            CatalogError::PreorderDay,
            format!(
                "{mode} = 'preorder' AND {is_new} AND COALESCE(iv.available_at, s.available_at, 0) <= {}",
                now.micros()
            ),
        ),
    ];
    let rules = rules.map(|(column, error, broken)| {
        let from = format!("{SUPPLIED} AND {broken}");
        Check::of_rows(from, column, error.code(), error.to_string())
    });
    let bundles = COLUMNS.map(|(column, field)| {
        let from = format!(
            "import_variants iv JOIN variants v ON v.tenant_id = $1 AND v.id = iv.variant_id \
             WHERE {OF_VARIANT} AND NOT iv.is_new AND v.bundle AND iv.{field} IS NOT NULL"
        );
        let why =
            "a bundle has no stock of its own; leave it empty, and give that of its components";
        Check::of_rows(from, column, "stock.bundle", why.to_owned())
    });
    rules.into_iter().chain(bundles).collect()
}

/// What only those may change who may change stock.
pub(crate) fn forbidden() -> [Check; 4] {
    COLUMNS.map(|(column, field)| {
        let from = format!(
            "import_variants iv JOIN stock_items s ON s.tenant_id = $1 AND s.id = iv.pile_id \
             WHERE {OF_VARIANT} AND iv.{field} IS NOT NULL AND (s.{field} IS NULL OR iv.{field} <> s.{field})"
        );
        let why = "changing stock needs the permission stock:write; leave it empty or ask for the permission";
        Check::of_rows(from, column, "auth.forbidden", why.to_owned())
    })
}

/// What is to be true of each pile: what its first row says that says
/// anything.
const RULED: &str = "(SELECT iv.pile_id, iv.low_at, iv.supply, iv.beyond, iv.available_at, \
       row_number() OVER (PARTITION BY iv.pile_id ORDER BY iv.n) AS place FROM import_variants iv \
     WHERE iv.tenant_id = $1 AND iv.import_id = $2 AND iv.pile_id IS NOT NULL AND (iv.low_at IS NOT NULL \
       OR iv.supply IS NOT NULL OR iv.beyond IS NOT NULL OR iv.available_at IS NOT NULL)) r";

pub(crate) static LOCK: Sql = Sql::new(|backend| {
    let lock = match backend {
        Backend::Postgres => " FOR UPDATE OF s",
        Backend::Sqlite => "",
    };
    format!(
        "SELECT 1 FROM stock_items s WHERE s.tenant_id = $1 AND (s.id IN (SELECT r.pile_id FROM {RULED}) \
           OR s.id IN (SELECT iv.pile_id FROM import_variants iv WHERE {OF_VARIANT} AND iv.on_hand IS NOT NULL)) \
         ORDER BY s.id{lock}"
    )
});

/// Writes it. Back to what is there, limit and day go.
pub(crate) static WRITE: Sql = Sql::new(|_| {
    let is_stock = "COALESCE(r.supply, stock_items.supply) = 'stock'";
    format!(
        "UPDATE stock_items SET low_at = COALESCE(r.low_at, stock_items.low_at), \
           supply = COALESCE(r.supply, stock_items.supply), \
           beyond = CASE WHEN {is_stock} THEN 0 ELSE COALESCE(r.beyond, stock_items.beyond) END, \
           available_at = CASE WHEN {is_stock} THEN NULL ELSE COALESCE(r.available_at, stock_items.available_at) END, \
           updated_at = $3 FROM {RULED} \
         WHERE stock_items.tenant_id = $1 AND stock_items.id = r.pile_id AND r.place = 1"
    )
});
