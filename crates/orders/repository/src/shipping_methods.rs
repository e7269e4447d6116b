//! Shipping methods.

use database::column::{currency, json, to_json, word};
use database::{OrFault as _, Scoped, Transaction};
use kernel::{Fault, ShippingMethodId, ShippingZoneId, Timestamp};
use orders_model::shipping::{ShippingMethod, ShippingWay};
use sea_orm::ActiveValue::Set;
use sea_orm::{QueryFilter as _, QueryOrder as _};

use crate::shipping_zones;

/// The unique key on the code, as faults name it.
pub const UNIQUE_CODE: &str = "shipping_methods(code)";

/// The row as sea-orm sees it.
#[expect(clippy::disallowed_methods, reason = "the code that sea-orm derives")]
mod row {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shipping_methods")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub tenant_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub code: String,
        pub name: String,
        pub rates: Json,
        pub free_above: Option<i64>,
        pub currency: String,
        pub status: String,
        pub position: i64,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

use row::{ActiveModel, COLUMN, Column, Entity, Model};

fn read(row: Model, zones: Vec<ShippingZoneId>) -> Result<ShippingMethod, Fault> {
    Ok(ShippingMethod {
        id: ShippingMethodId::from_uuid(row.id),
        code: row.code,
        name: row.name,
        rates: json("shipping_methods.rates", row.rates)?,
        free_above: row.free_above,
        zones,
        currency: currency("shipping_methods.currency", &row.currency)?,
        status: word("shipping_methods.status", &row.status)?,
        position: row.position,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// All methods, in order.
pub async fn all(db: &Scoped) -> Result<Vec<ShippingMethod>, Fault> {
    let rows = db
        .find::<Entity>()
        .order_by_asc(Column::Position)
        .order_by_asc(Column::Name)
        .all(db)
        .await
        .or_fault()?;
    let links = shipping_zones::links(db, None).await?;
    rows.into_iter()
        .map(|row| {
            let own = links.iter().filter(|(method, _)| method.uuid() == row.id);
            let zones = own.map(|(_, zone)| *zone).collect();
            read(row, zones)
        })
        .collect()
}

/// All methods, in order, with the areas they go to.
pub async fn ways(db: &Scoped) -> Result<Vec<ShippingWay>, Fault> {
    let methods = all(db).await?;
    let zones = shipping_zones::all(db).await?;
    let areas = |method: &ShippingMethod| {
        let own = zones.iter().filter(|zone| method.zones.contains(&zone.id));
        own.flat_map(|zone| zone.areas.clone()).collect()
    };
    Ok(methods
        .into_iter()
        .map(|method| ShippingWay {
            areas: areas(&method),
            method,
        })
        .collect())
}

/// One method.
pub async fn find(db: &Scoped, id: ShippingMethodId) -> Result<Option<ShippingMethod>, Fault> {
    let row = db
        .find::<Entity>()
        .filter(COLUMN.id.eq(id.uuid()))
        .one(db)
        .await
        .or_fault()?;
    let Some(row) = row else { return Ok(None) };
    let links = shipping_zones::links(db, Some(id)).await?;
    let zones = links.into_iter().map(|(_, zone)| zone).collect();
    read(row, zones).map(Some)
}

/// Adds a method.
pub async fn insert(tx: &Transaction, method: &ShippingMethod) -> Result<(), Fault> {
    let status: &'static str = method.status.into();
    tx.insert(ActiveModel {
        id: Set(method.id.uuid()),
        code: Set(method.code.clone()),
        name: Set(method.name.clone()),
        rates: Set(to_json(&method.rates)),
        free_above: Set(method.free_above),
        currency: Set(method.currency.code().to_owned()),
        status: Set(status.to_owned()),
        position: Set(method.position),
        version: Set(method.version),
        created_at: Set(method.created_at.micros()),
        updated_at: Set(method.updated_at.micros()),
        ..Default::default()
    })
    .await?;
    shipping_zones::link(tx, method.id, &method.zones).await
}

/// Writes a method, if the stored version is still the one before.
pub async fn update(tx: &Transaction, method: &ShippingMethod) -> Result<bool, Fault> {
    let status: &'static str = method.status.into();
    let changed = tx
        .run(
            "UPDATE shipping_methods SET name = $2, rates = $3, free_above = $4, status = $5, position = $6, \
                    version = $7, updated_at = $8 \
             WHERE tenant_id = $1 AND id = $9 AND version = $7 - 1",
            [
                method.name.clone().into(),
                to_json(&method.rates).into(),
                method.free_above.into(),
                status.into(),
                method.position.into(),
                method.version.into(),
                method.updated_at.micros().into(),
                method.id.uuid().into(),
            ],
        )
        .await?;
    if changed == 0 {
        return Ok(false);
    }
    shipping_zones::link(tx, method.id, &method.zones).await?;
    Ok(true)
}
