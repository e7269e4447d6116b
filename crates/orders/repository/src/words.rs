//! The words that orders are found by.

use database::{Backend, Transaction};
use kernel::{Fault, OrderId};
use orders_model::order::Order;
use sea_orm::Value;

use crate::numbers::taken;

/// The write that lets an order be found by words, for a batch; those that it
/// is found by already stay.
pub fn index(order: OrderId, words: &[String]) -> Option<(String, Vec<Value>)> {
    let mut values: Vec<Value> = vec![order.uuid().into()];
    let mut rows = Vec::with_capacity(words.len());
    for word in words {
        rows.push(format!("($1, $2, ${})", values.len() + 2));
        values.push(word.clone().into());
    }
    let sql = format!(
        "INSERT INTO order_words (tenant_id, order_id, word) VALUES {} ON CONFLICT DO NOTHING",
        rows.join(", ")
    );
    (!words.is_empty()).then_some((sql, values))
}

/// The same for an order that is added in the same batch, which is found by
/// the number that was taken, too.
pub fn index_new(order: OrderId, words: &[String], backend: Backend) -> (String, Vec<Value>) {
    let number = format!("($1, $2, CAST({} AS text))", taken(backend));
    let Some((sql, values)) = index(order, words) else {
        let sql = format!("INSERT INTO order_words (tenant_id, order_id, word) VALUES {number}");
        return (sql, vec![order.uuid().into()]);
    };
    (
        sql.replacen("VALUES ", &format!("VALUES {number}, "), 1),
        values,
    )
}

/// Lets an order be found by its number only.
pub async fn forget(tx: &Transaction, order: &Order) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM order_words WHERE tenant_id = $1 AND order_id = $2 AND word <> $3",
        [order.id.uuid().into(), order.number.to_string().into()],
    )
    .await
    .map(|_| ())
}
