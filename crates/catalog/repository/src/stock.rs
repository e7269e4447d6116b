//! How piles change.

use catalog_model::stock::{MovementKind, StockItem};
use database::{Backend, Sql, Transaction};
use kernel::{Fault, OrderId, StockItemId, StockMovementId, Timestamp};
use sea_orm::Value;

use crate::piles::{ItemRow, columns};

/// How one pile is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which pile.
    pub item: StockItemId,
    /// How many more are there.
    pub on_hand: i64,
    /// How many more are promised.
    pub reserved: i64,
    /// How many more of these are not there. Of what is newly promised the
    /// pile itself says it.
    pub owed: i64,
}

impl Change {
    /// So many more are there.
    pub fn on_hand(item: StockItemId, on_hand: i64) -> Self {
        Self {
            item,
            on_hand,
            reserved: 0,
            owed: 0,
        }
    }
}

/// What all changes of one call have in common.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// Why.
    pub kind: MovementKind,
    /// What whoever adjusted it said.
    pub reason: Option<&'a str>,
    /// For which order.
    pub order: Option<OrderId>,
    /// When.
    pub now: Timestamp,
}

/// Changes piles, each only if enough stays for what is promised of it, and
/// writes down every change. Returns the piles that were changed, as they are
/// now; the caller compares their number with what it asked for and rolls
/// back if some are missing.
///
/// What is promised may exceed what is there as far as the pile's supply goes
/// at `cause.now`; by how much it does, [`StockItem::short_of`] tells of the
/// result.
///
/// The changes come sorted by pile, and piles are locked in that order.
pub async fn apply(
    tx: &Transaction,
    changes: &[Change],
    cause: Cause<'_>,
) -> Result<Vec<StockItem>, Fault> {
    debug_assert!(changes.windows(2).all(|pair| pair[0].item < pair[1].item));
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ItemRow> = match tx.backend() {
        Backend::Postgres => apply_at_once(tx, changes, cause).await?,
        Backend::Sqlite => apply_in_steps(tx, changes, cause).await?,
    };
    rows.into_iter().map(StockItem::try_from).collect()
}

/// What comes before the rows of `VALUES`: kind, reason, order, actor, time.
const FIXED: usize = 5;

fn fixed(tx: &Transaction, cause: Cause<'_>) -> Vec<Value> {
    let kind: &'static str = cause.kind.into();
    vec![
        kind.into(),
        cause.reason.map(str::to_owned).into(),
        cause.order.map(OrderId::uuid).into(),
        tx.scope().actor().label().into(),
        cause.now.micros().into(),
    ]
}

/// How a statement finds the numbers of a change.
struct Words<'a> {
    /// The alias of the pile, with a point.
    pile: &'a str,
    on_hand: &'a str,
    reserved: &'a str,
    owed: &'a str,
    now: &'a str,
    least: &'a str,
    greatest: &'a str,
}

/// By how much what is owed grows, and whether the change may be made.
fn rules(kind: MovementKind, words: &Words<'_>) -> (String, String) {
    let Words {
        pile: i,
        on_hand,
        reserved,
        owed,
        now,
        least,
        greatest,
    } = words;
    if kind == MovementKind::Reserved {
        return (
            format!("{least}({reserved}, {greatest}(0, {i}reserved + {reserved} - {i}on_hand))"),
            format!(
                "{i}on_hand - {i}reserved - {reserved} >= 0 - CASE WHEN {i}supply = 'backorder' \
                   OR ({i}supply = 'preorder' AND {i}available_at > {now}) THEN {i}beyond ELSE 0 END"
            ),
        );
    }
    (
        (*owed).to_owned(),
        format!(
            "{i}on_hand + {on_hand} >= 0 AND {i}reserved + {reserved} >= {i}owed + {owed} AND {i}owed + {owed} >= 0 \
             AND {i}on_hand + {on_hand} + {i}owed + {owed} >= {i}reserved + {reserved}"
        ),
    )
}

/// Locks, changes and writes down in one round trip.
async fn apply_at_once(
    tx: &Transaction,
    changes: &[Change],
    cause: Cause<'_>,
) -> Result<Vec<ItemRow>, Fault> {
    let mut values = fixed(tx, cause);
    let mut rows = Vec::with_capacity(changes.len());
    for (n, change) in changes.iter().enumerate() {
        let n = 2 + FIXED + n * 5;
        rows.push(format!(
            "(${n}, ${}, ${}, ${}, ${})",
            n + 1,
            n + 2,
            n + 3,
            n + 4
        ));
        values.extend([
            change.item.uuid().into(),
            change.on_hand.into(),
            change.reserved.into(),
            change.owed.into(),
            StockMovementId::new(cause.now).uuid().into(),
        ]);
    }
    let sql = if cause.kind == MovementKind::Reserved {
        PROMISE.on(Backend::Postgres)
    } else {
        CHANGE.on(Backend::Postgres)
    };
    tx.all(&sql.replace("{rows}", &rows.join(", ")), values)
        .await
}

static PROMISE: Sql = Sql::new(|backend| change(backend, MovementKind::Reserved));
static CHANGE: Sql = Sql::new(|backend| change(backend, MovementKind::Adjusted));

/// The statement that changes piles for a reason of that kind.
fn change(backend: Backend, kind: MovementKind) -> String {
    if backend == Backend::Sqlite {
        let (owed, may) = rules(
            kind,
            &Words {
                pile: "",
                on_hand: "$2",
                reserved: "$3",
                owed: "$6",
                now: "$4",
                least: "min",
                greatest: "max",
            },
        );
        return format!(
            "UPDATE stock_items SET on_hand = on_hand + $2, reserved = reserved + $3, owed = owed + {owed}, updated_at = $4 \
             WHERE tenant_id = $1 AND id = $5 AND $6 = $6 AND {may} RETURNING {}",
            columns("")
        );
    }
    let (owed, may) = rules(
        kind,
        &Words {
            pile: "i.",
            on_hand: "w.on_hand",
            reserved: "w.reserved",
            owed: "w.owed",
            now: "$6",
            least: "LEAST",
            greatest: "GREATEST",
        },
    );
    // What is newly promised is owed as far as it is more than there is, which
    // the pile tells after the change as well as before.
    let owed_delta = if kind == MovementKind::Reserved {
        "LEAST(w.reserved, GREATEST(0, i.reserved - i.on_hand))"
    } else {
        "w.owed"
    };
    format!(
        "WITH wanted(id, on_hand, reserved, owed, movement) AS (VALUES {{rows}}), \
         locked AS MATERIALIZED (SELECT i.id FROM stock_items i \
           WHERE i.tenant_id = $1 AND i.id IN (SELECT id FROM wanted) ORDER BY i.id FOR UPDATE), \
         changed AS (UPDATE stock_items i \
           SET on_hand = i.on_hand + w.on_hand, reserved = i.reserved + w.reserved, owed = i.owed + {owed}, updated_at = $6 \
           FROM wanted w JOIN locked l ON l.id = w.id WHERE i.tenant_id = $1 AND i.id = w.id AND {may} \
           RETURNING {}, w.on_hand AS on_hand_delta, w.reserved AS reserved_delta, {owed_delta} AS owed_delta, w.movement), \
         noted AS (INSERT INTO stock_movements (tenant_id, id, stock_item_id, kind, on_hand_delta, reserved_delta, \
             owed_delta, on_hand_after, reserved_after, owed_after, reason, order_id, actor, created_at) \
           SELECT $1, movement, id, $2, on_hand_delta, reserved_delta, owed_delta, on_hand, reserved, owed, $3, $4, $5, $6 \
           FROM changed) \
         SELECT id, product_id, on_hand, reserved, owed, low_at, low_up_to, supply, beyond, available_at, bundled \
         FROM changed ORDER BY id",
        columns("i.")
    )
}

/// The same for SQLite, which has no writes inside `WITH`, one writer, and
/// round trips that cost nothing.
async fn apply_in_steps(
    tx: &Transaction,
    changes: &[Change],
    cause: Cause<'_>,
) -> Result<Vec<ItemRow>, Fault> {
    let promises = cause.kind == MovementKind::Reserved;
    let sql = if promises { &PROMISE } else { &CHANGE };
    let mut changed = Vec::with_capacity(changes.len());
    for change in changes {
        let row: Option<ItemRow> = tx
            .one(
                sql.on(Backend::Sqlite),
                [
                    change.on_hand.into(),
                    change.reserved.into(),
                    cause.now.micros().into(),
                    change.item.uuid().into(),
                    change.owed.into(),
                ],
            )
            .await?;
        let Some(row) = row else { continue };
        let owed = if promises {
            (row.reserved - row.on_hand).clamp(0, change.reserved)
        } else {
            change.owed
        };
        let mut values = fixed(tx, cause);
        values.extend([
            StockMovementId::new(cause.now).uuid().into(),
            change.item.uuid().into(),
            change.on_hand.into(),
            change.reserved.into(),
            owed.into(),
            row.on_hand.into(),
            row.reserved.into(),
            row.owed.into(),
        ]);
        tx.run(
            "INSERT INTO stock_movements (tenant_id, kind, reason, order_id, actor, created_at, id, stock_item_id, \
               on_hand_delta, reserved_delta, owed_delta, on_hand_after, reserved_after, owed_after) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            values,
        )
        .await?;
        changed.push(row);
    }
    Ok(changed)
}
