//! What must be true of the rows at every moment, asked in SQL past the
//! application.

use anyhow::{Context as _, Result};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use crate::installation::{Backend, Installation, superuser_url};

/// Each finds violations only, as one number of them.
const RULES: &[(&str, &str)] = &[
    (
        "a pile differs from the sum of its movements",
        "SELECT count(*) FROM stock_items i WHERE \
           i.on_hand <> COALESCE((SELECT sum(m.on_hand_delta) FROM stock_movements m WHERE m.tenant_id = i.tenant_id AND m.stock_item_id = i.id), 0) \
           OR i.reserved <> COALESCE((SELECT sum(m.reserved_delta) FROM stock_movements m WHERE m.tenant_id = i.tenant_id AND m.stock_item_id = i.id), 0)",
    ),
    (
        "a pile's promises differ from its reservations",
        "SELECT count(*) FROM stock_items i WHERE i.reserved <> COALESCE((SELECT sum(r.quantity) \
           FROM stock_reservations r WHERE r.tenant_id = i.tenant_id AND r.stock_item_id = i.id), 0)",
    ),
    // Orders with bundles draw from other piles than those of their lines.
    (
        "an order's movements do not fit where it stands",
        "SELECT count(*) FROM (SELECT o.id, o.status, o.reserved_until, l.stock_item_id, l.quantity, l.restocked, l.backordered, \
             (SELECT COALESCE(sum(m.on_hand_delta), 0) FROM stock_movements m WHERE m.tenant_id = o.tenant_id AND m.order_id = o.id AND m.stock_item_id = l.stock_item_id) AS taken, \
             (SELECT COALESCE(sum(m.reserved_delta), 0) FROM stock_movements m WHERE m.tenant_id = o.tenant_id AND m.order_id = o.id AND m.stock_item_id = l.stock_item_id) AS held \
           FROM orders o JOIN (SELECT tenant_id, order_id, stock_item_id, sum(quantity) AS quantity, sum(restocked) AS restocked, sum(backordered) AS backordered \
             FROM order_lines WHERE stock_item_id IS NOT NULL GROUP BY tenant_id, order_id, stock_item_id) l \
             ON l.tenant_id = o.tenant_id AND l.order_id = o.id \
           WHERE NOT EXISTS (SELECT 1 FROM order_lines b WHERE b.tenant_id = o.tenant_id AND b.order_id = o.id AND b.components IS NOT NULL)) x \
         WHERE (x.status IN ('paid', 'shipped') AND (x.taken <> x.restocked - x.quantity + x.backordered OR x.held <> x.backordered)) \
            OR (x.status = 'pending' AND x.reserved_until IS NOT NULL AND (x.taken <> 0 OR x.held <> x.quantity)) \
            OR (x.status = 'canceled' AND x.held <> 0)",
    ),
    (
        "an order has no line, or its lines do not add up",
        "SELECT count(*) FROM orders o WHERE o.subtotal <> COALESCE((SELECT sum(l.unit_price * l.quantity) \
             FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id), -1) \
           OR o.discount <> COALESCE((SELECT sum(l.discount) \
             FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id), -1)",
    ),
    (
        "an order's money differs from its payments",
        "SELECT count(*) FROM orders o WHERE o.captured <> COALESCE((SELECT sum(p.captured) FROM payments p \
           WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id), 0)",
    ),
    (
        "a paid order was not paid exactly once",
        "SELECT count(*) FROM orders o WHERE o.status IN ('paid', 'shipped') AND o.total > o.wallet_credit AND 1 <> (SELECT count(*) \
           FROM payments p WHERE p.tenant_id = o.tenant_id AND p.order_id = o.id AND p.status = 'succeeded' AND p.gateway <> 'wallet')",
    ),
    (
        "a wallet differs from its entries or its lots",
        "SELECT count(*) FROM wallets w WHERE \
           w.credit_balance <> COALESCE((SELECT sum(e.side * e.amount) FROM ledger_entries e WHERE e.tenant_id = w.tenant_id AND e.wallet_id = w.id), 0) \
           OR w.credit_balance <> COALESCE((SELECT sum(l.remaining) FROM credit_lots l WHERE l.tenant_id = w.tenant_id AND l.wallet_id = w.id), 0)",
    ),
    (
        "the ledger does not balance",
        "SELECT COALESCE(sum(side * amount), 0) FROM ledger_entries",
    ),
    (
        "top-ups that were credited and those that were booked differ",
        "SELECT abs((SELECT count(*) FROM top_ups WHERE credited IS NOT NULL) - (SELECT count(*) FROM ledger_transfers WHERE kind = 'TOP_UP')) \
           + abs((SELECT COALESCE(sum(credited), 0) FROM top_ups) - (SELECT COALESCE(sum(amount), 0) FROM ledger_transfers WHERE kind = 'TOP_UP'))",
    ),
    (
        "a paid session of a top-up is forgotten: no webhook waits and it is not credited",
        "SELECT count(*) FROM test_gateway_sessions s JOIN top_ups p ON p.tenant_id = s.tenant_id AND p.gateway = 'test' AND p.session_id = s.id \
         WHERE s.status = 'paid' AND p.credited IS NULL AND NOT EXISTS (SELECT 1 FROM webhook_events w \
           WHERE w.tenant_id = s.tenant_id AND w.state = 'received' AND w.payload LIKE '%' || s.id || '%')",
    ),
    (
        "a quota differs from what is given of it",
        "SELECT count(*) FROM quotas q WHERE q.used <> COALESCE((SELECT sum(a.units) FROM quota_allocations a \
           WHERE a.tenant_id = q.tenant_id AND a.quota_id = q.id AND a.released_at IS NULL), 0)",
    ),
    (
        "units of quotas that are given differ from the subscriptions that go on",
        "SELECT abs((SELECT count(*) FROM quota_allocations WHERE released_at IS NULL AND reference LIKE 'sub%') \
           - (SELECT count(*) + count(next_plan_id) FROM subscriptions WHERE status <> 'ended'))",
    ),
    (
        "a subscription's charges differ from what was booked",
        "SELECT abs((SELECT count(*) FROM ledger_transfers WHERE kind IN ('SUBSCRIPTION', 'RENEWAL', 'UPGRADE')) \
             - (SELECT count(transfer_id) FROM subscription_charges)) \
           + (SELECT count(*) FROM subscription_charges c JOIN ledger_transfers t ON t.tenant_id = c.tenant_id AND t.id = c.transfer_id \
              WHERE t.amount <> c.amount)",
    ),
    (
        "a subscription is in a period that was not charged",
        "SELECT count(*) FROM subscriptions s WHERE s.status = 'active' AND NOT EXISTS (SELECT 1 FROM subscription_charges c \
           WHERE c.tenant_id = s.tenant_id AND c.subscription_id = s.id AND c.period = s.period)",
    ),
    (
        "what clusters promise differs from what their instances have",
        "SELECT count(*) FROM clusters c WHERE c.instances <> (SELECT count(*) FROM service_instances i \
             WHERE i.tenant_id = c.tenant_id AND i.cluster_id = c.id) \
           OR c.reserved_cpu_milli <> COALESCE((SELECT sum(i.reserved_cpu_milli) FROM service_instances i \
             WHERE i.tenant_id = c.tenant_id AND i.cluster_id = c.id), 0) \
           OR c.reserved_memory_bytes <> COALESCE((SELECT sum(i.reserved_memory_bytes) FROM service_instances i \
             WHERE i.tenant_id = c.tenant_id AND i.cluster_id = c.id), 0)",
    ),
    (
        "instances differ from the subscriptions they are for",
        "SELECT abs((SELECT count(*) FROM service_instances) - (SELECT count(*) FROM subscriptions)) \
           + abs((SELECT count(*) FROM service_instances WHERE status NOT IN ('terminating', 'terminated')) \
             - (SELECT count(*) FROM subscriptions WHERE status <> 'ended')) \
           + abs((SELECT count(*) FROM service_instances WHERE suspended AND status NOT IN ('terminating', 'terminated')) \
             - (SELECT count(*) FROM subscriptions WHERE status = 'suspended'))",
    ),
    (
        "an order's history does not fit where it stands",
        "SELECT count(*) FROM orders o WHERE \
           1 <> (SELECT count(*) FROM order_history h WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id AND h.kind = 'placed') \
           OR (CASE WHEN o.status IN ('paid', 'shipped') THEN 1 ELSE 0 END) <> \
              (SELECT count(*) FROM order_history h WHERE h.tenant_id = o.tenant_id AND h.order_id = o.id AND h.kind = 'paid')",
    ),
    (
        "an ordered cart and its order do not name each other",
        "SELECT (SELECT count(*) FROM carts c WHERE c.status = 'ordered' AND NOT EXISTS (SELECT 1 FROM orders o \
             WHERE o.tenant_id = c.tenant_id AND o.id = c.order_id AND o.cart_id = c.id)) \
           + (SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM carts c \
             WHERE c.tenant_id = o.tenant_id AND c.id = o.cart_id AND c.order_id = o.id AND c.status = 'ordered'))",
    ),
    (
        "order numbers have gaps",
        "SELECT count(*) FROM (SELECT tenant_id, count(*) AS n, max(number) - min(number) + 1 AS span FROM orders GROUP BY tenant_id) x \
         WHERE x.n <> x.span",
    ),
    (
        "a paid session of the gateway is forgotten: no webhook waits and the order is not paid",
        "SELECT count(*) FROM test_gateway_sessions s JOIN payments p ON p.tenant_id = s.tenant_id AND p.gateway = 'test' AND p.session_id = s.id \
         WHERE s.status = 'paid' AND p.status <> 'succeeded' AND NOT EXISTS (SELECT 1 FROM webhook_events w \
           WHERE w.tenant_id = s.tenant_id AND w.state = 'received' AND w.payload LIKE '%' || s.id || '%')",
    ),
];

/// A connection past the application.
pub enum Reader {
    /// To the file.
    Sqlite(SqliteConnection),
    /// As the superuser, whom row-level security does not hold for.
    Postgres(PgConnection),
}

impl Reader {
    /// Connects to an installation's database.
    pub async fn open(installation: &Installation) -> Result<Self> {
        Ok(match installation.backend {
            Backend::Sqlite => {
                let options = SqliteConnectOptions::new()
                    .filename(installation.sqlite_file())
                    .pragma("query_only", "ON");
                let connection = SqliteConnection::connect_with(&options).await;
                Self::Sqlite(connection.context("open the database")?)
            }
            Backend::Postgres => {
                let url = superuser_url(installation.database()?)?;
                let connection = PgConnection::connect(url.as_str()).await;
                Self::Postgres(connection.context("connect to PostgreSQL")?)
            }
        })
    }

    /// The one number that a statement answers.
    pub async fn number(&mut self, sql: &str) -> Result<i64> {
        let sql = AssertSqlSafe(format!("SELECT CAST(({sql}) AS bigint)"));
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query(sql).fetch_one(connection).await?.try_get(0)?,
            Self::Postgres(connection) => {
                sqlx::query(sql).fetch_one(connection).await?.try_get(0)?
            }
        })
    }

    /// What is broken; nothing, if all is well.
    pub async fn violations(&mut self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if let Self::Sqlite(connection) = self {
            for row in sqlx::query("PRAGMA integrity_check")
                .fetch_all(connection)
                .await?
            {
                let text: String = row.try_get(0)?;
                if text != "ok" {
                    found.push(format!("integrity_check: {text}"));
                }
            }
        }
        for (what, sql) in RULES {
            let count = self
                .number(sql)
                .await
                .with_context(|| format!("ask whether {what}"))?;
            if count != 0 {
                found.push(format!("{what} ({count} times)"));
            }
        }
        Ok(found)
    }
}
