//! What variants cost now, in a currency: their own prices and those of lists.

use database::{Backend, OrFault as _, Scoped, Transaction};
use kernel::{Currency, Fault, ImportId, ProductId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// In which currency, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pricing {
    /// The currency; each product's own when none.
    pub currency: Option<Currency>,
    /// When.
    pub now: Timestamp,
}

impl Pricing {
    /// Each product in its own currency.
    pub fn own(now: Timestamp) -> Self {
        Self {
            currency: None,
            now,
        }
    }

    /// The two values that the fragments below are given, in order.
    pub(crate) fn values(&self) -> [Value; 2] {
        let currency = self.currency.map(|currency| currency.code().to_owned());
        [currency.into(), self.now.micros().into()]
    }
}

/// The lists in a currency that are in force at a time, as a condition on
/// `price_lists pl`.
fn in_force(currency: &str, now: &str) -> String {
    format!(
        "pl.status = 'active' AND pl.currency = {currency} AND (pl.starts_at IS NULL OR pl.starts_at <= {now}) \
         AND (pl.ends_at IS NULL OR pl.ends_at > {now})"
    )
}

/// What the list that counts says of `v`: its `column`; null when there is
/// none. `currency` and `now` are expressions.
pub(crate) fn listed(column: &str, currency: &str, now: &str) -> String {
    format!(
        "(SELECT lp.{column} FROM price_list_prices lp JOIN price_lists pl ON pl.tenant_id = $1 AND pl.id = lp.price_list_id \
          WHERE lp.tenant_id = $1 AND lp.variant_id = v.id AND {} \
          ORDER BY pl.priority DESC, lp.price, pl.id LIMIT 1)",
        in_force(currency, now)
    )
}

/// What `v` costs now in its own currency.
pub(crate) fn own_price(backend: Backend, now: &str) -> String {
    let least = match backend {
        Backend::Postgres => "LEAST",
        Backend::Sqlite => "min",
    };
    let listed = listed("price", "v.currency", now);
    format!("{least}(v.price, COALESCE({listed}, v.price))")
}

/// Of which products the prices are worked out.
#[derive(Debug, Clone)]
pub(crate) enum Which<'a> {
    /// Those that have none, because they are new.
    Unpriced,
    /// Those of an import.
    Import(ImportId),
    /// Some.
    Some(&'a [ProductId]),
}

/// Works out what lists of products show and are sorted by: what the cheapest
/// and the dearest variant cost now, and what the cheapest cost before; in the
/// currency of the shop in `products`, in others in `product_prices`. The
/// products are locked, or nobody else knows them yet.
pub(crate) async fn work_out(
    tx: &Transaction,
    which: Which<'_>,
    now: Timestamp,
) -> Result<(), Fault> {
    let ids: Vec<Value> = match &which {
        Which::Unpriced => Vec::new(),
        Which::Import(id) => vec![id.uuid().into()],
        Which::Some([]) => return Ok(()),
        Which::Some(products) => products.iter().map(|id| id.uuid().into()).collect(),
    };
    let places: Vec<String> = (2..2 + ids.len()).map(|n| format!("${n}")).collect();
    let of = |column: &str| match &which {
        Which::Unpriced => format!(
            " AND {column} IN (SELECT fresh.id FROM products fresh WHERE fresh.tenant_id = $1 AND fresh.price_min IS NULL)"
        ),
        Which::Import(_) => format!(
            " AND {column} IN (SELECT ip.product_id FROM import_products ip WHERE ip.tenant_id = $1 AND ip.import_id = $2)"
        ),
        Which::Some(_) => format!(" AND {column} IN ({})", places.join(", ")),
    };
    let at = format!("${}", ids.len() + 2);
    let timed = || ids.iter().cloned().chain([now.micros().into()]);
    let own = own_ranges(&of("known.id"), &of("v.product_id"), &at);
    tx.run(&own, timed()).await?;
    let old = format!(
        "DELETE FROM product_prices WHERE tenant_id = $1{}",
        of("product_id")
    );
    tx.run(&old, ids.clone()).await?;
    let others = other_ranges(&of("v.product_id"), &at);
    tx.run(&others, timed()).await?;
    Ok(())
}

// From the products to their variants and on to the lists: each step is a look
// into an index. `CROSS JOIN` says so to SQLite, which knows no better; it means
// nothing to PostgreSQL.

fn own_ranges(of_product: &str, of_variant: &str, now: &str) -> String {
    let (listed_price, listed_before) = (
        listed("price", "v.currency", now),
        listed("compare_at", "v.currency", now),
    );
    format!(
        "UPDATE products SET price_min = r.lowest, price_max = r.highest, compare_at = r.compare_at FROM \
           (SELECT c.product_id, min(c.price) AS lowest, max(c.price) AS highest, \
              max(CASE WHEN c.place = 1 THEN c.compare_at END) AS compare_at FROM \
              (SELECT s.product_id, s.price, s.compare_at, \
                 rank() OVER (PARTITION BY s.product_id ORDER BY s.price NULLS LAST) AS place FROM \
                (SELECT l.product_id, CASE WHEN l.listed < l.price THEN l.listed ELSE l.price END AS price, \
                   CASE WHEN l.listed < l.price THEN COALESCE(l.was, l.compare_at, l.price) ELSE l.compare_at END AS compare_at \
                 FROM (SELECT v.product_id, v.price, v.compare_at, {listed_price} AS listed, {listed_before} AS was \
                       FROM variants v WHERE v.tenant_id = $1 AND v.status = 'active'{of_variant}) l \
                 UNION ALL SELECT known.id, NULL, NULL FROM products known WHERE known.tenant_id = $1{of_product}) s) c \
            GROUP BY c.product_id) AS r \
         WHERE products.tenant_id = $1 AND products.id = r.product_id"
    )
}

fn other_ranges(of_variant: &str, now: &str) -> String {
    format!(
        "INSERT INTO product_prices (tenant_id, product_id, currency, price_min, price_max, compare_at) \
         SELECT $1, c.product_id, c.currency, min(c.price), max(c.price), max(CASE WHEN c.nth = 1 THEN c.compare_at END) FROM \
           (SELECT l.product_id, l.currency, l.price, l.compare_at, \
              rank() OVER (PARTITION BY l.product_id, l.currency ORDER BY l.price) AS nth FROM \
             (SELECT v.product_id, v.currency AS own, pl.currency, lp.price, lp.compare_at, \
                row_number() OVER (PARTITION BY v.id, pl.currency ORDER BY pl.priority DESC, lp.price, pl.id) AS place \
              FROM variants v CROSS JOIN price_list_prices lp CROSS JOIN price_lists pl \
              WHERE v.tenant_id = $1 AND v.status = 'active'{of_variant} \
                AND lp.tenant_id = $1 AND lp.variant_id = v.id \
                AND pl.tenant_id = $1 AND pl.id = lp.price_list_id AND pl.currency <> v.currency AND {}) l \
            WHERE l.place = 1) c \
         GROUP BY c.product_id, c.currency",
        in_force("pl.currency", now)
    )
}

#[derive(FromQueryResult)]
struct CurrencyRow {
    currency: String,
}

/// The currencies of active lists, in order.
pub async fn currencies(db: &Scoped) -> Result<Vec<Currency>, Fault> {
    let rows: Vec<CurrencyRow> = db
        .all(
            "SELECT DISTINCT currency FROM price_lists WHERE tenant_id = $1 AND status = 'active' ORDER BY currency",
            [],
        )
        .await?;
    rows.into_iter()
        .map(|row| database::column::currency("price_lists.currency", &row.currency))
        .collect()
}

#[derive(FromQueryResult)]
struct ProductRow {
    id: Uuid,
}

/// Locks products until the transaction ends, and answers those there are in
/// order. On SQLite there is one writer anyway.
pub async fn lock(tx: &Transaction, products: &[ProductId]) -> Result<Vec<ProductId>, Fault> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..products.len()).map(|n| format!("${}", n + 2)).collect();
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    let sql = format!(
        "SELECT id FROM products WHERE tenant_id = $1 AND id IN ({}) ORDER BY id{lock}",
        places.join(", ")
    );
    let ids: Vec<Value> = products.iter().map(|id| id.uuid().into()).collect();
    let rows = tx.rows(&sql, ids).await?;
    rows.iter()
        .map(|row| {
            let row = ProductRow::from_query_result(row, "").or_fault()?;
            Ok(ProductId::from_uuid(row.id))
        })
        .collect()
}

/// Works out the prices of some products that are locked.
pub async fn refresh(
    tx: &Transaction,
    products: &[ProductId],
    now: Timestamp,
) -> Result<(), Fault> {
    work_out(tx, Which::Some(products), now).await
}
