//! Comparing the rows of an import with the catalog there is.

use catalog_model::bundle_errors::some;
use catalog_model::import::header::Header;
use catalog_model::import::{Effect, MAX_LISTED, Mistakes, RowError};
use catalog_model::variant::MAX_PER_PRODUCT;
use database::{Backend, Transaction};
use kernel::{Fault, ImportId, Timestamp};
use sea_orm::FromQueryResult;

use crate::import_supply;

/// Finds the products and variants that are there already: by slug and by SKU.
/// What is new on products that are there gets the kind of pile they have.
const RESOLVE: [&str; 3] = [
    "UPDATE import_products SET product_id = p.id, is_new = false FROM products p \
     WHERE import_products.tenant_id = $1 AND import_products.import_id = $2 \
       AND p.tenant_id = $1 AND p.slug = import_products.slug",
    "UPDATE import_variants SET variant_id = v.id, is_new = false, pile_id = v.stock_item_id FROM variants v \
     WHERE import_variants.tenant_id = $1 AND import_variants.import_id = $2 \
       AND v.tenant_id = $1 AND v.sku = import_variants.sku",
    "UPDATE import_variants SET pile_id = CASE WHEN p.kind <> 'goods' THEN NULL \
         WHEN p.inventory_strategy = 'flat' THEN (SELECT s.id FROM stock_items s \
           WHERE s.tenant_id = $1 AND s.product_id = p.id ORDER BY s.id LIMIT 1) \
         ELSE import_variants.pile_id END \
     FROM import_products ip JOIN products p ON p.tenant_id = $1 AND p.id = ip.product_id \
     WHERE import_variants.tenant_id = $1 AND import_variants.import_id = $2 AND import_variants.is_new \
       AND ip.tenant_id = $1 AND ip.import_id = $2 AND ip.n = import_variants.product_n AND NOT ip.is_new",
];

/// So that no seller of what is imported is archived meanwhile. On SQLite
/// there is one writer anyway.
const LOCK_SELLERS: &str = "SELECT 1 FROM sellers e WHERE e.tenant_id = $1 AND e.id IN \
       (SELECT p.seller_id FROM import_products ip JOIN products p ON p.tenant_id = $1 AND p.id = ip.product_id \
        WHERE ip.tenant_id = $1 AND ip.import_id = $2) ORDER BY e.id FOR SHARE";

/// What both tables of rows are joined by.
const ROWS: &str = "import_variants iv JOIN import_products ip \
     ON ip.tenant_id = $1 AND ip.import_id = $2 AND ip.n = iv.product_n";

/// A rule that rows break: which they are, the column, the word for it, and
/// what to change.
pub(crate) struct Check {
    from: String,
    line: &'static str,
    column: Option<&'static str>,
    code: &'static str,
    why: String,
    /// What names the things that are in the way, where that helps.
    named: Option<&'static str>,
}

impl Check {
    /// A rule of variants, whose rows are `iv`.
    pub(crate) fn of_rows(
        from: String,
        column: &'static str,
        code: &'static str,
        why: String,
    ) -> Self {
        Self {
            from,
            line: "iv.line",
            column: Some(column),
            code,
            why,
            named: None,
        }
    }
}

const OF_PRODUCT: &str = "ip.tenant_id = $1 AND ip.import_id = $2";
const OF_VARIANT: &str = "iv.tenant_id = $1 AND iv.import_id = $2";

fn on_products() -> [Check; 4] {
    [
        Check {
            from: format!(
                "import_products ip WHERE {OF_PRODUCT} AND ip.is_new AND ip.name IS NULL"
            ),
            line: "ip.line",
            column: Some("name"),
            code: "missing",
            why: "a product that is new needs a name".to_owned(),
            named: None,
        },
        Check {
            from: format!(
                "import_products ip JOIN products p ON p.tenant_id = $1 AND p.id = ip.product_id WHERE {OF_PRODUCT} \
                   AND NOT ip.is_new AND ip.kind <> p.kind"
            ),
            line: "ip.line",
            column: Some("kind"),
            code: "fixed",
            why: "a product stays of the kind it was made; leave it empty or take another handle"
                .to_owned(),
            named: None,
        },
        Check {
            from: format!(
                "import_products ip JOIN products p ON p.tenant_id = $1 AND p.id = ip.product_id WHERE {OF_PRODUCT} \
                   AND NOT ip.is_new AND ip.strategy <> p.inventory_strategy"
            ),
            line: "ip.line",
            column: Some("inventory_strategy"),
            code: "fixed",
            why: "where stock is counted stays as the product was made; leave it empty".to_owned(),
            named: None,
        },
        Check {
            from: format!(
                "import_products ip JOIN products p ON p.tenant_id = $1 AND p.id = ip.product_id \
                 JOIN sellers e ON e.tenant_id = $1 AND e.id = p.seller_id \
                 WHERE {OF_PRODUCT} AND ip.status <> 'archived' AND e.status = 'archived'"
            ),
            line: "ip.line",
            column: Some("status"),
            code: "seller.archived",
            why: "its seller is archived; set the seller's status to active first, or leave this empty"
                .to_owned(),
            named: None,
        },
    ]
}

/// Rows that break bundles. What is archived by the same file counts as
/// archived.
fn on_bundles(backend: Backend) -> [Check; 3] {
    let list = match backend {
        Backend::Postgres => "string_agg(held.sku, ', ' ORDER BY held.sku)",
        Backend::Sqlite => "group_concat(held.sku, ', ' ORDER BY held.sku)",
    };
    let held = |line: &str, archived: &str| {
        format!(
            "(SELECT held.line, {list} AS skus FROM \
               (SELECT DISTINCT {line} AS line, v.sku FROM bundle_components b \
                JOIN variants c ON c.tenant_id = $1 AND c.id = b.component_id AND c.status <> 'archived' \
                JOIN variants v ON v.tenant_id = $1 AND v.id = b.bundle_id \
                JOIN products p ON p.tenant_id = $1 AND p.id = v.product_id \
                JOIN import_products ip ON {OF_PRODUCT} AND ip.product_id = c.product_id AND NOT ip.is_new \
                LEFT JOIN import_variants iv ON {OF_VARIANT} AND iv.variant_id = c.id AND NOT iv.is_new \
                LEFT JOIN import_variants bv ON bv.tenant_id = $1 AND bv.import_id = $2 AND bv.variant_id = v.id \
                LEFT JOIN import_products bp ON bp.tenant_id = $1 AND bp.import_id = $2 AND bp.product_id = p.id \
                WHERE b.tenant_id = $1 AND {archived} = 'archived' AND COALESCE(bv.status, v.status) <> 'archived' \
                  AND COALESCE(bp.status, p.status) <> 'archived') held \
             GROUP BY held.line) broken"
        )
    };
    let check = |column, from| Check {
        from,
        line: "broken.line",
        column: Some(column),
        code: "variant.in_bundles",
        why: "it is a component of bundles that are sold; archive these, or take it out, first"
            .to_owned(),
        named: Some("broken.skus"),
    };
    [
        Check::of_rows(
            format!(
                "import_variants iv JOIN variants v ON v.tenant_id = $1 AND v.id = iv.variant_id \
                 WHERE {OF_VARIANT} AND NOT iv.is_new AND v.bundle AND iv.on_hand IS NOT NULL"
            ),
            "on_hand",
            "stock.bundle",
            "a bundle has no stock of its own; leave it empty, and give that of its components"
                .to_owned(),
        ),
        check("status", held("ip.line", "ip.status")),
        check("variant_status", held("iv.line", "iv.status")),
    ]
}

fn on_variants() -> [Check; 5] {
    [
        Check {
            from: format!("{ROWS} WHERE {OF_VARIANT} AND iv.is_new AND iv.price IS NULL"),
            line: "iv.line",
            column: Some("price"),
            code: "missing",
            why: "a variant that is new needs a price".to_owned(),
            named: None,
        },
        Check {
            from: format!(
                "import_variants iv LEFT JOIN variants v ON v.tenant_id = $1 AND v.id = iv.variant_id AND NOT iv.is_new \
                 WHERE {OF_VARIANT} AND NULLIF(COALESCE(iv.compare_at, v.compare_at), 0) <= COALESCE(iv.price, v.price)"
            ),
            line: "iv.line",
            column: Some("compare_at_price"),
            code: "variant.compare_at_too_low",
            why: "a compare-at price is above the price; raise it, or remove it by 0".to_owned(),
            named: None,
        },
        Check {
            from: format!(
                "{ROWS} JOIN variants v ON v.tenant_id = $1 AND v.id = iv.variant_id \
                 WHERE {OF_VARIANT} AND NOT iv.is_new AND v.product_id <> ip.product_id"
            ),
            line: "iv.line",
            column: Some("sku"),
            code: "variant.sku_taken",
            why: "another product has a variant with this SKU".to_owned(),
            named: None,
        },
        Check {
            from: format!(
                "import_variants iv JOIN stock_items s ON s.tenant_id = $1 AND s.id = iv.pile_id \
                 WHERE {OF_VARIANT} AND iv.on_hand + s.owed < s.reserved"
            ),
            line: "iv.line",
            column: Some("on_hand"),
            code: "stock.below_reserved",
            why: "stock cannot go below what is reserved for orders".to_owned(),
            named: None,
        },
        Check {
            from: format!(
                "import_products ip WHERE {OF_PRODUCT} AND NOT ip.is_new \
                   AND (SELECT count(*) FROM import_variants iv WHERE {OF_VARIANT} AND iv.product_n = ip.n AND iv.is_new) \
                     + (SELECT count(*) FROM variants v WHERE v.tenant_id = $1 AND v.product_id = ip.product_id) \
                     > {MAX_PER_PRODUCT}"
            ),
            line: "ip.line",
            column: None,
            code: "variant.too_many",
            why: format!(
                "with those it has, the product would have more than {MAX_PER_PRODUCT} variants"
            ),
            named: None,
        },
    ]
}

#[derive(FromQueryResult)]
struct LineRow {
    line: i64,
    total: i64,
    named: Option<String>,
}

/// Compares the rows with the catalog: which are new, and what is wrong with
/// them.
pub async fn compare(
    tx: &Transaction,
    import: ImportId,
    may_set_stock: bool,
    header: &Header,
    mistakes: &mut Mistakes,
    now: Timestamp,
) -> Result<(), Fault> {
    for sql in RESOLVE {
        tx.run(sql, [import.uuid().into()]).await?;
    }
    if tx.backend() == Backend::Postgres {
        tx.run(LOCK_SELLERS, [import.uuid().into()]).await?;
    }
    let checks = on_products().into_iter().chain(on_variants());
    let checks = checks.chain(on_bundles(tx.backend()));
    for check in checks.chain(import_supply::checks(now)) {
        look(tx, import, &check, header, mistakes).await?;
    }
    if !may_set_stock {
        for check in import_supply::forbidden() {
            look(tx, import, &check, header, mistakes).await?;
        }
        let check = Check::of_rows(
            "import_variants iv JOIN stock_items s ON s.tenant_id = $1 AND s.id = iv.pile_id \
             WHERE iv.tenant_id = $1 AND iv.import_id = $2 AND iv.on_hand <> s.on_hand"
                .to_owned(),
            "on_hand",
            "auth.forbidden",
            "changing stock needs the permission stock:write; leave it empty or ask for the permission"
                .to_owned(),
        );
        look(tx, import, &check, header, mistakes).await?;
    }
    Ok(())
}

async fn look(
    tx: &Transaction,
    import: ImportId,
    check: &Check,
    header: &Header,
    mistakes: &mut Mistakes,
) -> Result<(), Fault> {
    let sql = format!(
        "SELECT {line} AS line, count(*) OVER () AS total, {named} AS named FROM {from} ORDER BY {line} LIMIT {MAX_LISTED}",
        line = check.line,
        from = check.from,
        named = check.named.unwrap_or("CAST(NULL AS text)"),
    );
    // As it is called in the file.
    let column = check
        .column
        .map(|ours| header.name_of(ours).unwrap_or(ours));
    let rows: Vec<LineRow> = tx.all(&sql, [import.uuid().into()]).await?;
    let total = rows.first().map_or(0, |row| row.total);
    let listed = rows.len() as u64;
    for row in rows {
        let line = u64::try_from(row.line).unwrap_or_default();
        let why = match row.named {
            Some(names) => {
                let names: Vec<&str> = names.split(", ").collect();
                format!("{}: {}", check.why, some(&names))
            }
            None => check.why.clone(),
        };
        mistakes.add(RowError::new(line, column, check.code, why));
    }
    mistakes.count += u64::try_from(total)
        .unwrap_or_default()
        .saturating_sub(listed);
    Ok(())
}

#[derive(FromQueryResult)]
struct EffectRow {
    products_new: i64,
    products_all: i64,
    variants_new: i64,
    variants_all: i64,
}

/// What the rows will do.
pub async fn effect(tx: &Transaction, import: ImportId) -> Result<Effect, Fault> {
    let count = |table: &str, more: &str| {
        format!("(SELECT count(*) FROM {table} WHERE tenant_id = $1 AND import_id = $2{more})")
    };
    let sql = format!(
        "SELECT {} AS products_new, {} AS products_all, {} AS variants_new, {} AS variants_all",
        count("import_products", " AND is_new"),
        count("import_products", ""),
        count("import_variants", " AND is_new"),
        count("import_variants", ""),
    );
    let row: Option<EffectRow> = tx.one(&sql, [import.uuid().into()]).await?;
    let row = row.ok_or_else(|| Fault::permanent("a count without a row"))?;
    Ok(Effect {
        products_new: row.products_new,
        products_changed: row.products_all - row.products_new,
        variants_new: row.variants_new,
        variants_changed: row.variants_all - row.variants_new,
    })
}
