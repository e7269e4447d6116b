//! The audit log and the ends of its chains.

use std::fmt::Write as _;

use accounts_model::audit::{AuditFilter, AuditRecord, Chained, START};
use database::{Batch, Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, Timestamp};
use sea_orm::{FromQueryResult, Value};

/// The end of a tenant's chain.
#[derive(FromQueryResult)]
pub struct Head {
    /// The place of the last entry; 0 when there is none.
    pub sequence: i64,
    /// Its hash.
    pub hash: Vec<u8>,
    /// What proves that we wrote it.
    pub seal: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Row {
    sequence: i64,
    at: i64,
    actor: String,
    acting_user: Option<String>,
    action: String,
    object: String,
    request_id: String,
    network: Option<String>,
    before: Option<String>,
    after: Option<String>,
    hash: Vec<u8>,
}

#[derive(FromQueryResult)]
struct Appended {
    sequence: i64,
}

const COLUMNS: &str =
    "sequence, at, actor, acting_user, action, object, request_id, network, before, after, hash";

impl From<Row> for Chained {
    fn from(row: Row) -> Self {
        Self {
            record: AuditRecord {
                sequence: row.sequence,
                at: Timestamp::from_micros(row.at),
                actor: row.actor,
                user: row.acting_user,
                action: row.action,
                object: row.object,
                request_id: row.request_id,
                network: row.network,
                before: row.before,
                after: row.after,
            },
            hash: row.hash,
        }
    }
}

/// The end of the chain, which nobody else moves until the transaction ends;
/// made if there is none.
pub async fn lock_head(tx: &Transaction) -> Result<Head, Fault> {
    tx.one(
        "INSERT INTO audit_heads (tenant_id, sequence, hash, seal) VALUES ($1, 0, $2, $3) \
         ON CONFLICT (tenant_id) DO UPDATE SET sequence = audit_heads.sequence \
         RETURNING sequence, hash, seal",
        [START.to_vec().into(), Vec::<u8>::new().into()],
    )
    .await?
    .ok_or_else(|| Fault::permanent("an upsert returned no row"))
}

/// Appends an entry and moves the end of the chain to it, if it follows the
/// end. False when it does not.
pub async fn append(
    tx: &Transaction,
    record: &AuditRecord,
    hash: [u8; 32],
    seal: [u8; 32],
) -> Result<bool, Fault> {
    let mut batch = Batch::new();
    batch.add((
        "INSERT INTO audit_log (tenant_id, sequence, at, actor, acting_user, action, object, request_id, network, before, after, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        vec![
            record.sequence.into(),
            record.at.micros().into(),
            record.actor.clone().into(),
            record.user.clone().into(),
            record.action.clone().into(),
            record.object.clone().into(),
            record.request_id.clone().into(),
            record.network.clone().into(),
            record.before.clone().into(),
            record.after.clone().into(),
            hash.to_vec().into(),
        ],
    ));
    batch.add((
        "UPDATE audit_heads SET sequence = $2, hash = $3, seal = $4 \
         WHERE tenant_id = $1 AND sequence = $2 - 1 RETURNING sequence",
        vec![
            record.sequence.into(),
            hash.to_vec().into(),
            seal.to_vec().into(),
        ],
    ));
    let moved: Option<Appended> = batch.run_for(tx).await?;
    Ok(moved.is_some_and(|moved| moved.sequence == record.sequence))
}

/// The end of the chain; none before the first entry.
pub async fn head(db: &Scoped) -> Result<Option<Head>, Fault> {
    db.one(
        "SELECT sequence, hash, seal FROM audit_heads WHERE tenant_id = $1",
        [],
    )
    .await
}

/// The conditions of a filter, and their values from `$2` on.
fn conditions(filter: &AuditFilter) -> (String, Vec<Value>) {
    let mut sql = String::new();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        let _ = write!(sql, " AND ({condition} ${})", values.len() + 1);
    };
    if let Some(actor) = &filter.actor {
        // A user stands for their keys as well.
        let column = if actor.starts_with("usr_") {
            "acting_user ="
        } else {
            "actor ="
        };
        add(column, actor.clone().into());
    }
    if let Some(action) = &filter.action {
        if action.ends_with('.') {
            // No range: how texts compare is up to the database.
            let begins = format!("substr(action, 1, {}) =", action.chars().count());
            add(&begins, action.clone().into());
        } else {
            add("action =", action.clone().into());
        }
    }
    if let Some(object) = &filter.object {
        add("object =", object.clone().into());
    }
    if let Some(request_id) = &filter.request_id {
        add("request_id =", request_id.clone().into());
    }
    if let Some(from) = filter.from {
        add("at >=", from.micros().into());
    }
    if let Some(to) = filter.to {
        add("at <", to.micros().into());
    }
    if let Some(own) = &filter.no_tenant_but {
        add(
            "object NOT LIKE 'ten\\_%' ESCAPE '\\' OR object =",
            own.clone().into(),
        );
    }
    (sql, values)
}

/// Entries, newest first.
pub async fn list(
    db: &Scoped,
    filter: &AuditFilter,
    page: PageRequest<i64>,
) -> Result<Page<Chained, i64>, Fault> {
    let (wanted, mut values) = conditions(filter);
    values.push(page.after.unwrap_or(i64::MAX).into());
    let place = values.len() + 1;
    values.push(i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into());
    let rows: Vec<Row> = db
        .all(
            &format!(
                "SELECT {COLUMNS} FROM audit_log WHERE tenant_id = $1{wanted} \
                 AND sequence < ${place} ORDER BY sequence DESC LIMIT ${}",
                place + 1
            ),
            values,
        )
        .await?;
    let rows = rows.into_iter().map(Chained::from).collect();
    Ok(Page::from_rows(rows, page.limit, |one| one.record.sequence))
}

/// Entries after a place, oldest first, up to and including another.
pub async fn following(
    db: &Scoped,
    filter: &AuditFilter,
    after: i64,
    until: i64,
    limit: i64,
) -> Result<Vec<Chained>, Fault> {
    let (wanted, mut values) = conditions(filter);
    let place = values.len() + 2;
    values.extend([after.into(), until.into(), limit.into()]);
    let rows: Vec<Row> = db
        .all(
            &format!(
                "SELECT {COLUMNS} FROM audit_log WHERE tenant_id = $1{wanted} \
                 AND sequence > ${place} AND sequence <= ${} ORDER BY sequence LIMIT ${}",
                place + 1,
                place + 2
            ),
            values,
        )
        .await?;
    Ok(rows.into_iter().map(Chained::from).collect())
}
