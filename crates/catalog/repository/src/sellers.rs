//! Sellers.

use catalog_model::seller::{Seller, SellerFee, SellerStatus};
use database::column::word;
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, SellerId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// The unique key on the name, as faults name it.
pub const UNIQUE_NAME: &str = "sellers(name)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    contact_email: Option<String>,
    contact_address: Option<String>,
    payout_reference: Option<String>,
    fee_fixed: Option<i64>,
    fee_basis_points: Option<i64>,
    status: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

const COLUMNS: &str = "id, name, contact_email, contact_address, payout_reference, fee_fixed, fee_basis_points, \
                       status, version, created_at, updated_at";

/// A fee as it is stored, in two columns that are there or not together.
pub(crate) fn fee(
    fixed: Option<i64>,
    basis_points: Option<i64>,
) -> Result<Option<SellerFee>, Fault> {
    let (Some(fixed), Some(basis_points)) = (fixed, basis_points) else {
        return Ok(None);
    };
    let basis_points = u32::try_from(basis_points)
        .map_err(|error| Fault::permanent("sellers.fee_basis_points").caused_by(error))?;
    Ok(Some(SellerFee {
        fixed,
        basis_points,
    }))
}

fn read(row: Row) -> Result<Seller, Fault> {
    Ok(Seller {
        id: SellerId::from_uuid(row.id),
        name: row.name,
        contact_email: row.contact_email,
        contact_address: row.contact_address,
        payout_reference: row.payout_reference,
        fee: fee(row.fee_fixed, row.fee_basis_points)?,
        status: word("sellers.status", &row.status)?,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// One seller.
pub async fn find(db: &Scoped, id: SellerId) -> Result<Option<Seller>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM sellers WHERE tenant_id = $1 AND id = $2");
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

/// A seller who stays as they are until the transaction ends; others may hold
/// them like that as well. On SQLite there is one writer anyway.
pub async fn hold(tx: &Transaction, id: SellerId) -> Result<Option<Seller>, Fault> {
    locked(tx, id, " FOR SHARE").await
}

/// A seller whom nobody else holds or changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: SellerId) -> Result<Option<Seller>, Fault> {
    locked(tx, id, " FOR UPDATE").await
}

async fn locked(tx: &Transaction, id: SellerId, how: &str) -> Result<Option<Seller>, Fault> {
    let how = match tx.backend() {
        Backend::Postgres => how,
        Backend::Sqlite => "",
    };
    let sql = format!("SELECT {COLUMNS} FROM sellers WHERE tenant_id = $1 AND id = $2{how}");
    let row: Option<Row> = tx.one(&sql, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

/// Sellers, newest first.
pub async fn list(
    db: &Scoped,
    status: Option<SellerStatus>,
    page: PageRequest<SellerId>,
) -> Result<Page<Seller, SellerId>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sellers WHERE tenant_id = $1 AND ($2 IS NULL OR status = $2) \
           AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
    );
    let status: Option<&'static str> = status.map(Into::into);
    let rows: Vec<Row> = db
        .all(
            &sql,
            [
                status.into(),
                page.after.map(SellerId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let sellers = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(sellers, page.limit, |seller| seller.id))
}

fn values(seller: &Seller) -> Vec<Value> {
    let status: &'static str = seller.status.into();
    vec![
        seller.id.uuid().into(),
        seller.name.clone().into(),
        seller.contact_email.clone().into(),
        seller.contact_address.clone().into(),
        seller.payout_reference.clone().into(),
        seller.fee.map(|fee| fee.fixed).into(),
        seller.fee.map(|fee| i64::from(fee.basis_points)).into(),
        status.into(),
        seller.version.into(),
        seller.updated_at.micros().into(),
    ]
}

/// Adds a seller.
pub async fn insert(tx: &Transaction, seller: &Seller) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO sellers (tenant_id, id, name, contact_email, contact_address, payout_reference, fee_fixed, \
           fee_basis_points, status, version, updated_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        values(seller),
    )
    .await
    .map(|_| ())
}

/// Writes a seller, if the stored version is still the one before.
pub async fn update(tx: &Transaction, seller: &Seller) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE sellers SET name = $3, contact_email = $4, contact_address = $5, payout_reference = $6, \
               fee_fixed = $7, fee_basis_points = $8, status = $9, version = $10, updated_at = $11 \
             WHERE tenant_id = $1 AND id = $2 AND version = $10 - 1",
            values(seller),
        )
        .await?;
    Ok(changed == 1)
}

#[derive(FromQueryResult)]
struct Any {
    #[expect(dead_code, reason = "it is there or not")]
    one: i32,
}

/// Whether a seller has a product that is not archived. Asked under the lock
/// of the seller, whom those hold who give them one.
pub async fn sells(tx: &Transaction, id: SellerId) -> Result<bool, Fault> {
    let any: Option<Any> = tx
        .one(
            "SELECT CAST(1 AS integer) AS one FROM products WHERE tenant_id = $1 AND seller_id = $2 AND status <> 'archived' LIMIT 1",
            [id.uuid().into()],
        )
        .await?;
    Ok(any.is_some())
}
