//! The lines of orders.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use database::column::{Stored, to_json, to_maybe};
use database::{Scoped, Transaction};
use kernel::{
    Currency, Fault, Money, OrderId, OrderLineId, ProductId, SellerId, StockItemId, Timestamp,
    VariantId,
};
use orders_model::order::{LineComponent, LineMove, Order, OrderLine, Pieces};
use sea_orm::prelude::Json;
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::table::{Kind, Table};

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    position: i64,
    product_id: Uuid,
    variant_id: Uuid,
    stock_item_id: Option<Uuid>,
    components: Option<Stored<Vec<LineComponent>>>,
    seller_id: Option<Uuid>,
    sku: String,
    name: String,
    options: Stored<BTreeMap<String, String>>,
    unit_price: i64,
    quantity: i64,
    discount: i64,
    fee: i64,
    restocked: i64,
    intangible: i64,
    withdrawn: i64,
    shipped: i64,
    in_return: i64,
    returned: i64,
    scrapped: i64,
    backordered: i64,
    expected_at: Option<i64>,
}

pub(crate) const TABLE: Table = Table {
    name: "order_lines",
    columns: &[
        ("id", Kind::Uuid),
        ("position", Kind::Plain),
        ("product_id", Kind::Uuid),
        ("variant_id", Kind::Uuid),
        ("stock_item_id", Kind::Uuid),
        ("components", Kind::Json),
        ("seller_id", Kind::Uuid),
        ("sku", Kind::Plain),
        ("name", Kind::Plain),
        ("options", Kind::Json),
        ("unit_price", Kind::Plain),
        ("quantity", Kind::Plain),
        ("discount", Kind::Plain),
        ("fee", Kind::Plain),
        ("restocked", Kind::Plain),
        ("intangible", Kind::Plain),
        ("withdrawn", Kind::Plain),
        ("shipped", Kind::Plain),
        ("in_return", Kind::Plain),
        ("returned", Kind::Plain),
        ("scrapped", Kind::Plain),
        ("backordered", Kind::Plain),
        ("expected_at", Kind::Plain),
    ],
};

static OF: LazyLock<String> =
    LazyLock::new(|| format!("{} AND order_id = $2 ORDER BY position", TABLE.select()));

/// The lines of an order, in order.
pub async fn of(db: &Scoped, order: &Order) -> Result<Vec<OrderLine>, Fault> {
    let rows: Vec<Row> = db.all(&OF, [order.id.uuid().into()]).await?;
    Ok(rows
        .into_iter()
        .map(|row| read(row, order.currency))
        .collect())
}

#[derive(FromQueryResult)]
struct RowOf {
    order_id: Uuid,
    #[sea_orm(nested)]
    line: Row,
}

/// The lines of some orders, which have these currencies, in one statement.
pub async fn of_orders(
    db: &Scoped,
    orders: &[(OrderId, Currency)],
) -> Result<BTreeMap<OrderId, Vec<OrderLine>>, Fault> {
    let mut all: BTreeMap<OrderId, Vec<OrderLine>> = BTreeMap::new();
    if orders.is_empty() {
        return Ok(all);
    }
    let columns: Vec<&str> = TABLE.columns.iter().map(|(name, _)| *name).collect();
    let places: Vec<String> = (0..orders.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT order_id, {} FROM order_lines WHERE tenant_id = $1 AND order_id IN ({}) ORDER BY order_id, position",
        columns.join(", "),
        places.join(", ")
    );
    let values: Vec<Value> = orders.iter().map(|(id, _)| id.uuid().into()).collect();
    let rows: Vec<RowOf> = db.all(&sql, values).await?;
    let currencies: BTreeMap<OrderId, Currency> = orders.iter().copied().collect();
    for row in rows {
        let order = OrderId::from_uuid(row.order_id);
        if let Some(currency) = currencies.get(&order) {
            all.entry(order)
                .or_default()
                .push(read(row.line, *currency));
        }
    }
    Ok(all)
}

pub(crate) fn read(row: Row, currency: Currency) -> OrderLine {
    OrderLine {
        id: OrderLineId::from_uuid(row.id),
        position: row.position,
        product: ProductId::from_uuid(row.product_id),
        variant: VariantId::from_uuid(row.variant_id),
        stock_item: row.stock_item_id.map(StockItemId::from_uuid),
        components: row.components.map_or_else(Vec::new, |Stored(all)| all),
        seller: row.seller_id.map(SellerId::from_uuid),
        sku: row.sku,
        name: row.name,
        options: row.options.0,
        unit_price: Money::new(row.unit_price, currency),
        quantity: row.quantity,
        discount: Money::new(row.discount, currency),
        fee: row.fee,
        restocked: row.restocked,
        pieces: Pieces {
            intangible: row.intangible,
            withdrawn: row.withdrawn,
            shipped: row.shipped,
            returning: row.in_return,
            returned: row.returned,
            scrapped: row.scrapped,
            backordered: row.backordered,
        },
        expected_at: row.expected_at.map(Timestamp::from_micros),
    }
}

/// What the bundle of a line was made of; nothing for others.
fn components(line: &OrderLine) -> Option<Json> {
    to_maybe((!line.components.is_empty()).then_some(&line.components))
}

/// The write that adds the lines of an order, for a batch.
pub fn insert(order: OrderId, lines: &[OrderLine]) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![order.uuid().into()];
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        let row: [Value; 18] = [
            line.id.uuid().into(),
            line.position.into(),
            line.product.uuid().into(),
            line.variant.uuid().into(),
            line.stock_item.map(StockItemId::uuid).into(),
            components(line).into(),
            line.seller.map(SellerId::uuid).into(),
            line.sku.clone().into(),
            line.name.clone().into(),
            to_json(&line.options).into(),
            line.unit_price.minor.into(),
            line.quantity.into(),
            line.discount.minor.into(),
            line.fee.into(),
            line.restocked.into(),
            line.pieces.intangible.into(),
            line.pieces.backordered.into(),
            line.expected_at.map(Timestamp::micros).into(),
        ];
        let first = values.len() + 2;
        let places: Vec<String> = (first..first + row.len())
            .map(|n| format!("${n}"))
            .collect();
        rows.push(format!("($1, $2, {})", places.join(", ")));
        values.extend(row);
    }
    (
        format!(
            "INSERT INTO order_lines (tenant_id, order_id, id, position, product_id, variant_id, stock_item_id, \
               components, seller_id, sku, name, options, unit_price, quantity, discount, fee, restocked, intangible, backordered, \
               expected_at) VALUES {}",
            rows.join(", ")
        ),
        values,
    )
}

/// The write that lets an order be found by what bundles in it are made of,
/// for a batch; none when there are no bundles.
pub fn index_components(order: OrderId, lines: &[OrderLine]) -> Option<(String, Vec<Value>)> {
    let mut values: Vec<Value> = vec![order.uuid().into()];
    let mut rows = Vec::new();
    for line in lines {
        for component in &line.components {
            let n = values.len() + 2;
            rows.push(format!("($1, $2, ${n}, ${}, ${})", n + 1, n + 2));
            values.extend([
                line.id.uuid().into(),
                component.sku.clone().into(),
                component.product.map(ProductId::uuid).into(),
            ]);
        }
    }
    let sql = format!(
        "INSERT INTO order_line_components (tenant_id, order_id, line_id, sku, product_id) VALUES {}",
        rows.join(", ")
    );
    (!rows.is_empty()).then_some((sql, values))
}

/// Writes other lines instead of those an order has. The order is locked and
/// not paid, so that nothing refers to them.
pub async fn replace(tx: &Transaction, order: OrderId, lines: &[OrderLine]) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM order_lines WHERE tenant_id = $1 AND order_id = $2",
        [order.uuid().into()],
    )
    .await?;
    let (sql, values) = insert(order, lines);
    tx.run(&sql, values).await?;
    if let Some((sql, values)) = index_components(order, lines) {
        tx.run(&sql, values).await?;
    }
    Ok(())
}

/// Changes the counts of a line, if they are never more than was bought, sent
/// and came back: a return may only bring what a shipment took, and what is
/// back in stock or thrown away does not come back again.
pub async fn move_pieces(tx: &Transaction, line: OrderLineId, by: LineMove) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE order_lines SET restocked = restocked + $2, withdrawn = withdrawn + $3, shipped = shipped + $4, \
               in_return = in_return + $5, returned = returned + $6, scrapped = scrapped + $7, backordered = backordered + $9 \
             WHERE tenant_id = $1 AND id = $8 \
               AND restocked + $2 + scrapped + $7 + in_return + $5 <= quantity \
               AND shipped + $4 + withdrawn + $3 + intangible + backordered + $9 <= quantity AND backordered + $9 >= 0 \
               AND returned + $6 + in_return + $5 <= shipped + $4",
            [
                by.restocked.into(),
                by.withdrawn.into(),
                by.shipped.into(),
                by.returning.into(),
                by.returned.into(),
                by.scrapped.into(),
                line.uuid().into(),
                by.backordered.into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes what of a line is waited for. The order is locked.
pub async fn set_waiting(tx: &Transaction, line: &OrderLine) -> Result<(), Fault> {
    tx.run(
        "UPDATE order_lines SET backordered = $2, components = $3 WHERE tenant_id = $1 AND id = $4",
        [
            line.pieces.backordered.into(),
            components(line).into(),
            line.id.uuid().into(),
        ],
    )
    .await
    .map(|_| ())
}
