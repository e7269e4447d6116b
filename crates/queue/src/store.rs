//! The statements of the worker and the relay.

use std::fmt::Write as _;
use std::time::Duration;

use database::{Backend, SystemTransaction};
use kernel::{Fault, JobId, TenantId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::registry::NewJob;

/// A job as it was claimed.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct Claimed {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) payload: serde_json::Value,
    pub(crate) attempts: i64,
    pub(crate) max_attempts: i64,
    /// Grows with every claim and is never reset: the fencing token.
    pub(crate) lease: i64,
    pub(crate) request_id: String,
    pub(crate) created_at: i64,
}

/// How a job ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) id: Uuid,
    pub(crate) lease: i64,
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    Again { at: Timestamp, error: String },
    Dead { error: String },
}

/// The text of `n` rows of placeholders, such as `($1, $2), ($3, $4)`.
pub(crate) fn rows(n: usize, columns: usize, first: usize) -> String {
    let mut text = String::with_capacity(n * (columns * 5 + 4));
    for row in 0..n {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push_str(", ");
            }
            text.push('$');
            text.push_str(&(first + row * columns + column).to_string());
        }
        text.push(')');
    }
    text
}

/// Takes up to `limit` jobs that are due, for `lease` long. A job whose
/// worker died is due again when its lease has run out.
pub(crate) async fn claim(
    tx: &SystemTransaction,
    now: Timestamp,
    lease: Duration,
    limit: usize,
) -> Result<Vec<Claimed>, Fault> {
    let skip = match tx.backend() {
        Backend::Postgres => " FOR UPDATE SKIP LOCKED",
        Backend::Sqlite => "",
    };
    let mut jobs: Vec<Claimed> = tx
        .all(
            &format!(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = lease + 1, available_at = $1 \
                 WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM jobs \
                   WHERE state <> 'dead' AND available_at <= $2 ORDER BY available_at LIMIT $3{skip}) \
                 RETURNING tenant_id, id, kind, payload, attempts, max_attempts, lease, request_id, created_at"
            ),
            [
                now.plus(lease).micros().into(),
                now.micros().into(),
                i64::try_from(limit).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    jobs.sort_by_key(|job| job.id);
    Ok(jobs)
}

/// Records how jobs ended. One whose lease was lost in the meantime is left
/// alone: somebody else runs it. Returns how many were still held.
pub(crate) async fn end(tx: &SystemTransaction, ended: &[Ended]) -> Result<u64, Fault> {
    let done: Vec<&Ended> = ended
        .iter()
        .filter(|job| matches!(job.outcome, Outcome::Done))
        .collect();
    let mut held = 0;
    if !done.is_empty() {
        let values: Vec<Value> = done
            .iter()
            .flat_map(|job| [job.id.into(), job.lease.into()])
            .collect();
        held += tx
            .run(
                &format!(
                    "DELETE FROM jobs WHERE (id, lease) IN (VALUES {}) AND state = 'running'",
                    rows(done.len(), 2, 1)
                ),
                values,
            )
            .await?;
    }
    for job in ended {
        let (state, at, error) = match &job.outcome {
            Outcome::Done => continue,
            Outcome::Again { at, error } => ("queued", Some(at.micros()), error),
            Outcome::Dead { error } => ("dead", None, error),
        };
        held += tx
            .run(
                "UPDATE jobs SET state = $1, available_at = COALESCE($2, available_at), last_error = $3 \
                 WHERE id = $4 AND lease = $5 AND state = 'running'",
                [
                    state.into(),
                    at.into(),
                    error.clone().into(),
                    job.id.into(),
                    job.lease.into(),
                ],
            )
            .await?;
    }
    Ok(held)
}

/// Extends the leases of running jobs; the number that were still held.
pub(crate) async fn renew(
    tx: &SystemTransaction,
    held: &[(Uuid, i64)],
    until: Timestamp,
) -> Result<u64, Fault> {
    let values: Vec<Value> = std::iter::once(until.micros().into())
        .chain(
            held.iter()
                .flat_map(|&(id, lease)| [id.into(), lease.into()]),
        )
        .collect();
    tx.run(
        &format!(
            "UPDATE jobs SET available_at = $1 WHERE (id, lease) IN (VALUES {}) AND state = 'running'",
            rows(held.len(), 2, 2)
        ),
        values,
    )
    .await
}

/// Gives jobs back that were claimed and not begun.
pub(crate) async fn give_back(
    tx: &SystemTransaction,
    held: &[(Uuid, i64)],
    now: Timestamp,
) -> Result<u64, Fault> {
    let values: Vec<Value> = std::iter::once(now.micros().into())
        .chain(
            held.iter()
                .flat_map(|&(id, lease)| [id.into(), lease.into()]),
        )
        .collect();
    tx.run(
        &format!(
            "UPDATE jobs SET state = 'queued', attempts = attempts - 1, available_at = $1 \
             WHERE (id, lease) IN (VALUES {}) AND state = 'running'",
            rows(held.len(), 2, 2)
        ),
        values,
    )
    .await
}

/// Makes all running jobs due, whoever held them. The attempts they had count.
pub(crate) async fn free_all(tx: &SystemTransaction, now: Timestamp) -> Result<u64, Fault> {
    tx.run(
        "UPDATE jobs SET state = 'queued', available_at = $1 WHERE state = 'running'",
        [now.micros().into()],
    )
    .await
}

/// A job to add outside a tenant's transaction.
pub(crate) struct Addition {
    pub(crate) tenant: TenantId,
    pub(crate) job: NewJob,
    pub(crate) single: Option<String>,
    pub(crate) request_id: String,
}

/// Adds jobs in one statement. One that is single and already waits or runs
/// is left out.
pub(crate) async fn add(
    tx: &SystemTransaction,
    additions: Vec<Addition>,
    now: Timestamp,
) -> Result<u64, Fault> {
    const COLUMNS: usize = 8;
    // SQLite takes 32,766 parameters, PostgreSQL 65,535.
    const AT_ONCE: usize = 1000;
    let mut added = 0;
    let mut additions = additions.into_iter().peekable();
    while additions.peek().is_some() {
        let mut values: Vec<Value> = Vec::new();
        let mut count = 0;
        for addition in additions.by_ref().take(AT_ONCE) {
            count += 1;
            values.extend([
                addition.tenant.uuid().into(),
                JobId::new(now).uuid().into(),
                addition.job.kind.into(),
                addition.job.payload.into(),
                addition.single.into(),
                now.micros().into(),
                i64::from(addition.job.max_attempts).into(),
                addition.request_id.into(),
            ]);
        }
        // The constants come from a join, so that each row stays short.
        added += tx
            .run(
                &format!(
                    "INSERT INTO jobs (tenant_id, id, kind, payload, single, available_at, max_attempts, request_id, \
                     state, attempts, lease, created_at) VALUES {} ON CONFLICT DO NOTHING",
                    rows_with_constants(count, COLUMNS)
                ),
                values,
            )
            .await?;
    }
    Ok(added)
}

/// Rows of placeholders, each followed by the constants of a new job. The
/// sixth placeholder, the time, is also the time of creation.
fn rows_with_constants(n: usize, columns: usize) -> String {
    let mut text = String::new();
    for row in 0..n {
        if row > 0 {
            text.push_str(", ");
        }
        let single = rows(1, columns, row * columns + 1);
        text.push_str(single.trim_end_matches(')'));
        let _ = write!(text, ", 'queued', 0, 0, ${})", row * columns + 6);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_count_on() {
        assert_eq!(rows(2, 2, 1), "($1, $2), ($3, $4)");
        assert_eq!(rows(1, 3, 5), "($5, $6, $7)");
        assert_eq!(
            rows_with_constants(2, 8),
            "($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, 0, $6), ($9, $10, $11, $12, $13, $14, $15, $16, 'queued', 0, 0, $14)"
        );
    }
}
