//! The history of piles.

use catalog_model::stock::Movement;
use database::Scoped;
use database::column::word;
use kernel::{Fault, OrderId, Page, PageRequest, StockItemId, StockMovementId, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct MovementRow {
    id: Uuid,
    stock_item_id: Uuid,
    kind: String,
    on_hand_delta: i64,
    reserved_delta: i64,
    owed_delta: i64,
    on_hand_after: i64,
    reserved_after: i64,
    owed_after: i64,
    reason: Option<String>,
    order_id: Option<Uuid>,
    actor: String,
    created_at: i64,
}

/// The changes of a pile, newest first.
pub async fn of_item(
    db: &Scoped,
    item: StockItemId,
    page: PageRequest<StockMovementId>,
) -> Result<Page<Movement, StockMovementId>, Fault> {
    let rows: Vec<MovementRow> = db
        .all(
            "SELECT id, stock_item_id, kind, on_hand_delta, reserved_delta, owed_delta, on_hand_after, reserved_after, owed_after, reason, \
               order_id, actor, created_at FROM stock_movements \
             WHERE tenant_id = $1 AND stock_item_id = $2 AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
            [
                item.uuid().into(),
                page.after.map(StockMovementId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let movements = rows
        .into_iter()
        .map(|row| {
            Ok(Movement {
                id: StockMovementId::from_uuid(row.id),
                stock_item: StockItemId::from_uuid(row.stock_item_id),
                kind: word("stock_movements.kind", &row.kind)?,
                on_hand_delta: row.on_hand_delta,
                reserved_delta: row.reserved_delta,
                owed_delta: row.owed_delta,
                on_hand_after: row.on_hand_after,
                reserved_after: row.reserved_after,
                owed_after: row.owed_after,
                reason: row.reason,
                order: row.order_id.map(OrderId::from_uuid),
                actor: row.actor,
                created_at: Timestamp::from_micros(row.created_at),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page::from_rows(movements, page.limit, |movement| {
        movement.id
    }))
}
