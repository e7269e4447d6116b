//! Shipping zones, and which methods go to them.

use std::sync::LazyLock;

use database::column::{Stored, to_json};
use database::{Scoped, Transaction};
use kernel::{Fault, ShippingMethodId, ShippingZoneId, Timestamp};
use orders_model::shipping::{Area, ShippingZone};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// The foreign key from methods to zones, as faults name it.
pub const METHOD_GOES_THERE: &str = "fk_shipping_method_zones_zone";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    areas: Stored<Vec<Area>>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<Row> for ShippingZone {
    fn from(row: Row) -> Self {
        Self {
            id: ShippingZoneId::from_uuid(row.id),
            name: row.name,
            areas: row.areas.0,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        }
    }
}

const SELECT: &str = "SELECT id, name, areas, version, created_at, updated_at FROM shipping_zones WHERE tenant_id = $1";

/// All zones, by name.
pub async fn all(db: &Scoped) -> Result<Vec<ShippingZone>, Fault> {
    static ALL: LazyLock<String> = LazyLock::new(|| format!("{SELECT} ORDER BY name, id"));
    let rows: Vec<Row> = db.all(&ALL, []).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One zone.
pub async fn find(db: &Scoped, id: ShippingZoneId) -> Result<Option<ShippingZone>, Fault> {
    static FIND: LazyLock<String> = LazyLock::new(|| format!("{SELECT} AND id = $2"));
    let row: Option<Row> = db.one(&FIND, [id.uuid().into()]).await?;
    Ok(row.map(Into::into))
}

/// Adds a zone.
pub async fn insert(tx: &Transaction, zone: &ShippingZone) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO shipping_zones (tenant_id, id, name, areas, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            zone.id.uuid().into(),
            zone.name.clone().into(),
            to_json(&zone.areas).into(),
            zone.version.into(),
            zone.created_at.micros().into(),
            zone.updated_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes a zone, if the stored version is still the one before.
pub async fn update(tx: &Transaction, zone: &ShippingZone) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE shipping_zones SET name = $2, areas = $3, version = $4, updated_at = $5 \
             WHERE tenant_id = $1 AND id = $6 AND version = $4 - 1",
            [
                zone.name.clone().into(),
                to_json(&zone.areas).into(),
                zone.version.into(),
                zone.updated_at.micros().into(),
                zone.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Deletes a zone that has that version and to which no method goes. A method
/// that is given the zone at the same moment stands in its way.
pub async fn delete(tx: &Transaction, id: ShippingZoneId, version: i64) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "DELETE FROM shipping_zones WHERE tenant_id = $1 AND id = $2 AND version = $3 \
               AND NOT EXISTS (SELECT 1 FROM shipping_method_zones l WHERE l.tenant_id = $1 AND l.zone_id = $2)",
            [id.uuid().into(), version.into()],
        )
        .await?;
    Ok(touched == 1)
}

#[derive(FromQueryResult)]
struct Link {
    method_id: Uuid,
    zone_id: Uuid,
}

/// Which methods go to which zones.
pub(crate) async fn links(
    db: &Scoped,
    method: Option<ShippingMethodId>,
) -> Result<Vec<(ShippingMethodId, ShippingZoneId)>, Fault> {
    let rows: Vec<Link> = db
        .all(
            "SELECT method_id, zone_id FROM shipping_method_zones \
             WHERE tenant_id = $1 AND ($2 IS NULL OR method_id = $2) ORDER BY zone_id",
            [method.map(ShippingMethodId::uuid).into()],
        )
        .await?;
    let ids = rows.into_iter().map(|row| {
        (
            ShippingMethodId::from_uuid(row.method_id),
            ShippingZoneId::from_uuid(row.zone_id),
        )
    });
    Ok(ids.collect())
}

/// Says where a method goes, all of it. The zones exist.
pub(crate) async fn link(
    tx: &Transaction,
    method: ShippingMethodId,
    zones: &[ShippingZoneId],
) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM shipping_method_zones WHERE tenant_id = $1 AND method_id = $2",
        [method.uuid().into()],
    )
    .await?;
    if zones.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = vec![method.uuid().into()];
    let rows: Vec<String> = (0..zones.len())
        .map(|n| format!("($1, $2, ${})", n + 3))
        .collect();
    values.extend(zones.iter().map(|zone| Value::from(zone.uuid())));
    let sql = format!(
        "INSERT INTO shipping_method_zones (tenant_id, method_id, zone_id) VALUES {}",
        rows.join(", ")
    );
    tx.run(&sql, values).await.map(|_| ())
}
