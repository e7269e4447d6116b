//! Pictures of products.

use catalog_model::image::{Image, NewImage};
use database::column::word;
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, ImageId, ProductId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

/// The unique key on what was uploaded, as faults name it.
pub const UNIQUE_SOURCE: &str = "product_images(product_id,source_hash)";

/// A picture as rows and JSON have it.
#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    stem: String,
    format: String,
    state: String,
    alt: String,
    width: i64,
    height: i64,
    position: i64,
    version: i64,
    created_at: i64,
}

const COLUMNS: &str = "i.id, i.stem, i.format, i.state, i.alt, i.width, i.height, i.position, i.version, i.created_at";

/// A picture `i` as a JSON object that [`Row`] reads.
pub(crate) fn json(backend: Backend) -> String {
    let (function, id) = match backend {
        Backend::Postgres => ("json_build_object", "i.id"),
        Backend::Sqlite => ("json_object", "lower(hex(i.id))"),
    };
    format!(
        "{function}('id', {id}, 'stem', i.stem, 'format', i.format, 'state', i.state, 'alt', i.alt, \
         'width', i.width, 'height', i.height, 'position', i.position, 'version', i.version, 'created_at', i.created_at)"
    )
}

impl TryFrom<Row> for Image {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let pixels = |count: i64| {
            u32::try_from(count)
                .map_err(|error| Fault::permanent("product_images.width").caused_by(error))
        };
        Ok(Self {
            id: ImageId::from_uuid(row.id),
            stem: row.stem,
            format: word("product_images.format", &row.format)?,
            state: word("product_images.state", &row.state)?,
            alt: row.alt,
            width: pixels(row.width)?,
            height: pixels(row.height)?,
            position: row.position,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

#[derive(FromQueryResult)]
struct SkuRow {
    sku: String,
}

/// What the files of a product are called by: the SKU of its first variant,
/// or its slug while it has none. None when there is no such product, or not
/// of the seller whom the caller is bound to.
pub async fn sku_of(db: &Scoped, product: ProductId) -> Result<Option<String>, Fault> {
    let row: Option<SkuRow> = db
        .one(
            "SELECT COALESCE((SELECT v.sku FROM variants v WHERE v.tenant_id = $1 AND v.product_id = p.id \
               ORDER BY v.position, v.id LIMIT 1), p.slug) AS sku \
             FROM products p WHERE p.tenant_id = $1 AND p.id = $2 AND ($3 IS NULL OR p.seller_id = $3)",
            [product.uuid().into(), db.seller_value()],
        )
        .await?;
    Ok(row.map(|row| row.sku))
}

/// The pictures of a product that were not deleted, in order; none when it is
/// not of the seller whom the caller is bound to.
pub async fn of_product(db: &Scoped, product: ProductId) -> Result<Vec<Image>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM product_images i \
         WHERE i.tenant_id = $1 AND i.product_id = $2 AND i.state <> 'deleting' \
           AND ($3 IS NULL OR EXISTS (SELECT 1 FROM products p WHERE p.tenant_id = $1 AND p.id = $2 AND p.seller_id = $3)) \
         ORDER BY i.position, i.id"
    );
    let values = [product.uuid().into(), db.seller_value()];
    read(db.all(&sql, values).await?)
}

/// One picture, whatever its state.
pub async fn find(db: &Scoped, id: ImageId) -> Result<Option<Image>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM product_images i WHERE i.tenant_id = $1 AND i.id = $2");
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    row.map(Image::try_from).transpose()
}

fn read(rows: Vec<Row>) -> Result<Vec<Image>, Fault> {
    rows.into_iter().map(Image::try_from).collect()
}

/// Adds a picture after the others, while its files are still to be written.
pub async fn insert(tx: &Transaction, new: &NewImage) -> Result<(), Fault> {
    let format: &'static str = new.format.into();
    tx.run(
        "INSERT INTO product_images (tenant_id, id, product_id, source_hash, stem, format, state, alt, width, height, \
           position, version, created_at, updated_at) \
         SELECT $1, $2, $3, $4, $5, $6, 'storing', $7, $8, $9, COALESCE(max(i.position) + 1, 0), 1, $10, $10 \
         FROM product_images i WHERE i.tenant_id = $1 AND i.product_id = $3",
        [
            new.id.uuid().into(),
            new.product.uuid().into(),
            new.source_hash.clone().into(),
            new.stem.clone().into(),
            format.into(),
            new.alt.clone().into(),
            i64::from(new.width).into(),
            i64::from(new.height).into(),
            new.now.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Shows a picture whose files are written; false when it was deleted in the
/// meantime.
pub async fn set_ready(tx: &Transaction, id: ImageId, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE product_images SET state = 'ready', updated_at = $2 \
             WHERE tenant_id = $1 AND id = $3 AND state = 'storing'",
            [now.micros().into(), id.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Writes the text in a picture's place, if the stored version is still that
/// one.
pub async fn set_alt(
    tx: &Transaction,
    id: ImageId,
    alt: &str,
    version: i64,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE product_images SET alt = $2, version = version + 1, updated_at = $3 \
             WHERE tenant_id = $1 AND id = $4 AND version = $5 AND state <> 'deleting'",
            [
                alt.into(),
                now.micros().into(),
                id.uuid().into(),
                version.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Puts pictures into an order. There must be some.
pub async fn set_order(tx: &Transaction, ids: &[ImageId], now: Timestamp) -> Result<(), Fault> {
    let mut values: Vec<Value> = vec![now.micros().into()];
    let mut rows = Vec::with_capacity(ids.len());
    for (place, id) in (0i64..).zip(ids) {
        let first = values.len() + 2;
        rows.push(format!("(${first}, ${})", first + 1));
        values.extend([id.uuid().into(), place.into()]);
    }
    let sql = format!(
        "WITH wanted(id, place) AS (VALUES {}) \
         UPDATE product_images SET position = wanted.place, version = version + 1, updated_at = $2 FROM wanted \
         WHERE product_images.tenant_id = $1 AND product_images.id = wanted.id AND product_images.position <> wanted.place",
        rows.join(", ")
    );
    tx.run(&sql, values).await.map(|_| ())
}

/// Takes a picture out of sight, for its files to be deleted; false when that
/// was done before. The same picture may be uploaded again at once.
pub async fn set_deleting(tx: &Transaction, id: ImageId, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE product_images SET state = 'deleting', source_hash = NULL, version = version + 1, updated_at = $2 \
             WHERE tenant_id = $1 AND id = $3 AND state <> 'deleting'",
            [now.micros().into(), id.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// The write that forgets a deleted picture, once its files are gone.
pub fn forget(id: ImageId) -> (&'static str, Vec<Value>) {
    (
        "DELETE FROM product_images WHERE tenant_id = $1 AND id = $2 AND state = 'deleting'",
        vec![id.uuid().into()],
    )
}

/// The write that gives up pictures whose upload broke off before a time.
pub fn give_up(before: Timestamp, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "UPDATE product_images SET state = 'deleting', source_hash = NULL, updated_at = $3 \
         WHERE tenant_id = $1 AND state = 'storing' AND updated_at < $2",
        vec![before.micros().into(), now.micros().into()],
    )
}

/// Deleted pictures whose files may still be there.
pub async fn deleted(db: &Scoped, limit: i64) -> Result<Vec<Image>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM product_images i \
         WHERE i.tenant_id = $1 AND i.state = 'deleting' ORDER BY i.updated_at LIMIT $2"
    );
    read(db.all(&sql, [limit.into()]).await?)
}

/// Pictures in order of their ids, whatever their state; `after` is the last
/// one of the page before.
pub async fn all(db: &Scoped, after: Option<ImageId>, limit: i64) -> Result<Vec<Image>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM product_images i \
         WHERE i.tenant_id = $1 AND ($2 IS NULL OR i.id > $2) ORDER BY i.id LIMIT $3"
    );
    read(
        db.all(&sql, [after.map(ImageId::uuid).into(), limit.into()])
            .await?,
    )
}

#[derive(FromQueryResult)]
struct StemRow {
    stem: String,
}

/// Which of these stems belong to pictures.
pub async fn known_stems(db: &Scoped, stems: &[String]) -> Result<Vec<String>, Fault> {
    if stems.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..stems.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT stem FROM product_images WHERE tenant_id = $1 AND stem IN ({})",
        places.join(", ")
    );
    let values: Vec<Value> = stems.iter().map(|stem| stem.clone().into()).collect();
    let rows: Vec<StemRow> = db.all(&sql, values).await?;
    Ok(rows.into_iter().map(|row| row.stem).collect())
}

#[derive(FromQueryResult)]
struct ProductRow {
    product_id: Uuid,
}

/// Notes that the files of a picture are gone, or are there again; whose
/// picture it is, if that is news.
pub async fn set_missing(
    tx: &Transaction,
    id: ImageId,
    missing: bool,
    now: Timestamp,
) -> Result<Option<ProductId>, Fault> {
    let (from, to) = if missing {
        ("ready", "missing")
    } else {
        ("missing", "ready")
    };
    let row: Option<ProductRow> = tx
        .one(
            "UPDATE product_images SET state = $2, version = version + 1, updated_at = $3 \
             WHERE tenant_id = $1 AND id = $4 AND state = $5 RETURNING product_id",
            [
                to.into(),
                now.micros().into(),
                id.uuid().into(),
                from.into(),
            ],
        )
        .await?;
    Ok(row.map(|row| ProductId::from_uuid(row.product_id)))
}
