//! Price lists and what is in them.

use std::sync::LazyLock;

use catalog_model::price_list::{ListPrice, MAX_LISTS, PriceList, PriceListStatus, PriceSetting};
use database::column::{currency, word};
use database::{Backend, Scoped, Transaction};
use kernel::{
    Currency, Fault, Money, Page, PageRequest, PriceListId, ProductId, Timestamp, VariantId,
};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    currency: String,
    priority: i64,
    status: String,
    starts_at: Option<i64>,
    ends_at: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

const COLUMNS: &str =
    "id, name, currency, priority, status, starts_at, ends_at, version, created_at, updated_at";

fn read(row: Row) -> Result<PriceList, Fault> {
    Ok(PriceList {
        id: PriceListId::from_uuid(row.id),
        name: row.name,
        currency: currency("price_lists.currency", &row.currency)?,
        priority: row.priority,
        status: word("price_lists.status", &row.status)?,
        starts_at: row.starts_at.map(Timestamp::from_micros),
        ends_at: row.ends_at.map(Timestamp::from_micros),
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// Which lists to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that stand there.
    pub status: Option<PriceListStatus>,
    /// Only those in a currency.
    pub currency: Option<Currency>,
}

/// Lists, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<PriceListId>,
) -> Result<Page<PriceList, PriceListId>, Fault> {
    static LIST: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS} FROM price_lists WHERE tenant_id = $1 AND ($2 IS NULL OR status = $2) \
               AND ($3 IS NULL OR currency = $3) AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"
        )
    });
    let status = filter.status.map(<&'static str>::from);
    let of = filter.currency.map(|currency| currency.code().to_owned());
    let rows: Vec<Row> = db
        .all(
            &LIST,
            [
                status.into(),
                of.into(),
                page.after.map(PriceListId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let lists: Result<Vec<PriceList>, Fault> = rows.into_iter().map(read).collect();
    Ok(Page::from_rows(lists?, page.limit, |list| list.id))
}

/// One list.
pub async fn find(db: &Scoped, id: PriceListId) -> Result<Option<PriceList>, Fault> {
    static FIND: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT {COLUMNS} FROM price_lists WHERE tenant_id = $1 AND id = $2")
    });
    let row: Option<Row> = db.one(&FIND, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

/// One list that nobody else changes until the transaction ends, nor what is
/// in it.
pub async fn lock(tx: &Transaction, id: PriceListId) -> Result<Option<PriceList>, Fault> {
    if tx.backend() == Backend::Postgres {
        tx.run(
            "SELECT 1 FROM price_lists WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
            [id.uuid().into()],
        )
        .await?;
    }
    find(tx, id).await
}

/// Adds a list.
pub async fn insert(tx: &Transaction, new: &PriceList) -> Result<(), Fault> {
    let status: &'static str = new.status.into();
    tx.run(
        "INSERT INTO price_lists (tenant_id, id, name, currency, priority, status, starts_at, ends_at, version, \
           created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            new.id.uuid().into(),
            new.name.clone().into(),
            new.currency.code().into(),
            new.priority.into(),
            status.into(),
            new.starts_at.map(Timestamp::micros).into(),
            new.ends_at.map(Timestamp::micros).into(),
            new.version.into(),
            new.created_at.micros().into(),
            new.updated_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes a list, if the stored version is still the one before.
pub async fn update(tx: &Transaction, changed: &PriceList) -> Result<bool, Fault> {
    let status: &'static str = changed.status.into();
    let touched = tx
        .run(
            "UPDATE price_lists SET name = $2, priority = $3, status = $4, starts_at = $5, ends_at = $6, version = $7, \
                    updated_at = $8 WHERE tenant_id = $1 AND id = $9 AND version = $7 - 1",
            [
                changed.name.clone().into(),
                changed.priority.into(),
                status.into(),
                changed.starts_at.map(Timestamp::micros).into(),
                changed.ends_at.map(Timestamp::micros).into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

/// Whether there are more active lists than there may be. Others that are
/// being added are not seen: a few more do no harm.
pub async fn too_many(tx: &Transaction) -> Result<bool, Fault> {
    let count: Option<Count> = tx
        .one(
            "SELECT count(*) AS number FROM price_lists WHERE tenant_id = $1 AND status = 'active'",
            [],
        )
        .await?;
    let most = i64::try_from(MAX_LISTS).unwrap_or(i64::MAX);
    Ok(count.is_some_and(|count| count.number > most))
}

#[derive(FromQueryResult)]
struct PriceRow {
    variant_id: Uuid,
    sku: String,
    price: i64,
    compare_at: Option<i64>,
    updated_at: i64,
}

fn price(list: &PriceList, row: PriceRow) -> ListPrice {
    let money = |minor| Money::new(minor, list.currency);
    ListPrice {
        variant: VariantId::from_uuid(row.variant_id),
        sku: row.sku,
        price: money(row.price),
        compare_at: row.compare_at.map(money),
        updated_at: Timestamp::from_micros(row.updated_at),
    }
}

/// What is in a list, in order of the variants.
pub async fn prices(
    db: &Scoped,
    list: &PriceList,
    page: PageRequest<VariantId>,
) -> Result<Page<ListPrice, VariantId>, Fault> {
    let rows: Vec<PriceRow> = db
        .all(
            "SELECT lp.variant_id, v.sku, lp.price, lp.compare_at, lp.updated_at FROM price_list_prices lp \
             JOIN variants v ON v.tenant_id = $1 AND v.id = lp.variant_id \
             WHERE lp.tenant_id = $1 AND lp.price_list_id = $2 AND ($3 IS NULL OR lp.variant_id > $3) \
             ORDER BY lp.variant_id LIMIT $4",
            [
                list.id.uuid().into(),
                page.after.map(VariantId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let prices = rows.into_iter().map(|row| price(list, row)).collect();
    Ok(Page::from_rows(prices, page.limit, |one: &ListPrice| {
        one.variant
    }))
}

#[derive(FromQueryResult)]
struct OwnerRow {
    id: Uuid,
    product_id: Uuid,
}

/// The variants that exist among some, and their products.
pub async fn products_of(
    db: &Scoped,
    variants: &[VariantId],
) -> Result<Vec<(VariantId, ProductId)>, Fault> {
    if variants.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..variants.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT id, product_id FROM variants WHERE tenant_id = $1 AND id IN ({})",
        places.join(", ")
    );
    let ids: Vec<Value> = variants.iter().map(|id| id.uuid().into()).collect();
    let rows: Vec<OwnerRow> = db.all(&sql, ids).await?;
    let pair = |row: OwnerRow| {
        (
            VariantId::from_uuid(row.id),
            ProductId::from_uuid(row.product_id),
        )
    };
    Ok(rows.into_iter().map(pair).collect())
}

/// Sets prices of a list, and takes away those that are none.
pub async fn set(
    tx: &Transaction,
    list: PriceListId,
    prices: &[PriceSetting],
    now: Timestamp,
) -> Result<(), Fault> {
    let gone: Vec<Value> = prices
        .iter()
        .filter(|one| one.price.is_none())
        .map(|one| one.variant.uuid().into())
        .collect();
    if !gone.is_empty() {
        let places: Vec<String> = (0..gone.len()).map(|n| format!("${}", n + 3)).collect();
        let sql = format!(
            "DELETE FROM price_list_prices WHERE tenant_id = $1 AND price_list_id = $2 AND variant_id IN ({})",
            places.join(", ")
        );
        let values = std::iter::once(list.uuid().into()).chain(gone);
        tx.run(&sql, values.collect::<Vec<Value>>()).await?;
    }
    let mut values: Vec<Value> = vec![list.uuid().into(), now.micros().into()];
    let mut rows = Vec::new();
    for one in prices {
        let Some(price) = one.price else { continue };
        let first = values.len() + 2;
        rows.push(format!(
            "($1, $2, ${first}, ${}, ${}, $3)",
            first + 1,
            first + 2
        ));
        values.extend([
            one.variant.uuid().into(),
            price.minor.into(),
            one.compare_at.map(|money| money.minor).into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO price_list_prices (tenant_id, price_list_id, variant_id, price, compare_at, updated_at) VALUES {} \
         ON CONFLICT (tenant_id, price_list_id, variant_id) DO UPDATE SET price = excluded.price, \
           compare_at = excluded.compare_at, updated_at = excluded.updated_at",
        rows.join(", ")
    );
    tx.run(&sql, values).await.map(|_| ())
}

#[derive(FromQueryResult)]
struct ProductRow {
    product_id: Uuid,
}

/// Products with a price in a list, in order, after one of them.
pub async fn products_in(
    db: &Scoped,
    list: PriceListId,
    after: Option<ProductId>,
    limit: usize,
) -> Result<Vec<ProductId>, Fault> {
    let rows: Vec<ProductRow> = db
        .all(
            "SELECT DISTINCT v.product_id FROM price_list_prices lp JOIN variants v ON v.tenant_id = $1 AND v.id = lp.variant_id \
             WHERE lp.tenant_id = $1 AND lp.price_list_id = $2 AND ($3 IS NULL OR v.product_id > $3) \
             ORDER BY v.product_id LIMIT $4",
            [
                list.uuid().into(),
                after.map(ProductId::uuid).into(),
                i64::try_from(limit).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let ids = rows.into_iter();
    Ok(ids
        .map(|row| ProductId::from_uuid(row.product_id))
        .collect())
}
